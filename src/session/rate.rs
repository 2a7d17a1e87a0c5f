//! How many messages a session may send (design.md §2): over its rate, its reads pause.

use std::time::Duration;

use tokio::time::Instant;

use crate::wire::Role;

/// A pause is at least this long, so that a flooding peer does not cost a timer for each message.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

/// Messages per second and at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Messages per second.
    pub per_second: f64,
    /// What may come at once after a silence.
    pub burst: f64,
}

/// The rates of the roles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of a player.
    pub player: Rate,
    /// Of a streamer or SFU without subscribers.
    pub publisher: Rate,
    /// What each subscriber adds to that.
    pub per_subscriber: f64,
    /// How long a session may be throttled without a break before it is closed.
    pub patience: Duration,
}

impl Default for Rates {
    /// A handshake is a few dozen messages, and trickling candidates come in bursts: the defaults never touch a
    /// well-behaved peer.
    fn default() -> Self {
        Self {
            player: Rate { per_second: 200.0, burst: 400.0 },
            publisher: Rate { per_second: 1000.0, burst: 2000.0 },
            per_subscriber: 200.0,
            patience: Duration::from_secs(30),
        }
    }
}

impl Rates {
    /// The rate of a session with so many subscribers.
    pub(super) fn of(&self, role: Role, audience: u32) -> Rate {
        if !role.publishes() {
            return self.player;
        }
        let more = self.per_subscriber * f64::from(audience);
        Rate { per_second: self.publisher.per_second + more, burst: self.publisher.burst + 2.0 * more }
    }
}

/// A token bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub(super) fn full(rate: Rate, now: Instant) -> Self {
        Self { tokens: rate.burst, at: now }
    }

    pub(super) fn take(&mut self) {
        self.tokens -= 1.0;
    }

    pub(super) fn is_spent(&self) -> bool {
        self.tokens < 1.0
    }

    /// Refills; returns how long to wait when there is still nothing to take.
    pub(super) fn refill(&mut self, rate: Rate, now: Instant) -> Option<Duration> {
        let passed = now.saturating_duration_since(self.at);
        self.tokens = (self.tokens + passed.as_secs_f64() * rate.per_second).min(rate.burst);
        self.at = now;
        if !self.is_spent() {
            return None;
        }
        Some(Duration::from_secs_f64((1.0 - self.tokens) / rate.per_second).max(SHORTEST_PAUSE))
    }
}
