//! `[[listener]]` tables, beside the flags.

use super::super::{Config, ListenAddr, Listener, Roles, Serving};
use super::Places;
use crate::hub::Dialect;
use crate::wire::Role;

fn all(text: &str) -> Vec<Listener> {
    Places::new().file(text).config().listeners
}

/// The last listener of a file with one table.
fn table(text: &str) -> Listener {
    all(&format!("[[listener]]\naddress = 'localhost:7000'\n{text}")).pop().unwrap()
}

#[test]
fn tables_come_after_the_flags() {
    let text = "http = 'off'\nopen = true\n[[listener]]\naddress = 'localhost:1'\n[[listener]]\naddress = '[::]:2'\nname = 'world'";
    let listeners = all(text);
    let names: Vec<_> = listeners.iter().map(|listener| listener.name.as_str()).collect();
    assert_eq!(names, ["https", "streamer", "sfu", "listener-1", "world"]);
    assert_eq!(listeners[3], Listener::unified("listener-1", ListenAddr::Localhost(1), Roles::ALL));
    assert_eq!(listeners[4].serving, Serving::Unified(Roles::PLAYERS), "beyond loopback players alone");
}

#[test]
fn everything_can_be_said() {
    let text = "name = 'x'\nlegacy = 'player'\ndialect = 'wilbur'\nchoose-dialect = true\ntls = true\nquic = false\n\
                path-prefix = '/pixelstream/'\npages = true\nredirect = true\nopen = 'player'";
    let expected = Listener {
        name: "x".to_owned(),
        addr: ListenAddr::Localhost(7000),
        serving: Serving::Legacy(Role::Player),
        dialect: Dialect::WILBUR,
        choose_dialect: true,
        tls: true,
        quic: false,
        path_prefix: "/pixelstream".to_owned(),
        pages: true,
        redirect: true,
        open: Some(Roles::PLAYERS),
    };
    assert_eq!(table(text), expected);
    assert!(table("roles = ['sfu', 'player']").serving.takes(Role::Sfu));
}

#[test]
fn what_is_left_out_follows_from_the_rest() {
    assert!(table("tls = true").quic);
    assert!(!table("legacy = 'sfu'").pages);
    assert!(table("").pages);
    let whole = "dialect = 'wilbur'\nchoose-dialect = true\n[[listener]]\naddress = 'localhost:1'";
    for listener in all(whole) {
        assert_eq!((listener.dialect.name, listener.choose_dialect), ("wilbur", true), "{}", listener.name);
    }
}

#[test]
fn a_table_may_take_the_name_of_a_flag_that_is_off() {
    let config = Places::new().file("http = 'off'\n[[listener]]\naddress = 'localhost:1'\nname = 'http'").config();
    assert_eq!(config.listener("http").unwrap().addr, ListenAddr::Localhost(1));
    assert_eq!(config.listener("http").unwrap().place(), "--http");
    assert_eq!(config.addresses().count(), 5);
}

#[test]
fn mistakes_are_named_with_their_place() {
    let cases = [
        ("name = 'x'", "gate.toml:1: listener: the address is missing; give address"),
        ("addres = 'off'", r#"gate.toml:2: addres: unknown key; did you mean "address"?"#),
        ("address = 'off'\ncolour = 1", "gate.toml:3: colour: unknown key; a listener has name, address, roles"),
        ("address = '80'", r#"gate.toml:2: address: "80" has no address; write localhost:80"#),
        ("address = 'off'\nlegacy = 'plyer'", r#"gate.toml:3: legacy: "plyer" is no role; did you mean "player"?"#),
        (
            "address = 'off'\nlegacy = 'sfu'\nroles = 'sfu'",
            "gate.toml:1: listener: legacy and roles are both given; give one of the two",
        ),
        ("address = 'off'\nquic = true", "gate.toml:1: quic: QUIC is always encrypted; give tls = true too"),
        ("address = 'off'\nname = 'http'", r#"gate.toml:1: listener: another listener is named "http""#),
        ("address = 'off'\nname = 'admin'", r#"gate.toml:1: listener: another listener is named "admin""#),
        ("address = 'off'\ntls = 'yes'", r#"gate.toml:3: tls: "yes" is neither true nor false; write true or false"#),
        ("address = 'off'\npath-prefix = 'x'", r#"gate.toml:3: path-prefix: "x" is no path; write /name"#),
        ("address = 'localhost:8888'", "listener \"listener-1\": port 8888 is taken by --streamer (default)"),
    ];
    for (text, expected) in cases {
        let message = Places::new().file(&format!("[[listener]]\n{text}")).message();
        assert!(message.starts_with(expected), "{text}: {message}");
    }
    let message = Places::new().file("listener = 'x'").message();
    assert_eq!(message, "gate.toml:1: listener: it is no list of tables; write [[listener]]");
    let message = Places::new().flag("https", "off").flag("https-redirect", "true").message();
    assert!(message.starts_with("--https-redirect: no listener speaks TLS; "), "{message}");
}

#[test]
fn tests_see_them_by_name() {
    assert!(Config::for_tests().listener("https").unwrap().quic);
    assert!(Config::for_tests().listener("lan").is_none());
}
