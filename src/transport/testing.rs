//! What the tests of the transports and of the client share: the polled methods as futures, and a bound on time.

use std::future::{Future, poll_fn};
use std::time::Duration;

use bytes::Bytes;

use super::{Ended, Incoming, Transport};
use crate::wire::Close;

/// The time after which a test has failed. Generous: it is never waited for by a test that passes.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("done in time")
}

pub(crate) async fn recv(transport: &mut impl Transport) -> Result<Incoming, Ended> {
    poll_fn(|cx| transport.poll_recv(cx)).await
}

/// The next message, past signs of life.
pub(crate) async fn message(transport: &mut impl Transport) -> Bytes {
    loop {
        match recv(transport).await.expect("a message") {
            Incoming::Message(text) => return text,
            Incoming::Life => {}
        }
    }
}

/// The end, past whatever comes before it.
pub(crate) async fn ended(transport: &mut impl Transport) -> Ended {
    loop {
        if let Err(ended) = recv(transport).await {
            return ended;
        }
    }
}

pub(crate) async fn feed(transport: &mut impl Transport, text: impl Into<Bytes>) {
    poll_fn(|cx| transport.poll_ready(cx)).await.expect("ready");
    transport.feed(text.into()).expect("fed");
}

pub(crate) async fn flush(transport: &mut impl Transport) {
    poll_fn(|cx| transport.poll_flush(cx)).await.expect("flushed");
}

pub(crate) async fn send(transport: &mut impl Transport, text: impl Into<Bytes>) {
    feed(transport, text).await;
    flush(transport).await;
}

pub(crate) async fn close(transport: &mut impl Transport, close: &Close) {
    poll_fn(|cx| transport.poll_close(cx, close)).await;
}

/// Sends `count` messages in batches while the other end reads them, and checks that they arrive in order.
pub(crate) async fn one_way(from: &mut impl Transport, to: &mut impl Transport, count: usize) {
    let sending = async {
        for n in 0..count {
            feed(from, format!("{{\"n\":{n}}}")).await;
            if n % 7 == 0 {
                flush(from).await;
            }
        }
        flush(from).await;
    };
    let receiving = async {
        for n in 0..count {
            assert_eq!(message(to).await, format!("{{\"n\":{n}}}"));
        }
    };
    tokio::join!(sending, receiving);
}
