//! Sessions that may register or watch some ids only: what else there is does not exist for them.

use super::{NOTHING, World};
use crate::hub::{Dialect, Scope, Settings, Wishes};
use crate::wire::{DropReason, Role};

const NOT_ALLOWED: &str = "closed 1008: not authorised: the token does not allow this streamer id";

#[test]
fn a_scope_is_any_id_or_some_or_none() {
    let scope = Scope::of(&["Foo", "team-*"]).unwrap();
    for (id, allowed) in
        [("Foo", true), ("Foo1", false), ("foo", false), ("team-", true), ("team-7", true), ("team", false)]
    {
        assert_eq!(scope.allows(id), allowed, "{id}");
        assert!(Scope::ANY.allows(id) && !Scope::of::<&str>(&[]).unwrap().allows(id));
    }
    assert!(Scope::of(&["*"]).unwrap().allows(""));
    assert!(Scope::of(&["a*b"]).unwrap().allows("a*b"), "an asterisk in between stands for itself");
    assert_eq!(Scope::of(&[""; Scope::MAX_PATTERNS + 1]), None);
}

#[test]
fn a_player_sees_and_gets_its_own_only() {
    for dialect in super::MODERN {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.streamer("T").says_id("Bar");
        w.within(&["B*"], "P", Role::Player);
        w.player("Q");
        w.forget();
        assert_eq!(w.the("P").lists().heard(), ["streamerList [Bar]"]);
        assert_eq!(w.the("Q").lists().heard(), ["streamerList [Foo, Bar]"]);
        assert_eq!(w.the("P").lists().heard(), ["streamerList [Bar]"]);
        let unknown = w.the("P").subscribes("Nobody").heard();
        let hidden = w.the("P").subscribes("Foo").heard();
        assert_eq!(unknown, ["subscribeFailed: Streamer Nobody does not exist."]);
        assert_eq!(hidden, ["subscribeFailed: Streamer Foo does not exist."]);
        assert_eq!(w.heard("S"), NOTHING);
        w.the("P").subscribes("Bar");
        assert_eq!(w.heard("T"), ["playerConnected Player0"]);
        w.ends_empty();
    }
}

