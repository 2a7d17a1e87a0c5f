//! `pixelgate wilbur`: the reference server's command line and file, to what they do.
#![cfg(unix)]

mod support;

use std::fs;
use std::net::SocketAddr;

use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};
use support::binary::Start;
use support::reference::{Reference, header, status};
use support::within;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

// ── ports and peers ─────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn every_path_of_the_player_port_is_a_player() {
    let wilbur = Reference::with("wilbur", &[]);
    let mut streamer = wilbur.streamer("Stage").await;
    for path in ["", "/", "/streamer", "/sfu", "/any/path?a=b"] {
        let mut player = wilbur.peer(format!("ws://{}{path}", wilbur.at("http")), Role::Player).await;
        assert_eq!(player.hears_any().await["type"], "config", "{path}: a player of Wilbur hears config alone");
        player.watches(&mut streamer, "Stage").await;
        player.leaves().await;
        streamer.hears("playerDisconnected").await;
    }
    let mut sfu = wilbur.peer(format!("ws://{}/", wilbur.at("sfu")), Role::Sfu).await;
    assert_eq!(sfu.hears_any().await, json!({"type": "identify"}));
    assert_eq!((&wilbur.announced["https"], &wilbur.announced["admin"]), (&Value::Null, &Value::Null));
    assert_eq!(status(&wilbur.asks("http", "GET /", "").await), "426", "there are no pages without --serve");
}

