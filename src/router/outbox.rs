//! What waits to be sent to one session. Filled by the router under its lock, so the order in every outbox is the
//! order in the hub; emptied by the session's own task.
//!
//! Bounds (design.md §2): relayed messages by number and bytes; `playerConnected` and `playerDisconnected` by the
//! number of subscribers, because the two cancel out while both are unsent (a subscriber that is not told of leaves a
//! silent mark in their place); `playerCount` has one slot that holds the
//! newest; whatever else the gateway says by [`MAX_NOTICES`], above which the receiver does not read and is cut. What
//! a peer makes the gateway say is bounded by bytes too: it is not read while it leaves that untaken
//! ([`Outbox::is_behind`]).

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::hub::{Frame, Notice};
use crate::id::SessionId;
use crate::metrics::Histogram;
use crate::wire::Close;

/// Notices that are not bounded otherwise. A session's reads pause at a quarter of it while it takes no answers.
const MAX_NOTICES: usize = 256;

/// Bytes of such notices above which a session's reads pause: an answer may be as long as the question.
const NOTICE_BYTES: usize = 64 << 10;

/// How much one session may have waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Relayed messages.
    pub messages: usize,
    /// Bytes of relayed messages; one message always fits.
    pub bytes: usize,
}

/// One session's outbox.
#[derive(Debug)]
pub struct Outbox {
    queue: Mutex<Queue>,
    /// Woken when there is room again.
    room: Arc<Notify>,
    limits: OutboxLimits,
}

/// The result of putting a message into an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It will be sent.
    Queued,
    /// There is no room.
    Full,
    /// The session is ending and takes nothing more.
    Closed,
}

/// A message that the session's task has taken.
#[derive(Debug)]
pub(crate) struct Outgoing {
    frame: Frame,
    /// Somebody else's, and not the gateway's own.
    pub(crate) relayed: bool,
}

impl Outgoing {
    /// The text to send.
    pub(crate) fn into_text(self) -> Bytes {
        self.frame.into_text()
    }
}

/// What the session's task finds.
#[derive(Debug)]
pub(crate) enum Taken {
    /// Messages were moved into the batch.
    Messages,
    /// The peer must be asked for a sign of life.
    Probe,
    /// Nothing yet; the task is woken when there is.
    Nothing,
    /// Everything was taken, and the session is to end.
    Close(Close),
}

#[derive(Debug, Default)]
struct Queue {
    entries: VecDeque<Entry>,
    /// The number of the first entry, counted from the start of the session.
    first: u64,
    relayed: usize,
    relayed_bytes: usize,
    notices: usize,
    notice_bytes: usize,
    cancelled: usize,
    /// Unsent `playerConnected`s and silent marks, by the player's session.
    connected: FxHashMap<SessionId, Connected>,
    /// The newest unsent `playerCount`.
    count: Option<Bytes>,
    /// How many are subscribed, as this session was or will be told.
    audience: u32,
    probe: bool,
    somebody_waits: bool,
    closing: Option<Close>,
    /// It ends at once.
    cut: bool,
    task: Option<Waker>,
    /// The task waits for its peer, and new entries are nothing to it.
    peer_stalls: bool,
    timed: Option<Timed>,
}

/// An entry whose wait is measured; one at a time.
#[derive(Debug)]
struct Timed {
    entry: u64,
    since: Instant,
    waits: Histogram,
}

#[derive(Debug)]
enum Entry {
    Relay {
        from: SessionId,
        frame: Frame,
        size: usize,
    },
    /// Without a text for a player that the receiver is not told of.
    Connected {
        player: SessionId,
        text: Option<Bytes>,
    },
    Disconnected(Bytes),
    Count,
    Notice(Bytes),
    Cancelled,
}

#[derive(Debug)]
struct Connected {
    entry: u64,
    /// There is more of this player after the entry.
    more_since: bool,
    /// The receiver will not learn of the player from what is unsent.
    silent: bool,
    /// The receiver knows the player from before.
    again: bool,
}

