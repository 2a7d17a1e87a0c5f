//! Peer connection options without what opens a TURN server.
//!
//! What is not known to be harmless stays hidden: whole values go, whatever their type, by the name of their key.

use serde_json::Value;

/// What stands in the place of a secret.
const HIDDEN: &str = "[redacted]";

/// Keys whose values are secrets have one of these in their names, in whatever case.
const SECRET: [&str; 7] = ["credential", "username", "password", "secret", "token", "apikey", "mackey"];

/// A key that only sounds like one: it says which kind of credential stands beside it.
const HARMLESS: &str = "credentialtype";

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

fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key != HARMLESS && SECRET.iter().any(|secret| key.contains(secret))
}

/// `turn:user:password@host`, which the URI of a TURN server has no place for (RFC 7065 §3.1) and people write anyway.
fn hide_user(text: &mut String) {
    if let Some((scheme, at)) = text.find(':').zip(text.rfind('@')).filter(|(scheme, at)| scheme < at) {
        text.replace_range(scheme + 1..at, HIDDEN);
    }
}
