//! The opening: every listener is bound before anything is served.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use http::HeaderValue;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{Gateway, StartError, certificates, renew};
use crate::admin::api::{self, ApiOptions, Ports, Shown};
use crate::admin::{self, Operators};
use crate::config::{Config, ListenAddr, Listener, Serving};
use crate::listen::{
    BindError, Door, DoorKind, TcpService, bind_tcp, bind_tcp_and_udp, endpoint, serve_tcp, serve_udp,
};
use crate::matchmaker;
use crate::router::Router;
use crate::tls::{Certificates, server_config_quic, server_config_tcp};
use crate::web::{self, Discovery, Encrypted, Manners, Pages, WebTransport};
use crate::wire::Role;
use crate::wire::out::PROTOCOL_VERSION;

/// A listener with its sockets.
struct Bound<'a> {
    listener: &'a Listener,
    tcp: Vec<TcpListener>,
    udp: Vec<UdpSocket>,
}

impl<'a> Bound<'a> {
    fn open(listener: &'a Listener) -> Result<Self, BindError> {
        let (tcp, udp) = if listener.quic {
            bind_tcp_and_udp(&listener.place(), listener.addr)?
        } else {
            (bind_tcp(&listener.place(), listener.addr)?, Vec::new())
        };
        Ok(Self { listener, tcp, udp })
    }

    fn port(&self) -> Option<u16> {
        Some(self.tcp.first()?.local_addr().ok()?.port())
    }

    /// Where requests are sent on to that are to be encrypted.
    fn encrypted(&self) -> Option<Encrypted> {
        Some(Encrypted { port: self.port()?, prefix: self.listener.path_prefix.clone() })
    }

    /// Where players find WebTransport here.
    fn webtransport(&self, certificates: Option<&Arc<Certificates>>) -> Option<WebTransport> {
        let port = self.udp.first()?.local_addr().ok()?.port();
        self.listener.serving.takes(Role::Player).then_some(())?;
        Some(WebTransport {
            port,
            only: only_loopback(self.listener.addr),
            prefix: self.listener.path_prefix.clone(),
            certificates: Arc::clone(certificates?),
        })
    }
}

/// What encrypted listeners share.
struct Tls {
    certificates: Arc<Certificates>,
    tcp: TlsAcceptor,
    quic: Arc<quinn_proto::crypto::rustls::QuicServerConfig>,
}

impl Tls {
    fn set_up(config: &Config) -> Result<Self, StartError> {
        let certificates = certificates(&config.certificate)?;
        Ok(Self {
            tcp: TlsAcceptor::from(server_config_tcp(Arc::clone(&certificates))?),
            quic: server_config_quic(Arc::clone(&certificates))?,
            certificates,
        })
    }
}

impl Gateway {
    /// Everything is bound before anything is served.
    pub(super) fn open(&mut self, config: &Config) -> Result<(), StartError> {
        let mut all = config.listeners.iter().map(Bound::open).collect::<Result<Vec<_>, _>>()?;
        let admin = bind_tcp("--admin", config.admin)?;
        self.note(&all, &admin);
        self.show(config);
        let secured = all.iter().any(|bound| bound.listener.tls && !bound.tcp.is_empty());
        let tls = secured.then(|| Tls::set_up(config)).transpose()?;
        self.certificates = tls.as_ref().map(|tls| Arc::clone(&tls.certificates));
        let elsewhere = all.iter().find_map(|bound| bound.webtransport(self.certificates.as_ref()));
        let encrypted = all.iter().filter(|bound| bound.listener.tls).find_map(Bound::encrypted);
        for bound in &mut all {
            let webtransport = bound.webtransport(self.certificates.as_ref()).or_else(|| elsewhere.clone());
            let answers = self.answers(config, bound.listener, webtransport, encrypted.clone());
            self.serve(config, bound, answers, tls.as_ref())?;
        }
        self.serve_operators(admin);
        self.background(Router::run_timer(Arc::clone(&self.router)));
        if let Some(certificates) = &self.certificates {
            self.background(renew(Arc::clone(certificates)));
        }
        self.matchmaker(config);
        Ok(())
    }

