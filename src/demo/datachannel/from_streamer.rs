//! What a streamer says.

use super::Malformed;
use super::bytes::{Reader, Writer, utf16};

/// A message to a player. Texts are JSON where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the protocol's")]
pub enum FromStreamer {
    QualityControlOwnership(bool),
    /// Any text.
    Response(String),
    Command(String),
    /// A number in decimal.
    VideoEncoderAvgQp(String),
    LatencyTest(String),
    InitialSettings(String),
    TestEcho,
    InputControlOwnership(bool),
    GamepadResponse(String),
    DataChannelLatencyTest(String),
    Protocol(String),
}

impl FromStreamer {
    /// Reads a message.
    ///
    /// # Errors
    /// No known id, or too short for its fields.
    pub fn parse(message: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(message)?;
        Ok(match reader.id() {
            0 => Self::QualityControlOwnership(reader.flag()?),
            1 => Self::Response(utf16(reader.rest())),
            2 => Self::Command(utf16(reader.rest())),
            5 => Self::VideoEncoderAvgQp(utf16(reader.rest())),
            6 => Self::LatencyTest(utf16(reader.rest())),
            7 => Self::InitialSettings(utf16(reader.rest())),
            11 => Self::TestEcho,
            12 => Self::InputControlOwnership(reader.flag()?),
            13 => Self::GamepadResponse(utf16(reader.rest())),
            14 => Self::DataChannelLatencyTest(utf16(reader.rest())),
            255 => Self::Protocol(utf16(reader.rest())),
            id => return Err(Malformed::Unknown(id)),
        })
    }

    /// Writes a message.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::QualityControlOwnership(owned) => Writer::new(0).u8(u8::from(*owned)),
            Self::Response(text) => Writer::new(1).text(text),
            Self::Command(text) => Writer::new(2).text(text),
            Self::VideoEncoderAvgQp(text) => Writer::new(5).text(text),
            Self::LatencyTest(text) => Writer::new(6).text(text),
            Self::InitialSettings(text) => Writer::new(7).text(text),
            Self::TestEcho => Writer::new(11),
            Self::InputControlOwnership(owned) => Writer::new(12).u8(u8::from(*owned)),
            Self::GamepadResponse(text) => Writer::new(13).text(text),
            Self::DataChannelLatencyTest(text) => Writer::new(14).text(text),
            Self::Protocol(text) => Writer::new(255).text(text),
        }
        .finish()
    }

    /// Writes a message for one player behind an SFU.
    pub fn encode_for(&self, player: &str) -> Vec<u8> {
        Writer::new(199).sized(player).raw(&self.encode()).finish()
    }
}
