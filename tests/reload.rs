//! `pixelgate check`, and the configuration that is read again while the gateway runs.
#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use pixelgate::client::{Client, Options, Trust};
use pixelgate::wire::Role;
use serde_json::json;
use support::binary::{Announced, Binary, Start};
use support::raw::{Fate, RawWs};
use support::{Peer, ask_with, get};

/// A process whose file says that, and where it listens.
fn serving(text: &str) -> (Binary, Announced) {
    let mut binary = Start::serve().arg("--config=gate.toml").file("gate.toml", text).spawn();
    let announced = binary.announced();
    (binary, announced)
}

async fn peer(addr: std::net::SocketAddr, role: Role) -> Peer {
    let options = Options { trust: Trust::DangerousAcceptAny, ..Options::default() };
    Peer::connect(&Client::new(options).expect("the options are good"), &format!("ws://{addr}"), role).await
}

/// Writes the file and waits for the log to speak of it.
fn rewrites(binary: &mut Binary, text: &str, expected: &str) -> String {
    fs::write(binary.home().join("gate.toml"), text).expect("room");
    binary.says(expected)
}

#[tokio::test]
async fn limits_and_peer_options_change_while_sessions_live() {
    let (mut binary, announced) = serving("max-players = 1\n");
    let mut streamer = peer(announced.streamer, Role::Streamer).await;
    streamer.identifies("Stage").await;
    let mut first = peer(announced.http, Role::Player).await;
    first.hears("config").await;
    first.watches(&mut streamer, "Stage").await;
    let mut second = peer(announced.http, Role::Player).await;
    second.hears("config").await;
    second.says(json!({"type": "subscribe", "streamerId": "Stage"})).await;
    second.hears("subscribeFailed").await;

    let text = "max-players = 2\npeer-options = '{\"a\":1}'\nhttp = 'off'\n";
    rewrites(&mut binary, text, "read again: changed max-players, peer-options");
    second.watches(&mut streamer, "Stage").await;
    let mut third = peer(announced.http, Role::Player).await;
    assert_eq!(third.hears("config").await["peerConnectionOptions"], json!({"a": 1}));
    third.says(json!({"type": "subscribe", "streamerId": "Stage"})).await;
    third.hears("subscribeFailed").await;
    let shown: serde_json::Value = serde_json::from_str(&get(announced.admin, "/api/config").await).expect("JSON");
    assert_eq!(shown["config"]["maxSubscribers"], 2, "{shown}");
    assert_eq!(shown["config"]["peerOptions"], json!({"a": 1}), "{shown}");
}

#[tokio::test]
async fn what_needs_a_restart_is_said_and_left() {
    let (mut binary, announced) = serving("");
    let said = rewrites(&mut binary, "log = 'debug'\ndialect = 'wilbur'\n", "wait for a restart");
    assert!(said.contains("changed log; dialect wait for a restart"), "{said}");
    let mut player = peer(announced.http, Role::Player).await;
    player.hears("config").await;
    assert_eq!(player.hears_any().await["type"], "playerCount", "the dialect is still the standard one");
}

#[tokio::test]
async fn a_bad_file_leaves_everything_as_it_is() {
    let (mut binary, announced) = serving("max-players = 1\n");
    for (text, expected) in [
        ("max-players = 2\nlog = 'loud'\n", "the configuration stays as it is: gate.toml:2: log: \"loud\" is no level"),
        ("max-playrs = 2\n", "stays as it is: gate.toml:1: max-playrs: unknown key; did you mean \"max-players\"?"),
        ("max-players = ", "stays as it is: gate.toml:1: "),
        ("cert = 'no.pem'\nkey = 'no.pem'\nmax-players = 2\n", "stays as it is: --cert no.pem: "),
    ] {
        rewrites(&mut binary, text, expected);
    }
    let mut streamer = peer(announced.streamer, Role::Streamer).await;
    streamer.identifies("Stage").await;
    let mut first = peer(announced.http, Role::Player).await;
    first.hears("config").await;
    first.watches(&mut streamer, "Stage").await;
    let mut second = peer(announced.http, Role::Player).await;
    second.hears("config").await;
    second.says(json!({"type": "subscribe", "streamerId": "Stage"})).await;
    second.hears("subscribeFailed").await;
}

#[tokio::test]
async fn a_signal_reads_everything_again() {
    let (mut binary, announced) = serving("");
    binary.signal("HUP");
    binary.says("the configuration was read again: nothing has changed");
    get(announced.admin, "/healthz").await;
}

/// Makes a certificate and returns what it hashes to.
fn certificate(folder: &Path) -> String {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    // Clients believe a hash for at most 14 days.
    params.not_before = SystemTime::now().into();
    params.not_after = (SystemTime::now() + Duration::from_secs(24 * 60 * 60)).into();
    let made = params.self_signed(&key).expect("a certificate");
    fs::write(folder.join("key.pem"), key.serialize_pem()).expect("room");
    fs::write(folder.join("cert.pem"), made.pem()).expect("room");
    pixelgate::tls::Fingerprint::of(made.der()).to_string()
}

