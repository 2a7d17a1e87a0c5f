//! One session as the generator holds it. On one machine the generator costs the server its time, so WebSocket
//! sessions have a driver that does nothing but frames ([`lean`]); QUIC sessions are the client's transports, whose
//! cost is QUIC's own.
//!
//! Whatever is queued is written by the next turn, while it reads: a server that waits for its peer to read before it
//! goes on reading never meets a generator that waits for it.

mod lean;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::transport::{Ended, Incoming, Transport};
use crate::wire::{Close, CloseCode};

pub(super) use lean::Lean;

/// Messages that one turn reads.
const BATCH: usize = 64;

/// How long a server may take to answer a close.
const CLOSING: Duration = Duration::from_secs(3);

/// A session.
pub(super) enum Link {
    /// WebSocket, or its frames over bare TCP.
    Ws(Lean<TcpStream>),
    /// WebSocket over TLS.
    Wss(Box<Lean<TlsStream<TcpStream>>>),
    /// QUIC.
    Quic(Carried),
}

/// What is to be written.
pub(super) trait Queue {
    /// Adds a message.
    fn push(&mut self, text: &[u8]);
}

impl Link {
    /// Adds a message to what the next turn writes.
    pub(super) fn push(&mut self, text: &[u8]) {
        match self {
            Self::Ws(lean) => lean.out.push(text),
            Self::Wss(lean) => lean.out.push(text),
            Self::Quic(carried) => carried.out.push(text),
        }
    }

    /// Writes what waits and reads at least one message, each of which is given to `heard` together with the queue.
    /// Cancel-safe.
    pub(super) async fn turn(&mut self, mut heard: impl FnMut(&[u8], &mut dyn Queue)) -> Result<(), Ended> {
        poll_fn(|cx| match self {
            Self::Ws(lean) => lean.poll_turn(cx, &mut heard),
            Self::Wss(lean) => lean.poll_turn(cx, &mut heard),
            Self::Quic(carried) => carried.poll_turn(cx, &mut heard),
        })
        .await
    }

    /// Writes what waits.
    pub(super) async fn flush(&mut self) -> Result<(), Ended> {
        poll_fn(|cx| match self {
            Self::Ws(lean) => lean.poll_written(cx),
            Self::Wss(lean) => lean.poll_written(cx),
            Self::Quic(carried) => carried.poll_written(cx),
        })
        .await
    }

    /// Ends the session with a close, and waits for the server's.
    pub(super) async fn close(self) {
        let closing = async {
            match self {
                Self::Ws(lean) => lean.close().await,
                Self::Wss(lean) => lean.close().await,
                Self::Quic(mut carried) => {
                    let close = Close::new(CloseCode::NORMAL, "");
                    poll_fn(|cx| carried.transport.poll_close(cx, &close)).await;
                }
            }
        };
        // A server that does not answer is left.
        let _ = timeout(CLOSING, closing).await;
    }
}

/// A session over one of the client's transports.
pub(super) struct Carried {
    transport: Box<dyn Transport>,
    out: VecDeque<Bytes>,
    /// An end that came with the last messages.
    ended: Option<Ended>,
}

impl Queue for VecDeque<Bytes> {
    fn push(&mut self, text: &[u8]) {
        self.push_back(Bytes::copy_from_slice(text));
    }
}

impl Carried {
    pub(super) fn new(transport: Box<dyn Transport>) -> Self {
        Self { transport, out: VecDeque::new(), ended: None }
    }

    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        while !self.out.is_empty() {
            ready!(self.transport.poll_ready(cx))?;
            if let Some(text) = self.out.pop_front() {
                self.transport.feed(text)?;
            }
        }
        self.transport.poll_flush(cx)
    }

    fn poll_turn(
        &mut self,
        cx: &mut Context<'_>,
        heard: &mut impl FnMut(&[u8], &mut dyn Queue),
    ) -> Poll<Result<(), Ended>> {
        if let Some(ended) = self.ended.take() {
            return Poll::Ready(Err(ended));
        }
        let _ = self.poll_written(cx)?;
        let mut read = 0;
        while read < BATCH {
            match self.transport.poll_recv(cx) {
                Poll::Ready(Ok(Incoming::Message(text))) => {
                    heard(&text, &mut self.out);
                    read += 1;
                }
                Poll::Ready(Ok(Incoming::Life)) => {}
                Poll::Ready(Err(ended)) if read == 0 => return Poll::Ready(Err(ended)),
                Poll::Ready(Err(ended)) => {
                    self.ended = Some(ended);
                    break;
                }
                Poll::Pending => break,
            }
        }
        if read == 0 { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}
