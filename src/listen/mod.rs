//! The doors: TCP with TLS, HTTP and the WebSocket upgrade; UDP with QUIC, WebTransport and our own protocol.
//!
//! A peer passes the [`Gate`] before anything is spent on it, and has [`ESTABLISH`] from its first byte to its role; until
//! then it holds one of a bounded number of places and nothing in the hub. What is let in becomes a session ([`crate::session`]).

mod accept;
mod bind;
mod client;
mod door;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod gate;
mod meanwhile;
mod origin;
mod patient;
mod query;
mod queue;
mod quic;
mod rate;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

pub use bind::{BindError, bind_tcp, bind_tcp_and_udp};
pub use door::{Door, DoorKind};
pub(crate) use gate::{Bounds, Gate};
pub(crate) use queue::OF_ADDRESS as ESTABLISHING_OF_ADDRESS;
pub(crate) use rate::HttpRates;
pub(crate) use tcp::{Arrival, TcpService, serve_tcp};
pub(crate) use udp::{endpoint, serve_udp};

use self::meanwhile::Meanwhile;
use crate::auth::{Ask, Credentials, Grant, OriginCheck, Policy, Refusal};
use crate::config::HttpRate;
use crate::config::Proxies;
use crate::hub::RESTARTING;
use crate::limits::Source;
use crate::metrics::Metrics;
use crate::session::{Admission, OVERLOADED, Sessions, TokenPlace};
use crate::transport::{Ended, Transport, TransportKind};
use crate::wire::{Close, CloseCode, Role};

/// From the first byte to a session: TLS, HTTP, `hello`, the first stream (protocol.md §2).
pub const ESTABLISH: Duration = Duration::from_secs(10);

/// Refused peers that are told why, at once.
pub(crate) const MAX_TURNED_AWAY: usize = 64;

/// Connections of operators, who are few, and of probes. Whoever floods from elsewhere leaves room for others, and for
/// the health checks of this machine.
pub(crate) const OPERATORS: Bounds = Bounds {
    connections: Some(256),
    kept_for_here: 32,
    connections_per_address: Some(64),
    handshakes: None,
    handshakes_per_address: None,
    establishing_per_address: None,
    streamers_per_token: None,
    loopback: false,
};

/// What a peer shows.
pub(crate) struct Shown {
    source: Source,
    transport: TransportKind,
    path: Option<Box<str>>,
    credentials: Credentials,
}

/// A connection's place among all, until a session takes it over.
type Permit = Mutex<Option<gate::Entry>>;

/// What every door shares.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) metrics: Arc<Metrics>,
    /// Every connection's task; the gateway ends when they have.
    pub(crate) tasks: TaskTracker,
    /// The listeners' tasks.
    pub(crate) doors: TaskTracker,
    /// Cancelled when no new connection is taken any more.
    pub(crate) closing: CancellationToken,
    /// Cancelled when the gateway is over: whatever is left is dropped.
    pub(crate) stopped: CancellationToken,
    /// Who may connect.
    pub(crate) policy: Arc<Policy>,
    /// How many connections there may be and how fast they may come.
    pub(crate) gate: Gate,
    /// Refused peers that are told why.
    pub(crate) turned_away: Arc<Semaphore>,
    /// Whose word about addresses counts.
    pub(crate) proxies: Proxies,
    /// Whose pages may open sessions.
    pub(crate) origins: OriginCheck,
    /// How often each address may ask over HTTP.
    pub(crate) http_rates: HttpRates,
    /// The largest message, in bytes.
    pub(crate) max_message: usize,
}

impl House {
    /// The same for operators: their listener answers until the gateway is over, and nobody waits for it.
    pub(crate) fn of_operators(&self, bounds: Bounds) -> Self {
        Self {
            sessions: Arc::clone(&self.sessions),
            metrics: Arc::clone(&self.metrics),
            tasks: TaskTracker::new(),
            doors: TaskTracker::new(),
            closing: self.stopped.clone(),
            stopped: self.stopped.clone(),
            policy: Arc::clone(&self.policy),
            gate: Gate::new(bounds, Gauge::default()),
            turned_away: Arc::clone(&self.turned_away),
            proxies: self.proxies.clone(),
            origins: self.origins.clone(),
            http_rates: HttpRates::new(HttpRate { per_minute: 0, loopback: false }),
            max_message: self.max_message,
        }
    }

