//! The column of cirrus-4.27 (protocol.md §4) where it is not that of 5.1.

use super::{NOTHING, World};
use crate::hub::{Dialect, Wishes};

fn world() -> World {
    World::of(Dialect::CIRRUS_4_27)
}

/// "S, P on connect", "playerConnected … never sent: P offers": the offer is the first that S hears of P; §3: it is told
/// of the departure, "'told about' includes a player bound without playerConnected".
#[test]
fn the_player_offers() {
    let mut w = world();
    assert_eq!(w.streamer("S").heard(), ["config"]);
    assert_eq!(w.player("P").heard(), ["config", "playerCount 1"]);
    w.player_wishing("Q", Wishes { offers: true, prefers_sfu: true });
    assert_eq!(w.heard("S"), NOTHING);
    assert_eq!(w.heard("P"), ["playerCount 2"]);
    w.the("P").sends(r#"{"type":"offer","playerId":"101"}"#);
    assert_eq!(w.heard("S"), [r#"{"type":"offer","playerId":"101"}"#]);
    w.forget();
    w.the("S").sends_to_player(r#"{"type":"answer","playerId":"101"}"#);
    assert_eq!(w.heard("P"), [r#"!{"type":"answer"}"#]);
    w.the("Q").leaves();
    w.the("P").leaves();
    assert_eq!(w.heard("S"), ["playerDisconnected 102", "playerDisconnected 101"]);
    w.ends_empty();
}

/// "P is attached on connect = 5.1": there must be a streamer.
#[test]
fn a_player_without_a_streamer_is_turned_away() {
    let mut w = world();
    assert_eq!(w.player("P").heard(), ["closed 1013: Streamer is not connected"]);
    assert_eq!(w.hub.session_count(), 0);
    w.ends_empty();
}

/// "SFUs": none.
#[test]
fn there_are_no_sfus() {
    let mut w = world();
    w.streamer("S");
    w.player("P");
    w.forget();
    assert_eq!(w.sfu("F").heard(), ["closed 1008: this listener takes no SFU"]);
    w.assert_silence();
    assert_eq!(w.hub.session_count(), 2);
    w.ends_empty();
}

/// "S gone: its players": closed empty.
#[test]
fn a_streamer_that_goes_ends_its_players() {
    let mut w = world();
    w.streamer("S");
    w.player("P");
    w.forget();
    w.the("S").leaves();
    assert_eq!(w.heard("P"), ["closed"]);
    w.ends_empty();
}
