//! Streamer ids that nobody contests (protocol.md §5.1), and player ids.

use super::{NOTHING, World};
use crate::hub::{Dialect, PlayerIdForm, Request};
use crate::wire::{DropReason, Role};

/// §5.1: "A wanted id that is free is given as is"; §3: the confirm carries the id actually given.
#[test]
fn a_free_id_is_given_as_it_is() {
    for id in ["Foo", "Foo 1", "ünï/code?#", "0", "-"] {
        let mut w = World::standard();
        w.streamer("S");
        w.forget();
        assert_eq!(w.the("S").says_id(id).heard(), [format!("endpointIdConfirm {id}")]);
        assert_eq!(w.listed(), [id]);
        w.ends_empty();
    }
}

/// §5.1: "a taken one gets the lowest free number appended: Foo, Foo1, Foo2".
#[test]
fn a_taken_id_is_numbered() {
    let mut w = World::wilbur();
    for (name, given) in [("S", "Foo"), ("T", "Foo1"), ("U", "Foo2"), ("V", "Foo3")] {
        assert_eq!(w.streamer(name).says_id("Foo").heard()[2..], [format!("endpointIdConfirm {given}")]);
    }
    w.ends_empty();
}

/// §5.1: the lowest free number, also when one in the middle has become free or was asked for by name.
#[test]
fn gaps_are_filled_from_below() {
    let mut w = World::wilbur();
    for name in ["S", "T", "U", "V"] {
        w.streamer(name).says_id("Foo");
    }
    w.streamer("named").says_id("Foo5");
    w.the("T").leaves();
    w.the("U").leaves();
    for (name, given) in [("A", "Foo1"), ("B", "Foo2"), ("C", "Foo4"), ("D", "Foo6")] {
        assert_eq!(w.streamer(name).says_id("Foo").heard()[2..], [format!("endpointIdConfirm {given}")]);
    }
    w.the("S").leaves();
    assert_eq!(w.streamer("E").says_id("Foo").heard()[2..], ["endpointIdConfirm Foo"]);
    w.ends_empty();
}

/// §5.1: ids are unique always, even where one is another with a number appended.
#[test]
fn a_number_belongs_to_every_name_that_it_can_be_read_with() {
    let mut w = World::wilbur();
    for (name, wanted, given) in [
        ("A", "Foo1", "Foo1"),
        ("B", "Foo11", "Foo11"),
        ("C", "Foo1", "Foo12"),
        ("D", "Foo", "Foo"),
        ("E", "Foo", "Foo2"),
    ] {
        assert_eq!(w.streamer(name).says_id(wanted).heard()[2..], [format!("endpointIdConfirm {given}")]);
    }
    w.ends_empty();
}

/// §5.1: streamers and SFUs share one namespace.
#[test]
fn streamers_and_sfus_share_one_namespace() {
    let mut w = World::wilbur();
    w.sfu("F").says_id("Foo");
    assert_eq!(w.streamer("S").says_id("Foo").heard()[2..], ["endpointIdConfirm Foo1"]);
    assert_eq!(w.sfu("G").says_id("Foo").heard()[2..], ["endpointIdConfirm Foo2"]);
    w.ends_empty();
}

/// §5.1: "Empty or missing → UnknownStreamer"; an id that cannot be is treated as missing.
#[test]
fn an_id_that_cannot_be_becomes_unknown_streamer() {
    let too_long = "x".repeat(129);
    for id in ["", "a\nb", "\0", "tab\t", "\u{7f}", "\u{85}", &too_long] {
        let mut w = World::standard();
        w.streamer("S");
        w.forget();
        assert_eq!(w.the("S").says_id(id).heard(), ["endpointIdConfirm UnknownStreamer"], "{id:?}");
        assert_eq!(w.listed(), ["UnknownStreamer"]);
        w.ends_empty();
    }
}

/// §5.1: several without a usable id are numbered at once; nobody is asked for a sign of life for it.
#[test]
fn unknown_streamers_are_numbered_without_a_probe() {
    let mut w = World::standard();
    w.streamer("S").says_no_id();
    w.streamer("T");
    w.forget();
    assert_eq!(w.the("T").says_id("").heard(), ["endpointIdConfirm UnknownStreamer1"]);
    assert_eq!(w.heard("S"), NOTHING);
    w.ends_empty();
}

/// §5.1: 128 characters are an id, counted as characters, not bytes.
#[test]
fn an_id_may_have_128_characters() {
    for id in ["x".repeat(128), "ü".repeat(128), "🦀".repeat(128)] {
        let mut w = World::standard();
        w.streamer("S");
        w.forget();
        assert_eq!(w.the("S").says_id(&id).heard(), [format!("endpointIdConfirm {id}")]);
        w.ends_empty();
    }
}

/// §5.1: "A streamer that repeats its own id keeps it", also one that a number has made longer than one may ask for.
#[test]
fn a_streamer_that_repeats_its_id_keeps_it() {
    let long = "x".repeat(128);
    for dialect in [Dialect::STANDARD, Dialect::WILBUR] {
        let mut w = World::of(dialect);
        w.streamer("S").says_id(&long);
        w.streamer("T").says_id(&long);
        w.the("S").shows_life();
        w.player("P").subscribes(&format!("{long}1"));
        w.forget();
        let own = format!("{long}1");
        assert_eq!(w.the("T").says_id(&own).heard(), [format!("endpointIdConfirm {own}")]);
        assert_eq!(w.the("S").says_id(&long).heard(), [format!("endpointIdConfirm {long}")]);
        w.assert_silence();
        w.ends_empty();
    }
}

