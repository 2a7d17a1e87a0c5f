//! How long a player may stay: without a subscription, without a word, and at all.
//!
//! Streamers and SFUs wait for players as long as they like.

use std::time::Duration;

use tokio::time::Instant;

use super::super::report::Ending;
use super::Pump;
use crate::metrics::Limit;
use crate::transport::Transport;
use crate::wire::{Close, CloseCode, Kind, Role};

/// How long players may stay; `None` for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stay {
    /// Without a subscription.
    pub unsubscribed: Option<Duration>,
    /// Without a message other than `ping` and `pong`.
    pub idle: Option<Duration>,
    /// At all.
    pub session: Option<Duration>,
}

pub(super) struct Staying {
    began: Instant,
    /// When it said something last.
    said: Instant,
    /// Since when it may have been without a subscription: the hub knows whether it is.
    free: Instant,
}

impl Staying {
    pub(super) fn new(now: Instant) -> Self {
        Self { began: now, said: now, free: now }
    }

    /// It has said something.
    pub(super) fn says(&mut self, kind: Kind, now: Instant) {
        match kind {
            Kind::Ping | Kind::Pong => return,
            // A player loses its subscription by itself, or its session with it.
            Kind::Unsubscribe => self.free = now,
            _ => {}
        }
        self.said = now;
    }

    /// When there is something to look at.
    fn deadline(&self, stay: Stay) -> Option<Instant> {
        let Stay { unsubscribed, idle, session } = stay;
        let due = |since: Instant, time: Option<Duration>| time.map(|time| since + time);
        [due(self.free, unsubscribed), due(self.said, idle), due(self.began, session)].into_iter().flatten().min()
    }

    /// Which time is over, and what it was.
    fn over(&mut self, stay: Stay, now: Instant, watches: impl FnOnce() -> bool) -> Option<(Limit, Duration)> {
        let Stay { unsubscribed, idle, session } = stay;
        let is_over = |since: Instant, time: &Duration| now >= since + *time;
        if let Some(time) = session.filter(|time| is_over(self.began, time)) {
            return Some((Limit::MaxSession, time));
        }
        if let Some(time) = idle.filter(|time| is_over(self.said, time)) {
            return Some((Limit::Idle, time));
        }
        let time = unsubscribed.filter(|time| is_over(self.free, time))?;
        if watches() {
            self.free = now;
            return None;
        }
        Some((Limit::Unsubscribed, time))
    }
}

impl<T: Transport> Pump<'_, T> {
    /// When its stay is looked at next.
    pub(super) fn stay_deadline(&self) -> Option<Instant> {
        self.staying.deadline(self.stay())
    }

    fn stay(&self) -> Stay {
        if self.role == Role::Player { self.limits.stay } else { Stay::default() }
    }

    pub(super) fn check_stay(&mut self, now: Instant) -> Result<(), Ending> {
        let (router, session, stay) = (&self.sessions.router, self.connected.guard.session(), self.stay());
        let Some((limit, time)) = self.staying.over(stay, now, || router.watches(session)) else { return Ok(()) };
        self.sessions.metrics().limit_reached(limit);
        let why = match limit {
            Limit::MaxSession => "the session has lasted its",
            Limit::Idle => "nothing said for",
            _ => "no subscription for",
        };
        Err(Ending::Gateway(Close::new(CloseCode::POLICY, format!("{why} {}", humantime::format_duration(time)))))
    }
}
