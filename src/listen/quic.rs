//! From a QUIC handshake to a session: WebTransport by path, raw QUIC by its `hello` frame (protocol.md §2).

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use quinn::crypto::rustls::HandshakeData;
use quinn::{Connecting, ConnectionError};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;
use wtransport::endpoint::{IncomingSessionFuture, SessionRequest};

use super::door::NoRole;
use super::udp::Permits;
use super::{Door, House, Shown, query};
use crate::auth::Credentials;
use crate::hub::Wishes;
use crate::limits::Source;
use crate::session::Admission;
use crate::tls::ALPN_H3;
use crate::transport::framed::{OnDrop, Side};
use crate::transport::quic::QuicTransport;
use crate::transport::webtransport::WebTransport;
use crate::transport::{Incoming, Transport, TransportKind};
use crate::wire::{Close, CloseCode, Kind, Message};

/// How long a refused raw QUIC peer is given to hear why.
pub(super) const REFUSAL: Duration = Duration::from_millis(1500);

/// Empty frames are ignored (protocol.md §5.7); before the `hello` no rate is enforced yet.
const EMPTY_FRAMES: usize = 16;

/// A peer on its way to a session.
pub(super) struct Establishing<'a> {
    pub(super) house: &'a Arc<House>,
    pub(super) door: &'a Door,
    pub(super) remote: SocketAddr,
    /// By when it must have said what it wants.
    pub(super) deadline: Instant,
}

/// A peer that was let in.
pub(super) enum Established {
    WebTransport(WebTransport, Admission),
    Raw(QuicTransport, Admission),
}

