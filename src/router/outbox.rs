//! What waits to be sent to one session. Filled by the router under its lock, so the order in every outbox is the
//! order in the hub; emptied by the session's own task.
//!
//! Bounds (design.md §2): relayed messages by number and bytes; `playerConnected` and `playerDisconnected` by the
//! number of subscribers, because the two cancel out while both are unsent (a subscriber that is not told of leaves a
//! silent mark in their place); `playerCount` has one slot that holds the newest; whatever else the gateway says by
//! [`MAX_NOTICES`], above which the receiver does not read and is cut. What a peer makes the gateway say is bounded by
//! bytes too: after a message that may have an answer, it is not read while it leaves those untaken
//! ([`Outbox::is_behind`]). Where the memory of all sessions is used up, relayed messages have no room above
//! [`crate::limits::FREE`] bytes.

mod queue;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::queue::{Entry, Queue, Timed};
use crate::hub::{Frame, Notice};
use crate::id::SessionId;
use crate::limits::{Held, Memory};
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
    /// Messages were moved into the batch, nothing follows them, and the session is to end.
    Last(Close),
    /// The peer must be asked for a sign of life.
    Probe,
    /// Nothing yet; the task is woken when there is.
    Nothing,
    /// Everything was taken, and the session is to end.
    Close(Close),
}

impl Outbox {
    /// `memory` is that of all sessions.
    pub(crate) fn within(limits: OutboxLimits, memory: &Arc<Memory>) -> Arc<Self> {
        Arc::new(Self { queue: Mutex::new(Queue::empty(Held::nothing(memory))), room: Arc::default(), limits })
    }

    /// As if there were memory without end.
    #[cfg(test)]
    pub(crate) fn new(limits: OutboxLimits) -> Arc<Self> {
        Self::within(limits, &Memory::new(prometheus_client::metrics::gauge::Gauge::default(), None))
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
        queue.more_of(from);
        queue.relayed += 1;
        queue.relayed_bytes += size;
        queue.push(Entry::Relay { from, frame, size });
        queue.hold();
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
        queue.hold();
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
        queue.cut(close);
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
        queue.hold();
        let places = relayed - queue.relayed;
        self.tell_of_room(&mut queue, places);
        match &queue.closing {
            Some(close) if taken > 0 && queue.entries.is_empty() => Taken::Last(close.clone()),
            _ if taken > 0 => Taken::Messages,
            Some(close) => Taken::Close(close.clone()),
            None => {
                queue.await_more(cx);
                Taken::Nothing
            }
        }
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

impl Drop for Outbox {
    fn drop(&mut self) {
        // Sessions that wait for this one's room must not wait for ever.
        self.room.notify_waiters();
    }
}
