//! What a player says in the query of its URL (protocol.md §4).

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

fn is_set(query: &str, flag: &str) -> bool {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let value = pairs.filter(|(name, _)| decoded(name) == flag).map(|(_, value)| decoded(value)).next();
    value.is_some_and(|value| value != "false")
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}
