//! WebSocket, over TCP or TLS, for the server's and the client's side (RFC 6455, protocol.md §2).
//!
//! Invariants:
//! * A close that the peer sent is reported at once. It has been answered by then as far as the peer takes the answer;
//!   `poll_close` sees to the rest.
//! * A close that we send is followed by reading until the peer has closed too: a socket that is closed with unread
//!   bytes answers with a reset, and a reset can overtake the close frame and erase it.
//! * The write buffer holds at most [`WRITE_BUFFER`], one message and [`UNWRITTEN_PONGS`]: `poll_ready` waits for an empty
//!   one after that, and so do the reads.

mod metered;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::{Ended, Incoming, Transport, TransportKind};
use crate::wire::{self, Close, CloseCode};

pub use metered::Metered;

/// What a client reads at once, and what anybody reads who only wants to see the end.
const READ_BUFFER: usize = 4 * 1024;

/// What is gathered before it is written without being asked to. Zero would write at every feed.
const WRITE_BUFFER: usize = 16 * 1024;

/// So many pings are read before the pongs to them must have been written: a peer that asks and takes no answer must
/// not fill the write buffer, which has no bound of its own.
const UNWRITTEN_PONGS: u32 = 64;

/// So many bytes that make no message are told as a sign of life: a message's limit does not bound pieces without
/// content.
const PIECES: u64 = 16 * 1024;

/// What precedes a control frame of a client: two bytes and a mask (RFC 6455 §5.2).
const CONTROL_HEADER: u64 = 6;

/// A protocol error (RFC 6455 §7.4.1).
const PROTOCOL_ERROR: CloseCode = CloseCode(1002);

/// A text that is not UTF-8 (RFC 6455 §7.4.1).
const NOT_UTF8: CloseCode = CloseCode(1007);

/// The settings of a client's connection that takes messages of at most `max_message` bytes.
pub fn ws_config(max_message: usize) -> WebSocketConfig {
    config(max_message, READ_BUFFER)
}

fn config(max_message: usize, read_buffer: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(read_buffer)
        .write_buffer_size(WRITE_BUFFER)
        // `poll_ready` bounds the buffer: one message above WRITE_BUFFER. A number here would only cut a session
        // whose streamerList, which has no limit (protocol.md §5.7), is longer.
        .max_write_buffer_size(usize::MAX)
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message))
}

/// What the gateway reads at once of a peer in that role, and holds for it while it is idle, in bytes. Players are many
/// and say little. What many send to a streamer or SFU, it answers in one go. Over TLS, what was read is decrypted
/// already: nothing is saved there.
pub fn read_buffer(kind: TransportKind, role: wire::Role) -> usize {
    match (role, kind) {
        (wire::Role::Streamer | wire::Role::Sfu, _) => 16 << 10,
        (wire::Role::Player, TransportKind::Wss) => 1 << 10,
        (wire::Role::Player, _) => 2 << 10,
    }
}

/// A WebSocket connection whose handshake is done.
#[derive(Debug)]
pub struct WsTransport<S> {
    ws: WebSocketStream<Metered<S>>,
    kind: TransportKind,
    phase: Phase,
    /// Pings that were read since the write buffer was known to be empty.
    pings: u32,
    /// Of the bytes that were read, those that what was told stands for.
    told: u64,
    /// Of the bytes that were read, those of messages and control frames that were whole.
    whole: u64,
    /// Why writing failed. What the peer said before that may still be waiting to be read.
    unwritable: Option<String>,
}

