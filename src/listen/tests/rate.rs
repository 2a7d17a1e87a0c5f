use std::time::Duration;

use tokio::time::Instant;

use super::super::HttpRates;
use crate::config::HttpRate;
use crate::limits::Source;

fn ip(text: &str) -> Source {
    Source::peer(text.parse().unwrap())
}

#[test]
fn a_minute_holds_so_many_requests_of_each_address() {
    let rates = HttpRates::new(HttpRate { per_minute: 3, loopback: false });
    let start = Instant::now();
    let late = start + Duration::from_secs(20);
    for now in [start, start, late] {
        assert_eq!(rates.count(ip("203.0.113.7"), now), Ok(()));
    }
    assert_eq!(rates.count(ip("203.0.113.7"), late), Err(Duration::from_secs(40)));
    assert_eq!(rates.count(ip("203.0.113.8"), late), Ok(()));
    assert_eq!(rates.count(ip("203.0.113.7"), start + Duration::from_secs(60)), Ok(()));
}

#[test]
fn an_ipv6_site_is_one_address() {
    let rates = HttpRates::new(HttpRate { per_minute: 1, loopback: false });
    let now = Instant::now();
    assert!(rates.count(ip("2001:db8::1"), now).is_ok());
    assert!(rates.count(ip("2001:db8::ffff"), now).is_err());
    assert!(rates.count(ip("2001:db8:0:1::1"), now).is_ok());
}

#[test]
fn loopback_is_spared_unless_it_is_not() {
    let rates = HttpRates::new(HttpRate { per_minute: 1, loopback: false });
    let now = Instant::now();
    assert!((0..10).all(|_| rates.count(ip("127.0.0.1"), now).is_ok()));
    rates.change(HttpRate { per_minute: 1, loopback: true });
    assert_eq!([rates.count(ip("::1"), now).is_ok(), rates.count(ip("::1"), now).is_ok()], [true, false]);
    rates.change(HttpRate { per_minute: 0, loopback: true });
    assert!(rates.count(ip("::1"), now).is_ok());
}

#[test]
fn whoever_is_told_to_be_this_machine_is_counted() {
    let rates = HttpRates::new(HttpRate { per_minute: 1, loopback: false });
    let (told, now) = (Source::told("127.0.0.1".parse().unwrap()), Instant::now());
    assert_eq!([rates.count(told, now).is_ok(), rates.count(told, now).is_ok()], [true, false]);
}
