//! How often: token buckets.

use std::time::Duration;

use tokio::time::Instant;

/// A wait is at least this long, so that whoever floods does not cost a timer for each message.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);

/// So many a second, and so many at once after a silence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// A second.
    pub per_second: f64,
    /// What may come at once after a silence.
    pub burst: f64,
}

impl Rate {
    /// No limit. Finite, so that nothing is computed from infinities.
    pub const UNLIMITED: Self = Self { per_second: f64::MAX, burst: f64::MAX };

    /// So many a second, and those of `seconds` at once; `None` for no limit.
    pub fn of(per_second: Option<u32>, seconds: f64) -> Self {
        per_second.map_or(Self::UNLIMITED, |number| {
            let per_second = f64::from(number);
            Self { per_second, burst: per_second * seconds }
        })
    }

    /// So many times that.
    #[must_use]
    pub fn times(self, times: f64) -> Self {
        let bounded = |number: f64| (number * times).min(f64::MAX);
        Self { per_second: bounded(self.per_second), burst: bounded(self.burst) }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        let sum = |a: f64, b: f64| (a + b).min(f64::MAX);
        Self { per_second: sum(self.per_second, more.per_second), burst: sum(self.burst, more.burst) }
    }
}

/// A token bucket. More may be taken than it holds: that is made up for before there is anything again.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// One that was not touched for long.
    pub fn full(rate: Rate, now: Instant) -> Self {
        Self { tokens: rate.burst, at: now }
    }

    /// Takes so many, whether they are there or not.
    pub fn take(&mut self, tokens: f64) {
        self.tokens -= tokens;
    }

    /// Whether there is none left, as far as is known since the last [`Bucket::refill`].
    pub fn is_spent(&self) -> bool {
        self.tokens < 1.0
    }

    /// Refills; returns how long to wait when there is still nothing to take.
    pub fn refill(&mut self, rate: Rate, now: Instant) -> Option<Duration> {
        self.tokens = self.level(rate, now);
        self.at = now;
        if !self.is_spent() {
            return None;
        }
        Some(Duration::from_secs_f64((1.0 - self.tokens) / rate.per_second).max(SHORTEST_WAIT))
    }

    /// Takes one if it is there; else how long to wait for it.
    ///
    /// # Errors
    /// There is none.
    pub fn try_take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.refill(rate, now).map_or(Ok(()), Err)?;
        self.take(1.0);
        Ok(())
    }

    /// Whether it is as if it had never been touched.
    pub fn is_full(&self, rate: Rate, now: Instant) -> bool {
        self.level(rate, now) >= rate.burst
    }

    /// Whether there is one to take.
    pub fn has_one(&self, rate: Rate, now: Instant) -> bool {
        self.level(rate, now) >= 1.0
    }

    fn level(&self, rate: Rate, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at);
        (self.tokens + passed.as_secs_f64() * rate.per_second).min(rate.burst)
    }
}
