//! What the log says of a session, and what it never says: SDP, candidates, tokens and credentials.
#![cfg(unix)]

mod support;

use pixelgate::client::{Client, Options};
use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};
use support::binary::{Announced, Start};
use support::{Peer, get, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Every secret of these tests begins with this.
const SECRET: &str = "HUSH";

/// What stands in every description and candidate.
const TELLING: [&str; 5] = ["ice-pwd", "ice-ufrag", "fingerprint:sha-256", "typ host", "candidate:"];

const OPTIONS: &str =
    r#"{"iceServers":[{"urls":["turn:turn.example"],"username":"HUSH-user","credential":"HUSH-credential"}]}"#;

/// Over what, each way of showing a token; `{}` stands for the role.
fn addresses(announced: &Announced) -> [String; 4] {
    let Announced { http, https, quic, .. } = announced;
    [
        format!("ws://{http}/{{}}?token=HUSH-ws-token"),
        format!("wss://{https}/{{}}?token=HUSH-wss-token"),
        format!("https://{quic}/{{}}?token=HUSH-webtransport-token"),
        format!("quic://{quic}/{{}}?token=HUSH-quic-token"),
    ]
}

fn sdp(side: &str) -> String {
    format!("v=0\r\na=ice-ufrag:{SECRET}-{side}\r\na=ice-pwd:{SECRET}-{side}-pwd\r\na=fingerprint:sha-256 {SECRET}\r\n")
}

fn candidate(side: &str) -> Value {
    let text = format!("candidate:1 1 udp 1 {SECRET}-{side}.local 9 typ host");
    json!({"type": "iceCandidate", "candidate": {"candidate": text, "sdpMid": "0", "sdpMLineIndex": 0}})
}

fn with_id(mut message: Value, id: &str) -> Value {
    message["playerId"] = id.into();
    message
}

/// A streamer and a player that find each other, and say what they should not too. Returns how many sessions there were.
async fn play(announced: &Announced, address: &str) -> usize {
    let subprotocols = vec!["pixelstream".to_owned(), "bearer.HUSH-subprotocol".to_owned()];
    let options = Options { token: Some("HUSH-token".to_owned()), subprotocols, ..announced.options() };
    let client = Client::new(options).expect("the options are good");
    let url = |role: &str| address.replace("{}", role);
    let mut streamer = Peer::connect(&client, &url("streamer"), Role::Streamer).await;
    streamer.identifies("Stage").await;
    let mut player = Peer::connect(&client, &url("player"), Role::Player).await;
    let config = player.hears("config").await;
    assert!(config.to_string().contains("HUSH-credential"), "the secret is one: {config}");
    let id = player.watches(&mut streamer, "Stage").await;

    streamer.says(json!({"type": "offer", "sdp": sdp("streamer"), "playerId": id})).await;
    player.hears("offer").await;
    player.says(json!({"type": "answer", "sdp": sdp("player")})).await;
    streamer.hears("answer").await;
    player.says(candidate("player")).await;
    streamer.hears("iceCandidate").await;
    streamer.says(with_id(candidate("streamer"), &id)).await;
    player.hears("iceCandidate").await;

    streamer.says(with_id(candidate("lost"), "Nobody")).await;
    streamer.says(json!({"type": "stats", "data": {"sdp": sdp("stats"), "token": "HUSH-stats"}})).await;
    player.says_text(format!("no JSON, {}", candidate("malformed"))).await;
    player.says(json!({"type": "HUSH-type", "sdp": sdp("unknown")})).await;
    player.says(json!({"type": "config", "peerConnectionOptions": {"credential": "HUSH-config"}})).await;
    player.says(json!({"type": "subscribe", "streamerId": 7, "token": "HUSH-subscribe"})).await;
    player.settles().await;
    streamer.says(json!({"type": "disconnectPlayer", "playerId": id, "reason": "enough seen"})).await;
    player.is_closed(CloseCode::DISCONNECTED).await;
    streamer.leaves().await;

    let mut large = Peer::connect(&client, &url("player"), Role::Player).await;
    large.says_text(format!(r#"{{"type":"answer","sdp":"{}"}}"#, "HUSH".repeat(70_000))).await;
    large.is_closed(CloseCode::TOO_BIG).await;
    3
}

/// What is not let in says its token too.
async fn knock(announced: &Announced, address: &str) {
    let options = Options { token: Some("HUSH-refused".to_owned()), ..announced.options() };
    let client = Client::new(options).expect("the options are good");
    if !address.starts_with("quic:") {
        let url = address.replace("{}", "nobody");
        assert!(within(&url, client.connect(&url)).await.is_err(), "{url}");
    }
}

/// Requests that are none, and ones that break off.
async fn mumble(announced: &Announced) {
    for request in [
        "GET /player?token=HUSH-page HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer HUSH-page\r\n\r\n",
        "GET /player?token=HUSH-version HTTP/9.9\r\n\r\n",
        "GET /?token=HUSH-broken\r\nAuthorization HUSH-header\r\n\r\n",
        "HUSH\r\n\r\n",
    ] {
        for addr in [announced.http, announced.https, announced.streamer, announced.admin] {
            let mut tcp = TcpStream::connect(addr).await.expect("the listener is there");
            tcp.write_all(request.as_bytes()).await.expect("the request is taken");
            let mut answer = Vec::new();
            // It may be reset: how it ends is not what this is about.
            let _ = within("the end of the connection", tcp.read_to_end(&mut answer)).await;
        }
    }
}

/// Everything that a gateway says while all this goes on, and how many sessions there were.
async fn said(filter: &str, format: &str) -> (String, usize) {
    said_with(filter, format, &[]).await
}

/// The same, with more arguments.
async fn said_with(filter: &str, format: &str, more: &[&str]) -> (String, usize) {
    let start = Start::serve().arg("--log").arg(filter).arg("--log-format").arg(format);
    let start = more.iter().fold(start, Start::arg);
    let mut binary = start.arg("--peer-options").arg(OPTIONS).spawn();
    let announced = binary.announced();
    let mut sessions = 0;
    for address in addresses(&announced) {
        sessions += play(&announced, &address).await;
        knock(&announced, &address).await;
    }
    mumble(&announced).await;
    assert!(!get(announced.admin, "/api/config").await.contains(SECRET));
    assert!(!get(announced.admin, "/metrics").await.contains(SECRET));
    binary.signal("TERM");
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("no panic");
    assert!(over.status.success(), "{over:?}");
    (over.stdout + &over.stderr, sessions)
}

fn holds_no_secret(text: &str) {
    for telling in [SECRET].iter().chain(&TELLING) {
        let line = text.lines().find(|line| line.contains(telling));
        assert_eq!(line, None, "{telling:?} was said");
    }
}

#[tokio::test]
async fn at_info_each_session_is_two_lines_without_secrets() {
    let (text, sessions) = said("info", "text").await;
    holds_no_secret(&text);
    for line in ["session opened", "session closed"] {
        assert_eq!(text.lines().filter(|found| found.contains(line)).count(), sessions, "{line} in\n{text}");
    }
    let closed = text.lines().find(|line| line.contains("enough seen")).expect("the player's end");
    for part in [
        " INFO ",
        "session=s2 ",
        "role=player ",
        "by=\"gateway\"",
        "code=1011",
        "reason=\"enough seen\"",
        "seconds=",
        "received=",
        "sent=",
    ] {
        assert!(closed.contains(part), "{part} is not in {closed}");
    }
}

#[tokio::test]
async fn at_debug_there_are_no_secrets() {
    let (text, _) = said("debug", "text").await;
    assert!(text.contains(" DEBUG "), "the level is heard:\n{text}");
    holds_no_secret(&text);
}

/// The libraries are heard too, which know nothing of what they carry.
#[tokio::test]
async fn at_debug_of_everything_there_are_no_secrets() {
    let (text, _) = said("debug,pixelgate=debug", "text").await;
    assert!(text.contains(" DEBUG quinn") || text.contains(" DEBUG rustls"), "the libraries are heard:\n{text}");
    holds_no_secret(&text);
}

#[tokio::test]
async fn machines_read_each_line_as_an_object() {
    let (text, sessions) = said("debug", "json").await;
    holds_no_secret(&text);
    let lines: Vec<Value> = text
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |message: &str| lines.iter().filter(|line| line["message"] == message).collect::<Vec<_>>();
    assert_eq!((of("session opened").len(), of("session closed").len()), (sessions, sessions));
    let closed =
        of("session closed").into_iter().find(|line| line["reason"] == "enough seen").expect("the player's end");
    assert_eq!((&closed["level"], &closed["session"], &closed["code"]), (&json!("INFO"), &json!("s2"), &json!(1011)));
    // answer, candidate, four that went nowhere, ping, subscribe.
    assert_eq!(closed["received"], 8, "{closed}");
    assert!(closed["sent"].as_u64() >= Some(4) && closed["seconds"].is_number(), "{closed}");
}

/// Whoever writes the summary may write it as often as its rate allows.
#[tokio::test]
async fn a_session_reports_failed_media_once() {
    let mut binary = Start::serve().arg("--log").arg("info").spawn();
    let announced = binary.announced();
    let client = Client::new(announced.options()).expect("the options are good");
    let mut player = Peer::connect(&client, &format!("ws://{}/player", announced.http), Role::Player).await;
    for summary in ["no candidate", "no candidate either"] {
        player.says(json!({"type": "stats", "data": {"media": "failed", "summary": summary}})).await;
    }
    player.settles().await;
    binary.signal("TERM");
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("no panic");
    let said: Vec<_> = over.stderr.lines().filter(|line| line.contains("media failed")).collect();
    assert!(said.len() == 1 && said[0].contains(" WARN ") && said[0].contains("no candidate"), "{}", over.stderr);
}

/// What is asked for to be shown of messages leaves out what is confidential, on the console and in files. A type is a
/// word of the protocol, whoever says it.
#[tokio::test]
async fn shown_messages_hold_no_secrets() {
    for detail in ["basic", "verbose", "formatted"] {
        let folder = tempfile::tempdir().expect("room");
        let in_folder = format!("--log-folder={}", folder.path().display());
        let more = [&format!("--console-messages={detail}"), &in_folder, "--log-file=debug"];
        let (console, _) = said_with("debug", "text", &more).await;
        assert!(console.contains("pixelgate-messages"), "messages are shown:\n{console}");
        let files = std::fs::read_dir(folder.path()).expect("the folder is there");
        let files = files.map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("text"));
        let files: String = files.collect();
        assert!(files.contains("session closed") && !files.contains("pixelgate-messages"), "{files}");
        holds_no_secret(&console.replace("HUSH-type", ""));
        holds_no_secret(&files);
    }
}
