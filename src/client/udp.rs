//! QUIC connections: the endpoints that a client's connections share, raw QUIC and WebTransport.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use quinn::crypto::rustls::QuicClientConfig;
use socket2::{Domain, Protocol, Socket, Type};
use wtransport::endpoint::{ConnectOptions, endpoint_side};
use wtransport::error::{ConnectingError, ConnectionError};

use super::target::Target;
use super::{ConnectError, Connection, Options};
use crate::transport::framed::{OnDrop, Side};
use crate::transport::quic::{ALPN, QuicTransport, quic_transport_config};
use crate::transport::webtransport::WebTransport;
use crate::transport::{Ended, Transport};
use crate::wire::Role;

/// What a socket should hold: thousands of connections may share it.
const SOCKET_BUFFER: usize = 4 << 20;

type WebTransportEndpoint = wtransport::Endpoint<endpoint_side::Client>;

/// The endpoints, each made when it is first needed.
pub(super) struct Endpoints {
    tls: rustls::ClientConfig,
    quic: Mutex<Option<quinn::Endpoint>>,
    webtransport: Mutex<Option<Arc<WebTransportEndpoint>>>,
}

impl std::fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoints").finish_non_exhaustive()
    }
}

impl Endpoints {
    pub(super) fn new(tls: rustls::ClientConfig) -> Self {
        Self { tls, quic: Mutex::new(None), webtransport: Mutex::new(None) }
    }

    pub(super) fn quic_endpoint(&self) -> Option<quinn::Endpoint> {
        self.quic.lock().clone()
    }

    pub(super) fn rebind(&self) -> io::Result<()> {
        self.quic_endpoint().map_or(Ok(()), |endpoint| endpoint.rebind(socket()?))
    }

    pub(super) async fn connect_quic(
        &self,
        target: &Target,
        role: Role,
        options: &Options,
    ) -> Result<Connection, ConnectError> {
        let endpoint = self.quic(options)?;
        let connection = dial(&endpoint, target, options).await?;
        let lost = |error: quinn::ConnectionError| quic_error(error, target, options);
        let halves = connection.open_bi().await.map_err(lost)?;
        let mut transport = QuicTransport::new(connection, halves, options.max_message, ignore());
        let ended = |ended| ConnectError::Ended { at: target.authority(), ended };
        transport.feed(hello(role, options)).map_err(ended)?;
        std::future::poll_fn(|cx| transport.poll_flush(cx)).await.map_err(ended)?;
        Ok(Connection::new(Box::new(transport), Some(endpoint), options.keepalive))
    }

    pub(super) async fn connect_webtransport(
        &self,
        target: &Target,
        options: &Options,
    ) -> Result<Connection, ConnectError> {
        let endpoint = self.webtransport(options)?;
        let mut request = ConnectOptions::builder(&target.uri);
        if let Some(token) = &options.token {
            request = request.add_header("authorization", format!("Bearer {token}"));
        }
        let failed = |error| webtransport_error(error, target, options);
        let connection = endpoint.connect(request.build()).await.map_err(failed)?;
        let opening = connection.open_bi().await.map_err(|error| failed(ConnectingError::ConnectionError(error)))?;
        let halves = opening
            .await
            .map_err(|error| ConnectError::Ended { at: target.authority(), ended: Ended::Lost(error.to_string()) })?;
        let transport = WebTransport::new(&connection, halves, Side::Client, options.max_message, ignore());
        Ok(Connection::new(Box::new(transport), None, options.keepalive))
    }

    fn quic(&self, options: &Options) -> Result<quinn::Endpoint, ConnectError> {
        let mut slot = self.quic.lock();
        if let Some(endpoint) = &*slot {
            return Ok(endpoint.clone());
        }
        let crypto = QuicClientConfig::try_from(self.tls_for(ALPN)).map_err(setup)?;
        let mut config = quinn::ClientConfig::new(Arc::new(crypto));
        config.transport_config(Arc::new(quic_transport_config(options.keepalive)));
        let runtime = Arc::new(quinn::TokioRuntime);
        let mut endpoint =
            quinn::Endpoint::new(quinn::EndpointConfig::default(), None, socket().map_err(setup)?, runtime)
                .map_err(setup)?;
        endpoint.set_default_client_config(config);
        Ok(slot.insert(endpoint).clone())
    }

    fn webtransport(&self, options: &Options) -> Result<Arc<WebTransportEndpoint>, ConnectError> {
        let mut slot = self.webtransport.lock();
        if let Some(endpoint) = &*slot {
            return Ok(Arc::clone(endpoint));
        }
        let config = wtransport::ClientConfig::builder()
            .with_bind_socket(socket().map_err(setup)?)
            .with_custom_tls_and_transport(self.tls_for(b"h3"), quic_transport_config(options.keepalive))
            .build();
        let endpoint = wtransport::Endpoint::client(config).map_err(setup)?;
        Ok(Arc::clone(slot.insert(Arc::new(endpoint))))
    }

