//! Bytes that no client of ours would send: sockets and streams opened by hand.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use pixelgate::transport::framed::Halves;
use pixelgate::transport::quic::ALPN;
use pixelgate::wire::Role;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpSocket;

use super::{Lab, Via, within};

/// The question after every hostile input, and its answer.
pub const PING: &[u8] = br#"{"type":"ping","time":77}"#;
const PONG: &[u8] = br#"{"type":"pong","time":77}"#;

/// A frame's first byte: final, and its opcode (RFC 6455 §5.2).
pub const TEXT: u8 = 0x81;
pub const BINARY: u8 = 0x82;
pub const CLOSE: u8 = 0x88;
pub const WS_PING: u8 = 0x89;
pub const WS_PONG: u8 = 0x8A;

/// What becomes of a hostile session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is answered.
    Stays,
    /// It is closed with that code; 1005 stands for none.
    Closed(u16),
    /// It ends without a close.
    Dropped,
}

/// A frame's header: its first byte, whether it is masked, the length that it announces.
pub fn header(first: u8, masked: bool, length: u64) -> Vec<u8> {
    let mask_bit = u8::from(masked) << 7;
    let mut head = vec![first];
    match length {
        0..126 => head.push(mask_bit | length as u8),
        126..65_536 => {
            head.push(mask_bit | 126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(mask_bit | 127);
            head.extend(length.to_be_bytes());
        }
    }
    if masked {
        head.extend(MASK);
    }
    head
}

const MASK: [u8; 4] = [0x5A, 0x11, 0xE7, 0x08];

/// A masked frame, as a client sends it.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, true, payload.len() as u64);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A message on a QUIC stream.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message");
    [&length.to_be_bytes()[..], message].concat()
}

/// TCP, or TLS over it.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// A WebSocket session whose frames are made by hand.
pub struct RawWs {
    io: Box<dyn Stream>,
    inbox: BytesMut,
}

impl Lab {
    /// A WebSocket session, upgraded by a request of our own.
    pub async fn raw_ws(&self, via: Via, role: Role) -> RawWs {
        let bound = self.gateway().bound();
        let addr = if via == Via::Wss { bound.https } else { bound.http }.expect("the listener is on");
        RawWs::open(addr, via == Via::Wss, role, None).await
    }

    /// A QUIC connection with our own protocol on which nothing was said yet.
    pub async fn raw_quic(&self) -> quinn::Connection {
        let addr = self.gateway().bound().quic.expect("the listener is on");
        quic_connection(&quic_endpoint(), addr).await
    }

    /// A session over raw QUIC or WebTransport whose stream is written by hand.
    pub async fn raw_stream(&self, via: Via, role: Role) -> RawStream {
        let addr = self.gateway().bound().quic.expect("the listener is on");
        if via == Via::WebTransport {
            return RawStream::webtransport(addr, role).await;
        }
        RawStream::quic(quic_connection(&quic_endpoint(), addr).await, Some(role)).await
    }
}

impl RawWs {
    /// `buffers`: how much the system may hold for it in each direction; its own choice otherwise. Small ones come with
    /// small segments: the gateway's side has room for a number of them, and on loopback that is megabytes.
    pub async fn open(addr: SocketAddr, tls: bool, role: Role, buffers: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(size) = buffers {
            socket.set_recv_buffer_size(size).expect("a smaller buffer");
            socket.set_send_buffer_size(size).expect("a smaller buffer");
            #[cfg(unix)]
            socket2::SockRef::from(&socket).set_tcp_mss(536).expect("smaller segments");
        }
        let tcp = within("a TCP connection", socket.connect(addr)).await.expect("somebody listens");
        tcp.set_nodelay(true).expect("a TCP option");
        let io: Box<dyn Stream> = if tls { Box::new(secured(tcp).await) } else { Box::new(tcp) };
        let mut raw = Self { io, inbox: BytesMut::new() };
        raw.upgrade(role, &format!("Host: {addr}\r\n")).await;
        raw
    }

    /// A session that is asked for with headers of the test's own, `Host` among them.
    pub async fn with_headers(addr: SocketAddr, tls: bool, role: Role, headers: &str) -> Self {
        let tcp = within("a TCP connection", tokio::net::TcpStream::connect(addr)).await.expect("somebody listens");
        let io: Box<dyn Stream> = if tls { Box::new(secured(tcp).await) } else { Box::new(tcp) };
        let mut raw = Self { io, inbox: BytesMut::new() };
        raw.upgrade(role, headers).await;
        raw
    }

    /// From that address. The error is the status of the answer, where there is one.
    pub async fn try_open(addr: SocketAddr, tls: bool, role: Role, from: Ipv4Addr) -> Result<Self, Option<u16>> {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((from, 0).into()).expect("a loopback address");
        let tcp = within("a TCP connection", socket.connect(addr)).await.expect("somebody listens");
        let io: Box<dyn Stream> = if tls { Box::new(try_secure(tcp).await.ok_or(None)?) } else { Box::new(tcp) };
        let mut raw = Self { io, inbox: BytesMut::new() };
        match raw.asks_to_upgrade(role, &format!("Host: {addr}\r\n")).await {
            Some(101) => Ok(raw),
            status => Err(status),
        }
    }

