//! How many connections there may be and how fast they may come, of all and of each address, before anything is spent
//! on one.
//!
//! An address that is only claimed (a UDP datagram's) is counted apart from one that is proven (TCP, or QUIC after a
//! Retry or a whole handshake): whoever sends datagrams in another's name takes nothing of what that other may have, but
//! makes it prove itself. What is only claimed has its own share of each address's handshakes and of all.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::StatusCode;
use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;

use super::queue::{Crowd, InQueue, Queues};
use crate::limits::{Bucket, Place, Places, Rate, Source, Table};

/// What comes at once after a silence: that of so many seconds.
const BURST: f64 = 2.0;

/// So much of an address's handshakes may be begun by whoever claims it, beside its own.
const CLAIMED: f64 = 0.2;

/// So much of all handshakes may be begun by whoever claims an address, beside those of the proven.
const CLAIMED_OF_ALL: f64 = 0.5;

/// A Retry costs next to nothing against a handshake, and still something.
const RETRIES: f64 = 10.0;

/// What a gate lets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bounds {
    /// Connections at once; `None` for no limit.
    pub(crate) connections: Option<u32>,
    /// So many of these are for this machine alone.
    pub(crate) kept_for_here: u32,
    /// Of each address.
    pub(crate) connections_per_address: Option<u32>,
    /// New ones a second.
    pub(crate) handshakes: Option<u32>,
    /// Of each address.
    pub(crate) handshakes_per_address: Option<u32>,
    /// Connections of each address on their way to a session, at listeners for one crowd.
    pub(crate) establishing_per_address: Option<u32>,
    /// Streamers at once that show the same token.
    pub(crate) streamers_per_token: Option<u32>,
    /// Whether this machine's own are counted too.
    pub(crate) loopback: bool,
}

/// Where connections come in.
#[derive(Debug)]
pub(crate) struct Gate {
    bounds: ArcSwap<Bounds>,
    /// Connections now.
    connections: Gauge,
    of_address: Arc<Places<IpAddr>>,
    handshakes: Mutex<Bucket>,
    /// Those begun by whoever only claims an address.
    claims: Mutex<Bucket>,
    retries: Mutex<Bucket>,
    /// By address, and whether it is proven.
    handshakes_of: Table<(IpAddr, bool), Bucket>,
    /// Those that are no sessions yet.
    queues: Queues,
    /// Streamers by what their token says of whom it was made for.
    streamers_of: Arc<Places<Arc<str>>>,
}

/// A connection's places. Dropped, they are free again.
#[derive(Debug)]
pub(crate) struct Entry {
    connections: Gauge,
    of_address: Option<Place<IpAddr>>,
}

/// Why a connection is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Connections,
    ConnectionsOfAddress,
    Handshakes,
    HandshakesOfAddress,
    Establishing,
    EstablishingOfAddress,
    StreamersOfToken,
}

/// What a claimed address must do first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nothing: it is believed for now.
    Believed,
    /// Prove itself (QUIC Retry).
    Prove,
    /// Come again: too many are asked to prove themselves.
    Ignored,
}

impl Refusal {
    /// The reason, as it is counted.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsOfAddress => "connections_of_address",
            Self::Handshakes => "handshakes",
            Self::HandshakesOfAddress => "handshakes_of_address",
            Self::Establishing => "too_many_establishing",
            Self::EstablishingOfAddress => "establishing_of_address",
            Self::StreamersOfToken => "streamers_of_token",
        }
    }

    /// What is answered where HTTP is spoken: is it everybody's fault or the client's own (RFC 6585 §4)?
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::Connections | Self::Handshakes | Self::Establishing => StatusCode::SERVICE_UNAVAILABLE,
            Self::ConnectionsOfAddress
            | Self::HandshakesOfAddress
            | Self::EstablishingOfAddress
            | Self::StreamersOfToken => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// The same in words.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Connections => "The gateway has no room.\n",
            Self::ConnectionsOfAddress => "Too many connections from this address.\n",
            Self::Handshakes => "Too many connections at once.\n",
            Self::HandshakesOfAddress => "Too many connections at once from this address.\n",
            Self::Establishing => "Too many are on their way to a session.\n",
            Self::EstablishingOfAddress => "Too many of this address are on their way to a session.\n",
            Self::StreamersOfToken => "Too many streamers with this token.\n",
        }
    }
}