#[tokio::test]
async fn each_role_has_the_port_that_was_said() {
    // Below those that the system gives to whoever asks for any: tests that run beside this one would take them.
    let first = 10_000 + u16::try_from(std::process::id() % 20_000).expect("it is small");
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let ports: Vec<u16> = (first..32_768).filter(is_free).take(3).collect();
    let names = ["player_port", "streamer_port", "sfu_port"];
    let args: Vec<_> = names.iter().zip(&ports).map(|(name, port)| format!("--{name}={port}")).collect();
    let wilbur = Reference::with("wilbur", &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(["http", "streamer", "sfu"].map(|listener| wilbur.at(listener).port()).to_vec(), ports);
    let mut streamer = wilbur.streamer("Stage").await;
    let mut player = wilbur.player().await;
    player.hears("config").await;
    player.watches(&mut streamer, "Stage").await;
}

#[tokio::test]
async fn max_players_and_peer_options() {
    let args = ["--max_players", "1", "--peer_options", r#"{"iceServers":[{"urls":["stun:s.example"]}]}"#];
    let wilbur = Reference::with("wilbur", &args);
    let mut streamer = wilbur.streamer("Stage").await;
    let mut first = wilbur.player().await;
    let config = first.hears("config").await;
    assert_eq!(config["peerConnectionOptions"], json!({"iceServers": [{"urls": ["stun:s.example"]}]}));
    first.watches(&mut streamer, "Stage").await;
    let mut second = wilbur.player().await;
    second.hears("config").await;
    second.says(json!({"type": "subscribe", "streamerId": "Stage"})).await;
    second
        .hears_exactly(json!({"type": "subscribeFailed", "message": "Streamer Stage is full. Max players = 1."}))
        .await;
}

#[tokio::test]
async fn the_file_says_what_the_command_line_does_not() {
    let file = r#"{"max_players": 5, "serve": true, "http_root": "pages", "homepage": "home.html",
                   "peer_options_file": "peers.json", "peer_options": {"lost": true}, "log_config": "true",
                   "something_new": 1}"#;
    let start = Start::reference("wilbur", ["--homepage=other.html"])
        .file("config.json", file)
        .file("peers.json", r#"{"found":true}"#)
        .file("pages/other.html", "the other page")
        .file("pages/home.html", "home");
    let wilbur = Reference::start(start);
    let mut player = wilbur.player().await;
    assert_eq!(player.hears("config").await["peerConnectionOptions"], json!({"found": true}));
    assert!(wilbur.asks("http", "GET /", "").await.ends_with("the other page"));
    let said = wilbur.over().await;
    assert!(said.contains("max_players: 5") && said.contains("homepage: other.html"), "{said}");
    assert!(said.contains("config.json: something_new: unknown, ignored"), "{said}");
}

// ── pages ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn pages_and_players_share_the_player_port() {
    let start = Start::reference("wilbur", ["--serve", "--http_root", "pages"])
        .file("pages/player.html", "the player")
        .file("pages/lib/a.js", "let a")
        .file("pages/.env", "hidden");
    let wilbur = Reference::start(start);
    for (path, expected) in [("/", "the player"), ("/player.html", "the player"), ("/lib/a.js", "let a")] {
        let answer = wilbur.asks("http", &format!("GET {path}"), "").await;
        assert!(status(&answer) == "200" && answer.ends_with(expected), "{path}: {answer}");
    }
    assert_eq!(status(&wilbur.asks("http", "GET /.env", "").await), "404");
    wilbur.player().await.hears("config").await;
}

#[tokio::test]
async fn without_the_usual_folder_the_built_in_player_is_served() {
    let wilbur = Reference::with("wilbur", &["--serve"]);
    assert!(wilbur.asks("http", "GET /", "").await.contains("<html"));
    assert!(wilbur.over().await.contains("no folder www: the built-in player is served"));
}

#[tokio::test]
async fn with_the_rest_api_alone_there_are_no_pages() {
    let wilbur = Reference::with("wilbur", &["--rest_api"]);
    assert_eq!(status(&wilbur.asks("http", "GET /", "").await), "404", "something is answered, and it is no page");
    wilbur.player().await.hears("config").await;
}

#[tokio::test]
async fn https_takes_players_over_tls_and_quic() {
    let wilbur = Reference::with("wilbur", &["--serve", "--https", "--https_port=0"]);
    let https = wilbur.at("https");
    assert_eq!(wilbur.announced["http"], Value::Null, "the plain port is not opened");
    for url in [format!("wss://{https}/streamer"), format!("https://{https}/x"), format!("quic://{https}/player")] {
        let mut player = wilbur.peer(url, Role::Player).await;
        assert_eq!(player.hears_any().await["type"], "config");
    }
    let mut streamer = wilbur.peer(format!("quic://{https}/streamer"), Role::Streamer).await;
    streamer.is_closed(CloseCode::POLICY).await;
    let answer = wilbur.asks("https", "GET /", "Host: gate.example\r\n").await;
    assert_eq!(status(&answer), "200");
    assert_eq!(header(&answer, "x-frame-options"), Some("SAMEORIGIN"));
    assert_eq!(header(&answer, "strict-transport-security"), None, "never with a development certificate");
    assert!(wilbur.over().await.contains("no certificate at certificates/client-cert.pem"));
}

/// A certificate of the operator's, for a name.
fn certificate(start: Start, folder: &str) -> Start {
    let made = rcgen::generate_simple_self_signed(["gate.example".to_owned()]).expect("a certificate");
    start
        .file(&format!("{folder}/cert.pem"), made.cert.pem())
        .file(&format!("{folder}/key.pem"), made.signing_key.serialize_pem())
}

#[tokio::test]
async fn certificates_by_relative_and_absolute_paths_and_hsts_for_names() {
    let start = certificate(Start::reference("wilbur", ["--serve", "--https_port=0", "--http_root=pages"]), "tls");
    let key = start.home().join("tls/key.pem");
    let start = start
        .file("pages/player.html", "the player")
        .arg("--ssl_cert_path=tls/cert.pem")
        .arg("--ssl_key_path")
        .arg(key);
    let wilbur = Reference::start(start);
    assert_eq!(wilbur.announced["certificate_hashes"], json!([]), "it was not made here");
    for (host, expected) in [
        ("gate.example", true),
        ("gate.example:8443", true),
        ("localhost", false),
        ("a.localhost:1", false),
        ("127.0.0.1", false),
        ("[::1]:8443", false),
    ] {
        let answer = wilbur.asks("https", "GET /", &format!("Host: {host}\r\n")).await;
        assert!(answer.ends_with("the player"), "{answer}");
        assert_eq!(header(&answer, "strict-transport-security").is_some(), expected, "{host}");
        let policy = header(&answer, "content-security-policy").expect("a policy");
        assert!(policy.contains("connect-src * 'self'"), "{policy}");
    }
}

#[tokio::test]
async fn a_certificate_that_was_named_must_be_there() {
    let over = Start::reference("wilbur", ["--https", "--ssl_cert_path=a.pem", "--ssl_key_path=b.pem"]).spawn().over();
    assert_eq!(over.status.code(), Some(64), "{over:?}");
}

#[tokio::test]
async fn plain_requests_are_sent_to_the_encrypted_port() {
    let wilbur = Reference::with("wilbur", &["--serve", "--https", "--https_port=0", "--https_redirect"]);
    let port = wilbur.at("https").port();
    let answer = wilbur.asks("http", "GET /a/b?c=d", "Host: gate.example:80\r\n").await;
    assert_eq!(status(&answer), "302");
    assert_eq!(header(&answer, "location"), Some(format!("https://gate.example:{port}/a/b?c=d").as_str()));
    let answer = wilbur.asks("http", "GET /", "Host: [::1]:80\r\n").await;
    assert_eq!(header(&answer, "location"), Some(format!("https://[::1]:{port}/").as_str()));
    assert_eq!(status(&wilbur.asks("http", "GET /", "Host: a b\r\n").await), "400");
    assert_eq!(status(&wilbur.asks("https", "GET /", "").await), "200");
    wilbur.player().await.hears("config").await;
}

#[tokio::test]
async fn cross_origin_requests() {
    let origin = "Origin: https://a.example\r\n";
    let asked = "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-thing\r\n";
    let allowed = |answer: &str, name: &str| header(answer, &format!("access-control-allow-{name}")).map(str::to_owned);

    let none = Reference::with("wilbur", &["--serve"]);
    assert_eq!(allowed(&none.asks("http", "GET /", origin).await, "origin"), None);

    let any = Reference::with("wilbur", &["--serve", "--cors"]);
    assert_eq!(allowed(&any.asks("http", "GET /", origin).await, "origin").as_deref(), Some("https://a.example"));
    let preflight = any.asks("http", "OPTIONS /", asked).await;
    assert_eq!(allowed(&preflight, "headers").as_deref(), Some("x-thing"));
    assert!(allowed(&preflight, "methods").expect("methods").contains("DELETE"));
    assert_eq!(allowed(&preflight, "credentials"), None);

    let args = [
        "--serve",
        "--cors",
        "--cors_allowed_origins=https://b.example, https://a.example",
        "--cors_allowed_methods=GET",
        "--cors_allowed_headers=X-Other",
        "--cors_credentials",
    ];
    let some = Reference::with("wilbur", &args);
    let preflight = some.asks("http", "OPTIONS /", asked).await;
    assert_eq!(allowed(&preflight, "origin").as_deref(), Some("https://a.example"));
    assert_eq!(allowed(&preflight, "methods").as_deref(), Some("GET"));
    assert_eq!(allowed(&preflight, "headers").as_deref(), Some("x-other"));
    assert_eq!(allowed(&preflight, "credentials").as_deref(), Some("true"));
    // A browser takes no `*` from those that let credentials through.
    let args = ["--serve", "--cors", "--cors_credentials", "--cors_allowed_headers=*", "--cors_allowed_methods=*"];
    let any = Reference::with("wilbur", &args);
    let preflight = any.asks("http", "OPTIONS /", asked).await;
    assert_eq!(allowed(&preflight, "headers").as_deref(), Some("x-thing"));
    assert_eq!(allowed(&preflight, "methods").as_deref(), Some("GET"));
    let other = some.asks("http", "GET /", "Origin: https://c.example\r\n").await;
    assert_eq!(allowed(&other, "origin"), None);
}

// ── proxies and limits ──────────────────────────────────────────────────────────────────────────────────────────────

/// Many requests on one connection; how many of them were let through.
async fn floods(addr: SocketAddr, headers: &str, times: usize) -> usize {
    let request = format!("HEAD /transports.json HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    let last = format!("HEAD /transports.json HTTP/1.1\r\nHost: a\r\n{headers}Connection: close\r\n\r\n");
    let (mut reading, mut writing) = TcpStream::connect(addr).await.expect("it listens").into_split();
    let asking = tokio::spawn(async move {
        for _ in 1..times {
            writing.write_all(request.as_bytes()).await.expect("it reads");
        }
        writing.write_all(last.as_bytes()).await.expect("it reads");
        writing
    });
    let mut answers = String::new();
    within("the answers", reading.read_to_string(&mut answers)).await.expect("text");
    drop(asking.await);
    assert_eq!(answers.matches("HTTP/1.1 ").count(), times);
    assert_eq!(answers.matches("HTTP/1.1 429").count(), answers.to_lowercase().matches("retry-after: ").count());
    answers.matches("HTTP/1.1 200").count()
}

#[tokio::test]
async fn an_address_may_ask_3000_times_a_minute() {
    let wilbur = Reference::with("wilbur", &["--serve"]);
    assert_eq!(floods(wilbur.at("http"), "X-Forwarded-For: 203.0.113.7\r\n", 3010).await, 3000);
    assert_eq!(floods(wilbur.at("http"), "X-Forwarded-For: 203.0.113.8\r\n", 5).await, 0, "nobody is believed");
    wilbur.player().await.hears("config").await;
}

#[tokio::test]
async fn behind_a_reverse_proxy_addresses_are_those_of_the_clients() {
    let wilbur = Reference::with("wilbur", &["--serve", "--reverse-proxy"]);
    assert_eq!(floods(wilbur.at("http"), "X-Forwarded-For: 198.51.100.1, 203.0.113.7\r\n", 3010).await, 3000);
    assert_eq!(floods(wilbur.at("http"), "X-Forwarded-For: 203.0.113.8\r\n", 5).await, 5);
    assert_eq!(floods(wilbur.at("http"), "X-Forwarded-For: 198.51.100.2, 203.0.113.7\r\n", 5).await, 0);
    let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n";
    let mut tcp = TcpStream::connect(wilbur.at("http")).await.expect("it listens");
    tcp.write_all(format!("GET / HTTP/1.1\r\nHost: a\r\n{upgrade}\r\n").as_bytes()).await.expect("it reads");
    let mut wilbur = wilbur;
    let said = wilbur.binary.says("session opened");
    assert!(said.contains("remote=203.0.113.9"), "{said}");
}

#[tokio::test]
async fn two_proxies_each_add_an_address() {
    let wilbur =
        Reference::with("wilbur", &["--serve", "--reverse-proxy-num-proxies=2", "--https_redirect", "--https_port=0"]);
    let forwarded = "X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.0.0.1\r\nX-Forwarded-Proto: https\r\n";
    assert_eq!(floods(wilbur.at("http"), forwarded, 3010).await, 3000, "what came encrypted is not redirected");
    assert_eq!(floods(wilbur.at("http"), &forwarded.replace("198.51.100.1", "198.51.100.2"), 1).await, 0);
    assert_eq!(floods(wilbur.at("http"), &forwarded.replace("203.0.113.7", "203.0.113.6"), 1).await, 1);
}

#[tokio::test]
async fn only_proxies_that_are_named_are_believed() {
    let wilbur = Reference::with("wilbur", &["--serve", "--reverse_proxy", "--reverse_proxy_from=192.0.2.0/24"]);
    assert_eq!(floods(wilbur.at("http"), "X-Forwarded-For: 203.0.113.7\r\n", 3010).await, 3000);
    assert_eq!(floods(wilbur.at("http"), "X-Forwarded-For: 203.0.113.8\r\n", 5).await, 0);
}

// ── logs, keys, files ───────────────────────────────────────────────────────────────────────────────────────────────

/// A handshake with things that nobody else is to see.
async fn confides(wilbur: &Reference) {
    let mut streamer = wilbur.streamer("Stage").await;
    let mut player = wilbur.player().await;
    player.hears("config").await;
    let id = player.watches(&mut streamer, "Stage").await;
    streamer.says(json!({"type": "offer", "playerId": id, "sdp": "v=0 hunter2"})).await;
    player.hears("offer").await;
    let candidate = json!({"candidate": "candidate:hunter2", "sdpMid": "0"});
    player.says(json!({"type": "iceCandidate", "candidate": candidate, "token": "hunter2"})).await;
    streamer.hears("iceCandidate").await;
}

#[tokio::test]
async fn messages_on_the_console_have_no_secrets() {
    for (detail, body) in [("basic", false), ("verbose", true), ("formatted", true)] {
        let wilbur = Reference::with("wilbur", &["--console_messages", detail]);
        confides(&wilbur).await;
        let said = wilbur.over().await;
        for part in ["direction=\"in\"", "direction=\"out\"", "kind=\"offer\"", "player=\"Player0\"", "bytes="] {
            assert!(said.contains(part), "{detail}: {part} is not in {said}");
        }
        assert_eq!(said.contains("<11 bytes>"), body, "{detail}: {said}");
        assert!(!said.contains("hunter2"), "{detail}: {said}");
    }
    let quiet = Reference::with("wilbur", &[]);
    confides(&quiet).await;
    assert!(!quiet.over().await.contains("kind="));
}

#[tokio::test]
async fn daily_files_of_json_lines() {
    let wilbur =
        Reference::with("wilbur", &["--log_folder=my logs", "--log_level_console=error", "--console_messages=verbose"]);
    confides(&wilbur).await;
    let folder = wilbur.binary.home().join("my logs");
    let mut wilbur = wilbur;
    let text = wilbur.binary.until("a line in a file", || {
        let file = fs::read_dir(&folder).ok()?.next()?.ok()?;
        let name = file.file_name().into_string().ok()?;
        assert!(name.starts_with("server.20") && name.ends_with(".log"), "{name}");
        fs::read_to_string(file.path()).ok().filter(|text| text.contains("session closed"))
    });
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert!(line["timestamp"].is_string() && line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    assert!(text.contains("session opened") && !text.contains("hunter2") && !text.contains("\"kind\""), "{text}");
    let said = wilbur.over().await;
    assert!(!said.contains("INFO"), "{said}");
}

#[tokio::test]
async fn the_files_have_a_level_of_their_own() {
    let folder = tempfile::tempdir().expect("room");
    let in_folder = format!("--log_folder={}", folder.path().display());
    for (level, written) in [("warning", false), ("debug", true)] {
        let wilbur = Reference::with("wilbur", &[&in_folder, "--log_level_file", level]);
        confides(&wilbur).await;
        assert!(wilbur.over().await.contains("session opened"), "the console has its own");
        let files = fs::read_dir(folder.path()).expect("the folder is there");
        let text: String = files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("text")).collect();
        assert_eq!(text.contains("session opened"), written, "{level}: {text}");
    }
}

#[tokio::test]
async fn the_configuration_is_logged_where_it_is_asked_for() {
    let args = ["--max_players=17", "--player_token=hunter2", "--peer_options", r#"{"credential":"hunter2"}"#];
    let quiet = Reference::with("wilbur", &args);
    assert!(!quiet.over().await.contains("max_players"));
    let said = Reference::with("wilbur", &[&args[..], &["--log_config"]].concat()).over().await;
    assert!(said.contains("max_players: 17") && said.contains("homepage: player.html"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn keys_on_standard_input() {
    let start = Start::reference("wilbur", ["--stdin", "--turn_secret=hunter2"]).stdin("c\ni\ns\np\nh\nx\nq\n");
    let over = start.spawn().over();
    assert_eq!(over.status.code(), Some(0), "{over:?}");
    for part in
        ["stdin = true", "0 streamers, 0 players", "Streamer Ids: []", "Player Ids: []", "q  quit", "'x': no such key"]
    {
        assert!(over.stdout.contains(part), "{part} is not in {}", over.stdout);
    }
    assert!(!over.stdout.contains("hunter2"), "{}", over.stdout);
}

#[test]
fn what_was_said_is_saved() {
    let start = Start::reference("wilbur", ["--save", "--serve", "--max_players=3", "--https_port=0"])
        .file("config.json", r#"{"sfu_port": 8889, "peer_options": {"a": 1}, "homepage": "x.html"}"#);
    let mut binary = start.spawn();
    binary.announcement();
    let saved: Value =
        serde_json::from_slice(&fs::read(binary.home().join("config.json")).expect("it is there")).expect("JSON");
    let expected = [
        ("serve", json!(true)),
        ("https", json!(true)),
        ("max_players", json!("3")),
        ("peer_options", json!({"a": 1})),
        ("homepage", json!("x.html")),
        ("stdin", json!(false)),
        ("sfu_port", json!("0")),
    ];
    for (key, value) in expected {
        assert_eq!(saved[key], value, "{key}");
    }
    for key in ["save", "config_file", "no_config"] {
        assert!(saved.get(key).is_none(), "{key}");
    }
}

#[tokio::test]
async fn what_is_not_known_is_ignored_with_a_warning() {
    let wilbur = Reference::with("wilbur", &["--public_ip=1.2.3.4", "--player_token=hunter2", "--whatever", "value"]);
    let unasked = wilbur.player().await.is_closed(CloseCode::POLICY).await.0;
    assert_eq!(unasked.reason, "not authorised: no token was given");
    let url = format!("ws://{}/?token=hunter2", wilbur.at("http"));
    wilbur.peer(url, Role::Player).await.hears("config").await;
    let said = wilbur.over().await;
    for part in ["--public_ip: unknown, ignored", "--whatever: unknown, ignored", "streamers and SFUs need no token"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains("hunter2"), "{said}");
}

// ── every option ────────────────────────────────────────────────────────────────────────────────────────────────────

/// Every option of protocol.md §6 with a value, and a line of the file that says the same in our words. Those with
/// effects of their own, which no such line shows, are in the tests above.
const TABLE: &[(&str, &str, &str)] = &[
    ("log_folder", "somewhere", "log-folder = \"somewhere\""),
    ("log_level_console", "warning", "log = \"warn\""),
    ("log_level_file", "debug", "log-file = \"debug\""),
    ("console_messages", "formatted", "console-messages = \"formatted\""),
    ("streamer_port", "1", "address = \"[::]:1\"\nlegacy = \"streamer\""),
    ("player_port", "2", "address = \"[::]:2\"\nlegacy = \"player\""),
    ("sfu_port", "3", "address = \"[::]:3\"\nlegacy = \"sfu\""),
    ("max_players", "4", "max-players = 4"),
    ("serve", "true", "pages = true"),
    ("http_root", "pages", "http-root = \"pages\""),
    ("homepage", "a.html", "homepage = \"a.html\""),
    ("https", "true", "tls = true"),
    ("https_redirect", "true", "redirect = true"),
    ("ssl_key_path", "k.pem", "key = \"k.pem\""),
    ("ssl_cert_path", "c.pem", "cert = \"c.pem\""),
    ("rest_api", "true", "rest-api = true"),
    ("cors", "true", "cors = true"),
    ("cors_allowed_origins", "https://a.example", "cors-allowed-origins = \"https://a.example\""),
    ("cors_allowed_methods", "GET", "cors-allowed-methods = \"GET\""),
    ("cors_allowed_headers", "x-a", "cors-allowed-headers = \"x-a\""),
    ("cors_credentials", "true", "cors-credentials = true"),
    ("peer_options", "{}", "peer-options = \"{}\""),
    ("peer_options_file", "peers.json", "peer-options-file = \"peers.json\""),
    ("reverse-proxy", "true", "trusted-proxies = \"private\""),
    ("reverse_proxy", "true", "proxy-hops = 1"),
    ("reverse-proxy-num-proxies", "2", "proxy-hops = 2"),
    ("log_config", "true", "log-config = true"),
    ("stdin", "true", "stdin = true"),
    ("turn_secret", "s", "turn-secret = \"s\""),
    ("turn_ttl", "9", "turn-ttl = \"9s\""),
    ("player_token", "t", "player-token = \"t\""),
];

/// What makes the other options show.
const AROUND: &str = r#"{"serve":true,"https":true,"http_root":"pages","cors":true,"reverse_proxy":true,
    "ssl_key_path":"K","ssl_cert_path":"C"}"#;

fn printed(start: Start) -> String {
    let start = start.arg("--print-config").file("pages/x", "").file("peers.json", "{}");
    let over = start.spawn().over();
    assert_eq!(over.status.code(), Some(0), "{over:?}");
    over.stdout
}

#[test]
fn every_option_from_the_command_line_and_from_the_file() {
    for (name, value, line) in TABLE {
        let flag = if *value == "true" { format!("--{name}") } else { format!("--{name}={value}") };
        // The plain port is there without https, the others' effects with it.
        let around = if matches!(*name, "player_port" | "serve") { r#"{"serve":false}"# } else { AROUND };
        let command = printed(Start::with(["wilbur", &flag]).file("config.json", around));
        assert!(command.contains(line), "{flag}: {line:?} is not in\n{command}");

        let mut file: Value = serde_json::from_str(around).expect("JSON");
        let key = name.replace('-', "_");
        let values = match value.parse::<u64>() {
            Ok(number) => vec![json!(number), json!(value)],
            Err(_) if *value == "true" => vec![json!(true), json!("true")],
            Err(_) => vec![json!(value)],
        };
        for value in values {
            file[&key] = value;
            let from_file = printed(Start::with(["wilbur"]).file("config.json", file.to_string()));
            assert!(from_file.contains(line), "{file}: {line:?} is not in\n{from_file}");
        }
        let neither = printed(Start::with(["wilbur", "--no_config"]).file("config.json", file.to_string()));
        let usual = matches!(*name, "http_root" | "peer_options");
        assert!(usual || !neither.contains(line), "{name}: {line:?} is the default:\n{neither}");
    }
    let over = Start::with(["wilbur", "--https_port=7", "--print-config"]).spawn().over();
    assert!(over.stdout.contains("address = \"[::]:7\"\nlegacy = \"player\"\npages = false\ntls = true"), "{over:?}");
    let named = printed(Start::with(["wilbur", "--config_file", "my.json"]).file("my.json", r#"{"max_players":"9"}"#));
    assert!(named.contains("max-players = 9"), "{named}");
}
