//! The operator's own certificate: a PEM chain and its key, from two files (or one that holds both).

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tracing::warn;

use super::credential::{Credential, CredentialError};

/// Why the operator's files do not serve. Each says which file, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No such file, or it cannot be read.
    #[error("{flag} {}: {error}; name a PEM file that the gateway may read", path.display())]
    Unreadable {
        /// `--cert` or `--key`.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// No certificate in the file.
    #[error("--cert {}: no certificate in it; give the PEM chain (-----BEGIN CERTIFICATE-----)", .0.display())]
    NoCertificate(PathBuf),
    /// No key in the file.
    #[error("--key {}: no private key in it; give an unencrypted PEM key (PKCS#8, PKCS#1 or SEC1)", .0.display())]
    NoKey(PathBuf),
    /// The key is encrypted.
    #[error("--key {}: the key is encrypted; decrypt it first (openssl pkey -in … -out …)", .0.display())]
    Encrypted(PathBuf),
    /// The file is damaged.
    #[error("{flag} {}: not readable as PEM ({error}); give the file as it was issued", path.display())]
    Garbled {
        /// `--cert` or `--key`.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        error: pem::Error,
    },
    /// The two do not make a pair.
    #[error("--cert {}, --key {}: {error}; give the pair that belongs together, the server's own \
        certificate first", cert.display(), key.display())]
    Pair {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What is wrong.
        error: CredentialError,
    },
}

/// Reads the pair. An expired certificate is used, with a warning: to serve it is the operator's choice.
/// Blocks on files.
pub(super) fn load(cert: &Path, key: &Path, now: SystemTime) -> Result<Credential, LoadError> {
    let credential = Credential::new(read_chain(cert)?, read_key(key)?, false).map_err(|error| LoadError::Pair {
        cert: cert.to_owned(),
        key: key.to_owned(),
        error,
    })?;
    if let Some(doubt) = doubt(&credential, now) {
        warn!("--cert {}: {doubt}; browsers refuse it", cert.display());
    }
    Ok(credential)
}

/// What is wrong with the certificate's dates.
pub(super) fn doubt(credential: &Credential, now: SystemTime) -> Option<String> {
    let when = humantime::format_rfc3339_seconds(credential.not_after());
    match () {
        () if credential.is_expired(now) => Some(format!("it expired on {when}")),
        () if credential.is_early(now) => Some("it is not valid yet".to_owned()),
        () => None,
    }
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let text = read("--cert", path)?;
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| LoadError::Garbled { flag: "--cert", path: path.to_owned(), error })?;
    if chain.is_empty() { Err(LoadError::NoCertificate(path.to_owned())) } else { Ok(chain) }
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, LoadError> {
    let text = read("--key", path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound if is_encrypted(&text) => LoadError::Encrypted(path.to_owned()),
        pem::Error::NoItemsFound => LoadError::NoKey(path.to_owned()),
        error => LoadError::Garbled { flag: "--key", path: path.to_owned(), error },
    })
}

fn is_encrypted(text: &[u8]) -> bool {
    String::from_utf8_lossy(text).contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
}

fn read(flag: &'static str, path: &Path) -> Result<Vec<u8>, LoadError> {
    fs::read(path).map_err(|error| LoadError::Unreadable { flag, path: path.to_owned(), error })
}
