//! A message: its text, and what one scan found at its top level.
//!
//! The fields that the relay path needs are noted by the scan and read in place. Those of the greetings and answers
//! that only clients and listeners read are looked up on demand ([`Message::field`]), at the price of a full parse.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;

use super::out::escaped;
use super::scan::{Head, Name};
use super::splice::splice;
use super::{Kind, Malformed, Role};
use crate::id::PlayerId;

/// Every spelling of `playerId` that Unreal takes for one.
const PLAYER_IDS: &[Name] = &[Name::PlayerId, Name::PlayerIdVariant];
/// Every spelling of `sfuId` that Unreal takes for one.
const SFU_IDS: &[Name] = &[Name::SfuId, Name::SfuIdVariant];

/// One message as a peer sent it. A clone shares the text.
#[derive(Clone, Debug)]
pub struct Message {
    text: Bytes,
    head: Head,
}

impl Message {
    /// Checks that `text` is one JSON object in UTF-8 and notes where its interesting top-level members are.
    ///
    /// Accepts exactly the objects of RFC 8259 up to 256 levels deep, with what `JSON.parse` accepts too: lone
    /// surrogates, duplicate keys (the last one counts), numbers of any size. A byte order mark is refused.
    pub fn parse(text: Bytes) -> Result<Self, Malformed> {
        let head = Head::scan(&text)?;
        Ok(Self { text, head })
    }

    /// The text as it came.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The text, without what was found in it.
    pub fn into_text(self) -> Bytes {
        self.text
    }

    /// What the message is.
    pub fn kind(&self) -> Kind {
        self.head.kind
    }

    /// `type` as the peer wrote it, a string. For logs; [`Message::kind`] is what counts.
    pub fn type_name(&self) -> Option<Cow<'_, str>> {
        self.string(Name::Type)
    }

    /// `playerId`: a string decoded, or a number as it is written (`7` addresses the player `7`; protocol.md §3). The
    /// last duplicate counts. A string with a lone surrogate is the id of nobody.
    pub fn player_id(&self) -> Option<Cow<'_, str>> {
        self.number(Name::PlayerId).map(Cow::Borrowed).or_else(|| self.string(Name::PlayerId))
    }

    /// Whether there is a `playerId` at all, of whatever type.
    pub fn has_player_id(&self) -> bool {
        !self.raw(Name::PlayerId).is_empty()
    }

    /// `streamerId`, a string.
    pub fn streamer_id(&self) -> Option<Cow<'_, str>> {
        self.string(Name::StreamerId)
    }

    /// `id`, a string.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.string(Name::Id)
    }

    /// `reason`, a string.
    pub fn reason(&self) -> Option<Cow<'_, str>> {
        self.string(Name::Reason)
    }

    /// `sfuId`, a string.
    pub fn sfu_id(&self) -> Option<Cow<'_, str>> {
        self.string(Name::SfuId)
    }

    /// `time` as written when it is a number; otherwise `0`.
    pub fn time(&self) -> &str {
        self.number(Name::Time).unwrap_or("0")
    }

    /// The text in a buffer of its own size: what is queued must not pin a larger read buffer.
    pub fn right_sized(&self) -> Bytes {
        Bytes::copy_from_slice(&self.text)
    }

    /// The message with its text in a buffer of its own size, to be queued as a message.
    pub fn into_right_sized(self) -> Self {
        Self { text: self.right_sized(), head: self.head }
    }

    /// The text with the sender's id as the last member, for a streamer or SFU ("+pid", protocol.md §3). Every other
    /// `playerId` is removed, in any ASCII case.
    pub fn with_player_id(&self, sender: &PlayerId) -> Bytes {
        splice(&self.text, self.head.named(PLAYER_IDS), &["\"playerId\":\"", &escaped(sender.as_str()), "\""])
    }

    /// The text of an SFU's answer, for its streamer: its last `playerId` is kept as it is written if it is a string
    /// or a number, but as the last member and the only one in any ASCII case. Without one, `sender`'s is written.
    pub fn with_own_player_id_unless_set(&self, sender: &PlayerId) -> Bytes {
        match self.raw(Name::PlayerId) {
            own if own.starts_with(b"\"") || is_number(own) => {
                splice(&self.text, self.head.named(PLAYER_IDS), &["\"playerId\":", text_of(own)])
            }
            _ => self.with_player_id(sender),
        }
    }

    /// The text with `sfuId` as the last member, for a streamer. Every other `sfuId` is removed, in any ASCII case;
    /// `playerId` stays.
    pub fn with_sfu_id(&self, sfu: &PlayerId) -> Bytes {
        splice(&self.text, self.head.named(SFU_IDS), &["\"sfuId\":\"", &escaped(sfu.as_str()), "\""])
    }

    /// The text without any `playerId`, for a player. Other spellings stay: browsers do not take them for one.
    pub fn without_player_id(&self) -> Bytes {
        splice(&self.text, self.head.named(&[Name::PlayerId]), &[])
    }

    fn raw(&self, name: Name) -> &[u8] {
        self.head.value(&self.text, name)
    }

    fn string(&self, name: Name) -> Option<Cow<'_, str>> {
        match self.raw(name) {
            [b'"', inside @ .., b'"'] if !inside.contains(&b'\\') => Some(Cow::Borrowed(text_of(inside))),
            string @ [b'"', ..] => serde_json::from_slice(string).ok().map(Cow::Owned),
            _ => None,
        }
    }

    fn number(&self, name: Name) -> Option<&str> {
        let raw = self.raw(name);
        is_number(raw).then(|| text_of(raw))
    }
}

