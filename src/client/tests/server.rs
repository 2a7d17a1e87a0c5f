//! A server of each transport that takes sessions and has no rules.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use wtransport::endpoint::IncomingSessionFuture;

use super::super::*;
use crate::transport::framed::Side;
use crate::transport::quic::{ALPN, QuicTransport};
use crate::transport::testing::{self, KEEPALIVE, message, server_endpoint, within};
use crate::transport::webtransport::WebTransport;
use crate::transport::ws::{Metered, WsTransport, ws_config};
use crate::transport::{Transport, TransportKind};
use crate::wire::MAX_MESSAGE;

/// What a client showed before its session began.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// Path and query; the `hello` on raw QUIC.
    pub(super) asked: String,
    pub(super) authorization: Option<String>,
    pub(super) subprotocols: Option<String>,
}

/// A server of one transport that takes sessions and has no rules.
pub(super) struct Server {
    pub(super) kind: TransportKind,
    pub(super) address: SocketAddr,
    pub(super) listener: Listener,
    pub(super) certificate: CertificateDer<'static>,
}

pub(super) enum Listener {
    Tcp(TcpListener, Option<TlsAcceptor>),
    Udp(quinn::Endpoint),
}

impl Server {
    pub(super) async fn new(kind: TransportKind) -> Self {
        Self::with_keepalive(kind, KEEPALIVE).await
    }

    pub(super) async fn with_keepalive(kind: TransportKind, keepalive: Keepalive) -> Self {
        if matches!(kind, TransportKind::Quic | TransportKind::WebTransport) {
            let (endpoint, certificate) = server_endpoint(keepalive, &[ALPN, b"h3"]);
            let address = endpoint.local_addr().unwrap();
            return Self { kind, address, listener: Listener::Udp(endpoint), certificate };
        }
        let (tls, certificate) = testing::server_tls(&[b"http/1.1"]);
        let acceptor = (kind == TransportKind::Wss).then(|| TlsAcceptor::from(Arc::new(tls)));
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        Self { kind, address, listener: Listener::Tcp(tcp, acceptor), certificate }
    }

    pub(super) fn url_at(&self, address: SocketAddr) -> String {
        let scheme = match self.kind {
            TransportKind::Ws => "ws",
            TransportKind::Wss => "wss",
            TransportKind::WebTransport => "https",
            TransportKind::Quic => "quic",
        };
        format!("{scheme}://{address}/player")
    }

    pub(super) fn url(&self) -> String {
        self.url_at(self.address)
    }

    pub(super) fn hash(&self) -> Trust {
        Trust::Hashes(vec![certificate_hash(&self.certificate)])
    }

    pub(super) fn client(&self) -> Client {
        Client::new(Options { trust: self.hash(), ..Options::default() }).unwrap()
    }

    pub(super) async fn accept(&self) -> (Box<dyn Transport>, Shown) {
        match &self.listener {
            Listener::Tcp(listener, None) => upgrade(listener.accept().await.unwrap().0, self.kind).await,
            Listener::Tcp(listener, Some(tls)) => {
                let tcp = listener.accept().await.unwrap().0;
                upgrade(tls.accept(tcp).await.unwrap(), self.kind).await
            }
            Listener::Udp(endpoint) if self.kind == TransportKind::Quic => accept_quic(endpoint).await,
            Listener::Udp(endpoint) => accept_webtransport(endpoint).await,
        }
    }

    /// A client's connection and the server's end of it.
    pub(super) async fn session(&self, client: &Client) -> (Connection, Box<dyn Transport>, Shown) {
        let url = self.url();
        let (connection, (server, shown)) = within(async { tokio::join!(client.connect(&url), self.accept()) }).await;
        (connection.unwrap(), server, shown)
    }
}

async fn upgrade<S>(io: S, kind: TransportKind) -> (Box<dyn Transport>, Shown)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let mut shown = Shown::default();
    #[allow(clippy::result_large_err, reason = "the library's signature")]
    let look = |request: &Request, mut answer: Response| -> Result<Response, ErrorResponse> {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        shown.asked = request.uri().to_string();
        shown.authorization = header("authorization");
        shown.subprotocols = header("sec-websocket-protocol");
        if let Some(offers) = &shown.subprotocols {
            let first = offers.split(',').next().unwrap().parse().unwrap();
            answer.headers_mut().insert("sec-websocket-protocol", first);
        }
        Ok(answer)
    };
    let config = Some(ws_config(MAX_MESSAGE));
    let ws = accept_hdr_async_with_config(Metered::new(io), look, config).await.unwrap();
    (Box::new(WsTransport::new(ws, kind)), shown)
}

async fn accept_quic(endpoint: &quinn::Endpoint) -> (Box<dyn Transport>, Shown) {
    let connection = endpoint.accept().await.unwrap().await.unwrap();
    let halves = connection.accept_bi().await.unwrap();
    let mut transport = QuicTransport::new(connection, halves, MAX_MESSAGE, testing::Drops::default().counter());
    let hello = String::from_utf8(message(&mut transport).await.to_vec()).unwrap();
    (Box::new(transport), Shown { asked: hello, ..Shown::default() })
}

async fn accept_webtransport(endpoint: &quinn::Endpoint) -> (Box<dyn Transport>, Shown) {
    let connecting = endpoint.accept().await.unwrap().accept().unwrap();
    let request = IncomingSessionFuture::with_quic_connecting(connecting).await.unwrap();
    let shown = Shown {
        asked: request.path().to_owned(),
        authorization: request.headers().get("authorization").cloned(),
        subprotocols: None,
    };
    let connection = request.accept().await.unwrap();
    let halves = connection.accept_bi().await.unwrap();
    let ignored = testing::Drops::default().counter();
    (Box::new(WebTransport::new(&connection, halves, Side::Server, MAX_MESSAGE, ignored)), shown)
}
