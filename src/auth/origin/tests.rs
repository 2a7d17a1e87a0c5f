use http::header::HOST;
use http::{HeaderMap, HeaderValue};

use super::{FORWARDED_HOST, OriginCheck, own_host};
use crate::config::{AllowedOrigins, Origin};
use crate::wire::Role;

const PUBLISHERS: [Role; 2] = [Role::Streamer, Role::Sfu];

fn list(written: &[&str]) -> OriginCheck {
    let named = written.iter().filter_map(|origin| Origin::parse(origin)).collect();
    OriginCheck::new(AllowedOrigins { any: written.contains(&"*"), named })
}

fn lets_in(check: &OriginCheck, role: Role, host: &str, origin: &str) -> bool {
    check.lets_in(role, Some(host), &[origin])
}

#[test]
fn whoever_names_no_origin_is_no_page() {
    for check in [list(&[]), list(&["https://a.example"]), list(&["*"])] {
        for role in Role::ALL {
            assert!(check.lets_in(role, Some("gate.example"), &[]), "{role}");
        }
    }
}

#[test]
fn without_a_list_players_come_from_anywhere_and_others_from_the_same_host() {
    let check = list(&[]);
    for origin in ["https://a.example", "null", "app://player", "https://gate.example"] {
        assert!(lets_in(&check, Role::Player, "gate.example:8080", origin), "{origin}");
    }
    for role in PUBLISHERS {
        for home in ["http://gate.example", "https://GATE.example:8443", "http://gate.example:8080"] {
            assert!(lets_in(&check, role, "Gate.Example:8888", home), "{home}");
        }
        for foreign in
            ["https://a.example", "null", "", "gate.example", "http://gate.example.evil", "ws://gate.example"]
        {
            assert!(!lets_in(&check, role, "gate.example:8888", foreign), "{foreign}");
        }
    }
}

#[test]
fn this_machine_has_three_names() {
    let check = list(&[]);
    let names = ["localhost", "127.0.0.1", "[::1]"];
    for (dialled, page) in names.iter().flat_map(|dialled| names.map(|page| (dialled, page))) {
        let (dialled, page) = (format!("{dialled}:8888"), format!("http://{page}:8080"));
        assert!(lets_in(&check, Role::Streamer, &dialled, &page), "{dialled} {page}");
    }
    for foreign in ["http://127.0.0.2", "http://localhost.evil", "http://[::2]", "http://10.0.0.1"] {
        assert!(!lets_in(&check, Role::Streamer, "localhost:8888", foreign), "{foreign}");
    }
}

#[test]
fn addresses_are_hosts_however_they_are_written() {
    let check = list(&[]);
    assert!(lets_in(&check, Role::Sfu, "[2001:db8::1]:8889", "http://[2001:db8:0::1]:8080"));
    assert!(!lets_in(&check, Role::Sfu, "[2001:db8::1]:8889", "http://[2001:db8::2]:8080"));
    assert!(lets_in(&check, Role::Sfu, "10.0.0.1", "https://10.0.0.1:8443"));
}

#[test]
fn a_list_names_scheme_host_and_port_for_every_role() {
    let check = list(&["https://a.example", "http://b.example:3000", "http://localhost:5173"]);
    for role in Role::ALL {
        for named in [
            "https://a.example",
            "https://a.example:443",
            "HTTPS://A.EXAMPLE",
            "http://b.example:3000",
            "http://[::1]:5173",
        ] {
            assert!(lets_in(&check, role, "gate.example", named), "{role} {named}");
        }
        for other in [
            "http://a.example",
            "https://a.example:8443",
            "http://b.example",
            "https://c.a.example",
            "null",
            "http://[::1]",
        ] {
            assert!(!lets_in(&check, role, "gate.example", other), "{role} {other}");
        }
        assert!(lets_in(&check, role, "gate.example", "https://gate.example"), "{role}: at home");
    }
}

#[test]
fn a_star_is_for_players() {
    let check = list(&["*", "https://a.example"]);
    for origin in ["https://z.example", "null"] {
        assert!(lets_in(&check, Role::Player, "gate.example", origin), "{origin}");
        assert!(PUBLISHERS.iter().all(|&role| !lets_in(&check, role, "gate.example", origin)), "{origin}");
    }
    assert!(PUBLISHERS.iter().all(|&role| lets_in(&check, role, "gate.example", "https://a.example")));
}

#[test]
fn more_than_one_origin_is_none() {
    for check in [list(&[]), list(&["*"])] {
        for role in Role::ALL {
            let twice = ["https://gate.example", "https://gate.example"];
            assert!(!check.lets_in(role, Some("gate.example"), &twice), "{role}");
        }
    }
}

#[test]
fn who_dialled_no_host_has_no_home() {
    for host in [None, Some(""), Some("a b")] {
        assert!(!list(&[]).lets_in(Role::Streamer, host, &["http://gate.example"]), "{host:?}");
        assert!(!list(&[]).lets_in(Role::Streamer, host, &["null"]), "{host:?}");
    }
}

#[test]
fn another_list_counts_from_now_on() {
    let check = list(&[]);
    let shared = check.clone();
    assert!(lets_in(&shared, Role::Player, "gate.example", "https://z.example"));
    check.change(AllowedOrigins { any: false, named: vec![Origin::parse("https://a.example").unwrap()] });
    assert!(!lets_in(&shared, Role::Player, "gate.example", "https://z.example"));
}

/// The host that was dialled, among what stands in the headers.
#[test]
fn a_proxys_word_about_the_host_counts_where_it_is_a_proxy() {
    let mut headers = HeaderMap::new();
    assert_eq!(own_host(&headers, 1), None);
    headers.insert(HOST, HeaderValue::from_static("inner:8080"));
    assert_eq!(own_host(&headers, 1), Some("inner:8080"));
    headers.append(FORWARDED_HOST, HeaderValue::from_static("forged.example, gate.example"));
    headers.append(FORWARDED_HOST, HeaderValue::from_static("edge.example"));
    let expected = [(0, "inner:8080"), (1, "edge.example"), (2, "gate.example"), (9, "forged.example")];
    for (proxies, host) in expected {
        assert_eq!(own_host(&headers, proxies), Some(host), "{proxies}");
    }
}