impl Outbox {
    pub(crate) fn new(limits: OutboxLimits) -> Arc<Self> {
        Arc::new(Self { queue: Mutex::default(), room: Arc::default(), limits })
    }

    /// How many players and SFUs this session has been told of.
    pub(crate) fn audience(&self) -> u32 {
        self.queue.lock().audience
    }

    /// Whether the session leaves so many answers untaken that it should not ask for more.
    pub(crate) fn is_behind(&self) -> bool {
        let queue = self.queue.lock();
        queue.notices >= MAX_NOTICES / 4 || queue.notice_bytes >= NOTICE_BYTES
    }

    /// Gives the frame back when it is not queued.
    pub(crate) fn push_relay(&self, from: SessionId, frame: Frame) -> Result<(), (Pushed, Frame)> {
        let size = frame.text().len();
        let mut queue = self.queue.lock();
        if queue.closing.is_some() {
            return Err((Pushed::Closed, frame));
        }
        if !queue.has_room(size, self.limits) {
            queue.somebody_waits = true;
            return Err((Pushed::Full, frame));
        }
        if !queue.connected.is_empty()
            && let Some(connected) = queue.connected.get_mut(&from)
        {
            connected.more_since = true;
        }
        queue.relayed += 1;
        queue.relayed_bytes += size;
        queue.push(Entry::Relay { from, frame, size });
        Ok(())
    }

    /// Measures how long what was queued last waits. It may have been taken already.
    pub(crate) fn time_last(&self, waits: &Histogram) {
        let mut queue = self.queue.lock();
        let Some(waiting) = queue.entries.len().checked_sub(1) else { return waits.observe(Duration::ZERO) };
        let entry = queue.first + waiting as u64;
        queue.timed.get_or_insert_with(|| Timed { entry, since: Instant::now(), waits: waits.clone() });
    }

    /// Takes a message of the gateway's own. `Full` means that the receiver does not read and must be cut.
    /// The second value is how many relayed messages were cancelled.
    pub(crate) fn push_notice(&self, text: Bytes, notice: Notice) -> (Pushed, usize) {
        let mut queue = self.queue.lock();
        if queue.closing.is_some() {
            return (Pushed::Closed, 0);
        }
        let mut cancelled = 0;
        match notice {
            Notice::PlayerConnected(player) => queue.push_connected(player, Some(text)),
            Notice::PlayerConnectedAgain(player) => queue.push_connected_again(player, text),
            Notice::PlayerDisconnected(player) => {
                cancelled = queue.push_disconnected(player, text);
                self.tell_of_room(&mut queue, cancelled);
            }
            Notice::PlayerCount => {
                if queue.count.replace(text).is_none() {
                    queue.push(Entry::Count);
                }
            }
            Notice::Other if queue.notices >= MAX_NOTICES => return (Pushed::Full, 0),
            Notice::Other => {
                queue.notices += 1;
                queue.notice_bytes += text.len();
                queue.push(Entry::Notice(text));
            }
        }
        (Pushed::Queued, cancelled)
    }

    /// A player that the receiver is not told of: what it leaves unseen is cancelled as if it had been told.
    pub(crate) fn bind(&self, player: SessionId) {
        let mut queue = self.queue.lock();
        if queue.closing.is_none() {
            queue.push_connected(player, None);
        }
    }

    /// Asks the session's task to make its peer show life.
    pub(crate) fn probe(&self) {
        let mut queue = self.queue.lock();
        queue.probe = true;
        queue.wake();
    }

    /// Ends the session after what is queued.
    pub(crate) fn close(&self, close: Close) {
        let mut queue = self.queue.lock();
        queue.closing.get_or_insert(close);
        queue.wake();
        self.room.notify_waiters();
    }

    /// How the session is to end, when that is decided.
    pub(crate) fn closing(&self) -> Option<Close> {
        self.queue.lock().closing.clone()
    }

