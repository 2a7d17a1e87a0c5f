//! What the gateway counts. One struct of cached handles: counting on the relay path is one atomic addition.
//!
//! Names are `pixelgate_<what>_<unit>_total`; no label holds an id, so the number of series has a bound.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::wire::{CloseCode, DropReason, Kind, Role};

/// A label set of one reason.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Type {
    r#type: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Who {
    role: &'static str,
    transport: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: u16,
    by: &'static str,
}

/// Every metric of the gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    opened: Family<Who, Counter>,
    live: Family<Who, Gauge>,
    closed: Family<Code, Counter>,
    refused: Family<Reason, Counter>,
    dropped: Vec<Counter>,
    relayed: Vec<(Counter, Counter)>,
    joins: Counter,
    leaves: Counter,
    locked: Counter<f64, AtomicU64>,
    locks: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("pixelgate");
        let opened = family(&mut registry, "sessions_opened", "Sessions that began");
        let live = family(&mut registry, "sessions", "Sessions now");
        let closed = family(&mut registry, "sessions_closed", "Sessions that ended, by close code and who closed");
        let refused = family(&mut registry, "connections_refused", "Connections that never became sessions");
        let drops: Family<Reason, Counter> =
            family(&mut registry, "messages_dropped", "Messages that went nowhere, by reason");
        let messages: Family<Type, Counter> = family(&mut registry, "messages_relayed", "Messages relayed, by type");
        let bytes: Family<Type, Counter> = family(&mut registry, "relayed_bytes", "Bytes relayed, by type");
        let joins = Counter::default();
        registry.register("joins", "Times a streamer or SFU was told of a subscriber", joins.clone());
        let leaves = Counter::default();
        registry.register("leaves", "Times a streamer or SFU was told that a subscriber left", leaves.clone());
        let locked = Counter::<f64, AtomicU64>::default();
        registry.register("hub_locked_seconds", "Time spent under the hub's lock", locked.clone());
        let locks = Counter::default();
        registry.register("hub_locks", "Times the hub's lock was taken", locks.clone());
        let dropped =
            DropReason::ALL.iter().map(|reason| drops.get_or_create(&Reason { reason: reason.name() }).clone());
        let relayed = Kind::NAMED.iter().map(|kind| Type { r#type: kind.name() });
        Self {
            dropped: dropped.collect(),
            relayed: relayed
                .map(|kind| (messages.get_or_create(&kind).clone(), bytes.get_or_create(&kind).clone()))
                .collect(),
            registry,
            opened,
            live,
            closed,
            refused,
            joins,
            leaves,
            locked,
            locks,
        }
    }
}

fn family<L, M>(registry: &mut Registry, name: &str, help: &str) -> Family<L, M>
where
    L: Clone + std::hash::Hash + Eq + EncodeLabelSet + std::fmt::Debug + Send + Sync + 'static,
    M: Default + Clone + std::fmt::Debug + Send + Sync + 'static,
    Family<L, M>: prometheus_client::registry::Metric,
{
    let family = Family::<L, M>::default();
    registry.register(name, help, family.clone());
    family
}

impl Metrics {
    /// A session began.
    pub fn opened(&self, role: Role, transport: &'static str) {
        let who = Who { role: role.name(), transport };
        self.opened.get_or_create(&who).inc();
        self.live.get_or_create(&who).inc();
    }

    /// A session ended.
    pub fn closed(&self, role: Role, transport: &'static str, code: CloseCode, by: &'static str) {
        self.live.get_or_create(&Who { role: role.name(), transport }).dec();
        // Peers choose their codes freely: what the protocol does not know is counted as one.
        let code = if matches!(code.0, 1000..=1013 | 4000..=4002) { code.0 } else { 0 };
        self.closed.get_or_create(&Code { code, by }).inc();
    }

    /// A connection was turned away before it became a session.
    pub fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    /// `count` messages went nowhere.
    pub fn dropped(&self, reason: DropReason, count: u64) {
        self.dropped[reason as usize].inc_by(count);
    }

    /// A message was relayed.
    pub fn relayed(&self, kind: Kind, bytes: usize) {
        if let Some((messages, total)) = self.relayed.get(kind as usize) {
            messages.inc();
            total.inc_by(bytes as u64);
        }
    }

    /// A streamer or SFU was told of a subscriber.
    pub fn joined(&self) {
        self.joins.inc();
    }

    /// A streamer or SFU was told that a subscriber left.
    pub fn left(&self) {
        self.leaves.inc();
    }

    /// The hub's lock was held for so long.
    pub fn hub_locked(&self, time: std::time::Duration) {
        self.locked.inc_by(time.as_secs_f64());
        self.locks.inc();
    }

    /// How many messages went nowhere for that reason.
    pub fn drops(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize].get()
    }

    /// How many messages of that type were relayed.
    pub fn relays(&self, kind: Kind) -> u64 {
        self.relayed.get(kind as usize).map_or(0, |(messages, _)| messages.get())
    }

    /// All metrics in the Prometheus text format (OpenMetrics).
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }
}

/// The inner type of the counters, named once so that a 32-bit target fails here and not in a dashboard.
const _: fn(&Counter) -> &AtomicU64 = Counter::inner;
