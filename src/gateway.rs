//! Assembly: binds every listener, wires the parts together, supervises them.

mod bounds;
mod open;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::admin;
use crate::admin::api::ApiState;
use crate::announce::BoundAddrs;
use crate::auth::{Greetings, OriginCheck, Policy};
use crate::config::{CertSource, Config, ConsoleMessages};
use crate::drain;
use crate::hub::Settings;
use crate::listen::{BindError, Gate, House, HttpRates, MAX_TURNED_AWAY};
use crate::metrics::Metrics;
use crate::router::Router;
use crate::session::{SessionReport, Sessions, Shown};
use crate::tls::{CHECK_EVERY, Certificates, DevError, LoadError, Renewal, ServerError};
use crate::web::Origins;

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener could not be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The operator's certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] LoadError),
    /// No development certificate could be made.
    #[error(transparent)]
    Development(#[from] DevError),
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] ServerError),
    /// The QUIC endpoint could not be opened on a socket that was bound.
    #[error("QUIC cannot start: {0}")]
    Quic(std::io::Error),
}

/// A gateway that listens.
#[derive(Debug)]
pub struct Gateway {
    bound: BoundAddrs,
    certificates: Option<Arc<Certificates>>,
    router: Arc<Router>,
    sessions: Arc<Sessions>,
    house: Arc<House>,
    /// The same at the operators' listener.
    operators: Arc<House>,
    live: Live,
    grace: Duration,
}

/// What may change while the gateway runs.
#[derive(Debug)]
struct Live {
    greetings: Arc<Greetings>,
    origins: OriginCheck,
    cors_origins: Origins,
    api: ApiState,
    gate: admin::Gate,
}

impl Gateway {
    /// Opens every listener and begins to serve. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Any listener, certificate or socket that cannot be had: nothing is left open then.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::default());
        let settings = Settings { max_players: config.max_players, auto_subscribe: config.auto_subscribe.clone() };
        let router = Router::new(settings, Arc::clone(&metrics));
        let live = Live {
            greetings: Greetings::new(config.peer_options.json(), &config.turn),
            origins: OriginCheck::new(config.allowed_origins.clone()),
            cors_origins: Origins::new(open::cors_origins(config)),
            api: ApiState::new(Arc::clone(&router)),
            gate: admin::Gate::new(config, Arc::clone(&metrics)),
        };
        router.memory().set_most(bounds::memory(config));
        let sessions = Arc::new(Sessions::new(Arc::clone(&router), config.keepalive, bounds::session(config)));
        sessions.show_messages(shown(config.console_messages));
        let gate = Gate::new(bounds::gate(config), metrics.connections().clone());
        let house = Arc::new(House {
            sessions: Arc::clone(&sessions),
            metrics,
            tasks: TaskTracker::new(),
            doors: TaskTracker::new(),
            closing: CancellationToken::new(),
            stopped: CancellationToken::new(),
            gate,
            turned_away: Arc::new(Semaphore::new(MAX_TURNED_AWAY)),
            policy: Policy::new(&config.auth),
            proxies: config.proxies.clone(),
            origins: live.origins.clone(),
            http_rates: HttpRates::new(config.http_rate),
            max_message: config.max_message,
        });
        let operators = Arc::new(house.of_operators(bounds::operators(config)));
        let mut gateway = Self {
            bound: BoundAddrs::default(),
            certificates: None,
            router,
            sessions,
            house,
            operators,
            live,
            grace: config.drain_grace,
        };
        gateway.open(config)?;
        Ok(gateway)
    }

    /// The addresses that were bound.
    pub fn bound(&self) -> &BoundAddrs {
        &self.bound
    }

    /// The certificates of the TLS and QUIC listeners; `None` when these are off.
    pub fn certificates(&self) -> Option<&Arc<Certificates>> {
        self.certificates.as_ref()
    }

    /// Who is connected, and what is counted.
    pub fn router(&self) -> &Arc<Router> {
        &self.router
    }

    /// The reports of sessions that end from now on.
    pub fn reports(&self) -> broadcast::Receiver<SessionReport> {
        self.sessions.reports()
    }

    /// Changes what can be changed while it runs: limits, who may connect, peer options, origins, what is shown of messages.
    pub fn apply(&self, config: &Config) {
        self.router.set_max_players(config.max_players);
        self.house.policy.change(&config.auth);
        self.router.memory().set_most(bounds::memory(config));
        self.sessions.set_limits(bounds::session(config));
        self.house.gate.change(bounds::gate(config));
        self.operators.gate.change(bounds::operators(config));
        self.sessions.show_messages(shown(config.console_messages));
        self.house.http_rates.change(config.http_rate);
        self.live.greetings.change(config.peer_options.json(), &config.turn);
        self.live.origins.change(config.allowed_origins.clone());
        self.live.cors_origins.change(open::cors_origins(config));
        self.live.gate.change(config);
        self.show(config);
    }

    /// What its doors share, for the fuzzers.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn house(&self) -> &Arc<House> {
        &self.house
    }

    /// Runs until `shutdown` is ready, then drains and stops.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.stop().await;
    }

    /// Drains and stops.
    pub async fn stop(self) {
        drain::drain(&self.house, &self.router, self.grace).await;
    }

    /// Runs a task as long as the gateway.
    fn background(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stopped = self.house.stopped.clone();
        tokio::spawn(async move { stopped.run_until_cancelled(task).await });
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.house.closing.cancel();
        self.house.stopped.cancel();
    }
}

fn shown(messages: ConsoleMessages) -> Shown {
    match messages {
        ConsoleMessages::Off => Shown::Nothing,
        ConsoleMessages::Basic => Shown::Head,
        ConsoleMessages::Verbose => Shown::Body,
        ConsoleMessages::Formatted => Shown::Formatted,
    }
}

fn certificates(source: &CertSource) -> Result<Arc<Certificates>, StartError> {
    let now = SystemTime::now();
    match source {
        CertSource::Dev { dir } => Ok(Certificates::dev(dir.as_deref(), now)?),
        CertSource::Files { cert, key } => Ok(Certificates::from_files(cert, key, now)?),
    }
}

/// Renews development certificates at half of their life.
async fn renew(certificates: Arc<Certificates>) {
    loop {
        tokio::time::sleep(CHECK_EVERY).await;
        let renewing = Arc::clone(&certificates);
        // It may write files.
        let renewal = tokio::task::spawn_blocking(move || renewing.renew_if_due(SystemTime::now())).await;
        match renewal {
            Ok(Ok(Renewal::NotDue)) => {}
            Ok(Ok(renewal)) => info!(?renewal, "development certificate renewed"),
            Ok(Err(error)) => error!(%error, "the development certificate could not be renewed"),
            Err(error) => error!(%error, "the renewal of the development certificate failed"),
        }
    }
}
