//! Which certificates a client believes.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::ConnectError;

/// The longest life of a certificate that is believed by its hash alone, as in browsers: 14 days, in seconds.
const MAX_HASHED_LIFE: i64 = 14 * 24 * 3600;

/// Which certificates are believed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those that the system's authorities vouch for.
    Native,
    /// Those that these authorities vouch for, and these themselves.
    Roots(Vec<CertificateDer<'static>>),
    /// Those with one of these SHA-256 hashes, whatever name they carry, while they are valid and for at most 14 days:
    /// the rule of browsers' `serverCertificateHashes`.
    Hashes(Vec<[u8; 32]>),
    /// Every certificate. Anybody on the way can read and change everything: for development only.
    DangerousAcceptAny,
}

impl Trust {
    /// The authorities in a PEM text.
    ///
    /// # Errors
    /// [`ConnectError::Setup`] when it holds no certificate, or something else.
    pub fn roots_from_pem(pem: &[u8]) -> Result<Self, ConnectError> {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| ConnectError::Setup(format!("the certificates to trust: {error}")))?;
        if roots.is_empty() {
            return Err(ConnectError::Setup("there is no certificate in the PEM text".into()));
        }
        Ok(Self::Roots(roots))
    }

    /// The TLS settings of a client that believes these.
    pub(crate) fn tls_config(&self) -> Result<ClientConfig, ConnectError> {
        let builder = builder()?;
        Ok(match self {
            Self::Native => builder.with_root_certificates(native_roots()?).with_no_client_auth(),
            Self::Roots(roots) => builder.with_root_certificates(store(roots)?).with_no_client_auth(),
            Self::Hashes(hashes) => dangerous(builder, pinned(Some(hashes.clone()))),
            Self::DangerousAcceptAny => dangerous(builder, pinned(None)),
        })
    }

    /// What to do about a certificate that is not believed.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Hashes(_) => "Ask the gateway's /transports.json for its present hashes",
            _ => "Trust its authority, or its SHA-256 hash",
        }
    }
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn builder() -> Result<Builder, ConnectError> {
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| ConnectError::Setup(error.to_string()))
}

fn dangerous(builder: Builder, verifier: Arc<impl ServerCertVerifier + 'static>) -> ClientConfig {
    builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
}

fn native_roots() -> Result<RootCertStore, ConnectError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(found.certs);
    // A ws:// client on a machine without authorities is all right: it is told only when a certificate matters.
    if added == 0 {
        tracing::warn!(errors = ?found.errors, "the system has no certificate authorities");
    }
    Ok(store)
}

fn store(roots: &[CertificateDer<'static>]) -> Result<RootCertStore, ConnectError> {
    let mut store = RootCertStore::empty();
    for root in roots {
        let added = store.add(root.clone());
        added.map_err(|error| ConnectError::Setup(format!("a certificate to trust: {error}")))?;
    }
    Ok(store)
}

/// The SHA-256 of a certificate in DER, as `/transports.json` and browsers give it.
pub fn certificate_hash(der: &[u8]) -> [u8; 32] {
    let suite = rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
    let suite = suite.tls13().expect("a suite of TLS 1.3");
    suite.common.hash_provider.hash(der).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Believes certificates with these hashes, or, without any, every one.
pub(super) fn pinned(hashes: Option<Vec<[u8; 32]>>) -> Arc<impl ServerCertVerifier> {
    Arc::new(Pinned { hashes, algorithms: default_provider().signature_verification_algorithms })
}

/// Believes certificates by their hash, or all of them. That the peer holds their key is checked in any case.
struct Pinned {
    hashes: Option<Vec<[u8; 32]>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl fmt::Debug for Pinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pinned").field("hashes", &self.hashes).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(hashes) = &self.hashes else { return Ok(ServerCertVerified::assertion()) };
        if !hashes.contains(&certificate_hash(certificate)) {
            return Err(refused("its SHA-256 hash is none of those given"));
        }
        check_life(certificate, i64::try_from(now.as_secs()).unwrap_or(i64::MAX))?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn check_life(certificate: &CertificateDer<'_>, now: i64) -> Result<(), Error> {
    let (_, certificate) = x509_parser::parse_x509_certificate(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let life = certificate.validity();
    let (from, to) = (life.not_before.timestamp(), life.not_after.timestamp());
    match () {
        () if now < from => Err(Error::InvalidCertificate(CertificateError::NotValidYet)),
        () if now > to => Err(Error::InvalidCertificate(CertificateError::Expired)),
        () if to - from > MAX_HASHED_LIFE => Err(refused("it is valid for more than 14 days")),
        () => Ok(()),
    }
}

fn refused(why: &'static str) -> Error {
    let why = rustls::OtherError(Arc::new(std::io::Error::other(why)));
    Error::InvalidCertificate(CertificateError::Other(why))
}
