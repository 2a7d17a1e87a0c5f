//! What fits into an outbox, in which order it comes out, and what is lost with it (design.md §2).

mod room;
mod untold;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use bytes::Bytes;

use super::{MAX_NOTICES, Outbox, OutboxLimits, Outgoing, Pushed, Taken};
use crate::hub::{Frame, Notice};
use crate::id::SessionId;
use crate::wire::{Close, CloseCode};

const ROOMY: OutboxLimits = OutboxLimits { messages: 1024, bytes: 4 << 20 };
const CLOSE: Close = Close { code: CloseCode::SLOW, reason: std::borrow::Cow::Borrowed("") };

fn text(text: impl Into<String>) -> Bytes {
    Bytes::from(text.into())
}

/// Relays a text of that session.
fn relay(outbox: &Outbox, from: u64, said: impl Into<String>) -> Pushed {
    match outbox.push_relay(SessionId(from), Frame::Text(text(said))) {
        Ok(()) => Pushed::Queued,
        Err((pushed, _)) => pushed,
    }
}

fn tell(outbox: &Outbox, notice: Notice, said: impl Into<String>) -> (Pushed, usize) {
    outbox.push_notice(text(said), notice)
}

/// Tells of a player; it always fits.
fn connected(outbox: &Outbox, player: u64) {
    assert_eq!(tell(outbox, Notice::PlayerConnected(SessionId(player)), format!("+{player}")), (Pushed::Queued, 0));
}

/// Tells that a player has left; returns how many of its messages went with it.
fn disconnected(outbox: &Outbox, player: u64) -> usize {
    let (pushed, cancelled) = tell(outbox, Notice::PlayerDisconnected(SessionId(player)), format!("-{player}"));
    assert_eq!(pushed, Pushed::Queued);
    cancelled
}

/// Takes up to so many messages.
fn take(outbox: &Outbox, messages: usize) -> Vec<String> {
    let mut batch = VecDeque::new();
    let taken = outbox.take(&Context::from_waker(Waker::noop()), &mut batch, messages, usize::MAX);
    assert_eq!(matches!(taken, Taken::Messages), !batch.is_empty(), "{taken:?}");
    batch.into_iter().map(|frame| String::from_utf8(frame.into_text().to_vec()).unwrap()).collect()
}

fn take_all(outbox: &Outbox) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let batch = take(outbox, 32);
        if batch.is_empty() {
            return all;
        }
        all.extend(batch);
    }
}

/// Bounded by messages: so many and not one more, and one more for each that was taken.
#[test]
fn relays_are_bounded_by_number() {
    let outbox = Outbox::new(OutboxLimits { messages: 3, bytes: 1000 });
    for n in 0..3 {
        assert_eq!(relay(&outbox, 1, n.to_string()), Pushed::Queued);
    }
    assert_eq!(relay(&outbox, 1, "3"), Pushed::Full);
    assert_eq!(take(&outbox, 1), ["0"]);
    assert_eq!(relay(&outbox, 1, "4"), Pushed::Queued);
    assert_eq!(relay(&outbox, 1, "5"), Pushed::Full);
    assert_eq!(take_all(&outbox), ["1", "2", "4"]);
}

/// Bounded by bytes, to the byte.
#[test]
fn relays_are_bounded_by_bytes() {
    let outbox = Outbox::new(OutboxLimits { messages: 100, bytes: 10 });
    assert_eq!(relay(&outbox, 1, "1234567"), Pushed::Queued);
    assert_eq!(relay(&outbox, 1, "1234"), Pushed::Full);
    assert_eq!(relay(&outbox, 1, "123"), Pushed::Queued);
    assert_eq!(relay(&outbox, 1, "1"), Pushed::Full);
    assert_eq!(take(&outbox, 1), ["1234567"]);
    assert_eq!(relay(&outbox, 1, "12345678"), Pushed::Full);
    assert_eq!(relay(&outbox, 1, "7654321"), Pushed::Queued);
    assert_eq!(take_all(&outbox), ["123", "7654321"]);
}

