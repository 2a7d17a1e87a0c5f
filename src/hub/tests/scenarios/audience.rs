//! Subscriptions of players (protocol.md §5.2).

use super::{MODERN, NOTHING, World};
use crate::hub::{Dialect, Settings};
use crate::wire::{DropReason, Role};

fn full_at(max_players: u32) -> World {
    World::with(Dialect::STANDARD, Settings { max_players: Some(max_players), ..Settings::default() })
}

/// §5.2, §3: playerConnected on subscribe, playerDisconnected on unsubscribe; the session stays.
#[test]
fn subscribe_and_unsubscribe() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.player("P");
    w.forget();
    w.the("P").subscribes("Foo");
    assert_eq!(w.heard("S"), ["playerConnected Player0"]);
    w.the("P").unsubscribes();
    assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
    w.the("P").subscribes("Foo");
    assert_eq!(w.heard("S"), ["playerConnected Player0"]);
    w.assert_silence();
    w.ends_empty();
}

/// §3, `unsubscribe`: "nothing when not subscribed".
#[test]
fn unsubscribing_from_nothing_is_nothing() {
    let mut w = World::standard();
    w.player("P");
    w.forget();
    w.the("P").unsubscribes();
    w.assert_silence();
}

/// §5.2: "an existing subscription is ended first".
#[test]
fn another_subscription_ends_the_one_before() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.player("P").subscribes("Foo");
    w.forget();
    w.the("P").subscribes("Bar");
    assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
    assert_eq!(w.heard("T"), ["playerConnected Player0"]);
    w.assert_silence();
    w.the("P").leaves();
    assert_eq!(w.heard("T"), ["playerDisconnected Player0"]);
    assert_eq!(w.heard("S"), NOTHING);
    w.ends_empty();
}

/// §4, "duplicate subscribe to the same S": playerDisconnected + playerConnected.
#[test]
fn the_same_subscription_again_starts_over() {
    for dialect in MODERN {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.player("P").subscribes("Foo");
        w.forget();
        w.the("P").subscribes("Foo");
        assert_eq!(w.heard("S"), ["playerDisconnected Player0", "playerConnected Player0"]);
        w.assert_silence();
        w.the("P").leaves();
        assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
    }
}

/// §4, the same row of Cirrus, which says playerConnected only: the row is read from the dialect of the streamer,
/// which receives the message.
#[test]
fn whether_it_starts_over_is_the_streamers_dialect() {
    const ONLY_CONNECTED: &Dialect = &Dialect { resubscribe_disconnects: false, ..*Dialect::STANDARD };
    for (streamer, player, heard) in [
        (ONLY_CONNECTED, Dialect::STANDARD, &["playerConnected Player0"] as &[_]),
        (Dialect::STANDARD, ONLY_CONNECTED, &["playerDisconnected Player0", "playerConnected Player0"]),
    ] {
        let mut w = World::standard();
        w.connect("S", Role::Streamer, streamer).says_id("Foo");
        w.connect("P", Role::Player, player).subscribes("Foo");
        w.forget();
        w.the("P").subscribes("Foo");
        assert_eq!(w.heard("S"), heard);
    }
}

