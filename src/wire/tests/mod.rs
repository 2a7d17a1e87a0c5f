//! Tests of the wire. The oracle is serde_json, read so that it judges the grammar alone (see [`is_object`]).

mod generate;
mod message;
mod out;
mod redact;
mod scan;
mod splice;

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::{Malformed, Message};
use crate::id::PlayerId;

fn parse(text: impl AsRef<[u8]>) -> Result<Message, Malformed> {
    Message::parse(Bytes::copy_from_slice(text.as_ref()))
}

fn message(text: &str) -> Message {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn player(id: &str) -> PlayerId {
    PlayerId::new(id)
}

/// The text of a message that is to be queued; checks that its buffer is no larger than it.
fn queued(bytes: Bytes) -> String {
    let len = bytes.len();
    let buffer = bytes.try_into_mut().expect("nobody else holds it");
    assert_eq!(buffer.capacity(), len);
    String::from_utf8(buffer.to_vec()).unwrap()
}

/// Whether serde_json takes the text for an object. Ignoring the values, it has no limit of depth, and it lets lone
/// surrogates and numbers beyond an f64 pass, as the scan does and as `JSON.parse` does. It does not check the UTF-8
/// of what it ignores, so that is done here.
fn is_object(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let first = text.trim_start_matches([' ', '\t', '\r', '\n']).bytes().next();
    first == Some(b'{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}
