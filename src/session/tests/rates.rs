//! How much a session may say (design.md §2, protocol.md §5.7).

use std::time::Duration;

use super::{Gateway, after, settle};
use crate::limits::Rate;
use crate::metrics::Limit;
use crate::session::{Allowance, Rates};
use crate::transport::Incoming;
use crate::wire::{Close, CloseCode, DropReason, Role};

const SLOW: Rates = Rates {
    player: Allowance { messages: Rate { per_second: 100.0, burst: 50.0 }, bytes: Rate::UNLIMITED },
    publisher: Allowance { messages: Rate { per_second: 500.0, burst: 500.0 }, bytes: Rate::UNLIMITED },
    changes: Rate::UNLIMITED,
    patience: Duration::from_secs(5),
};

const BYTES: Rates = Rates {
    player: Allowance { messages: Rate::UNLIMITED, bytes: Rate { per_second: 10_000.0, burst: 40_000.0 } },
    ..SLOW
};

const CHANGES: Rates = Rates { changes: Rate { per_second: 10.0, burst: 20.0 }, ..FREE };

/// Messages and bytes without end.
const FREE: Rates = Rates { player: ANY, publisher: ANY, ..SLOW };
const ANY: Allowance = Allowance { messages: Rate::UNLIMITED, bytes: Rate::UNLIMITED };

const STATS: &str = r#"{"type":"stats"}"#;

/// A flooding player is slowed to its rate, and after `patience` without a break it is closed 1008.
#[tokio::test(start_paused = true)]
async fn a_flood_is_slowed_and_then_closed() {
    let gateway = Gateway::with_rates(SLOW);
    let player = gateway.connect(Role::Player);
    settle().await;
    player.floods(STATS);
    for second in 1..=4_u32 {
        after(1.0).await;
        let (reads, allowed) = (f64::from(u32::try_from(player.reads()).unwrap()), 50.0 + 100.0 * f64::from(second));
        assert!((allowed - 5.0..=allowed + 5.0).contains(&reads), "{reads} of {allowed}");
    }
    after(0.9).await;
    assert_eq!(player.closed(), None);
    after(1.0).await;
    let close = player.closed().expect("its patience is over");
    assert_eq!(close.code, CloseCode::POLICY);
    assert_eq!(close.reason, "more messages than allowed for 5 s without a break");
    assert!(player.is_over());
    assert_eq!(gateway.router.session_count(), 0);
}

/// Pings and pongs of the transport are messages to the rate: they cost as much.
#[tokio::test(start_paused = true)]
async fn a_flood_of_control_frames_is_slowed_and_then_closed() {
    let gateway = Gateway::with_rates(SLOW);
    let player = gateway.connect(Role::Player);
    settle().await;
    for _ in 0..10_000 {
        player.comes(Ok(Incoming::Life));
    }
    after(1.0).await;
    assert!((145..=155).contains(&player.reads()), "{}", player.reads());
    after(5.0).await;
    assert_eq!(player.closed().unwrap().code, CloseCode::POLICY);
}

/// A player within its rate is never slowed, however long it goes on.
#[tokio::test(start_paused = true)]
async fn within_the_rate_nothing_is_slowed() {
    let gateway = Gateway::with_rates(SLOW);
    let player = gateway.connect(Role::Player);
    for n in 1..=2_000 {
        player.says(STATS);
        after(0.0101).await;
        assert_eq!(player.reads(), n);
    }
    assert_eq!(player.closed(), None);
}

/// A burst is taken at once, up to its bound.
#[tokio::test(start_paused = true)]
async fn a_burst_is_taken_at_once() {
    let gateway = Gateway::with_rates(SLOW);
    let player = gateway.connect(Role::Player);
    for _ in 0..60 {
        player.says(STATS);
    }
    settle().await;
    assert_eq!(player.reads(), 50);
    after(0.2).await;
    assert_eq!(player.reads(), 60);
}

/// A break ends the patience's count.
#[tokio::test(start_paused = true)]
async fn a_break_begins_the_patience_anew() {
    let gateway = Gateway::with_rates(SLOW);
    let player = gateway.connect(Role::Player);
    settle().await;
    for _ in 0..5 {
        player.floods(STATS);
        after(4.0).await;
        player.script().flood = None;
        after(1.0).await;
        assert_eq!(player.closed(), None);
    }
}

