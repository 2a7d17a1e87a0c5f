//! Assembly: binds every listener, wires the parts together, supervises them.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::admin::Operators;
use crate::admin::api::{ApiState, Ports, Shown};
use crate::announce::BoundAddrs;
use crate::config::{CertSource, Config, Limits, ListenAddr, Roles};
use crate::hub::Settings;
use crate::listen::{
    BindError, Capacity, Door, DoorKind, House, TcpService, bind_tcp, bind_tcp_and_udp, endpoint, serve_tcp, serve_udp,
};
use crate::metrics::Metrics;
use crate::router::Router;
use crate::session::{Rates, SessionReport, Sessions};
use crate::tls::{
    CHECK_EVERY, Certificates, DevError, LoadError, Renewal, ServerError, server_config_quic, server_config_tcp,
};
use crate::web::{Discovery, WebTransport};
use crate::wire::out::PROTOCOL_VERSION;
use crate::wire::{MAX_MESSAGE, Role};
use crate::{admin, drain, web};

/// Enough for every session that the memory of a large machine holds; the system's limit of descriptors comes first.
const CAPACITY: Capacity = Capacity { establishing: 4096, connections: 200_000 };

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
    grace: Duration,
}

impl Gateway {
    /// Opens every listener and begins to serve. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Any listener, certificate or socket that cannot be had: nothing is left open then.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        let metrics = Arc::new(Metrics::default());
        let settings = Settings { max_players: config.max_players, ..Settings::default() };
        let router = Router::new(settings, Arc::clone(&metrics));
        let rates = (config.limits != Limits::Off).then(Rates::default);
        let sessions = Arc::new(Sessions::new(Arc::clone(&router), config.keepalive, rates));
        let house = Arc::new(House {
            sessions: Arc::clone(&sessions),
            metrics,
            tasks: TaskTracker::new(),
            doors: TaskTracker::new(),
            closing: CancellationToken::new(),
            stopped: CancellationToken::new(),
            capacity: CAPACITY,
            establishing: Arc::new(Semaphore::new(CAPACITY.establishing)),
            connections: Arc::new(Semaphore::new(CAPACITY.connections)),
            max_message: MAX_MESSAGE,
        });
        let mut gateway = Self {
            bound: BoundAddrs::default(),
            certificates: None,
            router,
            sessions,
            house,
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

    /// Runs until `shutdown` is ready, then drains and stops.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) {
        shutdown.await;
        self.stop().await;
    }

    /// Drains and stops.
    pub async fn stop(self) {
        drain::drain(&self.house, &self.router, self.grace).await;
    }

    /// Everything is bound before anything is served.
    fn open(&mut self, config: &Config) -> Result<(), StartError> {
        let dialect = config.dialect;
        let options = config.peer_options.json();
        let door = |kind| Arc::new(Door::new(kind, dialect, options));
        let unified = |roles: Roles| {
            door(DoorKind::Unified(Role::ALL.into_iter().filter(|&role| roles.contains(role)).collect()))
        };

        let http = bind_tcp("http", config.http.addr)?;
        let (https, quic) = bind_tcp_and_udp("https", config.https.addr)?;
        let streamer = bind_tcp("streamer", config.streamer)?;
        let sfu = bind_tcp("sfu", config.sfu)?;
        let admin = bind_tcp("admin", config.admin)?;
        self.bound = BoundAddrs {
            http: first(&http),
            https: first(&https),
            quic: quic.first().and_then(|socket| socket.local_addr().ok()),
            streamer: first(&streamer),
            sfu: first(&sfu),
            admin: first(&admin),
        };

        let discovery = Arc::new(self.secure(config, https, quic, &unified(config.https.roles))?);
        self.serve(
            http,
            Some(unified(config.http.roles)),
            web::router(Arc::clone(&discovery), config.http_root.as_deref()),
            None,
        );
        self.serve(streamer, Some(door(DoorKind::Legacy(Role::Streamer))), axum::Router::new(), None);
        self.serve(sfu, Some(door(DoorKind::Legacy(Role::Sfu))), axum::Router::new(), None);
        let operators = Operators {
            metrics: Arc::clone(&self.house.metrics),
            certificates: self.certificates.clone(),
            draining: self.house.closing.clone(),
        };
        let api = ApiState::new(Arc::clone(&self.router), &self.shown(config));
        self.serve(admin, None, admin::router(operators, api), None);
        self.background(Arc::clone(&self.router).run_timer());
        Ok(())
    }

    /// What operators are shown of the configuration.
    fn shown<'a>(&self, config: &'a Config) -> Shown<'a> {
        let BoundAddrs { http, https, streamer, sfu, .. } = self.bound;
        let port = |addr: Option<SocketAddr>| addr.map(|addr| addr.port());
        Shown {
            ports: Ports { streamer: port(streamer), player: port(http.or(https)), sfu: port(sfu) },
            max_players: config.max_players,
            protocol_version: config.dialect.protocol_version.then_some(PROTOCOL_VERSION),
            peer_options: config.peer_options.json(),
        }
    }

    /// The listeners that need a certificate.
    fn secure(
        &mut self,
        config: &Config,
        https: Vec<TcpListener>,
        quic: Vec<std::net::UdpSocket>,
        door: &Arc<Door>,
    ) -> Result<Discovery, StartError> {
        if https.is_empty() {
            return Ok(Discovery { webtransport: None, allowed_origins: config.allowed_origins.clone() });
        }
        let certificates = certificates(&config.certificate)?;
        let tls = TlsAcceptor::from(server_config_tcp(Arc::clone(&certificates))?);
        let quic_tls = server_config_quic(Arc::clone(&certificates))?;
        for socket in quic {
            let endpoint = endpoint(socket, Arc::clone(&quic_tls), config.keepalive).map_err(StartError::Quic)?;
            self.house.doors.spawn(serve_udp(endpoint, Arc::clone(&self.house), Arc::clone(door)));
        }
        let webtransport = door.admit(Role::Player).is_ok().then(|| WebTransport {
            port: self.bound.quic.map_or(0, |addr| addr.port()),
            only: only_loopback(config.https.addr),
            certificates: Arc::clone(&certificates),
        });
        let discovery = Discovery { webtransport, allowed_origins: config.allowed_origins.clone() };
        let pages = web::router(Arc::new(discovery.clone()), config.http_root.as_deref());
        self.serve(https, Some(Arc::clone(door)), pages, Some(tls));
        self.background(renew(Arc::clone(&certificates)));
        self.certificates = Some(certificates);
        Ok(discovery)
    }

    fn serve(
        &self,
        listeners: Vec<TcpListener>,
        door: Option<Arc<Door>>,
        pages: axum::Router,
        tls: Option<TlsAcceptor>,
    ) {
        let house = match door {
            Some(_) => Arc::clone(&self.house),
            None => Arc::new(self.house.of_operators()),
        };
        let connections = Arc::clone(&house.connections);
        let service = TcpService { house: Arc::clone(&house), connections, door, pages, tls };
        for listener in listeners {
            house.doors.spawn(serve_tcp(listener, service.clone()));
        }
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

fn first(listeners: &[TcpListener]) -> Option<SocketAddr> {
    listeners.first().and_then(|listener| listener.local_addr().ok())
}

/// The address when the listener has one literal loopback address.
fn only_loopback(addr: ListenAddr) -> Option<IpAddr> {
    match addr {
        ListenAddr::Socket(addr) if addr.ip().is_loopback() => Some(addr.ip()),
        _ => None,
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
