//! The doors: TCP with TLS, HTTP and the WebSocket upgrade; UDP with QUIC, WebTransport and our own protocol.
//!
//! A peer has [`ESTABLISH`] from its first byte to its role; until then it holds one of a bounded number of permits
//! and nothing in the hub. What is let in becomes a session ([`crate::session`]).

mod accept;
mod bind;
mod client;
mod door;
mod origin;
mod patient;
mod query;
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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

pub use bind::{BindError, bind_tcp, bind_tcp_and_udp};
pub use door::{Door, DoorKind};
pub(crate) use rate::HttpRates;
pub(crate) use tcp::{Arrival, TcpService, serve_tcp};
pub(crate) use udp::{endpoint, serve_udp};

use crate::auth::{Ask, Credentials, Grant, OriginCheck, Policy, Refusal};
use crate::config::HttpRate;
use crate::config::Proxies;
use crate::hub::RESTARTING;
use crate::metrics::Metrics;
use crate::session::{Admission, Sessions};
use crate::transport::{Transport, TransportKind};
use crate::wire::Close;

/// From the first byte to a session: TLS, HTTP, `hello`, the first stream (protocol.md §2).
pub const ESTABLISH: Duration = Duration::from_secs(10);

/// How many may be on their way to a session at once, and how many connections there may be at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Connections that are not sessions yet: TLS and QUIC handshakes, upgrades without a `hello`.
    pub establishing: usize,
    /// Connections of every kind, pages included.
    pub connections: usize,
}

/// Connections of operators, who are few.
const OPERATORS: usize = 256;

/// What a peer shows.
pub(crate) struct Shown {
    transport: TransportKind,
    path: Option<Box<str>>,
    credentials: Credentials,
}

/// A connection's place among all, until a session takes it over.
type Permit = Mutex<Option<OwnedSemaphorePermit>>;

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
    pub(crate) capacity: Capacity,
    pub(crate) establishing: Arc<Semaphore>,
    pub(crate) connections: Arc<Semaphore>,
    /// Who may connect.
    pub(crate) policy: Arc<Policy>,
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
    pub(crate) fn of_operators(&self) -> Self {
        Self {
            sessions: Arc::clone(&self.sessions),
            metrics: Arc::clone(&self.metrics),
            tasks: TaskTracker::new(),
            doors: TaskTracker::new(),
            closing: self.stopped.clone(),
            stopped: self.stopped.clone(),
            capacity: self.capacity,
            establishing: Arc::clone(&self.establishing),
            connections: Arc::new(Semaphore::new(OPERATORS)),
            policy: Arc::clone(&self.policy),
            proxies: self.proxies.clone(),
            origins: self.origins.clone(),
            http_rates: HttpRates::new(HttpRate { per_minute: 0, loopback: false }),
            max_message: self.max_message,
        }
    }

    /// Whether a peer may come in. Whoever may not is counted here.
    pub(crate) async fn authorise(
        &self,
        door: &Door,
        mut admission: Admission,
        shown: Shown,
        deadline: Instant,
    ) -> Result<Admission, Close> {
        if door.open.contains(admission.role) {
            return Ok(admission);
        }
        let asking = async {
            let Shown { transport, path, credentials } = shown;
            let (role, remote) = (admission.role, admission.remote.ip());
            self.policy.authorise(Ask { role, remote, transport: transport.name(), path, credentials }).await
        };
        let granted: Result<Grant, Refusal> = timeout_at(deadline, asking).await.unwrap_or(Err(Refusal::Unavailable));
        match granted {
            Ok(grant) => {
                self.metrics.authorised(admission.role, "granted");
                admission.grant = grant;
                Ok(admission)
            }
            Err(refusal) => Err(self.refuse(&admission, &refusal)),
        }
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

    /// Serves a peer that was let in. One that comes when the gateway drains already only hears that.
    pub(crate) async fn serve(&self, transport: impl Transport, admission: Admission) {
        if self.closing.is_cancelled() {
            self.metrics.refused("closing");
            return self.sessions.turn_away(transport, &RESTARTING).await;
        }
        tokio::select! {
            () = self.sessions.serve(transport, admission) => {}
            () = self.stopped.cancelled() => {}
        }
    }
}
