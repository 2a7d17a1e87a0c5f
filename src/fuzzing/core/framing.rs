//! Bytes as a stream of frames that arrives in pieces, beside a decoder that has all of it at once.

use bytes::{Bytes, BytesMut};

use crate::transport::framing::{Decoder, TooBig, encode};

/// The first byte says how large the pieces are, the second the limit; the rest is the stream.
///
/// # Panics
/// When the pieces give other messages than the whole, or a message does not survive its own frame.
pub fn framing(data: &[u8]) {
    let Some((&[pieces, limit], stream)) = data.split_first_chunk() else { return };
    let limit = usize::from(limit) * 16;
    let expected = all_at_once(stream, limit);
    // Decoded one after the other, and only when all has come.
    for greedy in [true, false] {
        let mut decoder = Decoder::new(limit);
        let mut got = Vec::new();
        for piece in in_pieces(stream, pieces) {
            decoder.feed(Bytes::copy_from_slice(piece));
            if greedy {
                take(&mut decoder, &mut got);
            }
        }
        take(&mut decoder, &mut got);
        assert_eq!(got, expected, "greedy: {greedy}");
    }
    check_round_trip(stream, limit);
}

type Decoded = Result<Vec<u8>, TooBig>;

/// Until it wants more, or says that the stream is over.
fn take(decoder: &mut Decoder, into: &mut Vec<Decoded>) {
    while !matches!(into.last(), Some(Err(_))) {
        match decoder.next_message() {
            Ok(Some(message)) => into.push(Ok(message.to_vec())),
            Ok(None) => return,
            Err(error) => into.push(Err(error)),
        }
    }
}

fn all_at_once(mut stream: &[u8], limit: usize) -> Vec<Decoded> {
    let mut decoded = Vec::new();
    while let Some((length, rest)) = stream.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        if length > limit {
            decoded.push(Err(TooBig { length, limit }));
            break;
        }
        let Some((message, rest)) = rest.split_at_checked(length) else { break };
        decoded.push(Ok(message.to_vec()));
        stream = rest;
    }
    decoded
}

/// Pieces of different sizes, from 1 byte to 64.
pub fn in_pieces(mut stream: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut size = usize::from(seed);
    while !stream.is_empty() {
        size = (size * 5 + 1) % 64;
        let (piece, rest) = stream.split_at((size + 1).min(stream.len()));
        pieces.push(piece);
        stream = rest;
    }
    pieces
}

fn check_round_trip(text: &[u8], limit: usize) {
    let mut frame = BytesMut::new();
    encode(text, &mut frame);
    let mut decoder = Decoder::new(limit);
    decoder.feed(frame.freeze());
    let decoded = decoder.next_message();
    if text.len() > limit {
        assert_eq!(decoded, Err(TooBig { length: text.len(), limit }));
    } else {
        assert_eq!(decoded, Ok(Some(Bytes::copy_from_slice(text))));
    }
}
