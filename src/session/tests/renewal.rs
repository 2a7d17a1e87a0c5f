//! `config` again before its TURN credentials end (protocol.md §3).

use serde_json::Value;

use super::scripted::{Gateway, Peer, after, settle};
use crate::config::Turn;
use crate::config::cli::{Command, parse};
use crate::hub::Dialect;
use crate::wire::Role;

fn turn(ttl: &str) -> Turn {
    let written = ["pixelgate", "serve", "--turn-urls", "turn:a.example", "--turn-secret", "north", "--turn-ttl", ttl];
    match parse(written, &|_| None) {
        Ok(Command::Serve(start)) => start.config.turn,
        other => panic!("{other:?}"),
    }
}

fn gateway(ttl: &str) -> Gateway {
    let gateway = Gateway::new();
    gateway.greetings.change("{}", &turn(ttl));
    gateway
}

/// The `config` messages among what it has heard, as their options.
fn configs(peer: &Peer) -> Vec<Value> {
    let heard = peer.heard().into_iter().map(|text| serde_json::from_str::<Value>(&text).expect("JSON"));
    heard
        .filter(|message| message["type"] == "config")
        .map(|mut config| config["peerConnectionOptions"].take())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn streamers_and_sfus_get_others_at_half_of_their_life() {
    let gateway = gateway("100s");
    for role in [Role::Streamer, Role::Sfu] {
        let peer = gateway.connect(role);
        settle().await;
        let first = configs(&peer);
        assert_eq!(first.len(), 1, "{role}");
        after(49.9).await;
        assert_eq!(configs(&peer).len(), 0, "{role}: not before");
        after(0.1).await;
        let second = configs(&peer);
        assert_eq!(second.len(), 1, "{role}");
        let session = |options: &Value| {
            let name = options["iceServers"][0]["username"].as_str().expect("a name");
            name.split_once(':').expect("two parts").1.to_owned()
        };
        assert_eq!(session(&second[0]), session(&first[0]), "{role}: the session is the same");
        after(100.5).await;
        assert_eq!(configs(&peer).len(), 2, "{role}: again and again");
    }
}

#[tokio::test(start_paused = true)]
async fn players_keep_their_first() {
    let gateway = gateway("100s");
    let peer = gateway.connect(Role::Player);
    settle().await;
    assert_eq!(configs(&peer).len(), 1);
    after(500.0).await;
    assert_eq!(configs(&peer).len(), 0);
}

/// Neither do they expect another, nor do SFUs that were never told one.
#[tokio::test(start_paused = true)]
async fn dialects_that_do_not_know_it_are_spared() {
    let gateway = gateway("100s");
    for (role, dialect) in [
        (Role::Streamer, Dialect::WILBUR),
        (Role::Sfu, Dialect::WILBUR),
        (Role::Streamer, Dialect::WILBUR_5_5),
        (Role::Sfu, Dialect::CIRRUS_5_4),
    ] {
        let peer = gateway.connect_as(role, dialect, |_| ());
        settle().await;
        peer.heard();
        after(500.0).await;
        assert_eq!(configs(&peer).len(), 0, "{role} in {}", dialect.name);
    }
    let peer = gateway.connect_as(Role::Streamer, Dialect::CIRRUS_5_4, |_| ());
    settle().await;
    peer.heard();
    after(50.0).await;
    assert_eq!(configs(&peer).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_renewed_is_what_holds_by_then() {
    let gateway = gateway("100s");
    let peer = gateway.connect(Role::Streamer);
    let later = turn("10s");
    settle().await;
    peer.heard();
    gateway.greetings.change(r#"{"later":true}"#, &later);
    after(50.0).await;
    let renewed = configs(&peer);
    assert_eq!((renewed.len(), &renewed[0]["later"]), (1, &Value::Bool(true)));
    after(5.0).await;
    assert_eq!(configs(&peer).len(), 1, "at half of the new life");
    gateway.greetings.change(r#"{"later":false}"#, &Turn::default());
    after(5.0).await;
    assert_eq!(configs(&peer), [serde_json::json!({"later": false})], "the last");
    after(500.0).await;
    assert_eq!(configs(&peer).len(), 0);
}
