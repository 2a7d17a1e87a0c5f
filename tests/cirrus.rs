//! `pixelgate cirrus`: the older reference server's keys, from its file and its command line, to what they do; and the
//! matchmaker that it tells of its streamers and players.
#![cfg(unix)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use pixelgate::wire::Role;
use serde_json::{Value, json};
use support::binary::Start;
use support::reference::{Reference, header, status};
use support::within;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

/// With a dialect that is there in every version of this gateway.
const DIALECT: &str = "--dialect=standard";

#[tokio::test]
async fn ports_pages_and_peers() {
    let file = r#"{"HomepageFile": "a.html", "HttpRoot": "html", "peerConnectionOptions": "{\"iceServers\": []}",
                   "AdditionalRoutes": {"/more": "extra"}, "LogToFile": false, "UseAuthentication": false,
                   "MaxPlayerCount": "7", "SFUPort": 1}"#;
    let start = Start::reference("cirrus", ["--configFile=my.json", "--LogVerbose=false", DIALECT])
        .file("my.json", file)
        .file("html/a.html", "the page")
        .file("extra/b.txt", "more of it")
        .file("extra/index.html", "its index")
        .file("extra/sub/index.html", "below");
    let cirrus = Reference::start(start);
    assert!(cirrus.asks("http", "GET /", "").await.ends_with("the page"));
    assert!(cirrus.asks("http", "GET /more/b.txt", "").await.ends_with("more of it"));
    let home = cirrus.asks("http", "GET /more", "").await;
    assert!(home.starts_with("HTTP/1.1 308 ") && home.contains("location: ./more/\r\n"), "{home}");
    assert!(cirrus.asks("http", "GET /more/", "").await.ends_with("its index"));
    let folder = cirrus.asks("http", "GET /more/sub", "").await;
    assert!(folder.contains("location: ./sub/\r\n"), "{folder}");
    let mut player = cirrus.peer(format!("ws://{}/any/path", cirrus.at("http")), Role::Player).await;
    assert_eq!(player.hears("config").await["peerConnectionOptions"], json!({"iceServers": []}));
    let mut streamer = cirrus.peer(format!("ws://{}", cirrus.at("streamer")), Role::Streamer).await;
    streamer.identifies("Stage").await;
    player.watches(&mut streamer, "Stage").await;
    let mut sfu = cirrus.peer(format!("ws://{}", cirrus.at("sfu")), Role::Sfu).await;
    sfu.hears("config").await;
    assert!(!cirrus.binary.home().join("logs").exists(), "LogToFile is off");
    let said = cirrus.over().await;
    assert!(said.contains("my.json: UseAuthentication: unknown, ignored"), "{said}");
    assert!(said.contains("MaxPlayerCount: 7") && said.contains("kind=\"subscribe\""), "{said}");
}

#[tokio::test]
async fn with_https_plain_pages_are_redirected() {
    let cirrus = Reference::with("cirrus", &["--UseHTTPS=true", "--HttpsPort=0", DIALECT]);
    let answer = cirrus.asks("http", "GET /x", "Host: gate.example\r\n").await;
    let location = format!("https://gate.example:{}/x", cirrus.at("https").port());
    assert_eq!((status(&answer), header(&answer, "location")), ("302", Some(location.as_str())));
    assert!(cirrus.asks("https", "GET /", "").await.contains("<html"));
    let mut player = cirrus.peer(format!("wss://{}/", cirrus.at("https")), Role::Player).await;
    player.hears("config").await;
}

// ── the matchmaker ──────────────────────────────────────────────────────────────────────────────────────────────────

/// One of the bare objects that come without anything between them.
async fn next(stream: &mut TcpStream) -> Value {
    let mut text = Vec::new();
    let reading = async {
        loop {
            text.push(stream.read_u8().await.expect("the connection lives"));
            if let Ok(value) = serde_json::from_slice::<Value>(&text) {
                return value;
            }
        }
    };
    within("a word to the matchmaker", reading).await
}

async fn matchmaker() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    (listener, format!("--MatchmakerPort={port}"))
}

async fn called(listener: &TcpListener) -> TcpStream {
    within("a call", listener.accept()).await.expect("a connection").0
}

#[tokio::test]
async fn the_matchmaker_is_told_of_streamers_and_players() {
    let (listener, port) = matchmaker().await;
    let args = ["--UseMatchmaker", &port, "--PublicIp=play.example", "--MatchmakerRetryInterval=1", DIALECT];
    let cirrus = Reference::with("cirrus", &args);
    let mut call = called(&listener).await;
    let http: SocketAddr = cirrus.at("http");
    let connect = |ready: bool, player: bool| {
        json!({"type": "connect", "address": "play.example", "https": false, "port": http.port(),
               "ready": ready, "playerConnected": player})
    };
    assert_eq!(next(&mut call).await, connect(false, false));

    let mut streamer = cirrus.peer(format!("ws://{}", cirrus.at("streamer")), Role::Streamer).await;
    streamer.identifies("Stage").await;
    assert_eq!(next(&mut call).await, json!({"type": "streamerConnected"}));
    let mut player = cirrus.player().await;
    player.hears("config").await;
    assert_eq!(next(&mut call).await, json!({"type": "clientConnected"}));
    player.leaves().await;
    assert_eq!(next(&mut call).await, json!({"type": "clientDisconnected"}));

    // A connection that was lost is made again, and tells how things stand.
    drop(call);
    let mut call = called(&listener).await;
    assert_eq!(next(&mut call).await, connect(true, false));
    streamer.leaves().await;
    assert_eq!(next(&mut call).await, json!({"type": "streamerDisconnected"}));
}

