//! JSON for people to read: what is nobody's business is replaced by its length.

use serde_json::Value;

/// The members that are replaced, in any ASCII case, wherever they stand.
const PRIVATE: [&str; 9] =
    ["sdp", "candidate", "username", "usernameFragment", "credential", "token", "password", "secret", "authorization"];

/// The JSON text with what is private in it replaced, over several lines or in one. `None` if it is no JSON.
pub fn redacted(text: &[u8], pretty: bool) -> Option<String> {
    let mut value: Value = serde_json::from_slice(text).ok()?;
    redact(&mut value);
    if pretty { serde_json::to_string_pretty(&value).ok() } else { serde_json::to_string(&value).ok() }
}

/// Replaces every private text below that value.
fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| {
            let private = PRIVATE.iter().any(|private| name.eq_ignore_ascii_case(private));
            if private { hide(member) } else { redact(member) }
        }),
        _ => {}
    }
}

/// A candidate is an object with a text of the same name in it; everything else that is private is hidden whole.
fn hide(member: &mut Value) {
    match member {
        Value::Object(_) | Value::Array(_) => redact(member),
        Value::Null => {}
        Value::String(text) => {
            let bytes = text.len();
            *member = length(bytes);
        }
        _ => *member = length(member.to_string().len()),
    }
}

fn length(bytes: usize) -> Value {
    Value::String(format!("<{bytes} bytes>"))
}
