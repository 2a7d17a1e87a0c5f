//! The TLS configurations of the listeners. Each is made once and shared, or a storm of reconnects would find no
//! session to resume and pay for full handshakes.

use std::sync::Arc;

use quinn::crypto::rustls::{NoInitialCipherSuite, QuicServerConfig};
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::{ServerConfig, SupportedProtocolVersion, version};

use super::certificates::Certificates;

/// Pages and WebSockets.
pub const ALPN_HTTP1: &[u8] = b"http/1.1";
/// WebTransport.
pub const ALPN_H3: &[u8] = b"h3";
/// Raw QUIC (protocol.md §2).
pub const ALPN_PIXELSTREAM: &[u8] = b"pixelstream/1";

/// A TLS configuration could not be made: the fault is the system's or ours.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No random numbers for the ticket keys, or versions that do not fit the provider.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The provider lacks what QUIC's first packets need.
    #[error("QUIC cannot be set up: {0}")]
    Quic(#[from] NoInitialCipherSuite),
}

/// For TCP: TLS 1.2 and 1.3, HTTP/1.1.
///
/// # Errors
/// If the system gives no random numbers.
pub fn server_config_tcp(certificates: Arc<Certificates>) -> Result<Arc<ServerConfig>, ServerError> {
    config(certificates, &[&version::TLS13, &version::TLS12], &[ALPN_HTTP1]).map(Arc::new)
}

/// For QUIC: TLS 1.3, WebTransport and raw QUIC, no 0-RTT (its data could be replayed).
///
/// # Errors
/// If the system gives no random numbers.
pub fn server_config_quic(certificates: Arc<Certificates>) -> Result<Arc<QuicServerConfig>, ServerError> {
    let config = config(certificates, &[&version::TLS13], &[ALPN_H3, ALPN_PIXELSTREAM])?;
    Ok(Arc::new(QuicServerConfig::try_from(config)?))
}

pub(super) fn config(
    certificates: Arc<Certificates>,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&[u8]],
) -> Result<ServerConfig, ServerError> {
    let builder = ServerConfig::builder_with_provider(super::provider()).with_protocol_versions(versions)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(certificates);
    config.ticketer = Ticketer::new()?;
    config.max_early_data_size = 0;
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}
