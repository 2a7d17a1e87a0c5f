//! `playerCount` (protocol.md §3).

use super::{NOTHING, World};
use crate::hub::{Dialect, PlayerCount};
use crate::wire::Role;

/// A world with so many players, and everybody up to date.
fn crowd(players: usize) -> World {
    let mut w = World::standard();
    for n in 0..players {
        w.player(&n.to_string());
    }
    w.wait(10.0);
    w.forget();
    w
}

/// §3: "the newcomer gets it at once. The others get every change at once".
#[test]
fn every_change_is_told_at_once() {
    let mut w = World::standard();
    assert_eq!(w.player("P").heard(), ["config", "playerCount 1"]);
    assert_eq!(w.player("Q").heard(), ["config", "playerCount 2"]);
    assert_eq!(w.heard("P"), ["playerCount 2"]);
    w.the("P").leaves();
    assert_eq!(w.heard("Q"), ["playerCount 1"]);
    w.assert_silence();
    w.ends_empty();
}

/// §3: "`standard` counts players only", and tells players only.
#[test]
fn sfus_and_streamers_neither_count_nor_hear() {
    let mut w = World::standard();
    w.player("P");
    w.forget();
    assert_eq!(w.streamer("S").heard(), ["config", "identify"]);
    assert_eq!(w.sfu("F").heard(), ["config", "identify"]);
    assert_eq!(w.heard("P"), NOTHING);
    assert_eq!(w.player("Q").heard(), ["config", "playerCount 2"]);
    assert_eq!(w.heard("P"), ["playerCount 2"]);
    w.assert_silence();
}

/// §3: "Cirrus dialects SFUs too", each as its dialect has it.
#[test]
fn a_dialect_may_count_sfus() {
    const BOTH: &Dialect = &Dialect { player_count: PlayerCount::PlayersAndSfus, ..*Dialect::STANDARD };
    let mut w = World::standard();
    w.player("P");
    w.connect("B", Role::Player, BOTH);
    w.connect("F", Role::Sfu, BOTH);
    assert_eq!(w.heard("P"), ["config", "playerCount 1", "playerCount 2"]);
    assert_eq!(w.heard("B"), ["config", "playerCount 2", "playerCount 3"]);
    w.forget();
    w.the("P").leaves();
    assert_eq!(w.heard("F"), ["playerCount 2"]);
    assert_eq!(w.heard("B"), ["playerCount 2"]);
    w.ends_empty();
}

/// §3: players of `wilbur*` count like any, and hear nothing.
#[test]
fn players_of_wilbur_count_without_hearing() {
    let mut w = World::standard();
    w.player("P");
    w.forget();
    assert_eq!(w.connect("W", Role::Player, Dialect::WILBUR).heard(), ["config"]);
    assert_eq!(w.heard("P"), ["playerCount 2"]);
    w.the("P").leaves();
    w.assert_silence();
}

/// §3: one step is one change: a streamer that takes fifty players with it is told as one.
#[test]
fn a_departure_of_many_is_one_change() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.player("P");
    for n in 0..50 {
        w.player(&n.to_string()).subscribes("Foo");
    }
    w.forget();
    w.the("S").leaves();
    assert_eq!(w.heard("P"), ["playerCount 1"]);
    w.ends_empty();
}

/// §3: at 100 players still at once.
#[test]
fn a_hundred_players_hear_every_change_at_once() {
    let mut w = crowd(99);
    assert_eq!(w.player("new").heard(), ["config", "playerCount 100"]);
    assert_eq!(w.heard("0"), ["playerCount 100"]);
    assert_eq!(w.heard("98"), ["playerCount 100"]);
    w.ends_empty();
}

/// §3: above 100 players "the newest value only, at most once a second".
#[test]
fn above_a_hundred_players_the_newest_value_is_told_once_a_second() {
    let mut w = crowd(110);
    w.player("a");
    assert_eq!(w.heard("0"), ["playerCount 111"]);
    w.wait(0.3);
    assert_eq!(w.player("b").heard(), ["config", "playerCount 112"]);
    assert_eq!(w.player("c").heard(), ["config", "playerCount 113"]);
    assert_eq!(w.heard("0"), NOTHING);
    w.wait(0.69);
    assert_eq!(w.heard("0"), NOTHING);
    w.wait(0.01);
    assert_eq!(w.heard("0"), ["playerCount 113"]);
    assert_eq!(w.heard("b"), ["playerCount 113"]);
    assert_eq!(w.heard("c"), NOTHING);
    w.wait(60.0);
    w.forget();
    w.wait(60.0);
    w.assert_silence();
    w.the("a").leaves();
    assert_eq!(w.heard("0"), ["playerCount 112"]);
    w.ends_empty();
}

/// §3: the newest value reaches everybody, whatever each was told last.
#[test]
fn a_count_that_goes_up_and_down_again_reaches_those_who_heard_the_peak() {
    let mut w = crowd(101);
    w.player("a");
    assert_eq!(w.heard("0"), ["playerCount 102"]);
    w.forget();
    assert_eq!(w.player("b").heard(), ["config", "playerCount 103"]);
    w.the("a").leaves();
    w.wait(1.0);
    assert_eq!(w.heard("b"), ["playerCount 102"]);
    assert_eq!(w.heard("0"), NOTHING);
    w.ends_empty();
}

/// §3: at once where at most 100 are left.
#[test]
fn a_peak_above_a_hundred_is_taken_back_at_once() {
    let mut w = crowd(99);
    w.player("a");
    w.forget();
    assert_eq!(w.player("b").heard(), ["config", "playerCount 101"]);
    assert_eq!(w.player("c").heard(), ["config", "playerCount 102"]);
    w.the("a").leaves();
    w.the("b").leaves();
    assert_eq!(w.heard("c"), ["playerCount 100"]);
    assert_eq!(w.heard("0"), NOTHING);
    w.ends_empty();
}

/// §3: back at 100 or fewer, at once again, and then nothing is left to tell.
#[test]
fn a_crowd_that_shrinks_is_told_at_once_again() {
    let mut w = crowd(102);
    w.the("0").leaves();
    assert_eq!(w.heard("5"), ["playerCount 101"]);
    w.the("1").leaves();
    assert_eq!(w.heard("5"), ["playerCount 100"]);
    w.the("2").leaves();
    assert_eq!(w.heard("5"), ["playerCount 99"]);
    w.forget();
    w.wait(60.0);
    w.assert_silence();
    w.ends_empty();
}

/// §3: "a drop of 5,000 players must not become 25 million messages".
#[test]
fn five_thousand_that_leave_one_by_one_make_few_messages() {
    let mut w = crowd(5_000);
    for n in 100..5_000 {
        w.the(&n.to_string()).leaves();
    }
    let told = w.heard("0");
    assert!(told.len() <= 2, "{told:?}");
    assert_eq!(told.last().unwrap(), "playerCount 100");
    w.ends_empty();
}
