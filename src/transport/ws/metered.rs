//! A stream that counts its bytes: those read, so that the pieces of a long message are signs of life too (protocol.md
//! §5.6), and those written, so that a peer that takes a long one slowly is told from one that takes nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A byte stream that knows how much was read from it and written to it.
#[derive(Debug)]
pub struct Metered<S> {
    io: S,
    read: u64,
    /// Where reading stops.
    stop: u64,
    written: u64,
}

impl<S> Metered<S> {
    /// Starts counting at zero.
    pub fn new(io: S) -> Self {
        Self { io, read: 0, stop: u64::MAX, written: 0 }
    }

    /// How many bytes were read.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Reads no further than about there, a buffer's length more at most. Nobody is woken when that changes.
    pub fn stop_at(&mut self, stop: u64) {
        self.stop = stop;
    }

    /// How many bytes the stream has taken.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// The stream itself.
    pub fn into_inner(self) -> S {
        self.io
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.read >= self.stop {
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        self.read += (buf.filled().len() - before) as u64;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, buf))?;
        self.written += written as u64;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
