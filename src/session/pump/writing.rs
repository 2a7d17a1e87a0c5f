//! What the peer is sent: batches out of the outbox, each with one flush, under a deadline for a peer that takes nothing.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::super::farewell::CLOSING;
use super::super::report::Ending;
use super::Pump;
use crate::router::{Outgoing, Taken};
use crate::transport::{Ended, Transport};
use crate::wire::{Close, CloseCode};

/// A batch: so many messages, or about so many bytes, go out with one flush.
const BATCH: usize = 32;
const BATCH_BYTES: usize = 16 << 10;

/// Batches before the reads get their turn.
const BATCHES: usize = 4;

/// A streamer or SFU that takes nothing for so long is cut; a player has longer, it slows nobody (design.md §2).
const PUBLISHER_STALL: Duration = Duration::from_secs(5);
const PLAYER_STALL: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct Writing {
    pub(super) batch: VecDeque<Outgoing>,
    pub(super) ping: bool,
    pub(super) unflushed: bool,
    /// What it is told last is flushed with the close: one call of the system instead of two.
    closes_with_last: bool,
    stalled: Option<Stall>,
}

/// The peer does not take what is written. It may take some of it, byte by byte: that is looked at when its time is over.
struct Stall {
    since: Instant,
    /// What the transport had taken then.
    taken: u64,
}

impl Writing {
    /// How many relayed messages are lost when the session ends now, besides those that wait in the outbox.
    pub(super) fn lost(&self) -> usize {
        self.batch.iter().filter(|outgoing| outgoing.relayed).count()
    }
}

impl<T: Transport> Pump<'_, T> {
    /// Ready only when the session must end.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
        for _ in 0..BATCHES {
            match self.poll_batch(cx) {
                Ok(Poll::Ready(Taken::Close(close))) => return Poll::Ready(Ending::Gateway(close)),
                Ok(Poll::Ready(Taken::Nothing) | Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(_)) => {}
                Err(ended) => return Poll::Ready(Ending::Transport(ended)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes one batch and flushes it, unless it goes out with the close. What is still to be flushed goes first, so that room on the way does not hide
    /// that the peer takes nothing.
    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Result<Poll<Taken>, Ended> {
        if self.writing.batch.is_empty() && self.poll_flush(cx)?.is_pending() {
            return Ok(self.wait_for_peer(cx));
        }
        let mut taken = Taken::Messages;
        if self.writing.batch.is_empty() {
            taken = self.connected.outbox.take(cx, &mut self.writing.batch, BATCH, BATCH_BYTES);
            if matches!(taken, Taken::Probe) {
                self.begin_probe();
            }
        }
        let fed = self.poll_feed(cx)?.is_ready();
        if fed
            && self.transport.kind().is_websocket()
            && let Taken::Last(close) = taken
        {
            self.writing.closes_with_last = true;
            return Ok(Poll::Ready(Taken::Close(close)));
        }
        if !fed || self.poll_flush(cx)?.is_pending() {
            return Ok(self.wait_for_peer(cx));
        }
        self.writing.stalled = None;
        if self.writing.batch.capacity() > 4 && matches!(taken, Taken::Nothing) {
            self.writing.batch = VecDeque::new();
        }
        Ok(Poll::Ready(taken))
    }

    /// The peer takes nothing at the moment. It may still be asked for life, or cut.
    fn wait_for_peer(&mut self, cx: &mut Context<'_>) -> Poll<Taken> {
        if self.writing.stalled.is_none() {
            self.begin_stall(Instant::now());
        }
        loop {
            match self.connected.outbox.take_urgent(cx) {
                Taken::Probe => self.begin_probe(),
                close @ Taken::Close(_) => return Poll::Ready(close),
                Taken::Nothing | Taken::Messages | Taken::Last(_) => return Poll::Pending,
            }
        }
    }

    fn poll_feed(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Ended> {
        while !self.writing.batch.is_empty() || self.writing.ping {
            if self.transport.poll_ready(cx)?.is_pending() {
                return Ok(Poll::Pending);
            }
            self.writing.unflushed = true;
            self.writing.stalled = None;
            if std::mem::take(&mut self.writing.ping) {
                self.transport.feed_ping()?;
            } else if let Some(outgoing) = self.writing.batch.pop_front() {
                let text = outgoing.into_text();
                self.sessions.showing.sent(self.who, &text);
                self.transport.feed(text)?;
                self.traffic.sent += 1;
            }
        }
        Ok(Poll::Ready(()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Ended> {
        if self.writing.unflushed {
            if self.transport.poll_flush(cx)?.is_pending() {
                return Ok(Poll::Pending);
            }
            self.writing.unflushed = false;
        }
        Ok(Poll::Ready(()))
    }

    /// How long the peer may take for what it is told last.
    pub(in super::super) fn patience(&self) -> Duration {
        if self.writing.closes_with_last { self.longest_stall() } else { CLOSING }
    }

    fn begin_stall(&mut self, since: Instant) {
        self.writing.stalled = Some(Stall { since, taken: self.transport.bytes_taken() });
    }

    /// When a peer that takes nothing is cut.
    pub(super) fn stall_deadline(&self) -> Option<Instant> {
        self.writing.stalled.as_ref().map(|stall| stall.since + self.longest_stall())
    }

    fn too_slow(&self) -> Close {
        Close::new(CloseCode::SLOW, format!("slow consumer: nothing taken for {} s", self.longest_stall().as_secs()))
    }

    fn longest_stall(&self) -> Duration {
        if self.role.publishes() { PUBLISHER_STALL } else { PLAYER_STALL }
    }

    pub(super) fn check_stall(&mut self, now: Instant) -> Result<(), Ending> {
        let Some(stall) = &self.writing.stalled else { return Ok(()) };
        if now < stall.since + self.longest_stall() {
            return Ok(());
        }
        if self.transport.bytes_taken() != stall.taken {
            self.begin_stall(now);
            return Ok(());
        }
        // What it was to be told anyway says more than that it took too long for it.
        Err(Ending::Gateway(self.connected.outbox.closing().unwrap_or_else(|| self.too_slow())))
    }
}
