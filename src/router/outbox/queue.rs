//! What waits in one outbox, in order, and what it has in mind of it. Pure: no lock, no clock but for the entry that is
//! timed, and nobody is woken but the session's task.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use tokio::time::Instant;

use super::{OutboxLimits, Outgoing};
use crate::hub::Frame;
use crate::id::SessionId;
use crate::limits::Held;
use crate::metrics::Histogram;
use crate::wire::Close;

#[derive(Debug)]
pub(super) struct Queue {
    pub(super) entries: VecDeque<Entry>,
    /// The number of the first entry, counted from the start of the session.
    pub(super) first: u64,
    pub(super) relayed: usize,
    pub(super) relayed_bytes: usize,
    pub(super) notices: usize,
    pub(super) notice_bytes: usize,
    pub(super) cancelled: usize,
    /// Unsent `playerConnected`s and silent marks, by the player's session.
    pub(super) connected: FxHashMap<SessionId, Connected>,
    /// The newest unsent `playerCount`.
    pub(super) count: Option<Bytes>,
    /// How many are subscribed, as this session was or will be told.
    pub(super) audience: u32,
    pub(super) probe: bool,
    pub(super) somebody_waits: bool,
    pub(super) closing: Option<Close>,
    /// It ends at once.
    pub(super) cut: bool,
    pub(super) task: Option<Waker>,
    /// The task waits for its peer, and new entries are nothing to it.
    pub(super) peer_stalls: bool,
    pub(super) timed: Option<Timed>,
    /// What it takes of the memory of all.
    held: Held,
}

/// An entry whose wait is measured; one at a time.
#[derive(Debug)]
pub(super) struct Timed {
    pub(super) entry: u64,
    pub(super) since: Instant,
    pub(super) waits: Histogram,
}

#[derive(Debug)]
pub(super) enum Entry {
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
pub(super) struct Connected {
    entry: u64,
    /// There is more of this player after the entry.
    more_since: bool,
    /// The receiver will not learn of the player from what is unsent.
    silent: bool,
    /// The receiver knows the player from before.
    again: bool,
}

impl Queue {
    pub(super) fn empty(held: Held) -> Self {
        Self {
            entries: VecDeque::new(),
            first: 0,
            relayed: 0,
            relayed_bytes: 0,
            notices: 0,
            notice_bytes: 0,
            cancelled: 0,
            connected: FxHashMap::default(),
            count: None,
            audience: 0,
            probe: false,
            somebody_waits: false,
            closing: None,
            cut: false,
            task: None,
            peer_stalls: false,
            timed: None,
            held,
        }
    }

    /// Nothing waits any more; the session ends at once.
    pub(super) fn cut(&mut self, close: Close) {
        let (held, task) = (self.held.hand_over(), self.task.take());
        *self = Self { closing: Some(close), cut: true, task, ..Self::empty(held) };
    }

    pub(super) fn has_room(&self, size: usize, limits: OutboxLimits) -> bool {
        self.relayed == 0
            || (self.relayed < limits.messages
                && self.relayed_bytes + size <= limits.bytes
                && !self.held.is_too_much(self.relayed_bytes + size))
    }

    /// Tells how much waits. Players that came and went are not counted: they cost next to nothing.
    pub(super) fn hold(&mut self) {
        self.held.now(self.relayed_bytes + self.notice_bytes);
    }

    /// There is more of a player whose arrival is unsent.
    pub(super) fn more_of(&mut self, player: SessionId) {
        if !self.connected.is_empty()
            && let Some(connected) = self.connected.get_mut(&player)
        {
            connected.more_since = true;
        }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        if !self.peer_stalls {
            self.wake();
        }
    }

    pub(super) fn wake(&mut self) {
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    pub(super) fn observe_wait(&mut self) {
        let first = self.first;
        if let Some(timed) = self.timed.take_if(|timed| timed.entry < first) {
            timed.waits.observe(timed.since.elapsed());
        }
    }

    pub(super) fn register(&mut self, cx: &Context<'_>) {
        if !self.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            self.task = Some(cx.waker().clone());
        }
    }

    pub(super) fn await_more(&mut self, cx: &Context<'_>) {
        self.register(cx);
        if self.entries.capacity() > 64 {
            self.entries = VecDeque::new();
            self.connected = FxHashMap::default();
        }
    }

    pub(super) fn push_connected(&mut self, player: SessionId, text: Option<Bytes>) {
        self.audience += 1;
        self.push_arrival(player, text, false);
    }

    /// One that is unsent stands for those after it. A silent mark does not, but what is unseen since it stays so.
    pub(super) fn push_connected_again(&mut self, player: SessionId, text: Bytes) {
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
    pub(super) fn push_disconnected(&mut self, player: SessionId, text: Bytes) -> usize {
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

    pub(super) fn take(&mut self, batch: &mut VecDeque<Outgoing>, messages: usize, bytes: usize) -> usize {
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
