//! Frames on one bidirectional QUIC stream: the pump under raw QUIC and WebTransport alike (protocol.md §2).
//!
//! Both kinds of stream are quinn's below, so one pump reads and writes quinn's; what differs is who knows why the
//! connection ended, and that is a future ([`Watch`]) which is polled for as long as the session lives.
//!
//! Invariants:
//! * Whatever arrived before the end is delivered before the end is told.
//! * An error of the stream is not believed at once: the connection's own last word, with code and reason, may be a few
//!   packets behind it. Errors of writing are told by `poll_recv` too, for the same reason.
//! * Everything fed is delivered before the connection is closed, as far as the peer takes it within [`DELIVERY`].

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use tokio::task::coop::poll_proceed;
use tokio::time::{Sleep, sleep, timeout};

use super::framing::{self, Decoder};
use super::quic_end::ended;
use super::{Ended, Incoming, Transport, TransportKind};
use crate::wire::{Close, CloseCode, DropReason, out as texts};

/// What is gathered before `poll_ready` waits for it to be written.
const WRITE_BUFFER: usize = 16 * 1024;

/// What is taken from the stream at once.
const READ_CHUNK: usize = 16 * 1024;

/// How many chunks one poll reads that make no message, before others get their turn.
const CHUNKS_PER_POLL: usize = 32;

/// How long everything fed may take to be acknowledged before the connection is closed (protocol.md §2).
const DELIVERY: Duration = Duration::from_secs(1);

/// How long the connection's last word may take after the stream has ended.
const LAST_WORD: Duration = Duration::from_millis(500);

/// Told of what came beside the session's stream: [`DropReason::ExtraStream`], [`DropReason::Datagram`].
pub type OnDrop = Arc<dyn Fn(DropReason) + Send + Sync>;

/// Refuses what comes beside the stream, and knows in the end why the connection ended.
pub(super) type Watch = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// The two halves of the session's stream.
pub trait Halves: Send + Unpin + 'static {
    /// The half that is written.
    fn send(&mut self) -> &mut quinn::SendStream;
    /// The half that is read.
    fn recv(&mut self) -> &mut quinn::RecvStream;
}

/// Which end of the connection this is: only a gateway announces its close by a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The gateway's.
    Server,
    /// A peer's.
    Client,
}

/// What a transport says before and after it ends the stream.
pub(super) struct Manners {
    pub(super) kind: TransportKind,
    /// Whether a `disconnect` message goes before the end of the stream.
    pub(super) announces: bool,
    /// How long the connection stays after the stream was delivered.
    pub(super) grace: Duration,
}

