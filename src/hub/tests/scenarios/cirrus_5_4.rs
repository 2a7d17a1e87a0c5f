//! The column of cirrus-5.4 (protocol.md §4), row by row.

use super::{NOTHING, World};
use crate::hub::{Dialect, Settings, Wishes};
use crate::wire::DropReason;

fn world() -> World {
    World::of(Dialect::CIRRUS_5_4)
}

/// "S, F, P on connect".
#[test]
fn greetings() {
    let mut w = world();
    assert_eq!(w.streamer("S").heard(), ["config", "identify"]);
    assert_eq!(w.sfu("F").heard(), ["identify"]);
    assert_eq!(w.player("P").heard(), ["config", "playerCount 2"]);
    w.ends_empty();
}

/// "protocolVersion in config": no.
#[test]
fn the_protocol_has_no_version() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.protocol_version, !dialect.name.starts_with("cirrus"), "{}", dialect.name);
    }
}

/// "playerCount broadcast": to P and F; §3: "Cirrus dialects SFUs too".
#[test]
fn sfus_count_and_hear_the_count() {
    let mut w = world();
    w.streamer("S");
    w.sfu("F");
    w.forget();
    w.player("P");
    assert_eq!(w.heard("F"), ["playerCount 2"]);
    w.sfu("G");
    assert_eq!(w.heard("F"), ["playerCount 3"]);
    assert_eq!(w.heard("P"), ["config", "playerCount 2", "playerCount 3"]);
    assert_eq!(w.heard("G"), ["identify"]);
    w.the("P").leaves();
    w.the("F").leaves();
    assert_eq!(w.heard("G"), ["playerCount 2", "playerCount 1"]);
    assert_eq!(w.heard("S"), NOTHING);
    w.ends_empty();
}

/// "endpointIdConfirm, subscribeFailed": neither.
#[test]
fn nothing_is_confirmed() {
    let mut w = world();
    w.streamer("S");
    w.player("P");
    w.forget();
    w.the("S").says_id("Foo");
    w.the("P").subscribes("Bar");
    w.assert_silence();
    w.ends_empty();
}

/// "playerConnected extra": `sendOffer`, true unless the player's URL has `OfferToReceive`; an SFU never offers first.
#[test]
fn the_streamer_is_told_who_offers() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.player("P");
    w.player_wishing("Q", Wishes { offers: true, prefers_sfu: true });
    w.sfu("F");
    w.forget();
    for name in ["P", "Q", "F"] {
        w.the(name).subscribes("Foo");
    }
    assert_eq!(
        w.heard("S"),
        ["playerConnected 1, offer", "playerConnected 2, do not offer", "playerConnected 3 (SFU), offer"]
    );
    w.ends_empty();
}