impl Gate {
    pub(crate) fn new(bounds: Bounds, connections: Gauge) -> Self {
        let now = Instant::now();
        let full = |times| Mutex::new(Bucket::full(Rate::of(bounds.handshakes, BURST).times(times), now));
        Self {
            connections,
            of_address: Arc::default(),
            handshakes: full(1.0),
            claims: full(CLAIMED_OF_ALL),
            retries: full(RETRIES),
            handshakes_of: Table::default(),
            queues: Queues::default(),
            streamers_of: Arc::default(),
            bounds: ArcSwap::from_pointee(bounds),
        }
    }

    /// Other bounds from now on.
    pub(crate) fn change(&self, bounds: Bounds) {
        self.bounds.store(bounds.into());
    }

    /// A connection has come from that address; `None` when it stands for others (a proxy), who are counted when they
    /// are known ([`Gate::admit_client`]).
    ///
    /// # Errors
    /// There are too many, or too many at once.
    pub(crate) fn admit(&self, source: Option<Source>, now: Instant) -> Result<Entry, Refusal> {
        let bounds = self.bounds.load();
        let kept = if source.is_some_and(Source::is_here) { 0 } else { bounds.kept_for_here };
        let mut entry = Entry::count(&self.connections, bounds.connections.map(|most| most.saturating_sub(kept)))?;
        source.map_or(Ok(()), |source| self.admit_client(&mut entry, source, now))?;
        Ok(entry)
    }

    /// Whose connection it is.
    ///
    /// # Errors
    /// Too many of its, or too many at once.
    pub(crate) fn admit_client(&self, entry: &mut Entry, source: Source, now: Instant) -> Result<(), Refusal> {
        let bounds = **self.bounds.load();
        if !bounds.counts(source) {
            return Ok(());
        }
        // Its own first: what is refused to one must not be taken from all.
        self.shake_hands(source, true, bounds, now)?;
        let place = self.of_address.take(source.site(), bounds.connections_per_address);
        let place = place.ok_or(Refusal::ConnectionsOfAddress)?;
        let all = self.handshakes.lock().try_take(Rate::of(bounds.handshakes, BURST), now);
        all.map_err(|_| Refusal::Handshakes)?;
        entry.of_address = Some(place);
        Ok(())
    }

    /// Somebody sets out for a session at a listener for that crowd; `None` when nobody knows yet who.
    ///
    /// # Errors
    /// Too many are on their way, or too many of its address.
    pub(crate) fn set_out(&self, crowd: Crowd, source: Option<Source>) -> Result<InQueue, Refusal> {
        let mut taken = self.queues.of(crowd).take()?;
        source.map_or(Ok(()), |source| self.set_out_as(crowd, &mut taken, source))?;
        Ok(taken)
    }

    /// Somebody sets out who only claims an address, and was believed.
    ///
    /// # Errors
    /// Too many are on their way.
    pub(crate) fn set_out_unproven(&self, crowd: Crowd, source: Source) -> Result<InQueue, Refusal> {
        let queue = self.queues.of(crowd);
        if self.bounds.load().counts(source) { queue.take_claimed() } else { queue.take() }
    }

    /// Who counts for what is done about it on its way; `None` where an address has no share.
    pub(crate) fn share_of(&self, source: Source) -> Option<IpAddr> {
        let bounds = **self.bounds.load();
        bounds.establishing_per_address.filter(|_| bounds.counts(source)).map(|_| source.site())
    }

