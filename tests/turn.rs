//! TURN credentials in `config`: each session's own, renewed for those that stay, hidden from everybody else.

mod support;

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use data_encoding::BASE64;
use pixelgate::config::cli::{Command, parse};
use pixelgate::config::{Config, Turn};
use pixelgate::hub::Dialect;
use pixelgate::wire::Role;
use serde_json::{Value, json};
use support::{Lab, Peer, Via, get};

const SECRET: &str = "HUSH-of-turn";
const URL: &str = "turn:turn.example:3478?transport=udp";

fn turn(ttl: &str) -> Turn {
    let args = ["pixelgate", "serve", "--turn-urls", URL, "--turn-secret", SECRET, "--turn-ttl", ttl];
    match parse(args, &|_| None) {
        Ok(Command::Serve(start)) => start.config.turn,
        other => panic!("{other:?}"),
    }
}

fn lab(ttl: &'static str) -> Lab {
    Lab::with(|config| config.turn = turn(ttl))
}

/// What a server that knows the secret makes of a session's credentials: when they end, and whose they are.
fn checked(config: &Value, secret: &str) -> (u64, String) {
    let server = &config["peerConnectionOptions"]["iceServers"][0];
    assert_eq!(server["urls"], json!([URL]));
    let name = server["username"].as_str().expect("a name");
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    assert_eq!(server["credential"], BASE64.encode(hmac::sign(&key, name.as_bytes()).as_ref()));
    let (end, session) = name.split_once(':').expect("two parts");
    (end.parse().expect("seconds"), session.to_owned())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

#[tokio::test]
async fn every_session_is_told_its_own() {
    let lab = lab("1h");
    let mut sessions = Vec::new();
    let mut peers = Vec::new();
    for via in Via::ALL {
        for role in Role::ALL {
            let before = now();
            let mut peer = lab.connect(via, role).await;
            let (end, session) = checked(&peer.hears("config").await, SECRET);
            assert!((before + 3600..=now() + 3600).contains(&end), "{role} over {}: {end}", via.name());
            sessions.push(session);
            peers.push(peer);
        }
    }
    let mut ids = sessions.clone();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 12, "{sessions:?}");
}

/// The name carries the id by which logs and reports know the session.
#[tokio::test]
async fn the_name_says_whose_they_are() {
    let mut lab = lab("1h");
    for via in Via::ALL {
        let mut player = lab.connect(via, Role::Player).await;
        let (_, session) = checked(&player.hears("config").await, SECRET);
        player.leaves().await;
        assert_eq!(lab.report().await.session.to_string(), session, "{}", via.name());
    }
}

/// protocol.md §3, `config`: to streamers and SFUs again, at half of their life.
#[tokio::test]
async fn those_that_stay_get_others_in_time() {
    let lab = lab("2s");
    for via in Via::ALL {
        let mut peers = Vec::new();
        for role in [Role::Streamer, Role::Sfu] {
            let mut peer = lab.connect(via, role).await;
            let first = checked(&peer.hears("config").await, SECRET);
            peer.hears("identify").await;
            peers.push((peer, first));
        }
        let mut player = lab.player(via).await;
        for (peer, (end, session)) in &mut peers {
            let (later, same) = checked(&peer.hears("config").await, SECRET);
            assert!(later > *end, "over {}: {later}", via.name());
            assert_eq!(same, *session);
        }
        assert_eq!(player.settles().await, Vec::<Value>::new(), "a player keeps its first");
    }
}

#[tokio::test]
async fn streamers_of_the_reference_server_keep_theirs_for_a_day() {
    let lab = Lab::with(|config| {
        config.turn = turn("2s");
        config.listeners.iter_mut().for_each(|listener| listener.dialect = Dialect::WILBUR);
    });
    let mut streamer = lab.connect(Via::Ws, Role::Streamer).await;
    streamer.hears("identify").await;
    let (end, _) = checked(&streamer.hears("config").await, SECRET);
    assert!(end >= now() + 24 * 60 * 60 - 20, "{end}");
}

#[tokio::test]
async fn later_servers_are_for_later_sessions_and_renewals() {
    let lab = lab("4s");
    let mut streamer = lab.connect(Via::Ws, Role::Streamer).await;
    checked(&streamer.hears("config").await, SECRET);
    streamer.hears("identify").await;
    let mut later = turn("1h");
    later.pools[0].secret = match parse(["pixelgate", "serve", "--turn-secret", "another"], &|_| None) {
        Ok(Command::Serve(start)) => start.config.turn.secret.expect("a secret"),
        other => panic!("{other:?}"),
    };
    lab.gateway().apply(&Config { turn: later, ..Config::for_tests() });
    let mut second = lab.connect(Via::Quic, Role::Streamer).await;
    checked(&second.hears("config").await, "another");
    checked(&streamer.hears("config").await, "another");
}

#[tokio::test]
async fn operators_see_the_servers_without_credentials() {
    let lab = lab("1h");
    let mut player = lab.connect(Via::Ws, Role::Player).await;
    let credential = player.hears("config").await["peerConnectionOptions"]["iceServers"][0]["credential"].clone();
    let admin = lab.gateway().bound().admin.expect("the listener is on");
    let text = get(admin, "/api/config").await;
    let shown: Value = serde_json::from_str(&text).expect("JSON");
    let expected = json!({"iceServers": [{"urls": [URL], "username": "[redacted]", "credential": "[redacted]"}]});
    assert_eq!(shown["config"]["peerOptions"], expected);
    assert_eq!(shown["protocolConfig"]["peerConnectionOptions"], expected);
    assert!(!text.contains(SECRET) && !text.contains(credential.as_str().expect("a text")));
}

/// Sessions that come at the same time have ids of their own, whatever the order in which they come in.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_at_once() {
    const CROWD: usize = 64;
    let lab = lab("1h");
    let url = lab.url(Via::Ws, Role::Streamer);
    let arriving = (0..CROWD).map(|number| {
        let (url, options) = (url.clone(), lab.options());
        tokio::spawn(async move {
            let client = pixelgate::client::Client::new(options).expect("the options are good");
            let mut streamer = Peer::connect(&client, &url, Role::Streamer).await;
            let (_, session) = checked(&streamer.hears("config").await, SECRET);
            streamer.hears("identify").await;
            streamer.says(json!({"type": "endpointId", "id": format!("S{number}")})).await;
            streamer.hears("endpointIdConfirm").await;
            (session, streamer)
        })
    });
    let arriving: Vec<_> = arriving.collect();
    let mut crowd = Vec::new();
    for peer in arriving {
        crowd.push(peer.await.expect("no panic"));
    }
    let sessions: std::collections::BTreeSet<_> = crowd.iter().map(|(session, _)| session).collect();
    assert_eq!(sessions.len(), CROWD);
    assert_eq!(lab.streamers().len(), CROWD);
    drop(crowd);
    lab.until("an empty hub", |lab| lab.gateway().router().session_count() == 0).await;
}
