//! The model by hand: a few courses of events whose outcome can be read off protocol.md.

use std::time::Duration;

use super::effects::{ANY, Ask, Auto, Effect, Effects, Event, Setup, Speech, Subject, What};
use super::model::Model;
use crate::hub::Wishes;
use crate::wire::Role::{Player, Sfu, Streamer};

const STANDARD: Speech = Speech::Standard;
const WILBUR: Speech = Speech::Wilbur;
const QUIET: Wishes = Wishes { offers: false, prefers_sfu: false };
const FREE: Setup = Setup { max_players: None, auto: Auto::First };

/// The model with a clock.
struct Scene {
    model: Model,
    millis: u64,
}

impl Scene {
    fn new(setup: Setup, events: Vec<What>) -> Self {
        let mut scene = Self { model: Model::new(setup), millis: 0 };
        for event in events {
            scene.after(1, event);
        }
        scene
    }

    /// What an event does that happens so many milliseconds after the last.
    fn after(&mut self, millis: u64, what: What) -> Effects {
        self.millis += millis;
        self.model.carry_out(&Event(Duration::from_millis(self.millis), what));
        self.model.take().0
    }

    fn ask(&mut self, session: u64, what: Ask) -> Effects {
        self.after(1, What::Ask(session, what))
    }
}

fn comes(session: u64, role: crate::wire::Role) -> What {
    What::Connect(session, role, STANDARD, QUIET)
}

fn wishes(session: u64, id: &str) -> What {
    What::Ask(session, Ask::EndpointId(Some(id.into())))
}

fn subscribes(session: u64, id: &str) -> What {
    What::Ask(session, Ask::Subscribe(id.into()))
}

fn connected(player: &str, sfu: bool) -> Effect {
    Effect::PlayerConnected { player: player.into(), sfu, offer: None, again: false }
}

fn disconnected(player: &str) -> Effect {
    Effect::PlayerDisconnected(player.into())
}

fn confirm(id: &str) -> Effect {
    Effect::Confirm(id.into())
}

fn list(ids: &[&str]) -> Effect {
    Effect::List(ids.iter().map(|id| (*id).into()).collect())
}

fn closed(code: u16, reason: &str) -> Effect {
    Effect::Closed(code, reason.into())
}

/// The flow of protocol.md §1.
#[test]
fn the_usual_flow() {
    let mut scene = Scene::new(FREE, vec![]);
    assert_eq!(scene.after(1, comes(1, Streamer)), [(1, Effect::Config(1)), (1, Effect::Identify)]);
    assert_eq!(scene.after(1, wishes(1, "Foo")), [(1, confirm("Foo"))]);
    let greeted = [(2, Effect::Config(2)), (2, Effect::Identify), (1, connected("Player0", true))];
    assert_eq!(scene.after(1, comes(2, Sfu)), greeted);
    assert_eq!(scene.after(1, comes(3, Player)), [(3, Effect::Config(3)), (3, Effect::PlayerCount(1))]);
    assert_eq!(scene.ask(3, Ask::ListStreamers), [(3, list(&["Foo"]))]);
    assert_eq!(scene.after(1, subscribes(3, "Foo")), [(1, connected("Player1", false))]);
    let offer = Ask::ToPlayer { player: "Player1".into(), mark: 7, strip: false };
    assert_eq!(scene.ask(1, offer), [(3, Effect::Relay { from: 1, mark: 7, addressed: true, waits: false })]);
    let answered = scene.ask(3, Ask::ToPublisher { mark: 8 });
    assert_eq!(answered, [(1, Effect::Relay { from: 3, mark: 8, addressed: true, waits: true })]);
    let gone = [(2, Effect::StreamerDisconnected), (3, Effect::StreamerDisconnected), (3, closed(1005, ""))];
    assert_eq!(scene.after(1, What::Disconnect(1)), gone);
    assert_eq!(scene.after(1, What::Disconnect(2)), []);
    assert!(scene.model.is_empty());
}