    /// Who it is that has set out.
    ///
    /// # Errors
    /// Too many of its address are on their way.
    pub(crate) fn set_out_as(&self, crowd: Crowd, taken: &mut InQueue, source: Source) -> Result<(), Refusal> {
        taken.prove();
        let bounds = **self.bounds.load();
        if !bounds.counts(source) {
            return Ok(());
        }
        self.queues.of(crowd).assign(taken, source.site(), bounds.establishing_per_address)
    }

    /// A streamer has shown the token of this fingerprint. What is returned goes with its session.
    ///
    /// # Errors
    /// It has too many of them.
    pub(crate) fn admit_streamer(&self, holder: &Arc<str>) -> Result<Place<Arc<str>>, Refusal> {
        let place = self.streamers_of.take(Arc::clone(holder), self.bounds.load().streamers_per_token);
        place.ok_or(Refusal::StreamersOfToken)
    }

    /// Whether an address that is only claimed must be proven first. Whoever has no more of its own must: then it is
    /// known whom to refuse.
    pub(crate) fn believes(&self, crowd: Crowd, source: Source, now: Instant) -> Claim {
        let bounds = **self.bounds.load();
        let all = Rate::of(bounds.handshakes, BURST);
        let claims = || {
            // What is remembered of an address comes last: whoever forges many must not fill that table.
            self.queues.of(crowd).believes_more()
                && self.claims.lock().has_one(all.times(CLAIMED_OF_ALL), now)
                && self.has_room(crowd, source, bounds, now)
                && self.shake_hands(source, false, bounds, now).is_ok()
                && self.claims.lock().try_take(all.times(CLAIMED_OF_ALL), now).is_ok()
        };
        if !self.queues.of(crowd).is_long() && (!bounds.counts(source) || claims()) {
            return Claim::Believed;
        }
        if self.retries.lock().try_take(all.times(RETRIES), now).is_ok() { Claim::Prove } else { Claim::Ignored }
    }

    /// How many addresses have begun handshakes, as far as it is remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.handshakes_of.len()
    }

    /// Whether an address that were proven would be let in; nothing is taken.
    fn has_room(&self, crowd: Crowd, source: Source, bounds: Bounds, now: Instant) -> bool {
        let rate = Rate::of(bounds.handshakes_per_address, BURST);
        let (site, all) = (source.site(), Rate::of(bounds.handshakes, BURST));
        let below = |taken: u32, most: Option<u32>| most.is_none_or(|most| taken < most);
        below(self.of_address.taken(&site), bounds.connections_per_address)
            && below(self.queues.of(crowd).taken(site), bounds.establishing_per_address)
            && self.handshakes_of.look(&(site, true), |bucket| bucket.has_one(rate, now)).unwrap_or(true)
            && self.handshakes.lock().has_one(all, now)
    }

    fn shake_hands(&self, source: Source, proven: bool, bounds: Bounds, now: Instant) -> Result<(), Refusal> {
        if bounds.handshakes_per_address.is_none() {
            return Ok(());
        }
        let whole = Rate::of(bounds.handshakes_per_address, BURST);
        let rate = if proven { whole } else { whole.times(CLAIMED) };
        let (key, fresh) = ((source.site(), proven), Bucket::full(rate, now));
        let is_stale = |bucket: &Bucket| bucket.is_full(whole, now);
        let taken = self.handshakes_of.with(key, now, fresh, is_stale, |bucket| bucket.try_take(rate, now));
        taken.unwrap_or(Ok(())).map_err(|_| Refusal::HandshakesOfAddress)
    }
}

impl Bounds {
    fn counts(&self, source: Source) -> bool {
        self.loopback || !source.is_here()
    }
}

impl Entry {
    fn count(connections: &Gauge, most: Option<u32>) -> Result<Self, Refusal> {
        let before = connections.inc();
        let entry = Self { connections: connections.clone(), of_address: None };
        if most.is_some_and(|most| before >= i64::from(most)) { Err(Refusal::Connections) } else { Ok(entry) }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.connections.dec();
    }
}
