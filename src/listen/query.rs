//! What a peer says in the query of its URL (protocol.md §4).

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::hub::Wishes;

/// The wishes in a query, as the reference servers read it: a flag is set unless its first value is `false`.
pub(super) fn wishes(query: Option<&str>) -> Wishes {
    let query = query.unwrap_or_default();
    Wishes { offers: is_set(query, "OfferToReceive"), prefers_sfu: is_set(query, "preferSFU") }
}

/// The dialect that is asked for.
pub(super) fn dialect(query: Option<&str>) -> Option<Cow<'_, str>> {
    value(query.unwrap_or_default(), "dialect")
}

fn is_set(query: &str, flag: &str) -> bool {
    value(query, flag).is_some_and(|value| value != "false")
}

/// The first value of a key.
fn value<'a>(query: &'a str, key: &str) -> Option<Cow<'a, str>> {
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(name, _)| decoded(name) == key).map(|(_, value)| decoded(value))
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}
