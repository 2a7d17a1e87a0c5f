//! The closing handshake of a session that is over.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::transport::Transport;
use crate::wire::Close;

/// How long the closing handshake may take before the connection is dropped.
pub(super) const CLOSING: Duration = Duration::from_millis(1500);

/// The answer to our close is not urgent: where many are closed at once, all are told before the first is hung up on.
const UNHURRIED: Duration = Duration::from_millis(100);

/// Tells the peer, or answers it. `patience`: how long it may take nothing of what it is told last, where that is
/// longer than the handshake may take.
pub(super) async fn close(transport: &mut impl Transport, close: &Close, patience: Duration) {
    if poll_fn(|cx| Poll::Ready(transport.poll_close(cx, close).is_ready())).await {
        return;
    }
    if transport.kind().is_websocket() {
        sleep(UNHURRIED).await;
    }
    if timeout(CLOSING, poll_fn(|cx| transport.poll_close(cx, close))).await.is_ok() {
        return;
    }
    let mut time = patience.saturating_sub(CLOSING);
    while !transport.close_is_written() && !time.is_zero() {
        let taken = transport.bytes_taken();
        let closed = timeout(time, poll_fn(|cx| transport.poll_close(cx, close))).await;
        if closed.is_ok() || transport.bytes_taken() == taken {
            return;
        }
        // It takes it byte by byte.
        time = patience;
    }
}
