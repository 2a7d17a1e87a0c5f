//! What the gateway counts. One struct of cached handles: counting on the way of a message is one atomic addition.
//!
//! Names are `pixelgate_<what>_<unit>_total`; no label holds an id, so the number of series has a bound. What is known
//! beforehand is there from the start, with 0: an alert must not wait for the first failure to exist.

mod exposition;
mod histogram;
mod labels;
mod process;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry};

pub use self::exposition::CONTENT_TYPE;
pub use self::histogram::Histogram;
use self::histogram::{HANDSHAKE, LOCK, OUTBOX};
use self::labels::{Bound, Build, Code, Layer, Outcome, Reason, Type, Who};
pub use self::labels::{Handshake, Limit};
use self::process::Process;
use crate::wire::{CloseCode, DropReason, Kind, Role};

/// The types that are relayed (protocol.md §3). One that is missing here is counted as `other`.
const RELAYED: [Kind; 8] = [
    Kind::Offer,
    Kind::Answer,
    Kind::IceCandidate,
    Kind::LayerPreference,
    Kind::DataChannelRequest,
    Kind::PeerDataChannelsReady,
    Kind::PeerDataChannels,
    Kind::StreamerDataChannels,
];

/// How sessions end by the gateway (protocol.md §5.5), for the series that are there from the start.
const CLOSES: [CloseCode; 8] = [
    CloseCode::EMPTY,
    CloseCode::POLICY,
    CloseCode::TOO_BIG,
    CloseCode::DISCONNECTED,
    CloseCode::RESTARTING,
    CloseCode::TRY_AGAIN,
    CloseCode::SLOW,
    CloseCode::DEAD,
];

/// The names of the transports (`TransportKind::name`), for the same.
const TRANSPORTS: [&str; 4] = ["ws", "wss", "webtransport", "quic"];

/// Every metric of the gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    opened: Family<Who, Counter>,
    live: Family<Who, Gauge>,
    closed: Family<Code, Counter>,
    refused: Family<Reason, Counter>,
    authorised: Family<Outcome, Counter>,
    connections: Gauge,
    limits: [Counter; Limit::ALL.len()],
    buffered: Gauge,
    dropped: Vec<Counter>,
    /// By [`Kind`]: messages and bytes.
    relayed: Vec<(Counter, Counter)>,
    joins: Counter,
    leaves: Counter,
    orphans: Counter,
    hub_lock_held: Histogram,
    hub_lock_wait: Histogram,
    outbox_wait: Histogram,
    handshakes: [Histogram; Handshake::ALL.len()],
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("pixelgate");
        let metrics = Self {
            opened: family(&mut registry, "sessions_opened", "Sessions that began"),
            live: family(&mut registry, "sessions", "Sessions now"),
            closed: family(&mut registry, "sessions_closed", "Sessions that ended, by close code and who closed"),
            refused: family(&mut registry, "connections_refused", "Connections that never became sessions"),
            authorised: family(&mut registry, "authorisations", "Peers that asked to be let in, by role and outcome"),
            connections: gauge(&mut registry, "connections", "Connections now, pages included, operators left out"),
            limits: limits(&mut registry),
            buffered: gauge(
                &mut registry,
                "buffered_bytes",
                "What waits in all sessions together, above 16 KiB in each",
            ),
            dropped: dropped(&mut registry),
            relayed: relayed(&mut registry),
            joins: counter(&mut registry, "joins", "Times a streamer or SFU was told of a subscriber"),
            leaves: counter(&mut registry, "leaves", "Times a streamer or SFU was told that a subscriber left"),
            orphans: counter(&mut registry, "orphans", "Subscriptions that ended with their streamer or SFU"),
            hub_lock_held: histogram(
                &mut registry,
                "hub_lock_held_seconds",
                "How long the hub's lock was held, of a sample of the steps",
                LOCK,
            ),
            hub_lock_wait: histogram(
                &mut registry,
                "hub_lock_wait_seconds",
                "How long the hub's lock was waited for, when it was not free",
                LOCK,
            ),
            outbox_wait: histogram(
                &mut registry,
                "outbox_wait_seconds",
                "How long a relayed message waited for its receiver's task, of a sample of the messages",
                OUTBOX,
            ),
            handshakes: handshakes(&mut registry),
            registry,
        };
        metrics.begin()
    }
}

