//! What the peer sends: read, checked against its rate, scanned, carried out. Reads pause while the peer is over its
//! rate, and while the receiver of its last message has no room.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::coop::has_budget_remaining;
use tokio::time::Instant;
use tracing::{debug, trace, warn};

use super::super::OVERLOADED;
use super::super::dispatch::{Asked, ask};
use super::super::rate::{Budget, Over};
use super::super::report::Ending;
use super::super::stats::media_failure;
use super::{Pump, Turn};
use crate::hub::{Notice, Request, StrictInput};
use crate::id::SessionId;
use crate::limits::{Bucket, Held, Rate};
use crate::metrics::Limit;
use crate::router::Blocked;
use crate::transport::{Incoming, Transport};
use crate::wire::{Close, CloseCode, DropReason, Kind, Message, out as texts};

/// `listStreamers` (protocol.md §5.7): the list is exempt from the size limit and so has a rate of its own.
const LISTS: Rate = Rate { per_second: 1.0, burst: 5.0 };

pub(super) struct Reading {
    /// Messages read since the writes had their turn.
    pub(super) turns: u32,
    /// When the first of them was read: it stands for all, as reading the clock costs more than some.
    began: Instant,
    relayed: Relayed,
    /// What was read last may have left an answer, and nobody has looked since.
    pub(super) answered: bool,
    budget: Option<Budget>,
    pub(super) paused_until: Option<Instant>,
    throttled_since: Option<Instant>,
    pub(super) blocked: Option<Blockage>,
    lists: Bucket,
    pub(super) list_due: Option<Instant>,
    /// What was read of a message that is not whole yet.
    pieces: Held,
    /// It has reported that its media failed.
    media_failed: bool,
}

/// What was relayed of one type since the writes had their turn, and is not in the metrics yet: all sessions count there.
#[derive(Clone, Copy)]
struct Relayed {
    kind: Kind,
    messages: u64,
    bytes: u64,
}

/// A message whose receiver has no room.
pub(super) struct Blockage {
    room: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The receiver; the message is for no other.
    to: SessionId,
    kind: Kind,
    text: Bytes,
}

impl Reading {
    pub(super) fn new(budget: Option<Budget>, pieces: Held, now: Instant) -> Self {
        Self {
            turns: 0,
            began: now,
            relayed: Relayed { kind: Kind::Unknown, messages: 0, bytes: 0 },
            answered: false,
            budget,
            paused_until: None,
            throttled_since: None,
            blocked: None,
            lists: Bucket::full(LISTS, now),
            list_due: None,
            media_failed: false,
            pieces,
        }
    }

    /// Whether the peer is not read: it waits for room, or for its rate.
    pub(super) fn is_paused(&self) -> bool {
        self.blocked.is_some() || self.paused_until.is_some()
    }
}

