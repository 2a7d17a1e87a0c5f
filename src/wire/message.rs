//! A message: its text, and what one scan found at its top level.

use std::borrow::Cow;

use bytes::Bytes;

use super::{Kind, Malformed};
use crate::id::PlayerId;

/// One message as a peer sent it.
#[derive(Clone, Debug)]
pub struct Message {
    text: Bytes,
}

impl Message {
    /// Checks that `text` is one JSON object in UTF-8 and notes where its interesting top-level members are.
    pub fn parse(text: Bytes) -> Result<Self, Malformed> {
        let _ = text;
        todo!()
    }
    /// The text as it came.
    pub fn text(&self) -> &Bytes {
        &self.text
    }
    /// What the message is.
    pub fn kind(&self) -> Kind {
        todo!()
    }
    /// `playerId`: a string decoded, or a number as its decimal string. The last duplicate counts.
    pub fn player_id(&self) -> Option<Cow<'_, str>> {
        todo!()
    }
    /// Whether there is a `playerId` at all, of whatever type.
    pub fn has_player_id(&self) -> bool {
        todo!()
    }
    /// `streamerId`, a string.
    pub fn streamer_id(&self) -> Option<Cow<'_, str>> {
        todo!()
    }
    /// `id`, a string.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        todo!()
    }
    /// `reason`, a string.
    pub fn reason(&self) -> Option<Cow<'_, str>> {
        todo!()
    }
    /// `time` as written when it is a number; otherwise `0`.
    pub fn time(&self) -> &str {
        todo!()
    }
    /// The text in a buffer of its own size: what is queued must not pin a larger read buffer.
    pub fn right_sized(&self) -> Bytes {
        todo!()
    }
    /// The text with the sender's id as the last member, for a streamer or SFU.
    pub fn with_player_id(&self, sender: &PlayerId) -> Bytes {
        let _ = sender;
        todo!()
    }
    /// The text with `sfuId` as the last member, for a streamer.
    pub fn with_sfu_id(&self, sfu: &PlayerId) -> Bytes {
        let _ = sfu;
        todo!()
    }
    /// The text without any `playerId`, for a player.
    pub fn without_player_id(&self) -> Bytes {
        todo!()
    }
}
