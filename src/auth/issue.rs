//! Making signed tokens: for `pixelgate token`, and for tests.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

use super::NewClaims;
use crate::config::Secret;

/// What signs.
pub struct Signer {
    algorithm: Algorithm,
    key: EncodingKey,
    kid: Option<String>,
}

impl std::fmt::Debug for Signer {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// No token was made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The key does not sign.
    #[error("the key cannot sign")]
    Key,
}

impl Signer {
    /// HS256.
    ///
    /// # Errors
    /// The secret is empty.
    pub fn secret(secret: &Secret) -> Result<Self, IssueError> {
        let key = EncodingKey::from_secret(secret.as_str().as_bytes()).map_err(|_| IssueError::Key)?;
        Ok(Self { algorithm: Algorithm::HS256, key, kid: None })
    }

    /// RS256, ES256 or EdDSA, by the kind of a private key in PEM (PKCS#8; RSA also PKCS#1).
    ///
    /// # Errors
    /// It is no such key.
    pub fn private_key(pem: &str) -> Result<Self, IssueError> {
        let bytes = pem.as_bytes();
        let key = EncodingKey::from_rsa_pem(bytes).map(|key| (Algorithm::RS256, key));
        let key = key.or_else(|_| EncodingKey::from_ec_pem(bytes).map(|key| (Algorithm::ES256, key)));
        let key = key.or_else(|_| EncodingKey::from_ed_pem(bytes).map(|key| (Algorithm::EdDSA, key)));
        let (algorithm, key) = key.map_err(|_| IssueError::Key)?;
        Ok(Self { algorithm, key, kid: None })
    }

    /// Tokens name the key by this id.
    #[must_use]
    pub fn with_kid(self, kid: Option<String>) -> Self {
        Self { kid, ..self }
    }
}

/// A token that says so.
///
/// # Errors
/// The key does not sign.
pub fn issue(claims: &NewClaims, signer: &Signer) -> Result<String, IssueError> {
    let mut header = Header::new(signer.algorithm);
    header.kid.clone_from(&signer.kid);
    encode(&header, claims, &signer.key).map_err(|_| IssueError::Key)
}
