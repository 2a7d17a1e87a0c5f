//! SFUs (protocol.md §5.4): a streamer and a player in one session.

use super::{MODERN, NOTHING, World};
use crate::hub::{AutoSubscribe, Dialect, Settings};
use crate::id::StreamerId;
use crate::wire::Role;

fn auto(auto_subscribe: AutoSubscribe) -> World {
    World::with(Dialect::STANDARD, Settings { auto_subscribe, ..Settings::default() })
}

fn only(id: &str) -> World {
    auto(AutoSubscribe::Only(StreamerId::new(id)))
}

/// §5.4, `first`: "on connect to a streaming streamer", after the greeting.
#[test]
fn an_sfu_is_subscribed_on_connect_to_the_first_that_streams() {
    let mut w = World::standard();
    w.streamer("young");
    w.sfu("other").says_id("Mix").starts_streaming();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.the("other").leaves();
    w.forget();
    assert_eq!(w.sfu("F").heard(), ["config", "identify"]);
    assert_eq!(w.heard("S"), ["playerConnected Player1 (SFU)"]);
    w.assert_silence();
    w.ends_empty();
}

/// §5.4: "else to the next that identifies", or is listed for its silence.
#[test]
fn an_sfu_without_a_streamer_gets_the_next_that_identifies() {
    let mut w = World::standard();
    w.sfu("F");
    w.streamer("S");
    w.forget();
    w.wait(4.0);
    w.assert_silence();
    w.the("S").says_id("Foo");
    assert_eq!(w.heard("S"), ["endpointIdConfirm Foo", "playerConnected Player0 (SFU)"]);
    w.assert_silence();
    w.sfu("G");
    w.the("S").leaves();
    w.streamer("legacy");
    w.forget();
    w.wait(5.0);
    assert_eq!(w.heard("legacy"), ["playerConnected Player0 (SFU)", "playerConnected Player1 (SFU)"]);
    w.ends_empty();
}

/// §5.4: "and again after its streamer went and came back".
#[test]
fn an_sfu_is_subscribed_again_when_its_streamer_comes_back() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.forget();
    w.the("S").leaves();
    assert_eq!(w.heard("F"), ["streamerDisconnected"]);
    w.streamer("again").says_id("Foo");
    assert_eq!(w.heard("again").last().unwrap(), "playerConnected Player0 (SFU)");
    w.assert_silence();
    w.ends_empty();
}

/// §5.4: "one that has not [subscribed by itself] is free when its streamer goes: the rule for connecting applies
/// again"; it hears of the loss first.
#[test]
fn a_free_sfu_goes_over_to_the_next_streamer_at_once() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.streamer("T").says_id("Bar");
    w.forget();
    w.the("S").leaves();
    assert_eq!(w.heard("F"), ["streamerDisconnected"]);
    assert_eq!(w.heard("T"), ["playerConnected Player0 (SFU)"]);
    w.assert_silence();
    w.streamer("again").says_id("Foo");
    assert_eq!(w.heard("T"), NOTHING);
    w.ends_empty();
}

/// §5.4, `off`: only by itself.
#[test]
fn auto_subscribe_can_be_off() {
    let mut w = auto(AutoSubscribe::Off);
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.streamer("T").says_id("Bar");
    assert_eq!(w.heard("S"), ["config", "identify", "endpointIdConfirm Foo"]);
    w.forget();
    w.the("F").subscribes("Foo");
    assert_eq!(w.heard("S"), ["playerConnected Player0 (SFU)"]);
    w.the("S").leaves();
    w.forget();
    w.streamer("again").says_id("Foo");
    assert_eq!(w.heard("again"), ["config", "identify", "endpointIdConfirm Foo"]);
    w.assert_silence();
}

/// §5.4, a streamer id: to that one only.
#[test]
fn auto_subscribe_can_name_a_streamer() {
    let mut w = only("Bar");
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.forget();
    w.streamer("T").says_id("Bar");
    assert_eq!(w.heard("T"), ["config", "identify", "endpointIdConfirm Bar", "playerConnected Player0 (SFU)"]);
    w.sfu("G");
    assert_eq!(w.heard("T"), ["playerConnected Player1 (SFU)"]);
    w.the("T").leaves();
    assert_eq!(w.heard("S"), NOTHING);
    w.the("S").says_id("Bar");
    assert_eq!(
        w.heard("S"),
        ["endpointIdConfirm Bar", "playerConnected Player0 (SFU)", "playerConnected Player1 (SFU)"]
    );
    w.ends_empty();
}

