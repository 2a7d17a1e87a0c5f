//! A connection within one process, for tests of what runs above a transport.
//!
//! Bounded like a real one: a sender whose peer does not read is not ready. Dropped without a close it is lost.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::PollSender;

use super::{Ended, Incoming, Transport, TransportKind};
use crate::wire::Close;

#[derive(Debug)]
enum Packet {
    Text(Bytes),
    Ping,
    Pong,
    Close(Close),
}

impl Packet {
    fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Ping | Self::Pong | Self::Close(_) => 1,
        }
    }
}

/// One end of a connection within the process.
#[derive(Debug)]
pub struct MemTransport {
    kind: TransportKind,
    max_message: usize,
    out: PollSender<Packet>,
    /// What was fed and is not flushed.
    fed: VecDeque<Packet>,
    incoming: mpsc::Receiver<Packet>,
    life: u64,
    taken: u64,
    closed: bool,
}

/// Two ends of a connection that claims to be a `kind`, takes messages of at most `max_message` bytes, and holds at
/// most `capacity` messages in each direction, and as many again that were fed and not flushed.
pub fn pair(kind: TransportKind, max_message: usize, capacity: usize) -> (MemTransport, MemTransport) {
    let (to_b, from_a) = mpsc::channel(capacity);
    let (to_a, from_b) = mpsc::channel(capacity);
    let end = |out, incoming| MemTransport {
        kind,
        max_message,
        out: PollSender::new(out),
        fed: VecDeque::new(),
        incoming,
        life: 0,
        taken: 0,
        closed: false,
    };
    (end(to_b, from_b), end(to_a, from_a))
}

impl MemTransport {
    fn poll_sent(&mut self, cx: &mut Context<'_>, waiting: usize) -> Poll<Result<(), Ended>> {
        while self.fed.len() > waiting {
            ready!(self.out.poll_reserve(cx)).map_err(|_| lost())?;
            let packet = self.fed.pop_front().expect("the queue is longer than what may wait in it");
            self.taken += packet.size();
            self.out.send_item(packet).map_err(|_| lost())?;
        }
        Poll::Ready(Ok(()))
    }

    /// One answer stands for all pings that came before it is sent (RFC 6455 §5.5.3).
    fn answer_ping(&mut self, cx: &mut Context<'_>) {
        if !matches!(self.fed.back(), Some(Packet::Pong)) {
            self.fed.push_back(Packet::Pong);
        }
        let _ = self.poll_sent(cx, 0);
    }

    fn capacity(&self) -> usize {
        self.incoming.max_capacity()
    }
}

impl Transport for MemTransport {
    fn kind(&self) -> TransportKind {
        self.kind
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Ended>> {
        let Some(packet) = ready!(self.incoming.poll_recv(cx)) else { return Poll::Ready(Err(lost())) };
        self.life += 1;
        Poll::Ready(match packet {
            Packet::Text(text) if text.len() > self.max_message => {
                Err(Ended::Violation(super::ws::too_big(text.len(), self.max_message)))
            }
            Packet::Text(text) => Ok(Incoming::Message(text)),
            Packet::Ping => {
                self.answer_ping(cx);
                Ok(Incoming::Life)
            }
            Packet::Pong => Ok(Incoming::Life),
            Packet::Close(close) => Err(Ended::ByPeer(close)),
        })
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        self.poll_sent(cx, self.capacity() - 1)
    }

    fn feed(&mut self, text: Bytes) -> Result<(), Ended> {
        self.fed.push_back(Packet::Text(text));
        Ok(())
    }

    fn feed_ping(&mut self) -> Result<(), Ended> {
        self.fed.push_back(Packet::Ping);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        self.poll_sent(cx, 0)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, close: &Close) -> Poll<()> {
        if !self.closed {
            self.closed = true;
            self.fed.push_back(Packet::Close(close.clone()));
        }
        self.poll_sent(cx, 0).map(|_| ())
    }

    fn bytes_taken(&self) -> u64 {
        self.taken
    }

    fn signs_of_life(&self) -> u64 {
        self.life
    }

    fn keeps_itself_alive(&self) -> bool {
        false
    }
}

fn lost() -> Ended {
    Ended::Lost("the other end is gone".into())
}
