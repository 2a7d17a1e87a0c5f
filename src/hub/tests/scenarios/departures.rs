//! Sessions that end (protocol.md §5.5).

use super::{MODERN, NOTHING, World};
use crate::hub::Dialect;
use crate::wire::Role;

/// §5.5: "Each playerConnected is followed by exactly one playerDisconnected", however the player goes.
#[test]
fn a_player_that_goes_is_told_exactly_once() {
    let ways: [fn(&mut World); 4] = [
        |w| w.the("P").leaves().and_that_is_all(),
        |w| w.the("P").unsubscribes().and_that_is_all(),
        |w| w.the("S").disconnects("Player0", "out").and_that_is_all(),
        |w| w.the("P").gets_drained().and_that_is_all(),
    ];
    for dialect in MODERN {
        for way in ways {
            let mut w = World::of(dialect);
            w.streamer("S").says_id("Foo");
            w.player("P").subscribes("Foo");
            w.forget();
            way(&mut w);
            assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
            w.the("P").unsubscribes().leaves();
            w.the("P").gets_drained();
            assert_eq!(w.heard("S"), NOTHING);
            w.ends_empty();
        }
    }
}

/// §3, §4: in `standard` a player hears streamerDisconnected before its empty close, in `wilbur*` the close alone; the
/// row is read from the player's dialect.
#[test]
fn a_streamer_that_goes_ends_its_players() {
    for streamer in MODERN {
        let mut w = World::standard();
        w.connect("S", Role::Streamer, streamer).says_id("Foo");
        w.connect("P", Role::Player, Dialect::STANDARD).subscribes("Foo");
        w.connect("Q", Role::Player, Dialect::WILBUR).subscribes("Foo");
        w.connect("R", Role::Player, Dialect::WILBUR_5_5).subscribes("Foo");
        w.player("other");
        w.forget();
        w.the("S").leaves();
        assert_eq!(w.heard("P"), ["streamerDisconnected", "closed"]);
        assert_eq!(w.heard("Q"), ["closed"]);
        assert_eq!(w.heard("R"), ["closed"]);
        assert_eq!(w.heard("other"), ["playerCount 1"]);
        w.assert_silence();
        assert_eq!(w.hub.session_count(), 1);
        w.ends_empty();
    }
}

/// §3, streamerDisconnected: F hears it in every dialect and stays.
#[test]
fn a_streamer_that_goes_leaves_its_sfus() {
    for dialect in MODERN {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.sfu("F").says_id("Mix").subscribes("Foo").starts_streaming();
        w.player("L").subscribes("Mix");
        w.forget();
        w.the("S").leaves();
        assert_eq!(w.heard("F"), ["streamerDisconnected"]);
        w.assert_silence();
        assert_eq!(w.hub.session_count(), 2);
        w.ends_empty();
    }
}

/// §5.5: an SFU that goes is a player that goes, for its streamer, and a streamer that goes, for its players.
#[test]
fn an_sfu_that_goes_is_told_to_both_sides() {
    for (dialect, told) in
        [(Dialect::STANDARD, &["streamerDisconnected", "closed"] as &[_]), (Dialect::WILBUR, &["closed"])]
    {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.sfu("F").says_id("Mix").subscribes("Foo").starts_streaming();
        w.sfu("below").says_id("Low").subscribes("Mix").starts_streaming();
        w.player("L").subscribes("Mix");
        w.player("M").subscribes("Low");
        w.forget();
        w.the("F").leaves();
        assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
        assert_eq!(w.heard("below"), ["streamerDisconnected"]);
        assert_eq!(w.heard("L"), told);
        assert_eq!(w.listed(), ["Foo"]);
        w.ends_empty();
    }
}

/// §5.5: what a session asks after its end goes nowhere.
#[test]
fn a_session_that_is_over_is_over() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.the("S").leaves();
    w.forget();
    w.the("S").says_id("Foo").leaves();
    w.the("P").subscribes("Foo").leaves();
    assert_eq!(w.dropped().len(), 2);
    w.assert_silence();
    w.ends_empty();
}

/// §5.5: "a session that ends because another one drains gets 1012 too, without streamerDisconnected": a chain of SFUs
/// and all their players.
#[test]
fn a_drained_streamer_takes_everybody_below_along() {
    for dialect in MODERN {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.player("P").subscribes("Foo");
        let mut above = "Foo".to_owned();
        for n in 0..5 {
            let id = format!("Mix{n}");
            w.sfu(&format!("F{n}")).says_id(&id).subscribes(&above).starts_streaming();
            w.player(&format!("L{n}")).subscribes(&id);
            above = id;
        }
        w.player("other").subscribes("nothing");
        w.forget();
        w.the("S").gets_drained();
        let everybody = ["S", "P"].map(String::from).into_iter();
        for name in everybody.chain((0..5).flat_map(|n| [format!("F{n}"), format!("L{n}")])) {
            assert_eq!(w.heard(&name), ["closed 1012: the gateway is restarting"], "{name}");
        }
        assert_eq!(w.hub.session_count(), 1);
        w.ends_empty();
    }
}

/// §5.5: a chain of 2,000 SFUs drains without a deep stack.
#[test]
fn a_long_chain_of_sfus_drains() {
    let mut w = World::wilbur();
    w.streamer("S").says_id("0");
    for n in 1..=2_000 {
        w.sfu(&n.to_string()).says_id(&n.to_string()).subscribes(&(n - 1).to_string());
    }
    w.forget();
    w.the("S").gets_drained();
    assert_eq!(w.heard("2000"), ["closed 1012: the gateway is restarting"]);
    assert_eq!(w.hub.session_count(), 0);
    assert!(w.hub.is_empty());
}

/// §5.5, "players first, then SFUs, then streamers": in that order everybody but the drained hears what it should.
#[test]
fn draining_in_order_tells_each_of_the_others() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.sfu("F").says_id("Mix").starts_streaming();
    w.player("P").subscribes("Foo");
    w.player("L").subscribes("Mix");
    w.forget();
    for name in ["P", "L", "F", "S"] {
        w.the(name).gets_drained();
        assert_eq!(w.heard(name).last().unwrap(), "closed 1012: the gateway is restarting");
    }
    assert!(w.hub.is_empty());
}

/// §5.5: a drained player or SFU is one that leaves, for its streamer.
#[test]
fn a_drained_subscriber_is_one_that_leaves() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.sfu("F");
    w.forget();
    w.the("P").gets_drained();
    w.the("F").gets_drained();
    assert_eq!(w.heard("S"), ["playerDisconnected Player0", "playerDisconnected Player1"]);
    w.ends_empty();
}

/// §5.1: 20,000 of one name come and go; the last gets the lowest free number. (That this is quick is shown of the
/// names themselves.)
#[test]
fn twenty_thousand_streamers_of_one_name() {
    const MANY: usize = 20_000;
    let mut w = World::wilbur();
    for n in 0..MANY {
        w.streamer(&n.to_string()).says_id("Foo");
    }
    w.forget();
    assert_eq!(w.streamer("last").says_id("Foo").heard()[2..], [format!("endpointIdConfirm Foo{MANY}")]);
    w.the("777").leaves();
    assert_eq!(w.streamer("next").says_id("Foo").heard()[2..], ["endpointIdConfirm Foo777"]);
    w.ends_empty();
}