/// "S → P keeps playerId": no. "first player id": "1".
#[test]
fn players_have_numbers_and_do_not_see_them() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.forget();
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":"1","sdp":"x"}"#);
    w.the("S").sends_to_player(r#"{"type":"iceCandidate","playerId":1}"#);
    assert_eq!(w.heard("P"), [r#"!{"type":"offer","sdp":"x"}"#, r#"!{"type":"iceCandidate"}"#]);
    w.the("S").disconnects("1", "out");
    assert_eq!(w.heard("P"), ["closed 1011: out"]);
    assert_eq!(w.heard("S"), ["playerDisconnected 1"]);
    w.ends_empty();
}

/// "S that never identifies": as in `standard`; its SFUs are not listed for their silence.
#[test]
fn a_silent_streamer_is_listed_after_five_seconds() {
    let mut w = world();
    w.streamer("S");
    w.sfu("F");
    w.wait(4.9);
    assert_eq!(w.listed(), NOTHING);
    w.wait(0.1);
    assert_eq!(w.listed(), ["__LEGACY_STREAMER__0"]);
    w.ends_empty();
}

/// "P that speaks before subscribing": to the first S, which is not told; "… and there is none": dropped, stays. "Told
/// about includes a player bound without playerConnected".
#[test]
fn a_player_that_speaks_first_is_bound_silently() {
    let mut w = world();
    w.player("P");
    w.forget();
    assert_eq!(w.the("P").sends(r#"{"type":"offer"}"#).heard(), NOTHING);
    assert_eq!(w.dropped(), [DropReason::NoStreamer]);
    w.sfu("F").says_id("Mix").starts_streaming();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.forget();
    w.the("P").sends(r#"{"type":"offer"}"#).sends(r#"{"type":"iceCandidate"}"#);
    assert_eq!(w.heard("S"), [r#"{"type":"offer"}"#, r#"{"type":"iceCandidate"}"#]);
    w.the("P").leaves();
    assert_eq!(w.heard("S"), ["playerDisconnected 1"]);
    assert_eq!(w.heard("T"), NOTHING);
    w.ends_empty();
}

/// The same, for a player that subscribes to that streamer after all: it is told now, once, and of one departure.
#[test]
fn a_player_that_was_bound_silently_may_subscribe() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.player("P").sends(r#"{"type":"offer"}"#);
    w.forget();
    w.the("P").subscribes("Foo");
    assert_eq!(w.heard("S"), ["playerConnected 1, offer"]);
    w.the("P").leaves();
    assert_eq!(w.heard("S"), ["playerDisconnected 1"]);
    w.ends_empty();
}

/// "duplicate subscribe to the same S": playerConnected only; "'exactly one playerDisconnected' is then per subscription".
/// Another streamer's subscription ends as ever.
#[test]
fn the_same_subscription_again_is_only_connected() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.player("P").subscribes("Foo");
    w.forget();
    w.the("P").subscribes("Foo").subscribes("Foo");
    assert_eq!(w.heard("S"), ["playerConnected 1, offer", "playerConnected 1, offer"]);
    w.the("P").subscribes("Bar");
    assert_eq!(w.heard("S"), ["playerDisconnected 1"]);
    assert_eq!(w.heard("T"), ["playerConnected 1, offer"]);
    w.assert_silence();
    w.ends_empty();
}

/// "full": closed 1013 at connect by a limit for the whole server, before any greeting, whoever the players are on;
/// streamers are never full, and SFUs neither count nor are turned away.
#[test]
fn a_full_server_turns_players_away() {
    for dialect in [Dialect::CIRRUS_5_4, Dialect::CIRRUS_5_2, Dialect::CIRRUS_5_1, Dialect::CIRRUS_4_27] {
        let mut w = World::with(dialect, Settings { max_players: Some(2), ..Settings::default() });
        w.streamer("S").says_id("Foo");
        if dialect != Dialect::CIRRUS_4_27 {
            w.sfu("F");
        }
        w.player("P").subscribes("Foo");
        w.player("Q").subscribes("Foo");
        let before = (w.hub.session_count(), w.hub.players());
        w.forget();
        assert_eq!(
            w.player("R").heard(),
            ["closed 1013: too many connections. max: 2, current: 2"],
            "{}",
            dialect.name
        );
        w.assert_silence();
        assert_eq!((w.hub.session_count(), w.hub.players()), before);
        w.the("R").subscribes("Foo");
        assert_eq!(w.dropped(), [DropReason::SessionOver]);
        w.the("P").leaves();
        assert_eq!(w.player("again").heard()[0], "config");
        w.ends_empty();
    }
}

/// §5.1, "first player id": one that was turned away has used none up.
#[test]
fn who_is_turned_away_gets_no_id() {
    let mut w = World::with(Dialect::CIRRUS_5_4, Settings { max_players: Some(1), ..Settings::default() });
    w.player("P");
    w.player("Q");
    w.the("P").leaves();
    w.player("R");
    assert_eq!(w.hub.players()[0].id.as_str(), "2");
}

/// "id change message": streamerIDChanged.
#[test]
fn a_rename_has_another_name() {
    assert_eq!(Dialect::CIRRUS_5_4.id_changed, Some("streamerIDChanged"));
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.sfu("F").subscribes("Foo");
    w.forget();
    w.the("S").says_id("Bar");
    assert_eq!(w.heard("P"), ["streamerIDChanged Bar"]);
    assert_eq!(w.heard("F"), ["streamerIDChanged Bar"]);
    w.assert_silence();
    w.ends_empty();
}

/// "S gone: its players": closed empty; §3: F hears streamerDisconnected and stays.
#[test]
fn a_streamer_that_goes_ends_its_players() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.sfu("F").says_id("Mix").subscribes("Foo").starts_streaming();
    w.player("L").subscribes("Mix");
    w.forget();
    w.the("S").leaves();
    assert_eq!(w.heard("P"), ["closed"]);
    assert_eq!(w.heard("F"), ["streamerDisconnected", "playerCount 2"]);
    assert_eq!(w.listed(), NOTHING);
    w.the("F").stops_streaming();
    assert_eq!(w.heard("L"), ["playerCount 2", "closed"]);
    w.ends_empty();
}

/// "SFUs": any number; they subscribe by themselves, and stream from startStreaming on.
#[test]
fn any_number_of_sfus_subscribe_by_themselves() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    for (name, id) in [("F", "Mix"), ("G", "Mux"), ("H", "Max")] {
        assert_eq!(w.sfu(name).says_id(id).heard(), ["identify"]);
    }
    assert_eq!(w.heard("S"), ["config", "identify"]);
    assert_eq!(w.listed(), ["Foo"]);
    w.forget();
    assert_eq!(w.the("G").lists().heard(), ["streamerList [Foo, Mix, Max]"]);
    w.the("G").subscribes("Foo").starts_streaming();
    assert_eq!(w.heard("S"), ["playerConnected 2 (SFU), offer"]);
    assert_eq!(w.listed(), ["Foo", "Mux"]);
    w.ends_empty();
}

/// "a dropped SFU's close frame is 4000 `SFU Disconnected`", and its players go as with any SFU.
#[test]
fn a_dropped_sfu_is_told_so() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.sfu("F").says_id("Mix").subscribes("Foo").starts_streaming();
    w.player("L").subscribes("Mix");
    w.forget();
    w.the("S").disconnects("1", "out");
    assert_eq!(w.heard("F"), ["closed 4000: SFU Disconnected"]);
    assert_eq!(w.heard("L"), ["closed"]);
    assert_eq!(w.heard("S"), ["playerDisconnected 1"]);
    w.ends_empty();
}

/// §3: what only `standard` lets an SFU do is dropped: candidates, disconnectPlayer.
#[test]
fn an_sfu_is_no_full_streamer() {
    for dialect in [Dialect::CIRRUS_5_4, Dialect::CIRRUS_5_2, Dialect::CIRRUS_5_1] {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.sfu("F");
        w.forget();
        w.the("F").sends(r#"{"type":"iceCandidate"}"#).disconnects("2", "");
        w.the("F").sends_to_player(r#"{"type":"iceCandidate","playerId":"2"}"#);
        assert_eq!(w.dropped(), [DropReason::Dialect; 3]);
        w.assert_silence();
        w.ends_empty();
    }
}

/// "a second S": welcome; §5.1: a taken id is numbered at once, nobody is probed.
#[test]
fn a_taken_id_is_numbered_without_a_probe() {
    for dialect in [Dialect::CIRRUS_5_4, Dialect::CIRRUS_5_2] {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.streamer("T");
        w.forget();
        w.the("T").says_id("Foo");
        w.assert_silence();
        assert_eq!(w.listed(), ["Foo", "Foo1"]);
        w.ends_empty();
    }
}
