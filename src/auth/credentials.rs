//! The tokens that a peer shows, from wherever it shows them (protocol.md §2, "token").
//!
//! In this order: `?token=`, `Authorization: Bearer`, a `bearer.<token>` entry of `Sec-WebSocket-Protocol`, `token` in
//! `hello`. The same token in several places counts once. Different ones are refused: whoever put the second one there
//! may not be whoever put the first.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use http::header::{AUTHORIZATION, HeaderMap, SEC_WEBSOCKET_PROTOCOL};
use jsonwebtoken::decode_header;
use percent_encoding::percent_decode_str;

use super::Refusal;

/// What a subprotocol begins with that carries a token.
const BEARER: &str = "bearer.";

/// The scheme of the `Authorization` header (RFC 6750 §2.1).
const SCHEME: &str = "Bearer ";

/// A token as it was shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Box<str>);

impl Token {
    /// The longest token, in bytes: WebTransport's headers hold no more.
    pub const MAX_BYTES: usize = 4096;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What tells it from others without telling it: the first half of the SHA-256, in hexadecimal digits, of what is
    /// signed, or of all of it where nothing is.
    pub fn fingerprint(&self) -> Arc<str> {
        let whole = digest(&SHA256, self.without_signature().as_bytes());
        whole.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
    }

    /// One token may have several good signatures: of ES256, whoever has one can make another.
    fn without_signature(&self) -> &str {
        let signed = self.0.rsplit_once('.').map(|(signed, _)| signed);
        signed.filter(|_| decode_header(&*self.0).is_ok()).unwrap_or(&self.0)
    }
}

impl fmt::Debug for Token {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// What a peer has shown so far.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    token: Option<Token>,
    wrong: Option<Refusal>,
}

impl Credentials {
    /// Of an HTTP request.
    pub fn of_request(query: Option<&str>, headers: &HeaderMap) -> Self {
        let mut shown = Self::default();
        shown.query(query);
        let lines = |name| headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        lines(AUTHORIZATION).for_each(|line| shown.authorization(line));
        for offer in lines(SEC_WEBSOCKET_PROTOCOL).flat_map(|line| line.split(',')) {
            if let Some(token) = after_prefix(offer.trim(), BEARER) {
                shown.add(token);
            }
        }
        shown
    }

    /// Of a WebTransport session.
    pub fn of_session(query: Option<&str>, authorization: Option<&str>) -> Self {
        let mut shown = Self::default();
        shown.query(query);
        authorization.into_iter().for_each(|line| shown.authorization(line));
        shown
    }

    /// Of a `hello`.
    pub fn of_hello(token: Option<&str>) -> Self {
        let mut shown = Self::default();
        token.into_iter().for_each(|token| shown.add(token));
        shown
    }

    /// The one token that was shown, if any.
    ///
    /// # Errors
    /// Several that differ, or one that is too long.
    pub fn token(self) -> Result<Option<Token>, Refusal> {
        self.wrong.map_or(Ok(self.token), Err)
    }

    fn query(&mut self, query: Option<&str>) {
        let pairs = query.unwrap_or_default().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        for (_, value) in pairs.filter(|(name, _)| percent_decode_str(name).eq(*b"token")) {
            match percent_decode_str(value).decode_utf8() {
                Ok(token) => self.add(&token),
                Err(_) => self.wrong = Some(Refusal::Wrong),
            }
        }
    }

    fn authorization(&mut self, line: &str) {
        if let Some(token) = after_prefix(line.trim(), SCHEME) {
            self.add(token.trim());
        }
    }

    fn add(&mut self, token: &str) {
        if token.is_empty() {
            return;
        }
        if token.len() > Token::MAX_BYTES {
            self.wrong = Some(Refusal::TooLong);
            return;
        }
        match &self.token {
            Some(before) if before.as_str() != token => self.wrong = Some(Refusal::Conflict),
            Some(_) => {}
            None => self.token = Some(Token(token.into())),
        }
    }
}

/// Whether a subprotocol carries a token.
pub fn is_bearer(offer: &str) -> bool {
    after_prefix(offer, BEARER).is_some()
}

/// The rest of a text that begins with that, in whatever case.
fn after_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}
