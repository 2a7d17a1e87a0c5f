//! How a session ends: once, for one reason, and the others learn of it at once (protocol.md §5.5).

use std::time::Duration;

use super::{Gateway, Script, after, settle};
use crate::hub::Dialect;
use crate::session::By;
use crate::transport::Ended;
use crate::wire::{Close, CloseCode, Role};

/// A peer that closes, is lost, or breaks its transport's rules: each is reported as what it was, and answered, told or
/// not.
#[tokio::test(start_paused = true)]
async fn each_end_is_reported_as_what_it_was() {
    let too_big = Close::new(CloseCode::TOO_BIG, "too big");
    let going = Close::new(CloseCode::GOING_AWAY, "bye");
    for (ended, by, reported, told) in [
        (Ended::ByPeer(going.clone()), By::Peer, going.clone(), Some(going)),
        (Ended::Violation(too_big.clone()), By::Gateway, too_big.clone(), Some(too_big)),
        (Ended::Lost("reset".into()), By::Loss, Close::new(CloseCode::ABNORMAL, "reset"), None),
        (Ended::TimedOut, By::Loss, Close::new(CloseCode::DEAD, "no sign of life"), None),
    ] {
        let mut gateway = Gateway::new();
        let streamer = gateway.streamer().await;
        let player = gateway.player().await;
        streamer.heard();
        after(2.0).await;
        player.says(r#"{"type":"ping"}"#);
        player.comes(Err(ended));
        settle().await;
        assert_eq!(player.closed(), told);
        assert_eq!(streamer.heard(), [r#"{"type":"playerDisconnected","playerId":"Player0"}"#]);
        let report = gateway.reports.try_recv().unwrap();
        assert_eq!((report.by, &report.close, report.role), (by, &reported, Role::Player));
        assert_eq!(report.player_id.unwrap().as_str(), "Player0");
        assert_eq!(report.traffic.received, 2);
        assert!((2.0..2.1).contains(&report.lasted.as_secs_f64()));
        assert!(gateway.reports.try_recv().is_err());
    }
}

/// What is queued is sent before the close.
#[tokio::test(start_paused = true)]
async fn what_is_queued_comes_before_the_close() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    for _ in 0..100 {
        streamer.says(r#"{"type":"offer","playerId":"Player0"}"#);
    }
    streamer.says(r#"{"type":"disconnectPlayer","playerId":"Player0","reason":"out"}"#);
    settle().await;
    assert_eq!(player.heard().len(), 100);
    assert_eq!(player.closed(), Some(Close::new(CloseCode::DISCONNECTED, "out")));
}

/// One who takes nothing is ended after its time for what it was to be ended for, when there is something.
#[tokio::test(start_paused = true)]
async fn a_close_that_cannot_be_sent_keeps_its_code() {
    let mut gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    player.stops_taking();
    // One is on the way, the other is not.
    (0..2).for_each(|_| streamer.says(r#"{"type":"offer","playerId":"Player0"}"#));
    streamer.says(r#"{"type":"disconnectPlayer","playerId":"Player0","reason":"out"}"#);
    after(9.9).await;
    assert_eq!(player.closed(), None);
    after(0.2).await;
    let out = Close::new(CloseCode::DISCONNECTED, "out");
    assert_eq!(player.closed(), Some(out.clone()));
    assert_eq!(gateway.reports.try_recv().unwrap().close, out);
}

/// What a peer is told last goes out with the close, in one go.
#[tokio::test(start_paused = true)]
async fn the_last_words_go_out_with_the_close() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    streamer.comes(Err(Ended::Lost("reset".into())));
    settle().await;
    assert_eq!(player.heard(), [r#"{"type":"streamerDisconnected"}"#]);
    assert_eq!(player.closed(), Some(Close::EMPTY));
    assert_eq!(player.script().with_close, 1);
}

/// Whoever takes its last words late has the time for them that it has for any others.
#[tokio::test(start_paused = true)]
async fn last_words_wait_for_a_slow_peer() {
    for (seconds, hears) in [(9.8, true), (10.2, false)] {
        let gateway = Gateway::new();
        let streamer = gateway.streamer().await;
        let player = gateway.player().await;
        player.stops_taking();
        streamer.comes(Err(Ended::Lost("reset".into())));
        after(seconds).await;
        assert_eq!(player.is_over(), !hears, "{seconds}");
        player.takes_again();
        settle().await;
        assert_eq!(player.heard().len(), usize::from(hears), "{seconds}");
        assert!(player.is_over());
    }
}

/// The others learn of an end before the closing handshake, which may take as long as the peer likes, up to a bound.
#[tokio::test(start_paused = true)]
async fn a_closing_handshake_holds_nobody_up() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player =
        gateway.connect_as(Role::Player, Dialect::STANDARD, |script: &mut Script| script.answers_close = false);
    player.says(r#"{"type":"subscribe","streamerId":"Foo"}"#);
    settle().await;
    streamer.heard();
    streamer.says(r#"{"type":"disconnectPlayer","playerId":"Player0"}"#);
    settle().await;
    assert_eq!(streamer.heard(), [r#"{"type":"playerDisconnected","playerId":"Player0"}"#]);
    assert_eq!(gateway.router.session_count(), 1);
    assert!(!player.is_over());
    after(1.6).await;
    assert!(player.is_over());
}

/// A task that is stopped from outside is a departure too.
#[tokio::test(start_paused = true)]
async fn a_task_that_is_stopped_is_a_departure() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    streamer.heard();
    player.task.abort();
    settle().await;
    assert_eq!(streamer.heard(), [r#"{"type":"playerDisconnected","playerId":"Player0"}"#]);
}

/// protocol.md §5.5: a drained session hears what waits for it and 1012, and ends without being asked twice.
#[tokio::test(start_paused = true)]
async fn a_drained_session_ends() {
    let mut gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    for role in [Role::Player, Role::Streamer] {
        for session in gateway.router.sessions_of(role) {
            gateway.router.drain(session);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(player.closed().unwrap().code, CloseCode::RESTARTING);
    assert_eq!(streamer.closed().unwrap().code, CloseCode::RESTARTING);
    assert_eq!(gateway.reports.try_recv().unwrap().role, Role::Player);
    assert_eq!(gateway.reports.try_recv().unwrap().role, Role::Streamer);
}