#[test]
fn a_subscription_outlives_a_new_name_and_cannot_be_had_again_under_it() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.within(&["Foo"], "P", Role::Player).subscribes("Foo");
    w.forget();
    w.the("S").says_id("Bar");
    assert_eq!(w.heard("P"), ["streamerIdChanged Bar"]);
    assert_eq!(w.the("P").lists().heard(), ["streamerList []"]);
    assert_eq!(w.the("P").subscribes("Bar").heard(), ["subscribeFailed: Streamer Bar does not exist."]);
    assert_eq!(w.the("S").sends_to_player(r#"{"type":"offer","playerId":"Player0"}"#).heard().len(), 1);
    w.ends_empty();
}

#[test]
fn a_streamer_registers_what_it_may() {
    for dialect in super::MODERN {
        let mut w = World::of(dialect);
        assert_eq!(
            *w.within(&["Foo", "team-*"], "S", Role::Streamer).says_id("team-7").heard().last().unwrap(),
            "endpointIdConfirm team-7"
        );
        assert_eq!(*w.the("S").says_id("Foo").heard().last().unwrap(), "endpointIdConfirm Foo");
        assert_eq!(w.the("S").says_id("Bar").heard(), [NOT_ALLOWED]);
        assert_eq!(w.listed(), NOTHING);
        w.ends_empty();
    }
}

/// §5.1: of the numbers, the lowest that it may have; where there is none, it is told to come again.
#[test]
fn what_is_given_counts_as_what_is_wanted() {
    const FOO_IS_TAKEN: &str = "closed 1013: the id Foo is taken, and the token allows no other";
    for (ids, given) in [
        (&["Foo"][..], FOO_IS_TAKEN),
        (&["Foo", "Foo1"], FOO_IS_TAKEN),
        (&["Foo", "Bar*"], FOO_IS_TAKEN),
        (&["Foo", "Foo7", "Foo4"], "endpointIdConfirm Foo4"),
        (&["Foo*"], "endpointIdConfirm Foo2"),
        (&["*"], "endpointIdConfirm Foo2"),
        (&["Foo", "Foo1*"], "endpointIdConfirm Foo10"),
        (&["Foo1", "Foo2"], NOT_ALLOWED),
    ] {
        let mut w = World::wilbur();
        w.streamer("S").says_id("Foo");
        w.streamer("another's").says_id("Foo1");
        w.within(ids, "T", Role::Streamer);
        w.forget();
        assert_eq!(w.the("T").says_id("Foo").heard(), [given], "{ids:?}");
        if let Some(own) = given.strip_prefix("endpointIdConfirm ") {
            assert_eq!(w.the("T").says_id(own).heard(), [given], "its own is not wanted anew");
            assert_eq!(w.the("T").says_id("Foo").heard(), [given], "and it gets its own number again");
        }
        assert_eq!(w.streamer("U").says_id("Foo").heard().last().unwrap()[..21], *"endpointIdConfirm Foo");
        w.ends_empty();
    }
}

/// §5.1: the holder is asked first, as for anybody: it may be the newcomer's own ghost.
#[test]
fn the_holder_shows_life_before_a_newcomer_is_sent_away() {
    for alive in [true, false] {
        let mut w = World::standard();
        w.streamer("S").says_id("Foo");
        w.within(&["Foo"], "T", Role::Streamer);
        w.forget();
        assert_eq!(w.the("T").says_id("Foo").heard(), NOTHING);
        assert_eq!(w.heard("S"), ["probed"]);
        let told = if alive {
            w.the("S").shows_life();
            "closed 1013: the id Foo is taken, and the token allows no other"
        } else {
            w.wait(2.0);
            "endpointIdConfirm Foo"
        };
        assert_eq!(w.heard("T"), [told]);
        assert_eq!(w.listed(), ["Foo"]);
        w.ends_empty();
    }
}

/// §5.1, §5.5: what it had goes to whoever waits for it, its players are ended, and the next in the queue is served.
#[test]
fn whoever_is_sent_away_leaves_everything_to_the_others() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.within(&["Foo", "Bar"], "T", Role::Streamer).says_id("Bar");
    w.player("P").subscribes("Bar");
    w.streamer("U");
    w.streamer("V");
    w.forget();
    w.the("T").says_id("Foo");
    w.the("U").says_id("Foo");
    w.the("V").says_id("Bar");
    w.the("S").shows_life();
    assert_eq!(w.heard("T"), ["probed", "closed 1013: the id Foo is taken, and the token allows no other"]);
    assert_eq!(w.heard("P"), ["streamerDisconnected", "closed"]);
    assert_eq!(w.heard("V"), ["endpointIdConfirm Bar"]);
    assert_eq!(w.heard("U"), ["endpointIdConfirm Foo1"]);
    assert_eq!(w.listed(), ["Foo", "Foo1", "Bar"]);
    w.wait(60.0);
    w.ends_empty();
}

/// §5.1: each of 10,000 waits for the next one's id, and somebody before it in the queue gets it: all are sent away.
#[test]
fn a_long_chain_of_those_that_are_sent_away_unwinds() {
    const LONG: usize = 10_000;
    let mut w = World::standard();
    w.streamer("first").says_id("<0>");
    for n in 1..=LONG {
        let [own, next] = [format!("<{n}>"), format!("<{}>", n - 1)];
        w.within(&[&own, &next], &n.to_string(), Role::Streamer).says_id(&own);
        w.streamer(&format!("before {n}")).says_id(&next);
        w.the(&n.to_string()).says_id(&next);
    }
    w.forget();
    w.the("first").shows_life();
    for n in 1..=LONG {
        let why = format!("closed 1013: the id <{}> is taken, and the token allows no other", n - 1);
        assert_eq!(w.heard(&n.to_string()), [why]);
        let given = if n == 1 { "<0>1".into() } else { format!("<{}>", n - 1) };
        assert_eq!(w.heard(&format!("before {n}")), [format!("endpointIdConfirm {given}")]);
    }
    assert_eq!(w.hub.session_count(), LONG + 1);
}

/// §5.1: empty or missing → `UnknownStreamer`, which is an id like any other.
#[test]
fn whoever_says_no_id_must_be_allowed_the_one_that_stands_for_it() {
    let mut w = World::standard();
    assert_eq!(*w.within(&["Foo"], "S", Role::Streamer).says_no_id().heard().last().unwrap(), NOT_ALLOWED);
    let mut given = w.within(&["Unknown*"], "T", Role::Streamer).says_no_id().heard();
    assert_eq!(given.pop().unwrap(), "endpointIdConfirm UnknownStreamer");
    w.ends_empty();
}