    /// Ends the session at once. Returns how many relayed messages are lost with it.
    pub(crate) fn cut(&self, close: Close) -> usize {
        let mut queue = self.queue.lock();
        let lost = queue.relayed;
        *queue = Queue { closing: Some(close), cut: true, task: queue.task.take(), ..Queue::default() };
        queue.wake();
        self.room.notify_waiters();
        lost
    }

    /// Moves up to `messages` or about `bytes` into `batch`, or arranges that the task is woken.
    pub(crate) fn take(
        &self,
        cx: &Context<'_>,
        batch: &mut VecDeque<Outgoing>,
        messages: usize,
        bytes: usize,
    ) -> Taken {
        let mut queue = self.queue.lock();
        queue.peer_stalls = false;
        if std::mem::take(&mut queue.probe) {
            return Taken::Probe;
        }
        let relayed = queue.relayed;
        let taken = queue.take(batch, messages, bytes);
        queue.observe_wait();
        let places = relayed - queue.relayed;
        self.tell_of_room(&mut queue, places);
        if taken > 0 {
            return Taken::Messages;
        }
        if let Some(close) = &queue.closing {
            return Taken::Close(close.clone());
        }
        queue.await_more(cx);
        Taken::Nothing
    }

    /// What a session must know while its peer takes nothing: that it is probed, or that it was cut. Otherwise arranges
    /// that the task is woken for these, and not for new entries.
    pub(crate) fn take_urgent(&self, cx: &Context<'_>) -> Taken {
        let mut queue = self.queue.lock();
        if std::mem::take(&mut queue.probe) {
            return Taken::Probe;
        }
        if let Some(close) = queue.closing.as_ref().filter(|_| queue.cut) {
            return Taken::Close(close.clone());
        }
        queue.peer_stalls = true;
        queue.register(cx);
        Taken::Nothing
    }

    /// Ready when there was room at some moment after the call. Somebody else may have taken it: ask again.
    pub(crate) async fn room(self: Arc<Self>, size: usize) {
        let notified = Arc::clone(&self.room).notified_owned();
        tokio::pin!(notified);
        notified.as_mut().enable();
        let waits = {
            let mut queue = self.queue.lock();
            queue.somebody_waits = true;
            queue.closing.is_none() && !queue.has_room(size, self.limits)
        };
        if waits {
            notified.await;
        }
    }

    /// One waiter for each place, in order; all of them when no relay is left, because a waiter may have gone elsewhere
    /// and no other place would become free.
    fn tell_of_room(&self, queue: &mut Queue, places: usize) {
        if !queue.somebody_waits {
            return;
        }
        if queue.relayed == 0 {
            queue.somebody_waits = false;
            self.room.notify_waiters();
        } else {
            (0..places).for_each(|_| self.room.notify_one());
        }
    }
}

impl Queue {
    fn has_room(&self, size: usize, limits: OutboxLimits) -> bool {
        self.relayed == 0 || (self.relayed < limits.messages && self.relayed_bytes + size <= limits.bytes)
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        if !self.peer_stalls {
            self.wake();
        }
    }

    fn wake(&mut self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    fn observe_wait(&mut self) {
        let first = self.first;
        if let Some(timed) = self.timed.take_if(|timed| timed.entry < first) {
            timed.waits.observe(timed.since.elapsed());
        }
    }

    fn register(&mut self, cx: &Context<'_>) {
        if !self.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            self.task = Some(cx.waker().clone());
        }
    }

    fn await_more(&mut self, cx: &Context<'_>) {
        self.register(cx);
        if self.entries.capacity() > 64 {
            self.entries = VecDeque::new();
            self.connected = FxHashMap::default();
        }
    }

    fn push_connected(&mut self, player: SessionId, text: Option<Bytes>) {
        self.audience += 1;
        self.push_arrival(player, text, false);
    }

    /// One that is unsent stands for those after it. A silent mark does not, but what is unseen since it stays so.
    fn push_connected_again(&mut self, player: SessionId, text: Bytes) {
        match self.connected.get_mut(&player) {
            None => self.push_arrival(player, Some(text), true),
            Some(connected) if connected.silent => {
                connected.silent = false;
                connected.more_since = true;
                self.push(Entry::Connected { player, text: Some(text) });
            }
            Some(_) => {}
        }
    }

