//! How peers come to the verbatim relay: as to the gateway, without anything that may refuse them.

use std::future::poll_fn;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_hdr_async_with_config;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use wtransport::endpoint::IncomingSessionFuture;

use super::relay::{Board, Session};
use crate::tls::ALPN_H3;
use crate::transport::framed::{OnDrop, Side};
use crate::transport::quic::QuicTransport;
use crate::transport::webtransport::WebTransport;
use crate::transport::ws::{Metered, WsTransport, read_buffer, ws_config};
use crate::transport::{Incoming, Transport, TransportKind};
use crate::wire::Role;

const STREAMER: &[u8] = br#""streamer""#;

/// The gateway's default.
const MAX_MESSAGE: usize = 262_144;

pub(super) async fn serve_tcp(listener: TcpListener, tls: Option<TlsAcceptor>, board: Arc<Board>) {
    while let Ok((tcp, _)) = listener.accept().await {
        let (tls, board) = (tls.clone(), Arc::clone(&board));
        tokio::spawn(async move {
            let _ = tcp.set_nodelay(true);
            match tls {
                None => websocket(tcp, TransportKind::Ws, board).await,
                Some(tls) => {
                    if let Ok(tls) = tls.accept(tcp).await {
                        websocket(tls, TransportKind::Wss, board).await;
                    }
                }
            }
        });
    }
}

async fn websocket<S>(io: S, kind: TransportKind, board: Arc<Board>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut streams = false;
    #[expect(clippy::result_large_err, reason = "the callback's type is given")]
    let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        streams = request.uri().path().contains("streamer");
        Ok(response)
    };
    if let Ok(ws) = accept_hdr_async_with_config(Metered::new(io), look, Some(ws_config(MAX_MESSAGE))).await {
        // With the gateway's buffers, which depend on the role. Nothing was read ahead: generators wait to be greeted.
        let (io, role) = (ws.into_inner().into_inner(), if streams { Role::Streamer } else { Role::Player });
        let transport = WsTransport::server(io, &[], kind, read_buffer(kind, role), MAX_MESSAGE).await;
        Session::run(transport, streams, board).await;
    }
}

pub(super) async fn serve_udp(endpoint: quinn::Endpoint, board: Arc<Board>) {
    while let Some(incoming) = endpoint.accept().await {
        let board = Arc::clone(&board);
        tokio::spawn(async move { quic(incoming, board).await });
    }
}

async fn quic(incoming: quinn::Incoming, board: Arc<Board>) -> Option<()> {
    let mut connecting = incoming.accept().ok()?;
    let data = connecting.handshake_data().await.ok()?;
    let agreed = data.downcast::<quinn::crypto::rustls::HandshakeData>().ok()?.protocol;
    let ignore: OnDrop = Arc::new(|_| {});
    if agreed.as_deref() == Some(ALPN_H3) {
        let request = IncomingSessionFuture::with_quic_connecting(connecting).await.ok()?;
        let streams = request.path().contains("streamer");
        let connection = request.accept().await.ok()?;
        let halves = connection.accept_bi().await.ok()?;
        let transport = WebTransport::new(&connection, halves, Side::Server, MAX_MESSAGE, ignore);
        Session::run(transport, streams, board).await;
    } else {
        let connection = connecting.await.ok()?;
        let halves = connection.accept_bi().await.ok()?;
        let mut transport = QuicTransport::new(connection, halves, MAX_MESSAGE, ignore);
        let Ok(Incoming::Message(hello)) = poll_fn(|cx| transport.poll_recv(cx)).await else { return None };
        let streams = hello.windows(STREAMER.len()).any(|window| window == STREAMER);
        Session::run(transport, streams, board).await;
    }
    Some(())
}
