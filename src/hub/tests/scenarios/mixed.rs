//! Listeners of several dialects on one gateway (protocol.md §4): "each row is read from the dialect of the session that
//! receives the message or is closed; the form of a player's id and its fallback from the player's; SFU auto-subscribe
//! from the SFU's".

use super::{NOTHING, World};
use crate::hub::{Dialect, Settings, Wishes};
use crate::wire::{DropReason, Role};

const OFFERS: Wishes = Wishes { offers: true, prefers_sfu: true };

/// Anybody with everybody: each player hears and is told of as the two rows have it.
#[test]
fn every_player_with_every_streamer() {
    for streamer in Dialect::ALL {
        for player in Dialect::ALL {
            let mut w = World::standard();
            w.connect("S", Role::Streamer, streamer).says_id("Foo");
            let id = w.hub.streamers()[0].id.clone().unwrap();
            w.forget();
            w.connect_wishing("P", Role::Player, player, OFFERS);
            if w.hub.players()[0].subscribed_to.is_none() {
                w.the("P").subscribes(id.as_str());
            }
            let number = w.hub.players()[0].id.clone();
            let case = format!("{} with {}", streamer.name, player.name);
            let connected = match streamer.name {
                "cirrus-4.27" => vec![],
                "cirrus-5.4" | "cirrus-5.2" => vec![format!("playerConnected {number}, do not offer")],
                _ => vec![format!("playerConnected {number}")],
            };
            assert_eq!(w.heard("S"), connected, "{case}");
            w.forget();
            w.the("S").sends_to_player(&format!(r#"{{"type":"offer","playerId":"{number}"}}"#));
            let kept = matches!(player.name, "standard" | "wilbur");
            let id = if kept { format!(r#","playerId":"{number}""#) } else { String::new() };
            assert_eq!(w.heard("P"), [format!(r#"!{{"type":"offer"{id}}}"#)], "{case}");
            w.the("P").leaves();
            assert_eq!(w.heard("S"), [format!("playerDisconnected {number}")], "{case}");
            w.ends_empty();
        }
    }
}

/// The streamer's end is each player's own row, and so is a rename.
#[test]
fn what_a_player_hears_of_its_streamer_is_its_own_row() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    for dialect in Dialect::ALL {
        w.connect(dialect.name, Role::Player, dialect).subscribes("Foo");
    }
    w.forget();
    w.the("S").says_id("Bar");
    for (name, heard) in [
        ("standard", &["streamerIdChanged Bar"] as &[_]),
        ("wilbur-5.5", &["streamerIdChanged Bar"]),
        ("cirrus-5.4", &["streamerIDChanged Bar"]),
        ("cirrus-5.2", &NOTHING),
        ("cirrus-5.1", &NOTHING),
        ("cirrus-4.27", &NOTHING),
    ] {
        assert_eq!(w.heard(name), heard, "{name}");
    }
    w.the("S").leaves();
    for dialect in Dialect::ALL {
        let heard: &[&str] =
            if dialect == Dialect::STANDARD { &["streamerDisconnected", "closed"] } else { &["closed"] };
        let told = w.heard(dialect.name);
        assert!(told.ends_with(&heard.iter().map(|&word| word.to_owned()).collect::<Vec<_>>()), "{told:?}");
    }
    w.ends_empty();
}

/// Whether a second streamer or SFU is one too many is for its own listener to say.
#[test]
fn who_is_one_too_many_is_the_newcomers_row() {
    let mut w = World::standard();
    w.connect("S", Role::Streamer, Dialect::CIRRUS_5_1);
    w.connect("F", Role::Sfu, Dialect::CIRRUS_5_2);
    w.forget();
    assert_eq!(w.streamer("T").says_id("Bar").heard()[..3], ["config", "identify", "endpointIdConfirm Bar"]);
    assert_eq!(w.sfu("G").heard(), ["config", "identify"]);
    assert_eq!(w.connect("U", Role::Streamer, Dialect::CIRRUS_4_27).heard().len(), 1);
    assert_eq!(w.connect("H", Role::Sfu, Dialect::CIRRUS_5_1).heard(), ["closed 1013: Already have SFU"]);
    assert_eq!(w.listed(), ["__LEGACY__", "SFU", "Bar"]);
    w.ends_empty();
}

/// "SFU auto-subscribe from the SFU's": one to the first, one to the newest, one by itself.
#[test]
fn who_chooses_an_sfus_streamer_is_its_own_row() {
    let mut w = World::standard();
    w.connect("F52", Role::Sfu, Dialect::CIRRUS_5_2);
    w.connect("F54", Role::Sfu, Dialect::CIRRUS_5_4);
    w.sfu("F");
    w.streamer("S").says_id("Foo");
    w.connect("T", Role::Streamer, Dialect::CIRRUS_5_4).says_id("Bar");
    let chosen: Vec<_> = w.hub.players().into_iter().map(|sfu| sfu.subscribed_to.map(|id| id.to_string())).collect();
    assert_eq!(chosen, [Some("Bar".into()), None, Some("Foo".into())]);
    assert_eq!(w.heard("T"), ["config", "identify", "playerConnected SFU (SFU), offer"]);
    w.ends_empty();
}

/// "full": the limit of the server is for those whose dialect has it, and counts everybody; the others are counted per
/// streamer, those included.
#[test]
fn each_player_has_its_own_limit() {
    let mut w = World::with(Dialect::STANDARD, Settings { max_players: Some(2), ..Settings::default() });
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.player("P").subscribes("Foo");
    w.connect("Q", Role::Player, Dialect::CIRRUS_5_4).subscribes("Foo");
    w.player("R");
    w.forget();
    w.the("R").subscribes("Foo");
    assert_eq!(w.heard("R"), ["subscribeFailed: Streamer Foo is full. Max players = 2."]);
    w.the("R").subscribes("Bar");
    assert_eq!(w.heard("T"), ["playerConnected Player2"]);
    let full = ["closed 1013: too many connections. max: 2, current: 3"];
    assert_eq!(w.connect("U", Role::Player, Dialect::CIRRUS_5_2).heard(), full);
    w.ends_empty();
}

/// An attached player takes the first that streams, and not one that has not identified where that takes a word.
#[test]
fn a_player_is_attached_to_the_first_that_streams() {
    let mut w = World::of(Dialect::CIRRUS_5_1);
    w.connect("young", Role::Streamer, Dialect::STANDARD);
    assert_eq!(w.player("P").heard(), ["closed 1013: Streamer is not connected"]);
    w.connect("S", Role::Streamer, Dialect::WILBUR).says_id("Foo");
    w.connect("T", Role::Streamer, Dialect::STANDARD).says_id("Bar");
    w.forget();
    w.player("Q");
    assert_eq!(w.heard("S"), ["playerConnected 101"]);
    w.the("Q").subscribes("Bar");
    assert_eq!(w.dropped(), [DropReason::Dialect]);
    w.ends_empty();
}

/// `?preferSFU` is a matter of the dialects that have it.
#[test]
fn preferring_an_sfu_is_the_players_row() {
    for (dialect, on) in [(Dialect::CIRRUS_5_1, "Mix"), (Dialect::CIRRUS_4_27, "Foo")] {
        let mut w = World::standard();
        w.streamer("S").says_id("Foo");
        w.sfu("F").says_id("Mix").starts_streaming();
        w.connect_wishing("P", Role::Player, dialect, OFFERS);
        let on_what = w.hub.players().last().unwrap().subscribed_to.clone();
        assert_eq!(on_what.unwrap().as_str(), on, "{}", dialect.name);
        w.ends_empty();
    }
}

fn two_at(listener: &'static Dialect) -> World {
    let mut w = World::with(listener, Settings { max_players: Some(2), ..Settings::default() });
    w.connect("S", Role::Streamer, Dialect::STANDARD).says_id("Foo");
    w
}

/// §5.2: where each streamer has so many places, no dialect that a player chooses gets it one more.
#[test]
fn a_chosen_dialect_is_no_way_round_the_places_of_a_streamer() {
    const FULL: &str = "closed 1013: the streamer is full";
    for chosen in Dialect::ALL {
        let mut w = two_at(Dialect::STANDARD);
        // Before the places are taken, so that whoever is measured on connecting alone gets in.
        if !chosen.one_streamer {
            w.choosing(chosen, "early");
        }
        for name in ["P", "Q"] {
            w.player(name).subscribes("Foo");
        }
        let full = if chosen.confirms { "subscribeFailed: Streamer Foo is full. Max players = 2." } else { FULL };
        if chosen.one_streamer {
            assert_eq!(w.choosing(chosen, "late").heard(), [FULL], "{}", chosen.name);
        } else {
            w.forget();
            assert_eq!(w.the("early").subscribes("Foo").heard(), [full], "{}", chosen.name);
            w.choosing(chosen, "late");
            w.forget();
            let falls_back = w.the("late").sends(r#"{"type":"answer"}"#).heard();
            assert_eq!(falls_back, [if chosen.name.starts_with("wilbur") { full } else { FULL }], "{}", chosen.name);
        }
        assert_eq!(w.hub.streamers()[0].subscribers.len(), 2, "{}", chosen.name);
        w.the("P").leaves();
        let mut next = w.choosing(chosen, "next").subscribes("Foo").heard();
        next.retain(|word| !word.starts_with("playerCount") && word != "config");
        assert_eq!((next.len(), w.hub.streamers()[0].subscribers.len()), (0, 2), "{}", chosen.name);
        w.ends_empty();
    }
}

/// §4: and where they are the gateway's, none either.
#[test]
fn a_chosen_dialect_is_no_way_round_the_places_of_the_gateway() {
    for listener in [Dialect::CIRRUS_5_4, Dialect::CIRRUS_5_1] {
        for chosen in Dialect::ALL {
            let mut w = two_at(listener);
            w.player("P");
            w.choosing(chosen, "Q");
            let full = "closed 1013: too many connections. max: 2, current: 2";
            assert_eq!(w.choosing(chosen, "R").heard(), [full], "{} at {}", chosen.name, listener.name);
            w.the("P").leaves();
            assert_ne!(w.choosing(chosen, "R2").heard().first().map(String::as_str), Some(full));
            w.ends_empty();
        }
    }
}
