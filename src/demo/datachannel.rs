//! The messages between a player and its streamer on the data channel: a pure codec of both directions.
//!
//! A message is one byte, its id, and its fields, little-endian. A string towards the streamer is a u16 number of
//! UTF-16 code units and these; towards the player it runs to the end of the message. Bytes behind the known fields are
//! ignored: newer frontends append some. The ids are those of the stock frontend's default protocol; a streamer states
//! them in two `Protocol` messages when the channel opens ([`protocol_messages`]).

mod bytes;
mod from_streamer;
#[cfg(test)]
mod tests;
mod to_streamer;

use serde_json::{Map, Value, json};

pub use from_streamer::FromStreamer;
pub use to_streamer::{Click, Point, ToStreamer, Touch};

/// A message that cannot be read. The fault is the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not even an id.
    #[error("an empty message")]
    Empty,
    /// An id that is not known.
    #[error("unknown message id {0}")]
    Unknown(u8),
    /// It ends within its fields.
    #[error("message {0} is too short")]
    Short(u8),
}

/// Names, ids and fields towards the streamer, as the stock frontend has them.
///
/// `DataChannelLatencyTest` (9) is not among them: the stock frontend logs an error for a name that it cannot send.
const TO_STREAMER: &[(&str, u8, &[&str])] = &[
    ("IFrameRequest", 0, &[]),
    ("RequestQualityControl", 1, &[]),
    ("FpsRequest", 2, &[]),
    ("AverageBitrateRequest", 3, &[]),
    ("StartStreaming", 4, &[]),
    ("StopStreaming", 5, &[]),
    ("LatencyTest", 6, &["string"]),
    ("RequestInitialSettings", 7, &[]),
    ("TestEcho", 8, &[]),
    ("UIInteraction", 50, &["string"]),
    ("Command", 51, &["string"]),
    ("TextboxEntry", 52, &["string"]),
    ("KeyDown", 60, &["uint8", "uint8"]),
    ("KeyUp", 61, &["uint8"]),
    ("KeyPress", 62, &["uint16"]),
    ("MouseEnter", 70, &[]),
    ("MouseLeave", 71, &[]),
    ("MouseDown", 72, &["uint8", "uint16", "uint16"]),
    ("MouseUp", 73, &["uint8", "uint16", "uint16"]),
    ("MouseMove", 74, &["uint16", "uint16", "int16", "int16"]),
    ("MouseWheel", 75, &["int16", "uint16", "uint16"]),
    ("MouseDouble", 76, &["uint8", "uint16", "uint16"]),
    ("TouchStart", 80, &["uint8", "uint16", "uint16", "uint8", "uint8", "uint8"]),
    ("TouchEnd", 81, &["uint8", "uint16", "uint16", "uint8", "uint8", "uint8"]),
    ("TouchMove", 82, &["uint8", "uint16", "uint16", "uint8", "uint8", "uint8"]),
    ("GamepadButtonPressed", 90, &["uint8", "uint8", "uint8"]),
    ("GamepadButtonReleased", 91, &["uint8", "uint8", "uint8"]),
    ("GamepadAnalog", 92, &["uint8", "uint8", "double"]),
    ("GamepadConnected", 93, &[]),
    ("GamepadDisconnected", 94, &["uint8"]),
];

/// Names and ids towards the player.
const FROM_STREAMER: &[(&str, u8)] = &[
    ("QualityControlOwnership", 0),
    ("Response", 1),
    ("Command", 2),
    ("FreezeFrame", 3),
    ("UnfreezeFrame", 4),
    ("VideoEncoderAvgQP", 5),
    ("LatencyTest", 6),
    ("InitialSettings", 7),
    ("FileExtension", 8),
    ("FileMimeType", 9),
    ("FileContents", 10),
    ("TestEcho", 11),
    ("InputControlOwnership", 12),
    ("GamepadResponse", 13),
    ("DataChannelLatencyTest", 14),
    ("Protocol", 255),
];

/// What a streamer says first: both tables, the direction towards itself (0) before the other (1).
pub fn protocol_messages() -> [FromStreamer; 2] {
    let towards = TO_STREAMER.iter().map(|(name, id, fields)| (*name, json!({ "id": id, "structure": fields })));
    let from = FROM_STREAMER.iter().map(|(name, id)| (*name, json!({ "id": id })));
    [protocol(0, towards), protocol(1, from)]
}

fn protocol<'a>(direction: u8, messages: impl Iterator<Item = (&'a str, Value)>) -> FromStreamer {
    let mut table = Map::from_iter([("Direction".to_owned(), direction.into())]);
    table.extend(messages.map(|(name, message)| (name.to_owned(), message)));
    FromStreamer::Protocol(Value::Object(table).to_string())
}