    fn push_arrival(&mut self, player: SessionId, text: Option<Bytes>, again: bool) {
        let entry = self.first + self.entries.len() as u64;
        self.connected.insert(player, Connected { entry, more_since: false, silent: text.is_none(), again });
        self.push(Entry::Connected { player, text });
    }

    /// A player that came and went unseen is not mentioned at all. Returns how many of its messages went with it.
    fn push_disconnected(&mut self, player: SessionId, text: Bytes) -> usize {
        self.audience = self.audience.saturating_sub(1);
        let Some(connected) = self.connected.remove(&player).filter(|connected| !connected.again) else {
            self.push(Entry::Disconnected(text));
            return 0;
        };
        let at = usize::try_from(connected.entry - self.first).unwrap_or(usize::MAX);
        self.cancel(at);
        let relayed = if connected.more_since { self.cancel_all_of(at, player) } else { 0 };
        if self.cancelled > 64 && self.cancelled > self.entries.len() / 2 {
            self.compact();
        }
        relayed
    }

    fn cancel(&mut self, at: usize) {
        if let Some(entry) = self.entries.get_mut(at) {
            *entry = Entry::Cancelled;
            self.cancelled += 1;
        }
    }

    /// Returns how many relayed messages are cancelled.
    fn cancel_all_of(&mut self, after: usize, player: SessionId) -> usize {
        let before = self.relayed;
        for at in after..self.entries.len() {
            match self.entries[at] {
                Entry::Relay { from, size, .. } if from == player => {
                    self.relayed -= 1;
                    self.relayed_bytes -= size;
                    self.cancel(at);
                }
                Entry::Connected { player: other, .. } if other == player => self.cancel(at),
                _ => {}
            }
        }
        before - self.relayed
    }

    fn compact(&mut self) {
        // The entries get other numbers.
        self.timed = None;
        let kept = self.entries.iter().enumerate().filter(|(_, entry)| !matches!(entry, Entry::Cancelled));
        for (now, (before, entry)) in kept.enumerate() {
            if let Entry::Connected { player, .. } = entry
                && let Some(connected) = self.connected.get_mut(player)
                && connected.entry == self.first + before as u64
            {
                connected.entry = self.first + now as u64;
            }
        }
        self.entries.retain(|entry| !matches!(entry, Entry::Cancelled));
        self.cancelled = 0;
    }

    fn take(&mut self, batch: &mut VecDeque<Outgoing>, messages: usize, bytes: usize) -> usize {
        let (mut taken, mut size) = (0, 0);
        while taken < messages && size < bytes {
            let Some(entry) = self.entries.pop_front() else { break };
            self.first += 1;
            let Some(outgoing) = self.taken(entry) else { continue };
            size += outgoing.frame.text().len();
            taken += 1;
            batch.push_back(outgoing);
        }
        taken
    }

    fn taken(&mut self, entry: Entry) -> Option<Outgoing> {
        let text = match entry {
            Entry::Relay { frame, size, .. } => {
                self.relayed -= 1;
                self.relayed_bytes -= size;
                return Some(Outgoing { frame, relayed: true });
            }
            Entry::Connected { player, text } => {
                if self.connected.get(&player).is_some_and(|connected| connected.entry + 1 == self.first) {
                    self.connected.remove(&player);
                }
                text
            }
            Entry::Disconnected(text) => Some(text),
            Entry::Count => self.count.take(),
            Entry::Notice(text) => {
                self.notices -= 1;
                self.notice_bytes -= text.len();
                Some(text)
            }
            Entry::Cancelled => {
                self.cancelled -= 1;
                None
            }
        };
        text.map(|text| Outgoing { frame: Frame::Text(text), relayed: false })
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        // Sessions that wait for this one's room must not wait for ever.
        self.room.notify_waiters();
    }
}
