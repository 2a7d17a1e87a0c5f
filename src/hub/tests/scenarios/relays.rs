//! Who may reach whom, and in what form (protocol.md §3, §5.3).

use super::{MODERN, NOTHING, World};
use crate::hub::{Dialect, PlayerIdForm};
use crate::wire::{DropReason, Role};

/// S and T stream Foo and Bar; P is on Foo, Q on Bar, R on nothing, F on Foo, G on Bar, L on F.
fn everybody(dialect: &'static Dialect) -> World {
    let mut w = World::of(dialect);
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.player("P").subscribes("Foo");
    w.player("Q").subscribes("Bar");
    w.player("R");
    w.sfu("F").says_id("Mix").subscribes("Foo").starts_streaming();
    w.sfu("G").says_id("Mux").subscribes("Bar").starts_streaming();
    w.player("L").subscribes("Mix");
    w.forget();
    w
}

/// §3: what a player sends goes to its streamer or SFU only, and its sender waits when there is no room.
#[test]
fn a_subscriber_reaches_its_publisher() {
    let mut w = everybody(Dialect::STANDARD);
    for (from, to) in [("P", "S"), ("Q", "T"), ("L", "F"), ("F", "S"), ("G", "T")] {
        for kind in
            ["offer", "answer", "iceCandidate", "layerPreference", "dataChannelRequest", "peerDataChannelsReady"]
        {
            let text = format!(r#"{{"type":"{kind}","playerId":"whoever"}}"#);
            w.the(from).sends(&text);
            assert_eq!(w.heard(to), [text], "{from} to {to}");
            w.assert_silence();
        }
    }
}

/// §3: what a streamer sends goes to its own player, who is cut when it has no room.
#[test]
fn a_publisher_reaches_its_own_subscribers() {
    let mut w = everybody(Dialect::STANDARD);
    for (from, to, player) in
        [("S", "P", "Player0"), ("T", "Q", "Player1"), ("S", "F", "Player3"), ("T", "G", "Player4")]
    {
        for kind in ["offer", "answer", "iceCandidate"] {
            let text = format!(r#"{{"type":"{kind}","playerId":"{player}","more":1.50}}"#);
            w.the(from).sends_to_player(&text);
            assert_eq!(w.heard(to), [format!("!{text}")], "{from} to {to}");
            w.assert_silence();
        }
    }
}

/// §5.3: "A streamer or SFU reaches only its own subscribers, in every dialect".
#[test]
fn nobody_reaches_the_subscribers_of_others() {
    for dialect in MODERN {
        let mut w = everybody(dialect);
        let strangers =
            [("S", &["Player1", "Player2", "Player4", "Player5"] as &[_]), ("F", &["Player0", "Player3", "Player4"])];
        for (from, players) in strangers {
            for player in players {
                w.the(from).sends_to_player(&format!(r#"{{"type":"offer","playerId":"{player}"}}"#));
                assert_eq!(w.dropped(), [DropReason::NotSubscribed], "{from} to {player}");
                w.assert_silence();
            }
        }
        w.the("S").sends_to_player(r#"{"type":"offer","playerId":"Player99"}"#);
        w.the("S").sends_to_player(r#"{"type":"offer","playerId":7}"#);
        w.the("S").sends_to_player(r#"{"type":"offer"}"#);
        w.the("S").sends_to_player(r#"{"type":"offer","playerId":null}"#);
        w.the("F").sends_to_player(r#"{"type":"iceCandidate","playerId":null}"#);
        let (unknown, bad) = (DropReason::UnknownPlayer, DropReason::BadField);
        assert_eq!(w.dropped(), [unknown, unknown, bad, bad, bad]);
        w.assert_silence();
    }
}

/// §5.3: a player that has left, or gone over to another, is out of reach.
#[test]
fn a_player_that_has_gone_over_is_out_of_reach() {
    let mut w = everybody(Dialect::STANDARD);
    w.the("P").subscribes("Bar");
    w.the("Q").unsubscribes();
    w.forget();
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":"Player0"}"#);
    w.the("T").sends_to_player(r#"{"type":"offer","playerId":"Player1"}"#);
    assert_eq!(w.dropped(), [DropReason::NotSubscribed, DropReason::NotSubscribed]);
    w.assert_silence();
    w.the("P").leaves();
    w.forget();
    w.the("T").sends_to_player(r#"{"type":"offer","playerId":"Player0"}"#);
    assert_eq!(w.dropped(), [DropReason::UnknownPlayer]);
    w.assert_silence();
}

/// §5.3: "a … disconnectPlayer of … anyone else is dropped and counted"; §3: 1011 with the streamer's reason.
#[test]
fn a_streamer_ends_its_own_players_only() {
    for dialect in MODERN {
        let mut w = everybody(dialect);
        for player in ["Player1", "Player2", "Player4", "Player5"] {
            w.the("S").disconnects(player, "out");
            assert_eq!(w.dropped(), [DropReason::NotSubscribed]);
        }
        w.the("S").disconnects("Player99", "out");
        assert_eq!(w.dropped(), [DropReason::UnknownPlayer]);
        w.assert_silence();
        w.the("S").disconnects("Player0", "out");
        assert_eq!(w.heard("P"), ["closed 1011: out"]);
        assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
        w.ends_empty();
    }
}

/// §3: a reason is optional, and whatever the streamer says cannot pass for a drain.
#[test]
fn any_reason_will_do() {
    for reason in ["", "the gateway is restarting"] {
        let mut w = everybody(Dialect::STANDARD);
        w.the("S").disconnects("Player3", reason);
        let told = if reason.is_empty() { "closed 1011".into() } else { format!("closed 1011: {reason}") };
        assert_eq!(w.heard("F"), [told]);
        assert_eq!(w.heard("L"), ["streamerDisconnected", "closed"]);
        assert_eq!(w.heard("S"), ["playerDisconnected Player3"]);
        w.ends_empty();
    }
}

/// §3, disconnectPlayer: "`standard`: F too, for its own players".
#[test]
fn an_sfu_ends_its_own_players_in_standard() {
    let mut w = everybody(Dialect::STANDARD);
    w.the("F").disconnects("Player0", "out");
    assert_eq!(w.dropped(), [DropReason::NotSubscribed]);
    w.the("F").disconnects("Player5", "out");
    assert_eq!(w.heard("L"), ["closed 1011: out"]);
    assert_eq!(w.heard("F"), ["playerDisconnected Player5"]);
    for dialect in [Dialect::WILBUR, Dialect::WILBUR_5_5] {
        let mut w = everybody(dialect);
        w.the("F").disconnects("Player5", "out");
        assert_eq!(w.dropped(), [DropReason::Dialect]);
        w.assert_silence();
    }
}

/// §4, "S → P keeps playerId", read from the player's dialect; nothing else of the message changes.
#[test]
fn whether_a_player_sees_its_id_is_its_own_dialect() {
    let kept = r#"!{"type":"offer","playerId":"Player0","sdp":"x", "n":1.0}"#;
    let stripped = r#"!{"type":"offer","sdp":"x", "n":1.0}"#;
    for (streamer, player, heard) in [
        (Dialect::STANDARD, Dialect::STANDARD, kept),
        (Dialect::STANDARD, Dialect::WILBUR, kept),
        (Dialect::STANDARD, Dialect::WILBUR_5_5, stripped),
        (Dialect::WILBUR_5_5, Dialect::STANDARD, kept),
        (Dialect::WILBUR_5_5, Dialect::WILBUR_5_5, stripped),
    ] {
        let mut w = World::standard();
        w.connect("S", Role::Streamer, streamer).says_id("Foo");
        w.connect("P", Role::Player, player).subscribes("Foo");
        w.forget();
        w.the("S").sends_to_player(r#"{"type":"offer","playerId":"Player0","sdp":"x", "n":1.0}"#);
        assert_eq!(w.heard("P"), [heard]);
    }
}

/// §3: "From F towards P, `playerId` is removed from offer and peerDataChannels", in every dialect.
#[test]
fn an_sfus_players_do_not_see_their_ids_in_offers() {
    for dialect in MODERN {
        let mut w = everybody(dialect);
        w.the("F").sends_to_player(r#"{"type":"offer","sfu":true,"playerId":"Player5"}"#);
        w.the("F").sends_to_player(r#"{"type":"peerDataChannels","playerId":"Player5","sendStreamId":1}"#);
        assert_eq!(
            w.heard("L"),
            [r#"!{"type":"offer","sfu":true}"#, r#"!{"type":"peerDataChannels","sendStreamId":1}"#]
        );
        w.assert_silence();
    }
}

/// §3, iceCandidate: "`standard`: F→P by playerId", kept; "Wilbur drops those from F".
#[test]
fn an_sfus_candidates_go_to_its_players_in_standard_only() {
    let candidate = r#"{"type":"iceCandidate","candidate":{},"playerId":"Player5"}"#;
    let mut w = everybody(Dialect::STANDARD);
    w.the("F").sends_to_player(candidate);
    assert_eq!(w.heard("L"), [format!("!{candidate}")]);
    for dialect in [Dialect::WILBUR, Dialect::WILBUR_5_5] {
        let mut w = everybody(dialect);
        w.the("F").sends_to_player(candidate);
        w.the("F").sends(r#"{"type":"iceCandidate","candidate":{}}"#);
        assert_eq!(w.dropped(), [DropReason::Dialect, DropReason::Dialect]);
        w.assert_silence();
    }
}

/// §3, iceCandidate: the candidates of streamers and players pass in every dialect.
#[test]
fn candidates_of_streamers_and_players_always_pass() {
    for dialect in MODERN {
        let mut w = everybody(dialect);
        w.the("S").sends_to_player(r#"{"type":"iceCandidate","playerId":"Player0"}"#);
        assert_eq!(w.heard("P").len(), 1);
        w.the("P").sends(r#"{"type":"iceCandidate"}"#);
        assert_eq!(w.heard("S").len(), 1);
    }
}

/// §3, layerPreference: "S→ every F subscribed to it, unchanged".
#[test]
fn a_streamers_layer_preference_goes_to_all_its_sfus_unchanged() {
    let mut w = everybody(Dialect::STANDARD);
    w.sfu("H").subscribes("Foo");
    w.forget();
    let text = r#"{"type":"layerPreference", "spatialLayer":1,"playerId":"Player5"}"#;
    w.the("S").sends_to_sfus(text);
    assert_eq!(w.heard("F"), [format!("!{text}")]);
    assert_eq!(w.heard("H"), [format!("!{text}")]);
    w.assert_silence();
    for name in ["F", "P"] {
        w.the(name).sends_to_sfus(text);
        assert_eq!(w.dropped(), [DropReason::WrongRole]);
        w.assert_silence();
    }
}

/// §3: a number addresses the same player as its decimal string.
#[test]
fn a_number_addresses_the_player_of_that_number() {
    const NUMBERS: &Dialect = &Dialect { player_id: PlayerIdForm::FromOne, ..*Dialect::STANDARD };
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.connect("P", Role::Player, NUMBERS).subscribes("Foo");
    w.forget();
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":1}"#);
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":"1"}"#);
    assert_eq!(w.heard("P"), [r#"!{"type":"offer","playerId":1}"#, r#"!{"type":"offer","playerId":"1"}"#]);
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":1.0}"#);
    assert_eq!(w.dropped(), [DropReason::UnknownPlayer]);
    w.the("S").disconnects("1", "");
    assert_eq!(w.heard("P"), ["closed 1011"]);
}

/// §3, §5.8: the last of several `playerId`s counts, and none of them is left where it is stripped.
#[test]
fn the_last_player_id_counts() {
    let mut w = everybody(Dialect::WILBUR_5_5);
    w.the("S").sends_to_player(r#"{"playerId":"Player1","type":"offer","player\u0049d":"Player0"}"#);
    assert_eq!(w.heard("P"), [r#"!{"type":"offer"}"#]);
    w.assert_silence();
}

/// §3: what an SFU sends without a streamer goes nowhere; nothing falls back for it.
#[test]
fn an_sfu_without_a_streamer_reaches_nobody() {
    for dialect in MODERN {
        let mut w = World::of(dialect);
        w.sfu("F").says_id("Mix");
        w.forget();
        assert_eq!(w.the("F").sends(r#"{"type":"answer"}"#).heard(), NOTHING);
        assert_eq!(w.dropped(), [DropReason::NoStreamer]);
        w.ends_empty();
    }
}

/// §3, from → to: each of the two sides has messages that are not its own.
#[test]
fn the_wrong_side_is_not_relayed() {
    let mut w = everybody(Dialect::STANDARD);
    w.the("S").sends(r#"{"type":"offer"}"#);
    w.the("P").sends_to_player(r#"{"type":"offer","playerId":"Player1"}"#);
    w.the("P").disconnects("Player1", "");
    w.the("P").starts_streaming().stops_streaming();
    w.the("S").starts_streaming().stops_streaming();
    assert_eq!(w.dropped(), [DropReason::WrongRole; 7]);
    w.assert_silence();
}
