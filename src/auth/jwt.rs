//! Signed tokens (RFC 7519): what they say, and whether it counts. Pure: the time is an input.
//!
//! The algorithm is the key's. A token that names another (`none`, or HS256 with a public key for a secret) is refused
//! before its signature is looked at; keys, URLs and certificates in its header are not read.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, dangerous, decode, decode_header};
use serde::{Deserialize, Serialize};

use super::attributes::{Attributes, OneOrMany, seconds};
use super::{Grant, Refusal, Token};
use crate::wire::Role;

/// What a token says of itself before anything is verified: it helps to find the key, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) algorithm: Algorithm,
    pub(super) kid: Option<String>,
    pub(super) issuer: Option<String>,
}

impl Head {
    /// Of what looks like a signed token.
    pub(super) fn of(token: &Token) -> Option<Self> {
        #[derive(Deserialize)]
        struct Issued {
            iss: Option<String>,
        }
        let header = decode_header(token.as_str()).ok()?;
        let claims: Issued = dangerous::insecure_decode_claims(token.as_str()).ok()?;
        Some(Self { algorithm: header.alg, kid: header.kid, issuer: claims.iss })
    }
}

/// A key and the one algorithm that it is for.
#[derive(Clone, Debug)]
pub(super) struct Verifier {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// What an issuer's tokens must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) issuer: Option<&'a str>,
    pub(super) audience: Option<&'a str>,
    pub(super) leeway: Duration,
}

/// The claims that are read.
#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<OneOrMany>,
    nbf: Option<f64>,
    role: Option<OneOrMany>,
    #[serde(flatten)]
    attributes: Attributes,
}

/// Whether this key has signed the token; then what it grants, at `now` (since 1970). `None`: it was not this key.
pub(super) fn verify(
    token: &Token,
    verifier: &Verifier,
    terms: Terms<'_>,
    role: Role,
    now: Duration,
) -> Option<Result<Grant, Refusal>> {
    let mut validation = Validation::new(verifier.algorithm);
    // Times and names are measured below: here by whoever gives the time.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_nbf, validation.validate_aud) = (false, false, false);
    // A signature over what cannot be read does not count either.
    let claims: Claims = decode(token.as_str(), &verifier.key, &validation).ok()?.claims;
    Some(claims.grant(terms, role, now))
}

impl Claims {
    fn grant(&self, terms: Terms<'_>, role: Role, now: Duration) -> Result<Grant, Refusal> {
        let issued = terms.issuer.is_none_or(|name| self.iss.as_deref() == Some(name));
        let meant = terms.audience.is_none_or(|name| self.aud.as_ref().is_some_and(|aud| aud.holds(name)));
        // A token without an end is as good as a password that nobody can change.
        if !issued || !meant || self.attributes.exp.is_none() {
            return Err(Refusal::Wrong);
        }
        if self.nbf.map(seconds).transpose()?.is_some_and(|nbf| nbf > now.saturating_add(terms.leeway)) {
            return Err(Refusal::Early);
        }
        let grant = self.attributes.grant(now, terms.leeway)?;
        if self.role.as_ref().is_some_and(|roles| roles.holds(role.name())) { Ok(grant) } else { Err(Refusal::Role) }
    }
}

/// The claims that are written.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewClaims {
    /// Who signs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// As what its holder may connect.
    pub role: Vec<String>,
    /// To which streamers; any if it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub streamers: Option<Vec<String>>,
    /// The longest session, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_session: Option<u64>,
    /// When it was made, in seconds since 1970.
    pub iat: u64,
    /// When it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<u64>,
    /// When it ends.
    pub exp: u64,
}