    fn note(&mut self, all: &[Bound<'_>], admin: &[TcpListener]) {
        for bound in all {
            if let Some(addr) = bound.tcp.first().and_then(|socket| socket.local_addr().ok()) {
                self.bound.set(&bound.listener.name, addr);
            }
        }
        self.bound.quic = all.iter().find_map(|bound| bound.udp.first()?.local_addr().ok());
        self.bound.admin = admin.first().and_then(|socket| socket.local_addr().ok());
    }

    /// What a listener answers to requests that ask for no WebSocket.
    fn answers(
        &self,
        config: &Config,
        listener: &Listener,
        webtransport: Option<WebTransport>,
        encrypted: Option<Encrypted>,
    ) -> axum::Router {
        let discovery = Discovery {
            webtransport,
            allowed_origins: self.live.origins.clone(),
            prefix: listener.path_prefix.clone(),
        };
        let pages =
            Pages { root: config.http_root.clone(), homepage: config.homepage.clone(), routes: config.routes.clone() };
        let mut answers = if config.rest_api { self.rest_api() } else { axum::Router::new() };
        if listener.pages {
            answers = answers.merge(web::router(Arc::new(discovery), &pages));
        }
        let policy = config.content_security_policy.as_deref().filter(|_| config.http_root.is_some());
        Manners {
            cors: config.cors.clone().map(|cors| (cors, self.live.cors_origins.clone())),
            security_headers: config.security_headers && listener.tls,
            content_security_policy: policy.filter(|_| listener.tls).and_then(|text| HeaderValue::from_str(text).ok()),
            hsts: config.hsts,
            certificates: self.certificates.clone().filter(|_| listener.tls),
            redirect: encrypted.filter(|_| listener.redirect),
        }
        .around(answers)
    }

    /// The REST API where `rest-api` puts it: beside the pages of every listener, whose manners it shares. This is the
    /// one place where it is mounted there.
    fn rest_api(&self) -> axum::Router {
        let guard = from_fn_with_state(self.live.gate.clone(), admin::guard_among_players);
        api::router(self.live.api.clone(), ApiOptions::PLAYERS).route_layer(guard)
    }

    /// What the API shows of the configuration, now and after each reading of it.
    pub(super) fn show(&self, config: &Config) {
        let for_players = config.listeners.iter().find(|listener| listener.serving.takes(Role::Player));
        let version = for_players.is_none_or(|listener| listener.dialect.protocol_version);
        self.live.api.show(&Shown {
            ports: Ports {
                streamer: self.port_for(config, Role::Streamer, self.bound.streamer),
                player: self.port_for(config, Role::Player, self.bound.http.or(self.bound.https)),
                sfu: self.port_for(config, Role::Sfu, self.bound.sfu),
            },
            max_players: config.max_players,
            protocol_version: version.then_some(PROTOCOL_VERSION),
            peer_options: &self.live.greetings.shown(),
        });
    }

    /// The port of the listener that is meant for a role, or of the first that takes it.
    fn port_for(&self, config: &Config, role: Role, meant: Option<SocketAddr>) -> Option<u16> {
        let taking = || config.listeners.iter().filter(|listener| listener.serving.takes(role));
        meant.or_else(|| taking().find_map(|listener| self.bound.of(&listener.name))).map(|addr| addr.port())
    }

    fn serve(
        &self,
        config: &Config,
        bound: &mut Bound<'_>,
        answers: axum::Router,
        tls: Option<&Tls>,
    ) -> Result<(), StartError> {
        let listener = bound.listener;
        let door = Arc::new(Door {
            kind: kind(listener.serving),
            dialect: listener.dialect,
            choose_dialect: listener.choose_dialect,
            prefix: listener.path_prefix.clone(),
            http: listener.pages || listener.redirect || (config.rest_api && listener.serving.takes(Role::Player)),
            greetings: Arc::clone(&self.live.greetings),
            open: listener.open.unwrap_or_default(),
        });
        let tls = tls.filter(|_| listener.tls);
        if let Some(tls) = tls {
            for socket in bound.udp.drain(..) {
                let endpoint = endpoint(socket, Arc::clone(&tls.quic), config.keepalive).map_err(StartError::Quic)?;
                self.house.doors.spawn(serve_udp(endpoint, Arc::clone(&self.house), Arc::clone(&door)));
            }
        }
        Self::accept(
            std::mem::take(&mut bound.tcp),
            &TcpService {
                house: Arc::clone(&self.house),
                door: Some(door),
                pages: answers,
                tls: tls.map(|tls| tls.tcp.clone()),
            },
        );
        Ok(())
    }

    /// It is told of the listener where players are encrypted, where there is one.
    fn matchmaker(&self, config: &Config) {
        let Some(matchmaker) = config.matchmaker.clone() else { return };
        let taking = || config.listeners.iter().filter(|listener| listener.serving.takes(Role::Player));
        let listener = taking().find(|listener| listener.tls).or_else(|| taking().next());
        let port = listener.and_then(|listener| self.bound.of(&listener.name)).map_or(0, |addr| addr.port());
        let https = listener.is_some_and(|listener| listener.tls);
        let (router, sessions) = (Arc::clone(&self.router), Arc::clone(&self.sessions));
        self.background(matchmaker::Client { matchmaker, router, sessions, port, https }.run());
    }

    fn serve_operators(&self, listeners: Vec<TcpListener>) {
        let operators = Operators {
            metrics: Arc::clone(&self.house.metrics),
            certificates: self.certificates.clone(),
            draining: self.house.closing.clone(),
        };
        Self::accept(
            listeners,
            &TcpService {
                house: Arc::clone(&self.operators),
                door: None,
                pages: admin::router(operators, self.live.api.clone(), self.live.gate.clone()),
                tls: None,
            },
        );
    }

    fn accept(listeners: Vec<TcpListener>, service: &TcpService) {
        for listener in listeners {
            service.house.doors.spawn(serve_tcp(listener, service.clone()));
        }
    }
}

/// Origins that are not named are any.
pub(super) fn cors_origins(config: &Config) -> Vec<String> {
    let named = config.cors.as_ref().map(|cors| cors.origins.clone()).unwrap_or_default();
    if named.is_empty() { vec!["*".to_owned()] } else { named }
}

fn kind(serving: Serving) -> DoorKind {
    match serving {
        Serving::Unified(roles) => {
            DoorKind::Unified(Role::ALL.into_iter().filter(|&role| roles.contains(role)).collect())
        }
        Serving::Legacy(role) => DoorKind::Legacy(role),
    }
}

/// The address when the listener has one literal loopback address.
fn only_loopback(addr: ListenAddr) -> Option<IpAddr> {
    match addr {
        ListenAddr::Socket(addr) if addr.ip().is_loopback() => Some(addr.ip()),
        _ => None,
    }
}
