//! Whether a series grows: Theil–Sen's slope with Sen's 95 % interval, which outliers do not bend.
//!
//! A series has grown when that interval lies above zero, and the slope amounts to more than [`NOISE`] of the median
//! over the whole series.

use std::fmt;

/// The share of the median below which growth is no matter: how many sessions there are varies by as much.
pub(super) const NOISE: f64 = 0.02;

/// The normal distribution's quantile for 95 %.
const Z: f64 = 1.96;

/// What a series does from one value to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trend {
    pub(super) slope: f64,
    low: f64,
    high: f64,
    /// Growth over the whole series as a share of its median.
    share: f64,
}

impl Trend {
    /// Of at least five values.
    pub(super) fn of(values: &[f64]) -> Self {
        let count = values.len();
        assert!(count >= 5, "{count} values tell nothing");
        let mut slopes = Vec::new();
        for (at, value) in values.iter().enumerate() {
            slopes.extend(values[..at].iter().enumerate().map(|(before, old)| (value - old) / (at - before) as f64));
        }
        slopes.sort_by(f64::total_cmp);
        let n = count as f64;
        // The standard deviation of Kendall's S, without ties.
        let spread = Z * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
        let rank = ((slopes.len() as f64 - spread) / 2.0).max(0.0) as usize;
        let slope = median(&slopes);
        let share = slope * (n - 1.0) / median(values);
        Self { slope, low: slopes[rank], high: slopes[slopes.len() - 1 - rank], share }
    }

    pub(super) fn grows(&self) -> bool {
        self.low > 0.0 && self.share > NOISE
    }
}

impl fmt::Display for Trend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slope, low, high, share } = self;
        write!(f, "{slope:+.3} (95 %: {low:+.3} to {high:+.3}), {:+.2} % over the series", share * 100.0)
    }
}

pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] }
}

#[test]
fn a_leak_is_told_from_noise() {
    // Noise that repeats, of 2 % up and down.
    let noise = |at: u32| 200.0 + 4.0 * f64::from(at * 7 % 11) / 10.0 - 2.0;
    let still: Vec<_> = (0..15).map(noise).collect();
    assert!(!Trend::of(&still).grows(), "{}", Trend::of(&still));
    let leaks: Vec<_> = (0..15).map(|at| noise(at) + 0.5 * f64::from(at)).collect();
    assert!(Trend::of(&leaks).grows(), "{}", Trend::of(&leaks));
    // One minute in which everything was different is no trend, and neither is a fall.
    let mut burst = still.clone();
    burst[14] = 900.0;
    assert!(!Trend::of(&burst).grows(), "{}", Trend::of(&burst));
    let falls: Vec<_> = leaks.iter().rev().copied().collect();
    assert!(!Trend::of(&falls).grows() && Trend::of(&falls).slope < 0.0);
}
