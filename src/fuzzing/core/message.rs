//! Bytes as a message: scanned, read and spliced, each time as serde_json would have it.

use std::borrow::Cow;

use bytes::Bytes;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::id::PlayerId;
use crate::session::ask;
use crate::wire::{Malformed, Message, Role, redacted};

/// Scans the bytes, and does to what is a message all that the gateway ever does.
///
/// # Panics
/// When the scan and the oracle disagree, or a splice changes anything else than what it is for.
pub fn message(data: &[u8]) {
    let parsed = Message::parse(Bytes::copy_from_slice(data));
    match &parsed {
        Err(Malformed::TooDeep) => {}
        _ => assert_eq!(parsed.is_ok(), is_object(data), "{:?}", String::from_utf8_lossy(data)),
    }
    let _ = redacted(data, false);
    let Ok(message) = parsed else { return };
    check_fields(&message);
    check_splices(&message);
    let player = PlayerId::new("Player7");
    for role in Role::ALL {
        let _ = ask(message.clone(), role, role.subscribes().then_some(&player));
    }
}

/// Whether serde_json takes the text for an object; it ignores the values, so it has no limit of depth or numbers.
pub(super) fn is_object(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else { return false };
    let first = text.trim_start_matches([' ', '\t', '\r', '\n']).bytes().next();
    first == Some(b'{') && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The fields, where serde_json can hold them.
fn fields(text: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(text).ok()
}

fn check_fields(message: &Message) {
    let Some(fields) = fields(message.text()) else { return };
    let text_of = |name: &str| fields.get(name).and_then(Value::as_str).map(Cow::Borrowed);
    assert_eq!(message.type_name(), text_of("type"));
    assert_eq!(message.streamer_id(), text_of("streamerId"));
    assert_eq!(message.id(), text_of("id"));
    assert_eq!(message.reason(), text_of("reason"));
    assert_eq!(message.sfu_id(), text_of("sfuId"));
    assert_eq!(message.has_player_id(), fields.contains_key("playerId"));
    match fields.get("playerId") {
        Some(Value::String(id)) => assert_eq!(message.player_id().as_deref(), Some(id.as_str())),
        Some(Value::Number(_)) => assert!(message.player_id().is_some_and(|id| id.parse::<f64>().is_ok())),
        _ => assert_eq!(message.player_id(), None),
    }
    if !fields.get("time").is_some_and(Value::is_number) {
        assert_eq!(message.time(), "0");
    }
}

fn check_splices(message: &Message) {
    let id = PlayerId::new("Player7");
    let is_player_id = |name: &str| name.eq_ignore_ascii_case("playerId");
    let is_sfu_id = |name: &str| name.eq_ignore_ascii_case("sfuId");
    check_splice(message, message.with_player_id(&id), is_player_id, Some("playerId"));
    check_splice(message, message.with_sfu_id(&id), is_sfu_id, Some("sfuId"));
    check_splice(message, message.without_player_id(), |name| name == "playerId", None);
    let own = message.with_own_player_id_unless_set(&id);
    assert!(
        is_object(&own)
            && Message::parse(own.clone()).is_ok_and(|own| own.player_id().is_some() || has_surrogate(&own))
    );
    assert_right_sized(own);
}

/// A string with a lone surrogate is an id that stays as it is, and nobody's.
fn has_surrogate(message: &Message) -> bool {
    message.has_player_id() && fields(message.text()).is_none()
}

fn check_splice(message: &Message, spliced: Bytes, gone: impl Fn(&str) -> bool, added: Option<&str>) {
    assert!(is_object(&spliced), "{spliced:?}");
    assert!(spliced.len() <= message.text().len() + crate::wire::SPLICE_ROOM);
    if let Some(mut expected) = fields(message.text()) {
        expected.retain(|name, _| !gone(name));
        expected.extend(added.map(|name| (name.to_owned(), "Player7".into())));
        assert_eq!(fields(&spliced), Some(expected), "{:?} → {spliced:?}", message.text());
    }
    assert_right_sized(spliced);
}

/// What is queued pins no larger buffer.
fn assert_right_sized(text: Bytes) {
    let len = text.len();
    let buffer = text.try_into_mut().expect("nobody else holds it");
    assert_eq!(buffer.capacity(), len);
}
