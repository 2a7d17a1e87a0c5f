//! Peers that speak and listen at once, as fast as the gateway lets them.

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use pixelgate::transport::{Ended, Incoming, Transport};

use super::Peer;

/// What such a peer says, and what it makes of what it hears.
pub trait Talk {
    /// The next message, if there is something to say now.
    fn says(&mut self) -> Option<Bytes>;
    /// A message has come.
    fn hears(&mut self, text: &[u8]);
    /// Whether to stop here. Asked when nothing is left to be written.
    fn is_done(&self) -> bool;
}

/// A peer that has become one of these.
pub struct Duplex<T> {
    transport: Box<dyn Transport>,
    unsaid: Option<Bytes>,
    pub talk: T,
}

impl<T: Talk> Duplex<T> {
    pub fn new(peer: Peer, talk: T) -> Self {
        Self { transport: peer.connection.into_transport(), unsaid: None, talk }
    }

    /// Goes on until the talk is done, or the session.
    pub async fn runs(&mut self) -> Result<(), Ended> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        loop {
            let written = self.poll_written(cx)?;
            if written && self.talk.is_done() {
                return Poll::Ready(Ok(()));
            }
            match self.transport.poll_recv(cx)? {
                Poll::Ready(Incoming::Message(text)) => self.talk.hears(&text),
                Poll::Ready(Incoming::Life) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Writes what there is to say; whether all of it is written.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Result<bool, Ended> {
        for _ in 0..32 {
            self.unsaid = self.unsaid.take().or_else(|| self.talk.says());
            if self.unsaid.is_none() {
                return Ok(self.transport.poll_flush(cx)?.is_ready());
            }
            if self.transport.poll_ready(cx)?.is_pending() {
                return Ok(false);
            }
            self.unsaid.take().map_or(Ok(()), |text| self.transport.feed(text))?;
        }
        // There may be more to say, but whoever speaks must listen in between.
        cx.waker().wake_by_ref();
        Ok(false)
    }
}