    async fn upgrade(&mut self, role: Role, headers: &str) {
        let status = self.asks_to_upgrade(role, headers).await;
        assert_eq!(status, Some(101), "the answer to the upgrade");
    }

    /// The status of the answer; `None` when there is none.
    async fn asks_to_upgrade(&mut self, role: Role, headers: &str) -> Option<u16> {
        let request = format!(
            "GET /{role} HTTP/1.1\r\n{headers}Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        self.sends(request.as_bytes()).await;
        let end = loop {
            if let Some(end) = self.inbox.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            if !self.more().await {
                return None;
            }
        };
        let answer = self.inbox.split_to(end);
        std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
    }

    /// Sends bytes as they are. The gateway may have hung up before it took them all: that is no error here.
    pub async fn sends(&mut self, bytes: &[u8]) {
        let _ = self.tries_to_send(bytes).await;
    }

    pub async fn tries_to_send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.io.write_all(bytes).await?;
        self.io.flush().await
    }

    /// Sends `bytes` again and again for as long as the connection takes them, and listens meanwhile.
    pub fn floods(self, bytes: Vec<u8>) -> Self {
        let (read, mut write) = tokio::io::split(self.io);
        tokio::spawn(async move { while write.write_all(&bytes).await.is_ok() {} });
        Self { io: Box::new(tokio::io::join(read, tokio::io::sink())), inbox: self.inbox }
    }

    /// Ends its own direction.
    pub async fn stops_sending(&mut self) {
        let _ = self.io.shutdown().await;
    }

    /// The next frame's first byte and payload; `None` at the end.
    pub async fn hears(&mut self) -> Option<(u8, Bytes)> {
        loop {
            if let Some(frame) = take_frame(&mut self.inbox) {
                return Some(frame);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Asks for a sign of life: what has become of this session?
    pub async fn fate(&mut self) -> Fate {
        self.sends(&frame(TEXT, PING)).await;
        let listening = async {
            while let Some((first, payload)) = self.hears().await {
                match first {
                    TEXT if payload == PONG => return Fate::Stays,
                    CLOSE => return Fate::Closed(close_code(&payload)),
                    _ => {}
                }
            }
            Fate::Dropped
        };
        within("a WebSocket session's fate", listening).await
    }

    async fn more(&mut self) -> bool {
        matches!(within("bytes", self.io.read_buf(&mut self.inbox)).await, Ok(1..))
    }
}

fn close_code(payload: &[u8]) -> u16 {
    payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code))
}

/// A server's frame: not masked.
fn take_frame(inbox: &mut BytesMut) -> Option<(u8, Bytes)> {
    let (&[first, length], rest) = inbox.split_first_chunk()?;
    let (skip, length) = match length {
        126 => (4, u16::from_be_bytes(*rest.first_chunk()?) as usize),
        127 => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).expect("a length")),
        short => (2, short as usize),
    };
    if inbox.len() < skip + length {
        return None;
    }
    inbox.advance(skip);
    Some((first, inbox.split_to(length).freeze()))
}

/// A session on a QUIC stream whose bytes are written by hand.
pub struct RawStream {
    pub connection: quinn::Connection,
    halves: Box<dyn Halves>,
    inbox: BytesMut,
    webtransport: Option<(wtransport::Connection, wtransport::Endpoint<wtransport::endpoint::endpoint_side::Client>)>,
}

