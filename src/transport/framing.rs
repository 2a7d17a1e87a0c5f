//! Frames on a QUIC stream: a length as u32, big-endian, then that many bytes of JSON (protocol.md §2, §5.7).
//!
//! Pure: bytes in, messages out. What was announced is never believed: memory grows with the bytes that have arrived,
//! a length above the limit is refused before its body is read, and a decoder between two messages holds nothing.
//! All state is in the decoder, so a reader may be cancelled at any point.

#[cfg(test)]
mod tests;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The bytes of a length.
const HEADER: usize = 4;

/// What is reserved at most for a message of which nothing has arrived yet.
const FIRST_RESERVE: usize = 4096;

/// A frame longer than the limit was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message too big: {length} bytes, the limit is {limit}")]
pub struct TooBig {
    /// What was announced, in bytes.
    pub length: usize,
    /// What is allowed, in bytes.
    pub limit: usize,
}

/// Appends one frame to `out`.
///
/// # Panics
/// When `text` has 4 GiB or more, which no sender lets through.
pub fn encode(text: &[u8], out: &mut BytesMut) {
    let length = u32::try_from(text.len()).expect("a message is far shorter than 4 GiB");
    out.reserve(HEADER + text.len());
    out.put_u32(length);
    out.put_slice(text);
}

/// Cuts a stream of bytes into messages.
#[derive(Debug)]
pub struct Decoder {
    limit: usize,
    /// What was fed and not looked at yet.
    chunk: Bytes,
    /// The first `header_len` bytes of a length that came in pieces.
    header: [u8; HEADER],
    header_len: usize,
    /// The length of the message whose body is awaited.
    awaited: Option<usize>,
    /// The beginning of a body that came in pieces.
    body: Vec<u8>,
}

impl Decoder {
    /// A decoder that refuses messages of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, chunk: Bytes::new(), header: [0; HEADER], header_len: 0, awaited: None, body: Vec::new() }
    }

    /// Takes the next bytes of the stream. Cheapest when [`Decoder::next_message`] has said `None`.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            self.chunk = Bytes::from([&self.chunk[..], &chunk[..]].concat());
        }
    }

    /// The next whole message, which may be empty; `None` when more bytes are needed. A message that came in one piece is
    /// a slice of it.
    ///
    /// # Errors
    /// A length above the limit, now and at every later call: there is no way to find the next frame.
    pub fn next_message(&mut self) -> Result<Option<Bytes>, TooBig> {
        let Some(length) = self.awaited.or_else(|| self.take_header()) else { return Ok(None) };
        self.awaited = Some(length);
        if length > self.limit {
            return Err(TooBig { length, limit: self.limit });
        }
        let body = self.take_body(length);
        if body.is_some() {
            self.awaited = None;
        }
        Ok(body)
    }

    /// What the message that is not whole yet takes of memory, in bytes.
    pub fn held(&self) -> usize {
        self.body.capacity()
    }

    fn take_header(&mut self) -> Option<usize> {
        let take = (HEADER - self.header_len).min(self.chunk.len());
        self.chunk.copy_to_slice(&mut self.header[self.header_len..self.header_len + take]);
        self.header_len += take;
        if self.header_len < HEADER {
            return None;
        }
        self.header_len = 0;
        Some(usize::try_from(u32::from_be_bytes(self.header)).unwrap_or(usize::MAX))
    }

    fn take_body(&mut self, length: usize) -> Option<Bytes> {
        if self.body.is_empty() && self.chunk.len() >= length {
            return Some(self.chunk.split_to(length));
        }
        let take = (length - self.body.len()).min(self.chunk.len());
        self.make_room(take, length);
        self.body.extend_from_slice(&self.chunk.split_to(take));
        (self.body.len() == length).then(|| Bytes::from(std::mem::take(&mut self.body)))
    }

    /// Grows by doubling, as a `Vec` does, but never past the end of the message: its bytes are handed on as they are.
    fn make_room(&mut self, more: usize, length: usize) {
        let needed = self.body.len() + more;
        if needed > self.body.capacity() {
            let target = needed.max(2 * self.body.capacity()).max(FIRST_RESERVE).min(length);
            self.body.reserve_exact(target - self.body.len());
        }
    }
}
