//! The column of cirrus-5.2 (protocol.md §4) where it is not that of 5.4.

use super::{NOTHING, World};
use crate::hub::{AutoSubscribe, Dialect, Settings, Wishes};
use crate::id::StreamerId;
use crate::wire::DropReason;

fn world() -> World {
    World::of(Dialect::CIRRUS_5_2)
}

fn auto(auto_subscribe: AutoSubscribe) -> World {
    World::with(Dialect::CIRRUS_5_2, Settings { auto_subscribe, ..Settings::default() })
}

/// "S, F, P on connect": F hears nothing.
#[test]
fn greetings() {
    let mut w = world();
    assert_eq!(w.sfu("F").heard(), NOTHING);
    assert_eq!(w.streamer("S").heard(), ["config", "identify", "playerConnected SFU (SFU), offer"]);
    assert_eq!(w.player("P").heard(), ["config", "playerCount 2"]);
    assert_eq!(w.heard("F"), ["playerCount 2"]);
    w.ends_empty();
}

/// "S that never identifies": listed at once as `__LEGACY__`; §5.1: its id is unique all the same.
#[test]
fn a_silent_streamer_is_listed_at_once() {
    let mut w = world();
    w.streamer("S");
    w.streamer("T");
    assert_eq!(w.listed(), ["__LEGACY__", "__LEGACY__1"]);
    w.wait(60.0);
    w.the("T").says_id("Foo");
    assert_eq!(w.listed(), ["__LEGACY__", "Foo"]);
    w.ends_empty();
}