/// §4, "SFUs": in `wilbur*` they subscribe themselves.
#[test]
fn wilbur_leaves_sfus_to_themselves() {
    for dialect in [Dialect::WILBUR, Dialect::WILBUR_5_5] {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.forget();
        w.sfu("F").says_id("Mix");
        w.streamer("T").says_id("Bar");
        assert_eq!(w.heard("S"), NOTHING);
        w.the("F").subscribes("Foo");
        assert_eq!(w.heard("S"), ["playerConnected Player0 (SFU)"]);
    }
}

/// §4: "SFU auto-subscribe from the SFU's" dialect.
#[test]
fn auto_subscribe_is_the_sfus_dialect() {
    let mut w = World::standard();
    w.connect("S", Role::Streamer, Dialect::WILBUR).says_id("Foo");
    w.forget();
    w.connect("F", Role::Sfu, Dialect::STANDARD);
    w.connect("G", Role::Sfu, Dialect::WILBUR);
    assert_eq!(w.heard("S"), ["playerConnected Player0 (SFU)"]);
}

/// §5.4: "An SFU's own subscribe to what it already has is a no-op", in every dialect.
#[test]
fn an_sfu_that_subscribes_to_what_it_has_changes_nothing() {
    for dialect in MODERN {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.sfu("F").says_id("Mix").subscribes("Foo").starts_streaming();
        w.player("L").subscribes("Mix");
        w.forget();
        w.the("F").subscribes("Foo");
        w.assert_silence();
        assert_eq!(w.listed(), ["Foo", "Mix"]);
    }
}

/// §7, the stock SFU takes a second offer for an error and closes: so a switch gives it streamerDisconnected first.
/// This is its whole course: auto-subscribed, subscribes to its own choice, and streams that.
#[test]
fn the_stock_sfu_never_gets_a_second_offer_without_a_streamer_disconnected() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.sfu("F").says_id("Mix").lists();
    assert_eq!(w.heard("F"), ["config", "identify", "endpointIdConfirm Mix", "streamerList [Foo, Bar]"]);
    w.forget();
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":"Player0"}"#);
    w.the("F").subscribes("Bar");
    assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
    assert_eq!(w.heard("T"), ["playerConnected Player0 (SFU)"]);
    w.the("S").sends_to_player(r#"{"type":"offer","playerId":"Player0"}"#);
    w.the("T").sends_to_player(r#"{"type":"offer","playerId":"Player0"}"#);
    assert_eq!(
        w.heard("F"),
        [
            r#"!{"type":"offer","playerId":"Player0"}"#,
            "streamerDisconnected",
            r#"!{"type":"offer","playerId":"Player0"}"#
        ]
    );
    w.the("F").stops_streaming().starts_streaming();
    assert_eq!(w.listed(), ["Foo", "Bar", "Mix"]);
    w.ends_empty();
}

/// §5.4, a switch in `standard`: "its players are ended as when a streamer goes", and it is unlisted; §5.5: it is told
/// of each of them, because it is still there.
#[test]
fn a_switch_ends_the_sfus_players() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.sfu("F").says_id("Mix").subscribes("Foo").starts_streaming();
    w.player("L").subscribes("Mix");
    w.sfu("below").says_id("Low").subscribes("Mix").starts_streaming();
    w.player("M").subscribes("Low");
    w.forget();
    w.the("F").subscribes("Bar");
    assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
    assert_eq!(w.heard("F"), ["streamerDisconnected", "playerDisconnected Player1", "playerDisconnected Player2"]);
    assert_eq!(w.heard("L"), ["streamerDisconnected", "closed"]);
    assert_eq!(w.heard("below"), ["streamerDisconnected"]);
    assert_eq!(w.heard("T"), ["playerConnected Player0 (SFU)"]);
    assert_eq!(w.listed(), ["Foo", "Bar"]);
    w.the("F").starts_streaming();
    assert_eq!(w.heard("F"), ["playerConnected Player2 (SFU)"]);
    assert_eq!(w.listed(), ["Foo", "Bar", "Mix"]);
    w.the("M").leaves();
    w.ends_empty();
}

