//! Raw QUIC, ALPN `pixelstream/1`: frames on the first bidirectional stream (protocol.md §2).

#[cfg(test)]
mod tests;

use std::time::Duration;

use quinn::{IdleTimeout, TransportConfig, VarInt};

use super::framed::{Framed, Halves, Manners, OnDrop};
use super::quic_end::ended;
use super::{Ended, Keepalive, TransportKind};
use crate::wire::DropReason;

/// The protocol's name in the TLS handshake.
pub const ALPN: &[u8] = b"pixelstream/1";

/// Concurrent streams of each kind that a peer may open. The session needs one; a browser needs two and three for
/// HTTP/3 itself.
const STREAMS: u8 = 8;

/// What a peer may send on one stream before it is read, in bytes.
const STREAM_WINDOW: u32 = 64 * 1024;

/// What a peer may send on all streams before it is read, and what is kept for it until it is acknowledged, in bytes.
/// quinn's defaults let one peer hold more than a hundred megabytes.
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// Datagrams are ignored, but switched on: browsers refuse WebTransport without them.
const DATAGRAM_BUFFER: usize = 16 * 1024;

/// A raw QUIC session.
pub type QuicTransport = Framed<(quinn::SendStream, quinn::RecvStream)>;

impl Halves for (quinn::SendStream, quinn::RecvStream) {
    fn send(&mut self) -> &mut quinn::SendStream {
        &mut self.0
    }
    fn recv(&mut self) -> &mut quinn::RecvStream {
        &mut self.1
    }
}

impl QuicTransport {
    /// A session on `halves`, the connection's first bidirectional stream; it takes messages of at most `max_message`
    /// bytes. Both sides close alike: everything fed, the stream's end, its acknowledgement, the close.
    pub fn new(
        connection: quinn::Connection,
        halves: (quinn::SendStream, quinn::RecvStream),
        max_message: usize,
        on_drop: OnDrop,
    ) -> Self {
        let manners = Manners { kind: TransportKind::Quic, announces: false, grace: Duration::ZERO };
        let watch = Box::pin(watch(connection.clone(), on_drop));
        Self::build(manners, connection, halves, watch, max_message)
    }
}

/// The settings of every QUIC connection, browsers' and servers' alike. 0-RTT is off where it is not switched on, in
/// TLS: a replayed `hello` would be a second session.
pub fn quic_transport_config(keepalive: Keepalive) -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_concurrent_bidi_streams(STREAMS.into())
        .max_concurrent_uni_streams(STREAMS.into())
        .stream_receive_window(STREAM_WINDOW.into())
        .receive_window(CONNECTION_WINDOW.into())
        .send_window(CONNECTION_WINDOW.into())
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER))
        .datagram_send_buffer_size(DATAGRAM_BUFFER)
        .keep_alive_interval(Some(keep_alive(keepalive)))
        .max_idle_timeout(Some(idle_timeout(keepalive)));
    config
}

/// The first packet that is sent into a silence starts QUIC's idle timeout anew (RFC 9000 §10.1), and in an idle
/// session that is the keep-alive. So what is left of the timeout after it is the idle timeout: then a peer is given
/// up a `timeout` after its last packet, as over WebSocket (protocol.md §5.6).
pub(crate) fn idle(keepalive: Keepalive) -> Duration {
    keepalive.timeout.saturating_sub(keep_alive(keepalive))
}

fn idle_timeout(keepalive: Keepalive) -> IdleTimeout {
    IdleTimeout::try_from(idle(keepalive)).unwrap_or(IdleTimeout::from(VarInt::MAX))
}

/// At least twice within the idle timeout, however close the two settings are.
fn keep_alive(keepalive: Keepalive) -> Duration {
    keepalive.interval.min(keepalive.timeout / 3)
}

/// Refuses further streams, drops datagrams, and tells why the connection ended.
async fn watch(connection: quinn::Connection, on_drop: OnDrop) -> Ended {
    loop {
        let dropped = tokio::select! {
            stream = connection.accept_bi() => stream.map(|(mut send, mut recv)| refuse(Some(&mut send), &mut recv)),
            stream = connection.accept_uni() => stream.map(|mut recv| refuse(None, &mut recv)),
            datagram = connection.read_datagram() => datagram.map(|_| DropReason::Datagram),
        };
        match dropped {
            Ok(reason) => on_drop(reason),
            Err(error) => return ended(error),
        }
        // A peer that sends nothing else must not keep the session from its own work.
        tokio::task::yield_now().await;
    }
}

/// Resets and stops a stream that is not the session's.
pub(super) fn refuse(send: Option<&mut quinn::SendStream>, recv: &mut quinn::RecvStream) -> DropReason {
    // Errors mean that the stream has ended already.
    if let Some(send) = send {
        let _ = send.reset(VarInt::from_u32(0));
    }
    let _ = recv.stop(VarInt::from_u32(0));
    DropReason::ExtraStream
}
