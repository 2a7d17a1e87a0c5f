//! How long a player may stay, and what it may hold of the memory of all.

use std::time::Duration;

use super::{Gateway, Peer, after, settle};
use crate::metrics::Limit;
use crate::session::Stay;
use crate::wire::{Close, CloseCode, Role};

const SUBSCRIBE: &str = r#"{"type":"subscribe","streamerId":"Foo"}"#;

fn closed(words: &'static str) -> Option<Close> {
    Some(Close::new(CloseCode::POLICY, words))
}

fn unsubscribed(seconds: u64) -> Gateway {
    Gateway::with_stay(Stay { unsubscribed: Some(Duration::from_secs(seconds)), ..Stay::default() })
}

#[tokio::test(start_paused = true)]
async fn a_player_that_subscribes_to_nobody_is_closed_in_time() {
    let gateway = unsubscribed(60);
    let player = gateway.connect(Role::Player);
    for _ in 0..59 {
        player.says(r#"{"type":"listStreamers"}"#);
        after(1.0).await;
    }
    assert_eq!(player.closed(), None);
    after(1.1).await;
    assert_eq!(player.closed(), closed("no subscription for 1m"));
    assert_eq!(gateway.reached(Limit::Unsubscribed), 1);
    assert_eq!(gateway.router.session_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_subscribed_player_stays_and_its_time_begins_when_it_unsubscribes() {
    let gateway = unsubscribed(60);
    let _streamer = gateway.streamer().await;
    let player = gateway.player().await;
    after(150.0).await;
    player.says(r#"{"type":"unsubscribe"}"#);
    after(59.0).await;
    assert_eq!(player.closed(), None);
    after(2.0).await;
    assert_eq!(player.closed(), closed("no subscription for 1m"));
}

#[tokio::test(start_paused = true)]
async fn a_player_that_comes_back_in_time_stays() {
    let gateway = unsubscribed(60);
    let _streamer = gateway.streamer().await;
    let player = gateway.player().await;
    for _ in 0..10 {
        player.says(r#"{"type":"unsubscribe"}"#);
        after(50.0).await;
        player.says(SUBSCRIBE);
        after(50.0).await;
    }
    assert_eq!(player.closed(), None);
}

#[tokio::test(start_paused = true)]
async fn a_player_that_says_nothing_is_idle_whatever_it_hears() {
    let gateway = Gateway::with_stay(Stay { idle: Some(Duration::from_secs(60)), ..Stay::default() });
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    for _ in 0..5 {
        after(50.0).await;
        player.says(r#"{"type":"stats"}"#);
    }
    for _ in 0..5 {
        after(11.0).await;
        player.says(r#"{"type":"ping","time":1}"#);
        player.says(r#"{"type":"pong","time":1}"#);
        player.comes(Ok(crate::transport::Incoming::Life));
        streamer.says(r#"{"type":"iceCandidate","playerId":"Player0"}"#);
        settle().await;
        assert_eq!(player.closed(), None);
    }
    after(5.1).await;
    assert_eq!(player.closed(), closed("nothing said for 1m"));
    assert_eq!(gateway.reached(Limit::Idle), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_in_any_case_when_its_time_is_over() {
    let gateway = Gateway::with_stay(Stay { session: Some(Duration::from_secs(3_600)), ..Stay::default() });
    let _streamer = gateway.streamer().await;
    let player = gateway.player().await;
    for _ in 0..359 {
        after(10.0).await;
        player.says(r#"{"type":"iceCandidate"}"#);
    }
    settle().await;
    assert_eq!(player.closed(), None);
    after(10.1).await;
    assert_eq!(player.closed(), closed("the session has lasted its 1h"));
    assert_eq!(gateway.reached(Limit::MaxSession), 1);
}

#[tokio::test(start_paused = true)]
async fn publishers_wait_as_long_as_they_like() {
    let short = Some(Duration::from_secs(1));
    let gateway = Gateway::with_stay(Stay { unsubscribed: short, idle: short, session: short });
    let peers = [Role::Streamer, Role::Sfu].map(|role| gateway.connect(role));
    after(100.0).await;
    assert!(peers.iter().all(|peer| peer.closed().is_none()));
}

/// What a message that is not whole yet holds above its free share is counted, and given back.
#[tokio::test(start_paused = true)]
async fn pieces_are_counted_until_they_are_whole_or_gone() {
    let gateway = Gateway::new();
    let buffered = || gateway.router.metrics().buffered().get();
    let players = [0; 3].map(|_| gateway.connect(Role::Player));
    settle().await;
    let holds = |player: &Peer, bytes| {
        player.script().bytes_held = bytes;
        player.comes(Ok(crate::transport::Incoming::Life));
    };
    holds(&players[0], 100_000);
    holds(&players[1], crate::limits::FREE);
    settle().await;
    assert_eq!(buffered(), 100_000 - crate::limits::FREE as i64);

    gateway.router.memory().set_most(Some(80_000));
    holds(&players[1], crate::limits::FREE);
    holds(&players[2], crate::limits::FREE + 1);
    settle().await;
    assert_eq!(players[2].closed(), Some(Close::new(CloseCode::TRY_AGAIN, "the gateway is overloaded")));
    assert_eq!((players[0].closed(), players[1].closed()), (None, None));
    assert_eq!(gateway.reached(Limit::Memory), 1);

    holds(&players[0], 0);
    settle().await;
    assert_eq!(buffered(), 0);
    holds(&players[1], 200_000);
    settle().await;
    assert_eq!(buffered(), 200_000 - crate::limits::FREE as i64);
    players[1].comes(Err(crate::transport::Ended::Lost(String::new())));
    settle().await;
    assert_eq!((buffered(), gateway.router.session_count()), (0, 1));
}