fn family<L, M>(registry: &mut Registry, name: &str, help: &str) -> Family<L, M>
where
    L: Clone + Hash + Eq + EncodeLabelSet + Debug + Send + Sync + 'static,
    M: Default + Clone + Debug + Send + Sync + 'static,
    Family<L, M>: Metric,
{
    registered(registry, name, help, Family::default())
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Counter {
    registered(registry, name, help, Counter::default())
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    registered(registry, name, help, Gauge::default())
}

fn histogram(registry: &mut Registry, name: &str, help: &str, bounds: histogram::Bounds) -> Histogram {
    registered(registry, name, help, Histogram::new(bounds))
}

fn registered<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn limits(registry: &mut Registry) -> [Counter; Limit::ALL.len()] {
    let help = "Times that a session met a limit of its own: was slowed by it, or closed";
    let family: Family<Bound, Counter> = family(registry, "session_limits_reached", help);
    Limit::ALL.map(|limit| family.get_or_create_owned(&Bound { limit: limit.name() }))
}

fn dropped(registry: &mut Registry) -> Vec<Counter> {
    let drops: Family<Reason, Counter> = family(registry, "messages_dropped", "Messages that went nowhere, by reason");
    DropReason::ALL.iter().map(|reason| drops.get_or_create_owned(&Reason { reason: reason.name() })).collect()
}

fn relayed(registry: &mut Registry) -> Vec<(Counter, Counter)> {
    let messages: Family<Type, Counter> = family(registry, "messages_relayed", "Messages relayed, by type");
    let bytes: Family<Type, Counter> = family(registry, "relayed_bytes", "Bytes relayed, by type");
    let label = |kind: &Kind| if RELAYED.contains(kind) { kind.name() } else { "other" };
    let types = Kind::NAMED.iter().map(|kind| Type { r#type: label(kind) });
    types.map(|kind| (messages.get_or_create_owned(&kind), bytes.get_or_create_owned(&kind))).collect()
}

fn handshakes(registry: &mut Registry) -> [Histogram; Handshake::ALL.len()] {
    #[derive(Clone, Debug)]
    struct Empty;
    impl MetricConstructor<Histogram> for Empty {
        fn new_metric(&self) -> Histogram {
            Histogram::new(HANDSHAKE)
        }
    }
    let help = "How long the handshakes that succeeded took, by kind";
    let family: Family<Layer, Histogram, Empty> =
        registered(registry, "handshake_seconds", help, Family::new_with_constructor(Empty));
    Handshake::ALL.map(|kind| family.get_or_create_owned(&Layer { kind: kind.name() }))
}

impl Metrics {
    /// What is known beforehand is there from the start.
    fn begin(mut self) -> Self {
        for (role, transport) in Role::ALL.iter().flat_map(|role| TRANSPORTS.map(|transport| (role.name(), transport)))
        {
            let who = Who { role, transport };
            drop((self.opened.get_or_create(&who), self.live.get_or_create(&who)));
        }
        for role in Role::ALL.map(Role::name) {
            drop(self.authorised.get_or_create(&Outcome { role, outcome: "granted" }));
        }
        for CloseCode(code) in CLOSES {
            drop(self.closed.get_or_create(&Code { code, by: "gateway" }));
        }
        let build: Family<Build, Gauge> = family(&mut self.registry, "build_info", "Which gateway this is; always 1");
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        build.get_or_create(&Build { version: env!("CARGO_PKG_VERSION"), os, arch }).set(1);
        self
    }

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

    /// Somebody was let in (`granted`) or not, under that name.
    pub fn authorised(&self, role: Role, outcome: &'static str) {
        self.authorised.get_or_create(&Outcome { role: role.name(), outcome }).inc();
    }

    /// Connections now. What operators see is what is decided by.
    pub(crate) fn connections(&self) -> &Gauge {
        &self.connections
    }

    /// What waits in all sessions together. What operators see is what is decided by.
    pub(crate) fn buffered(&self) -> &Gauge {
        &self.buffered
    }

    /// A session has met one of its limits: it is slowed from now on, or closed.
    pub fn limit_reached(&self, limit: Limit) {
        self.limits[limit as usize].inc();
    }

    /// `count` messages went nowhere.
    pub fn dropped(&self, reason: DropReason, count: u64) {
        self.dropped[reason as usize].inc_by(count);
    }

    /// Messages of one type were relayed, of so many bytes together.
    pub fn relayed(&self, kind: Kind, messages: u64, bytes: u64) {
        if let Some((number, total)) = self.relayed.get(kind as usize) {
            number.inc_by(messages);
            total.inc_by(bytes);
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

    /// So many subscriptions ended with their streamer or SFU.
    pub fn orphaned(&self, count: usize) {
        self.orphans.inc_by(count as u64);
    }

    /// The hub's lock was held for so long. Of a sample of the steps: reading the clock costs more than most of them.
    pub fn hub_lock_held(&self, time: Duration) {
        self.hub_lock_held.observe(time);
    }

    /// The hub's lock was not free, and was waited for.
    pub fn hub_lock_waited(&self, time: Duration) {
        self.hub_lock_wait.observe(time);
    }

    /// How long relayed messages wait for their receiver's task.
    pub fn outbox_wait(&self) -> &Histogram {
        &self.outbox_wait
    }

    /// A handshake succeeded.
    pub fn shook_hands(&self, kind: Handshake, took: Duration) {
        self.handshakes[kind as usize].observe(took);
    }

    /// How often a session has met that limit.
    pub fn limits_reached(&self, limit: Limit) -> u64 {
        self.limits[limit as usize].get()
    }

    /// How many messages went nowhere for that reason.
    pub fn drops(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize].get()
    }

    /// How many messages of that type were relayed.
    pub fn relays(&self, kind: Kind) -> u64 {
        self.relayed.get(kind as usize).map_or(0, |(messages, _)| messages.get())
    }

    /// All metrics in the Prometheus text format ([`CONTENT_TYPE`]), with those that are known at the moment of asking:
    /// when the certificate ends, and what the process takes. Blocks on files.
    pub fn render(&self, certificate_expiry: Option<SystemTime>) -> String {
        let mut openmetrics = String::new();
        // Writing into a String does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut openmetrics, &self.registry);
        let mut text = exposition::from_openmetrics(&openmetrics);
        let expiry = certificate_expiry.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        let Process { resident, open_descriptors, max_descriptors } = Process::now();
        for (name, help, value) in [
            (
                "certificate_expiry_timestamp_seconds",
                "When the certificate that is shown ends, since 1970.",
                expiry.map(|since| since.as_secs()),
            ),
            ("process_resident_memory_bytes", "Memory in RAM.", resident),
            ("process_open_descriptors", "Open sockets and files.", open_descriptors),
            ("process_max_descriptors", "Open sockets and files that the system allows.", max_descriptors),
        ] {
            if let Some(value) = value {
                exposition::gauge(&mut text, name, help, value);
            }
        }
        text
    }
}

/// The inner type of the counters, named once so that a 32-bit target fails here and not in a dashboard.
const _: fn(&Counter) -> &AtomicU64 = Counter::inner;
