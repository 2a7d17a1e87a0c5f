//! JSON for people to read: what is nobody's business is replaced by its length, and what could steer a terminal is
//! written out.
//!
//! What is not known to be harmless stays hidden: whole values go, whatever their type, by the name of their key.

use serde_json::Value;

/// Keys of secrets have one of these in their names, in whatever case.
const SECRET: [&str; 8] =
    ["credential", "username", "password", "secret", "token", "apikey", "mackey", "authorization"];

/// A key that only sounds like one: it says which kind of credential stands beside it.
const HARMLESS: &str = "credentialtype";

/// Longer texts are descriptions of some kind, whatever their key.
const LONGEST: usize = 512;

/// Whether the value of that key is a secret.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key != HARMLESS && SECRET.iter().any(|secret| key.contains(secret))
}

/// The JSON text with what is private in it replaced, over several lines or in one. `None` if it is no JSON.
pub fn redacted(text: &[u8], pretty: bool) -> Option<String> {
    let mut value: Value = serde_json::from_slice(text).ok()?;
    redact(&mut value);
    let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
    text.ok().map(|text| written_out(&text))
}

fn redact(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(members) => members.iter_mut().for_each(|(key, member)| redact_member(key, member)),
        Value::String(text) if text.len() > LONGEST || holds_json(text) => hide(value),
        Value::String(text) => hide_user(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A candidate is an object with a text of the same name in it.
fn redact_member(key: &str, member: &mut Value) {
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    match member {
        Value::Null => {}
        Value::Object(_) if is("candidate") => redact(member),
        _ if is("sdp") || is("candidate") || is_secret(key) => hide(member),
        _ => redact(member),
    }
}

fn holds_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

fn hide(member: &mut Value) {
    let bytes = member.as_str().map_or_else(|| member.to_string().len(), str::len);
    *member = Value::String(format!("<{bytes} bytes>"));
}

/// `turn:user:password@host`, which the URI of a TURN server has no place for (RFC 7065 §3.1) and people write anyway.
pub fn hide_user(text: &mut String) {
    if let Some((scheme, at)) = text.find(':').zip(text.rfind('@')).filter(|(scheme, at)| scheme < at) {
        text.replace_range(scheme + 1..at, "[redacted]");
    }
}

/// Control characters and those that turn the direction of a text, as JSON writes them.
fn written_out(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '\n' && (c.is_control() || turns(c)) {
            out.push_str(&format!("\\u{:04x}", c as u32));
        } else {
            out.push(c);
        }
    }
    out
}
