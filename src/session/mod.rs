//! One session: one task that owns one transport (design.md §2).
//!
//! The task reads and scans messages outside every lock, asks the router, and writes what its outbox holds: up to 32
//! messages or 16 KiB, then one flush. It reads only as fast as its rate allows and as its receiver has room; it goes
//! on writing meanwhile. It ends for one reason only, reported once.

mod dispatch;
mod farewell;
mod messages;
mod pump;
mod rate;
mod report;
mod stats;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;

#[cfg(any(test, fuzzing))]
pub(crate) use dispatch::{Asked, ask};
pub use messages::{Shown, TARGET as MESSAGES};
pub use pump::Stay;
pub use rate::{Allowance, Rates};
pub use report::{By, SessionReport};

use self::farewell::CLOSING;
use self::messages::Showing;
use self::pump::{Pump, Renewal};
use self::report::{Reporter, Who};
use crate::auth::{Grant, Greetings};
use crate::hub::{Dialect, Peer, Places, Wishes};
use crate::limits::Place;
use crate::metrics::Metrics;
use crate::router::Router;
use crate::transport::{Keepalive, Transport};
use crate::wire::{Close, CloseCode, Role};

/// What a session is told that there is no memory for.
pub(crate) const OVERLOADED: Close =
    Close { code: CloseCode::TRY_AGAIN, reason: std::borrow::Cow::Borrowed("the gateway is overloaded") };

/// What every session shares.
#[derive(Debug)]
pub struct Sessions {
    pub(crate) router: Arc<Router>,
    pub(crate) keepalive: Keepalive,
    limits: ArcSwap<SessionLimits>,
    pub(crate) showing: Showing,
    reporter: Reporter,
}

/// What bounds a session.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SessionLimits {
    /// How much it may say; `None` for as much as it likes (`--limits off`).
    pub rates: Option<Rates>,
    /// How long it may stay.
    pub stay: Stay,
}

/// Who was let in.
#[derive(Clone, Debug)]
pub struct Admission {
    /// As what.
    pub role: Role,
    /// Under which rules.
    pub dialect: &'static Dialect,
    /// What limits the number of players where it came in.
    pub places: Places,
    /// From where, as a person would write it.
    pub remote: SocketAddr,
    /// What it is greeted with.
    pub greetings: Arc<Greetings>,
    /// What it said in its URL.
    pub wishes: Wishes,
    /// What it may do, and until when.
    pub grant: Grant,
    /// Its place among the streamers of its token, for as long as it stays.
    pub place: Option<Arc<TokenPlace>>,
    /// What it said before it was let in.
    pub early: Option<Box<[u8]>>,
}

/// A place among the streamers of one token, by the token's fingerprint.
pub type TokenPlace = Place<Arc<str>>;

impl Sessions {
    /// The surroundings of every session of one gateway.
    pub fn new(router: Arc<Router>, keepalive: Keepalive, limits: SessionLimits) -> Self {
        Self {
            router,
            keepalive,
            limits: ArcSwap::from_pointee(limits),
            showing: Showing::default(),
            reporter: Reporter::default(),
        }
    }

    /// The roles of sessions that begin from now on. A slow reader loses the oldest.
    pub(crate) fn arrivals(&self) -> tokio::sync::broadcast::Receiver<Role> {
        self.reporter.arrivals()
    }

    /// Other limits for sessions that begin from now on.
    pub fn set_limits(&self, limits: SessionLimits) {
        self.limits.store(Arc::new(limits));
    }

    /// Shows so much of every message from now on.
    pub fn show_messages(&self, shown: Shown) {
        self.showing.change(shown);
    }

    /// The reports of sessions that end from now on. A slow reader loses the oldest.
    pub fn reports(&self) -> tokio::sync::broadcast::Receiver<SessionReport> {
        self.reporter.subscribe()
    }

    /// Serves one peer until its session ends.
    pub async fn serve(&self, mut transport: impl Transport, admission: Admission) {
        let transport_kind = transport.kind();
        let Admission { role, dialect, places, remote, greetings, wishes, grant, place: _place, early } = admission;
        let Grant { scope, until, .. } = grant;
        let session = self.router.next_session();
        let config = greetings.config(dialect, session, SystemTime::now());
        let connected =
            self.router.connect(session, Peer { role, dialect, places, config, wishes, scope }, remote.ip());
        let player_id = connected.player_id.clone();
        let who = Who { session, role, transport: transport_kind, remote, player_id };
        let admitted = connected.outbox.closing().is_none();
        let opened = self.reporter.open(self.metrics(), who.clone(), admitted);

        // Run by reference: by value, the session's task would have a second place for it.
        let ((ending, traffic), patience) = {
            let renewal = Renewal::new(greetings, role, dialect);
            let mut pump = Pump::new(self, &mut transport, &connected, &who, dialect, renewal).until(until);
            (pump.run(early).await, pump.patience())
        };

        // The others learn of it before the closing handshake, which takes as long as the peer likes.
        drop(connected);
        opened.close(&ending, traffic);
        if let Some(close) = ending.to_tell() {
            farewell::close(&mut transport, close, patience).await;
        }
    }

    /// Tells a peer that it cannot be served.
    pub(crate) async fn turn_away(&self, mut transport: impl Transport, close: &Close) {
        farewell::close(&mut transport, close, CLOSING).await;
    }

    fn metrics(&self) -> &Metrics {
        self.router.metrics()
    }
}
