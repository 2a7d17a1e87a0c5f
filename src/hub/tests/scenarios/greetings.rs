//! What each is told on connecting, and what a streamer is that never says its id (protocol.md §4).

use super::{NOTHING, World};
use crate::hub::{Dialect, Fallback, Unidentified};
use crate::wire::{DropReason, Role};

/// §4, "S, F, P on connect": `standard`.
#[test]
fn standard_greets_with_the_configuration_first() {
    let mut w = World::standard();
    assert_eq!(w.streamer("S").heard(), ["config", "identify"]);
    assert_eq!(w.sfu("F").heard(), ["config", "identify"]);
    assert_eq!(w.player("P").heard(), ["config", "playerCount 1"]);
    w.ends_empty();
}

/// §4, "S, F, P on connect": `wilbur` and `wilbur-5.5`.
#[test]
fn wilbur_asks_for_the_id_first_and_counts_no_players() {
    for dialect in [Dialect::WILBUR, Dialect::WILBUR_5_5] {
        let mut w = World::of(dialect);
        assert_eq!(w.streamer("S").heard(), ["identify", "config"]);
        assert_eq!(w.sfu("F").heard(), ["identify", "config"]);
        assert_eq!(w.player("P").heard(), ["config"]);
        w.ends_empty();
    }
}

/// §4, "playerCount broadcast": never in `wilbur*`.
#[test]
fn wilbur_never_tells_a_player_of_others() {
    let mut w = World::wilbur();
    w.player("P");
    w.forget();
    w.player("Q").leaves();
    assert_eq!(w.heard("P"), NOTHING);
}

