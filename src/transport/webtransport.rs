//! WebTransport over HTTP/3: frames on the first bidirectional stream that the client opens (protocol.md §2).
//!
//! A browser's `close({closeCode, reason})` is a capsule on the session's CONNECT stream. Only a pending `accept_bi()`
//! tells it: the connection itself just says that it was closed here. So one stays pending for the whole session.

#[cfg(test)]
mod tests;

use std::time::Duration;

use wtransport::error::ConnectionError;

use super::framed::{Framed, Halves, Manners, OnDrop, Side};
use super::quic::refuse;
use super::quic_end::{self, app_close};
use super::{Ended, TransportKind};
use crate::wire::{Close, DropReason};

/// How long the connection stays open after the `disconnect` message was delivered, so that a page has read it before
/// it sees the connection end (protocol.md §2).
const GRACE: Duration = Duration::from_millis(100);

/// HTTP/3's own error codes (RFC 9114 §8.1, RFC 9204 §6). They are the connection's, never an application's.
const HTTP3_CODES: std::ops::Range<u64> = 0x100..0x300;

/// The one among them that is no error.
const H3_NO_ERROR: u64 = 0x100;

/// A WebTransport session.
pub type WebTransport = Framed<(wtransport::SendStream, wtransport::RecvStream)>;

impl Halves for (wtransport::SendStream, wtransport::RecvStream) {
    fn send(&mut self) -> &mut quinn::SendStream {
        self.0.quic_stream_mut()
    }
    fn recv(&mut self) -> &mut quinn::RecvStream {
        self.1.quic_stream_mut()
    }
}

impl WebTransport {
    /// A session on `halves`, the session's first bidirectional stream; it takes messages of at most `max_message`
    /// bytes. The server's side announces its close by a `disconnect` message: Chromium sees no close code.
    pub fn new(
        connection: &wtransport::Connection,
        halves: (wtransport::SendStream, wtransport::RecvStream),
        side: Side,
        max_message: usize,
        on_drop: OnDrop,
    ) -> Self {
        let announces = side == Side::Server;
        let grace = if announces { GRACE } else { Duration::ZERO };
        let manners = Manners { kind: TransportKind::WebTransport, announces, grace };
        let watch = Box::pin(watch(connection.clone(), on_drop));
        Self::build(manners, connection.quic_connection().clone(), halves, watch, max_message)
    }
}

async fn watch(connection: wtransport::Connection, on_drop: OnDrop) -> Ended {
    loop {
        let dropped = tokio::select! {
            stream = connection.accept_bi() => stream.map(|(mut send, mut recv)| {
                refuse(Some(send.quic_stream_mut()), recv.quic_stream_mut())
            }),
            stream = connection.accept_uni() => stream.map(|mut recv| refuse(None, recv.quic_stream_mut())),
            datagram = connection.receive_datagram() => datagram.map(|_| DropReason::Datagram),
        };
        match dropped {
            Ok(reason) => on_drop(reason),
            Err(error) => return ended(&error, connection.quic_connection().close_reason()),
        }
        // A peer that sends nothing else must not keep the session from its own work.
        tokio::task::yield_now().await;
    }
}

/// Why a session ended: `error` is the session's word, `below` QUIC's.
fn ended(error: &ConnectionError, below: Option<quinn::ConnectionError>) -> Ended {
    match (error, below) {
        (ConnectionError::ApplicationClosed(close), _) => by_peer(close.code().into_inner(), close.reason()),
        (ConnectionError::TimedOut, _) => Ended::TimedOut,
        (ConnectionError::LocalH3Error(_) | ConnectionError::LocallyClosed, _) | (_, None) => {
            Ended::Lost(error.to_string())
        }
        (_, Some(below)) => quic_end::ended(below),
    }
}

fn by_peer(code: u64, reason: &[u8]) -> Ended {
    match code {
        H3_NO_ERROR => Ended::ByPeer(Close::EMPTY),
        code if HTTP3_CODES.contains(&code) => Ended::Lost(format!("closed with HTTP/3 error {code:#x}")),
        code => Ended::ByPeer(app_close(code, reason)),
    }
}