    fn tls_for(&self, alpn: &[u8]) -> rustls::ClientConfig {
        let mut tls = self.tls.clone();
        tls.alpn_protocols = vec![alpn.to_vec()];
        tls
    }
}

/// The addresses of a target.
pub(super) async fn resolve(target: &Target) -> Result<Vec<SocketAddr>, ConnectError> {
    let fail = |why: String| ConnectError::Resolve { host: target.host.clone(), why };
    let found = tokio::net::lookup_host((&*target.host, target.port)).await.map_err(|error| fail(error.to_string()))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() { Err(fail("the name is known, but has none".into())) } else { Ok(addresses) }
}

/// Tries one address after the other, each for its share of the time: a UDP port where nobody listens says nothing.
async fn dial(
    endpoint: &quinn::Endpoint,
    target: &Target,
    options: &Options,
) -> Result<quinn::Connection, ConnectError> {
    let addresses = resolve(target).await?;
    let share = options.connect_timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    let mut failed = ConnectError::Timeout { at: target.authority(), after: options.connect_timeout };
    for address in addresses {
        let connecting = match endpoint.connect(address, &target.host) {
            Ok(connecting) => connecting,
            Err(error) => {
                failed = ConnectError::Network { at: target.authority(), source: io::Error::other(error) };
                continue;
            }
        };
        match tokio::time::timeout(share, connecting).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => failed = quic_error(error, target, options),
            Err(_) => {}
        }
    }
    Err(failed)
}

/// A UDP socket for both families, or for IPv4 where there is no IPv6.
fn socket() -> io::Result<UdpSocket> {
    let socket = dual_stack().or_else(|_| bound(Domain::IPV4, (Ipv4Addr::UNSPECIFIED, 0).into()))?;
    // A wish: the system may grant less.
    let _ = socket.set_recv_buffer_size(SOCKET_BUFFER);
    let _ = socket.set_send_buffer_size(SOCKET_BUFFER);
    Ok(socket.into())
}

fn dual_stack() -> io::Result<Socket> {
    bound(Domain::IPV6, (Ipv6Addr::UNSPECIFIED, 0).into())
}

fn bound(domain: Domain, address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if domain == Domain::IPV6 {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

/// The first frame of a raw QUIC session (protocol.md §2).
fn hello(role: Role, options: &Options) -> Bytes {
    let mut hello = serde_json::json!({"type": "hello", "role": role.name()});
    if let Some(token) = &options.token {
        hello["token"] = token.as_str().into();
    }
    if let Some(dialect) = &options.dialect {
        hello["dialect"] = dialect.as_str().into();
    }
    hello.to_string().into()
}

/// A gateway opens no streams and sends no datagrams; what does is not counted here.
fn ignore() -> OnDrop {
    Arc::new(|_| {})
}

fn setup(error: impl std::fmt::Display) -> ConnectError {
    ConnectError::Setup(error.to_string())
}

fn quic_error(error: quinn::ConnectionError, target: &Target, options: &Options) -> ConnectError {
    match error {
        quinn::ConnectionError::TransportError(error) => tls_error(error.reason, target, options),
        quinn::ConnectionError::ConnectionClosed(close) => {
            ConnectError::Tls { at: target.authority(), why: close.to_string() }
        }
        quinn::ConnectionError::TimedOut => timeout(target, options),
        other => ConnectError::Ended { at: target.authority(), ended: crate::transport::quic_end::ended(other) },
    }
}

fn webtransport_error(error: ConnectingError, target: &Target, options: &Options) -> ConnectError {
    let at = target.authority();
    match error {
        ConnectingError::DnsLookup(error) => {
            ConnectError::Resolve { host: target.host.clone(), why: error.to_string() }
        }
        ConnectingError::DnsNotFound => ConnectError::Resolve { host: target.host.clone(), why: "none found".into() },
        ConnectingError::InvalidUrl(why) => ConnectError::url(&target.uri.to_string(), why),
        ConnectingError::SessionRejected => ConnectError::Rejected { at },
        ConnectingError::ConnectionError(ConnectionError::TimedOut) => timeout(target, options),
        ConnectingError::ConnectionError(ConnectionError::QuicProto(error)) => {
            tls_error(error.to_string(), target, options)
        }
        ConnectingError::ConnectionError(ConnectionError::ConnectionClosed(close)) => {
            ConnectError::Tls { at, why: close.to_string() }
        }
        ConnectingError::ConnectionError(error) => ConnectError::Ended { at, ended: Ended::Lost(error.to_string()) },
        other => ConnectError::Network { at, source: io::Error::other(other) },
    }
}

/// A handshake that failed here. QUIC hands on TLS's reason as a text only.
fn tls_error(why: String, target: &Target, options: &Options) -> ConnectError {
    let at = target.authority();
    if why.contains("invalid peer certificate") {
        ConnectError::Certificate { at, why, advice: options.trust.advice() }
    } else {
        ConnectError::Tls { at, why }
    }
}

fn timeout(target: &Target, options: &Options) -> ConnectError {
    ConnectError::Timeout { at: target.authority(), after: options.connect_timeout }
}
