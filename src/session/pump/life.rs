//! Whether the peer is still there (protocol.md §5.6), the sign of life that it is asked for when another wants its id
//! (§5.1), and the JSON pings of the dialects that have them (§4).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::super::report::Ending;
use super::Pump;
use crate::hub::Notice;
use crate::transport::Transport;
use crate::wire::{Close, CloseCode, out as texts};

/// How often a probed transport is asked whether it has heard anything.
const PROBE_CHECK: Duration = Duration::from_millis(100);

pub(super) struct Life {
    pub(super) heard: Instant,
    /// A ping is unanswered.
    pub(super) pinged: bool,
    /// What the transport had heard when it had last nothing to read.
    signs: u64,
    /// What the transport had heard when it was asked to show life.
    pub(super) probed: Option<u64>,
    /// When it is sent the next JSON ping.
    pub(super) next_ping: Option<Instant>,
}

impl Life {
    /// `pings`: how often it is sent a JSON ping.
    pub(super) fn new(now: Instant, pings: Option<Duration>) -> Self {
        Self { heard: now, pinged: false, signs: 0, probed: None, next_ping: pings.map(|every| now + every) }
    }

    /// When a probed transport is looked at again.
    pub(super) fn next_check(&self) -> Option<Instant> {
        self.probed.map(|_| Instant::now() + PROBE_CHECK)
    }
}

impl<T: Transport> Pump<'_, T> {
    /// The pieces of a message that is not whole yet are signs of life too.
    pub(super) fn note_pieces(&mut self) {
        if self.transport.keeps_itself_alive() {
            return;
        }
        let signs = self.transport.signs_of_life();
        if signs != self.life.signs {
            self.life = Life { heard: Instant::now(), pinged: false, signs, ..self.life };
        }
    }

    pub(super) fn life_deadline(&self) -> Instant {
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

    pub(super) fn begin_probe(&mut self) {
        if self.reading.is_paused() {
            // Its pong would not be read; but it was alive when it sent the message that it waits with.
            return self.sessions.router.alive(self.connected.guard.session());
        }
        self.life.probed = Some(self.transport.signs_of_life());
        self.writing.ping = true;
    }

    pub(super) fn check_probe(&mut self) {
        if self.life.probed.is_some_and(|before| self.transport.signs_of_life() != before) {
            self.life.probed = None;
            self.sessions.router.alive(self.connected.guard.session());
        }
    }

    /// A JSON ping that is due. Nothing depends on its answer: the transport's own keepalive finds the dead.
    pub(super) fn send_due_ping(&mut self, now: Instant) {
        if let (Some(due), Some(every)) = (self.life.next_ping.filter(|&due| due <= now), self.dialect.pings_players) {
            self.life.next_ping = Some((due + every).max(now));
            let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            let text = texts::ping(u64::try_from(time).unwrap_or_default());
            self.connected.outbox.push_notice(text, Notice::Other);
        }
    }

    pub(super) fn check_life(&mut self, now: Instant) -> Result<(), Ending> {
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
