//! Development certificates: made here, short-lived, trusted by hash.
//!
//! A browser accepts a WebTransport certificate by its hash only if it is ECDSA and lives at most 14 days, so these
//! live 13. They are kept in a folder so that a restart does not change the hash; a folder that takes no files costs
//! the persistence, never the service. Whatever is found there and does not serve is replaced.
//!
//! The gateway goes by its own clock, and so does every browser. One that went back replaces a certificate that is not
//! valid yet by it, and the new one serves everybody whose clock is right, for it begins even earlier. One that runs
//! ahead serves WebSocket as ever, and TLS to those who are at most an hour behind it.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tracing::{info, warn};

use super::credential::{Credential, CredentialError};
use crate::files::{self, Readers};

/// The certificate's file in the folder.
pub const CERT_FILE: &str = "dev-cert.pem";
/// The key's file in the folder.
pub const KEY_FILE: &str = "dev-key.pem";

/// From the making to the end.
const LIFE: Duration = Duration::from_secs(13 * 24 * 60 * 60);
/// Clocks of browsers that are a little slow.
const BACKDATED: Duration = Duration::from_secs(60 * 60);
/// What browsers accept by hash at most: a file that lives longer is none of ours.
const LONGEST: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Where a development certificate is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the folder, where it was found.
    Found,
    /// In the folder, new; with the reason when it took the place of another.
    Written {
        /// What was wrong with the one that was there.
        replaced: Option<String>,
    },
    /// In memory, as asked.
    InMemory,
    /// In memory, since the folder does not take it. A restart makes another.
    Unwritable(String),
}

/// No certificate could be made: the system gives no random numbers.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// The generator failed.
    #[error("no development certificate could be made: {0}; give --cert and --key")]
    Make(#[from] rcgen::Error),
    /// What it made cannot be used.
    #[error("the development certificate cannot be used: {0}; give --cert and --key")]
    Use(#[from] CredentialError),
}

/// The certificate kept in `dir` if it serves at `now`, else a new one, kept there if possible. Says in the log what
/// it did. Blocks on files.
pub(super) fn obtain(dir: Option<&Path>, now: SystemTime) -> Result<(Credential, Kept), DevError> {
    let Some(dir) = dir else { return Ok((make(now)?.credential, Kept::InMemory)) };
    let replaced = match find(dir, now) {
        Ok(Some(found)) => return Ok((found, Kept::Found)),
        Ok(None) => None,
        Err(reason) => Some(reason),
    };
    let made = make(now)?;
    let kept = match keep(dir, &made) {
        Ok(()) => Kept::Written { replaced },
        Err(error) => Kept::Unwritable(error.to_string()),
    };
    report(dir, &kept);
    Ok((made.credential, kept))
}

fn report(dir: &Path, kept: &Kept) {
    let dir = dir.display();
    match kept {
        Kept::Written { replaced: Some(reason) } => info!("development certificate in {dir} replaced: {reason}"),
        Kept::Written { replaced: None } => info!("development certificate made in {dir}"),
        Kept::Unwritable(error) => warn!(
            "{dir} takes no development certificate ({error}): it is in memory only and a restart changes its hash; \
             name a folder that can be written with --cert-dir"
        ),
        Kept::Found | Kept::InMemory => {}
    }
}

/// The pair in the folder: `None` if there is none, or why it does not serve.
fn find(dir: &Path, now: SystemTime) -> Result<Option<Credential>, String> {
    let (cert, key) = match (read(&dir.join(CERT_FILE))?, read(&dir.join(KEY_FILE))?) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => (cert, key),
        (None, _) => return Err(format!("{CERT_FILE} is missing")),
        (_, None) => return Err(format!("{KEY_FILE} is missing")),
    };
    let chain = CertificateDer::pem_slice_iter(&cert).collect::<Result<_, _>>();
    let chain = chain.map_err(|_| format!("{CERT_FILE} is garbled"))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| format!("{KEY_FILE} is garbled"))?;
    let credential = Credential::new(chain, key, true).map_err(|error| error.to_string())?;
    serves(&credential, now).map(|()| Some(credential)).map_err(str::to_owned)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read ({error})", path.display())),
    }
}

fn serves(credential: &Credential, now: SystemTime) -> Result<(), &'static str> {
    match () {
        () if credential.is_early(now) => Err("it is not valid yet (the clock went back)"),
        () if credential.is_expired(now) => Err("it has expired"),
        () if credential.lifetime() > LONGEST => Err("it lives more than 14 days, so no browser takes it by its hash"),
        () if credential.is_half_over(now) => Err("half of its life is over"),
        () => Ok(()),
    }
}

struct Made {
    credential: Credential,
    cert_pem: String,
    key_pem: String,
}

fn make(now: SystemTime) -> Result<Made, DevError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params(now)?.self_signed(&key)?;
    let (cert_pem, key_pem) = (certificate.pem(), key.serialize_pem());
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|_| CredentialError::Key)?;
    Ok(Made { credential: Credential::new(vec![certificate.into()], key, true)?, cert_pem, key_pem })
}

fn params(now: SystemTime) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + LIFE).into();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "pixelgate development certificate");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.subject_alt_names = alternative_names(host_name())?;
    Ok(params)
}

/// `localhost`, both loopback addresses and the host's names: as it calls itself, and without its domain.
pub(super) fn alternative_names(host: Option<String>) -> Result<Vec<SanType>, rcgen::Error> {
    let mut names = vec!["localhost".to_owned()];
    if let Some(host) = host.map(|host| host.to_ascii_lowercase()).filter(|host| is_dns_name(host)) {
        let short = host.split('.').next().unwrap_or_default().to_owned();
        names.extend([host, short]);
    }
    names.dedup();
    let names = names.into_iter().map(|name| Ok(SanType::DnsName(name.try_into()?)));
    let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    names.chain(addresses.map(|address| Ok(SanType::IpAddress(address)))).collect()
}

fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        inner && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(unix)]
fn host_name() -> Option<String> {
    rustix::system::uname().nodename().to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// The key goes first: a crash in between leaves a pair that does not match, which is replaced at the next start.
fn keep(dir: &Path, made: &Made) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    files::put(&dir.join(KEY_FILE), made.key_pem.as_bytes(), Readers::Owner)?;
    files::put(&dir.join(CERT_FILE), made.cert_pem.as_bytes(), Readers::Anyone)
}
