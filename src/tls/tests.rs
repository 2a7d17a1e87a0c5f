mod dev;
mod operator;
mod renewal;
mod server;

use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;

use super::Credential;

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A moment without a fraction of a second, as in certificates.
fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000)
}

fn leaf(credential: &Credential) -> CertificateDer<'static> {
    credential.key.cert[0].clone()
}