/// §5.4, §4: in `wilbur*` a switch keeps the SFU's players; it is unlisted all the same.
#[test]
fn a_switch_in_wilbur_keeps_the_sfus_players() {
    let mut w = World::wilbur();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.sfu("F").says_id("Mix").subscribes("Foo");
    w.player("L").subscribes("Mix");
    w.forget();
    w.the("F").subscribes("Bar");
    assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
    assert_eq!(w.heard("T"), ["playerConnected Player0 (SFU)"]);
    w.assert_silence();
    assert_eq!(w.listed(), ["Foo", "Bar"]);
    w.the("F").starts_streaming();
    assert_eq!(w.listed(), ["Foo", "Bar", "Mix"]);
    w.the("L").sends(r#"{"type":"answer"}"#);
    assert_eq!(w.heard("F"), [r#"{"type":"answer"}"#]);
}

/// §5.4: what an SFU has chosen sticks: another streamer is not given to it, the same id is.
#[test]
fn an_sfus_own_choice_sticks() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.sfu("F").subscribes("Foo");
    w.streamer("T").says_id("Bar");
    w.the("S").leaves();
    w.streamer("U").says_id("Baz");
    w.forget();
    w.wait(60.0);
    w.assert_silence();
    w.the("T").says_id("Foo");
    assert_eq!(w.heard("T"), ["endpointIdConfirm Foo", "playerConnected Player0 (SFU)"]);
    w.the("T").leaves();
    w.forget();
    w.the("U").says_id("Foo");
    assert_eq!(w.heard("U"), ["endpointIdConfirm Foo", "playerConnected Player0 (SFU)"]);
    w.ends_empty();
}

/// §5.4: "a no-op subscribe counts".
#[test]
fn a_choice_of_what_it_has_anyway_sticks_too() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.the("F").subscribes("Foo");
    w.streamer("T").says_id("Bar");
    w.forget();
    w.the("S").leaves();
    assert_eq!(w.heard("F"), ["streamerDisconnected"]);
    w.assert_silence();
}

/// §5.4, §5.2: a subscribe that failed is no choice.
#[test]
fn a_failed_subscribe_is_no_choice() {
    let mut w = World::standard();
    w.sfu("F").says_id("Mix").subscribes("Foo").subscribes("Mix");
    w.forget();
    w.streamer("S").says_id("Foo");
    assert_eq!(w.heard("S").last().unwrap(), "playerConnected Player0 (SFU)");
}

/// §3, unsubscribe, for an SFU: what it has left by itself is not forced on it again.
#[test]
fn an_sfu_that_unsubscribes_is_left_alone() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.sfu("F");
    w.forget();
    w.the("F").unsubscribes();
    assert_eq!(w.heard("S"), ["playerDisconnected Player0"]);
    w.the("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    assert_eq!(w.heard("S"), ["endpointIdConfirm Foo"]);
    assert_eq!(w.heard("F"), NOTHING);
    w.the("F").subscribes("Bar");
    assert_eq!(w.heard("T").last().unwrap(), "playerConnected Player0 (SFU)");
}

/// §5.4: "An SFU never subscribes to itself".
#[test]
fn an_sfu_cannot_subscribe_to_itself() {
    for dialect in MODERN {
        let mut w = World::of(dialect);
        w.sfu("F").says_id("Mix").starts_streaming();
        w.forget();
        w.the("F").subscribes("Mix");
        assert!(w.heard("F").iter().all(|heard| heard.starts_with("subscribeFailed")));
        w.assert_silence();
        assert_eq!(w.hub.players()[0].subscribed_to, None);
    }
    let mut w = only("Mix");
    w.sfu("F").says_id("Mix").starts_streaming();
    assert_eq!(w.hub.players()[0].subscribed_to, None);
}

/// §5.4: "nor in a loop of SFUs", of two, of three.
#[test]
fn sfus_cannot_subscribe_in_a_loop() {
    for dialect in MODERN {
        let mut w = World::of(dialect);
        for (name, id) in [("F", "1"), ("G", "2"), ("H", "3")] {
            w.sfu(name).says_id(id).starts_streaming();
        }
        w.the("F").subscribes("2");
        w.the("G").subscribes("3");
        w.forget();
        for (name, id) in [("G", "1"), ("H", "1"), ("H", "2")] {
            let before = w.hub.players();
            w.the(name).subscribes(id);
            assert_eq!(w.hub.players(), before, "{name} to {id}");
        }
        w.the("F").unsubscribes();
        w.the("H").subscribes("1");
        let above: Vec<_> = w.hub.players().into_iter().map(|sfu| sfu.subscribed_to.map(|id| id.to_string())).collect();
        assert_eq!(above, [None, Some("3".into()), Some("1".into())]);
        w.ends_empty();
    }
}

/// §5.4: nor does the gateway close a loop when an id comes back.
#[test]
fn what_comes_back_does_not_close_a_loop() {
    let mut w = World::standard();
    w.sfu("F").says_id("1").starts_streaming();
    w.sfu("G").says_id("2").subscribes("1").starts_streaming();
    w.the("F").stops_streaming().subscribes("2");
    w.forget();
    w.the("F").starts_streaming();
    w.assert_silence();
    assert_eq!(w.hub.players()[1].subscribed_to, None);
    w.ends_empty();
}

/// §5.4: "After a switch or a lost streamer F is unlisted until it sends startStreaming again".
#[test]
fn an_sfu_that_has_lost_its_streamer_is_unlisted() {
    for dialect in MODERN {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.sfu("F").says_id("Mix").subscribes("Foo").starts_streaming();
        w.player("L").subscribes("Mix");
        w.the("S").leaves();
        w.streamer("again").says_id("Foo");
        assert_eq!(w.listed(), ["Foo"]);
        w.forget();
        w.the("L").lists();
        assert_eq!(w.heard("L"), ["streamerList [Foo]"]);
        w.the("F").starts_streaming();
        assert_eq!(w.listed(), ["Mix", "Foo"]);
        w.ends_empty();
    }
}

/// §3, startStreaming: counts from when it was said; only what has an id can be listed.
#[test]
fn start_streaming_may_come_before_the_id() {
    let mut w = World::standard();
    w.sfu("F").starts_streaming();
    w.player("P");
    w.forget();
    assert_eq!(w.the("P").lists().heard(), ["streamerList []"]);
    assert!(!w.hub.streamers()[0].streaming);
    w.the("F").says_id("Mix");
    assert_eq!(w.the("P").lists().heard(), ["streamerList [Mix]"]);
    w.ends_empty();
}

/// §3: and stopStreaming takes it back, also before the id.
#[test]
fn stop_streaming_before_the_id_takes_it_back() {
    let mut w = World::standard();
    w.sfu("F").starts_streaming().stops_streaming().says_id("Mix");
    assert_eq!(w.listed(), NOTHING);
    w.ends_empty();
}

/// §3, stopStreaming: "its players are closed as when a streamer goes"; §5.5: it is told of each.
#[test]
fn stop_streaming_ends_the_sfus_players() {
    for (dialect, told) in
        [(Dialect::STANDARD, &["streamerDisconnected", "closed"] as &[_]), (Dialect::WILBUR, &["closed"])]
    {
        let mut w = World::of(dialect);
        w.streamer("S").says_id("Foo");
        w.sfu("F").says_id("Mix").subscribes("Foo").starts_streaming();
        w.player("L").subscribes("Mix");
        w.sfu("below").subscribes("Mix");
        w.forget();
        w.the("F").stops_streaming();
        assert_eq!(w.heard("L"), told);
        assert_eq!(w.heard("F"), ["playerDisconnected Player1", "playerDisconnected Player2"]);
        assert_eq!(w.heard("below"), ["streamerDisconnected"]);
        assert_eq!(w.heard("S"), NOTHING);
        assert_eq!(w.listed(), ["Foo"]);
        w.ends_empty();
    }
}

/// §7: on streamerDisconnected the stock SFU sends stopStreaming; its new subscription stays.
#[test]
fn stop_streaming_keeps_the_sfus_own_subscription() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.streamer("T").says_id("Bar");
    w.sfu("F").says_id("Mix").starts_streaming();
    w.the("S").leaves();
    w.forget();
    w.the("F").stops_streaming();
    w.assert_silence();
    w.the("F").sends(r#"{"type":"answer"}"#);
    assert_eq!(w.heard("T"), [r#"{"type":"answer"}"#]);
}

/// §5.4: an SFU below another follows the same rules.
#[test]
fn an_sfu_below_another_gets_it_back() {
    let mut w = World::standard();
    w.streamer("S").says_id("Foo");
    w.sfu("F").says_id("Mix").starts_streaming();
    w.sfu("below").says_id("Low").subscribes("Mix");
    w.forget();
    w.the("F").stops_streaming();
    assert_eq!(w.heard("below"), ["streamerDisconnected"]);
    assert_eq!(w.heard("F"), ["playerDisconnected Player1"]);
    w.the("F").starts_streaming();
    assert_eq!(w.heard("F"), ["playerConnected Player1 (SFU)"]);
    w.assert_silence();
    w.ends_empty();
}