impl<T: Transport> Pump<'_, T> {
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        if let Some(blocked) = &mut self.reading.blocked {
            return blocked.room.as_mut().poll(cx).map(|()| Turn::Room);
        }
        if self.reading.paused_until.is_some() {
            return Poll::Pending;
        }
        match self.transport.poll_recv(cx) {
            Poll::Ready(Ok(incoming)) => Poll::Ready(Turn::Received(incoming)),
            Poll::Ready(Err(ended)) => Poll::Ready(Turn::End(Ending::Transport(ended))),
            Poll::Pending => {
                // Who floods keeps the reads so busy that the task must give way now and then: no break of the peer's.
                if has_budget_remaining() {
                    self.reading.throttled_since = None;
                }
                self.note_pieces();
                match self.hold_pieces() {
                    Ok(()) => Poll::Pending,
                    Err(ending) => Poll::Ready(Turn::End(ending)),
                }
            }
        }
    }

    pub(super) fn received(&mut self, incoming: Incoming) -> Result<(), Ending> {
        if self.reading.turns <= 1 {
            self.reading.began = Instant::now();
        }
        let now = self.reading.began;
        self.life.heard = now;
        self.life.pinged = false;
        self.check_probe();
        let bytes = if let Incoming::Message(text) = &incoming { text.len() } else { 0 };
        self.take_from_budget(now, |budget| budget.take(bytes))?;
        let Incoming::Message(text) = incoming else { return Ok(()) };
        self.traffic.received += 1;
        self.reading.answered = true;
        self.sessions.showing.received(self.who, &text);
        match Message::parse(text) {
            Ok(message) => self.carry_out(message, now),
            Err(malformed) => {
                trace!(session = %self.connected.guard.session(), %malformed, "message dropped");
                let strict = self.dialect.strict_input != StrictInput::Ignored;
                self.drop_message(DropReason::Malformed, strict.then_some("Cannot parse"))
            }
        }
    }

    fn carry_out(&mut self, message: Message, now: Instant) -> Result<(), Ending> {
        let (kind, bytes) = (message.kind(), message.text().len());
        self.staying.says(kind, now);
        if matches!(kind, Kind::Subscribe | Kind::Unsubscribe | Kind::EndpointId) {
            self.take_from_budget(now, Budget::take_change)?;
        }
        trace!(session = %self.connected.guard.session(), kind = kind.name(), bytes, "message");
        let time = (kind == Kind::Ping).then(|| texts::pong(message.time()));
        if kind == Kind::Stats {
            self.note_stats(&message);
        }
        match ask(message, self.role, self.connected.player_id.as_ref()) {
            Asked::Hub(Request::ListStreamers) => self.list_streamers(now),
            Asked::Hub(request) => self.dispatch(kind, bytes, request, now),
            Asked::Pong => self.answer(time),
            Asked::Noted => {}
            Asked::Dropped(reason) => {
                let unknown = matches!(reason, DropReason::UnknownType | DropReason::NoType | DropReason::WrongRole);
                let strict = unknown && self.dialect.strict_input == StrictInput::JsonAndTypes;
                return self.drop_message(reason, strict.then_some("Unsupported message type"));
            }
        }
        Ok(())
    }

    /// Statistics are for the log; what an operator can mend is said at `warn`, once a session: the words are the peer's.
    fn note_stats(&mut self, message: &Message) {
        let session = self.connected.guard.session();
        debug!(%session, bytes = message.text().len(), "stats");
        let Some(summary) = media_failure(message) else { return };
        if std::mem::replace(&mut self.reading.media_failed, true) {
            debug!(%session, summary, "media failed again");
        } else {
            warn!(%session, summary, "media failed");
        }
    }

    fn dispatch(&mut self, kind: Kind, bytes: usize, request: Request, now: Instant) {
        let outcome = self.sessions.router.dispatch(self.connected.guard.session(), request, now);
        self.dispatched(kind, bytes, outcome);
    }

    fn dispatched(&mut self, kind: Kind, bytes: usize, outcome: Result<bool, Blocked>) {
        match outcome {
            Ok(true) => self.note_relayed(kind, bytes),
            Ok(false) => {}
            Err(Blocked { to, outbox, text }) => {
                let room = Box::pin(outbox.room(text.len()));
                self.reading.blocked = Some(Blockage { room, to, kind, text });
            }
        }
    }

    fn note_relayed(&mut self, kind: Kind, bytes: usize) {
        self.reading.answered = false;
        if self.reading.relayed.kind != kind {
            self.count_relayed();
            self.reading.relayed.kind = kind;
        }
        self.reading.relayed.messages += 1;
        self.reading.relayed.bytes += bytes as u64;
    }

    /// Tells the metrics.
    pub(super) fn count_relayed(&mut self) {
        let Relayed { kind, messages, bytes } = self.reading.relayed;
        if messages > 0 {
            self.sessions.metrics().relayed(kind, messages, bytes);
            self.reading.relayed = Relayed { kind, messages: 0, bytes: 0 };
        }
    }

    /// There may be room now for the message that was blocked.
    pub(super) fn try_again(&mut self) -> Result<(), Ending> {
        if let Some(Blockage { to, kind, text, .. }) = self.reading.blocked.take() {
            let now = Instant::now();
            self.reading.began = now;
            self.reading.answered = true;
            self.life.heard = now;
            // It waited for somebody else: that was a break of its own.
            self.reading.throttled_since = None;
            let (bytes, request) = (text.len(), Request::ToPublisher { kind, text });
            let outcome = self.sessions.router.dispatch_again(self.connected.guard.session(), request, to, now);
            self.dispatched(kind, bytes, outcome);
        }
        Ok(())
    }

    fn answer(&self, text: Option<Bytes>) {
        if let Some(text) = text {
            self.connected.outbox.push_notice(text, Notice::Other);
        }
    }

    fn list_streamers(&mut self, now: Instant) {
        if self.reading.list_due.is_some() {
            return self.sessions.metrics().dropped(DropReason::Coalesced, 1);
        }
        match self.reading.lists.refill(LISTS, now) {
            None => self.send_list(now),
            Some(wait) => self.reading.list_due = Some(now + wait),
        }
    }

    fn send_list(&mut self, now: Instant) {
        self.reading.lists.take(1.0);
        self.dispatch(Kind::ListStreamers, 0, Request::ListStreamers, now);
    }

    /// `close`: what a sender hears whom it costs the session.
    fn drop_message(&self, reason: DropReason, close: Option<&'static str>) -> Result<(), Ending> {
        self.sessions.metrics().dropped(reason, 1);
        close.map_or(Ok(()), |words| Err(Ending::Gateway(Close::new(CloseCode::POLICY, words))))
    }

    /// Takes from what the session may say; over it, the reads pause.
    fn take_from_budget(&mut self, now: Instant, take: impl FnOnce(&mut Budget)) -> Result<(), Ending> {
        let Some(budget) = &mut self.reading.budget else { return Ok(()) };
        take(budget);
        if !budget.is_spent() {
            return Ok(());
        }
        self.refill(now).map_or(Ok(()), |over| self.throttle(over, now))
    }

    fn refill(&mut self, now: Instant) -> Option<Over> {
        let (Some(rates), Some(budget)) = (&self.limits.rates, &mut self.reading.budget) else { return None };
        let audience = if self.role.publishes() { self.connected.outbox.audience() } else { 0 };
        budget.refill(rates, self.role, audience, now)
    }

    fn throttle(&mut self, over: Over, now: Instant) -> Result<(), Ending> {
        let patience = self.limits.rates.map_or(Duration::MAX, |rates| rates.patience);
        self.reading.paused_until = Some(now + over.wait);
        let since = *self.reading.throttled_since.get_or_insert_with(|| {
            self.sessions.metrics().limit_reached(over.limit);
            now
        });
        if now - since <= patience {
            return Ok(());
        }
        let what = match over.limit {
            Limit::ByteRate => "bytes",
            Limit::SubscriptionRate => "subscriptions",
            _ => "messages",
        };
        let why = format!("more {what} than allowed for {} s without a break", patience.as_secs());
        Err(Ending::Gateway(Close::new(CloseCode::POLICY, why)))
    }

    pub(super) fn resume(&mut self, now: Instant) {
        if self.reading.paused_until.is_some_and(|until| until <= now) {
            self.life.heard = now;
            self.reading.paused_until = self.refill(now).map(|over| now + over.wait);
        }
    }

    /// What a message that is not whole yet takes of the memory of all. Where there is none left, whoever takes more
    /// is closed.
    fn hold_pieces(&mut self) -> Result<(), Ending> {
        let bytes = self.transport.bytes_held();
        if self.reading.pieces.is_too_much(bytes) {
            self.sessions.metrics().limit_reached(Limit::Memory);
            return Err(Ending::Gateway(OVERLOADED));
        }
        self.reading.pieces.now(bytes);
        Ok(())
    }

    pub(super) fn send_due_list(&mut self, now: Instant) {
        if self.reading.list_due.is_some_and(|due| due <= now) {
            self.reading.list_due = None;
            self.send_list(now);
        }
    }
}
