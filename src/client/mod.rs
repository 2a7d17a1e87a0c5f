//! A client of the gateway, for programs and for tests: one interface over WebSocket, WebTransport and raw QUIC.
//!
//! [`Client`] holds what connections share (TLS settings, UDP sockets), [`Connection`] is one session, and
//! [`Reconnecting`] keeps one up. A URL says which transport: `ws://` and `wss://`, `https://` for WebTransport, and
//! `quic://host:port/player`, whose path is the role.
//!
//! A connection answers nothing while nobody awaits [`Connection::recv`]: await it all the time, in a `select!` beside
//! whatever else the program does.

mod backoff;
mod connection;
mod error;
mod reconnecting;
mod relay;
mod target;
mod tcp;
#[cfg(test)]
mod tests;
mod trust;
mod udp;

use std::sync::Arc;
use std::time::Duration;

use crate::transport::Keepalive;

pub use backoff::{Attempts, Backoff};
pub use connection::{Connection, Event, Vanished};
pub use error::{ConnectError, Fault};
pub use reconnecting::{Reconnecting, State, Update};
pub use relay::UdpRelay;
pub use trust::{Trust, certificate_hash};

use target::{Scheme, Target};

/// How a client connects.
#[derive(Clone, Debug)]
pub struct Options {
    /// Shown to the gateway: in the `Authorization` header, or in `hello` on raw QUIC.
    pub token: Option<String>,
    /// Asks for a dialect; obeyed only where the gateway's listener allows it (protocol.md §4).
    pub dialect: Option<String>,
    /// Offered in `Sec-WebSocket-Protocol`, the preferred one first.
    pub subprotocols: Vec<String>,
    /// Which certificates are believed.
    pub trust: Trust,
    /// How long everything up to the session may take.
    pub connect_timeout: Duration,
    /// When silence is asked about, and when it is the end.
    pub keepalive: Keepalive,
    /// The longest message taken, in bytes. A list of streamers may be longer than what any peer may send.
    pub max_message: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: None,
            dialect: None,
            subprotocols: Vec::new(),
            trust: Trust::Native,
            connect_timeout: Duration::from_secs(10),
            keepalive: Keepalive { interval: Duration::from_secs(15), timeout: Duration::from_secs(45) },
            max_message: 4 << 20,
        }
    }
}

/// Opens connections. Clones share everything; all QUIC connections of a client share one UDP socket, and all its
/// WebTransport connections another.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    tcp_tls: Arc<rustls::ClientConfig>,
    udp: udp::Endpoints,
}

impl Client {
    /// A client with these options.
    ///
    /// # Errors
    /// [`ConnectError::Setup`] when the certificates to trust cannot be used.
    pub fn new(options: Options) -> Result<Self, ConnectError> {
        let tls = options.trust.tls_config()?;
        let mut tcp_tls = tls.clone();
        tcp_tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let shared = Shared { options, tcp_tls: Arc::new(tcp_tls), udp: udp::Endpoints::new(tls) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Opens a session at `url`.
    ///
    /// # Errors
    /// Whatever stands in the way; its text says whose fault it is and what to do.
    pub async fn connect(&self, url: &str) -> Result<Connection, ConnectError> {
        let target = Target::parse(url, self.shared.options.dialect.as_deref())?;
        let limit = self.shared.options.connect_timeout;
        let opened = tokio::time::timeout(limit, self.open(&target)).await;
        opened.unwrap_or_else(|_| Err(ConnectError::Timeout { at: target.authority(), after: limit }))
    }

    async fn open(&self, target: &Target) -> Result<Connection, ConnectError> {
        let shared = &self.shared;
        match target.scheme {
            Scheme::Ws => tcp::connect_ws(target, &shared.options).await,
            Scheme::Wss => tcp::connect_wss(target, &shared.options, &shared.tcp_tls).await,
            Scheme::WebTransport => shared.udp.connect_webtransport(target, &shared.options).await,
            Scheme::Quic(role) => shared.udp.connect_quic(target, role, &shared.options).await,
        }
    }

    /// Moves the raw QUIC connections to another local port, as when the machine changes its network.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub fn rebind(&self) -> std::io::Result<()> {
        self.shared.udp.rebind()
    }

    /// The endpoint of the raw QUIC connections, once there was one. Its socket is dual-stack where the system has
    /// IPv6, and so must be one that it is rebound to.
    pub fn quic_endpoint(&self) -> Option<quinn::Endpoint> {
        self.shared.udp.quic_endpoint()
    }
}