/// Messages over one QUIC stream.
pub struct Framed<H> {
    manners: Manners,
    connection: quinn::Connection,
    /// Gone once the connection is being closed.
    halves: Option<H>,
    watch: Watch,
    decoder: Decoder,
    /// Fed and not yet given to the stream.
    out: BytesMut,
    writing: Bytes,
    /// Bytes that the stream has taken.
    taken: u64,
    /// Bytes that make no message yet above which nothing is read.
    most_held: usize,
    /// The connection's last word.
    word: Option<Ended>,
    /// How the stream ended, and until when the connection's last word is awaited.
    stream_end: Option<(Ended, Pin<Box<Sleep>>)>,
    closing: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<H: Halves> Framed<H> {
    pub(super) fn build(
        manners: Manners,
        connection: quinn::Connection,
        halves: H,
        watch: Watch,
        max_message: usize,
    ) -> Self {
        Self {
            manners,
            connection,
            halves: Some(halves),
            watch,
            decoder: Decoder::new(max_message),
            out: BytesMut::new(),
            writing: Bytes::new(),
            taken: 0,
            most_held: usize::MAX,
            word: None,
            stream_end: None,
            closing: None,
        }
    }

    /// The QUIC connection.
    pub fn connection(&self) -> &quinn::Connection {
        &self.connection
    }

    /// The stream's halves, without any close; `None` once the connection is being closed.
    pub fn into_halves(self) -> Option<H> {
        self.halves
    }

    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Ended>> {
        loop {
            if self.stream_end.is_none() {
                match self.poll_message(cx) {
                    Poll::Ready(Ok(empty)) if empty.is_empty() => return Poll::Ready(Ok(Incoming::Life)),
                    Poll::Ready(Ok(message)) => return Poll::Ready(Ok(Incoming::Message(message))),
                    Poll::Ready(Err(violation @ Ended::Violation(_))) => return Poll::Ready(Err(violation)),
                    Poll::Ready(Err(end)) => self.stream_ended(end),
                    Poll::Pending => {}
                }
            }
            if !self.poll_word(cx) {
                return self.poll_end(cx).map(Err);
            }
        }
    }

    /// Reads until there is a message, a reason to wait, or a reason to end.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Ended>> {
        for _ in 0..CHUNKS_PER_POLL {
            match self.decoder.next_message() {
                Ok(Some(message)) => return Poll::Ready(Ok(message)),
                Ok(None) => {}
                Err(too_big) => {
                    let close = Close::new(CloseCode::TOO_BIG, too_big.to_string());
                    return Poll::Ready(Err(Ended::Violation(close)));
                }
            }
            if self.decoder.held() >= self.most_held {
                return Poll::Pending;
            }
            match ready!(self.poll_chunk(cx)) {
                Ok(chunk) => self.decoder.feed(chunk),
                Err(end) => return Poll::Ready(Err(end)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Ended>> {
        let Some(halves) = &mut self.halves else { return Poll::Pending };
        let read = ready!(pin!(halves.recv().read_chunk(READ_CHUNK, true)).poll(cx));
        Poll::Ready(match read {
            Ok(Some(chunk)) => Ok(chunk.bytes),
            // The peer has finished its stream: a close that says nothing.
            Ok(None) => Err(Ended::ByPeer(Close::EMPTY)),
            Err(quinn::ReadError::ConnectionLost(error)) => Err(ended(error)),
            Err(quinn::ReadError::Reset(_)) => Err(Ended::Lost("stream reset".into())),
            Err(error) => Err(Ended::Lost(error.to_string())),
        })
    }

    /// Polls the connection's end. A first answer is followed by one more look at the stream: what came with the
    /// end has been put there before it.
    fn poll_word(&mut self, cx: &mut Context<'_>) -> bool {
        if self.word.is_some() || self.closing.is_some() {
            return false;
        }
        let Poll::Ready(word) = self.watch.as_mut().poll(cx) else { return false };
        self.word = Some(word);
        true
    }

    fn stream_ended(&mut self, end: Ended) {
        if self.stream_end.is_none() {
            self.stream_end = Some((end, Box::pin(sleep(LAST_WORD))));
        }
    }

    /// The end, when the stream has none to tell any more: the connection's word, or the stream's after its time.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if let Some(word) = self.word.take() {
            return Poll::Ready(word);
        }
        let Some((_, patience)) = &mut self.stream_end else { return Poll::Pending };
        ready!(patience.as_mut().poll(cx));
        let (end, _) = self.stream_end.take().expect("just seen");
        Poll::Ready(end)
    }

    /// Gives what was fed to the stream until at most `rest` bytes wait.
    fn poll_written(&mut self, cx: &mut Context<'_>, rest: usize) -> Poll<()> {
        while self.waiting() > rest {
            if self.writing.is_empty() {
                self.writing = std::mem::take(&mut self.out).freeze();
            }
            let Some(halves) = &mut self.halves else { break };
            let mut chunks = [std::mem::take(&mut self.writing)];
            let written = pin!(halves.send().write_chunks(&mut chunks)).poll(cx);
            [self.writing] = chunks;
            match ready!(written) {
                Ok(written) => self.taken += written.bytes as u64,
                Err(error) => self.write_failed(cx, &error),
            }
        }
        Poll::Ready(())
    }

    fn write_failed(&mut self, cx: &mut Context<'_>, error: &quinn::WriteError) {
        self.out = BytesMut::new();
        self.writing = Bytes::new();
        self.stream_ended(Ended::Lost(error.to_string()));
        cx.waker().wake_by_ref();
    }

    fn waiting(&self) -> usize {
        self.out.len() + self.writing.len()
    }

    /// Everything fed, the `disconnect` message where it is due, the end of the stream, then the close.
    fn wind_up(&mut self, close: &Close) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let Some(mut halves) = self.halves.take() else { return Box::pin(std::future::ready(())) };
        if self.manners.announces {
            framing::encode(&texts::disconnect(close.code, &close.reason), &mut self.out);
        }
        let last = [std::mem::take(&mut self.writing), std::mem::take(&mut self.out).freeze()];
        let hang_up = HangUp { connection: self.connection.clone(), close: close.clone() };
        let grace = self.manners.grace;
        Box::pin(async move {
            if let Ok(true) = timeout(DELIVERY, deliver(halves.send(), last)).await {
                sleep(grace).await;
            }
            drop(hang_up);
        })
    }
}

/// Writes the rest, ends the stream and waits until the peer has it all. Says whether it has.
async fn deliver(stream: &mut quinn::SendStream, mut last: [Bytes; 2]) -> bool {
    if stream.write_all_chunks(&mut last).await.is_err() || stream.finish().is_err() {
        return false;
    }
    matches!(stream.stopped().await, Ok(None))
}

/// Closes the connection when dropped: a session that runs out of patience still gives its code.
struct HangUp {
    connection: quinn::Connection,
    close: Close,
}

impl Drop for HangUp {
    fn drop(&mut self) {
        let reason = self.close.reason_within(Close::MAX_REASON);
        self.connection.close(u32::from(self.close.code.0).into(), reason.as_bytes());
    }
}

impl<H: Halves> Transport for Framed<H> {
    fn kind(&self) -> TransportKind {
        self.manners.kind
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Ended>> {
        // quinn's streams never ask their reader to let others work; what comes in may never cease.
        let budget = ready!(poll_proceed(cx));
        let incoming = ready!(self.poll_incoming(cx));
        budget.made_progress();
        Poll::Ready(incoming)
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        self.poll_written(cx, WRITE_BUFFER).map(Ok)
    }

    fn feed(&mut self, text: Bytes) -> Result<(), Ended> {
        if self.stream_end.is_none() {
            framing::encode(&text, &mut self.out);
        }
        Ok(())
    }

    fn feed_ping(&mut self) -> Result<(), Ended> {
        self.feed(texts::ping(milliseconds(SystemTime::now())))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        self.poll_written(cx, 0).map(Ok)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, close: &Close) -> Poll<()> {
        if self.closing.is_none() {
            self.closing = Some(self.wind_up(close));
        }
        self.closing.as_mut().map_or(Poll::Ready(()), |closing| closing.as_mut().poll(cx))
    }

    fn abort(&mut self) {
        if let Some(halves) = &mut self.halves {
            // An error means that the stream has ended already.
            let _ = halves.send().reset(0u32.into());
        }
    }

    fn bytes_taken(&self) -> u64 {
        self.taken
    }

    fn hold_at_most(&mut self, bytes: Option<usize>) {
        self.most_held = bytes.unwrap_or(usize::MAX);
    }

    fn bytes_held(&self) -> usize {
        self.decoder.held()
    }

    fn signs_of_life(&self) -> u64 {
        self.connection.stats().udp_rx.datagrams
    }

    fn keeps_itself_alive(&self) -> bool {
        true
    }
}

/// Milliseconds since 1970, for the JSON `ping`.
fn milliseconds(now: SystemTime) -> u64 {
    now.duration_since(UNIX_EPOCH).ok().and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or(0)
}
