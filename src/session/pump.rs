//! The session's loop. Everything that can happen to a session is one [`Turn`]; one poll looks for the next.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep};
use tracing::{debug, trace};

use super::Sessions;
use super::dispatch::{Asked, ask};
use super::rate::{Bucket, Rate};
use super::report::{Ending, Traffic};
use crate::hub::{Dialect, Frame, Notice, Request};
use crate::router::{Blocked, Connected, Taken};
use crate::transport::{Ended, Incoming, Transport};
use crate::wire::{Close, CloseCode, DropReason, Kind, Message, Role, out as texts};

/// A batch: so many messages, or about so many bytes, go out with one flush.
const BATCH: usize = 32;
const BATCH_BYTES: usize = 16 << 10;

/// Reads before the writes get their turn, and batches before the reads get theirs.
const READS: u32 = 32;
const BATCHES: usize = 4;

/// A streamer or SFU that takes nothing for so long is cut; a player has longer, it slows nobody (design.md §2).
const PUBLISHER_STALL: Duration = Duration::from_secs(5);
const PLAYER_STALL: Duration = Duration::from_secs(10);

/// How often a probed transport is asked whether it has heard anything.
const PROBE_CHECK: Duration = Duration::from_millis(100);

/// `listStreamers` (protocol.md §5.7): the list is exempt from the size limit and so has a rate of its own.
const LISTS: Rate = Rate { per_second: 1.0, burst: 5.0 };

pub(super) struct Pump<'a, T> {
    sessions: &'a Sessions,
    transport: &'a mut T,
    connected: &'a Connected,
    role: Role,
    dialect: &'static Dialect,
    traffic: Traffic,
    writing: Writing,
    reading: Reading,
    life: Life,
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
}

#[derive(Default)]
struct Writing {
    batch: VecDeque<Frame>,
    ping: bool,
    unflushed: bool,
    /// Since when the peer takes nothing.
    stalled: Option<Instant>,
}

struct Reading {
    /// Messages read since the writes had their turn.
    turns: u32,
    bucket: Option<Bucket>,
    paused_until: Option<Instant>,
    throttled_since: Option<Instant>,
    blocked: Option<Blockage>,
    lists: Bucket,
    list_due: Option<Instant>,
}

struct Life {
    heard: Instant,
    /// A ping is unanswered.
    pinged: bool,
    /// What the transport had heard when it was asked to show life.
    probed: Option<u64>,
}

/// A message whose receiver has no room.
struct Blockage {
    room: Pin<Box<dyn Future<Output = ()> + Send>>,
    kind: Kind,
    text: Bytes,
}

enum Turn {
    Received(Incoming),
    Room,
    Timer,
    End(Ending),
}

impl<'a, T: Transport> Pump<'a, T> {
    pub(super) fn new(
        sessions: &'a Sessions,
        transport: &'a mut T,
        connected: &'a Connected,
        role: Role,
        dialect: &'static Dialect,
    ) -> Self {
        let now = Instant::now();
        let bucket = sessions.rates.as_ref().map(|rates| Bucket::full(rates.of(role, 0), now));
        let reading = Reading {
            turns: 0,
            bucket,
            paused_until: None,
            throttled_since: None,
            blocked: None,
            lists: Bucket::full(LISTS, now),
            list_due: None,
        };
        let life = Life { heard: now, pinged: false, probed: None };
        let (traffic, writing) = (Traffic::default(), Writing::default());
        Self { sessions, transport, connected, role, dialect, traffic, writing, reading, life, timer: None }
    }

    pub(super) async fn run(mut self) -> (Ending, Traffic) {
        loop {
            let step = match poll_fn(|cx| self.poll_turn(cx)).await {
                Turn::Received(incoming) => self.received(incoming),
                Turn::Room => self.try_again(),
                Turn::Timer => self.timer_fired(),
                Turn::End(ending) => Err(ending),
            };
            if let Err(ending) = step {
                return (ending, self.traffic);
            }
        }
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        // A peer that does not take its answers must not ask for more.
        let behind = self.connected.outbox.is_behind();
        if self.reading.turns < READS
            && !behind
            && let Poll::Ready(turn) = self.poll_read(cx)
        {
            self.reading.turns += 1;
            return Poll::Ready(turn);
        }
        let rested = std::mem::take(&mut self.reading.turns) >= READS;
        if let Poll::Ready(ending) = self.poll_write(cx) {
            return Poll::Ready(Turn::End(ending));
        }
        // The reads gave way to the writes only for a moment, or until these had taken the answers away.
        if rested || (behind && !self.connected.outbox.is_behind()) {
            cx.waker().wake_by_ref();
        }
        self.poll_timer(cx)
    }

    // ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
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
                self.reading.throttled_since = None;
                Poll::Pending
            }
        }
    }

    fn received(&mut self, incoming: Incoming) -> Result<(), Ending> {
        let now = Instant::now();
        self.life.heard = now;
        self.life.pinged = false;
        self.check_probe();
        let Incoming::Message(text) = incoming else { return Ok(()) };
        self.traffic.received += 1;
        self.throttle(now)?;
        match Message::parse(text) {
            Ok(message) => self.carry_out(message, now),
            Err(malformed) => {
                trace!(session = %self.connected.guard.session(), %malformed, "message dropped");
                self.drop_message(DropReason::Malformed, "Cannot parse")
            }
        }
    }

    fn carry_out(&mut self, message: Message, now: Instant) -> Result<(), Ending> {
        let (kind, bytes) = (message.kind(), message.text().len());
        trace!(session = %self.connected.guard.session(), kind = kind.name(), bytes, "message");
        let time = (kind == Kind::Ping).then(|| texts::pong(message.time()));
        match ask(message, self.role, self.connected.player_id.as_ref()) {
            Asked::Hub(Request::ListStreamers) => self.list_streamers(now),
            Asked::Hub(request) => self.dispatch(kind, bytes, request),
            Asked::Pong => self.answer(time),
            Asked::Noted if kind == Kind::Stats => {
                debug!(session = %self.connected.guard.session(), bytes, "stats");
            }
            Asked::Noted => {}
            Asked::Dropped(reason @ (DropReason::UnknownType | DropReason::NoType)) => {
                return self.drop_message(reason, "Unsupported message type");
            }
            Asked::Dropped(reason) => self.sessions.metrics().dropped(reason, 1),
        }
        Ok(())
    }

    fn dispatch(&mut self, kind: Kind, bytes: usize, request: Request) {
        match self.sessions.router.dispatch(self.connected.guard.session(), request) {
            Ok(true) => self.sessions.metrics().relayed(kind, bytes),
            Ok(false) => {}
            Err(Blocked { outbox, text }) => {
                let room = Box::pin(Arc::clone(&outbox).room(text.len()));
                self.reading.blocked = Some(Blockage { room, kind, text });
            }
        }
    }

    /// There may be room now for the message that was blocked.
    fn try_again(&mut self) -> Result<(), Ending> {
        if let Some(Blockage { kind, text, .. }) = self.reading.blocked.take() {
            self.life.heard = Instant::now();
            self.dispatch(kind, text.len(), Request::ToPublisher { kind, text });
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
            None => self.send_list(),
            Some(wait) => self.reading.list_due = Some(now + wait),
        }
    }

    fn send_list(&mut self) {
        self.reading.lists.take();
        self.dispatch(Kind::ListStreamers, 0, Request::ListStreamers);
    }

    fn drop_message(&self, reason: DropReason, said: &'static str) -> Result<(), Ending> {
        self.sessions.metrics().dropped(reason, 1);
        if self.dialect.strict_input {
            return Err(Ending::Gateway(Close::new(CloseCode::POLICY, said)));
        }
        Ok(())
    }

    /// Takes a message from the rate; over it, the reads pause.
    fn throttle(&mut self, now: Instant) -> Result<(), Ending> {
        let (Some(rates), Some(bucket)) = (&self.sessions.rates, &mut self.reading.bucket) else { return Ok(()) };
        bucket.take();
        if !bucket.is_spent() {
            return Ok(());
        }
        let audience = if self.role.publishes() { self.connected.outbox.audience() } else { 0 };
        let Some(wait) = bucket.refill(rates.of(self.role, audience), now) else {
            // The rate was kept since the last refill, perhaps because the session waited for room.
            self.reading.throttled_since = None;
            return Ok(());
        };
        self.reading.paused_until = Some(now + wait);
        let since = *self.reading.throttled_since.get_or_insert(now);
        if now - since > rates.patience {
            let why = format!("more messages than allowed for {} s without a break", rates.patience.as_secs());
            return Err(Ending::Gateway(Close::new(CloseCode::POLICY, why)));
        }
        Ok(())
    }

    // ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────

    /// Ready only when the session must end.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Ending> {
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

    /// Writes one batch and flushes it. What is still to be flushed goes first, so that room on the way does not hide
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
        let written = self.poll_feed(cx)?.is_ready() && self.poll_flush(cx)?.is_ready();
        if !written {
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
        self.writing.stalled.get_or_insert_with(Instant::now);
        loop {
            match self.connected.outbox.take_urgent(cx) {
                Taken::Probe => self.begin_probe(),
                close @ Taken::Close(_) => return Poll::Ready(close),
                Taken::Nothing | Taken::Messages => return Poll::Pending,
            }
        }
    }

    fn begin_probe(&mut self) {
        self.life.probed = Some(self.transport.signs_of_life());
        self.writing.ping = true;
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
            } else if let Some(frame) = self.writing.batch.pop_front() {
                self.transport.feed(frame.into_text())?;
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

    // ── time ────────────────────────────────────────────────────────────────────────────────────────────────────

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let Some(next) = self.next_deadline() else {
            self.timer = None;
            return Poll::Pending;
        };
        let (armed, sleep) = self.timer.get_or_insert_with(|| (next, Box::pin(tokio::time::sleep_until(next))));
        // A deadline that has moved away is met again when the timer fires: moving the timer each time costs more.
        if next < *armed {
            *armed = next;
            sleep.as_mut().reset(next);
        }
        ready!(sleep.as_mut().poll(cx));
        self.timer = None;
        Poll::Ready(Turn::Timer)
    }

    fn next_deadline(&self) -> Option<Instant> {
        let probe = self.life.probed.map(|_| Instant::now() + PROBE_CHECK);
        let stall = self.writing.stalled.map(|since| since + self.longest_stall());
        let life = (!self.transport.keeps_itself_alive()).then(|| self.life_deadline());
        [self.reading.paused_until, self.reading.list_due, probe, stall, life].into_iter().flatten().min()
    }

    fn longest_stall(&self) -> Duration {
        if self.role.publishes() { PUBLISHER_STALL } else { PLAYER_STALL }
    }

    fn life_deadline(&self) -> Instant {
        let keepalive = self.sessions.keepalive;
        // Whatever the two are, the ping comes before the end, and its answer has half of the time between them.
        let ping = self.jittered(keepalive.interval).min((keepalive.interval + keepalive.timeout) / 2);
        self.life.heard + if self.life.pinged { keepalive.timeout } else { ping }
    }

    /// Sessions that began together must not all ping together: a tenth either way, by the session's number.
    fn jittered(&self, interval: Duration) -> Duration {
        let spread = u32::try_from(self.connected.guard.session().0 % 21).unwrap_or(10);
        interval * (90 + spread) / 100
    }

    fn timer_fired(&mut self) -> Result<(), Ending> {
        let now = Instant::now();
        self.check_stall(now)?;
        self.resume(now);
        self.check_probe();
        if self.reading.list_due.is_some_and(|due| due <= now) {
            self.reading.list_due = None;
            self.send_list();
        }
        self.check_life(now)
    }

    fn check_stall(&self, now: Instant) -> Result<(), Ending> {
        match self.writing.stalled {
            Some(since) if now >= since + self.longest_stall() => {
                let why = format!("slow consumer: nothing taken for {} s", self.longest_stall().as_secs());
                Err(Ending::Gateway(Close::new(CloseCode::SLOW, why)))
            }
            _ => Ok(()),
        }
    }

    fn resume(&mut self, now: Instant) {
        if self.reading.paused_until.is_some_and(|until| until <= now) {
            self.life.heard = now;
            self.reading.paused_until = None;
            if let (Some(rates), Some(bucket)) = (&self.sessions.rates, &mut self.reading.bucket) {
                let audience = if self.role.publishes() { self.connected.outbox.audience() } else { 0 };
                let wait = bucket.refill(rates.of(self.role, audience), now);
                self.reading.paused_until = wait.map(|wait| now + wait);
            }
        }
    }

    fn check_probe(&mut self) {
        if self.life.probed.is_some_and(|before| self.transport.signs_of_life() != before) {
            self.life.probed = None;
            self.sessions.router.alive(self.connected.guard.session());
        }
    }

    fn check_life(&mut self, now: Instant) -> Result<(), Ending> {
        if self.transport.keeps_itself_alive() {
            return Ok(());
        }
        if self.reading.blocked.is_some() {
            // What we do not read says nothing about the peer; its streamer's stall bounds this.
            self.life.heard = now;
        }
        if now >= self.life.heard + self.sessions.keepalive.timeout {
            return Err(Ending::Gateway(Close::new(CloseCode::DEAD, "no sign of life")));
        }
        if !self.life.pinged && now >= self.life_deadline() {
            self.life.pinged = true;
            self.writing.ping = true;
        }
        Ok(())
    }
}
