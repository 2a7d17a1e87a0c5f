//! Behind a proxy that is believed, an address is the client's: the proxy's own is nobody's.

use std::net::SocketAddr;

use pixelgate::config::{Bounds, Config, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::scrape::Scrape;
use super::support::{Lab, Via, ask_with, get, within};
use super::{nobody_is_left, refused};

fn behind_a_proxy(config: &mut Config, bounds: Bounds) {
    config.limits = Limits::Loopback;
    config.bounds = bounds;
    config.proxies.trusted = pixelgate::config::Trusted::Any;
}

/// An upgrade that a proxy sends on for a client, and the status of the answer.
async fn upgrade_for(http: SocketAddr, client: &str) -> (TcpStream, u16) {
    let mut tcp = TcpStream::connect(http).await.expect("it listens");
    let status = again_for(&mut tcp, client).await;
    (tcp, status)
}

/// On the same connection.
async fn again_for(tcp: &mut TcpStream, client: &str) -> u16 {
    let request = format!(
        "GET /player HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Forwarded-For: {client}\r\n\r\n"
    );
    tcp.write_all(request.as_bytes()).await.expect("it reads");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within("an answer", tcp.read_u8()).await.expect("an answer"));
    }
    let head = String::from_utf8(head).expect("text");
    if let Some(length) = head.to_lowercase().split("content-length: ").nth(1) {
        let length = length.split("\r\n").next().and_then(|length| length.parse().ok()).expect("a length");
        let mut body = vec![0; length];
        within("the body", tcp.read_exact(&mut body)).await.expect("a body");
    }
    head[9..12].parse().expect("a status")
}

#[tokio::test]
async fn each_client_has_its_own_places() {
    let bounds = Bounds { connections_per_address: Some(2), ..Bounds::default() };
    let lab = Lab::with(|config| behind_a_proxy(config, bounds));
    let http = lab.gateway().bound().http.expect("the listener is on");
    let mut held = Vec::new();
    for client in ["203.0.113.7", "203.0.113.7", "2001:db8::1", "2001:db8::2", "203.0.113.8"] {
        let (tcp, status) = upgrade_for(http, client).await;
        assert_eq!(status, 101, "{client}");
        held.push(tcp);
    }
    for (number, client) in [(1.0, "203.0.113.7"), (2.0, "2001:db8::3")] {
        let (mut tcp, status) = upgrade_for(http, client).await;
        assert_eq!(status, 429, "{client}");
        assert_eq!(Scrape::of(&lab).await.value(&refused("connections_of_address")), number);
        // The proxy may use the connection for another.
        assert_eq!(again_for(&mut tcp, &format!("198.51.100.{number}")).await, 101);
        held.push(tcp);
    }
    // Pages are no sessions.
    for _ in 0..10 {
        get(http, "/transports.json").await;
    }
    held.remove(0);
    let again = async { while upgrade_for(http, "203.0.113.7").await.1 != 101 {} };
    within("a place", again).await;
    drop(held);
    nobody_is_left(lab).await;
}

#[tokio::test]
async fn each_client_shakes_hands_at_its_own_rate() {
    let bounds = Bounds { handshakes_per_address: Some(1), ..Bounds::default() };
    let lab = Lab::with(|config| behind_a_proxy(config, bounds));
    let http = lab.gateway().bound().http.expect("the listener is on");
    let refusal = async { while upgrade_for(http, "203.0.113.7").await.1 == 101 {} };
    within("a refusal", refusal).await;
    for number in 0..20 {
        assert_eq!(upgrade_for(http, &format!("198.51.100.{number}")).await.1, 101);
    }
    assert!(Scrape::of(&lab).await.value(&refused("handshakes_of_address")) >= 1.0);
    // QUIC comes without a proxy: there the peer's own address counts.
    lab.player(Via::Quic).await;
}

/// Whoever wrote it may be anywhere.
#[tokio::test]
async fn a_client_that_is_told_to_be_this_machine_is_not_spared() {
    let bounds = Bounds { connections_per_address: Some(1), ..Bounds::default() };
    let lab = Lab::with(|config| {
        behind_a_proxy(config, bounds);
        config.limits = Limits::Default;
        config.http_rate.per_minute = 2;
    });
    let http = lab.gateway().bound().http.expect("the listener is on");
    for (number, client) in [(1.0, "127.0.0.1"), (2.0, "::1"), (3.0, "[::ffff:127.0.0.2]:4711")] {
        let (held, status) = upgrade_for(http, client).await;
        assert_eq!(status, 101, "{client}");
        assert_eq!(upgrade_for(http, client).await.1, 429, "{client}");
        assert_eq!(Scrape::of(&lab).await.value(&refused("connections_of_address")), number);
        drop(held);
    }
    for status in ["200", "200", "429"] {
        let (head, _) = ask_with(http, "/transports.json", "Host: a\r\nX-Forwarded-For: 127.0.0.1\r\n").await;
        assert_eq!(head.get(9..12), Some(status), "{head}");
    }
    // The proxy's own requests are this machine's.
    for _ in 0..3 {
        get(http, "/transports.json").await;
    }
    nobody_is_left(lab).await;
}
