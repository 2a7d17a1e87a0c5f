//! Tests with a given clock.

mod lines;
mod memory;
mod places;
mod rate;
mod table;

use std::net::IpAddr;

use super::{Source, site};

#[test]
fn an_ipv6_site_is_one_address() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    assert_eq!(site(ip("2001:db8::1")), site(ip("2001:db8::ffff:0:0:1")));
    assert_ne!(site(ip("2001:db8::1")), site(ip("2001:db8:0:1::1")));
    assert_ne!(site(ip("203.0.113.7")), site(ip("203.0.113.8")));
    assert_eq!(site(ip("::ffff:203.0.113.7")), ip("203.0.113.7"));
}

#[test]
fn this_machine_is_where_the_socket_says_so() {
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    for here in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
        assert!(Source::peer(ip(here)).is_here() && !Source::told(ip(here)).is_here(), "{here}");
    }
    assert!(!Source::peer(ip("203.0.113.7")).is_here());
}
