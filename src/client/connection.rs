//! One session, from the client's side.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::transport::nowhere::Nowhere;
use crate::transport::{Ended, Incoming, Keepalive, Transport, TransportKind};
use crate::wire::{Close, CloseCode};

/// How long a close may take: the gateway is not waited for longer.
const CLOSE_LIMIT: Duration = Duration::from_secs(3);

/// What comes from the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message.
    Message(Bytes),
    /// The session is over; nothing else comes after it. [`Ended::ByPeer`] has the gateway's code and reason.
    Ended(Ended),
}

/// A session with the gateway.
pub struct Connection {
    transport: Box<dyn Transport>,
    quic: Option<quinn::Endpoint>,
    subprotocol: Option<String>,
    keepalive: Keepalive,
    silence: Pin<Box<Sleep>>,
    /// The transport's signs of life when `silence` was set.
    life: u64,
    /// Whether the silence was answered with a ping.
    pinged: bool,
    /// The close that a WebTransport gateway has announced (protocol.md §2).
    announced: Option<Close>,
    ended: Option<Ended>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("kind", &self.kind()).field("ended", &self.ended).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(transport: Box<dyn Transport>, quic: Option<quinn::Endpoint>, keepalive: Keepalive) -> Self {
        Self {
            transport,
            quic,
            subprotocol: None,
            keepalive,
            silence: Box::pin(sleep(keepalive.interval)),
            life: 0,
            pinged: false,
            announced: None,
            ended: None,
        }
    }

    pub(super) fn with_subprotocol(self, subprotocol: Option<String>) -> Self {
        Self { subprotocol, ..self }
    }

    /// Which transport this is.
    pub fn kind(&self) -> TransportKind {
        self.transport.kind()
    }

    /// The WebSocket subprotocol that the gateway chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// The next message, or the end. Cancel-safe. Pings are answered, and sent, only while this is awaited.
    pub async fn recv(&mut self) -> Event {
        let known = self.ended.is_some();
        let event = poll_fn(|cx| self.poll_event(cx)).await;
        if let (false, Event::Ended(Ended::Violation(close))) = (known, &event) {
            self.hang_up(close).await;
        }
        event
    }

    /// Sends a message: `text` must be UTF-8. Ready when the system, or QUIC, has taken it.
    ///
    /// # Errors
    /// The end of the session.
    pub async fn send(&mut self, text: impl Into<Bytes>) -> Result<(), Ended> {
        self.feed(text).await?;
        self.flush().await
    }

    /// Queues a message for the next flush: several that are fed and flushed once are written together.
    ///
    /// # Errors
    /// The end of the session.
    pub async fn feed(&mut self, text: impl Into<Bytes>) -> Result<(), Ended> {
        self.check()?;
        poll_fn(|cx| self.transport.poll_ready(cx)).await?;
        self.transport.feed(text.into())
    }

    /// Sends what was fed.
    ///
    /// # Errors
    /// The end of the session.
    pub async fn flush(&mut self) -> Result<(), Ended> {
        self.check()?;
        poll_fn(|cx| self.transport.poll_flush(cx)).await
    }

    /// Ends the session after everything fed. A process that exits right after it should give QUIC a moment: its last
    /// packets are sent in the background.
    pub async fn close(mut self, code: CloseCode, reason: impl Into<String>) {
        if self.ended.is_none() {
            self.hang_up(&Close::new(code, reason.into())).await;
        }
    }

    /// The transport below, without what this type does for it.
    pub fn into_transport(self) -> Box<dyn Transport> {
        self.transport
    }

    /// Falls silent as a client whose network is gone: nothing is sent, read or closed any more. Sockets stay open for
    /// as long as the answer lives.
    ///
    /// Raw QUIC connections of one [`Client`](super::Client) share a socket and vanish together. A WebTransport
    /// connection goes on acknowledging: connect it through a [`UdpRelay`](super::UdpRelay) and silence that.
    pub fn vanish(self) -> Vanished {
        let lost = self.quic.map(|endpoint| endpoint.rebind_abstract(Arc::new(Nowhere)));
        debug_assert!(!matches!(lost, Some(Err(_))), "the socket that leads nowhere has an address");
        Vanished { _transport: self.transport }
    }

