//! Whether the peer is still there (protocol.md §5.6), and the sign of life that it is asked for when another wants its id
//! (§5.1).

use std::time::Duration;

use tokio::time::Instant;

use super::super::report::Ending;
use super::Pump;
use crate::transport::Transport;
use crate::wire::{Close, CloseCode};

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
}

impl Life {
    pub(super) fn new(now: Instant) -> Self {
        Self { heard: now, pinged: false, signs: 0, probed: None }
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
