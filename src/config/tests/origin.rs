use super::super::origin::{AllowedOrigins, Host, Origin};

fn name(name: &str) -> Option<Host> {
    Some(Host::Name(name.to_owned()))
}

#[test]
fn hosts_that_are_one_are_equal() {
    for local in ["localhost", "LocalHost", "127.0.0.1", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]"] {
        assert_eq!(Host::parse(local), Some(Host::Local), "{local}");
    }
    assert_eq!(Host::parse("Game.Example"), name("game.example"));
    assert_eq!(Host::parse("[2001:DB8::1]"), Host::parse("[2001:db8:0:0::1]"));
    assert_eq!(Host::parse("10.0.0.1"), Some(Host::Address([10, 0, 0, 1].into())));
    // What merely looks like them is another host.
    for other in ["127.0.0.2", "localhost.example", "[::2]", "localhost."] {
        assert!(Host::parse(other).is_some_and(|host| host != Host::Local), "{other}");
    }
}

#[test]
fn what_is_no_host() {
    for text in ["", "::1", "[::1", "[127.0.0.1]", "a b", "a@b", "a/b", "a\u{e9}", "*", "[]"] {
        assert_eq!(Host::parse(text), None, "{text}");
    }
}

#[test]
fn ports() {
    assert_eq!(Host::with_port("[::1]:8080"), Some((Host::Local, Some(8080))));
    assert_eq!(Host::with_port("[::1]"), Some((Host::Local, None)));
    assert_eq!(Host::with_port("a.example:1"), name("a.example").map(|host| (host, Some(1))));
    for text in ["a:", "a:65536", "a:b", "a:+1", "a:1:1", "::1:80", ":80"] {
        assert_eq!(Host::with_port(text), None, "{text}");
    }
}

#[test]
fn origins_have_scheme_host_and_port() {
    let equal = [
        ("https://a.example", "https://a.example:443"),
        ("HTTP://A.Example", "http://a.example:80"),
        ("http://localhost:8080", "http://[::1]:8080"),
    ];
    for (one, other) in equal {
        assert!(Origin::parse(one).is_some(), "{one}");
        assert_eq!(Origin::parse(one), Origin::parse(other), "{one}");
    }
    let different = [
        ("https://a.example", "http://a.example"),
        ("https://a.example", "https://a.example:8443"),
        ("https://a.example", "https://b.example"),
        ("https://a.example:80", "http://a.example:80"),
    ];
    for (one, other) in different {
        assert_ne!(Origin::parse(one), Origin::parse(other), "{one}");
    }
    for none in ["null", "a.example", "ftp://a.example", "https://a.example/", "https://u@a.example", "https://", ""] {
        assert_eq!(Origin::parse(none), None, "{none}");
    }
}

#[test]
fn lists() {
    let list = AllowedOrigins::parse("https://a.example , http://localhost:3000").unwrap_or_default();
    let named = ["https://a.example", "http://localhost:3000"].map(|origin| Origin::parse(origin).expect("an origin"));
    assert_eq!(list, AllowedOrigins { any: false, named: named.to_vec() });
    assert!(AllowedOrigins::parse("*").is_ok_and(|list| list.any && list.named.is_empty()));
    for wrong in ["", "a.example", "https://a.example/", "HTTPS://a.example", "null", "https://a.example:port"] {
        assert!(AllowedOrigins::parse(wrong).is_err(), "{wrong}");
    }
}