/// How far the end of the connection has come.
#[derive(Debug)]
enum Phase {
    Open,
    /// The peer has closed; our answer is being written.
    Answering,
    /// The peer broke the rules: no frame can be read any more, only bytes.
    Broken,
    /// Our close frame is being written.
    Closing {
        broken: bool,
    },
    /// Our close frame is written; the peer's is awaited.
    AwaitingPeer,
    /// The write side is being closed.
    HangingUp {
        drain: bool,
    },
    /// What the peer still sends is read and dropped.
    Draining,
    Over,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> WsTransport<S> {
    /// The server's side of an upgraded connection. `read_ahead` is what was read of `io` beyond the request,
    /// `read_buffer` what is read at once and held for it, and `max_message` the longest message taken, all in bytes.
    pub async fn server(io: S, read_ahead: &[u8], kind: TransportKind, read_buffer: usize, max_message: usize) -> Self {
        let (io, config) = (Metered::new(io), Some(config(max_message, read_buffer)));
        let ws = if read_ahead.is_empty() {
            WebSocketStream::from_raw_socket(io, Role::Server, config).await
        } else {
            WebSocketStream::from_partially_read(io, read_ahead.to_vec(), Role::Server, config).await
        };
        Self::new(ws, kind)
    }

    /// Either side of a connection that was set up with [`ws_config`].
    pub fn new(ws: WebSocketStream<Metered<S>>, kind: TransportKind) -> Self {
        Self { ws, kind, phase: Phase::Open, pings: 0, told: 0, whole: 0, unwritable: None }
    }

    /// The byte stream. Dropped, it is a peer that vanished without a close frame.
    pub fn into_inner(self) -> S {
        self.ws.into_inner().into_inner()
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        Pin::new(&mut self.ws).poll_next(cx)
    }

    fn queue(&mut self, message: Message) -> Result<(), Ended> {
        if !matches!(self.phase, Phase::Open) || self.unwritable.is_some() {
            return Ok(()); // The end is known and `poll_recv` tells it.
        }
        match Pin::new(&mut self.ws).start_send(message) {
            Err(error) => self.write_failed(error),
            Ok(()) => Ok(()),
        }
    }

    /// A failed write is told by `poll_recv`, after what the peer may have said before: its close frame most of all.
    fn write_failed(&mut self, error: Error) -> Result<(), Ended> {
        match ended(error) {
            Ended::Lost(why) => {
                self.unwritable = Some(why);
                Ok(())
            }
            other => Err(other),
        }
    }

    fn written(&mut self, cx: &mut Context<'_>, result: Result<(), Error>) -> Result<(), Ended> {
        let Err(error) = result else { return Ok(()) };
        cx.waker().wake_by_ref();
        self.write_failed(error)
    }

    /// Waits for the pongs to be written once there are too many.
    fn poll_pongs(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        if self.pings < UNWRITTEN_PONGS {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(Pin::new(&mut self.ws).poll_flush(cx));
        self.pings = 0;
        Poll::Ready(self.written(cx, result))
    }

    /// The bytes that were read since something was told.
    fn untold(&self) -> u64 {
        self.ws.get_ref().read() - self.told
    }

    /// What is told stands for its own bytes and some that go with them.
    fn tell(&mut self, length: usize) {
        self.told = (self.told + length as u64 + PIECES).min(self.ws.get_ref().read());
    }

    /// A message has become whole, or a control frame between the pieces of one.
    fn becomes_whole(&mut self, message: &Message) {
        let read = self.ws.get_ref().read();
        self.whole = if message.is_ping() || message.is_pong() {
            (self.whole + CONTROL_HEADER + message.len() as u64).min(read)
        } else {
            read
        };
    }

    /// Reads and drops frames until the peer has closed or cannot be understood.
    fn poll_peer_closed(&mut self, cx: &mut Context<'_>) -> Poll<Phase> {
        loop {
            match ready!(self.poll_frame(cx)) {
                Some(Ok(_)) => {}
                None => return Poll::Ready(Phase::HangingUp { drain: false }),
                Some(Err(_)) => return Poll::Ready(Phase::HangingUp { drain: true }),
            }
        }
    }

    fn poll_hung_up(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(self.ws.get_mut()).poll_shutdown(cx).map(|_| ())
    }

    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; READ_BUFFER];
        loop {
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(self.ws.get_mut()).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }

    /// What stands in for a close by us when the end has already come from elsewhere.
    fn begin_close(&mut self, close: &Close) -> Phase {
        let broken = matches!(self.phase, Phase::Broken);
        match Pin::new(&mut self.ws).start_send(Message::Close(close_frame(close))) {
            Ok(()) => Phase::Closing { broken },
            Err(_) => Phase::HangingUp { drain: true },
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Transport for WsTransport<S> {
    fn kind(&self) -> TransportKind {
        self.kind
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Ended>> {
        loop {
            ready!(self.poll_pongs(cx))?;
            if self.untold() >= PIECES {
                self.tell(0);
                return Poll::Ready(Ok(Incoming::Life));
            }
            match self.poll_frame(cx) {
                Poll::Pending if self.untold() >= PIECES => {}
                Poll::Pending => {
                    return self.unwritable.take().map_or(Poll::Pending, |why| Poll::Ready(Err(Ended::Lost(why))));
                }
                Poll::Ready(Some(Ok(Message::Close(frame)))) => {
                    let close = peer_close(frame);
                    self.phase = Phase::Answering;
                    let _ = self.poll_close(cx, &close);
                    return Poll::Ready(Err(Ended::ByPeer(close)));
                }
                Poll::Ready(Some(Ok(message))) => {
                    self.tell(message.len());
                    self.becomes_whole(&message);
                    self.pings += u32::from(message.is_ping());
                    return Poll::Ready(Ok(incoming(message)));
                }
                Poll::Ready(Some(Err(error))) => {
                    self.phase = Phase::Broken;
                    return Poll::Ready(Err(ended(error)));
                }
                Poll::Ready(None) => return Poll::Ready(Err(Ended::Lost("closed".into()))),
            }
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let result = ready!(Pin::new(&mut self.ws).poll_ready(cx));
        Poll::Ready(self.written(cx, result))
    }

    /// `text` must be UTF-8, as every message is that was scanned or serialised: it is not checked again.
    fn feed(&mut self, text: Bytes) -> Result<(), Ended> {
        self.queue(Message::Frame(Frame::message(text, OpCode::Data(Data::Text), true)))
    }

    fn feed_ping(&mut self) -> Result<(), Ended> {
        self.queue(Message::Ping(Bytes::new()))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        if !matches!(self.phase, Phase::Open) || self.unwritable.is_some() {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(Pin::new(&mut self.ws).poll_flush(cx));
        Poll::Ready(self.written(cx, result))
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, close: &Close) -> Poll<()> {
        loop {
            self.phase = match &self.phase {
                Phase::Open | Phase::Broken => {
                    // What was fed goes first: a full buffer must not make the close frame fail.
                    let _ = ready!(Pin::new(&mut self.ws).poll_ready(cx));
                    self.begin_close(close)
                }
                &Phase::Closing { broken } => match (ready!(Pin::new(&mut self.ws).poll_flush(cx)), broken) {
                    (Ok(()), false) => Phase::AwaitingPeer,
                    _ => Phase::HangingUp { drain: true },
                },
                Phase::AwaitingPeer => ready!(self.poll_peer_closed(cx)),
                Phase::Answering => {
                    // It ends in an error or in the end of the handshake: both mean that there is no more to do.
                    let _ = ready!(Pin::new(&mut self.ws).poll_flush(cx));
                    Phase::HangingUp { drain: false }
                }
                &Phase::HangingUp { drain } => {
                    ready!(self.poll_hung_up(cx));
                    if drain { Phase::Draining } else { Phase::Over }
                }
                Phase::Draining => {
                    ready!(self.poll_drained(cx));
                    Phase::Over
                }
                Phase::Over => return Poll::Ready(()),
            };
        }
    }

    fn close_is_written(&self) -> bool {
        !matches!(self.phase, Phase::Open | Phase::Broken | Phase::Closing { .. } | Phase::Answering)
    }

    fn bytes_taken(&self) -> u64 {
        self.ws.get_ref().written()
    }

    fn hold_at_most(&mut self, bytes: Option<usize>) {
        let stop = bytes.map_or(u64::MAX, |bytes| self.whole + bytes as u64);
        self.ws.get_mut().stop_at(stop);
    }

    fn bytes_held(&self) -> usize {
        usize::try_from(self.ws.get_ref().read() - self.whole).unwrap_or(usize::MAX)
    }

    fn signs_of_life(&self) -> u64 {
        self.ws.get_ref().read()
    }

    fn keeps_itself_alive(&self) -> bool {
        false
    }
}

/// The message as the session sees it. A binary frame is a text that says so only by being scanned (protocol.md §2).
fn incoming(message: Message) -> Incoming {
    match message {
        Message::Text(text) => Incoming::Message(text.into()),
        Message::Binary(bytes) => Incoming::Message(bytes),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => Incoming::Life,
    }
}

fn peer_close(frame: Option<CloseFrame>) -> Close {
    frame.map_or(Close::EMPTY, |frame| Close::new(CloseCode(frame.code.into()), frame.reason.to_string()))
}

fn close_frame(close: &Close) -> Option<CloseFrame> {
    let reason = || close.reason_within(Close::MAX_WEBSOCKET_REASON).into();
    (close.code != CloseCode::EMPTY).then(|| CloseFrame { code: close.code.0.into(), reason: reason() })
}

/// Whose fault an error is, and what the peer is told (RFC 6455 §7.4.1).
fn ended(error: Error) -> Ended {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => Ended::Violation(too_big(size, max_size)),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            Ended::Lost("closed without a close frame".into())
        }
        Error::Protocol(broken) => Ended::Violation(Close::new(PROTOCOL_ERROR, broken.to_string())),
        Error::Utf8(_) => Ended::Violation(Close::new(NOT_UTF8, "not UTF-8")),
        Error::Io(error) => Ended::Lost(error.to_string()),
        other => Ended::Lost(other.to_string()),
    }
}

/// The close for a message above the limit (protocol.md §5.7).
pub(super) fn too_big(size: usize, limit: usize) -> Close {
    Close::new(CloseCode::TOO_BIG, format!("message too big: {size} bytes, the limit is {limit}"))
}
