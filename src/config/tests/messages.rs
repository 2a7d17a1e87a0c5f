//! What is said about each mistake, to the letter.

use super::Places;

#[test]
fn about_values() {
    let object = r#"write an object such as {"iceServers":[]}"#;
    let table: &[(&str, &str, &str)] = &[
        (
            "http",
            "8080",
            r#""8080" has no address; write localhost:8080 for this machine, [::]:8080 for every address"#,
        ),
        ("admin", "x", r#""x" is not an address; write localhost:PORT, IP:PORT, [::]:PORT or off"#),
        ("http-roles", "player,steamer", r#""steamer" is no role; did you mean "streamer"?"#),
        ("https-roles", "", r#""" is no role; write one of player, streamer, sfu"#),
        ("dialect", "wilbr", r#""wilbr" is no dialect; did you mean "wilbur"?"#),
        (
            "dialect",
            "x",
            r#""x" is no dialect; write one of standard, wilbur, wilbur-5.5, cirrus-5.4, cirrus-5.2, cirrus-5.1, cirrus-4.27"#,
        ),
        ("dialect", "cirrus-5.3", r#""cirrus-5.3" is no dialect; did you mean "cirrus-5.4"?"#),
        ("max-players", "-1", r#""-1" is no number of players; write a whole number, 0 for no limit"#),
        ("sfu-auto-subscribe", "", r#""" is no streamer's id; write first, off, or an id of 1 to 128 characters"#),
        ("max-message", "16383", r#""16383" is no such size; write a number of bytes from 16384 to 16777216"#),
        ("max-message", "1e6", r#""1e6" is no such size; write a number of bytes from 16384 to 16777216"#),
        ("max-players", "many", r#""many" is no number of players; write a whole number, 0 for no limit"#),
        ("peer-options", "[]", &format!("not a JSON object; {object}")),
        ("peer-options", "{", &format!("not JSON (EOF while parsing an object at line 1 column 1); {object}")),
        ("keepalive-interval", "15", r#""15" has no unit; write 15s for seconds, 15ms for milliseconds"#),
        ("keepalive-interval", "soon", r#""soon" is no time; write a number with its unit, such as 15s or 500ms"#),
        ("keepalive-interval", "0s", "zero is no time to wait; write a number with its unit, such as 15s or 500ms"),
        ("keepalive-timeout", "2days", "2days is too long; write 24h at most"),
        ("drain-grace", "-5s", r#""-5s" is no time; write a number with its unit, such as 15s or 500ms"#),
        ("cert-dir", "", "the path is empty; write a path"),
        ("announce", "", "the path is empty; write a path"),
        (
            "allowed-origins",
            "https://a.example,b.example",
            r#""b.example" is no origin; write https://host or https://host:port, in lower case, or *"#,
        ),
        (
            "allowed-origins",
            "https://a.example/",
            r#""https://a.example/" is no origin; write https://host or https://host:port, in lower case, or *"#,
        ),
        ("http-root", "", "the path is empty; write a path"),
        ("http-root", "no/pages", r#""no/pages" is no folder; name the folder of your pages"#),
        ("http-root", "Cargo.toml", r#""Cargo.toml" is no folder; name the folder of your pages"#),
        ("routes", "/a=src,/a=web", "/a is given twice; choose another path"),
        ("routes", "/api=src", "/api is the gateway's own; choose another path"),
        ("routes", "/a/../b=src", r#""/a/../b" is no path; write /name or /name/name"#),
        ("routes", "a", r#""a" is no route; write /path=folder"#),
        ("routes", "/a=nowhere", r#""nowhere" is no folder; name the folder of your pages"#),
        ("homepage", "../secret", r#""../secret" is no page of the folder; name a file there, such as player.html"#),
        ("cors", "maybe", r#""maybe" is neither true nor false; write true or false"#),
        ("cors-allowed-methods", "G T", r#""G T" is no method; write GET,POST,…"#),
        ("cors-allowed-headers", "a b", r#""a b" is no header; write Content-Type,…"#),
        ("content-security-policy", "ü", "it cannot stand in a header; write printable ASCII"),
        ("http-rate", "-1", r#""-1" is no number; write a whole number"#),
        ("proxy-hops", "0", r#""0" is no such number; write a whole number from 1"#),
        (
            "trusted-proxies",
            "10.0.0.0/33",
            r#""10.0.0.0/33" is no address and no network; write an address, a network such as 10.0.0.0/8, loopback, private or any"#,
        ),
        ("matchmaker", "host", r#""host" is no address to dial; write HOST:PORT or off"#),
        ("public-address", "a b", r#""a b" is no name; write letters, digits, dashes and dots"#),
        ("turn-ttl", "0s", r#""0s" is no such time; write a number with its unit, such as 24h or 30days"#),
        (
            "console-messages",
            "loud",
            r#""loud" is none of off, basic, verbose, formatted; write one of off, basic, verbose, formatted"#,
        ),
        ("handshake-rate", "-1", r#""-1" is no number; write a whole number, 0 for no limit"#),
        ("player-byte-rate", "1M", r#""1M" is no number; write a whole number, 0 for no limit"#),
        ("buffer-memory", "1000", r#""1000" is no such size; write 1048576 bytes or more, 0 for no limit"#),
        ("player-idle-timeout", "0s", "zero is no time to stay; write a time such as 10m, or off"),
        ("player-max-session", "60", r#""60" has no unit; write 60s for seconds, 60ms for milliseconds"#),
        ("limits", "of", r#""of" is none of default, loopback, off; did you mean "off"?"#),
        ("limits", "none", r#""none" is none of default, loopback, off; write one of default, loopback, off"#),
        ("log", "inof", r#""inof" is no level; write error, warn, info, debug, trace or off, or target=level,…"#),
        ("log-format", "xml", r#""xml" is none of text, json; write one of text, json"#),
    ];
    for (key, value, expected) in table {
        assert_eq!(Places::new().flag(key, value).message(), format!("--{key}: {expected}"));
        let file = Places::new().file(&format!("\n{key} = '{value}'"));
        assert_eq!(file.message(), format!("gate.toml:2: {key}: {expected}"));
        if !value.is_empty() {
            let variable = super::env_name(key);
            assert_eq!(Places::new().env(key, value).message(), format!("{variable}: {expected}"));
        }
    }
}

#[test]
fn about_a_log_filter_that_is_none() {
    for (filter, wrong) in [
        ("pixelgate=loud", r#""loud" is no level"#),
        ("pixelgate=", r#""" is no level"#),
        ("info,", r#""" is no level"#),
        ("=info", r#""" is no target"#),
        ("[span]=debug", r#""[span]" is no target"#),
        ("*=info", r#""*" is no target"#),
        ("quinn=a=info", r#""a=info" is no level"#),
    ] {
        let remedy = "write error, warn, info, debug, trace or off, or target=level,…";
        assert_eq!(Places::new().flag("log", filter).message(), format!("--log: {wrong}; {remedy}"));
    }
}

#[test]
fn about_a_keepalive_that_cannot_work() {
    let both = "the interval (1m) is not shorter than the timeout (45s); make the timeout about three intervals";
    assert_eq!(Places::new().flag("keepalive-interval", "60s").message(), format!("--keepalive-interval: {both}"));
    let equal = Places::new().flag("keepalive-interval", "45s").env("keepalive-timeout", "45s");
    assert!(equal.message().starts_with("--keepalive-interval: the interval (45s) is not shorter"));
    let short = Places::new().env("keepalive-timeout", "15s").message();
    assert!(short.starts_with("PIXELGATE_KEEPALIVE_TIMEOUT: the interval (15s) is not shorter"), "{short}");
}

#[test]
fn about_half_a_pair() {
    assert_eq!(Places::new().flag("cert", "c").message(), "--cert: given without --key; give --key too");
    assert_eq!(Places::new().file("key = 'k'").message(), "gate.toml:1: key: given without --cert; give --cert too");
}

#[test]
fn about_peer_options_from_two_places_of_one_kind() {
    let twice = Places::new().flag("peer-options", "{}").flag("peer-options-file", "x");
    assert_eq!(twice.message(), "--peer-options-file: peer-options is given too; give one of the two");
}

#[test]
fn about_the_file_of_the_peer_options() {
    let missing = Places::new().flag("peer-options-file", "/no/turn.json").message();
    assert!(missing.starts_with("--peer-options-file: /no/turn.json cannot be read ("), "{missing}");
    assert!(missing.ends_with("); name a JSON file that the gateway may read"), "{missing}");
    let places = Places::new();
    let path = places.path.with_file_name("turn.json");
    std::fs::write(&path, "[\"secret\"]").unwrap();
    let expected = r#"--peer-options-file: turn.json: not a JSON object; write an object such as {"iceServers":[]}"#;
    assert_eq!(places.flag("peer-options-file", path.to_str().unwrap()).message(), expected);
}

#[test]
fn about_ports_that_are_wanted_twice() {
    assert_eq!(
        Places::new().flag("http", "[::]:8888").message(),
        "--http: port 8888 is taken by --streamer (default); give each listener a port of its own"
    );
    assert_eq!(
        Places::new().env("sfu", "localhost:9090").file("admin = 'localhost:9090'").message(),
        "PIXELGATE_SFU: port 9090 is taken by gate.toml:1: admin; give each listener a port of its own"
    );
}

#[test]
fn about_nothing_to_listen_on() {
    let off =
        ["https", "streamer", "sfu", "admin"].into_iter().fold(Places::new(), |places, key| places.flag(key, "off"));
    assert!(off.parse().is_ok());
    let none = off.env("http", "off").message();
    assert_eq!(none, "PIXELGATE_HTTP: off, as is every other listener; give an address to one of them");
}

#[test]
fn about_the_file() {
    let table = [
        ("\nhtp = 'off'", r#"gate.toml:2: htp: unknown key; did you mean "http"?"#),
        ("max_players = 1", r#"gate.toml:1: max_players: unknown key; did you mean "max-players"?"#),
        ("colour = 1", "gate.toml:1: colour: unknown key; pixelgate serve --help lists the keys"),
        ("[serve]\nhttp = 'off'", "gate.toml:1: serve: unknown key; pixelgate serve --help lists the keys"),
        ("config = 'x'", "gate.toml:1: config: a file cannot name another; give --config on the command line"),
        ("[http]\na = 1", "gate.toml:1: http: a table is no value for it; write it as the flag's text, in quotes"),
        ("http = [[1]]", "gate.toml:1: http: a list is no value for it; write it as the flag's text, in quotes"),
        ("http = []", "gate.toml:1: http: a list is no value for it; write it as the flag's text, in quotes"),
        (
            "keepalive-interval = 15",
            r#"gate.toml:1: keepalive-interval: "15" has no unit; write 15s for seconds, 15ms for milliseconds"#,
        ),
        ("sfu = 'off'\nsfu = 'off'", "gate.toml:2: duplicate key; correct the TOML there"),
    ];
    for (text, expected) in table {
        assert_eq!(Places::new().file(text).message(), expected);
    }
}

#[test]
fn about_a_file_that_is_no_toml() {
    let text = Places::new().file("http = 'off'\nlocalhost:80\n").message();
    assert!(text.starts_with("gate.toml:2: ") && text.ends_with("; correct the TOML there"), "{text}");
}

#[test]
fn about_a_file_that_cannot_be_read() {
    let text = Places::new().flag("config", "/no/gate.toml").message();
    assert!(text.starts_with("--config: /no/gate.toml cannot be read ("), "{text}");
    assert!(text.ends_with("); name a TOML file that the gateway may read"), "{text}");
    let text = Places::new().env("config", "/no/gate.toml").message();
    assert!(text.starts_with("PIXELGATE_CONFIG: "), "{text}");
}

#[cfg(unix)]
#[test]
fn about_a_variable_that_is_no_text() {
    use std::os::unix::ffi::OsStringExt;
    let mut places = Places::new();
    places.env.insert("PIXELGATE_HTTP".into(), std::ffi::OsString::from_vec(vec![0xff]));
    assert_eq!(places.message(), "PIXELGATE_HTTP: not UTF-8; write it in UTF-8");
}