/// One message always fits, however large, also beside notices.
#[test]
fn one_message_always_fits() {
    for limits in [OutboxLimits { messages: 1, bytes: 1 }, OutboxLimits { messages: 0, bytes: 0 }] {
        let outbox = Outbox::new(limits);
        connected(&outbox, 7);
        assert_eq!(relay(&outbox, 1, "x".repeat(300_000)), Pushed::Queued);
        assert_eq!(relay(&outbox, 1, "y"), Pushed::Full);
        assert_eq!(take_all(&outbox).len(), 2);
        assert_eq!(relay(&outbox, 1, "y"), Pushed::Queued);
    }
}

/// A frame that is not queued comes back whole.
#[test]
fn what_does_not_fit_comes_back() {
    let outbox = Outbox::new(OutboxLimits { messages: 1, bytes: 10 });
    assert_eq!(relay(&outbox, 1, "first"), Pushed::Queued);
    let Err((Pushed::Full, frame)) = outbox.push_relay(SessionId(1), Frame::Text(text("second"))) else { panic!() };
    assert_eq!(frame.into_text(), "second");
    outbox.close(CLOSE);
    let Err((Pushed::Closed, frame)) = outbox.push_relay(SessionId(1), Frame::Text(text("third"))) else { panic!() };
    assert_eq!(frame.into_text(), "third");
}

/// The order is the order in which things were put in, whatever they are.
#[test]
fn relays_and_notices_keep_their_order() {
    let outbox = Outbox::new(ROOMY);
    connected(&outbox, 1);
    assert_eq!(relay(&outbox, 1, "a"), Pushed::Queued);
    assert_eq!(tell(&outbox, Notice::Other, "b").0, Pushed::Queued);
    connected(&outbox, 2);
    assert_eq!(relay(&outbox, 1, "c"), Pushed::Queued);
    assert_eq!(disconnected(&outbox, 3), 0);
    assert_eq!(relay(&outbox, 2, "d"), Pushed::Queued);
    assert_eq!(take_all(&outbox), ["+1", "a", "b", "+2", "c", "-3", "d"]);
}

/// A batch is so many messages, or about so many bytes, whichever comes first.
#[test]
fn a_batch_is_bounded_by_number_and_bytes() {
    let outbox = Outbox::new(ROOMY);
    for n in 0..10 {
        assert_eq!(relay(&outbox, 1, n.to_string().repeat(10)), Pushed::Queued);
    }
    let mut batch = VecDeque::new();
    let cx = Context::from_waker(Waker::noop());
    assert!(matches!(outbox.take(&cx, &mut batch, 4, usize::MAX), Taken::Messages));
    assert_eq!(batch.len(), 4);
    assert!(matches!(outbox.take(&cx, &mut batch, 4, 15), Taken::Messages));
    assert_eq!(batch.len(), 6);
    assert_eq!(take_all(&outbox).len(), 4);
}

/// A player that came and went unseen is not mentioned, nor is what it said; the rest stays in order.
#[test]
fn a_player_that_came_and_went_unseen_is_not_mentioned() {
    let outbox = Outbox::new(ROOMY);
    assert_eq!(relay(&outbox, 1, "before"), Pushed::Queued);
    connected(&outbox, 1);
    assert_eq!(relay(&outbox, 1, "a"), Pushed::Queued);
    connected(&outbox, 2);
    assert_eq!(relay(&outbox, 2, "b"), Pushed::Queued);
    assert_eq!(relay(&outbox, 1, "c"), Pushed::Queued);
    assert_eq!(outbox.audience(), 2);
    assert_eq!(disconnected(&outbox, 1), 2);
    assert_eq!(outbox.audience(), 1);
    assert_eq!(take_all(&outbox), ["before", "+2", "b"]);
}