#[test]
fn a_streamer_that_stays_silent_is_closed_in_place_of_being_listed() {
    let mut w = World::standard();
    w.within(&["Foo"], "S", Role::Streamer);
    w.within(&["__LEGACY*"], "T", Role::Streamer);
    w.forget();
    w.wait(5.0);
    assert_eq!(w.heard("S"), [NOT_ALLOWED]);
    assert_eq!(w.listed(), ["__LEGACY_STREAMER__0"]);
    for (ids, told) in [
        (["__LEGACY_STREAMER__"], NOT_ALLOWED),
        (["__LEGACY_STREAMER__0"], "closed 1013: the id __LEGACY_STREAMER__ is taken, and the token allows no other"),
    ] {
        w.within(&ids, "U", Role::Streamer);
        w.forget();
        w.wait(5.0);
        assert_eq!(w.heard("U"), [told]);
    }
    w.within(&["__LEGACY_STREAMER__3"], "V", Role::Streamer);
    w.wait(5.0);
    assert_eq!(w.listed(), ["__LEGACY_STREAMER__0", "__LEGACY_STREAMER__3"]);
    w.ends_empty();
}

/// §4: nor does it get a number there that it may not have; and where nobody is asked, it is turned away.
#[test]
fn an_id_that_is_given_unasked_is_measured_too() {
    let taken = |id: &str| format!("closed 1013: the id {id} is taken, and the token allows no other");
    let mut w = World::wilbur();
    w.streamer("S");
    w.within(&["UnknownStreamer", "Foo"], "T", Role::Streamer);
    assert_eq!(w.hub.streamers()[1].id, None);
    assert_eq!(*w.the("T").says_id("Foo").heard().last().unwrap(), "endpointIdConfirm Foo");
    assert_eq!(w.the("T").says_no_id().heard(), [taken("UnknownStreamer")]);
    w.ends_empty();
    let mut w = World::of(Dialect::CIRRUS_5_1);
    w.connect("S", Role::Streamer, Dialect::STANDARD).says_id("1");
    assert_eq!(w.within(&["1"], "F", Role::Sfu).heard(), [taken("1")]);
    w.the("S").leaves();
    w.connect("F2", Role::Sfu, Dialect::STANDARD).says_id("__LEGACY__");
    assert_eq!(w.within(&["__LEGACY__"], "T", Role::Streamer).heard(), [taken("__LEGACY__")]);
    w.ends_empty();
}

