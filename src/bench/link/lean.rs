//! WebSocket frames and nothing else (RFC 6455 §5): what is read is parsed where the system has put it, what is written
//! is masked with zeros, which leave it as it is. An idle session holds no buffer.

#[cfg(test)]
mod tests;

use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::Queue;
use crate::transport::Ended;
use crate::wire::{Close, CloseCode};

/// What is read at once.
const READ: usize = 64 * 1024;

/// What a session keeps of a buffer that is empty.
const KEPT: usize = 64 * 1024;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// One session.
pub(in crate::bench) struct Lean<S> {
    io: S,
    /// The beginning of a frame.
    partial: Vec<u8>,
    pub(super) out: Out,
}

/// Frames that wait to be written.
#[derive(Default)]
pub(super) struct Out {
    bytes: Vec<u8>,
    written: usize,
}

impl Queue for Out {
    fn push(&mut self, text: &[u8]) {
        self.frame(TEXT, text);
    }
}

impl Out {
    fn frame(&mut self, opcode: u8, payload: &[u8]) {
        self.bytes.push(0x80 | opcode);
        match payload.len() {
            length @ 0..126 => self.bytes.push(0x80 | length as u8),
            length @ 126..65536 => {
                self.bytes.push(0x80 | 126);
                self.bytes.extend((length as u16).to_be_bytes());
            }
            length => {
                self.bytes.push(0x80 | 127);
                self.bytes.extend((length as u64).to_be_bytes());
            }
        }
        self.bytes.extend([0; 4]);
        self.bytes.extend(payload);
    }

    fn clear(&mut self) {
        self.written = 0;
        if self.bytes.capacity() > KEPT { self.bytes = Vec::new() } else { self.bytes.clear() }
    }
}

/// A frame, as far as it is looked at.
struct Frame<'a> {
    opcode: u8,
    payload: &'a [u8],
    /// All of it, in bytes.
    length: usize,
}

impl<'a> Frame<'a> {
    /// The first frame in `bytes`, when it is whole.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (length, header): (usize, usize) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
            127 => (usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).ok()?, 10),
            short => (usize::from(short), 2),
        };
        // Masks are the generator's own zeros, come through a relay of bytes.
        let header = header + if second & 0x80 == 0 { 0 } else { 4 };
        let whole = header.checked_add(length)?;
        Some(Self { opcode: first & 0x0f, payload: bytes.get(header..whole)?, length: whole })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Lean<S> {
    /// A session on a connection of which `read` was read beyond the handshake.
    pub(in crate::bench) fn new(io: S, read: &[u8]) -> Self {
        Self { io, partial: read.to_vec(), out: Out::default() }
    }

    pub(super) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        if self.out.bytes.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while self.out.written < self.out.bytes.len() {
            let rest = &self.out.bytes[self.out.written..];
            self.out.written += ready!(Pin::new(&mut self.io).poll_write(cx, rest)).map_err(lost)?;
        }
        ready!(Pin::new(&mut self.io).poll_flush(cx)).map_err(lost)?;
        self.out.clear();
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_turn(
        &mut self,
        cx: &mut Context<'_>,
        heard: &mut impl FnMut(&[u8], &mut dyn Queue),
    ) -> Poll<Result<(), Ended>> {
        loop {
            // A server that has closed takes nothing any more: what it said is read first.
            let _ = self.poll_written(cx);
            let read = if self.partial.is_empty() {
                ready!(self.poll_read_whole(cx, heard))?
            } else {
                match self.take_frames(heard)? {
                    0 => ready!(self.poll_read_more(cx, heard))?,
                    read => read,
                }
            };
            if read > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Reads, and parses what was read where it is.
    fn poll_read_whole(
        &mut self,
        cx: &mut Context<'_>,
        heard: &mut impl FnMut(&[u8], &mut dyn Queue),
    ) -> Poll<Result<usize, Ended>> {
        let mut scratch = [MaybeUninit::<u8>::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut scratch);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)).map_err(lost)?;
        let filled = buffer.filled();
        if filled.is_empty() {
            return Poll::Ready(Err(Ended::Lost("closed without a close frame".into())));
        }
        let (taken, messages) = frames(filled, &mut self.out, heard)?;
        self.partial.extend_from_slice(&filled[taken..]);
        Poll::Ready(Ok(messages))
    }

    /// Reads to what was left.
    fn poll_read_more(
        &mut self,
        cx: &mut Context<'_>,
        heard: &mut impl FnMut(&[u8], &mut dyn Queue),
    ) -> Poll<Result<usize, Ended>> {
        let mut scratch = [MaybeUninit::<u8>::uninit(); READ];
        let mut buffer = ReadBuf::uninit(&mut scratch);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)).map_err(lost)?;
        if buffer.filled().is_empty() {
            return Poll::Ready(Err(Ended::Lost("closed within a frame".into())));
        }
        self.partial.extend_from_slice(buffer.filled());
        Poll::Ready(self.take_frames(heard))
    }

    fn take_frames(&mut self, heard: &mut impl FnMut(&[u8], &mut dyn Queue)) -> Result<usize, Ended> {
        let (taken, messages) = frames(&self.partial, &mut self.out, heard)?;
        if taken == self.partial.len() {
            self.partial = Vec::new();
        } else {
            self.partial.drain(..taken);
        }
        Ok(messages)
    }

    pub(super) async fn close(mut self) {
        self.out.frame(CLOSE, &CloseCode::NORMAL.0.to_be_bytes());
        if std::future::poll_fn(|cx| self.poll_written(cx)).await.is_ok() {
            while std::future::poll_fn(|cx| self.poll_turn(cx, &mut |_, _| {})).await.is_ok() {}
        }
        // An error means that the server was first.
        let _ = self.io.shutdown().await;
    }
}

/// Gives every whole message to `heard`. Returns the bytes that are done with and how many messages there were.
fn frames(bytes: &[u8], out: &mut Out, heard: &mut impl FnMut(&[u8], &mut dyn Queue)) -> Result<(usize, usize), Ended> {
    let (mut at, mut messages) = (0, 0);
    while let Some(frame) = Frame::parse(&bytes[at..]) {
        match frame.opcode {
            TEXT | BINARY => {
                heard(frame.payload, out);
                messages += 1;
            }
            PING => out.frame(PONG, frame.payload),
            CLOSE => return Err(Ended::ByPeer(close_of(frame.payload))),
            _ => {}
        }
        at += frame.length;
    }
    Ok((at, messages))
}

fn close_of(payload: &[u8]) -> Close {
    payload.split_first_chunk().map_or(Close::EMPTY, |(code, reason)| {
        Close::new(CloseCode(u16::from_be_bytes(*code)), String::from_utf8_lossy(reason).into_owned())
    })
}

fn lost(error: std::io::Error) -> Ended {
    Ended::Lost(error.to_string())
}