fn text_of(part: &[u8]) -> &str {
    std::str::from_utf8(part).expect("the scan has checked the text")
}

/// Whether that valid JSON value, if it is one at all, is a number.
const fn is_number(raw: &[u8]) -> bool {
    matches!(raw, [b'-' | b'0'..=b'9', ..])
}

/// The fields of what the gateway writes, and of `hello`: read by clients and listeners, once in a while.
impl Message {
    /// Any top-level field; the last duplicate. Parses the whole message: not for the relay path. `None` as well if
    /// the message is more than 127 levels deep, or has a lone surrogate or a number beyond an f64 anywhere.
    pub fn field(&self, name: &str) -> Option<Value> {
        match serde_json::from_slice(&self.text).ok()? {
            Value::Object(mut fields) => fields.remove(name),
            _ => None,
        }
    }

    fn text_field(&self, name: &str) -> Option<String> {
        match self.field(name)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// `role` of a `hello`.
    pub fn role(&self) -> Option<Role> {
        Role::from_name(&self.text_field("role")?)
    }

    /// `token` of a `hello`.
    pub fn token(&self) -> Option<String> {
        self.text_field("token")
    }

    /// `dialect` of a `hello`.
    pub fn dialect(&self) -> Option<String> {
        self.text_field("dialect")
    }

    /// `code` of a `disconnect`.
    pub fn code(&self) -> Option<u16> {
        self.field("code")?.as_u64()?.try_into().ok()
    }

    /// `ids` of a `streamerList`; what is not a string in it is left out.
    pub fn ids(&self) -> Option<Vec<String>> {
        match self.field("ids")? {
            Value::Array(ids) => Some(ids.iter().filter_map(|id| id.as_str().map(String::from)).collect()),
            _ => None,
        }
    }

    /// `committedId` of an `endpointIdConfirm`.
    pub fn committed_id(&self) -> Option<String> {
        self.text_field("committedId")
    }

    /// `newID` of a `streamerIdChanged`.
    pub fn new_id(&self) -> Option<String> {
        self.text_field("newID")
    }

    /// `message` of a `subscribeFailed`.
    pub fn failure(&self) -> Option<String> {
        self.text_field("message")
    }

    /// `sfu` of a `playerConnected` or an `offer`; absent is false.
    pub fn sfu(&self) -> bool {
        self.field("sfu") == Some(Value::Bool(true))
    }

    /// `count` of a `playerCount`.
    pub fn count(&self) -> Option<u64> {
        self.field("count")?.as_u64()
    }
}