/// §3, `endpointId`: "tell subscribers streamerIdChanged, then confirm".
#[test]
fn a_rename_is_told_to_the_subscribers_and_then_confirmed() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.player("P").subscribes("Foo");
    w.player("Q");
    w.forget();
    w.the("S").says_id("Bar");
    assert_eq!(w.heard("S"), ["endpointIdConfirm Bar"]);
    assert_eq!(w.heard("P"), ["streamerIdChanged Bar"]);
    assert_eq!(w.heard("F"), ["streamerIdChanged Bar"]);
    w.assert_silence();
    w.the("Q").subscribes("Foo").subscribes("Bar");
    assert_eq!(w.heard("Q"), ["subscribeFailed: Streamer Foo does not exist."]);
    assert_eq!(w.heard("S"), ["playerConnected Player2"]);
    w.ends_empty();
}

/// §3, the same: before the confirm, across sessions too.
#[test]
fn subscribers_learn_of_a_rename_before_its_confirm() {
    use crate::hub::{Action, Actions, Hub, Peer, Settings};
    use crate::id::SessionId;
    let (mut hub, mut out, config) = (Hub::new(Settings::default()), Actions::new(), bytes::Bytes::new());
    for (session, role) in [(1, Role::Streamer), (2, Role::Player)] {
        let peer = Peer {
            role,
            dialect: Dialect::STANDARD,
            places: Dialect::STANDARD.places,
            config: config.clone(),
            wishes: Default::default(),
            scope: Default::default(),
        };
        hub.connect(Default::default(), SessionId(session), peer, &mut out);
    }
    let mut ask = |session, request, out: &mut Actions| {
        out.clear();
        hub.request(Default::default(), SessionId(session), request, out);
    };
    ask(1, Request::EndpointId(Some("Foo".into())), &mut out);
    ask(2, Request::Subscribe("Foo".into()), &mut out);
    ask(1, Request::EndpointId(Some("Bar".into())), &mut out);
    let receivers: Vec<u64> = out
        .iter()
        .map(|action| match action {
            Action::Notify { to, .. } => to.0,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(receivers, [2, 1]);
}

/// §5.1, §3: a repeated id is confirmed but is no news to the subscribers.
#[test]
fn a_repeated_id_is_no_news() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.player("P").subscribes("Foo");
    w.forget();
    assert_eq!(w.the("S").says_id("Foo").heard(), ["endpointIdConfirm Foo"]);
    w.assert_silence();
}

/// §5.1: who has Foo1 and asks for Foo, which is still taken, keeps Foo1, and gets a lower number if there is one.
#[test]
fn who_asks_again_for_a_taken_id_keeps_its_number_or_gets_a_lower_one() {
    let mut w = World::wilbur();
    for name in ["S", "T", "U"] {
        w.streamer(name).says_id("Foo");
    }
    w.player("P").subscribes("Foo2");
    w.forget();
    assert_eq!(w.the("U").says_id("Foo").heard(), ["endpointIdConfirm Foo2"]);
    w.the("T").leaves();
    assert_eq!(w.the("U").says_id("Foo").heard(), ["endpointIdConfirm Foo1"]);
    assert_eq!(w.heard("P"), ["streamerIdChanged Foo1"]);
    w.assert_silence();
}

/// §5.1: one counter for players and SFUs of every dialect, never reused.
#[test]
fn player_ids_come_from_one_counter_and_never_come_again() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.player("P").leaves();
    w.sfu("F").leaves();
    w.connect("Q", Role::Player, Dialect::WILBUR).leaves();
    w.forget();
    w.player("R").subscribes("Foo");
    assert_eq!(w.heard("S"), ["playerConnected Player3"]);
}

/// §4, "first player id" of the older dialects: bare numbers of their own, which never meet.
#[test]
fn player_ids_of_different_forms_never_meet() {
    const ONE: &Dialect = &Dialect { player_id: PlayerIdForm::FromOne, ..*Dialect::STANDARD };
    const HUNDRED: &Dialect = &Dialect { player_id: PlayerIdForm::FromHundredAndOne, ..*Dialect::STANDARD };
    let mut w = World::standard();
    let mut ids = std::collections::BTreeSet::new();
    for round in 0..300 {
        let dialect = [ONE, HUNDRED, Dialect::STANDARD][round % 3];
        w.connect(&format!("P{round}"), Role::Player, dialect);
    }
    ids.extend(w.hub.players().into_iter().map(|player| player.id));
    assert_eq!(ids.len(), 300);
    let mut first = World::of(ONE);
    first.player("P");
    assert_eq!(first.hub.players()[0].id.as_str(), "1");
    let mut first = World::of(HUNDRED);
    first.player("P");
    assert_eq!(first.hub.players()[0].id.as_str(), "101");
}

/// §3: only streamers and SFUs have ids to say.
#[test]
fn a_player_has_no_id_to_say() {
    let mut w = World::standard();
    w.player("P");
    w.forget();
    assert_eq!(w.the("P").says_id("Foo").heard(), NOTHING);
    assert_eq!(w.dropped(), [DropReason::WrongRole]);
}
