//! Every key, from every place, and who overrides whom.

use std::path::PathBuf;
use std::time::Duration;

use super::super::{
    Announce, CertSource, Config, HttpRate, Issuer, KeySource, Keys, Limits, ListenAddr, Listener, LogFormat, Roles,
    Secret, ServeArgs, Serving, Source, Trusted, defaults,
};
use super::Places;
use crate::hub::AutoSubscribe;
use crate::wire::Role;

/// A key, two values that differ from its default and from one another, and what the configuration shows of it.
type Row = (&'static str, &'static str, &'static str, fn(&Config) -> String);

const ROWS: &[Row] = &[
    ("http", "localhost:1001", "localhost:1002", |config| addr(config, "http")),
    ("https", "localhost:1001", "127.0.0.2:1002", |config| addr(config, "https")),
    ("http-roles", "player", "streamer,sfu", |config| roles(config, "http")),
    ("https-roles", "player,sfu", "sfu", |config| roles(config, "https")),
    ("streamer", "[::1]:1001", "off", |config| addr(config, "streamer")),
    ("sfu", "off", "localhost:1002", |config| addr(config, "sfu")),
    ("admin", "localhost:1001", "off", |config| config.admin.to_string()),
    ("admin-hosts", "gate.internal", "a.example,b.example", |config| {
        config.admin_access.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
    }),
    ("admin-token", "one", "two", |config| secret(config.admin_access.token.as_ref())),
    // Folders that are there, seen from where tests run.
    ("http-root", "src", "web", |config| {
        config.http_root.as_ref().map_or_else(String::new, |root| root.display().to_string())
    }),
    ("homepage", "index.html", "a/b.html", |config| config.homepage.clone().unwrap_or_default()),
    ("routes", "/a=src", "/a=src,/b/c=web", |config| {
        let routes = config.routes.iter().map(|(path, folder)| format!("{path}={}", folder.display()));
        routes.collect::<Vec<_>>().join(",")
    }),
    ("https-redirect", "true", "true", |config| config.listener("http").unwrap().redirect.to_string()),
    ("cors", "true", "true", |config| config.cors.is_some().to_string()),
    ("content-security-policy", "default-src 'self'", "img-src *", |config| {
        config.content_security_policy.clone().unwrap_or_default()
    }),
    ("security-headers", "true", "true", |config| config.security_headers.to_string()),
    ("hsts", "true", "true", |config| config.hsts.to_string()),
    ("http-rate", "1", "0", |config| config.http_rate.per_minute.to_string()),
    ("http-rate-loopback", "true", "true", |config| config.http_rate.loopback.to_string()),
    ("trusted-proxies", "any", "any", |config| {
        if config.proxies.trusted == Trusted::Any { "any" } else { "others" }.to_owned()
    }),
    ("proxy-hops", "2", "3", |config| config.proxies.hops.to_string()),
    ("rest-api", "true", "true", |config| config.rest_api.to_string()),
    ("choose-dialect", "true", "true", |config| config.listener("sfu").unwrap().choose_dialect.to_string()),
    ("turn-secret", "one", "two", |config| secret(config.turn.secret.as_ref())),
    ("turn-ttl", "1h", "10days", |config| humantime::format_duration(config.turn.ttl).to_string()),
    ("ice-transport-policy", "relay", "relay", |config| {
        if config.turn.relay_only { "relay" } else { "all" }.to_owned()
    }),
    ("player-token", "one", "two", |config| secret(config.auth.player_token.as_ref())),
    ("streamer-token", "one", "two", |config| secret(config.auth.streamer_token.as_ref())),
    ("sfu-token", "one", "two", |config| secret(config.auth.sfu_token.as_ref())),
    ("jwt-secret", SECRETS[0], SECRETS[1], |config| match &config.auth.issuers[..] {
        [Issuer { keys: Keys::Secret(shared), .. }] => secret(Some(shared)),
        others => format!("{others:?}"),
    }),
    ("jwt-jwks", "keys.json", "https://id.example/keys?x=y", |config| match &config.auth.issuers[..] {
        [Issuer { keys: Keys::Set(KeySource::File(path)), .. }] => path.display().to_string(),
        [Issuer { keys: Keys::Set(KeySource::Url(url)), .. }] => url.to_string(),
        others => format!("{others:?}"),
    }),
    ("jwt-leeway", "1m", "1s", |config| humantime::format_duration(config.auth.leeway).to_string()),
    ("webhook", "http://localhost:1/x", "https://id.example/y", |config| {
        config.auth.webhook.as_ref().map(|webhook| webhook.url.to_string()).unwrap_or_default()
    }),
    ("open", "player", "streamer,sfu", |config| config.auth.open.to_string()),
    ("matchmaker", "one:1", "[::1]:2", |config| {
        config.matchmaker.as_ref().map(|matchmaker| matchmaker.address.clone()).unwrap_or_default()
    }),
    ("log-folder", "one", "two", |config| {
        config.log_folder.as_ref().map_or_else(String::new, |folder| folder.display().to_string())
    }),
    ("log-file", "debug", "off", |config| config.log_file.as_str().to_owned()),
    ("log-config", "true", "true", |config| config.log_config.to_string()),
    ("console-messages", "basic", "verbose", |config| format!("{:?}", config.console_messages).to_lowercase()),
    ("stdin", "true", "true", |config| config.stdin.to_string()),
    ("allowed-origins", "https://a.example", "*", |config| config.allowed_origins.to_string()),
    ("dialect", "wilbur", "wilbur-5.5", |config| config.listener("sfu").unwrap().dialect.name.to_owned()),
    ("max-players", "1", "4294967295", |config| config.max_players.unwrap_or_default().to_string()),
    ("sfu-auto-subscribe", "off", "Stage", |config| match &config.auto_subscribe {
        AutoSubscribe::Only(id) => id.to_string(),
        other => format!("{other:?}").to_lowercase(),
    }),
    ("max-message", "16384", "16777216", |config| config.max_message.to_string()),
    ("peer-options", r#"{"a":1}"#, r#"{"a":2}"#, |config| config.peer_options.json().to_owned()),
    ("keepalive-interval", "1s", "2s", |config| format!("{:?}", config.keepalive.interval)),
    ("keepalive-timeout", "16s", "17s", |config| format!("{:?}", config.keepalive.timeout)),
    ("cert-dir", "one", "two", |config| match &config.certificate {
        CertSource::Dev { dir: Some(dir) } => dir.display().to_string(),
        other => format!("{other:?}"),
    }),
    ("drain-grace", "1s", "0s", |config| format!("{}s", config.drain_grace.as_secs())),
    ("limits", "loopback", "off", |config| format!("{:?}", config.limits).to_lowercase()),
    ("max-connections", "1", "0", |config| most(config.bounds.connections)),
    ("max-connections-per-address", "1", "0", |config| most(config.bounds.connections_per_address)),
    ("handshake-rate", "1", "0", |config| most(config.bounds.handshakes)),
    ("handshake-rate-per-address", "1", "0", |config| most(config.bounds.handshakes_per_address)),
    ("player-message-rate", "1", "0", |config| most(config.bounds.player_messages)),
    ("player-byte-rate", "1", "0", |config| most(config.bounds.player_bytes)),
    ("publisher-message-rate", "1", "0", |config| most(config.bounds.publisher_messages)),
    ("publisher-byte-rate", "1", "0", |config| most(config.bounds.publisher_bytes)),
    ("subscription-rate", "1", "0", |config| most(config.bounds.subscriptions)),
    ("streamers-per-token", "1", "0", |config| most(config.bounds.streamers_per_token)),
    ("buffer-memory", "1048576", "0", |config| config.bounds.buffer_memory.unwrap_or(0).to_string()),
    ("player-unsubscribed-timeout", "1m", "off", |config| time(config.bounds.unsubscribed)),
    ("player-idle-timeout", "1m", "2m", |config| time(config.bounds.idle)),
    ("player-max-session", "1h", "2h", |config| time(config.bounds.session)),
    ("log", "debug", "warn,pixelgate::hub=trace", |config| config.log.as_str().to_owned()),
    ("log-format", "json", "json", |config| format!("{:?}", config.log_format).to_lowercase()),
    ("announce", "one", "two", |config| match &config.announce {
        Some(Announce::File(path)) => path.display().to_string(),
        other => format!("{other:?}"),
    }),
];

fn addr(config: &Config, name: &str) -> String {
    config.listener(name).map_or_else(|| "off".to_owned(), |listener| listener.addr.to_string())
}

fn roles(config: &Config, name: &str) -> String {
    match config.listener(name).unwrap().serving {
        Serving::Unified(roles) => roles.to_string(),
        Serving::Legacy(role) => panic!("{role} alone"),
    }
}

const SECRETS: [&str; 2] = ["one-one-one-one-one-one-one-one-one", "two-two-two-two-two-two-two-two-two"];

fn most(number: Option<u32>) -> String {
    number.unwrap_or(0).to_string()
}

fn time(time: Option<Duration>) -> String {
    time.map_or_else(|| "off".to_owned(), |time| humantime::format_duration(time).to_string())
}

fn secret(secret: Option<&Secret>) -> String {
    secret.map(|secret| secret.as_str().to_owned()).unwrap_or_default()
}

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
    let apart = [
        "peer-options-file",
        "turn-urls",
        "cert",
        "key",
        "config",
        "cors-allowed-origins",
        "cors-allowed-methods",
        "cors-allowed-headers",
        "cors-credentials",
        "matchmaker-retry",
        "public-address",
        "jwt-key",
        "jwt-issuer",
        "jwt-audience",
        "jwt-roles",
        "webhook-roles",
        "webhook-timeout",
        "webhook-anonymous",
    ];
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
    let localhost = |port| ListenAddr::Localhost(port);
    let expected = [
        Listener::unified("http", localhost(8080), Roles::ALL),
        Listener::unified_tls("https", localhost(8443), Roles::ALL),
        Listener::legacy("streamer", localhost(8888), Role::Streamer),
        Listener::legacy("sfu", localhost(8889), Role::Sfu),
    ];
    assert_eq!((config.listeners.as_slice(), config.admin), (&expected[..], localhost(9090)));
    assert_eq!((config.max_players, config.peer_options.json()), (None, "{}"));
    assert_eq!(config.http_rate, HttpRate { per_minute: 3000, loopback: false });
    assert!(config.proxies.trusted.is_empty() && config.cors.is_none() && config.matchmaker.is_none());
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
    assert_eq!(config.addresses().count(), 5);
    for (_, addr) in config.addresses() {
        assert_eq!(addr.to_string(), "127.0.0.1:0");
    }
    assert_eq!(config.certificate, CertSource::Dev { dir: None });
    assert_eq!(config.listener("http").unwrap().serving, Serving::Unified(Roles::ALL));
}

#[test]
fn beyond_loopback_players_alone_are_taken_unless_told_otherwise() {
    let roles = |places: Places| roles(&places.flag("open", "true").config(), "http");
    for open in ["[::]:80", "0.0.0.0:80", "192.0.2.1:80"] {
        assert_eq!(roles(Places::new().flag("http", open)), "player", "{open}");
        let told = Places::new().flag("http", open).flag("http-roles", "player, streamer");
        assert_eq!(roles(told), "player,streamer");
    }
    for here in ["localhost:80", "127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "[::ffff:127.0.0.1]:80"] {
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
    assert_eq!(roles(&config, "http"), "player,sfu");
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
    let places = Places::new()
        .flag("turn-secret", "hunter2")
        .flag("player-token", "hunter2")
        .flag("streamer-token", "hunter2")
        .flag("sfu-token", "hunter2")
        .flag("jwt-secret", &"hunter2".repeat(5))
        .flag("peer-options", r#"{"credential":"hunter2"}"#);
    assert!(!format!("{:?}", places.config()).contains("hunter2"));
    let args = ServeArgs { peer_options: Some("hunter2".to_owned().into()), ..ServeArgs::default() };
    assert!(!format!("{args:?}").contains("hunter2"));
}
