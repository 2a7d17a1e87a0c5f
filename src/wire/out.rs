//! The messages that the gateway writes, with their fields in the order of protocol.md §3.
//!
//! Each is built once into a buffer of its own size; a fan-out shares it.

use std::borrow::Cow;

use bytes::Bytes;

use super::lexer::is_plain;
use super::{Close, CloseCode};
use crate::id::{PlayerId, StreamerId};

/// What `config` says where the dialect has a version (protocol.md §3).
pub const PROTOCOL_VERSION: &str = "1.3.0";

/// `config`. `peer_connection_options` is a JSON object, `{}` when unset; it is written as it is.
pub fn config(peer_connection_options: &str, protocol_version: Option<&str>) -> Bytes {
    let config = Object::of_type("config").raw("peerConnectionOptions", peer_connection_options);
    match protocol_version {
        Some(version) => config.string("protocolVersion", version).finish(),
        None => config.finish(),
    }
}

/// `identify`.
pub const fn identify() -> Bytes {
    Bytes::from_static(br#"{"type":"identify"}"#)
}

/// `endpointIdConfirm`.
pub fn endpoint_id_confirm(committed: &StreamerId) -> Bytes {
    Object::of_type("endpointIdConfirm").string("committedId", committed.as_str()).finish()
}

/// `streamerIdChanged`, under the name that the dialect has for it.
pub fn streamer_id_changed(name: &str, new: &StreamerId) -> Bytes {
    Object::of_type(name).string("newID", new.as_str()).finish()
}

/// `streamerList`.
pub fn streamer_list<'a>(ids: impl IntoIterator<Item = &'a StreamerId>) -> Bytes {
    let mut list = String::from("[");
    for (index, id) in ids.into_iter().enumerate() {
        list.push_str(if index == 0 { "\"" } else { ",\"" });
        list.push_str(&escaped(id.as_str()));
        list.push('"');
    }
    list.push(']');
    Object::of_type("streamerList").raw("ids", &list).finish()
}

/// `subscribeFailed`.
pub fn subscribe_failed(message: &str) -> Bytes {
    Object::of_type("subscribeFailed").string("message", message).finish()
}

/// `playerConnected`. `sfu`: the subscriber is an SFU. `send_offer`: `sendOffer`, in the dialects that have it.
pub fn player_connected(player: &PlayerId, sfu: bool, send_offer: Option<bool>) -> Bytes {
    let connected = Object::of_type("playerConnected")
        .raw("dataChannel", "true")
        .raw("sfu", boolean(sfu))
        .string("playerId", player.as_str());
    match send_offer {
        Some(send_offer) => connected.raw("sendOffer", boolean(send_offer)).finish(),
        None => connected.finish(),
    }
}

/// `playerDisconnected`.
pub fn player_disconnected(player: &PlayerId) -> Bytes {
    Object::of_type("playerDisconnected").string("playerId", player.as_str()).finish()
}

/// `streamerDisconnected`.
pub const fn streamer_disconnected() -> Bytes {
    Bytes::from_static(br#"{"type":"streamerDisconnected"}"#)
}

/// `playerCount`.
pub fn player_count(count: usize) -> Bytes {
    Object::of_type("playerCount").raw("count", &count.to_string()).finish()
}

/// `ping`, with the time in milliseconds.
pub fn ping(time: u64) -> Bytes {
    Object::of_type("ping").raw("time", &time.to_string()).finish()
}

/// `pong`, with the `time` of the ping as it is written there ([`super::Message::time`]).
pub fn pong(time: &str) -> Bytes {
    Object::of_type("pong").raw("time", time).finish()
}

/// `disconnect`, the last message of a QUIC session (protocol.md §2). The reason is cut to [`Close::MAX_REASON`].
pub fn disconnect(code: CloseCode, reason: &str) -> Bytes {
    let reason = &reason[..reason.floor_char_boundary(Close::MAX_REASON)];
    Object::of_type("disconnect").raw("code", &code.to_string()).string("reason", reason).finish()
}

/// The inside of a JSON string that says `text`; borrowed if nothing needs an escape.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let quoted = serde_json::to_string(text).expect("a string can always be written");
    Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
}

const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// An object that is being written, still open.
struct Object(String);

impl Object {
    fn of_type(name: &str) -> Self {
        Self(format!("{{\"type\":\"{name}\""))
    }

    fn raw(mut self, name: &str, value: &str) -> Self {
        for part in [",\"", name, "\":", value] {
            self.0.push_str(part);
        }
        self
    }

    fn string(mut self, name: &str, value: &str) -> Self {
        for part in [",\"", name, "\":\"", &escaped(value), "\""] {
            self.0.push_str(part);
        }
        self
    }

    fn finish(mut self) -> Bytes {
        self.0.push('}');
        Bytes::from(self.0.into_boxed_str().into_boxed_bytes())
    }
}
