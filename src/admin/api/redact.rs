//! Peer connection options without what opens a TURN server.
//!
//! What is not known to be harmless stays hidden: whole values go, whatever their type, by the name of their key.

use serde_json::Value;

use crate::wire::{hide_user, is_secret};

/// What stands in the place of a secret.
const HIDDEN: &str = "[redacted]";

/// The JSON object without its credentials. One that is nested too deeply to be looked through is not shown at all.
pub(super) fn redacted(json: &str) -> Value {
    let mut value = serde_json::from_str(json).unwrap_or_else(|_| Value::Object(serde_json::Map::new()));
    redact(&mut value);
    value
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(key, value)| if is_secret(key) { *value = HIDDEN.into() } else { redact(value) }),
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::String(text) => hide_user(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
