//! A stream that counts: its reads, so that the pieces of a long message are signs of life too (protocol.md §5.6), and
//! the bytes written to it, so that a peer that takes a long one slowly is told from one that takes nothing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A byte stream that knows how often something was read from it and how much was written to it.
#[derive(Debug)]
pub struct Metered<S> {
    io: S,
    reads: u64,
    written: u64,
}

impl<S> Metered<S> {
    /// Starts counting at zero.
    pub fn new(io: S) -> Self {
        Self { io, reads: 0, written: 0 }
    }

    /// How many reads brought bytes.
    pub fn reads(&self) -> u64 {
        self.reads
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
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        self.reads += u64::from(buf.filled().len() > before);
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
