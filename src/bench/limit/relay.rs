//! The verbatim relay: what a player says goes to its streamer, and what a streamer says to the player whose number
//! stands at a fixed place. Messages are handed on as they came. Before that, canned answers stand for the rules: a
//! greeting, a confirmation, a list, and who has come and gone.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::transport::{Incoming, Transport};
use crate::wire::Close;

/// As the gateway: so many messages are read in a row, and so many, or about so many bytes, go out with one flush.
const READS: usize = 32;
const BATCH: usize = 32;
const BATCH_BYTES: usize = 16 << 10;

/// Messages that wait for a peer: all that a benchmark has under way.
pub(in crate::bench) const QUEUE: usize = 8192;

type Outbox = mpsc::Sender<Bytes>;

/// Who is there: streamers by name, players by number.
#[derive(Default)]
pub(super) struct Board {
    streamers: Mutex<HashMap<Vec<u8>, Outbox>>,
    players: Mutex<Vec<Option<Outbox>>>,
}

/// One peer.
pub(super) struct Session<T> {
    transport: T,
    board: Arc<Board>,
    streams: bool,
    number: usize,
    outbox: Outbox,
    queue: mpsc::Receiver<Bytes>,
    /// What is being written, the first one last.
    batch: Vec<Bytes>,
    /// A player's streamer.
    to: Option<Outbox>,
    /// A streamer's players, as far as it has spoken to them.
    players: Vec<Option<Outbox>>,
}

impl<T: Transport> Session<T> {
    /// Serves a peer until its session ends; `streams` if it is a streamer.
    pub(super) async fn run(transport: T, streams: bool, board: Arc<Board>) {
        let (outbox, queue) = mpsc::channel(QUEUE);
        let number = if streams { 0 } else { board.join(outbox.clone()) };
        let (batch, players) = (Vec::new(), Vec::new());
        let mut session = Self { transport, board, streams, number, outbox, queue, batch, to: None, players };
        session.greet();
        poll_fn(|cx| session.poll(cx)).await;
        session.leave();
        poll_fn(|cx| session.transport.poll_close(cx, &Close::EMPTY)).await;
    }

    fn answer(&self, text: impl Into<Bytes>) {
        let _ = self.outbox.try_send(text.into());
    }

    fn greet(&self) {
        self.answer(r#"{"type":"config","peerConnectionOptions":{},"protocolVersion":"1.3.0"}"#);
        self.answer(if self.streams { r#"{"type":"identify"}"# } else { r#"{"type":"playerCount","count":1}"# });
    }

    /// Ready when the session is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for read in 0.. {
            match self.transport.poll_recv(cx) {
                Poll::Ready(Ok(Incoming::Message(text))) => self.relay(text),
                Poll::Ready(Ok(Incoming::Life)) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => break,
            }
            if read == READS {
                cx.waker().wake_by_ref();
                break;
            }
        }
        loop {
            let mut fed = 0;
            while fed < BATCH_BYTES {
                if self.batch.is_empty() {
                    if fed > 0 || self.queue.poll_recv_many(cx, &mut self.batch, BATCH).is_pending() {
                        break;
                    }
                    self.batch.reverse();
                }
                match self.transport.poll_ready(cx) {
                    Poll::Ready(Ok(())) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
                let text = self.batch.pop().unwrap_or_default();
                fed += text.len();
                if self.transport.feed(text).is_err() {
                    return Poll::Ready(());
                }
            }
            match self.transport.poll_flush(cx) {
                Poll::Ready(Ok(())) if fed == 0 => return Poll::Pending,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn relay(&mut self, text: Bytes) {
        // A copy of its own size: a slice would keep the whole read buffer.
        let text = Bytes::copy_from_slice(&text);
        let sent = match &self.to {
            Some(streamer) => streamer.try_send(text),
            None if self.streams && text.starts_with(NUMBERED) => match self.player(&text) {
                Some(player) => player.try_send(text),
                None => return,
            },
            None => return self.set_up(&text),
        };
        // More is under way than the queue holds; the generator sees that it is lost.
        debug_assert!(!matches!(sent, Err(mpsc::error::TrySendError::Full(_))), "the generator asks before");
    }

    /// The player whose number stands at its place.
    fn player(&mut self, text: &[u8]) -> Option<&Outbox> {
        let digits = text[NUMBERED.len()..].iter().take_while(|byte| byte.is_ascii_digit());
        let number = digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
        if self.players.len() <= number {
            self.players.resize(number + 1, None);
        }
        let known = &mut self.players[number];
        if known.is_none() {
            *known = self.board.players.lock().get(number).cloned().flatten();
        }
        known.as_ref()
    }

    /// What comes before messages are relayed.
    fn set_up(&mut self, text: &[u8]) {
        if let Some(id) = text.strip_prefix(br#"{"type":"endpointId","id":""#) {
            let id = id.strip_suffix(br#""}"#).unwrap_or(id);
            self.board.streamers.lock().insert(id.to_vec(), self.outbox.clone());
            self.answer([br#"{"type":"endpointIdConfirm","committedId":""#, id, br#""}"#].concat());
        } else if text.starts_with(br#"{"type":"listStreamers""#) {
            self.answer(r#"{"type":"streamerList","ids":["bench"]}"#);
        } else if let Some(id) = text.strip_prefix(br#"{"type":"subscribe","streamerId":""#) {
            let id = id.strip_suffix(br#""}"#).unwrap_or(id);
            self.to = self.board.streamers.lock().get(id).cloned();
            self.tell("playerConnected", r#""dataChannel":true,"sfu":false,"#);
        }
    }

    fn tell(&self, kind: &str, more: &str) {
        let text = format!(r#"{{"type":"{kind}",{more}"playerId":"Player{}"}}"#, self.number);
        let _ = self.to.as_ref().map(|streamer| streamer.try_send(text.into()));
    }

    fn leave(&self) {
        if !self.streams {
            self.board.players.lock()[self.number] = None;
        }
        self.tell("playerDisconnected", "");
    }
}

const NUMBERED: &[u8] = br#"{"playerId":"Player"#;

impl Board {
    fn join(&self, outbox: Outbox) -> usize {
        let mut players = self.players.lock();
        players.push(Some(outbox));
        players.len() - 1
    }
}
