//! Every key, from every place, and who overrides whom.

use std::path::PathBuf;
use std::time::Duration;

use super::super::{Announce, CertSource, Config, Limits, ListenAddr, LogFormat, Roles, ServeArgs, Source, defaults};
use super::Places;
use crate::wire::Role;

/// A key, two values that differ from its default and from one another, and what the configuration shows of it.
type Row = (&'static str, &'static str, &'static str, fn(&Config) -> String);

const ROWS: &[Row] = &[
    ("http", "localhost:1001", "localhost:1002", |config| config.http.addr.to_string()),
    ("https", "localhost:1001", "127.0.0.2:1002", |config| config.https.addr.to_string()),
    ("http-roles", "player", "streamer,sfu", |config| config.http.roles.to_string()),
    ("https-roles", "player,sfu", "sfu", |config| config.https.roles.to_string()),
    ("streamer", "[::1]:1001", "off", |config| config.streamer.to_string()),
    ("sfu", "off", "localhost:1002", |config| config.sfu.to_string()),
    ("admin", "localhost:1001", "off", |config| config.admin.to_string()),
    // Folders that are there, seen from where tests run.
    ("http-root", "src", "web", |config| {
        config.http_root.as_ref().map_or_else(String::new, |root| root.display().to_string())
    }),
    ("allowed-origins", "https://a.example", "*", |config| config.allowed_origins.join(",")),
    ("dialect", "wilbur", "wilbur-5.5", |config| config.dialect.name.to_owned()),
    ("max-players", "1", "4294967295", |config| config.max_players.unwrap_or_default().to_string()),
    ("peer-options", r#"{"a":1}"#, r#"{"a":2}"#, |config| config.peer_options.json().to_owned()),
    ("keepalive-interval", "1s", "2s", |config| format!("{:?}", config.keepalive.interval)),
    ("keepalive-timeout", "16s", "17s", |config| format!("{:?}", config.keepalive.timeout)),
    ("cert-dir", "one", "two", |config| match &config.certificate {
        CertSource::Dev { dir: Some(dir) } => dir.display().to_string(),
        other => format!("{other:?}"),
    }),
    ("drain-grace", "1s", "0s", |config| format!("{}s", config.drain_grace.as_secs())),
    ("limits", "loopback", "off", |config| format!("{:?}", config.limits).to_lowercase()),
    ("log", "debug", "warn,pixelgate::hub=trace", |config| config.log.as_str().to_owned()),
    ("log-format", "json", "json", |config| format!("{:?}", config.log_format).to_lowercase()),
    ("announce", "one", "two", |config| match &config.announce {
        Some(Announce::File(path)) => path.display().to_string(),
        other => format!("{other:?}"),
    }),
];

fn line(key: &str, value: &str) -> String {
    format!("{key} = '''{value}'''\n")
}

#[test]
fn every_key_from_every_place() {
    for (key, one, two, show) in ROWS {
        for value in [one, two] {
            let places = [
                ("file", Places::new().file(&line(key, value))),
                ("environment", Places::new().env(key, value)),
                ("command line", Places::new().flag(key, value)),
            ];
            for (name, places) in places {
                assert_eq!(show(&places.config()), *value, "{key} from the {name}");
            }
        }
        assert_ne!(show(&Config::default()), *one, "{key}: the value is the default");
    }
}

#[test]
fn the_command_line_overrides_the_environment_and_that_the_file() {
    for (key, one, two, show) in ROWS {
        let file = || Places::new().file(&line(key, one));
        assert_eq!(show(&file().env(key, two).config()), *two, "{key}: environment over file");
        assert_eq!(show(&file().flag(key, two).config()), *two, "{key}: command line over file");
        let env = Places::new().env(key, one).flag(key, two);
        assert_eq!(show(&env.config()), *two, "{key}: command line over environment");
    }
}

#[test]
fn every_key_is_in_the_table() {
    // These are pairs or name files: they have tests of their own.
    let apart = ["peer-options-file", "cert", "key", "config"];
    let rows = ROWS.iter().map(|row| row.0);
    let mut covered: Vec<_> = rows.chain(apart).collect();
    let mut keys = ServeArgs::keys();
    covered.sort_unstable();
    keys.sort_unstable();
    assert_eq!(covered, keys);
    assert!(defaults::DEFAULTS.iter().all(|(key, _)| keys.contains(key)));
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let config = Places::new().config();
    assert_eq!(config, Config::default());
    let all = config.listeners().map(|(_, addr)| addr);
    assert_eq!(all, [8080, 8443, 8888, 8889, 9090].map(ListenAddr::Localhost));
    assert_eq!((config.http.roles, config.https.roles), (Roles::ALL, Roles::ALL));
    assert_eq!((config.dialect.name, config.max_players, config.peer_options.json()), ("standard", None, "{}"));
    assert_eq!(config.keepalive.interval, Duration::from_secs(15));
    assert_eq!(config.keepalive.timeout, Duration::from_secs(45));
    assert_eq!(config.certificate, CertSource::Dev { dir: Some(PathBuf::from("certs")) });
    assert_eq!(config.drain_grace, Duration::from_secs(5));
    assert_eq!((config.limits, config.log.as_str(), config.log_format), (Limits::Default, "info", LogFormat::Text));
    assert_eq!((config.announce, config.http_root), (None, None));
}

#[test]
fn tests_get_free_ports_and_no_files() {
    let config = Config::for_tests();
    for (_, addr) in config.listeners() {
        assert_eq!(addr.to_string(), "127.0.0.1:0");
    }
    assert_eq!(config.certificate, CertSource::Dev { dir: None });
    assert!(Role::ALL.into_iter().all(|role| config.http.roles.contains(role)));
}

#[test]
fn beyond_loopback_players_alone_are_taken_unless_told_otherwise() {
    let roles = |places: Places| places.config().http.roles.to_string();
    for open in ["[::]:80", "0.0.0.0:80", "192.0.2.1:80"] {
        assert_eq!(roles(Places::new().flag("http", open)), "player", "{open}");
        let told = Places::new().flag("http", open).flag("http-roles", "player, streamer");
        assert_eq!(roles(told), "player,streamer");
    }
    for here in ["localhost:80", "127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "off"] {
        assert_eq!(roles(Places::new().flag("http", here)), "player,streamer,sfu", "{here}");
    }
}

#[test]
fn a_file_may_write_values_in_their_own_types() {
    let config = Places::new()
        .file(
            "\u{feff}max-players = 0x10\nhttp-roles = [\"player\", \"sfu\"]\n\
             [peer-options]\niceTransportPolicy = 'relay'\n\
             [[peer-options.iceServers]]\nurls = ['turn:t.example.com:3478']\nport = 1\n",
        )
        .config();
    assert_eq!(config.max_players, Some(16));
    assert_eq!(config.http.roles.to_string(), "player,sfu");
    let options: serde_json::Value = serde_json::from_str(config.peer_options.json()).unwrap();
    let expected = serde_json::json!({
        "iceTransportPolicy": "relay",
        "iceServers": [{"urls": ["turn:t.example.com:3478"], "port": 1}]
    });
    assert_eq!(options, expected);
}

#[test]
fn peer_options_stay_as_written() {
    let written = r#"{ "b": 1.50, "a": 1e400, "b2": "é" }"#;
    assert_eq!(Places::new().flag("peer-options", written).config().peer_options.json(), written);
}

#[test]
fn peer_options_may_come_from_a_file_of_their_own() {
    let places = Places::new();
    let path = places.path.with_file_name("turn.json");
    std::fs::write(&path, "\u{feff}{\n \"iceServers\": []\n}\n").unwrap();
    let path = path.to_str().unwrap();
    for places in [
        Places::new().flag("peer-options-file", path),
        Places::new().env("peer-options-file", path),
        Places::new().file(&line("peer-options-file", path)),
        Places::new().env("peer-options", r#"{"a":1}"#).flag("peer-options-file", path),
    ] {
        assert_eq!(places.config().peer_options.json(), "{\n \"iceServers\": []\n}");
    }
    let text = Places::new().env("peer-options-file", path).flag("peer-options", r#"{"a":1}"#);
    assert_eq!(text.config().peer_options.json(), r#"{"a":1}"#);
}

#[test]
fn a_certificate_and_its_key_may_stand_in_different_places() {
    let files = CertSource::Files { cert: PathBuf::from("c.pem"), key: PathBuf::from("k.pem") };
    let config = Places::new().file("cert = 'c.pem'").env("key", "k.pem").config();
    assert_eq!(config.certificate, files);
    let config = Places::new().flag("cert", "c.pem").flag("key", "k.pem").env("cert", "other.pem").config();
    assert_eq!(config.certificate, files);
}

#[test]
fn the_file_may_be_named_by_the_environment() {
    let mut places = Places::new().file("max-players = 7");
    let path = places.path.to_str().unwrap().to_owned();
    places.file = false;
    assert_eq!(places.env("config", &path).config().max_players, Some(7));
}

#[test]
fn an_empty_or_strange_variable_is_none() {
    let mut places = Places::new().env("http", "");
    places.env.insert("PIXELGATE_PORT_8080_TCP".into(), "tcp://10.0.0.1:8080".into());
    assert_eq!(places.config(), Config::default());
}

#[test]
fn the_source_of_every_value_is_known() {
    let cli = ServeArgs { http: Some("off".to_owned().into()), ..ServeArgs::default() };
    let merged = cli.merged(&|name| (name == "PIXELGATE_SFU").then(|| "off".into())).unwrap();
    let source = |key| merged.entries().find(|(name, _)| *name == key).unwrap().1.source;
    assert_eq!(source("http"), Source::CommandLine);
    assert_eq!(source("sfu"), Source::Environment);
    assert_eq!(source("admin"), Source::Default);
}

#[test]
fn debug_output_holds_no_credentials() {
    let places = Places::new().flag("peer-options", r#"{"credential":"secret"}"#);
    assert!(!format!("{:?}", places.config()).contains("secret"));
    let args = ServeArgs { peer_options: Some("secret".to_owned().into()), ..ServeArgs::default() };
    assert!(!format!("{args:?}").contains("secret"));
}
