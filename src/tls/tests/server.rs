use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use quinn::crypto::rustls::QuicClientConfig;
use quinn::{Endpoint, EndpointConfig, TokioRuntime};
use rustls::pki_types::ServerName;
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion, version,
};

use super::super::server::{config, server_config_quic, server_config_tcp};
use super::super::{Certificates, Credential, Fingerprint};
use super::leaf;

fn certificates() -> Arc<Certificates> {
    Certificates::dev(None, std::time::SystemTime::now()).unwrap()
}

/// A client that trusts what is shown now.
fn client(
    certificates: &Certificates,
    versions: &[&'static SupportedProtocolVersion],
    alpn: &[&str],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(leaf(&certificates.current())).unwrap();
    let builder = ClientConfig::builder_with_provider(super::super::provider());
    let builder = builder.with_protocol_versions(versions).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

fn handshake(
    server: &Arc<ServerConfig>,
    client: &Arc<ClientConfig>,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let mut server = ServerConnection::new(Arc::clone(server))?;
    let mut client = ClientConnection::new(Arc::clone(client), ServerName::try_from("localhost").unwrap())?;
    while client.is_handshaking() || server.is_handshaking() {
        pass(&mut client, &mut server)?;
    }
    pass(&mut client, &mut server)?;
    Ok((client, server))
}

/// Carries what each has to say to the other.
fn pass(client: &mut ClientConnection, server: &mut ServerConnection) -> Result<(), rustls::Error> {
    let mut wire = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut wire).unwrap();
    }
    server.read_tls(&mut wire.as_slice()).unwrap();
    server.process_new_packets()?;
    wire.clear();
    while server.wants_write() {
        server.write_tls(&mut wire).unwrap();
    }
    if !wire.is_empty() {
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

fn shown(client: &ClientConnection) -> Fingerprint {
    Fingerprint::of(&client.peer_certificates().unwrap()[0])
}

#[test]
fn tcp_speaks_both_versions_and_http_1() {
    let certificates = certificates();
    let server = server_config_tcp(Arc::clone(&certificates)).unwrap();
    for (versions, expected) in
        [(&version::TLS12, ProtocolVersion::TLSv1_2), (&version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        let client = client(&certificates, &[versions], &["h2", "http/1.1"]);
        let (client, _) = handshake(&server, &client).unwrap();
        assert_eq!(client.protocol_version(), Some(expected));
        assert_eq!(client.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    handshake(&server, &client(&certificates, &[&version::TLS13], &[])).expect("a client without ALPN is welcome");
}

#[test]
fn a_second_visit_resumes() {
    let certificates = certificates();
    let server = server_config_tcp(Arc::clone(&certificates)).unwrap();
    for versions in [&version::TLS12, &version::TLS13] {
        let client = client(&certificates, &[versions], &[]);
        let (mut first, mut side) = handshake(&server, &client).unwrap();
        side.writer().write_all(b"x").unwrap();
        pass(&mut first, &mut side).unwrap();
        first.reader().read_exact(&mut [0]).unwrap();
        let (second, _) = handshake(&server, &client).unwrap();
        assert_eq!(first.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(second.handshake_kind(), Some(HandshakeKind::Resumed));
    }
}

#[test]
fn a_new_certificate_is_for_new_handshakes() {
    let certificates = certificates();
    let server = server_config_tcp(Arc::clone(&certificates)).unwrap();
    let (mut old, mut side) = handshake(&server, &client(&certificates, &[&version::TLS13], &[])).unwrap();
    let before = shown(&old);
    let now = std::time::SystemTime::now();
    certificates.replace(Credential::dev(now).unwrap(), now);
    let (new, _) = handshake(&server, &client(&certificates, &[&version::TLS13], &[])).unwrap();
    assert_eq!(shown(&new), certificates.current().fingerprint());
    assert_ne!(shown(&new), before);
    old.writer().write_all(b"still here").unwrap();
    pass(&mut old, &mut side).unwrap();
    let mut heard = [0; 10];
    side.reader().read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"still here");
}

#[test]
fn there_is_no_early_data() {
    let config = config(certificates(), &[&version::TLS13], &[]).unwrap();
    assert_eq!(config.max_early_data_size, 0);
    assert!(config.ticketer.enabled());
}

fn endpoint(server: Option<quinn::ServerConfig>) -> Endpoint {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    Endpoint::new(EndpointConfig::default(), server, socket, Arc::new(TokioRuntime)).unwrap()
}

async fn dial(address: SocketAddr, client: &Arc<ClientConfig>) -> Result<Vec<u8>, quinn::ConnectionError> {
    let endpoint = endpoint(None);
    let crypto = QuicClientConfig::try_from(Arc::clone(client)).unwrap();
    let config = quinn::ClientConfig::new(Arc::new(crypto));
    let connection = endpoint.connect_with(config, address, "localhost").unwrap().await?;
    let data = connection.handshake_data().unwrap().downcast::<quinn::crypto::rustls::HandshakeData>().unwrap();
    Ok(data.protocol.unwrap())
}

#[tokio::test]
async fn quic_speaks_both_protocols_and_no_other() {
    let certificates = certificates();
    let crypto = server_config_quic(Arc::clone(&certificates)).unwrap();
    let server = endpoint(Some(quinn::ServerConfig::with_crypto(crypto)));
    let address = server.local_addr().unwrap();
    let accept = tokio::spawn(async move {
        while let Some(incoming) = server.accept().await {
            let _ = incoming.await;
        }
    });
    for name in ["h3", "pixelstream/1"] {
        let client = client(&certificates, &[&version::TLS13], &[name]);
        assert_eq!(dial(address, &client).await.unwrap(), name.as_bytes());
    }
    let stranger = client(&certificates, &[&version::TLS13], &["h2"]);
    let refused = dial(address, &stranger).await.unwrap_err().to_string();
    assert!(refused.contains("no application protocol") || refused.contains("120"), "{refused}");
    accept.abort();
}