/// In `wilbur*` a streamer has an id before it says one, and players fall back to it.
#[test]
fn nobody_is_caught_by_a_streamer_that_has_not_said_its_id() {
    let mut w = World::wilbur();
    w.within(&["Foo"], "S", Role::Streamer);
    w.player("P");
    w.forget();
    assert_eq!(
        w.the("P").subscribes("UnknownStreamer").heard(),
        ["subscribeFailed: Streamer UnknownStreamer does not exist."]
    );
    assert_eq!(w.the("P").sends(r#"{"type":"offer"}"#).heard(), ["closed"]);
    w.the("S").says_id("Foo");
    assert_eq!(w.listed(), ["Foo"]);
    w.ends_empty();
}

#[test]
fn in_cirrus_5_2_a_streamer_is_listed_once_it_has_said_what_it_may() {
    let mut w = World::of(Dialect::CIRRUS_5_2);
    w.within(&["Foo"], "S", Role::Streamer);
    assert_eq!(w.hub.streamers()[0].id, None);
    w.the("S").says_id("Foo");
    assert_eq!(w.listed(), ["Foo"]);
    w.ends_empty();
}

#[test]
fn where_ids_are_not_asked_for_they_must_be_allowed_at_once() {
    let mut w = World::of(Dialect::CIRRUS_5_1);
    assert_eq!(w.within(&["Foo"], "S", Role::Streamer).heard(), [NOT_ALLOWED]);
    assert_eq!(w.within(&["__LEGACY__"], "T", Role::Streamer).heard(), ["config"]);
    assert_eq!(w.within(&["__LEGACY__"], "F", Role::Sfu).heard(), [NOT_ALLOWED]);
    w.within(&["1", "__LEGACY__"], "G", Role::Sfu);
    assert_eq!(w.heard("T"), ["playerConnected 1 (SFU)"]);
    w.ends_empty();
}

/// §4: "P that speaks before subscribing".
#[test]
fn a_player_falls_back_to_what_it_may_watch() {
    for dialect in [Dialect::STANDARD, Dialect::WILBUR, Dialect::CIRRUS_5_4] {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.streamer("T").says_id("Bar");
        w.within(&["Bar"], "P", Role::Player);
        w.within(&["Baz"], "Q", Role::Player);
        w.forget();
        w.the("P").sends(r#"{"type":"offer"}"#);
        w.the("Q").sends(r#"{"type":"offer"}"#);
        assert_eq!(w.heard("S"), NOTHING, "{}", dialect.name);
        assert_eq!(w.heard("T").last().unwrap(), r#"{"type":"offer"}"#, "{}", dialect.name);
        assert_eq!(w.dropped(), [DropReason::NoStreamer], "{}", dialect.name);
        w.ends_empty();
    }
}

/// §4: "P is attached on connect", "refused 1013".
#[test]
fn a_player_is_attached_to_what_it_may_watch() {
    let mut w = World::of(Dialect::CIRRUS_5_1);
    w.streamer("S");
    assert_eq!(w.within(&["Foo"], "P", Role::Player).heard(), ["closed 1013: Streamer is not connected"]);
    w.within(&["__LEGACY__"], "Q", Role::Player);
    assert_eq!(w.heard("S"), ["config", "playerConnected 101"]);
    w.ends_empty();
}

#[test]
fn a_player_that_prefers_sfus_gets_one_that_it_may_watch() {
    let mut w = World::of(Dialect::CIRRUS_5_1);
    w.streamer("S");
    w.sfu("F");
    w.forget();
    let peer = w.within_wishing(&["__LEGACY__"], "P", Role::Player, Wishes { prefers_sfu: true, offers: false });
    peer.and_that_is_all();
    assert_eq!(w.heard("F"), ["playerCount 2"]);
    assert_eq!(w.heard("S").len(), 1);
    w.ends_empty();
}

/// §5.4: the gateway's choice is measured as the SFU's own.
#[test]
fn an_sfu_is_subscribed_to_what_it_may_watch() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.within(&["Bar", "Mix"], "F", Role::Sfu).says_id("Mix");
    w.forget();
    assert_eq!(w.the("F").lists().heard(), ["streamerList []"]);
    assert_eq!(w.the("F").subscribes("Foo").heard(), ["subscribeFailed: Streamer Foo does not exist."]);
    w.streamer("T").says_id("Bar");
    assert_eq!(w.heard("S"), NOTHING);
    assert_eq!(w.heard("T").last().unwrap(), "playerConnected Player0 (SFU)");
    assert_eq!(w.the("F").says_id("Foo").heard().last().unwrap(), NOT_ALLOWED);
    w.ends_empty();
}

#[test]
fn the_newest_streamer_is_the_newest_that_an_sfu_may_watch() {
    let mut w = World::of(Dialect::CIRRUS_5_2);
    w.within(&["SFU", "Foo*"], "F", Role::Sfu);
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.forget();
    w.streamer("U").says_id("Foo2");
    assert_eq!(w.heard("S"), ["playerDisconnected SFU"]);
    assert_eq!(w.heard("T"), NOTHING);
    w.ends_empty();
}

#[test]
fn the_streamer_of_the_settings_must_be_allowed_too() {
    let auto_subscribe = crate::hub::AutoSubscribe::Only(crate::id::StreamerId::new("Foo"));
    let mut w = World::with(Dialect::STANDARD, Settings { auto_subscribe, ..Settings::default() });
    w.within(&["Bar"], "F", Role::Sfu);
    w.sfu("G");
    w.streamer("S").says_id("Foo");
    assert_eq!(w.heard("S").last().unwrap(), "playerConnected Player1 (SFU)");
    w.ends_empty();
}

/// In `wilbur` an SFU's list names itself.
#[test]
fn an_sfu_finds_itself_in_wilburs_list() {
    let mut w = World::wilbur();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Mix");
    w.within(&["Mix", "Mix1"], "F", Role::Sfu).says_id("Mix");
    w.forget();
    assert_eq!(w.the("F").lists().heard(), ["streamerList [Mix, Mix1]"]);
    w.ends_empty();
}

const IDS: [&str; 4] = ["Foo", "Foo2", "Bar", "Baz"];
const SCOPES: [&[&str]; 4] = [&["Foo*"], &["Bar", "Mix*"], &[], &["*"]];
const STREAMERS_SCOPES: [&[&str]; 4] = [&["Foo", "Bar"], &["Foo", "Foo1*", "Bar2"], &["*"], &["Foo", "Foo2"]];

/// Those with a scope, by name: their place in the order of arrival, and what they may register or watch.
type Scoped = Vec<(String, crate::id::SessionId, Scope, Role)>;

/// Something that happens: `kind` says what, the others to whom.
fn happens(w: &mut World, scoped: &mut Scoped, count: &mut u64, (kind, a, b): (u8, usize, usize)) {
    let name = format!("peer{count}");
    let watchers: Vec<_> = scoped.iter().filter(|(.., role)| *role != Role::Streamer).collect();
    let watcher = watchers.get(a * 7 % watchers.len().max(1)).map(|(name, ..)| name.clone());
    match (kind, watcher) {
        (0, _) => {
            *count += 1;
            w.streamer(&name).says_id(IDS[a]).and_that_is_all();
        }
        (1 | 2, _) => {
            *count += 1;
            let role = if kind == 1 { Role::Player } else { Role::Sfu };
            w.within(SCOPES[b], &name, role).and_that_is_all();
            scoped.push((name, crate::id::SessionId(*count), Scope::of(SCOPES[b]).unwrap(), role));
        }
        (8, _) => {
            *count += 1;
            w.within(STREAMERS_SCOPES[b], &name, Role::Streamer).says_id(IDS[a]).and_that_is_all();
            scoped.push((name, crate::id::SessionId(*count), Scope::of(STREAMERS_SCOPES[b]).unwrap(), Role::Streamer));
        }
        (9, _) if *count > 0 => w.the(&format!("peer{}", a as u64 * 5 % *count)).shows_life().and_that_is_all(),
        (3, Some(watcher)) => w.the(&watcher).subscribes(IDS[b]).and_that_is_all(),
        (4, Some(watcher)) => w.the(&watcher).lists().and_that_is_all(),
        (5, Some(watcher)) => w.the(&watcher).sends(r#"{"type":"answer"}"#).and_that_is_all(),
        // Always the same: a subscription outlives a new name.
        (6, Some(watcher)) => w.the(&watcher).says_id(&format!("Mix {watcher}")).starts_streaming().and_that_is_all(),
        (7, _) => w.wait(2.5),
        _ => {}
    }
}

proptest::proptest! {
    /// Whatever happens, in whatever dialect: nobody is listed, or becomes, what a watcher may not watch, and nobody has
    /// an id that it may not have.
    #[test]
    fn nobody_gets_beyond_its_scope(
        dialect in 0..Dialect::ALL.len(),
        deeds in proptest::collection::vec((0u8..10, 0usize..4, 0usize..4), 1..60),
    ) {
        let mut w = World::of(Dialect::ALL[dialect]);
        let (mut scoped, mut count) = (Scoped::new(), 0);
        for deed in deeds {
            happens(&mut w, &mut scoped, &mut count, deed);
            let (players, streamers) = (w.hub.players(), w.hub.streamers());
            for (name, session, scope, _) in &scoped {
                let watched = players.iter().find(|view| view.session == *session);
                let watched = watched.and_then(|view| view.subscribed_to.as_ref());
                proptest::prop_assert!(watched.is_none_or(|id| scope.allows(id.as_str())), "{watched:?}");
                let held = streamers.iter().find(|view| view.session == *session).and_then(|view| view.id.as_ref());
                proptest::prop_assert!(held.is_none_or(|id| scope.allows(id.as_str())), "{held:?} within {scope:?}");
                for list in w.heard(name).iter().filter_map(|text| text.strip_prefix("streamerList [")) {
                    let ids = list.trim_end_matches(']').split(", ").filter(|id| !id.is_empty());
                    for id in ids {
                        proptest::prop_assert!(scope.allows(id), "{list} is shown within {scope:?}");
                    }
                }
            }
        }
        w.ends_empty();
    }
}
