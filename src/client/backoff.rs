//! How long to wait between attempts.

use std::time::Duration;

use rand::Rng;

/// Exponential back-off with full jitter: before attempt n, a time between nothing and `first` · 2ⁿ, at most `max`.
/// The jitter keeps clients that lost their gateway together from coming back together.
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
    /// The longest wait after `failures` failed attempts in a row.
    pub fn ceiling(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1);
        2u32.checked_pow(doublings).and_then(|factor| self.first.checked_mul(factor)).unwrap_or(self.max).min(self.max)
    }

    /// The wait after `failures` failed attempts in a row; `None` when that was the last one.
    pub fn wait(&self, failures: u32, rng: &mut impl Rng) -> Option<Duration> {
        let another = self.attempts.is_none_or(|attempts| failures < attempts);
        another.then(|| rng.random_range(Duration::ZERO..=self.ceiling(failures)))
    }
}
