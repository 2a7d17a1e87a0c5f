//! Durations in fixed buckets. Observing is two relaxed additions: no lock, no allocation, so it may be done on the way
//! of a message and under the hub's lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// The upper bounds of the buckets, rising; a last one without bound comes of itself.
pub(super) type Bounds = &'static [Duration];

/// From a fraction of a microsecond, which a step of the hub takes, to what no step may.
pub(super) const LOCK: Bounds = &[
    Duration::from_nanos(500),
    Duration::from_micros(1),
    Duration::from_micros(2),
    Duration::from_micros(5),
    Duration::from_micros(10),
    Duration::from_micros(50),
    Duration::from_micros(250),
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(25),
];

/// From a task that wakes at once to a peer that is cut for taking nothing.
pub(super) const OUTBOX: Bounds = &[
    Duration::from_micros(10),
    Duration::from_micros(50),
    Duration::from_micros(250),
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(25),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_millis(2500),
    Duration::from_secs(10),
];

/// From a handshake on the same machine to the time after which none is waited for.
pub(super) const HANDSHAKE: Bounds = &[
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_millis(2500),
    Duration::from_secs(10),
];

/// Durations in buckets; clones count into the same.
#[derive(Clone, Debug)]
pub struct Histogram(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bounds: Bounds,
    /// One more than there are bounds.
    counts: Box<[AtomicU64]>,
    nanoseconds: AtomicU64,
}

impl Histogram {
    /// An empty one.
    pub(super) fn new(bounds: Bounds) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self(Arc::new(Inner { bounds, counts, nanoseconds: AtomicU64::new(0) }))
    }

    /// Counts one.
    pub fn observe(&self, duration: Duration) {
        let bucket = self.0.bounds.partition_point(|bound| *bound < duration);
        self.0.counts[bucket].fetch_add(1, Relaxed);
        self.0.nanoseconds.fetch_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.0.counts.iter().map(|count| count.load(Relaxed)).sum()
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), fmt::Error> {
        let bounds = self.0.bounds.iter().map(Duration::as_secs_f64).chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(self.0.counts.iter().map(|count| count.load(Relaxed))).collect();
        // Of the same moment as the buckets: what is counted meanwhile must not stand in one of them only.
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = Duration::from_nanos(self.0.nanoseconds.load(Relaxed)).as_secs_f64();
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for Histogram {
    const TYPE: MetricType = MetricType::Histogram;
}
