use super::super::ListenAddr;

fn parse(text: &str) -> ListenAddr {
    ListenAddr::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

#[test]
fn localhost_is_both_loopback_addresses() {
    let sockets = parse("localhost:8080").sockets();
    assert_eq!(sockets, ["127.0.0.1:8080".parse().unwrap(), "[::1]:8080".parse().unwrap()]);
    assert_eq!(parse("LocalHost:0"), ListenAddr::Localhost(0));
    assert_eq!(parse("OFF").sockets(), []);
}

#[test]
fn literal_addresses_are_taken_as_they_are() {
    for text in ["[::]:80", "0.0.0.0:0", "192.0.2.1:65535", "[2001:db8::1]:443"] {
        let addr = parse(text);
        assert_eq!(addr.to_string(), text);
        assert!(addr.is_on() && addr.is_beyond_loopback());
        assert_eq!(addr.sockets().len(), 1);
    }
    assert!(!parse("off").is_beyond_loopback() && !parse("[::1]:80").is_beyond_loopback());
}

#[test]
fn what_was_meant_is_guessed() {
    let table = [
        ("8080", r#""8080" has no address; write localhost:8080 for this machine, [::]:8080 for every address"#),
        (":8080", r#"":8080" has no address; write [::]:8080 for every address"#),
        ("*:8080", r#""*:8080" has no address; write [::]:8080 for every address"#),
        ("::1:80", r#""::1:80" is an IPv6 address without brackets; write [::1]:80"#),
        (
            "gate.example.com:80",
            r#""gate.example.com:80" holds a name, and only localhost is known here; write the IP address"#,
        ),
        ("localhost", r#""localhost" is not an address; write localhost:PORT, IP:PORT, [::]:PORT or off"#),
        ("localhost:65536", r#""localhost:65536" is not an address; write localhost:PORT, IP:PORT, [::]:PORT or off"#),
        ("127.0.0.1", r#""127.0.0.1" is not an address; write localhost:PORT, IP:PORT, [::]:PORT or off"#),
        ("http://x:80", r#""http://x:80" is not an address; write localhost:PORT, IP:PORT, [::]:PORT or off"#),
        ("", r#""" is not an address; write localhost:PORT, IP:PORT, [::]:PORT or off"#),
    ];
    for (text, expected) in table {
        assert_eq!(ListenAddr::parse(text).unwrap_err().to_string(), expected);
    }
}

#[test]
fn addresses_collide_when_the_second_cannot_be_bound() {
    let table = [
        ("localhost:80", "localhost:80", true),
        ("localhost:80", "[::1]:80", true),
        ("localhost:80", "[::]:80", true),
        ("0.0.0.0:80", "localhost:80", true),
        ("0.0.0.0:80", "[::]:80", true),
        ("0.0.0.0:80", "[::1]:80", false),
        ("127.0.0.1:80", "127.0.0.2:80", false),
        ("localhost:80", "localhost:81", false),
        ("localhost:0", "localhost:0", false),
        ("off", "off", false),
    ];
    for (a, b, expected) in table {
        assert_eq!(parse(a).collides_with(parse(b)), expected, "{a} {b}");
        assert_eq!(parse(b).collides_with(parse(a)), expected, "{b} {a}");
    }
}
