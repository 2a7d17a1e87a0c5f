use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{Greetings, hmac};
use crate::config::cli::{Command, parse};
use crate::config::{Config, Turn};
use crate::hub::Dialect;
use crate::id::SessionId;

const DAY: u64 = 24 * 60 * 60;

/// Some moment.
const NOW: u64 = 1_700_000_000;

fn config(written: &[&str]) -> Config {
    match parse([&["pixelgate", "serve"], written].concat(), &|_| None) {
        Ok(Command::Serve(start)) => start.config,
        other => panic!("{other:?}"),
    }
}

fn options(config: &Config, dialect: &Dialect, session: u64) -> Value {
    let greetings = Greetings::new(config.peer_options.json(), &config.turn);
    let text = greetings.config(dialect, SessionId(session), now());
    let mut config: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(config["type"], "config");
    assert_eq!(config.get("protocolVersion").is_some(), dialect.protocol_version);
    config["peerConnectionOptions"].take()
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

/// RFC 2202 §3, test case 2; and by `printf '%s' 1700086400:s7 | openssl dgst -sha1 -hmac north -binary | base64`.
#[test]
fn the_password_is_hmac_sha1_of_the_name() {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"Jefe");
    let tag = hmac::sign(&key, b"what do ya want for nothing?");
    assert_eq!(BASE64.encode(tag.as_ref()), "7/zfauXrL6LSdBbV8YTfnCWafHk=");

    let config = config(&["--turn-urls", "turn:one.example", "--turn-secret", "north"]);
    let server = options(&config, Dialect::STANDARD, 7)["iceServers"][0].take();
    let expected = json!({
        "urls": ["turn:one.example"], "username": "1700086400:s7", "credential": "rQZeXqUD8vvo1JKCh8eMX8d0axk=",
    });
    assert_eq!(server, expected);
}

#[test]
fn every_session_has_its_own() {
    let config = config(&["--turn-urls", "turn:one.example", "--turn-secret", "north"]);
    let (first, second) = (options(&config, Dialect::STANDARD, 1), options(&config, Dialect::STANDARD, 2));
    assert_ne!(first["iceServers"][0]["username"], second["iceServers"][0]["username"]);
    assert_ne!(first["iceServers"][0]["credential"], second["iceServers"][0]["credential"]);
}

/// Those that were written stay as they are; the pools come after them.
#[test]
fn servers_are_added_to_those_that_were_written() {
    let written = r#"{"iceServers":[{"urls":["stun:s.example"]},{"urls":"turn:t.example","username":"u","credential":"c"}],
        "odd\u0001":[1.50,{"iceServers":0}]}"#;
    let mut config = config(&[
        "--peer-options",
        written,
        "--turn-urls",
        "turn:a.example,turns:b.example:443?transport=tcp",
        "--turn-secret",
        "north",
    ]);
    let mut south = config.turn.pools[0].clone();
    south.urls = vec!["turn:south.example".to_owned()];
    south.ttl = Duration::from_secs(3600);
    south.secret = self::config(&["--turn-secret", "south"]).turn.secret.unwrap();
    config.turn.pools.push(south);
    let expected = json!({
        "iceServers": [
            {"urls": ["stun:s.example"]},
            {"urls": "turn:t.example", "username": "u", "credential": "c"},
            {"urls": ["turn:a.example", "turns:b.example:443?transport=tcp"],
             "username": "1700086400:s7", "credential": "rQZeXqUD8vvo1JKCh8eMX8d0axk="},
            {"urls": ["turn:south.example"], "username": "1700003600:s7", "credential": "ipBowX+8bYFN5zvUuNaSGMPhvUA="},
        ],
        "odd\u{1}": [1.50, {"iceServers": 0}],
    });
    assert_eq!(options(&config, Dialect::STANDARD, 7), expected);
    let text =
        Greetings::new(config.peer_options.json(), &config.turn).config(Dialect::CIRRUS_5_4, SessionId(7), now());
    assert!(text.windows(4).any(|bytes| bytes == b"1.50"), "numbers stay as they were written");
}

/// A secret without URLs is for the servers of the peer options that say no credential.
#[test]
fn servers_without_a_credential_get_one() {
    let written = r#"{"iceServers":[
        {"urls":["stun:s.example","TURNS:a.example"],"username":"old"},
        {"urls":"turn:b.example"},
        {"url":"turn:c.example"},
        {"urls":["turn:d.example"],"username":"u","credential":"c"},
        {"urls":"stun:e.example"},
        {"urls":"turn:"},
        {}
    ]}"#;
    let config = config(&["--peer-options", written, "--turn-secret", "north", "--turn-ttl", "1day"]);
    let made = |url: Value| {
        let mut server = url;
        server["username"] = json!("1700086400:s7");
        server["credential"] = json!("rQZeXqUD8vvo1JKCh8eMX8d0axk=");
        server
    };
    let expected = json!([
        made(json!({"urls": ["stun:s.example", "TURNS:a.example"]})),
        made(json!({"urls": "turn:b.example"})),
        made(json!({"url": "turn:c.example"})),
        {"urls": ["turn:d.example"], "username": "u", "credential": "c"},
        {"urls": "stun:e.example"},
        {"urls": "turn:"},
        {},
    ]);
    assert_eq!(options(&config, Dialect::STANDARD, 7)["iceServers"], expected);
}

