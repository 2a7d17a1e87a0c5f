//! From an HTTP request to a WebSocket session (RFC 6455 §4.2, protocol.md §2).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::header::{
    CONNECTION, HeaderMap, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::debug;

use super::client::Client;
use super::door::NoRole;
use super::gate::Entry;
use super::patient::Patient;
use super::tcp::with_retry_after;
use super::{Door, ESTABLISH, House, Permit, Shown, query};
use crate::auth::{Credentials, is_bearer};
use crate::metrics::Handshake;
use crate::session::Admission;
use crate::transport::TransportKind;
use crate::transport::ws::{WsTransport, read_buffer};
use crate::wire::Close;

pub(super) struct Upgrade<'a> {
    pub(super) house: &'a Arc<House>,
    pub(super) door: &'a Arc<Door>,
    pub(super) client: Client,
    pub(super) tls: bool,
    /// It came through a proxy of ours, whose connection is not counted for an address yet.
    pub(super) proxied: bool,
}

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked_for<B>(request: &Request<B>) -> bool {
    request.method() == Method::GET
        && has_token(request.headers(), &CONNECTION, "upgrade")
        && has_token(request.headers(), &UPGRADE, "websocket")
}

/// The answer of a port that has nothing else.
pub(super) fn required() -> Response<Body> {
    let mut response = plain(StatusCode::UPGRADE_REQUIRED, "This port speaks WebSocket only.\n");
    response.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    response
}

impl Upgrade<'_> {
    /// Answers the request; with 101 the session begins as soon as the answer is written.
    pub(super) fn begin<S>(&self, request: &mut Request<Incoming>, permit: &Permit) -> Response<Body>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let role = match self.door.role_at(request.uri().path()) {
            Ok(role) => role,
            Err(no) => return self.refuse(no),
        };
        let accept = match accept_key(request.headers()) {
            Ok(accept) => accept,
            Err(bad) => return bad.into_response(),
        };
        if self.house.closing.is_cancelled() {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "The gateway is restarting.\n");
        }
        let mut entry = permit.lock().take();
        if let Some(uncounted) = entry.as_mut().filter(|_| self.proxied)
            && let Err(refusal) = self.house.gate.admit_client(uncounted, self.client.source, Instant::now())
        {
            self.house.metrics.refused(refusal.reason());
            // The proxy's connection stays; its next request may be another's.
            *permit.lock() = entry;
            return with_retry_after(plain(refusal.status(), refusal.words()), Duration::ZERO);
        }
        let asked = request.uri().query();
        let dialect = query::dialect(asked);
        let admission = self.door.admission(role, dialect.as_deref(), query::wishes(asked), self.client.addr);
        let shown = Shown {
            source: self.client.source,
            transport: self.transport(),
            path: Some(request.uri().path().into()),
            credentials: Credentials::of_request(asked, request.headers()),
        };
        let foreign = self.house.foreign_request(role, self.proxied, request.headers());
        let shown = foreign.map_or(Ok(shown), Err);
        self.spawn::<S>(hyper::upgrade::on(&mut *request), admission, shown, entry);
        switching(accept, subprotocol(request.headers()))
    }

    fn transport(&self) -> TransportKind {
        if self.tls { TransportKind::Wss } else { TransportKind::Ws }
    }

    fn refuse(&self, no: NoRole) -> Response<Body> {
        match no {
            NoRole::UnknownPath => {
                self.house.metrics.refused("path");
                plain(StatusCode::NOT_FOUND, "No such path. Roles: /player, /streamer, /sfu.\n")
            }
            NoRole::NotHere(role) => {
                self.house.metrics.refused("role");
                plain(StatusCode::FORBIDDEN, format!("This listener takes no {role}.\n"))
            }
        }
    }

    /// A peer that is turned away hears it as a close: a browser is told its code and reason, and nothing of another
    /// status.
    fn spawn<S>(&self, upgrade: OnUpgrade, admission: Admission, shown: Result<Shown, Close>, entry: Option<Entry>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (house, door) = (Arc::clone(self.house), Arc::clone(self.door));
        let kind = self.transport();
        let began = Instant::now();
        // A task of its own: the connection's, with HTTP's buffers, ends with the upgrade.
        self.house.tasks.spawn(async move {
            let _entry = entry;
            // Boxed, both: the session's task would keep the place that setting up takes, and each of the futures that
            // the transport is handed down through would have one of its own for it.
            let read_buffer = read_buffer(kind, admission.role);
            let opened = Box::pin(opened::<S>(upgrade, admission.remote, kind, read_buffer, house.max_message)).await;
            let Some(mut transport) = opened else { return house.metrics.refused("upgrade") };
            house.metrics.shook_hands(Handshake::WebSocket, began.elapsed());
            let authorised = match shown {
                Ok(shown) => {
                    let deadline = began + ESTABLISH;
                    Box::pin(house.authorise_newcomer(&door, &mut transport, admission, shown, deadline)).await
                }
                Err(close) => Err(close),
            };
            house.serve_or_refuse(transport, authorised).await;
        });
    }
}

/// The session's transport, once the answer is written.
async fn opened<S>(
    upgrade: OnUpgrade,
    remote: SocketAddr,
    kind: TransportKind,
    read_buffer: usize,
    max_message: usize,
) -> Option<Box<WsTransport<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (io, read_ahead) = upgraded::<S>(upgrade, remote).await?;
    Some(Box::new(WsTransport::server(io, &read_ahead, kind, read_buffer, max_message).await))
}

/// The socket as it was before HTTP, and what was read of it beyond the request.
async fn upgraded<S>(upgrade: OnUpgrade, remote: SocketAddr) -> Option<(S, bytes::Bytes)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    match tokio::time::timeout(ESTABLISH, upgrade).await {
        Ok(Ok(upgraded)) => {
            let parts = upgraded.downcast::<TokioIo<Patient<S>>>().ok()?;
            Some((parts.io.into_inner().into_inner(), parts.read_buf))
        }
        Ok(Err(error)) => {
            debug!(%remote, %error, "the upgrade failed");
            None
        }
        Err(_) => None,
    }
}

/// What is wrong with an upgrade request.
enum BadRequest {
    Version,
    Key,
}

impl BadRequest {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::Key => plain(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64.\n"),
            Self::Version => {
                let mut response = plain(StatusCode::UPGRADE_REQUIRED, "Only WebSocket version 13 is spoken here.\n");
                response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
                response
            }
        }
    }
}

fn accept_key(headers: &HeaderMap) -> Result<String, BadRequest> {
    if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(BadRequest::Version);
    }
    // Sixteen bytes in base64 (RFC 6455 §4.1).
    let key = headers.get(SEC_WEBSOCKET_KEY).filter(|key| key.len() == 24 && key.as_bytes().ends_with(b"=="));
    key.map(|key| derive_accept_key(key.as_bytes())).ok_or(BadRequest::Key)
}

/// The first that the client offers is echoed, but never one that carries a token.
fn subprotocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offers = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let mut offers = offers.flat_map(|value| value.split(',')).map(str::trim);
    let first = offers.find(|offer| !offer.is_empty() && !is_bearer(offer))?;
    HeaderValue::from_str(first).ok()
}

fn switching(accept: String, subprotocol: Option<HeaderValue>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(subprotocol) = subprotocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    response
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| part.trim().eq_ignore_ascii_case(token))
}

pub(super) fn plain(status: StatusCode, text: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
