//! The column of cirrus-5.1 (protocol.md §4): one streamer, and every player is attached to it.

use super::{NOTHING, World};
use crate::hub::{Dialect, Settings, Wishes};
use crate::wire::DropReason;

const PREFERS_SFU: Wishes = Wishes { offers: false, prefers_sfu: true };

fn world() -> World {
    World::of(Dialect::CIRRUS_5_1)
}

/// "S, F, P on connect", "first player id", "P is attached on connect": nobody is asked for anything.
#[test]
fn greetings() {
    let mut w = world();
    assert_eq!(w.streamer("S").heard(), ["config"]);
    assert_eq!(w.sfu("F").heard(), NOTHING);
    assert_eq!(w.heard("S"), ["playerConnected 1 (SFU)"]);
    assert_eq!(w.player("P").heard(), ["config", "playerCount 2"]);
    assert_eq!(w.heard("S"), ["playerConnected 101"]);
    assert_eq!(w.heard("F"), ["playerCount 2"]);
    w.player("Q").leaves();
    assert_eq!(w.heard("S"), ["playerConnected 102", "playerDisconnected 102"]);
    w.ends_empty();
}

/// The same: its messages go both ways, without its id on the way to it.
#[test]
fn an_attached_player_and_its_streamer_reach_each_other() {
    let mut w = world();
    w.streamer("S");
    w.player("P");
    w.forget();
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":"101"}"#);
    assert_eq!(w.heard("P"), [r#"!{"type":"offer"}"#]);
    w.the("P").sends(r#"{"type":"answer"}"#);
    assert_eq!(w.heard("S"), [r#"{"type":"answer"}"#]);
    w.the("S").disconnects("101", "out");
    assert_eq!(w.heard("P"), ["closed 1011: out"]);
    assert_eq!(w.heard("S"), ["playerDisconnected 101"]);
    w.ends_empty();
}

/// "… and there is none": refused 1013 `Streamer is not connected`, before any greeting; an SFU is no streamer.
#[test]
fn a_player_without_a_streamer_is_turned_away() {
    let mut w = world();
    w.sfu("F");
    assert_eq!(w.player("P").heard(), ["closed 1013: Streamer is not connected"]);
    assert_eq!(w.player_wishing("Q", PREFERS_SFU).heard(), ["closed 1013: Streamer is not connected"]);
    w.assert_silence();
    assert_eq!(w.hub.session_count(), 1);
    w.ends_empty();
}

/// The same where it is full too: the streamer is what it needs first.
#[test]
fn a_missing_streamer_is_said_before_a_missing_place() {
    let mut w = World::with(Dialect::CIRRUS_5_1, Settings { max_players: Some(0), ..Settings::default() });
    assert_eq!(w.player("P").heard(), ["closed 1013: Streamer is not connected"]);
    w.streamer("S");
    assert_eq!(w.player("Q").heard(), ["closed 1013: too many connections. max: 0, current: 0"]);
}

/// "S that never identifies": it is the only one; "a second S": closed 1008, before any greeting, until the first is gone.
#[test]
fn there_is_one_streamer() {
    for dialect in [Dialect::CIRRUS_5_1, Dialect::CIRRUS_4_27] {
        let mut w = World::of(dialect);
        w.streamer("S");
        w.player("P");
        w.forget();
        let told = ["closed 1008: there is a streamer, and this listener takes one only"];
        assert_eq!(w.streamer("T").heard(), told);
        w.assert_silence();
        assert_eq!(w.hub.streamers().len(), 1);
        w.the("S").leaves();
        assert_eq!(w.heard("P"), ["closed"]);
        assert_eq!(w.streamer("U").heard(), ["config"]);
        w.ends_empty();
    }
}

/// The same: nobody says or chooses an id; what only newer peers say is ignored.
#[test]
fn ids_and_subscriptions_are_unknown() {
    for dialect in [Dialect::CIRRUS_5_1, Dialect::CIRRUS_4_27] {
        let mut w = World::of(dialect);
        w.streamer("S");
        w.player("P");
        w.forget();
        w.the("S").says_id("Foo").says_no_id();
        w.the("P").lists().subscribes("__LEGACY__").subscribes("x").unsubscribes();
        assert_eq!(w.dropped(), [DropReason::Dialect; 6]);
        w.assert_silence();
        w.the("P").sends(r#"{"type":"offer"}"#);
        assert_eq!(w.heard("S"), [r#"{"type":"offer"}"#]);
        w.ends_empty();
    }
}

/// "playerCount broadcast": P and F, both counted.
#[test]
fn players_and_sfus_hear_the_count() {
    let mut w = world();
    w.streamer("S");
    w.player("P");
    w.forget();
    assert_eq!(w.sfu("F").heard(), NOTHING);
    assert_eq!(w.heard("P"), ["playerCount 2"]);
    w.player("Q");
    assert_eq!(w.heard("P"), ["playerCount 3"]);
    assert_eq!(w.heard("F"), ["playerCount 3"]);
    w.ends_empty();
}

/// "SFUs": one, id "1", given the streamer whichever of the two comes first; "a second: 1013".
#[test]
fn there_is_one_sfu() {
    let mut w = world();
    w.sfu("F");
    assert_eq!(w.streamer("S").heard(), ["config", "playerConnected 1 (SFU)"]);
    assert_eq!(w.sfu("G").heard(), ["closed 1013: Already have SFU"]);
    w.assert_silence();
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":1}"#);
    assert_eq!(w.heard("F"), [r#"!{"type":"offer"}"#]);
    w.the("S").leaves();
    assert_eq!(w.heard("F"), ["streamerDisconnected"]);
    assert_eq!(w.streamer("T").heard(), ["config", "playerConnected 1 (SFU)"]);
    w.the("F").leaves();
    assert_eq!(w.heard("T"), ["playerDisconnected 1"]);
    w.sfu("H");
    assert_eq!(w.heard("T"), ["playerConnected 1 (SFU)"]);
    w.ends_empty();
}

/// "`?preferSFU`": to the SFU if there is one; §3: it "counts as streaming from its connect".
#[test]
fn a_player_may_prefer_the_sfu() {
    let mut w = world();
    w.streamer("S");
    w.player_wishing("early", PREFERS_SFU);
    assert_eq!(w.heard("S"), ["config", "playerConnected 101"]);
    w.sfu("F");
    w.forget();
    w.player_wishing("P", PREFERS_SFU);
    w.player("Q");
    assert_eq!(w.heard("F"), ["playerConnected 102", "playerCount 3", "playerCount 4"]);
    assert_eq!(w.heard("S"), ["playerConnected 103"]);
    w.forget();
    w.the("P").sends(r#"{"type":"answer"}"#);
    assert_eq!(w.heard("F"), [r#"{"type":"answer"}"#]);
    w.the("F").leaves();
    assert_eq!(w.heard("P"), ["closed"]);
    assert_eq!(w.heard("S"), ["playerDisconnected 1"]);
    assert_eq!(w.heard("Q"), ["playerCount 2"]);
    w.ends_empty();
}

/// §5.1: the SFU's id "1" is never that of another dialect's player too.
#[test]
fn the_sfus_number_is_no_players() {
    use crate::wire::Role;
    for sfu_first in [true, false] {
        let mut w = world();
        if sfu_first {
            w.sfu("F");
        }
        w.connect("P", Role::Player, Dialect::CIRRUS_5_4);
        w.connect("Q", Role::Player, Dialect::CIRRUS_5_4).leaves();
        if !sfu_first {
            w.sfu("F");
        }
        let ids: Vec<_> = w.hub.players().into_iter().map(|player| (player.role, player.id.to_string())).collect();
        let (sfu, player) = if sfu_first { ("1", "2") } else { ("103", "1") };
        assert!(ids.contains(&(Role::Sfu, sfu.into())) && ids.contains(&(Role::Player, player.into())), "{ids:?}");
        w.ends_empty();
    }
}
