//! What goes out: in order, in batches.

use super::{Gateway, settle};
use crate::wire::Role;

/// 10,000 relayed messages arrive in order, with far fewer flushes than messages.
#[tokio::test(start_paused = true)]
async fn ten_thousand_messages_keep_their_order() {
    const MANY: usize = 10_000;
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    streamer.heard();
    let before = streamer.script().flushes;
    for n in 0..MANY {
        player.says(format!(r#"{{"type":"iceCandidate","n":{n}}}"#));
    }
    settle().await;
    let heard = streamer.heard();
    assert_eq!(heard.len(), MANY);
    for (n, text) in heard.iter().enumerate() {
        assert_eq!(*text, format!(r#"{{"type":"iceCandidate","n":{n},"playerId":"Player0"}}"#));
    }
    let flushes = streamer.script().flushes - before;
    assert!((MANY / 32..MANY / 8).contains(&flushes), "{flushes} flushes");
}

/// A batch ends at about 16 KiB, so that large messages do not wait for each other.
#[tokio::test(start_paused = true)]
async fn large_messages_make_small_batches() {
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    streamer.heard();
    let before = streamer.script().flushes;
    let padding = "x".repeat(20_000);
    for _ in 0..30 {
        player.says(format!(r#"{{"type":"offer","sdp":"{padding}"}}"#));
    }
    settle().await;
    assert_eq!(streamer.heard().len(), 30);
    assert_eq!(streamer.script().flushes - before, 30);
}

/// What is addressed to players of every form is spliced by the receiver's own task.
#[tokio::test(start_paused = true)]
async fn the_player_id_is_taken_out_for_those_who_must_not_see_it() {
    use crate::hub::Dialect;
    let gateway = Gateway::new();
    let streamer = gateway.streamer().await;
    let player = gateway.connect_as(Role::Player, Dialect::WILBUR_5_5, |_| ());
    player.says(r#"{"type":"subscribe","streamerId":"Foo"}"#);
    settle().await;
    player.heard();
    streamer.says(r#"{"playerId":"Player0","type":"offer","sdp":"x"}"#);
    settle().await;
    assert_eq!(player.heard(), [r#"{"type":"offer","sdp":"x"}"#]);
}

/// A session with much to read and much to write does both by turns.
#[tokio::test(start_paused = true)]
async fn reads_and_writes_take_turns() {
    let gateway = Gateway::new();
    let player = gateway.connect(Role::Player);
    settle().await;
    player.heard();
    for n in 0..5_000 {
        player.says(format!(r#"{{"type":"ping","time":{n}}}"#));
    }
    settle().await;
    let pongs: Vec<String> = (0..5_000).map(|n| format!(r#"{{"type":"pong","time":{n}}}"#)).collect();
    assert_eq!(player.heard(), pongs);
}
