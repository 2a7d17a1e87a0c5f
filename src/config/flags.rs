//! What the commands beside `serve` share: how their flags are read, and how they judge a server's certificate.

use std::fmt;
use std::ops::RangeInclusive;

use super::error::{ConfigError, Fault};
use super::written::Source;

/// How the signalling server's certificate is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// By the system's authorities.
    #[default]
    System,
    /// By the SHA-256 of its DER.
    Hash([u8; 32]),
    /// Not at all: for tests.
    Anything,
}

pub(super) fn flag<T>(name: &str, text: &str, read: impl Fn(&str) -> Result<T, Fault>) -> Result<T, ConfigError> {
    read(text).map_err(|fault| fault.at(Source::CommandLine.place(name)))
}

pub(super) fn in_range<T>(text: &str, number: Option<T>, range: &RangeInclusive<T>) -> Result<T, Fault>
where
    T: PartialOrd + fmt::Display,
{
    let remedy = || format!("write {} to {}", range.start(), range.end());
    match number {
        Some(number) if range.contains(&number) => Ok(number),
        Some(_) => Err(Fault::new(format!("{text} is out of range"), remedy())),
        None => Err(Fault::new(format!("{text:?} is no number"), remedy())),
    }
}

pub(super) fn url(text: &str) -> Result<http::Uri, Fault> {
    const REMEDY: &str = "write ws://HOST:PORT, wss://…, https://… (WebTransport) or quic://…";
    let uri: http::Uri = text.parse().map_err(|_| Fault::new(format!("{text:?} is no URL"), REMEDY))?;
    if uri.host().is_none_or(str::is_empty) || uri.scheme().is_none() {
        return Err(Fault::new(format!("{text:?} is no URL"), REMEDY));
    }
    match uri.scheme_str() {
        Some("ws" | "wss" | "https" | "quic") => Ok(uri),
        other => Err(Fault::new(format!("{} cannot be spoken", other.unwrap_or_default()), REMEDY)),
    }
}

pub(super) fn hash_of(text: &str) -> Result<[u8; 32], Fault> {
    let fault = || Fault::new(format!("{text:?} is no SHA-256"), "write 64 hexadecimal digits");
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b':').collect();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(fault());
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| fault())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| fault())?;
    }
    Ok(hash)
}