impl Establishing<'_> {
    /// `None` when the peer is not let in; why is counted.
    pub(super) async fn run(&self, mut connecting: Connecting, permits: &mut Permits) -> Option<Established> {
        match is_h3(&mut connecting).await {
            Ok(true) => self.webtransport(connecting, permits).await,
            Ok(false) => self.raw(connecting, permits).await,
            Err(error) => self.handshake_failed(permits, &error),
        }
    }

    async fn webtransport(&self, connecting: Connecting, permits: &mut Permits) -> Option<Established> {
        let request = match IncomingSessionFuture::with_quic_connecting(connecting).await {
            Ok(request) => request,
            Err(error) => {
                // Who ended it is not told.
                permits.ended_by_peer = true;
                return self.failed("webtransport", &error);
            }
        };
        if let Err(refusal) = permits.prove(self.house, self.door.crowd()) {
            request.too_many_requests().await;
            return self.failed(refusal.reason(), &"its address was proven by the handshake");
        }
        let (path, query) =
            request.path().split_once('?').map_or((request.path(), None), |(path, query)| (path, Some(query)));
        let role = match self.door.role_at(path) {
            Ok(role) => role,
            Err(no) => return self.refuse(request, no).await,
        };
        if self.house.foreign_session(role, request.authority(), request.origin()) {
            return self.forbid(request).await;
        }
        let dialect = query::dialect(query);
        let admission = self.door.admission(role, dialect.as_deref(), query::wishes(query), self.remote);
        let authorization = request.headers().get("authorization").map(String::as_str);
        let shown = Shown {
            source: Source::peer(self.remote.ip()),
            transport: TransportKind::WebTransport,
            path: Some(path.into()),
            credentials: Credentials::of_session(query, authorization),
        };
        let connection = match request.accept().await {
            Ok(connection) => connection,
            Err(error) => return self.failed("webtransport", &error),
        };
        let halves = match timeout_at(self.deadline, connection.accept_bi()).await {
            Ok(Ok(halves)) => halves,
            Ok(Err(error)) => return self.failed("no_stream", &error),
            Err(_) => {
                connection.close(CloseCode::POLICY.0.into(), b"no stream within 10 s");
                return self.failed("no_stream", &"nothing within 10 s");
            }
        };
        let mut transport =
            WebTransport::new(&connection, halves, Side::Server, self.house.max_message, self.on_drop());
        // Only now: a browser learns nothing of a session that was rejected.
        match self.house.authorise(self.door, &mut transport, admission, shown, self.deadline).await {
            Ok(admission) => Some(Established::WebTransport(transport, admission)),
            Err(close) => {
                self.house.sessions.turn_away(transport, &close).await;
                None
            }
        }
    }

    async fn refuse(&self, request: SessionRequest, no: NoRole) -> Option<Established> {
        match no {
            NoRole::UnknownPath => {
                self.house.metrics.refused("path");
                request.not_found().await;
            }
            NoRole::NotHere(_) => {
                self.house.metrics.refused("role");
                request.forbidden().await;
            }
        }
        None
    }

    async fn forbid(&self, request: SessionRequest) -> Option<Established> {
        request.forbidden().await;
        None
    }

    async fn raw(&self, connecting: Connecting, permits: &mut Permits) -> Option<Established> {
        let connection = match connecting.await {
            Ok(connection) => connection,
            Err(error) => return self.handshake_failed(permits, &error),
        };
        if let Err(refusal) = permits.prove(self.house, self.door.crowd()) {
            connection.close(CloseCode::TRY_AGAIN.0.into(), refusal.words().trim_end().as_bytes());
            return self.failed(refusal.reason(), &"its address was proven by the handshake");
        }
        let halves = match timeout_at(self.deadline, connection.accept_bi()).await {
            Ok(Ok(halves)) => halves,
            Ok(Err(error)) => return self.failed("no_stream", &error),
            Err(_) => {
                connection.close(CloseCode::POLICY.0.into(), b"no hello within 10 s");
                return self.failed("hello", &"nothing within 10 s");
            }
        };
        let limit = self.house.max_message;
        let mut transport = QuicTransport::new(connection, halves, limit, self.on_drop());
        match self.hello(&mut transport).await {
            Ok(admission) => Some(Established::Raw(transport, admission)),
            Err(refusal) => {
                let _ = timeout(REFUSAL, poll_fn(|cx| transport.poll_close(cx, &refusal))).await;
                None
            }
        }
    }

    /// Hears the `hello`, and whether its sender may come in. Whoever may not is counted.
    pub(super) async fn hello(&self, transport: &mut impl Transport) -> Result<Admission, Close> {
        let hello = timeout_at(self.deadline, first_message(transport)).await;
        match hello.map_or(Err(policy("no hello within 10 s")), |hello| self.welcome(hello)) {
            Ok((admission, shown)) => self.house.authorise(self.door, transport, admission, shown, self.deadline).await,
            Err(refusal) => {
                self.house.metrics.refused("hello");
                Err(refusal)
            }
        }
    }

    /// What a first message asks for.
    fn welcome(&self, hello: Result<Message, Close>) -> Result<(Admission, Shown), Close> {
        let hello = hello?;
        if hello.kind() != Kind::Hello {
            return Err(policy("the first frame must be a hello"));
        }
        let role = hello.role().ok_or_else(|| policy("hello: the role must be player, streamer or sfu"))?;
        let role = self.door.admit(role).map_err(|_| policy("this listener does not take that role"))?;
        let admission = self.door.admission(role, hello.dialect().as_deref(), Wishes::default(), self.remote);
        let credentials = Credentials::of_hello(hello.token().as_deref());
        let source = Source::peer(self.remote.ip());
        Ok((admission, Shown { source, transport: TransportKind::Quic, path: None, credentials }))
    }

    fn handshake_failed(&self, permits: &mut Permits, error: &ConnectionError) -> Option<Established> {
        permits.ended_by_peer =
            matches!(error, ConnectionError::ConnectionClosed(_) | ConnectionError::ApplicationClosed(_));
        self.failed("quic", error)
    }

    fn on_drop(&self) -> OnDrop {
        let metrics = Arc::clone(&self.house.metrics);
        Arc::new(move |reason| metrics.dropped(reason, 1))
    }

    fn failed(&self, what: &'static str, error: &dyn std::fmt::Display) -> Option<Established> {
        self.house.metrics.refused(what);
        debug!(remote = %self.remote, %error, "QUIC connection refused: {what}");
        None
    }
}

fn policy(reason: &'static str) -> Close {
    Close::new(CloseCode::POLICY, reason)
}

/// Which of the two protocols was agreed on; rustls refuses every other.
async fn is_h3(connecting: &mut Connecting) -> Result<bool, ConnectionError> {
    let data = connecting.handshake_data().await?;
    let agreed = data.downcast::<HandshakeData>().ok().and_then(|data| data.protocol);
    Ok(agreed.as_deref() == Some(ALPN_H3))
}

async fn first_message(transport: &mut impl Transport) -> Result<Message, Close> {
    for _ in 0..=EMPTY_FRAMES {
        match poll_fn(|cx| transport.poll_recv(cx)).await {
            Ok(Incoming::Message(text)) => {
                return Message::parse(text).map_err(|_| policy("the first frame must be a hello"));
            }
            Ok(Incoming::Life) => {}
            Err(crate::transport::Ended::Violation(close)) => return Err(close),
            Err(_) => return Err(policy("no hello")),
        }
    }
    Err(policy("the first frame must be a hello"))
}