/// §1, the flow that the gateway must serve, message by message.
#[test]
fn the_whole_flow_without_an_sfu() {
    let mut w = World::standard();
    assert_eq!(w.streamer("S").heard(), ["config", "identify"]);
    assert_eq!(w.the("S").says_id("Foo").heard(), ["endpointIdConfirm Foo"]);
    assert_eq!(w.player("P").heard(), ["config", "playerCount 1"]);
    assert_eq!(w.the("P").lists().heard(), ["streamerList [Foo]"]);
    assert_eq!(w.the("P").subscribes("Foo").heard(), NOTHING);
    assert_eq!(w.heard("S"), ["playerConnected Player0"]);
    w.the("S").sends_to_player(r#"{"type":"offer","sdp":"1","playerId":"Player0"}"#);
    assert_eq!(w.heard("P"), [r#"!{"type":"offer","sdp":"1","playerId":"Player0"}"#]);
    w.the("P").sends(r#"{"type":"answer","sdp":"2","playerId":"Player0"}"#);
    assert_eq!(w.heard("S"), [r#"{"type":"answer","sdp":"2","playerId":"Player0"}"#]);
    w.the("P").leaves();
    assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
    w.ends_empty();
}

/// §4, "S that never identifies": `standard` lists it after 5 s, numbered from 0.
#[test]
fn a_silent_streamer_is_listed_after_five_seconds() {
    let mut w = World::standard();
    w.streamer("S");
    w.wait(1.0);
    w.streamer("T");
    w.player("P");
    w.forget();
    w.wait(3.9);
    assert_eq!(w.the("P").lists().heard(), ["streamerList []"]);
    w.wait(0.1);
    assert_eq!(w.the("P").lists().heard(), ["streamerList [__LEGACY_STREAMER__0]"]);
    w.wait(1.0);
    assert_eq!(w.the("P").lists().heard(), ["streamerList [__LEGACY_STREAMER__0, __LEGACY_STREAMER__1]"]);
    w.assert_silence();
    w.ends_empty();
}

/// §4, "S that never identifies"; §5.1: the lowest free number is given again.
#[test]
fn the_number_of_a_silent_streamer_is_used_again() {
    let mut w = World::standard();
    w.streamer("S");
    w.streamer("T");
    w.wait(5.0);
    w.the("S").leaves();
    w.streamer("U");
    w.wait(5.0);
    assert_eq!(w.listed(), ["__LEGACY_STREAMER__1", "__LEGACY_STREAMER__0"]);
    w.ends_empty();
}

/// §4: a streamer that says its id in time, or at least asks for one, or leaves, is never listed as silent.
#[test]
fn a_streamer_that_spoke_in_time_is_never_listed_as_silent() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.wait(4.0);
    w.streamer("T");
    w.wait(4.0);
    w.the("T").says_id("Foo");
    w.streamer("U").leaves();
    w.wait(1.5);
    assert_eq!(w.listed(), ["Foo"]);
    w.the("S").shows_life();
    w.wait(60.0);
    assert_eq!(w.listed(), ["Foo", "Foo1"]);
    w.ends_empty();
}

/// §3, `endpointId` "may come again"; §4: the silent streamer finds its tongue, and its players learn of it.
#[test]
fn a_silent_streamer_may_still_say_its_id() {
    let mut w = World::standard();
    w.streamer("S");
    w.wait(5.0);
    w.player("P").subscribes("__LEGACY_STREAMER__0");
    w.forget();
    assert_eq!(w.the("S").says_id("Foo").heard(), ["endpointIdConfirm Foo"]);
    assert_eq!(w.heard("P"), ["streamerIdChanged Foo"]);
    assert_eq!(w.listed(), ["Foo"]);
}

/// §4: an SFU counts as streaming from startStreaming on, so it is not listed for its silence.
#[test]
fn a_silent_sfu_is_not_listed() {
    let mut w = World::standard();
    w.sfu("F");
    w.wait(60.0);
    assert_eq!(w.listed(), NOTHING);
    assert_eq!(w.hub.streamers()[0].id, None);
    w.ends_empty();
}

/// §4, "S that never identifies": `wilbur*` has it as UnknownStreamer, hidden from players, found by its id.
#[test]
fn wilbur_hides_a_silent_streamer_under_a_name() {
    let mut w = World::wilbur();
    w.streamer("S");
    w.streamer("T");
    w.player("P");
    w.sfu("F");
    w.forget();
    w.wait(60.0);
    assert_eq!(w.the("P").lists().heard(), ["streamerList []"]);
    assert_eq!(w.the("F").lists().heard(), ["streamerList [UnknownStreamer, UnknownStreamer1, UnknownStreamer2]"]);
    w.the("P").subscribes("UnknownStreamer1");
    assert_eq!(w.heard("T"), ["playerConnected Player0"]);
    w.ends_empty();
}

/// §4, "S that never identifies", the row of Cirrus 5.2: listed at once.
#[test]
fn a_dialect_may_list_a_silent_streamer_at_once() {
    const AT_ONCE: &Dialect = &Dialect { unidentified: Unidentified::ListedAtOnce, ..*Dialect::STANDARD };
    let mut w = World::of(AT_ONCE);
    w.streamer("S");
    assert_eq!(w.listed(), ["__LEGACY__"]);
    w.ends_empty();
}

/// §4, "P that speaks before subscribing": `standard` takes the first that streams and tells it first.
#[test]
fn a_player_that_speaks_first_gets_the_first_streaming_streamer() {
    let mut w = World::standard();
    w.streamer("silent");
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.player("P");
    w.forget();
    w.the("P").sends(r#"{"type":"offer"}"#);
    assert_eq!(w.heard("S"), ["playerConnected Player0", r#"{"type":"offer"}"#]);
    w.the("P").sends(r#"{"type":"iceCandidate"}"#);
    assert_eq!(w.heard("S"), [r#"{"type":"iceCandidate"}"#]);
    w.the("P").leaves();
    assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
    w.assert_silence();
    w.ends_empty();
}

/// §4, the same: an SFU is not a streamer, even if it streams and came first.
#[test]
fn a_player_that_speaks_first_does_not_get_an_sfu() {
    let mut w = World::standard();
    w.sfu("F").says_id("Mix").starts_streaming();
    w.player("P");
    w.forget();
    assert_eq!(w.the("P").sends(r#"{"type":"offer"}"#).heard(), ["closed 1013: no streamer"]);
    w.forget();
    w.streamer("S").says_id("Foo");
    w.player("Q").sends(r#"{"type":"offer"}"#);
    assert!(w.heard("S").contains(&"playerConnected Player2".into()));
    w.ends_empty();
}

/// §4, "… and there is none": 1013 in `standard`, empty in `wilbur*`; the message is counted.
#[test]
fn a_player_that_speaks_first_to_nobody_is_closed() {
    for (dialect, told) in
        [(Dialect::STANDARD, "closed 1013: no streamer"), (Dialect::WILBUR, "closed"), (Dialect::WILBUR_5_5, "closed")]
    {
        let mut w = World::of(dialect);
        w.player("P");
        w.forget();
        assert_eq!(w.the("P").sends(r#"{"type":"offer"}"#).heard(), [told]);
        assert_eq!(w.dropped(), [DropReason::NoStreamer]);
        assert_eq!(w.hub.session_count(), 0);
        w.the("P").lists();
        assert_eq!(w.dropped(), [DropReason::SessionOver]);
        w.ends_empty();
    }
}

/// §4, "P that speaks before subscribing": `wilbur*` takes the first registered, streaming or not.
#[test]
fn wilbur_gives_a_player_that_speaks_first_the_first_registered() {
    let mut w = World::wilbur();
    w.streamer("silent");
    w.streamer("S").says_id("Foo");
    w.player("P");
    w.forget();
    w.the("P").sends(r#"{"type":"offer"}"#);
    assert_eq!(w.heard("silent"), ["playerConnected Player0", r#"{"type":"offer"}"#]);
    w.assert_silence();
}

/// §4, the same, where a streamer of another dialect has no id yet: it is not registered under any.
#[test]
fn a_streamer_without_an_id_is_not_registered() {
    let mut w = World::wilbur();
    w.connect("young", Role::Streamer, Dialect::STANDARD);
    w.player("P");
    w.forget();
    assert_eq!(w.the("P").sends(r#"{"type":"offer"}"#).heard(), ["closed"]);
    assert_eq!(w.dropped(), [DropReason::NoStreamer]);
    w.streamer("S");
    w.player("Q");
    w.forget();
    w.the("Q").sends(r#"{"type":"offer"}"#);
    assert_eq!(w.heard("S"), ["playerConnected Player1", r#"{"type":"offer"}"#]);
    w.assert_silence();
    w.ends_empty();
}

/// §4, the row of Cirrus 5.4, and its "told about includes a player bound without playerConnected".
#[test]
fn a_dialect_may_bind_silently_and_still_tells_of_the_end() {
    const SILENT: &Dialect = &Dialect { fallback: Fallback::Silent, ..*Dialect::STANDARD };
    let mut w = World::of(SILENT);
    w.player("P");
    w.forget();
    assert_eq!(w.the("P").sends(r#"{"type":"offer"}"#).heard(), NOTHING);
    assert_eq!(w.dropped(), [DropReason::NoStreamer]);
    w.streamer("S").says_id("Foo");
    w.forget();
    w.the("P").sends(r#"{"type":"offer"}"#).leaves();
    assert_eq!(w.heard("S"), [r#"{"type":"offer"}"#, "playerDisconnected Player0"]);
    w.ends_empty();
}
