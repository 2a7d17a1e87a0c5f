//! Ids that somebody else holds (protocol.md §5.1): "on a collision G first pings the holder".

use super::{NOTHING, World};
use crate::hub::Dialect;
use crate::wire::Role;

/// S holds Foo, and T has asked for it.
fn contested() -> World {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.streamer("T");
    w.forget();
    assert_eq!(w.the("T").says_id("Foo").heard(), NOTHING);
    assert_eq!(w.heard("S"), ["probed"]);
    w
}

/// §5.1: the newcomer's confirm waits until the holder has shown life.
#[test]
fn a_holder_that_lives_keeps_its_id() {
    let mut w = contested();
    w.wait(1.9);
    w.assert_silence();
    w.the("S").shows_life();
    assert_eq!(w.heard("T"), ["endpointIdConfirm Foo1"]);
    w.wait(60.0);
    w.assert_silence();
    w.ends_empty();
}

/// §5.1: "when it shows no life within 2 s it is closed 4001 and the newcomer gets the id".
#[test]
fn a_ghost_loses_its_id_after_two_seconds() {
    let mut w = contested();
    w.player("P").subscribes("Foo");
    w.forget();
    w.wait(1.99);
    w.assert_silence();
    w.wait(0.01);
    assert_eq!(w.heard("S"), ["closed 4001: no sign of life, and another connection asks for the same id"]);
    assert_eq!(w.heard("P"), ["streamerDisconnected", "closed"]);
    assert_eq!(w.heard("T"), ["endpointIdConfirm Foo"]);
    assert_eq!(w.listed(), ["Foo"]);
    w.ends_empty();
}

/// §5.1: with the holder gone there is nothing to wait for.
#[test]
fn the_id_is_given_at_once_when_its_holder_leaves() {
    let mut w = contested();
    w.wait(1.0);
    w.the("S").leaves();
    assert_eq!(w.heard("T"), ["endpointIdConfirm Foo"]);
    w.wait(60.0);
    assert_eq!(w.heard("T"), NOTHING);
    w.ends_empty();
}

/// §5.1: nor when it has taken another id.
#[test]
fn the_id_is_given_at_once_when_its_holder_takes_another() {
    let mut w = contested();
    w.the("S").says_id("Bar");
    assert_eq!(w.heard("S"), ["endpointIdConfirm Bar"]);
    assert_eq!(w.heard("T"), ["endpointIdConfirm Foo"]);
    w.wait(60.0);
    w.assert_silence();
    w.ends_empty();
}

/// §5.1: a holder that only repeats its id still holds it; that it said so is for its transport to report.
#[test]
fn a_holder_that_repeats_its_id_is_still_probed() {
    let mut w = contested();
    assert_eq!(w.the("S").says_id("Foo").heard(), ["endpointIdConfirm Foo"]);
    assert_eq!(w.heard("T"), NOTHING);
    w.the("S").shows_life();
    assert_eq!(w.heard("T"), ["endpointIdConfirm Foo1"]);
}

/// §5.1: a newcomer that has left does not cost the holder its session.
#[test]
fn the_holder_stays_when_the_newcomer_leaves() {
    let mut w = contested();
    w.the("T").leaves();
    w.wait(60.0);
    w.assert_silence();
    assert_eq!(w.listed(), ["Foo"]);
    w.ends_empty();
}

/// §5.1: nor one that has decided on another id.
#[test]
fn the_holder_stays_when_the_newcomer_asks_for_another_id() {
    let mut w = contested();
    assert_eq!(w.the("T").says_id("Bar").heard(), ["endpointIdConfirm Bar"]);
    w.wait(60.0);
    w.assert_silence();
    w.ends_empty();
}

/// §5.1: the two seconds run from the first time that the holder was asked; asking again does not prolong them.
#[test]
fn a_newcomer_that_asks_again_does_not_give_the_ghost_more_time() {
    let mut w = contested();
    w.wait(1.5);
    w.the("T").says_id("Foo");
    w.assert_silence();
    w.wait(0.5);
    assert_eq!(w.heard("S").len(), 1);
    assert_eq!(w.heard("T"), ["endpointIdConfirm Foo"]);
    w.ends_empty();
}

/// §5.1: several newcomers wait for one answer and are served in the order in which they asked; who asks again has
/// given its place up.
#[test]
fn several_newcomers_are_served_in_the_order_in_which_they_asked() {
    for (alive, given) in [(true, ["Foo1", "Foo2", "Foo3"]), (false, ["Foo", "Foo1", "Foo2"])] {
        let mut w = contested();
        w.streamer("U").says_id("Foo");
        w.streamer("V").says_id("Foo");
        w.forget();
        w.the("T").says_id("Foo");
        if alive {
            w.the("S").shows_life();
        } else {
            w.wait(2.0);
        }
        for (name, given) in ["U", "V", "T"].into_iter().zip(given) {
            assert_eq!(w.heard(name), [format!("endpointIdConfirm {given}")]);
        }
        w.ends_empty();
    }
}

