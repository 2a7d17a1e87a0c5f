//! Datagrams in another's name.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pixelgate::config::{Bounds, Limits};
use pixelgate::transport::Keepalive;
use pixelgate::transport::quic::ALPN;
use tokio::net::UdpSocket;

use super::knock::{Knock, knock};
use super::scrape::Scrape;
use super::support::raw::quic_endpoint;
use super::support::{Lab, Via, within};
use super::{ELSEWHERE, FURTHER, Pair, lab, nobody_is_left, refused};

/// The first datagram of a handshake that goes no further, and the socket that sent it.
async fn claim(gateway: SocketAddr) -> UdpSocket {
    let caught = UdpSocket::bind(("127.0.0.1", 0)).await.expect("a free port");
    let endpoint = quic_endpoint();
    let _connecting = endpoint.connect(caught.local_addr().expect("an address"), "localhost").expect("an address");
    let mut datagram = [0; 1500];
    let length = within("a datagram", caught.recv(&mut datagram)).await.expect("a datagram");
    let from = UdpSocket::bind((ELSEWHERE, 0)).await.expect("a loopback address");
    from.send_to(&datagram[..length], gateway).await.expect("it is sent");
    from
}

async fn so_many_connections(lab: &Lab, number: f64) {
    let changing = async { while Scrape::of(lab).await.value("pixelgate_connections") != number {} };
    within(&format!("{number} connections"), changing).await;
}

#[tokio::test]
async fn they_take_nothing_of_what_that_other_may_have() {
    let lab = lab(Bounds { connections_per_address: Some(2), ..Bounds::default() });
    let mut pair = Pair::of(&lab).await;
    let gateway = lab.gateway().bound().quic.expect("the listener is on");
    let mut claims = Vec::new();
    for number in [3.0, 4.0, 5.0] {
        claims.push(claim(gateway).await);
        so_many_connections(&lab, number).await;
    }
    for vias in [[Via::Ws, Via::Wss], [Via::Quic, Via::WebTransport]] {
        let mut held = Vec::new();
        for via in vias {
            let answer = knock(&lab, via, ELSEWHERE).await;
            assert!(answer.is_in(), "{}", via.name());
            held.push(answer);
        }
        // What is proven counts, whichever way it came in.
        for via in Via::ALL {
            assert!(matches!(knock(&lab, via, ELSEWHERE).await, Knock::Out(_)), "{}", via.name());
        }
        drop(held);
        so_many_connections(&lab, 5.0).await;
    }
    let scrape = Scrape::of(&lab).await;
    assert_eq!(scrape.value(&refused("connections_of_address")), 8.0);
    assert_eq!(scrape.value(&refused("quic_retry")), 4.0, "whoever has no more must prove its address");
    assert!(knock(&lab, Via::Quic, FURTHER).await.is_in());
    pair.goes_on().await;
    drop(pair);
    nobody_is_left(lab).await;
}

/// A connection that ends with its first packet is kept by the QUIC library for a while: its places are taken so long.
#[tokio::test]
async fn one_that_ends_with_its_first_packet_keeps_its_place_for_a_while() {
    let lab = forgets_in_three_seconds();
    let _from = farewell(lab.gateway().bound().quic.expect("the listener is on")).await;
    keeps_its_place_for_a_while(lab).await;
}

/// Nor does one go at once whose sender does not like the certificate: how its handshake ended is not told apart.
#[tokio::test]
async fn one_that_is_closed_within_the_handshake_keeps_its_place_for_a_while() {
    let lab = forgets_in_three_seconds();
    let gateway = lab.gateway().bound().quic.expect("the listener is on");
    let endpoint = quic_endpoint();
    let connecting = endpoint.connect_with(trusts_nobody(), gateway, "localhost").expect("an address");
    within("the end of the handshake", connecting).await.expect_err("nobody is trusted");
    keeps_its_place_for_a_while(lab).await;
}

/// A gateway whose QUIC connections have that idle timeout.
fn forgets_in_three_seconds() -> Lab {
    Lab::with(|config| {
        config.limits = Limits::Loopback;
        config.keepalive = Keepalive { interval: Duration::from_secs(1), timeout: Duration::from_secs(4) };
    })
}

async fn keeps_its_place_for_a_while(lab: Lab) {
    let refused = async { while Scrape::of(&lab).await.value(&refused("quic")) < 1.0 {} };
    within("the end of the handshake", refused).await;
    assert_eq!(Scrape::of(&lab).await.value("pixelgate_connections"), 1.0);
    nobody_is_left(lab).await;
}

fn trusts_nobody() -> quinn::ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let crypto = quinn::crypto::rustls::QuicClientConfig::try_from(tls).expect("TLS 1.3");
    quinn::ClientConfig::new(Arc::new(crypto))
}

/// A first packet that says nothing but that its sender hangs up, and the socket that sent it.
async fn farewell(gateway: SocketAddr) -> UdpSocket {
    let caught = UdpSocket::bind(("127.0.0.1", 0)).await.expect("a free port");
    let endpoint = quic_endpoint();
    let connecting = endpoint.connect(caught.local_addr().expect("an address"), "localhost").expect("an address");
    caught.readable().await.expect("the first datagram");
    drop(connecting);
    within("the connection to be forgotten", endpoint.wait_idle()).await;
    let (mut datagram, mut length) = ([0; 1500], 0);
    while let Ok(more) = caught.try_recv(&mut datagram) {
        length = more;
    }
    let from = UdpSocket::bind((ELSEWHERE, 0)).await.expect("a loopback address");
    from.send_to(&datagram[..length], gateway).await.expect("it is sent");
    from
}