/// Time in which the sender waits for somebody else's room is not its doing: here one that may send 1,000 a second is
/// let through with 256.
#[tokio::test(start_paused = true)]
async fn waiting_for_room_is_not_flooding() {
    let gateway = Gateway::with_rates(Rates {
        player: Allowance { messages: Rate { per_second: 1_000.0, burst: 50.0 }, bytes: Rate::UNLIMITED },
        ..SLOW
    });
    let streamer = gateway.streamer().await;
    let player = gateway.player().await;
    streamer.heard();
    streamer.stops_taking();
    player.floods(r#"{"type":"iceCandidate"}"#);
    for _ in 0..20 {
        let before = player.reads();
        after(4.0).await;
        assert_eq!(player.closed(), None);
        assert!(player.reads() - before < 1_200, "it was blocked");
        streamer.takes_again();
        settle().await;
        streamer.stops_taking();
    }
}

/// A streamer's rate grows with its audience.
#[tokio::test(start_paused = true)]
async fn a_streamers_rate_grows_with_its_audience() {
    for players in [0_u32, 10] {
        let gateway = Gateway::with_rates(SLOW);
        let streamer = gateway.streamer().await;
        let mut audience = Vec::new();
        for _ in 0..players {
            audience.push(gateway.player().await);
        }
        after(10.0).await;
        streamer.floods(STATS);
        after(2.0).await;
        let before = streamer.reads();
        after(1.0).await;
        let (rate, allowed) = (streamer.reads() - before, 500 + 100 * players as usize);
        assert!(rate.abs_diff(allowed) < allowed / 20, "{rate} of {allowed}");
    }
}

/// Bytes are slowed like messages: what comes above the burst comes at the rate, a message that is longer than what is
/// left included, and the patience is the same.
#[tokio::test(start_paused = true)]
async fn bytes_are_slowed_like_messages() {
    let gateway = Gateway::with_rates(BYTES);
    let player = gateway.connect(Role::Player);
    settle().await;
    let long = format!(r#"{{"type":"stats","data":"{}"}}"#, "x".repeat(15_000 - 26));
    assert_eq!(long.len(), 15_000);
    player.floods(&long);
    after(0.1).await;
    // A sign of life, then 40,000 bytes and the message that goes beyond.
    assert_eq!(player.reads(), 1 + 3);
    assert_eq!(gateway.reached(Limit::ByteRate), 1);
    after(4.8).await;
    assert!((6..=7).contains(&player.reads()), "{}", player.reads());
    assert_eq!(player.closed(), None);
    after(2.0).await;
    let words = "more bytes than allowed for 5 s without a break";
    assert_eq!(player.closed(), Some(Close::new(CloseCode::POLICY, words)));
    assert_eq!((gateway.reached(Limit::ByteRate), gateway.reached(Limit::MessageRate)), (1, 0));
}

/// Subscribing and unsubscribing, and names: each costs others something.
#[tokio::test(start_paused = true)]
async fn changes_are_slowed_like_messages() {
    for (role, text) in [
        (Role::Player, r#"{"type":"subscribe","streamerId":"Foo"}"#),
        (Role::Player, r#"{"type":"unsubscribe"}"#),
        (Role::Sfu, r#"{"type":"subscribe","streamerId":"Foo"}"#),
        (Role::Streamer, r#"{"type":"endpointId","id":"Bar"}"#),
    ] {
        let gateway = Gateway::with_rates(CHANGES);
        let peer = gateway.connect(role);
        settle().await;
        for _ in 0..100 {
            peer.says(STATS);
        }
        settle().await;
        assert_eq!(peer.reads(), 100, "others are no changes");
        peer.floods(text);
        after(1.0).await;
        assert!((130..=132).contains(&peer.reads()), "{role} {}", peer.reads());
        after(3.0).await;
        assert_eq!(peer.closed(), None);
        after(2.0).await;
        let words = "more subscriptions than allowed for 5 s without a break";
        assert_eq!(peer.closed(), Some(Close::new(CloseCode::POLICY, words)));
        assert_eq!(gateway.reached(Limit::SubscriptionRate), 1);
    }
}

/// `--limits off`: no rate at all.
#[tokio::test(start_paused = true)]
async fn limits_can_be_off() {
    let gateway = Gateway::new();
    let player = gateway.connect(Role::Player);
    for _ in 0..10_000 {
        player.says(STATS);
    }
    settle().await;
    assert_eq!(player.reads(), 10_000);
}

/// protocol.md §5.7: lists come in a burst of 5 and then one a second; what is asked in between is folded into one.
#[tokio::test(start_paused = true)]
async fn lists_come_five_at_once_and_then_one_a_second() {
    let gateway = Gateway::new();
    let player = gateway.connect(Role::Player);
    settle().await;
    player.heard();
    for _ in 0..20 {
        player.says(r#"{"type":"listStreamers"}"#);
    }
    settle().await;
    assert_eq!(player.heard(), vec![r#"{"type":"streamerList","ids":[]}"#; 5]);
    assert_eq!(gateway.drops(DropReason::Coalesced), 14);
    let _streamer = gateway.streamer().await;
    after(0.98).await;
    assert_eq!(player.heard(), [""; 0]);
    after(0.05).await;
    assert_eq!(player.heard(), [r#"{"type":"streamerList","ids":["Foo"]}"#]);
    after(10.0).await;
    assert_eq!(player.heard(), [""; 0]);
    for _ in 0..6 {
        player.says(r#"{"type":"listStreamers"}"#);
    }
    settle().await;
    assert_eq!(player.heard().len(), 5);
    after(1.1).await;
    assert_eq!(player.heard().len(), 1);
}

/// The same for somebody who asks four times a second, for a long time: one a second.
#[tokio::test(start_paused = true)]
async fn lists_come_once_a_second_in_the_long_run() {
    let gateway = Gateway::new();
    let player = gateway.connect(Role::Player);
    settle().await;
    for _ in 0..400 {
        player.says(r#"{"type":"listStreamers"}"#);
        after(0.25).await;
    }
    let lists = player.heard().iter().filter(|heard| heard.contains("streamerList")).count();
    assert!((100..=106).contains(&lists), "{lists}");
}
