//! What takes everything and does nothing: the same attack on it shows what the machine alone costs.
//!
//! On TCP it says at once that the upgrade was granted, and throws away what comes. On UDP it is a bare QUIC endpoint
//! that takes connections, streams and datagrams, and throws away what comes.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use pixelgate::transport::quic::ALPN;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::child::Process;
use super::trial::Aim;

/// The sink's process; it ends with this.
pub(crate) struct Sink {
    _process: Process,
    aim: Aim,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let (process, addrs) = Process::start("--sink");
        Self { _process: process, aim: Aim { http: addrs[0], https: addrs[0], quic: addrs[1], is_sink: true } }
    }

    pub(crate) fn aim(&self) -> Aim {
        self.aim
    }
}

/// The process itself. Ends when nobody is there any more to read what it says, or after a quarter of an hour.
pub(crate) fn process() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let quic = endpoint();
        println!("{} {}", tcp.local_addr().expect("bound"), quic.local_addr().expect("bound"));
        tokio::spawn(takes_connections(quic));
        let _ = tokio::time::timeout(Duration::from_secs(900), takes_tcp(tcp)).await;
    });
}

async fn takes_tcp(listener: TcpListener) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        tokio::spawn(async move {
            let _ = stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await;
            let mut taken = [0; 4096];
            while matches!(stream.read(&mut taken).await, Ok(1..)) {}
        });
    }
}

fn endpoint() -> quinn::Endpoint {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a certificate with its key");
    tls.alpn_protocols = vec![ALPN.to_vec(), b"h3".to_vec()];
    let crypto = quinn::crypto::rustls::QuicServerConfig::try_from(tls).expect("TLS 1.3");
    let config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
    quinn::Endpoint::server(config, (Ipv4Addr::LOCALHOST, 0).into()).expect("a port")
}

async fn takes_connections(endpoint: quinn::Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async move {
            let Ok(connection) = incoming.await else { return };
            loop {
                tokio::select! {
                    Ok((_send, recv)) = connection.accept_bi() => drop(tokio::spawn(takes_stream(recv))),
                    Ok(recv) = connection.accept_uni() => drop(tokio::spawn(takes_stream(recv))),
                    Ok(_datagram) = connection.read_datagram() => {}
                    else => return,
                }
            }
        });
    }
}

async fn takes_stream(mut stream: quinn::RecvStream) {
    while let Ok(Some(_)) = stream.read_chunk(64 << 10, true).await {}
}
