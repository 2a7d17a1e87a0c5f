//! A certificate chain with its private key, and what the gateway needs to know of it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Serialize, Serializer};
use x509_parser::prelude::{ASN1Time, FromDer, X509Certificate};

/// The SHA-256 of a certificate's DER; written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        // rustls carries a hash with every cipher suite; another crate for one hash is not worth it.
        let suite = TLS13_AES_128_GCM_SHA256.tls13().expect("the suite is a TLS 1.3 one");
        let hash = suite.common.hash_provider.hash(certificate);
        Self(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }
}

impl From<Fingerprint> for [u8; 32] {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a chain and a key make no credential. The fault is that of whoever gave them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The chain is empty, or its first certificate cannot be read.
    #[error("the certificate cannot be read")]
    Certificate,
    /// The key is of a kind that cannot sign here.
    #[error("the key is of no known kind (RSA, ECDSA P-256/384/521 or Ed25519)")]
    Key,
    /// The key belongs to another certificate.
    #[error("the key does not match the certificate")]
    Mismatch,
}

/// A certificate chain with its key, ready for handshakes.
pub struct Credential {
    pub(super) key: Arc<CertifiedKey>,
    fingerprint: Fingerprint,
    not_before: SystemTime,
    not_after: SystemTime,
    made_here: bool,
}

impl Credential {
    /// Checks a chain (the server's own certificate first) and its key. `made_here` certificates are trusted by
    /// their published hash and renewed.
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        made_here: bool,
    ) -> Result<Self, CredentialError> {
        let leaf = chain.first().ok_or(CredentialError::Certificate)?;
        let fingerprint = Fingerprint::of(leaf);
        let (not_before, not_after) = validity(leaf).ok_or(CredentialError::Certificate)?;
        let signer = super::provider().key_provider.load_private_key(key).map_err(|_| CredentialError::Key)?;
        let key = CertifiedKey::new(chain, signer);
        key.keys_match().map_err(|_| CredentialError::Mismatch)?;
        Ok(Self { key: Arc::new(key), fingerprint, not_before, not_after, made_here })
    }

    /// The certificate's fingerprint.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The last second at which the certificate is valid.
    pub const fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Whether the gateway made the certificate itself.
    pub const fn made_here(&self) -> bool {
        self.made_here
    }

    /// Not yet valid at `now`: the clock went back, or was wrong when the certificate was made.
    pub(super) fn is_early(&self, now: SystemTime) -> bool {
        now < self.not_before
    }

    /// Expired at `now`.
    pub(super) fn is_expired(&self, now: SystemTime) -> bool {
        now > self.not_after
    }

    /// Neither early nor expired.
    pub(super) fn is_valid(&self, now: SystemTime) -> bool {
        !self.is_early(now) && !self.is_expired(now)
    }

    /// From the first to the last second.
    pub(super) fn lifetime(&self) -> Duration {
        self.not_after.duration_since(self.not_before).unwrap_or_default()
    }

    /// Half of the life is over.
    pub(super) fn is_half_over(&self, now: SystemTime) -> bool {
        now >= self.not_before + self.lifetime() / 2
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("fingerprint", &self.fingerprint)
            .field("not_after", &self.not_after)
            .field("made_here", &self.made_here)
            .finish_non_exhaustive()
    }
}

fn validity(certificate: &CertificateDer<'_>) -> Option<(SystemTime, SystemTime)> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let validity = parsed.validity();
    Some((system_time(validity.not_before)?, system_time(validity.not_after)?))
}

fn system_time(time: ASN1Time) -> Option<SystemTime> {
    let seconds = Duration::from_secs(time.timestamp().unsigned_abs());
    if time.timestamp() < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(seconds)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    }
}
