//! `pixelgate token`: makes a signed token and prints it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::auth::{IssueError, NewClaims, Signer, issue};
use crate::config::cli::Exit;
use crate::config::{Signing, TokenConfig};

/// The token, as the process's last word.
///
/// # Errors
/// The key does not sign.
pub fn token(config: &TokenConfig) -> Result<(), Exit> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let made = signer(config).and_then(|signer| issue(&claims(config, now), &signer));
    let unusable = |_| {
        Exit::config("--private-key: it is no key that signs; name a PEM file (PKCS#8): RSA, ECDSA P-256 or Ed25519")
    };
    made.map_err(unusable).and_then(|token| Err(Exit::said(format!("{token}\n"))))
}

fn signer(config: &TokenConfig) -> Result<Signer, IssueError> {
    let signer = match &config.signing {
        Signing::Secret(secret) => Signer::secret(secret),
        Signing::Private(pem) => Signer::private_key(pem),
    };
    signer.map(|signer| signer.with_kid(config.kid.clone()))
}

/// What it says, made `now` (since 1970).
fn claims(config: &TokenConfig, now: Duration) -> NewClaims {
    NewClaims {
        iss: config.issuer.clone(),
        aud: config.audience.clone(),
        role: config.roles.iter().map(|role| role.name().to_owned()).collect(),
        streamers: config.streamers.clone(),
        max_session: config.max_session.map(|time| time.as_secs()),
        iat: now.as_secs(),
        nbf: None,
        exp: (now + config.ttl).as_secs(),
    }
}