#[test]
fn without_a_secret_and_a_policy_the_options_are_as_they_were_written_and_shared() {
    let written = r#"{ "iceServers": [{"urls": "turn:a.example"}], "b": 1.0, "a": null }"#;
    let config = config(&["--peer-options", written]);
    let greetings = Greetings::new(config.peer_options.json(), &config.turn);
    let of = |session| greetings.config(Dialect::STANDARD, SessionId(session), now());
    let (one, other) = (of(1), of(2));
    assert!(one.windows(written.len()).any(|bytes| bytes == written.as_bytes()));
    assert_eq!(one.as_ptr(), other.as_ptr());
    assert_eq!(greetings.renewal(Dialect::STANDARD), None);
}

#[test]
fn the_policy_is_told_with_servers_and_without() {
    let relay = |written: &[&str]| {
        let config = config(&[written, &["--ice-transport-policy", "relay"]].concat());
        options(&config, Dialect::STANDARD, 1)
    };
    assert_eq!(relay(&[]), json!({"iceServers": [], "iceTransportPolicy": "relay"}));
    let told = relay(&["--peer-options", r#"{"iceTransportPolicy":"all","a":1}"#]);
    assert_eq!(told, json!({"iceServers": [], "iceTransportPolicy": "relay", "a": 1}));
    let told = relay(&["--turn-urls", "turn:a.example", "--turn-secret", "north"]);
    assert_eq!((&told["iceTransportPolicy"], told["iceServers"].as_array().unwrap().len()), (&json!("relay"), 1));
    let config = config(&["--peer-options", r#"{"iceTransportPolicy":"relay"}"#]);
    assert_eq!(options(&config, Dialect::STANDARD, 1), json!({"iceTransportPolicy": "relay"}), "all forbids nothing");
}

/// protocol.md §3: renewed at half of their life, and where nobody is sent `config` again they live for a day at least.
#[test]
fn credentials_live_as_long_as_they_are_needed() {
    let end = |ttl: &str, dialect| {
        let config = config(&["--turn-urls", "turn:a.example", "--turn-secret", "north", "--turn-ttl", ttl]);
        let name = options(&config, dialect, 1)["iceServers"][0]["username"].as_str().unwrap().to_owned();
        let renewal = Greetings::new("{}", &config.turn).renewal(dialect);
        (name.split(':').next().unwrap().parse::<u64>().unwrap() - NOW, renewal)
    };
    for dialect in Dialect::ALL.into_iter().filter(|dialect| !dialect.name.starts_with("wilbur")) {
        assert_eq!(end("10m", dialect), (600, Some(Duration::from_secs(300))), "{}", dialect.name);
        assert_eq!(end("3s", dialect), (3, Some(Duration::from_millis(1500))), "{}", dialect.name);
    }
    for dialect in [Dialect::WILBUR, Dialect::WILBUR_5_5] {
        assert_eq!(end("10m", dialect), (DAY, None), "{}", dialect.name);
        assert_eq!(end("2days", dialect), (2 * DAY, None), "{}", dialect.name);
    }
}

#[test]
fn the_shortest_life_is_the_renewals() {
    let mut config = config(&["--turn-urls", "turn:a.example", "--turn-secret", "north"]);
    let mut short = config.turn.pools[0].clone();
    short.ttl = Duration::from_secs(60);
    config.turn.pools.push(short);
    assert_eq!(Greetings::new("{}", &config.turn).renewal(Dialect::STANDARD), Some(Duration::from_secs(30)));
}

#[test]
fn operators_see_the_servers_and_no_credential() {
    let config = config(&["--turn-urls", "turn:a.example", "--turn-secret", "north"]);
    let greetings = Greetings::new(config.peer_options.json(), &config.turn);
    let shown: Value = serde_json::from_str(&greetings.shown()).unwrap();
    assert_eq!(shown, json!({"iceServers": [{"urls": ["turn:a.example"], "username": "", "credential": ""}]}));
    assert!(!format!("{config:?} {greetings:?}").contains("north"));
}

#[test]
fn later_sessions_get_later_servers() {
    let config = config(&["--turn-urls", "turn:a.example", "--turn-secret", "north", "--turn-ttl", "10s"]);
    let greetings = Greetings::new("{}", &Turn::default());
    greetings.change("{}", &config.turn);
    assert_eq!(greetings.renewal(Dialect::STANDARD), Some(Duration::from_secs(5)));
    greetings.change("{}", &Turn::default());
    let text = greetings.config(Dialect::CIRRUS_5_1, SessionId(1), now());
    assert_eq!(text, r#"{"type":"config","peerConnectionOptions":{}}"#);
}
