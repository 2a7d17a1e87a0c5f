//! Connections of the generator.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::Failure;
use super::link::{Carried, Lean, Link};
use crate::client::{Client, Options, Trust};
use crate::config::Via;

/// How long anything up to the session may take: thousands may be waiting.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest answer to an upgrade.
const ANSWER: usize = 16 * 1024;

/// What a narrow socket holds, in bytes.
const NARROW: u32 = 4096;

/// Source addresses, where the server is on this machine: each has as many ports as there are.
const SOURCES: usize = 200;

/// Opens connections.
#[derive(Clone)]
pub(super) struct Dialer {
    client: Client,
    tls: Arc<rustls::ClientConfig>,
    token: Option<String>,
    opened: Arc<AtomicUsize>,
    /// What a socket holds for a reader, in bytes; `None` for what the system thinks best.
    room: Option<u32>,
}

impl Dialer {
    pub(super) fn new(trust: Trust, token: Option<String>) -> Result<Self, Failure> {
        let mut tls = trust.tls_config()?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let client =
            Client::new(Options { token: token.clone(), trust, connect_timeout: PATIENCE, ..Options::default() })?;
        Ok(Self { client, tls: Arc::new(tls), token, opened: Arc::default(), room: None })
    }

    /// One whose sockets hold little for those who do not read.
    pub(super) fn narrow(&self) -> Self {
        Self { room: Some(NARROW), ..self.clone() }
    }

    /// Opens a session.
    pub(super) async fn link(&self, url: &http::Uri) -> Result<Link, Failure> {
        match Via::of(url) {
            via @ (Via::Ws | Via::Wss) => {
                let opening = timeout(PATIENCE, self.websocket(url, via)).await;
                opening.unwrap_or_else(|_| Err(Failure::Dial { at: authority(url), why: "no answer".into() }))
            }
            Via::WebTransport | Via::Quic => {
                let connection = self.client.connect(&url.to_string()).await?;
                Ok(Link::Quic(Carried::new(connection.into_transport())))
            }
        }
    }

    async fn websocket(&self, url: &http::Uri, via: Via) -> Result<Link, Failure> {
        let at = authority(url);
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_u16().unwrap_or(if via == Via::Ws { 80 } else { 443 });
        let tcp = self.tcp(&resolve(host, port).await?).await?;
        let request = self.request(url, &at);
        if via == Via::Ws {
            let (tcp, rest) = upgrade(tcp, &request, &at).await?;
            return Ok(Link::Ws(Lean::new(tcp, &rest)));
        }
        let wrong = |why: String| Failure::Dial { at: at.clone(), why };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| wrong(error.to_string()))?;
        let tls = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await;
        let (tls, rest) = upgrade(tls.map_err(|error| wrong(error.to_string()))?, &request, &at).await?;
        Ok(Link::Wss(Box::new(Lean::new(tls, &rest))))
    }

    /// A connection to one of these addresses.
    pub(super) async fn tcp(&self, addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
        let mut failure = Failure::Asked("no address to connect to".into());
        for &address in addresses {
            match self.connect(address).await {
                Ok(tcp) => return Ok(tcp),
                Err(error) => failure = Failure::of_socket(&error, &address.to_string()),
            }
        }
        Err(failure)
    }

    async fn connect(&self, address: SocketAddr) -> std::io::Result<TcpStream> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(source) = self.source(address.ip()) {
            socket.bind(SocketAddr::new(source, 0))?;
        }
        if let Some(room) = self.room {
            socket.set_recv_buffer_size(room)?;
        }
        let tcp = socket.connect(address).await?;
        tcp.set_nodelay(true)?;
        Ok(tcp)
    }

    /// Another address of this machine each time: one has some 28,000 ports. Other systems have but one on loopback.
    fn source(&self, to: IpAddr) -> Option<IpAddr> {
        let nth = self.opened.fetch_add(1, Ordering::Relaxed) % SOURCES;
        let many = cfg!(target_os = "linux") && to.is_ipv4() && to.is_loopback();
        many.then(|| Ipv4Addr::new(127, 0, 1, 1 + nth as u8).into())
    }

    fn request(&self, url: &http::Uri, at: &str) -> String {
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let token = self.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        // The key is not looked at again: what answers 101 here is the server that is measured.
        format!(
            "GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cGl4ZWxnYXRlLWJlbmNoIQ==\r\n{token}\r\n"
        )
    }
}

/// The addresses of a host, IPv4 first.
async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found = found.map_err(|error| Failure::Dial { at: host.into(), why: error.to_string() })?;
    let mut addresses: Vec<_> = found.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    Ok(addresses)
}

/// Asks for a WebSocket. Returns what came behind the answer, too.
async fn upgrade<S>(mut io: S, request: &str, at: &str) -> Result<(S, Vec<u8>), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let fail = |why: String| Failure::Dial { at: at.into(), why };
    let failed = |error: std::io::Error| fail(error.to_string());
    io.write_all(request.as_bytes()).await.map_err(failed)?;
    io.flush().await.map_err(failed)?;
    let mut answer = Vec::with_capacity(512);
    loop {
        if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = answer.split_off(end + 4);
            let status = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let upgraded = status.starts_with(b"HTTP/1.1 101");
            return if upgraded { Ok((io, rest)) } else { Err(fail(String::from_utf8_lossy(status).into_owned())) };
        }
        let read = io.read_buf(&mut answer).await.map_err(failed)?;
        if read == 0 || answer.len() > ANSWER {
            return Err(fail("it answers the upgrade with nothing that ends".into()));
        }
    }
}

fn authority(url: &http::Uri) -> String {
    url.authority().map(ToString::to_string).unwrap_or_default()
}