/// §5.2: "Unknown id → subscribeFailed, an existing subscription is kept".
#[test]
fn an_unknown_id_fails_and_changes_nothing() {
    for dialect in MODERN {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.player("P").subscribes("Foo");
        w.forget();
        w.the("P").subscribes("Bar").subscribes("foo").subscribes("");
        assert_eq!(
            w.heard("P"),
            [
                "subscribeFailed: Streamer Bar does not exist.",
                "subscribeFailed: Streamer foo does not exist.",
                "subscribeFailed: Streamer  does not exist."
            ]
        );
        w.assert_silence();
        w.the("P").sends(r#"{"type":"answer"}"#);
        assert_eq!(w.heard("S"), [r#"{"type":"answer"}"#]);
    }
}

/// §4, "endpointIdConfirm, subscribeFailed": not in the Cirrus dialects.
#[test]
fn a_dialect_without_confirms_fails_silently() {
    const MUTE: &Dialect = &Dialect { confirms: false, ..*Dialect::STANDARD };
    let mut w = World::of(MUTE);
    w.streamer("S");
    w.player("P");
    w.forget();
    w.the("S").says_id("Foo");
    w.the("P").subscribes("Bar");
    w.assert_silence();
}

/// §5.2: full → subscribeFailed, and an existing subscription is kept; one place free → in.
#[test]
fn a_full_streamer_takes_nobody_more() {
    let mut w = full_at(2);
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.player("P").subscribes("Foo");
    w.player("Q").subscribes("Foo");
    w.player("R").subscribes("Bar");
    w.forget();
    w.the("R").subscribes("Foo");
    assert_eq!(w.heard("R"), ["subscribeFailed: Streamer Foo is full. Max players = 2."]);
    w.assert_silence();
    w.the("P").leaves();
    w.forget();
    w.the("R").subscribes("Foo");
    assert_eq!(w.heard("T"), ["playerDisconnected Player2"]);
    assert_eq!(w.heard("S"), ["playerConnected Player2"]);
    w.assert_silence();
    w.ends_empty();
}

/// §5.2: one's own place does not keep one out.
#[test]
fn a_full_streamer_lets_its_own_players_start_over() {
    let mut w = full_at(1);
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.forget();
    w.the("P").subscribes("Foo");
    assert_eq!(w.heard("S"), ["playerDisconnected Player0", "playerConnected Player0"]);
    w.assert_silence();
}

/// §5.2: `max_players` counts players per streamer; SFUs neither count nor are kept out.
#[test]
fn sfus_take_no_place() {
    let mut w = full_at(1);
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.sfu("G");
    w.player("P").subscribes("Foo");
    w.forget();
    w.sfu("H");
    assert_eq!(w.heard("S"), ["playerConnected Player3 (SFU)"]);
    w.player("Q").subscribes("Foo");
    assert!(w.heard("Q").contains(&"subscribeFailed: Streamer Foo is full. Max players = 1.".into()));
}

/// §5.2: it "does not apply to subscriptions to an SFU".
#[test]
fn an_sfu_is_never_full() {
    let mut w = full_at(1);
    w.sfu("F").says_id("Mix");
    w.forget();
    for name in ["P", "Q", "R"] {
        w.player(name).subscribes("Mix");
    }
    assert_eq!(w.heard("F"), ["playerConnected Player1", "playerConnected Player2", "playerConnected Player3"]);
}

/// §4, "P that speaks before subscribing", to a full streamer: closed as it would be without one.
#[test]
fn a_player_that_speaks_first_to_a_full_streamer_is_turned_away() {
    let mut w = full_at(1);
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.player("Q");
    w.forget();
    assert_eq!(w.the("Q").sends(r#"{"type":"offer"}"#).heard(), ["closed 1013: the streamer is full"]);
    assert_eq!(w.dropped(), [DropReason::NoStreamer]);
    assert_eq!(w.heard("S"), NOTHING);
}

/// §4, the same in `wilbur*`: told why, and the message goes nowhere.
#[test]
fn in_wilbur_a_player_that_speaks_first_to_a_full_streamer_is_told() {
    let mut w = World::with(Dialect::WILBUR, Settings { max_players: Some(1), ..Settings::default() });
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.player("Q");
    w.forget();
    assert_eq!(
        w.the("Q").sends(r#"{"type":"offer"}"#).heard(),
        ["subscribeFailed: Streamer Foo is full. Max players = 1."]
    );
    assert_eq!(w.dropped(), [DropReason::NoStreamer]);
    w.assert_silence();
}

/// §5.2: a streamer is found by its id before it streams, and an SFU too.
#[test]
fn an_sfu_that_does_not_stream_yet_can_be_subscribed_to() {
    let mut w = World::standard();
    w.sfu("F").says_id("Mix");
    w.forget();
    w.player("P").subscribes("Mix");
    assert_eq!(w.heard("F"), ["playerConnected Player1"]);
}

/// §3: a streamer subscribes to nothing.
#[test]
fn a_streamer_cannot_subscribe() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.forget();
    w.the("T").subscribes("Foo").unsubscribes();
    assert_eq!(w.dropped(), [DropReason::WrongRole, DropReason::WrongRole]);
    w.assert_silence();
}
