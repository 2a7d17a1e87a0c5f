//! Bytes as what a peer shows of itself, as a set of keys and as a webhook's answer.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderMap, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderName, HeaderValue};
use jsonwebtoken::{Algorithm, DecodingKey};

use super::jwt::{Head, Terms, Verifier, verify};
use super::keyset::KeySet;
use super::webhook::understand;
use super::{Credentials, Token, is_bearer};
use crate::config::PublicKey;
use crate::wire::Role;

/// What the seeds' tokens are signed with.
const SECRET: &[u8] = b"a secret of thirty-two bytes, or more";

/// A public key; nobody has the private one.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
    6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
    -----END PUBLIC KEY-----\n";

/// The one signed token among the seeds: an end long after [`NOW`], a player, streamers `A*`.
const SIGNED: &str = include_str!("../../fuzz/seeds/credentials/signed");

const NOW: Duration = Duration::from_secs(1_000_000);

/// The first byte says what the rest is.
///
/// # Panics
/// When a token that nobody has signed counts, or one is kept that is too long.
pub(crate) fn credentials(data: &[u8]) {
    let Some((what, rest)) = data.split_first() else { return };
    match what {
        b'k' => drop(KeySet::parse(rest)),
        b'w' => drop(understand(&Bytes::copy_from_slice(rest), NOW)),
        _ => show(rest),
    }
}

/// Lines: a query, an `Authorization`, a subprotocol, and what a `hello` has for a token.
fn show(data: &[u8]) {
    let mut lines = data.splitn(4, |byte| *byte == b'\n');
    let [query, authorization, protocol, hello] = std::array::from_fn(|_| lines.next().unwrap_or_default());
    let query = std::str::from_utf8(query).ok();
    let mut headers = HeaderMap::new();
    add(&mut headers, AUTHORIZATION, authorization);
    add(&mut headers, SEC_WEBSOCKET_PROTOCOL, protocol);
    judge(Credentials::of_request(query, &headers));
    let authorization = std::str::from_utf8(authorization).ok();
    judge(Credentials::of_session(query, authorization));
    judge(Credentials::of_hello(std::str::from_utf8(hello).ok()));
    let _ = std::str::from_utf8(protocol).map(is_bearer);
}

fn add(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    headers.extend(HeaderValue::from_bytes(value).map(|value| (name, value)));
}

fn judge(shown: Credentials) {
    let Ok(Some(token)) = shown.token() else { return };
    assert!(!token.as_str().is_empty() && token.as_str().len() <= Token::MAX_BYTES);
    let _ = Head::of(&token);
    let secret = DecodingKey::from_secret(SECRET).expect("it is long enough");
    let public = PublicKey::from_pem(PUBLIC).expect("it is a key");
    let terms = Terms { issuer: None, audience: None, leeway: Duration::ZERO };
    for role in Role::ALL {
        let of_secret = Verifier { algorithm: Algorithm::HS256, key: secret.clone() };
        let of_public = Verifier { algorithm: public.algorithm(), key: public.key().clone() };
        assert!(verify(&token, &of_public, terms, role, NOW).is_none(), "{token:?} by a key that never signed");
        let Some(granted) = verify(&token, &of_secret, terms, role, NOW) else { continue };
        assert!(SIGNED.trim_end().ends_with(token.as_str()), "nobody has signed {}", token.as_str());
        assert_eq!(granted.is_ok(), role == Role::Player, "{role}");
    }
}