/// §5.1: a second contest is a second question.
#[test]
fn a_holder_is_asked_again_for_the_next_newcomer() {
    let mut w = contested();
    w.the("S").shows_life();
    w.wait(10.0);
    w.streamer("U");
    w.forget();
    w.the("U").says_id("Foo");
    assert_eq!(w.heard("S"), ["probed"]);
    w.the("S").shows_life();
    assert_eq!(w.heard("U"), ["endpointIdConfirm Foo2"]);
    w.ends_empty();
}

/// §5.1: a sign of life that nobody waits for changes nothing.
#[test]
fn a_sign_of_life_that_nobody_waits_for_changes_nothing() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.forget();
    w.the("S").shows_life().leaves();
    w.the("S").shows_life();
    w.assert_silence();
}

/// §5.1: "(`wilbur*` and `cirrus*`: off)".
#[test]
fn wilbur_does_not_ask_the_holder() {
    for dialect in [Dialect::WILBUR, Dialect::WILBUR_5_5] {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.streamer("T");
        w.forget();
        assert_eq!(w.the("T").says_id("Foo").heard(), ["endpointIdConfirm Foo1"]);
        w.wait(60.0);
        w.assert_silence();
    }
}

/// §5.1: an SFU that comes back meets its ghost like a streamer, and what it said in the meantime counts.
#[test]
fn an_sfu_that_comes_back_streams_as_soon_as_its_ghost_is_gone() {
    let mut w = World::standard();
    w.sfu("ghost").says_id("Mix").starts_streaming();
    w.sfu("F").says_id("Mix").starts_streaming();
    assert_eq!(w.listed(), ["Mix"]);
    w.wait(2.0);
    assert_eq!(w.listed(), ["Mix"]);
    assert_eq!(w.heard("F").last().unwrap(), "endpointIdConfirm Mix");
    w.ends_empty();
}

/// §5.1: two that want each other's ids get them as far as they are free.
#[test]
fn two_that_want_each_others_ids() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.forget();
    w.the("S").says_id("Bar");
    w.the("T").says_id("Foo");
    assert_eq!(w.heard("S"), ["probed"]);
    assert_eq!(w.heard("T"), ["probed"]);
    w.the("S").shows_life();
    assert_eq!(w.heard("T"), ["endpointIdConfirm Foo1"]);
    assert_eq!(w.heard("S"), ["endpointIdConfirm Bar"]);
    w.wait(60.0);
    w.assert_silence();
    w.ends_empty();
}

/// §5.1: 10,000 that wait for the id of the next one each get it when the last of them moves on.
#[test]
fn a_long_chain_of_renames_unwinds() {
    const LONG: usize = 10_000;
    let mut w = World::standard();
    for n in 0..LONG {
        w.streamer(&n.to_string()).says_id(&format!("<{n}>"));
    }
    for n in 0..LONG - 1 {
        w.the(&n.to_string()).says_id(&format!("<{}>", n + 1));
    }
    w.forget();
    w.the(&(LONG - 1).to_string()).says_id("free");
    for n in 0..LONG - 1 {
        assert_eq!(w.heard(&n.to_string()), [format!("endpointIdConfirm <{}>", n + 1)]);
    }
    w.wait(60.0);
    assert_eq!(w.hub.session_count(), LONG);
}

/// §5.1: the same chain, when all of them are ghosts at once.
#[test]
fn a_long_chain_of_ghosts_unwinds() {
    const LONG: usize = 10_000;
    let mut w = World::standard();
    for n in 0..LONG {
        w.streamer(&n.to_string()).says_id(&format!("<{n}>"));
    }
    for n in 0..LONG - 1 {
        w.the(&n.to_string()).says_id(&format!("<{}>", n + 1));
    }
    w.wait(2.0);
    assert!(w.hub.session_count() < LONG);
    w.ends_empty();
}

/// §5.5, §5.1: a drained holder's id goes on; the SFUs that are drained with it are not given to the new holder.
#[test]
fn the_id_of_a_drained_holder_is_given_without_its_sfus() {
    let mut w = contested();
    w.connect("F", Role::Sfu, Dialect::STANDARD);
    w.forget();
    w.the("S").gets_drained();
    assert_eq!(w.heard("S"), ["closed 1012: the gateway is restarting"]);
    assert_eq!(w.heard("F"), ["closed 1012: the gateway is restarting"]);
    assert_eq!(w.heard("T"), ["endpointIdConfirm Foo"]);
    w.assert_silence();
    w.ends_empty();
}
