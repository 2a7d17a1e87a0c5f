//! The yardstick: what the sockets themselves allow.
//!
//! * [`relay`]: a verbatim relay over the gateway's own transports, their sockets and buffer settings, that batches and
//!   flushes as the gateway does. It parses no relayed message and has no rules.
//! * [`bytes`]: pairs of TCP connections, joined byte by byte: the yardstick's own yardstick. A relay that does less
//!   than half as much is none to compare with.
//! * [`bare`]: a loop that writes the same bytes to many sockets.
//!
//! They run in a process of their own, so that its CPU time is measured like the gateway's.

mod bare;
mod bytes;
mod doors;
mod relay;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::error::Failure;
use crate::config::Via;
use crate::tls::{Certificates, Fingerprint, server_config_quic, server_config_tcp};
use crate::transport::Keepalive;
use crate::transport::quic::quic_transport_config;

pub(super) use bytes::paired;
pub(super) use relay::QUEUE;

/// The ratio to a relay of plain bytes below which nothing is to be compared with the limit.
pub(super) const VOID_BELOW: f64 = 0.5;

/// The gateway's own.
const KEEPALIVE: Keepalive = Keepalive { interval: Duration::from_secs(15), timeout: Duration::from_secs(45) };

/// Connections that the kernel holds until they are accepted, as at the gateway.
const BACKLOG: u32 = 4096;

/// What a UDP socket should hold, as at the gateway.
const UDP_BUFFER: usize = 4 << 20;

/// Where the yardsticks are, as the process that has them says it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Yardsticks {
    ws: SocketAddr,
    wss: SocketAddr,
    quic: SocketAddr,
    /// The relay of plain bytes.
    pub(super) bytes: SocketAddr,
    bare: SocketAddr,
    /// SHA-256 of the certificate.
    pub(super) hash: String,
}

impl Yardsticks {
    /// Where the verbatim relay takes a role over a transport.
    pub(super) fn relay(&self, via: Via, role: &str) -> http::Uri {
        let (scheme, addr) = match via {
            Via::Ws => ("ws", self.ws),
            Via::Wss => ("wss", self.wss),
            Via::WebTransport => ("https", self.quic),
            Via::Quic => ("quic", self.quic),
        };
        uri(&format!("{scheme}://{addr}/{role}"))
    }

    /// Where the bare loop takes a role.
    pub(super) fn bare(&self, role: &str) -> http::Uri {
        uri(&format!("ws://{}/{role}", self.bare))
    }
}

fn uri(text: &str) -> http::Uri {
    text.parse().expect("an address and a path make a URL")
}

/// Serves until standard input ends, as it does with the process that started this one.
pub(super) fn serve() -> Result<(), Failure> {
    let fail = |why: String| Failure::Child { what: "the limit", why };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| fail(error.to_string()))?;
    let yardsticks = runtime.block_on(open()).map_err(|error| fail(error.to_string()))?;
    let line = serde_json::to_string(&yardsticks).map_err(|error| fail(error.to_string()))?;
    let mut out = std::io::stdout();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| fail(error.to_string()))?;
    // Nothing is expected there but the end.
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    runtime.shutdown_background();
    Ok(())
}

async fn open() -> Result<Yardsticks, Box<dyn std::error::Error>> {
    let certificates = Certificates::dev(None, SystemTime::now())?;
    let hash = certificates.published_hashes().first().map(Fingerprint::to_string).unwrap_or_default();
    let tls = server_config_tcp(Arc::clone(&certificates))?;
    let mut config = quinn::ServerConfig::with_crypto(server_config_quic(certificates)?);
    config.transport_config(Arc::new(quic_transport_config(KEEPALIVE)));
    let endpoint =
        quinn::Endpoint::new(quinn::EndpointConfig::default(), Some(config), udp()?, Arc::new(quinn::TokioRuntime))?;
    let (ws, wss, bytes, bare) = (tcp()?, tcp()?, tcp()?, tcp()?);
    let yardsticks = Yardsticks {
        ws: ws.local_addr()?,
        wss: wss.local_addr()?,
        quic: endpoint.local_addr()?,
        bytes: bytes.local_addr()?,
        bare: bare.local_addr()?,
        hash,
    };
    let board = Arc::<relay::Board>::default();
    tokio::spawn(doors::serve_tcp(ws, None, Arc::clone(&board)));
    tokio::spawn(doors::serve_tcp(wss, Some(tls.into()), Arc::clone(&board)));
    tokio::spawn(doors::serve_udp(endpoint, board));
    tokio::spawn(bytes::serve(bytes));
    tokio::spawn(bare::serve(bare));
    Ok(yardsticks)
}

fn tcp() -> std::io::Result<TcpListener> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    socket.listen(BACKLOG)
}

fn udp() -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let wished = socket2::SockRef::from(&socket);
    let _ = wished.set_recv_buffer_size(UDP_BUFFER);
    let _ = wished.set_send_buffer_size(UDP_BUFFER);
    Ok(socket)
}
