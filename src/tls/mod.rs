//! TLS: which certificate is shown, and the configurations of the TCP and QUIC listeners (protocol.md §2 "Discovery").
//!
//! One [`Certificates`] serves every listener: a new handshake gets the certificate of the moment, a live session
//! keeps its own. Certificates that the gateway made itself are renewed at half of their life and may be trusted by
//! hash; those of the operator are never touched and their hashes never published.
//! Time is an argument everywhere. aws-lc-rs is named explicitly: no process-wide default is read or set.

mod certificates;
mod credential;
mod dev;
mod operator;
mod server;
#[cfg(test)]
mod tests;

pub use certificates::{CHECK_EVERY, Certificates, LEAD, LISTED_AFTER, Renewal};
pub use credential::{Credential, CredentialError, Fingerprint};
pub use dev::{CERT_FILE, DevError, KEY_FILE, Kept};
pub use operator::LoadError;
pub use server::{ALPN_H3, ALPN_HTTP1, ALPN_PIXELSTREAM, ServerError, server_config_quic, server_config_tcp};

use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// The crate's one crypto provider.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));
    Arc::clone(&PROVIDER)
}