/// What was cancelled leaves its room to others, by number and by bytes.
#[test]
fn what_is_cancelled_makes_room() {
    let outbox = Outbox::new(OutboxLimits { messages: 2, bytes: 10 });
    connected(&outbox, 1);
    assert_eq!(relay(&outbox, 1, "12345"), Pushed::Queued);
    assert_eq!(relay(&outbox, 1, "12345"), Pushed::Queued);
    assert_eq!(relay(&outbox, 2, "x"), Pushed::Full);
    assert_eq!(disconnected(&outbox, 1), 2);
    assert_eq!(relay(&outbox, 2, "1234567890"), Pushed::Queued);
    assert_eq!(relay(&outbox, 2, "x"), Pushed::Full);
    assert_eq!(take_all(&outbox), ["1234567890"]);
}

/// One whose arrival has been taken is told of when it leaves, after what it said.
#[test]
fn a_player_that_was_seen_is_told_of_when_it_leaves() {
    let outbox = Outbox::new(ROOMY);
    connected(&outbox, 1);
    assert_eq!(take_all(&outbox), ["+1"]);
    assert_eq!(relay(&outbox, 1, "a"), Pushed::Queued);
    assert_eq!(disconnected(&outbox, 1), 0);
    assert_eq!(take_all(&outbox), ["a", "-1"]);
    assert_eq!(outbox.audience(), 0);
}

/// A subscription that starts over while nothing is taken leaves one departure and one arrival at most.
#[test]
fn starting_over_again_and_again_takes_no_room() {
    let outbox = Outbox::new(ROOMY);
    connected(&outbox, 1);
    assert_eq!(take_all(&outbox), ["+1"]);
    for _ in 0..10_000 {
        assert_eq!(disconnected(&outbox, 1), 0);
        connected(&outbox, 1);
    }
    assert_eq!(take_all(&outbox), ["-1", "+1"]);
    assert_eq!(outbox.audience(), 1);
}

/// Arrivals that are cancelled all over the queue: it shrinks, and the order of what is left stays, also for those
/// that leave after it has shrunk.
#[test]
fn shrinking_keeps_the_order() {
    let outbox = Outbox::new(ROOMY);
    connected(&outbox, 9_999);
    assert_eq!(take_all(&outbox), ["+9999"]);
    let mut left = Vec::new();
    for player in 0..1_000 {
        connected(&outbox, player);
        left.push(format!("+{player}"));
        if player % 10 == 0 {
            assert_eq!(relay(&outbox, player, format!("{player}!")), Pushed::Queued);
            left.push(format!("{player}!"));
        }
    }
    assert_eq!(take(&outbox, 3), left[..3]);
    let gone = |player: u64| player > 5 && !player.is_multiple_of(7);
    for player in (0..1_000).filter(|&player| gone(player)) {
        assert_eq!(disconnected(&outbox, player), usize::from(player % 10 == 0));
    }
    let player_of = |told: &str| told.trim_matches(['+', '!']).parse::<u64>().unwrap();
    left.retain(|told| !gone(player_of(told)));
    let entries = outbox.queue.lock().entries.len();
    assert!(entries < 2 * left.len() + 64, "{entries} entries for {}", left.len());
    assert_eq!(take_all(&outbox), left[3..]);
    assert_eq!(outbox.queue.lock().cancelled, 0);
}

/// `playerCount` has one place, the first, and holds the newest value.
#[test]
fn only_the_newest_player_count_waits() {
    let outbox = Outbox::new(ROOMY);
    assert_eq!(relay(&outbox, 1, "a"), Pushed::Queued);
    for count in 0..10_000 {
        assert_eq!(tell(&outbox, Notice::PlayerCount, format!("count {count}")), (Pushed::Queued, 0));
    }
    assert_eq!(relay(&outbox, 1, "b"), Pushed::Queued);
    assert_eq!(take_all(&outbox), ["a", "count 9999", "b"]);
    assert_eq!(tell(&outbox, Notice::PlayerCount, "count 1").0, Pushed::Queued);
    assert_eq!(take_all(&outbox), ["count 1"]);
}

