//! What the tests of the transports and of the client share: the polled methods as futures, and a bound on time.

use std::future::{Future, poll_fn};
use std::time::Duration;

use bytes::Bytes;

use super::{Ended, Incoming, Transport};
use crate::wire::Close;

/// The time after which a test has failed. Generous: it is never waited for by a test that passes.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("done in time")
}

pub(crate) async fn recv(transport: &mut impl Transport) -> Result<Incoming, Ended> {
    poll_fn(|cx| transport.poll_recv(cx)).await
}

/// The next message, past signs of life.
pub(crate) async fn message(transport: &mut impl Transport) -> Bytes {
    loop {
        match recv(transport).await.expect("a message") {
            Incoming::Message(text) => return text,
            Incoming::Life => {}
        }
    }
}

/// The end, past whatever comes before it.
pub(crate) async fn end_of(transport: &mut impl Transport) -> Ended {
    loop {
        if let Err(ended) = recv(transport).await {
            return ended;
        }
    }
}

pub(crate) async fn feed(transport: &mut impl Transport, text: impl Into<Bytes>) {
    poll_fn(|cx| transport.poll_ready(cx)).await.expect("ready");
    transport.feed(text.into()).expect("fed");
}

pub(crate) async fn flush(transport: &mut impl Transport) {
    poll_fn(|cx| transport.poll_flush(cx)).await.expect("flushed");
}

pub(crate) async fn send(transport: &mut impl Transport, text: impl Into<Bytes>) {
    feed(transport, text).await;
    flush(transport).await;
}

pub(crate) async fn close(transport: &mut impl Transport, close: &Close) {
    poll_fn(|cx| transport.poll_close(cx, close)).await;
}

/// Sends `count` messages in batches while the other end reads them, and checks that they arrive in order.
pub(crate) async fn one_way(from: &mut impl Transport, to: &mut impl Transport, count: usize) {
    let sending = async {
        for n in 0..count {
            feed(from, format!("{{\"n\":{n}}}")).await;
            if n % 7 == 0 {
                flush(from).await;
            }
        }
        flush(from).await;
    };
    let receiving = async {
        for n in 0..count {
            assert_eq!(message(to).await, format!("{{\"n\":{n}}}"));
        }
    };
    tokio::join!(sending, receiving);
}

pub(crate) use quic::*;

/// QUIC endpoints on loopback whose ends trust each other.
mod quic {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
    use rustls_pki_types::{CertificateDer, PrivateKeyDer};

    use super::super::framed::OnDrop;
    use super::super::quic::quic_transport_config;
    use super::*;
    use crate::transport::Keepalive;
    use crate::wire::DropReason;

    pub(crate) const KEEPALIVE: Keepalive =
        Keepalive { interval: Duration::from_secs(15), timeout: Duration::from_secs(45) };

    /// A certificate for localhost with its key.
    pub(crate) fn certificate() -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let now = time::OffsetDateTime::now_utc();
        let names = ["localhost".into(), "127.0.0.1".into(), "::1".into()];
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = now - Duration::from_secs(60);
        params.not_after = now + Duration::from_secs(13 * 24 * 3600);
        let key = rcgen::KeyPair::generate().unwrap();
        (params.self_signed(&key).unwrap().into(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }

    pub(crate) fn server_tls(alpn: &[&[u8]]) -> (rustls::ServerConfig, CertificateDer<'static>) {
        let (certificate, key) = certificate();
        let mut tls = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        tls.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        (tls, certificate)
    }

    pub(crate) fn client_tls(trusted: &CertificateDer<'static>, alpn: &[u8]) -> rustls::ClientConfig {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let mut tls = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![alpn.to_vec()];
        tls
    }

    fn provider() -> Arc<rustls::crypto::CryptoProvider> {
        Arc::new(rustls::crypto::aws_lc_rs::default_provider())
    }

    pub(crate) fn server_endpoint(keepalive: Keepalive, alpn: &[&[u8]]) -> (quinn::Endpoint, CertificateDer<'static>) {
        let (tls, certificate) = server_tls(alpn);
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls).unwrap()));
        config.transport_config(Arc::new(quic_transport_config(keepalive)));
        (quinn::Endpoint::server(config, loopback()).unwrap(), certificate)
    }

    pub(crate) fn client_endpoint(
        keepalive: Keepalive,
        trusted: &CertificateDer<'static>,
        alpn: &[u8],
    ) -> quinn::Endpoint {
        let tls = client_tls(trusted, alpn);
        let mut config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
        config.transport_config(Arc::new(quic_transport_config(keepalive)));
        let mut endpoint = quinn::Endpoint::client(loopback()).unwrap();
        endpoint.set_default_client_config(config);
        endpoint
    }

    pub(crate) fn loopback() -> SocketAddr {
        (Ipv4Addr::LOCALHOST, 0).into()
    }

    /// Counts what came beside the stream.
    #[derive(Clone, Default)]
    pub(crate) struct Drops(Arc<[AtomicUsize; 2]>);

    impl Drops {
        pub(crate) fn counter(&self) -> OnDrop {
            let counts = Arc::clone(&self.0);
            Arc::new(move |reason| {
                let index = usize::from(reason == DropReason::Datagram);
                counts[index].fetch_add(1, Ordering::SeqCst);
            })
        }

        /// Extra streams and datagrams.
        pub(crate) fn counts(&self) -> (usize, usize) {
            (self.0[0].load(Ordering::SeqCst), self.0[1].load(Ordering::SeqCst))
        }
    }
}
