//! What a session needs of a connection, whichever transport carries it (protocol.md §2).
//!
//! One task owns one transport and polls both directions of it; nothing is split, nothing is shared.

pub mod framed;
pub mod framing;
pub mod mem;
pub mod nowhere;
pub mod quic;
pub(crate) mod quic_end;
#[cfg(test)]
pub(crate) mod testing;
pub mod webtransport;
pub mod ws;

use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;

use crate::wire::Close;

/// The transports, for logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransportKind {
    /// WebSocket over TCP.
    Ws,
    /// WebSocket over TLS.
    Wss,
    /// WebTransport over HTTP/3.
    WebTransport,
    /// Raw QUIC, ALPN `pixelstream/1`.
    Quic,
}

impl TransportKind {
    /// The name in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ws => "ws",
            Self::Wss => "wss",
            Self::WebTransport => "webtransport",
            Self::Quic => "quic",
        }
    }

    /// Whether it is a WebSocket, on TLS or not.
    pub const fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }
}

/// What came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message. It may be a slice of the read buffer: what is kept must be copied.
    Message(Bytes),
    /// A sign of life without a message: a WebSocket ping or pong (the pong to a ping is queued already), an empty frame
    /// on a QUIC stream, or many bytes that have made no message yet.
    Life,
}

/// How a connection ended, seen from here. Returned once; nothing comes after it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// The peer closed, with whatever code it gave. [`Transport::poll_close`] finishes the answer.
    #[error("closed by the peer: {0}")]
    ByPeer(Close),
    /// The peer broke the transport's rules or limits; the session answers with this close.
    #[error("refused: {0}")]
    Violation(Close),
    /// The connection was lost: reset, unreachable, stream reset.
    #[error("connection lost: {0}")]
    Lost(String),
    /// The transport's own keepalive gave up.
    #[error("no sign of life")]
    TimedOut,
}

/// A message transport. All methods are polled by the one task that owns it.
pub trait Transport: Send + Unpin + 'static {
    /// Which transport this is.
    fn kind(&self) -> TransportKind;

    /// The next message or sign of life.
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Ended>>;

    /// Ready when [`Transport::feed`] may be called once.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>>;

    /// Takes a message to send; it may stay in a buffer until [`Transport::poll_flush`]. Call it only after
    /// `poll_ready` was ready.
    fn feed(&mut self, text: Bytes) -> Result<(), Ended>;

    /// Asks the peer for a sign of life by the transport's own ping, where there is one, and by the JSON `ping`
    /// where there is none. Like [`Transport::feed`], it is sent by the next flush.
    fn feed_ping(&mut self) -> Result<(), Ended>;

    /// Ready when everything fed has been handed to the operating system or the QUIC stack.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>>;

    /// Ends the connection towards the peer as protocol.md §2 ("close by the gateway") says, after everything fed; after
    /// [`Ended::ByPeer`], with the answer to the peer's close.
    /// Polled with the same `close` until it is ready; the session bounds how long.
    fn poll_close(&mut self, cx: &mut Context<'_>, close: &Close) -> Poll<()>;

    /// Whether the operating system or the QUIC stack has taken the close, and all that was fed before it.
    fn close_is_written(&self) -> bool {
        true
    }

    /// Resets the message stream where the connection outlives it (QUIC): what a failing peer does. Elsewhere dropping
    /// the transport is the same.
    fn abort(&mut self) {}

    /// How many bytes the operating system or the QUIC stack has taken from here. While it grows, the peer takes what it
    /// is sent, however slowly.
    fn bytes_taken(&self) -> u64;

    /// Reads no further while about so many bytes make no message yet; `None`, as it begins, for no such bound. Where
    /// messages come whole it has nothing to do.
    fn hold_at_most(&mut self, _bytes: Option<usize>) {}

    /// How many bytes were read that make no message yet.
    fn bytes_held(&self) -> usize {
        0
    }

    /// A number that grows with every sign of life that the transport sees, messages or not. On QUIC any datagram
    /// counts, acknowledgements too.
    fn signs_of_life(&self) -> u64;

    /// Whether the transport pings by itself (QUIC keep-alive) and reports [`Ended::TimedOut`].
    fn keeps_itself_alive(&self) -> bool;
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn kind(&self) -> TransportKind {
        (**self).kind()
    }
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Ended>> {
        (**self).poll_recv(cx)
    }
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        (**self).poll_ready(cx)
    }
    fn feed(&mut self, text: Bytes) -> Result<(), Ended> {
        (**self).feed(text)
    }
    fn feed_ping(&mut self) -> Result<(), Ended> {
        (**self).feed_ping()
    }
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        (**self).poll_flush(cx)
    }
    fn poll_close(&mut self, cx: &mut Context<'_>, close: &Close) -> Poll<()> {
        (**self).poll_close(cx, close)
    }
    fn close_is_written(&self) -> bool {
        (**self).close_is_written()
    }
    fn abort(&mut self) {
        (**self).abort();
    }
    fn bytes_taken(&self) -> u64 {
        (**self).bytes_taken()
    }
    fn hold_at_most(&mut self, bytes: Option<usize>) {
        (**self).hold_at_most(bytes);
    }
    fn bytes_held(&self) -> usize {
        (**self).bytes_held()
    }
    fn signs_of_life(&self) -> u64 {
        (**self).signs_of_life()
    }
    fn keeps_itself_alive(&self) -> bool {
        (**self).keeps_itself_alive()
    }
}

/// The keepalive settings of every transport (protocol.md §5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence after which a ping is sent.
    pub interval: Duration,
    /// Silence after which the peer is dead. Longer than `interval`.
    pub timeout: Duration,
}