/// 5,000 players that leave at once always fit, full of relays or not.
#[test]
fn five_thousand_players_may_leave_at_once() {
    let outbox = Outbox::new(ROOMY);
    for player in 0..5_000 {
        connected(&outbox, player);
        take_all(&outbox);
    }
    while relay(&outbox, 1, "x") == Pushed::Queued {}
    for player in 0..5_000 {
        assert_eq!(disconnected(&outbox, player), 0);
    }
    let told = take_all(&outbox);
    assert_eq!(told.len(), ROOMY.messages + 5_000);
    assert_eq!(told[ROOMY.messages..], (0..5_000).map(|player| format!("-{player}")).collect::<Vec<_>>());
    assert_eq!(outbox.audience(), 0);
}

/// Other notices have a bound of their own, above which the receiver does not read; long before, its asking pauses.
#[test]
fn other_notices_are_bounded() {
    let outbox = Outbox::new(ROOMY);
    for n in 0..MAX_NOTICES {
        assert_eq!(outbox.is_behind(), n >= MAX_NOTICES / 4);
        assert_eq!(tell(&outbox, Notice::Other, "x"), (Pushed::Queued, 0));
    }
    assert_eq!(tell(&outbox, Notice::Other, "x"), (Pushed::Full, 0));
    connected(&outbox, 1);
    assert_eq!(take(&outbox, 200).len(), 200);
    assert!(!outbox.is_behind());
    assert_eq!(tell(&outbox, Notice::Other, "x"), (Pushed::Queued, 0));
}

/// A peer that asks for large answers and does not take them must not fill the memory: its asking pauses by bytes too.
#[test]
fn large_notices_pause_the_asking_by_bytes() {
    let outbox = Outbox::new(OutboxLimits { messages: 256, bytes: 1 << 20 });
    let mut told = 0;
    while !outbox.is_behind() {
        assert_eq!(tell(&outbox, Notice::Other, "x".repeat(20_000)), (Pushed::Queued, 0));
        told += 1;
    }
    assert_eq!(told, 4);
    assert_eq!(take(&outbox, 1).len(), 1);
    assert!(!outbox.is_behind());
    assert_eq!(take_all(&outbox).len(), 3);
}

/// A cut loses exactly what waits, and counts the relays in it; nothing goes in any more.
#[test]
fn a_cut_loses_what_waits() {
    let outbox = Outbox::new(ROOMY);
    connected(&outbox, 1);
    for n in 0..10 {
        assert_eq!(relay(&outbox, 2, n.to_string()), Pushed::Queued);
    }
    assert_eq!(take(&outbox, 4), ["+1", "0", "1", "2"]);
    assert_eq!(outbox.cut(CLOSE), 7);
    assert_eq!(outbox.cut(Close::EMPTY), 0);
    assert_eq!(relay(&outbox, 2, "x"), Pushed::Closed);
    assert_eq!(tell(&outbox, Notice::Other, "x"), (Pushed::Closed, 0));
    let mut batch = VecDeque::new();
    let taken = outbox.take(&Context::from_waker(Waker::noop()), &mut batch, 32, 1 << 14);
    assert!(matches!(taken, Taken::Close(_)) && batch.is_empty(), "{taken:?}");
}

/// A close comes after what is queued, the first close counts, and nothing goes in any more.
#[test]
fn a_close_comes_after_what_is_queued() {
    let outbox = Outbox::new(ROOMY);
    for text in ["a", "b"] {
        assert_eq!(relay(&outbox, 1, text), Pushed::Queued);
    }
    outbox.close(CLOSE);
    outbox.close(Close::EMPTY);
    assert_eq!(relay(&outbox, 1, "c"), Pushed::Closed);
    let (cx, mut batch) = (Context::from_waker(Waker::noop()), VecDeque::new());
    assert!(matches!(outbox.take(&cx, &mut batch, 1, 1 << 14), Taken::Messages), "another follows");
    let taken = outbox.take(&cx, &mut batch, 1, 1 << 14);
    assert!(matches!(&taken, Taken::Last(close) if *close == CLOSE), "{taken:?}");
    assert_eq!(batch.drain(..).map(Outgoing::into_text).collect::<Vec<_>>(), ["a", "b"]);
    let taken = outbox.take(&cx, &mut batch, 1, 1 << 14);
    assert!(matches!(&taken, Taken::Close(close) if *close == CLOSE) && batch.is_empty(), "{taken:?}");
}