#[tokio::test]
async fn a_matchmaker_that_is_not_there_is_called_again() {
    let (listener, port) = matchmaker().await;
    drop(listener);
    let args = ["--UseMatchmaker", "--UseHTTPS", "--HttpsPort=0", &port, "--MatchmakerRetryInterval=1", DIALECT];
    let mut cirrus = Reference::with("cirrus", &args);
    cirrus.binary.says("no connection to the matchmaker");
    let number = port.rsplit('=').next().expect("a number");
    let listener = TcpListener::bind(format!("127.0.0.1:{number}")).await.expect("free again");
    let mut call = within("a call", async { tokio::time::timeout(Duration::from_secs(10), called(&listener)).await })
        .await
        .expect("in time");
    let connect = next(&mut call).await;
    assert_eq!((&connect["https"], &connect["port"]), (&json!(true), &json!(cirrus.at("https").port())));
}

// ── every key ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Every key of protocol.md §6, a value, and a line of the file that says the same in our words; none for keys whose
/// effect is a warning, or nothing.
const TABLE: &[(&str, &str, Option<&str>)] = &[
    ("UseFrontend", "true", None),
    ("UseMatchmaker", "true", Some("matchmaker = \"127.0.0.1:9999\"")),
    ("UseHTTPS", "true", Some("tls = true")),
    ("HTTPSCertFile", "c.pem", Some("cert = \"c.pem\"")),
    ("HTTPSKeyFile", "k.pem", Some("key = \"k.pem\"")),
    ("LogToFile", "true", Some("log-folder = \"logs\"")),
    ("LogVerbose", "false", Some("console-messages = \"basic\"")),
    ("HomepageFile", "a.html", Some("homepage = \"a.html\"")),
    ("AdditionalRoutes", r#"{"/a":"html"}"#, Some("routes = \"/a=html\"")),
    ("EnableWebserver", "false", Some("pages = false")),
    ("MatchmakerAddress", "mm.example", Some("matchmaker = \"mm.example:9999\"")),
    ("MatchmakerPort", "9", Some("matchmaker = \"127.0.0.1:9\"")),
    ("MatchmakerRetryInterval", "7", Some("matchmaker-retry = \"7s\"")),
    ("PublicIp", "play.example", Some("public-address = \"play.example\"")),
    ("HttpPort", "4", Some("address = \"[::]:4\"\nlegacy = \"player\"")),
    ("HttpsPort", "5", Some("address = \"[::]:5\"\nlegacy = \"player\"\npages = true\ntls = true")),
    ("StreamerPort", "6", Some("address = \"[::]:6\"\nlegacy = \"streamer\"")),
    ("SFUPort", "7", Some("address = \"[::]:7\"\nlegacy = \"sfu\"")),
    ("MaxPlayerCount", "8", Some("max-players = 8")),
    ("DisableSSLCert", "false", None),
    ("peerConnectionOptions", r#"{"a":1}"#, Some(r#"peer-options = '{"a":1}'"#)),
];

/// What makes the other keys show.
fn around(name: &str) -> Value {
    let (https, pages) = (name != "LogToFile", name != "EnableWebserver");
    json!({"UseHTTPS": https, "UseMatchmaker": true, "EnableWebserver": pages, "LogToFile": false,
           "HTTPSCertFile": "C", "HTTPSKeyFile": "K", "Dialect": "standard"})
}

fn printed(start: Start) -> String {
    let over = start.file("html/x", "").arg("--PrintConfig").spawn().over();
    assert_eq!(over.status.code(), Some(0), "{over:?}");
    over.stdout
}

#[test]
fn every_key_from_the_command_line_and_from_the_file() {
    for (name, value, line) in TABLE {
        let shows = |text: &str| line.is_none_or(|line| text.contains(line));
        let flag = format!("--{name}={value}");
        let command = printed(Start::with(["cirrus", &flag]).file("config.json", around(name).to_string()));
        assert!(shows(&command), "{flag}: {line:?} is not in\n{command}");
        let mut file = around(name);
        let meant = serde_json::from_str(value).ok().filter(|value: &Value| !value.is_object());
        for value in meant.into_iter().chain([json!(value)]) {
            file[name] = value;
            let text = printed(Start::with(["cirrus"]).file("config.json", file.to_string()));
            assert!(shows(&text), "{file}: {line:?} is not in\n{text}");
            // The command line wins over the file.
            if name.ends_with("Port") {
                let other = format!("--{name}=4321");
                let text = printed(Start::with(["cirrus", &other]).file("config.json", file.to_string()));
                assert!(text.contains("4321") && !shows(&text), "{other}\n{text}");
            }
        }
    }
}

#[test]
fn the_dialect_is_that_of_the_last_cirrus_unless_told_otherwise() {
    for (args, expected) in [(&["cirrus"][..], "cirrus-5.4"), (&["cirrus", "--dialect", "wilbur"], "wilbur")] {
        let start = Start::with(args.iter().copied().chain(["--PrintConfig"])).spawn().over();
        let said = format!("{}{}", start.stdout, start.stderr);
        assert!(said.contains(expected), "{said}");
    }
    let none = Start::with(["cirrus", DIALECT, "--MaxPlayerCount=0"]).spawn().over();
    assert_eq!(none.status.code(), Some(64), "{none:?}");
    assert!(none.stderr.contains("MaxPlayerCount: \"0\" is no number of players"), "{none:?}");
}