/// "id change message": there is none, and the subscription stays.
#[test]
fn a_rename_is_not_told() {
    let mut w = world();
    w.streamer("S");
    w.player("P").subscribes("__LEGACY__");
    w.forget();
    w.the("S").says_id("Foo");
    w.assert_silence();
    w.the("P").sends(r#"{"type":"answer"}"#);
    assert_eq!(w.heard("S"), [r#"{"type":"answer"}"#]);
    w.ends_empty();
}

/// "playerConnected extra", "first player id", "S → P keeps playerId", "duplicate subscribe": as 5.4.
#[test]
fn players_are_those_of_5_4() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.player_wishing("Q", Wishes { offers: true, prefers_sfu: false }).subscribes("Foo").subscribes("Foo");
    let told = w.heard("S");
    assert_eq!(
        told[2..],
        ["playerConnected 1, offer", "playerConnected 2, do not offer", "playerConnected 2, do not offer"]
    );
    w.forget();
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":"1"}"#);
    assert_eq!(w.heard("P"), [r#"!{"type":"offer"}"#]);
    w.the("Q").leaves();
    assert_eq!(w.heard("S"), ["playerDisconnected 2"]);
    w.ends_empty();
}

/// "P that speaks before subscribing": as 5.4, at once to a streamer that has not identified.
#[test]
fn a_player_that_speaks_first_is_bound_silently() {
    let mut w = world();
    w.player("P").sends(r#"{"type":"offer"}"#);
    assert_eq!(w.dropped(), [DropReason::NoStreamer]);
    w.streamer("S");
    w.forget();
    w.the("P").sends(r#"{"type":"offer"}"#).leaves();
    assert_eq!(w.heard("S"), [r#"{"type":"offer"}"#, "playerDisconnected 1"]);
    w.ends_empty();
}

/// "SFUs": one, id `SFU`, as a player and as a streamer; §3: it "counts as streaming from its connect".
#[test]
fn the_sfu_is_called_sfu_and_streams_at_once() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    assert_eq!(w.listed(), ["Foo", "SFU"]);
    assert_eq!(w.hub.players()[0].id.as_str(), "SFU");
    w.player("P").subscribes("SFU");
    assert_eq!(w.heard("F"), ["playerCount 2", "playerConnected 1, offer"]);
    w.forget();
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":"SFU"}"#);
    assert_eq!(w.heard("F"), [r#"!{"type":"offer"}"#]);
    w.ends_empty();
}

/// "a second: 1013", before any greeting; the next one after it is welcome, under the same id.
#[test]
fn a_second_sfu_is_turned_away() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.forget();
    assert_eq!(w.sfu("G").heard(), ["closed 1013: Already have an SFU"]);
    w.assert_silence();
    w.the("F").leaves();
    assert_eq!(w.heard("S"), ["playerDisconnected SFU"]);
    assert_eq!(w.sfu("H").heard(), NOTHING);
    assert_eq!(w.heard("S"), ["playerConnected SFU (SFU), offer"]);
    assert_eq!(w.player("P").heard(), ["config", "playerCount 2"]);
    assert_eq!(w.hub.players().last().unwrap().id.as_str(), "1");
    w.ends_empty();
}

/// "auto-subscribed to the newest S": it goes over to each that comes, keeps its players, and stays listed.
#[test]
fn the_sfu_follows_the_newest_streamer() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.sfu("F");
    assert_eq!(w.heard("T").last().unwrap(), "playerConnected SFU (SFU), offer");
    w.player("L").subscribes("SFU");
    w.forget();
    assert_eq!(w.streamer("U").heard(), ["config", "identify", "playerConnected SFU (SFU), offer"]);
    assert_eq!(w.heard("T"), ["playerDisconnected SFU"]);
    w.assert_silence();
    w.the("U").says_id("Baz");
    w.the("T").says_id("Qux");
    w.assert_silence();
    assert_eq!(w.listed(), ["Foo", "Qux", "SFU", "Baz"]);
    w.the("L").sends(r#"{"type":"answer"}"#);
    assert_eq!(w.heard("F"), [r#"{"type":"answer"}"#]);
    w.ends_empty();
}

/// The same, when the newest goes: the newest of the rest; an older one that goes is nothing to it.
#[test]
fn the_sfu_falls_back_to_the_newest_of_the_rest() {
    let mut w = world();
    for (name, id) in [("S", "Foo"), ("T", "Bar"), ("U", "Baz")] {
        w.streamer(name).says_id(id);
    }
    w.sfu("F");
    w.forget();
    w.the("S").leaves();
    w.assert_silence();
    w.the("U").leaves();
    assert_eq!(w.heard("F"), ["streamerDisconnected"]);
    assert_eq!(w.heard("T"), ["playerConnected SFU (SFU), offer"]);
    w.the("T").leaves();
    assert_eq!(w.heard("F"), ["streamerDisconnected"]);
    assert_eq!(w.listed(), ["SFU"]);
    assert_eq!(w.streamer("V").heard().last().unwrap(), "playerConnected SFU (SFU), offer");
    w.ends_empty();
}

/// §5.4: the settings and the SFU's own choice win over the newest.
#[test]
fn the_settings_and_the_sfus_own_choice_win() {
    for (settings, connected) in [(AutoSubscribe::Off, [0, 0]), (AutoSubscribe::Only(StreamerId::new("Foo")), [1, 0])] {
        let mut w = auto(settings);
        w.sfu("F");
        w.streamer("S").says_id("Foo");
        w.streamer("T").says_id("Bar");
        let told = |heard: Vec<String>| heard.iter().filter(|text| text.starts_with("playerConnected SFU")).count();
        assert_eq!([told(w.heard("S")), told(w.heard("T"))], connected);
        w.ends_empty();
    }
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.sfu("F").subscribes("Foo");
    w.forget();
    assert_eq!(w.streamer("T").heard(), ["config", "identify"]);
    w.assert_silence();
    w.ends_empty();
}

/// "SFUs": nothing is said of a special close frame for a dropped one.
#[test]
fn a_dropped_sfu_is_closed_like_a_player() {
    let mut w = world();
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.forget();
    w.the("S").disconnects("SFU", "out");
    assert_eq!(w.heard("F"), ["closed 1011: out"]);
    assert_eq!(w.heard("S"), ["playerDisconnected SFU"]);
    w.ends_empty();
}