    /// Ends as a client that fails: its TCP connection ends without a close, or its QUIC stream is reset, while that
    /// connection stays open for as long as the answer lives.
    pub fn abort(mut self) -> Option<Vanished> {
        self.transport.abort();
        self.transport.keeps_itself_alive().then_some(Vanished { _transport: self.transport })
    }

    fn check(&self) -> Result<(), Ended> {
        self.ended.clone().map_or(Ok(()), Err)
    }

    async fn hang_up(&mut self, close: &Close) {
        // Whoever does not answer a close in time is left.
        let _ = timeout(CLOSE_LIMIT, poll_fn(|cx| self.transport.poll_close(cx, close))).await;
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            if let Some(ended) = &self.ended {
                return Poll::Ready(Event::Ended(ended.clone()));
            }
            match self.poll_step(cx) {
                Poll::Ready(Ok(Some(message))) => return Poll::Ready(Event::Message(message)),
                Poll::Ready(Ok(None)) => {}
                Poll::Ready(Err(ended)) => self.ended = Some(self.last_word(ended)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// One message, or nothing but a reason to try again.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Ended>> {
        // What a cancelled send or a ping left behind.
        if let Poll::Ready(Err(ended)) = self.transport.poll_flush(cx) {
            return Poll::Ready(Err(ended));
        }
        match self.transport.poll_recv(cx)? {
            Poll::Ready(Incoming::Message(message)) => Poll::Ready(Ok(self.unless_announcement(message))),
            Poll::Ready(Incoming::Life) => Poll::Ready(Ok(None)),
            Poll::Pending if self.transport.keeps_itself_alive() => Poll::Pending,
            Poll::Pending => self.poll_silence(cx),
        }
    }

    /// Asks after an interval of silence, and gives up after the timeout.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Ended>> {
        let life = self.transport.signs_of_life();
        if life != self.life {
            self.life = life;
            self.pinged = false;
            self.silence.as_mut().reset(Instant::now() + self.keepalive.interval);
        }
        ready!(self.silence.as_mut().poll(cx));
        if self.pinged {
            return Poll::Ready(Err(Ended::TimedOut));
        }
        self.pinged = true;
        self.silence.as_mut().reset(Instant::now() + self.keepalive.timeout.saturating_sub(self.keepalive.interval));
        Poll::Ready(self.transport.feed_ping().map(|()| None))
    }

    fn unless_announcement(&mut self, message: Bytes) -> Option<Bytes> {
        if self.transport.kind() != TransportKind::WebTransport {
            return Some(message);
        }
        match announcement(&message) {
            Some(close) => {
                self.announced = Some(close);
                None
            }
            None => Some(message),
        }
    }

    /// The code that was announced counts, however the connection ends after that.
    fn last_word(&mut self, ended: Ended) -> Ended {
        self.announced.take().map_or(ended, Ended::ByPeer)
    }
}

/// The gateway's `disconnect` message.
#[derive(Deserialize)]
struct Disconnect {
    #[serde(rename = "type")]
    kind: String,
    code: u16,
    #[serde(default)]
    reason: String,
}

fn announcement(message: &[u8]) -> Option<Close> {
    const LONGEST: usize = 8 * Close::MAX_REASON;
    const NAME: &[u8] = b"\"disconnect\"";
    if message.len() > LONGEST || !message.windows(NAME.len()).any(|window| window == NAME) {
        return None;
    }
    let disconnect: Disconnect = serde_json::from_slice(message).ok()?;
    (disconnect.kind == "disconnect").then(|| Close::new(CloseCode(disconnect.code), disconnect.reason))
}

/// A client that has vanished: drop it to close its sockets.
pub struct Vanished {
    _transport: Box<dyn Transport>,
}

impl fmt::Debug for Vanished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vanished")
    }
}