impl RawStream {
    /// The first stream of a connection, with a `hello` for a role.
    pub async fn quic(connection: quinn::Connection, hello: Option<Role>) -> Self {
        let halves = connection.open_bi().await.expect("a stream");
        let mut raw = Self { connection, halves: Box::new(halves), inbox: BytesMut::new(), webtransport: None };
        if let Some(role) = hello {
            raw.sends(&framed(format!(r#"{{"type":"hello","role":"{role}"}}"#).as_bytes())).await;
        }
        raw
    }

    async fn webtransport(addr: SocketAddr, role: Role) -> Self {
        webtransport_at(Ipv4Addr::LOCALHOST, addr, role).await.expect("a session")
    }

    async fn of_session(
        session: wtransport::Connection,
        endpoint: wtransport::Endpoint<wtransport::endpoint::endpoint_side::Client>,
    ) -> Self {
        let halves = session.open_bi().await.expect("a stream").await.expect("a stream");
        let connection = session.quic_connection().clone();
        let webtransport = Some((session, endpoint));
        Self { connection, halves: Box::new(halves), inbox: BytesMut::new(), webtransport }
    }

    /// The session above the connection, where it is WebTransport.
    pub fn session(&self) -> Option<&wtransport::Connection> {
        self.webtransport.as_ref().map(|(session, _)| session)
    }

    /// Sends bytes as they are. The gateway may have closed before it took them all: that is no error here.
    pub async fn sends(&mut self, bytes: &[u8]) {
        let _ = within("bytes to be taken", self.halves.send().write_all(bytes)).await;
    }

    pub fn send(&mut self) -> &mut quinn::SendStream {
        self.halves.send()
    }

    pub fn recv(&mut self) -> &mut quinn::RecvStream {
        self.halves.recv()
    }

    /// The next message; `None` when the stream has ended, or been reset.
    pub async fn hears(&mut self) -> Option<Bytes> {
        loop {
            if let Some(message) = self.take() {
                return Some(message);
            }
            let chunk = pin!(self.halves.recv().read_chunk(64 << 10, true));
            match within("bytes on a stream", chunk).await {
                Ok(Some(chunk)) => self.inbox.extend_from_slice(&chunk.bytes),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    fn take(&mut self) -> Option<Bytes> {
        let length = u32::from_be_bytes(*self.inbox.first_chunk()?) as usize;
        if self.inbox.len() < 4 + length {
            return None;
        }
        self.inbox.advance(4);
        Some(self.inbox.split_to(length).freeze())
    }

    /// Asks for a sign of life: what has become of this session?
    pub async fn fate(&mut self) -> Fate {
        self.sends(&framed(PING)).await;
        self.outcome().await
    }

    /// What becomes of this session, which is not asked.
    pub async fn outcome(&mut self) -> Fate {
        while let Some(message) = self.hears().await {
            if message == PONG {
                return Fate::Stays;
            }
        }
        match within("a QUIC connection's end", self.connection.closed()).await {
            quinn::ConnectionError::ApplicationClosed(close) => {
                Fate::Closed(u16::try_from(close.error_code.into_inner()).expect("a close code"))
            }
            _ => Fate::Dropped,
        }
    }
}

/// An endpoint for WebTransport sessions that are used by hand.
pub fn webtransport_endpoint() -> wtransport::Endpoint<wtransport::endpoint::endpoint_side::Client> {
    webtransport_endpoint_at(Ipv4Addr::LOCALHOST)
}

fn webtransport_endpoint_at(from: Ipv4Addr) -> wtransport::Endpoint<wtransport::endpoint::endpoint_side::Client> {
    let config =
        wtransport::ClientConfig::builder().with_bind_address((from, 0).into()).with_custom_tls(tls(b"h3")).build();
    wtransport::Endpoint::client(config).expect("an endpoint")
}

/// A WebTransport session from that address, unless it is refused.
pub async fn webtransport_at(from: Ipv4Addr, addr: SocketAddr, role: Role) -> Option<RawStream> {
    let endpoint = webtransport_endpoint_at(from);
    let session = within("a session or its refusal", endpoint.connect(format!("https://{addr}/{role}"))).await.ok()?;
    Some(RawStream::of_session(session, endpoint).await)
}

/// An endpoint for QUIC connections that are used by hand.
pub fn quic_endpoint() -> quinn::Endpoint {
    quic_endpoint_at(Ipv4Addr::LOCALHOST, ALPN)
}

/// The same at that address, for another protocol.
pub fn quic_endpoint_at(from: Ipv4Addr, alpn: &[u8]) -> quinn::Endpoint {
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls(alpn)).expect("TLS 1.3");
    let mut config = quinn::ClientConfig::new(Arc::new(crypto));
    let mut transport = quinn::TransportConfig::default();
    transport.keep_alive_interval(Some(Duration::from_secs(5)));
    config.transport_config(Arc::new(transport));
    let mut endpoint = quinn::Endpoint::client((from, 0).into()).expect("an endpoint");
    endpoint.set_default_client_config(config);
    endpoint
}

pub async fn quic_connection(endpoint: &quinn::Endpoint, addr: SocketAddr) -> quinn::Connection {
    let connecting = endpoint.connect(addr, "localhost").expect("an address");
    within("a QUIC connection", connecting).await.expect("a QUIC connection")
}

pub async fn secured(tcp: tokio::net::TcpStream) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    try_secure(tcp).await.expect("a TLS handshake")
}

async fn try_secure(tcp: tokio::net::TcpStream) -> Option<tokio_rustls::client::TlsStream<tokio::net::TcpStream>> {
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls(b"http/1.1")));
    let name = ServerName::try_from("localhost").expect("a name");
    within("a TLS handshake", connector.connect(name, tcp)).await.ok()
}

/// TLS that believes every certificate: these tests are about what comes after it.
fn tls(alpn: &[u8]) -> ClientConfig {
    let mut tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous))
        .with_no_client_auth();
    tls.alpn_protocols = vec![alpn.to_vec()];
    tls
}

#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
