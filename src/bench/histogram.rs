//! Times, in HDR histograms: every one is counted, to a thousandth of itself.

use std::time::Duration;

/// From a tenth of a microsecond to a minute, in nanoseconds.
const SHORTEST: u64 = 100;
const LONGEST: u64 = 60_000_000_000;

/// Times.
pub(super) struct Times(hdrhistogram::Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        Self(hdrhistogram::Histogram::new_with_bounds(SHORTEST, LONGEST, 3).expect("these bounds are in order"))
    }
}

impl Times {
    pub(super) fn add(&mut self, time: Duration) {
        self.0.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(LONGEST));
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the bounds are the same");
    }

    pub(super) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The time that this share stays below, in microseconds.
    pub(super) fn us(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1e3
    }

    /// The longest, in microseconds.
    pub(super) fn max_us(&self) -> f64 {
        self.0.max() as f64 / 1e3
    }
}