#[tokio::test]
async fn new_handshakes_get_the_new_certificate() {
    let start = Start::serve().arg("--cert=cert.pem").arg("--key=key.pem");
    certificate(start.home());
    let mut binary = start.spawn();
    let announced = binary.announced();
    let second = certificate(binary.home());
    binary.says("the configuration was read again: changed certificate");
    let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&second[2 * at..2 * at + 2], 16).expect("hex")).collect();
    let trust = Trust::Hashes(vec![bytes.try_into().expect("32 bytes")]);
    let client = Client::new(Options { trust, ..Options::default() }).expect("the options are good");
    for scheme in ["wss", "https", "quic"] {
        let mut player = Peer::connect(&client, &format!("{scheme}://{}/player", announced.https), Role::Player).await;
        player.hears("config").await;
    }
}

#[tokio::test]
async fn the_files_of_the_reference_servers_are_read_again_too() {
    let start = Start::reference("wilbur", ["--peer_options_file=peers.json"])
        .file("config.json", r#"{"max_players": 1}"#)
        .file("peers.json", "{}");
    let mut binary = start.spawn();
    let announced = binary.announcement();
    let http = announced["http"].as_str().expect("on").parse().expect("an address");
    fs::write(binary.home().join("peers.json"), r#"{"a":1}"#).expect("room");
    binary.says("read again: changed peer-options-file");
    assert_eq!(peer(http, Role::Player).await.hears("config").await["peerConnectionOptions"], json!({"a": 1}));
    fs::write(binary.home().join("config.json"), r#"{"max_players": 22}"#).expect("room");
    binary.says("read again: changed max-players");
}

// ── check ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn check_prints_every_value_with_its_source_and_no_secret() {
    let text = "max-players = 3\nturn-secret = 'hunter2'\npeer-options = '{\"iceServers\":[{\"credential\":\"hunter2\"}]}'\n\
                [[listener]]\naddress = 'localhost:7000'\npath-prefix = '/a'\n";
    let start = Start::with(["check", "--config", "gate.toml", "--sfu", "off"]).file("gate.toml", text);
    let over = start.env("PIXELGATE_LOG", "debug").spawn().over();
    assert_eq!((over.status.code(), over.stderr.as_str()), (Some(0), ""), "{over:?}");
    let line = |start: &str| {
        let line =
            over.stdout.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}: {over:?}"));
        line.split_once(" # ").expect("a source").1.trim().to_owned()
    };
    let cases = [
        ("max-players = \"3\"", "gate.toml:1"),
        ("turn-secret = \"<7 bytes>\"", "gate.toml:2"),
        ("sfu = \"off\"", "command line"),
        ("log = \"debug\"", "environment"),
        ("http = \"localhost:8080\"", "default"),
        ("path-prefix = \"/a\"", "gate.toml:6"),
    ];
    for (value, source) in cases {
        assert_eq!(line(value), source, "{value}");
    }
    assert!(!over.stdout.contains("hunter2"), "{over:?}");
    assert!(over.stdout.contains("# Warning: the turn secret has no effect"), "{over:?}");
    // The report is TOML.
    let again = toml::from_str::<toml::Table>(&over.stdout).expect("TOML");
    assert_eq!(again["max-players"].as_str(), Some("3"));
}

#[test]
fn check_refuses_what_serve_refuses() {
    let over = Start::with(["check", "--config", "gate.toml"]).file("gate.toml", "htp = 'off'").spawn().over();
    assert_eq!((over.status.code(), over.stdout.as_str()), (Some(64), ""), "{over:?}");
    assert_eq!(over.stderr, "pixelgate: gate.toml:1: htp: unknown key; did you mean \"http\"?\n");
}

/// Streamers over each transport with their players: two hundred sessions.
async fn crowd(announced: &Announced) -> Vec<(Peer, Vec<(Peer, String)>)> {
    const PLAYERS: usize = 49;
    let Announced { http, https, quic, .. } = announced;
    let hosts = [format!("ws://{http}"), format!("wss://{https}"), format!("https://{quic}"), format!("quic://{quic}")];
    let options = Options { trust: Trust::DangerousAcceptAny, ..Options::default() };
    let client = Client::new(options).expect("the options are good");
    let mut crowd = Vec::new();
    for (number, host) in hosts.iter().enumerate() {
        let id = format!("Stage{number}");
        let mut streamer = Peer::connect(&client, &format!("{host}/streamer"), Role::Streamer).await;
        streamer.identifies(&id).await;
        let mut players = Vec::new();
        for player in 0..PLAYERS {
            let host = &hosts[player % hosts.len()];
            let mut player = Peer::connect(&client, &format!("{host}/player"), Role::Player).await;
            player.hears("config").await;
            let known_as = player.watches(&mut streamer, &id).await;
            players.push((player, known_as));
        }
        crowd.push((streamer, players));
    }
    crowd
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sessions_live_through_it() {
    let (mut binary, announced) = serving("");
    let mut crowd = crowd(&announced).await;
    let good = "max-players = 49\nhttp-rate = 10\n";
    for turn in 0..5 {
        let mut writes = |text: &str, expected: &str| drop(rewrites(&mut binary, text, expected));
        match turn {
            0 => writes(good, "changed http-rate, max-players"),
            1 => writes("max-players = 'x'\n", "stays as it is: gate.toml:1: max-players: "),
            2 => writes(&format!("{good}allowed-origins = '*'\n"), "changed allowed-origins"),
            3 => writes(&format!("{good}allowed-origins = '*'\npeer-options = {{ a = 1 }}\n"), "changed peer-options"),
            _ => {
                binary.signal("HUP");
                binary.says("the configuration was read again: nothing has changed");
            }
        }
        for (streamer, players) in &mut crowd {
            for (player, id) in players {
                streamer.says(json!({"type": "offer", "sdp": turn, "playerId": id})).await;
                assert_eq!(player.hears("offer").await["sdp"], turn);
                player.says(json!({"type": "answer", "sdp": turn})).await;
                streamer.hears_exactly(json!({"type": "answer", "sdp": turn, "playerId": id})).await;
            }
        }
    }
    let metrics = get(announced.admin, "/metrics").await;
    let sessions = metrics.lines().filter(|line| line.starts_with("pixelgate_sessions{"));
    let count: f64 = sessions.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
    assert_eq!(count, 200.0, "{metrics}");
}

#[tokio::test]
async fn allowed_origins_change_while_sessions_live() {
    let (mut binary, announced) = serving("");
    let headers = format!("Host: {}\r\nOrigin: https://other.example\r\n", announced.http);
    let opens = async || RawWs::with_headers(announced.http, false, Role::Player, &headers).await;
    let mut before = opens().await;
    assert_eq!(before.fate().await, Fate::Stays);
    rewrites(&mut binary, "allowed-origins = 'https://shop.example'\n", "read again: changed allowed-origins");
    assert_eq!(opens().await.fate().await, Fate::Closed(1008));
    assert_eq!(before.fate().await, Fate::Stays, "it is in");
    rewrites(
        &mut binary,
        "max-players = 9\nallowed-origins = ['https://other.example']\n",
        "changed allowed-origins, max-players",
    );
    assert_eq!(opens().await.fate().await, Fate::Stays);
}

#[tokio::test]
async fn the_operators_token_and_names_change() {
    let (mut binary, announced) = serving("");
    let metrics = async |headers: &str| ask_with(announced.admin, "/metrics", headers).await.0;
    assert!(metrics("Host: gate.internal\r\n").await.starts_with("HTTP/1.1 421 "));
    let text = "admin-hosts = 'gate.internal'\nadmin-token = 'HUSH'\n";
    let said = rewrites(&mut binary, text, "read again: changed admin-hosts, admin-token");
    assert!(!said.contains("HUSH"), "{said}");
    assert!(metrics("Host: gate.internal\r\n").await.starts_with("HTTP/1.1 401 "));
    let given = metrics("Host: gate.internal\r\nAuthorization: Bearer HUSH\r\n").await;
    assert!(given.starts_with("HTTP/1.1 200 "), "{given}");
}

#[tokio::test]
async fn turn_servers_change_while_sessions_live() {
    let (mut binary, announced) = serving("turn-urls = 'turn:a.example'\nturn-secret = 'HUSH'\n");
    let told = async || peer(announced.http, Role::Player).await.hears("config").await["peerConnectionOptions"].clone();
    assert_eq!(told().await["iceServers"][0]["urls"], json!(["turn:a.example"]));
    let text = "ice-transport-policy = 'relay'\n[[turn]]\nurls = ['turn:b.example', 'turns:c.example:443']\n\
                secret = 'HUSH-HUSH'\nttl = '1h'\n[[turn]]\nurls = 'turn:d.example'\nsecret = 'HUSH'\n";
    let expected = "read again: changed turn-urls, turn-secret, ice-transport-policy, turn";
    let said = rewrites(&mut binary, text, expected);
    let options = told().await;
    assert_eq!(options["iceTransportPolicy"], "relay");
    let servers: Vec<_> =
        options["iceServers"].as_array().expect("a list").iter().map(|it| it["urls"].clone()).collect();
    assert_eq!(servers, [json!(["turn:b.example", "turns:c.example:443"]), json!(["turn:d.example"])]);
    assert!(!said.contains("HUSH"), "{said}");
}

#[test]
fn secrets_of_turn_servers_are_not_shown() {
    let text = "[[turn]]\nurls = 'turn:a.example'\nsecret = 'HUSH-HUSH'\nttl = '1h'\n";
    let over = Start::with(["check", "--config", "gate.toml"]).file("gate.toml", text).spawn().over();
    assert_eq!((over.status.code(), over.stderr.as_str()), (Some(0), ""), "{over:?}");
    let shown: toml::Table = toml::from_str(&over.stdout).expect("TOML");
    assert_eq!(shown["turn"][0]["secret"].as_str(), Some("<9 bytes>"));
    assert_eq!(shown["turn"][0]["urls"].as_str(), Some("turn:a.example"));
    assert!(!over.stdout.contains("HUSH"), "{over:?}");
}
