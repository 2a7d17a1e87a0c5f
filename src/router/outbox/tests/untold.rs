//! Subscribers that the receiver is not told of, and those that it is told of again (protocol.md §4).

use super::{Notice, Pushed, ROOMY, connected, disconnected, relay, take, take_all, tell};
use crate::id::SessionId;
use crate::router::outbox::Outbox;

fn again(outbox: &Outbox, player: u64) {
    let told = tell(outbox, Notice::PlayerConnectedAgain(SessionId(player)), format!("*{player}"));
    assert_eq!(told, (Pushed::Queued, 0));
}

/// One that came, spoke and went unseen is not mentioned; one whose words were seen is told of when it leaves.
#[test]
fn what_an_untold_player_leaves_unseen_is_cancelled() {
    let outbox = Outbox::new(ROOMY);
    outbox.bind(SessionId(1));
    outbox.bind(SessionId(2));
    assert_eq!(outbox.audience(), 2);
    assert_eq!(relay(&outbox, 1, "1!"), Pushed::Queued);
    assert_eq!(relay(&outbox, 2, "2!"), Pushed::Queued);
    assert_eq!(disconnected(&outbox, 1), 1);
    assert_eq!(outbox.audience(), 1);
    assert_eq!(take_all(&outbox), ["2!"]);
    assert_eq!(disconnected(&outbox, 2), 0);
    assert_eq!(take_all(&outbox), ["-2"]);
}

/// Its mark takes no place in a batch, and once it is behind, the departure is told.
#[test]
fn a_mark_is_no_message() {
    let outbox = Outbox::new(ROOMY);
    for player in 0..10 {
        outbox.bind(SessionId(player));
    }
    assert_eq!(relay(&outbox, 3, "3!"), Pushed::Queued);
    assert_eq!(take(&outbox, 1), ["3!"]);
    assert_eq!(disconnected(&outbox, 0), 0);
    assert_eq!(take_all(&outbox), ["-0"]);
}

/// Told again while the first is unsent: the first stands for all, and goes with them.
#[test]
fn an_unsent_arrival_stands_for_those_after_it() {
    for leaves in [false, true] {
        let outbox = Outbox::new(ROOMY);
        connected(&outbox, 1);
        (0..1_000).for_each(|_| again(&outbox, 1));
        assert_eq!((outbox.audience(), outbox.queue.lock().entries.len()), (1, 1));
        if leaves {
            assert_eq!(disconnected(&outbox, 1), 0);
        }
        let left: &[&str] = if leaves { &[] } else { &["+1"] };
        assert_eq!(take_all(&outbox), left);
    }
}

/// Told again once it is known: a departure is told as well, and nothing of it is cancelled.
#[test]
fn a_player_that_is_known_departs_for_all_to_see() {
    let outbox = Outbox::new(ROOMY);
    connected(&outbox, 1);
    take_all(&outbox);
    (0..1_000).for_each(|_| again(&outbox, 1));
    assert_eq!(relay(&outbox, 1, "1!"), Pushed::Queued);
    assert_eq!(disconnected(&outbox, 1), 0);
    assert_eq!(outbox.audience(), 0);
    connected(&outbox, 1);
    assert_eq!(take_all(&outbox), ["*1", "1!", "-1", "+1"]);
}

/// An untold player that is told of after all: in its order; unseen, it goes with all that it said.
#[test]
fn an_untold_player_may_be_told_of() {
    for leaves in [false, true] {
        let outbox = Outbox::new(ROOMY);
        outbox.bind(SessionId(1));
        assert_eq!(relay(&outbox, 1, "a"), Pushed::Queued);
        (0..1_000).for_each(|_| again(&outbox, 1));
        assert_eq!(relay(&outbox, 1, "b"), Pushed::Queued);
        assert_eq!(outbox.audience(), 1);
        if leaves {
            assert_eq!(disconnected(&outbox, 1), 2);
        }
        let left: &[&str] = if leaves { &[] } else { &["a", "*1", "b"] };
        assert_eq!(take_all(&outbox), left);
        assert_eq!(outbox.queue.lock().cancelled, 0);
    }
}

/// Whatever a player does, an outbox that nobody empties holds a few entries of it.
#[test]
fn coming_and_going_takes_no_room() {
    type Course = fn(&Outbox);
    let courses: [Course; 3] = [
        |outbox| {
            outbox.bind(SessionId(1));
            disconnected(outbox, 1);
        },
        |outbox| {
            outbox.bind(SessionId(1));
            again(outbox, 1);
            disconnected(outbox, 1);
        },
        |outbox| {
            again(outbox, 1);
            disconnected(outbox, 1);
            connected(outbox, 1);
        },
    ];
    for course in courses {
        let outbox = Outbox::new(ROOMY);
        connected(&outbox, 1);
        take_all(&outbox);
        (0..10_000).for_each(|_| course(&outbox));
        let entries = outbox.queue.lock().entries.len();
        assert!(entries < 200, "{entries}");
    }
}

/// The queue shrinks while both arrivals of a player are in it: the first is still the one that counts.
#[test]
fn shrinking_keeps_the_first_of_two_arrivals() {
    let outbox = Outbox::new(ROOMY);
    for player in 100..300 {
        connected(&outbox, player);
    }
    outbox.bind(SessionId(1));
    assert_eq!(relay(&outbox, 1, "a"), Pushed::Queued);
    again(&outbox, 1);
    connected(&outbox, 2);
    for player in 100..300 {
        disconnected(&outbox, player);
    }
    assert!(outbox.queue.lock().entries.len() < 100);
    assert_eq!(disconnected(&outbox, 1), 1);
    assert_eq!(take_all(&outbox), ["+2"]);
}