/// A probe is found first, once.
#[test]
fn a_probe_is_found_first() {
    let outbox = Outbox::new(ROOMY);
    assert_eq!(relay(&outbox, 1, "a"), Pushed::Queued);
    outbox.probe();
    outbox.probe();
    let cx = Context::from_waker(Waker::noop());
    assert!(matches!(outbox.take(&cx, &mut VecDeque::new(), 32, 1 << 14), Taken::Probe));
    assert_eq!(take_all(&outbox), ["a"]);
    assert!(matches!(outbox.take(&cx, &mut VecDeque::new(), 32, 1 << 14), Taken::Nothing));
}

/// An idle outbox keeps no memory of busy times.
#[test]
fn an_idle_outbox_is_small() {
    let outbox = Outbox::new(ROOMY);
    for player in 0..1_000 {
        connected(&outbox, player);
    }
    take_all(&outbox);
    let queue = outbox.queue.lock();
    assert!(queue.entries.capacity() <= 64 && queue.connected.capacity() == 0, "{queue:?}");
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl std::task::Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The task is woken by whatever there is to find, once.
#[test]
fn the_task_is_woken() {
    type Deed = fn(&Outbox);
    let deeds: [Deed; 6] = [
        |outbox| assert_eq!(relay(outbox, 1, "a"), Pushed::Queued),
        |outbox| connected(outbox, 1),
        |outbox| assert_eq!(tell(outbox, Notice::PlayerCount, "1").0, Pushed::Queued),
        Outbox::probe,
        |outbox| outbox.close(Close::EMPTY),
        |outbox| assert_eq!(outbox.cut(Close::EMPTY), 0),
    ];
    for deed in deeds {
        let woken = Arc::new(Count::default());
        let outbox = Outbox::new(ROOMY);
        let waker = Waker::from(Arc::clone(&woken));
        let taken = outbox.take(&Context::from_waker(&waker), &mut VecDeque::new(), 32, 1 << 14);
        assert!(matches!(taken, Taken::Nothing));
        deed(&outbox);
        assert_eq!(woken.count(), 1);
    }
}

/// While its peer takes nothing, the task is woken for what is urgent and for nothing else; afterwards for all again.
#[test]
fn a_stalled_task_is_woken_for_what_is_urgent() {
    let (woken, outbox) = (Arc::new(Count::default()), Outbox::new(ROOMY));
    let waker = Waker::from(Arc::clone(&woken));
    let cx = Context::from_waker(&waker);
    assert!(matches!(outbox.take_urgent(&cx), Taken::Nothing));
    connected(&outbox, 1);
    assert_eq!(relay(&outbox, 1, "a"), Pushed::Queued);
    assert_eq!(woken.count(), 0);
    outbox.probe();
    assert_eq!(woken.count(), 1);
    assert!(matches!(outbox.take_urgent(&cx), Taken::Probe));
    assert!(matches!(outbox.take_urgent(&cx), Taken::Nothing));
    assert_eq!(take_all(&outbox), ["+1", "a"]);
    assert!(matches!(outbox.take(&cx, &mut VecDeque::new(), 32, 1 << 14), Taken::Nothing));
    assert_eq!(relay(&outbox, 1, "b"), Pushed::Queued);
    assert_eq!(woken.count(), 2);
    assert!(matches!(outbox.take_urgent(&cx), Taken::Nothing));
    outbox.close(Close::EMPTY);
    assert!(matches!(outbox.take_urgent(&cx), Taken::Nothing), "what is queued comes first");
    assert_eq!(outbox.cut(CLOSE), 1);
    assert_eq!(woken.count(), 4);
    assert!(matches!(outbox.take_urgent(&cx), Taken::Close(close) if close == CLOSE));
}
