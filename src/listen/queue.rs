//! Connections on their way to a session: TLS and QUIC handshakes, and whoever waits for leave to come in.
//!
//! Each holds a place, for ten seconds at most, and an address has its share of them. Listeners where no player comes
//! have places of their own: a crowd of players keeps no streamer out.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::gate::Refusal;
use crate::limits::{Place, Places};

/// Players come in crowds when a gateway has restarted; streamers and SFUs are fewer.
const PLAYERS: usize = 4096;
const PUBLISHERS: usize = 1024;

/// What one address may hold of either.
pub(crate) const OF_ADDRESS: u32 = 256;

/// QUIC handshakes at once of those who only claim their address. Each costs a signature and some 30 KiB; whoever forges
/// addresses gets so many of them, and everybody else a Retry, which is one round trip more.
const CLAIMS: usize = 64;

/// Whom a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crowd {
    /// Players, and perhaps others.
    Players,
    /// Streamers and SFUs alone.
    Publishers,
}

/// The queues of all listeners.
#[derive(Debug)]
pub(super) struct Queues {
    players: Queue,
    publishers: Queue,
}

impl Default for Queues {
    fn default() -> Self {
        Self { players: Queue::new(PLAYERS), publishers: Queue::new(PUBLISHERS) }
    }
}

impl Queues {
    pub(super) fn of(&self, crowd: Crowd) -> &Queue {
        match crowd {
            Crowd::Players => &self.players,
            Crowd::Publishers => &self.publishers,
        }
    }
}

/// Those on their way through the listeners for one crowd.
#[derive(Debug)]
pub(super) struct Queue {
    size: usize,
    places: Arc<Semaphore>,
    claims: Arc<Semaphore>,
    of_address: Arc<Places<IpAddr>>,
}

/// A place in it. Dropped, it is free again.
#[derive(Debug)]
pub(crate) struct InQueue {
    _place: OwnedSemaphorePermit,
    claim: Option<OwnedSemaphorePermit>,
    of_address: Option<Place<IpAddr>>,
}

impl Queue {
    fn new(size: usize) -> Self {
        let (places, claims) = (Arc::new(Semaphore::new(size)), Arc::new(Semaphore::new(CLAIMS)));
        Self { size, places, claims, of_address: Arc::default() }
    }

    /// A place, which is nobody's yet.
    pub(super) fn take(&self) -> Result<InQueue, Refusal> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refusal::Establishing)?;
        Ok(InQueue { _place: place, claim: None, of_address: None })
    }

    /// A place of somebody who only claims an address, and is believed.
    pub(super) fn take_claimed(&self) -> Result<InQueue, Refusal> {
        Ok(InQueue { claim: Arc::clone(&self.claims).try_acquire_owned().ok(), ..self.take()? })
    }

    /// Whether one more is believed.
    pub(super) fn believes_more(&self) -> bool {
        self.claims.available_permits() > 0
    }

    /// Whose it is: one of `most` that an address may have.
    pub(super) fn assign(&self, taken: &mut InQueue, site: IpAddr, most: Option<u32>) -> Result<(), Refusal> {
        taken.of_address = Some(self.of_address.take(site, most).ok_or(Refusal::EstablishingOfAddress)?);
        Ok(())
    }

    /// How many an address has.
    pub(super) fn taken(&self, site: IpAddr) -> u32 {
        self.of_address.taken(&site)
    }

    /// Whether half of it is taken: then whoever only claims an address must prove it (QUIC Retry, RFC 9000 §8.1.2).
    pub(super) fn is_long(&self) -> bool {
        self.places.available_permits() < self.size / 2
    }
}

impl InQueue {
    /// It is on its way no more, and what it claimed is not proven still.
    pub(super) fn into_claim(self) -> Option<OwnedSemaphorePermit> {
        self.claim
    }

    /// Whoever has it is where it says: it is one less of those who only claim that.
    pub(super) fn prove(&mut self) {
        self.claim = None;
    }
}
