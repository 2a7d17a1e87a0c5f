//! How long to wait between attempts.
//!
//! Clients that lost their gateway together must not come back together. The first attempt comes at a moment that
//! chance chooses once an outage, and each of the next when twice as much time has passed as at the one before. So
//! whenever the gateway returns, they are spread over as long again as it was away, and nowhere denser than 1.44 (1/ln 2)
//! times the mean. Chance anew at every attempt does not do that: sums of random waits heap up, to four times the mean
//! and more.

use std::time::Duration;

use rand::Rng;

/// Exponential back-off: attempts at s, 2·s, 4·s, … after the end, at most `max` apart, where s lies between a half of
/// `first` and `first`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait before the first new attempt.
    pub first: Duration,
    /// The longest wait of all.
    pub max: Duration,
    /// How many attempts in a row may fail; `None` for any number.
    pub attempts: Option<u32>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), max: Duration::from_secs(30), attempts: None }
    }
}

impl Backoff {
    /// The longest wait after `failures` failed attempts in a row: as long as all those before it.
    pub fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(2);
        2u32.checked_pow(doublings).and_then(|factor| self.first.checked_mul(factor)).unwrap_or(self.max).min(self.max)
    }
}

/// The attempts of one client.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    backoff: Backoff,
    failed: u32,
    /// This outage's share of every wait.
    share: f64,
}

impl Attempts {
    /// None has failed yet.
    pub fn new(backoff: Backoff) -> Self {
        Self { backoff, failed: 0, share: 1.0 }
    }

    /// How many have failed in a row.
    pub fn failed(&self) -> u32 {
        self.failed
    }

    /// All is well again.
    pub fn succeeded(&mut self) {
        self.failed = 0;
    }

    /// One more has failed, or a session has ended. The wait before the next; `None` when that was the last one.
    pub fn wait(&mut self, rng: &mut impl Rng) -> Option<Duration> {
        if self.failed == 0 {
            // The logarithm is what is even: time doubles from attempt to attempt.
            self.share = 2f64.powf(-rng.random::<f64>());
        }
        self.failed = self.failed.saturating_add(1);
        let another = self.backoff.attempts.is_none_or(|attempts| self.failed < attempts);
        another.then(|| self.backoff.ceiling(self.failed).mul_f64(self.share))
    }
}