#[test]
fn wilbur_registers_at_once_and_hides() {
    let streamer = What::Connect(1, Streamer, WILBUR, QUIET);
    let mut scene =
        Scene::new(FREE, vec![streamer, What::Connect(2, Sfu, WILBUR, QUIET), What::Connect(3, Player, WILBUR, QUIET)]);
    assert_eq!(scene.ask(3, Ask::ListStreamers), [(3, list(&[]))]);
    assert_eq!(scene.ask(2, Ask::ListStreamers), [(2, list(&["UnknownStreamer", "UnknownStreamer1"]))]);
    let spoken = scene.ask(3, Ask::ToPublisher { mark: 1 });
    let relayed = Effect::Relay { from: 3, mark: 1, addressed: true, waits: true };
    assert_eq!(spoken, [(1, connected("Player1", false)), (1, relayed)]);
    assert_eq!(
        scene.after(1, wishes(1, "Foo")),
        [(3, Effect::IdChanged("streamerIdChanged".into(), "Foo".into())), (1, confirm("Foo"))]
    );
    assert_eq!(scene.after(1, wishes(2, "Foo")), [(2, confirm("Foo1"))]);
    assert_eq!(scene.ask(3, Ask::ListStreamers), [(3, list(&["Foo", "Foo1"]))]);
    assert_eq!(scene.after(1, What::Disconnect(1)), [(3, closed(1005, ""))]);
}

#[test]
fn a_silent_streamer_is_listed_after_five_seconds() {
    let mut scene = Scene::new(FREE, vec![comes(1, Streamer), comes(2, Streamer), comes(3, Sfu), comes(4, Player)]);
    assert_eq!(scene.after(0, wishes(2, "__LEGACY_STREAMER__0"))[0], (2, confirm("__LEGACY_STREAMER__0")));
    assert_eq!(scene.model.deadline(), Some(Duration::from_millis(5_001)));
    assert_eq!(scene.after(5_000, What::Tick), []);
    assert_eq!(scene.ask(4, Ask::ListStreamers), [(4, list(&["__LEGACY_STREAMER__1", "__LEGACY_STREAMER__0"]))]);
    assert_eq!(scene.model.deadline(), None);
}

#[test]
fn a_ghost_loses_its_id_and_a_living_holder_keeps_it() {
    let events = vec![comes(1, Streamer), wishes(1, "Foo"), comes(2, Streamer), comes(3, Streamer), comes(4, Player)];
    let mut scene = Scene::new(FREE, events);
    assert_eq!(scene.after(1, wishes(2, "Foo")), [(1, Effect::Probed)]);
    assert_eq!(scene.after(1, wishes(3, "Foo")), []);
    assert_eq!(scene.ask(4, Ask::ListStreamers), [(4, list(&["Foo"]))]);
    assert_eq!(scene.after(1, What::Alive(1)), [(2, confirm("Foo1")), (3, confirm("Foo2"))]);
    assert_eq!(scene.after(1, wishes(3, "Foo")), [(1, Effect::Probed)]);
    assert_eq!(scene.after(1_999, What::Tick), []);
    assert_eq!(scene.after(1, What::Tick), [(1, closed(4001, ANY)), (3, confirm("Foo"))]);
}

#[test]
fn a_wish_is_granted_when_its_holder_renames_or_leaves() {
    let events = vec![comes(1, Streamer), wishes(1, "Foo"), comes(2, Streamer), wishes(2, "Foo")];
    let mut scene = Scene::new(FREE, events);
    assert_eq!(scene.after(1, wishes(1, "Bar")), [(1, confirm("Bar")), (2, confirm("Foo"))]);
    assert_eq!(scene.after(1, wishes(2, "Bar")), [(1, Effect::Probed)]);
    assert_eq!(scene.after(1, What::Disconnect(1)), [(2, confirm("Bar"))]);
    assert_eq!(scene.model.deadline(), None);
}

