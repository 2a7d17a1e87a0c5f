use std::net::SocketAddr;

use http::HeaderMap;

use super::super::client::Client;
use crate::config::{Config, Proxies};

fn proxies(trusted: &str, hops: usize) -> Proxies {
    let args =
        ["pixelgate", "serve", "--trusted-proxies", trusted, "--proxy-hops", &hops.to_string()].map(str::to_owned);
    match crate::config::cli::parse(args, &|_| None) {
        Ok(crate::config::cli::Command::Serve(serve)) => serve.config.proxies.clone(),
        other => panic!("{other:?}"),
    }
}

fn of(proxies: &Proxies, peer: &str, headers: &[(&'static str, &str)]) -> (String, bool) {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, value.parse().unwrap());
    }
    let peer: SocketAddr = peer.parse().unwrap();
    let client = Client::of(proxies, peer, false, &map);
    (client.addr.ip().to_string(), client.secure)
}

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";

#[test]
fn nobody_is_believed_who_is_no_proxy() {
    let headers = [(FOR, "203.0.113.7"), (PROTO, "https")];
    assert_eq!(of(&Config::default().proxies, "127.0.0.1:5", &headers), ("127.0.0.1".into(), false));
    let loopback = proxies("loopback", 1);
    assert_eq!(of(&loopback, "192.0.2.1:5", &headers), ("192.0.2.1".into(), false));
    assert_eq!(of(&loopback, "127.0.0.9:5", &headers), ("203.0.113.7".into(), true));
    assert_eq!(of(&loopback, "[::1]:5", &headers), ("203.0.113.7".into(), true));
    for trusted in ["10.0.0.0/8, 192.0.2.1", "private,192.0.2.0/24", "any"] {
        assert_eq!(of(&proxies(trusted, 1), "192.0.2.1:5", &headers).0, "203.0.113.7", "{trusted}");
    }
}

#[test]
fn addresses_are_counted_from_the_right() {
    let list = [(FOR, "198.51.100.1, 203.0.113.7"), (FOR, "203.0.113.8")];
    for (hops, expected) in [(1, "203.0.113.8"), (2, "203.0.113.7"), (3, "198.51.100.1"), (9, "198.51.100.1")] {
        assert_eq!(of(&proxies("any", hops), "127.0.0.1:5", &list).0, expected, "{hops}");
    }
}

#[test]
fn what_is_no_address_ends_the_list() {
    let any = |hops, list| of(&proxies("any", hops), "127.0.0.1:5", &[(FOR, list)]).0;
    assert_eq!(any(1, "unknown"), "127.0.0.1");
    assert_eq!(any(2, "203.0.113.9, unknown, 203.0.113.7"), "203.0.113.7");
    assert_eq!(any(1, ""), "127.0.0.1");
    assert_eq!(any(1, "203.0.113.7:4711"), "203.0.113.7");
    assert_eq!(any(1, "[2001:db8::1]:4711"), "2001:db8::1");
    assert_eq!(any(1, "[2001:db8::1]"), "2001:db8::1");
    assert_eq!(any(1, "::ffff:203.0.113.7"), "203.0.113.7");
}

#[test]
fn the_last_proxy_says_whether_the_client_is_encrypted() {
    let any = proxies("any", 1);
    for (proto, secure) in
        [("https", true), ("wss", true), ("http", false), ("https,http", false), ("HTTP, HTTPS", true)]
    {
        assert_eq!(of(&any, "127.0.0.1:5", &[(PROTO, proto)]).1, secure, "{proto}");
    }
}

/// What a client writes may stand in one line with what a proxy added, and must not hide it.
#[test]
fn what_is_no_text_ends_the_list_and_hides_nothing() {
    let proxies = proxies("loopback", 2);
    let of = |line: &[u8]| {
        let mut headers = HeaderMap::new();
        headers.append(FOR, http::HeaderValue::from_bytes(line).unwrap());
        headers.append(PROTO, http::HeaderValue::from_bytes(b"\xff, https").unwrap());
        let client = Client::of(&proxies, "127.0.0.1:5".parse().unwrap(), false, &headers);
        (client.addr.ip().to_string(), client.secure)
    };
    assert_eq!(of(b"\xff, 203.0.113.7"), ("203.0.113.7".into(), true));
    assert_eq!(of(b"198.51.100.1, \xff\xfe"), ("127.0.0.1".into(), true));
}

#[test]
fn mapped_and_link_local_networks_are_meant() {
    let headers = [(FOR, "203.0.113.7")];
    assert_eq!(of(&proxies("::ffff:10.0.0.0/104", 1), "10.1.2.3:5", &headers).0, "203.0.113.7");
    assert_eq!(of(&proxies("private", 1), "[fe80::1]:5", &headers).0, "203.0.113.7");
}