    /// Whether a peer may come in that has no place on its way there. Where anybody may, it needs none.
    pub(crate) async fn authorise_newcomer(
        &self,
        door: &Door,
        transport: &mut impl Transport,
        admission: Admission,
        shown: Shown,
        deadline: Instant,
    ) -> Result<Admission, Close> {
        let open = self.policy.is_open(admission.role) || door.open.contains(admission.role);
        let in_queue = (!open).then(|| self.gate.set_out(door.crowd(), Some(shown.source))).transpose();
        let _in_queue = in_queue.map_err(|refusal| match refusal {
            gate::Refusal::EstablishingOfAddress => self.refuse(&admission, &Refusal::BusyWithAddress),
            _ => self.refuse(&admission, &Refusal::Busy),
        })?;
        self.authorise(door, transport, admission, shown, deadline).await
    }

    /// Whether a peer may come in. Whoever may not is counted here.
    pub(crate) async fn authorise(
        &self,
        door: &Door,
        transport: &mut impl Transport,
        mut admission: Admission,
        shown: Shown,
        deadline: Instant,
    ) -> Result<Admission, Close> {
        if door.open.contains(admission.role) {
            return Ok(admission);
        }
        let asking = async {
            let Shown { source, transport, path, credentials } = shown;
            let (role, remote, counted) = (admission.role, admission.remote.ip(), self.gate.share_of(source));
            self.policy.authorise(Ask { role, remote, counted, transport: transport.name(), path, credentials }).await
        };
        let mut meanwhile = Meanwhile::new(self.sessions.router.memory());
        let granted =
            meanwhile.wait(transport, timeout_at(deadline, asking)).await.map_err(|ended| self.left(ended))?;
        match granted.unwrap_or(Err(Refusal::Unavailable)) {
            Ok(grant) => {
                self.metrics.authorised(admission.role, "granted");
                admission.place = self.place_of_streamer(&admission, &grant)?;
                admission.grant = grant;
                admission.early = meanwhile.early;
                Ok(admission)
            }
            Err(refusal) => Err(self.refuse(&admission, &refusal)),
        }
    }

    /// Counts somebody who did not wait for the answer, and says with what its connection ends.
    fn left(&self, ended: Ended) -> Close {
        match ended {
            Ended::ByPeer(close) => {
                self.metrics.refused("gone");
                close
            }
            Ended::Violation(close) => {
                self.metrics.refused("violation");
                close
            }
            Ended::Lost(_) | Ended::TimedOut => {
                self.metrics.refused("gone");
                Close::new(CloseCode::DEAD, "no sign of life")
            }
        }
    }

    /// A token lets in so many streamers at once.
    fn place_of_streamer(&self, admission: &Admission, grant: &Grant) -> Result<Option<Arc<TokenPlace>>, Close> {
        let holder = grant.holder.as_ref().filter(|_| admission.role == Role::Streamer);
        let place = holder.map(|holder| self.gate.admit_streamer(holder)).transpose();
        place.map(|place| place.map(Arc::new)).map_err(|refusal| {
            self.metrics.refused(refusal.reason());
            Close::new(CloseCode::TRY_AGAIN, refusal.words().trim_end().to_owned())
        })
    }

    /// Counts somebody who is not let in, and says what it is told.
    fn refuse(&self, admission: &Admission, refusal: &Refusal) -> Close {
        self.metrics.refused(refusal.name());
        self.metrics.authorised(admission.role, refusal.name());
        debug!(remote = %admission.remote, role = %admission.role, "not let in: {}", refusal.name());
        refusal.close()
    }

    /// Serves a peer that was let in, or tells it why it was not.
    pub(crate) async fn serve_or_refuse(&self, transport: impl Transport, authorised: Result<Admission, Close>) {
        match authorised {
            Ok(admission) => self.serve(transport, admission).await,
            Err(close) => Box::pin(self.sessions.turn_away(transport, &close)).await,
        }
    }

    /// Serves a peer that was let in. One that comes when the gateway drains already, or has no memory left, only hears
    /// that.
    pub(crate) async fn serve(&self, transport: impl Transport, admission: Admission) {
        if self.closing.is_cancelled() {
            self.metrics.refused("closing");
            return self.sessions.turn_away(transport, &RESTARTING).await;
        }
        if self.sessions.router.memory().is_for_those_who_are_there() {
            self.metrics.refused("memory");
            return self.sessions.turn_away(transport, &OVERLOADED).await;
        }
        tokio::select! {
            () = self.sessions.serve(transport, admission) => {}
            () = self.stopped.cancelled() => {}
        }
    }
}