#[test]
fn a_full_streamer_takes_nobody_and_the_old_subscription_stays() {
    let setup = Setup { max_players: Some(1), ..FREE };
    let events = vec![comes(1, Streamer), wishes(1, "Foo"), comes(2, Player), comes(3, Player), subscribes(2, "Foo")];
    let mut scene = Scene::new(setup, events);
    let full = Effect::SubscribeFailed("Streamer Foo is full. Max players = 1.".into());
    assert_eq!(scene.after(1, subscribes(3, "Foo")), [(3, full)]);
    let missing = Effect::SubscribeFailed("Streamer Bar does not exist.".into());
    assert_eq!(scene.after(1, subscribes(2, "Bar")), [(2, missing)]);
    let again = [(1, disconnected("Player0")), (1, connected("Player0", false))];
    assert_eq!(scene.after(1, subscribes(2, "Foo")), again);
    let refused = scene.ask(3, Ask::ToPublisher { mark: 1 });
    assert_eq!(refused, [(3, closed(1013, ANY)), (2, Effect::PlayerCount(1))]);
}

#[test]
fn an_sfu_that_switches_ends_its_players() {
    let events = vec![
        comes(1, Streamer),
        wishes(1, "Foo"),
        comes(2, Streamer),
        wishes(2, "Bar"),
        comes(3, Sfu),
        wishes(3, "Mix"),
        What::Ask(3, Ask::StartStreaming),
        comes(4, Player),
        subscribes(4, "Mix"),
    ];
    let mut scene = Scene::new(FREE, events);
    assert_eq!(scene.after(1, subscribes(3, "Foo")), []);
    assert_eq!(scene.after(1, subscribes(3, "Mix")), [(3, Effect::SubscribeFailed(ANY.into()))]);
    let switched = scene.after(1, subscribes(3, "Bar"));
    let expected = [
        (1, disconnected("Player0")),
        (3, Effect::StreamerDisconnected),
        (3, disconnected("Player1")),
        (4, Effect::StreamerDisconnected),
        (4, closed(1005, "")),
        (2, connected("Player0", true)),
    ];
    assert_eq!(switched, expected);
    scene.after(1, comes(5, Player));
    assert_eq!(scene.ask(5, Ask::ListStreamers), [(5, list(&["Foo", "Bar"]))]);
}

/// protocol.md §5.4: one that has chosen waits for its own; one that has not takes what there is.
#[test]
fn sfus_find_a_streamer_again() {
    let streamers = [comes(1, Streamer), wishes(1, "Foo"), comes(2, Streamer), wishes(2, "Bar")];
    let sfus = [comes(3, Sfu), comes(4, Sfu), subscribes(4, "Foo")];
    let mut scene = Scene::new(FREE, streamers.into_iter().chain(sfus).collect());
    let lost = [(3, Effect::StreamerDisconnected), (4, Effect::StreamerDisconnected), (2, connected("Player0", true))];
    assert_eq!(scene.after(1, What::Disconnect(1)), lost);
    scene.after(1, comes(5, Streamer));
    assert_eq!(scene.after(1, wishes(5, "Foo")), [(5, confirm("Foo")), (5, connected("Player1", true))]);
}

#[test]
fn only_own_players_are_reached_and_ended() {
    let events = vec![comes(1, Streamer), wishes(1, "Foo"), comes(2, Streamer), wishes(2, "Bar"), comes(3, Player)];
    let mut scene = Scene::new(FREE, events);
    scene.after(1, subscribes(3, "Foo"));
    let end = || Ask::DisconnectPlayer { player: "Player0".into(), reason: "go".into() };
    assert_eq!(scene.ask(2, end()), []);
    assert_eq!(scene.ask(2, Ask::ToPlayer { player: "Player0".into(), mark: 1, strip: false }), []);
    assert_eq!(scene.ask(1, end()), [(3, closed(1011, "go")), (1, disconnected("Player0"))]);
}

#[test]
fn a_drained_streamer_takes_everyone_below_it_along() {
    let events = vec![
        comes(1, Streamer),
        wishes(1, "Foo"),
        comes(2, Sfu),
        wishes(2, "Mix"),
        comes(3, Player),
        subscribes(3, "Mix"),
        comes(4, Player),
    ];
    let mut scene = Scene::new(FREE, events);
    let gone = [(1, closed(1012, ANY)), (2, closed(1012, ANY)), (3, closed(1012, ANY)), (4, Effect::PlayerCount(1))];
    assert_eq!(scene.after(1, What::Drain(1)), gone);
}
