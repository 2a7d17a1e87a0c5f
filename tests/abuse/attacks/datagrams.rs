//! What comes over UDP.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use pixelgate::transport::quic::ALPN;
use pixelgate::wire::Role;
use tokio::net::UdpSocket;
use tokio::time::{sleep, timeout};

use super::super::support::raw::{RawStream, framed, quic_endpoint_at, webtransport_at};
use super::{Attacker, GOODBYE};

/// First packets of connections (RFC 9000 §17.2.2), whose senders want nothing else: made beforehand, sent from ever
/// other ports as fast as they are taken.
pub(super) async fn quic_initial_flood(attacker: Attacker) {
    let initials = initials(attacker.size).await;
    let mut sockets = Vec::new();
    for number in 0..32 {
        sockets.extend(UdpSocket::bind((attacker.address(number), 0)).await);
    }
    while !attacker.is_over() {
        for (number, initial) in initials.iter().enumerate() {
            let _ = sockets[number % sockets.len()].send_to(initial, attacker.aim.quic).await;
        }
        tokio::task::yield_now().await;
    }
}

/// As a client makes them for somebody who does not answer.
async fn initials(many: usize) -> Vec<Vec<u8>> {
    let deaf = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let addr = deaf.local_addr().expect("bound");
    let endpoint = quic_endpoint_at(Ipv4Addr::LOCALHOST, ALPN);
    let (mut made, mut packet) = (Vec::new(), [0; 2048]);
    while made.len() < many {
        let connecting = endpoint.connect(addr, "localhost").expect("an address");
        // The handshake of this one goes no further: dropped, it says so, which is not sent on.
        if let Ok(Ok((length @ 1200.., _))) = timeout(Duration::from_millis(100), deaf.recv_from(&mut packet)).await {
            made.push(packet[..length].to_vec());
        }
        drop(connecting);
        while deaf.try_recv_from(&mut packet).is_ok() {}
    }
    made
}

/// A session over raw QUIC, and its endpoint.
async fn session(addr: SocketAddr, from: Ipv4Addr) -> Option<(quinn::Endpoint, quinn::Connection)> {
    let endpoint = quic_endpoint_at(from, ALPN);
    let connecting = endpoint.connect(addr, "localhost").ok()?;
    let Ok(Ok(connection)) = timeout(Duration::from_secs(2), connecting).await else {
        sleep(Duration::from_millis(20)).await;
        return None;
    };
    let (mut send, _recv) = timeout(Duration::from_secs(2), connection.open_bi()).await.ok()?.ok()?;
    send.write_all(&framed(br#"{"type":"hello","role":"player"}"#)).await.ok()?;
    // The session's stream stays open as long as its connection.
    std::mem::forget((send, _recv));
    Some((endpoint, connection))
}

/// Until the time is over, but for what it takes to hang up: a peer that is gone without a word is missed late.
async fn until_goodbye(attacker: Attacker, act: impl Future<Output = ()>) {
    let left = attacker.until.saturating_duration_since(std::time::Instant::now()).saturating_sub(GOODBYE);
    let _ = timeout(left, act).await;
}

/// Streams beside the session's: over WebTransport from one process, over raw QUIC from the other.
pub(super) async fn streams_without_end(attacker: Attacker) {
    attacker
        .crew(attacker.size, |attacker, number| async move {
            let from = attacker.address(number);
            if attacker.number == 0 && !attacker.aim.is_sink {
                let Some(stream) = webtransport_at(from, attacker.aim.quic, Role::Player).await else { return };
                return over_webtransport(attacker, stream).await;
            }
            let Some((endpoint, connection)) = session(attacker.aim.quic, from).await else { return };
            until_goodbye(attacker, opens_streams(&connection)).await;
            hangs_up(&endpoint, &connection).await;
        })
        .await;
}

async fn over_webtransport(attacker: Attacker, stream: RawStream) {
    let Some(session) = stream.session() else { return };
    let opening = async {
        loop {
            let Ok(opening) = session.open_bi().await else { return };
            let Ok((mut send, _recv)) = opening.await else { return };
            let _ = timeout(Duration::from_millis(50), send.write_all(&[b'x'; 16 << 10])).await;
            let Ok(opening) = session.open_uni().await else { return };
            if let Ok(mut send) = opening.await {
                let _ = timeout(Duration::from_millis(50), send.write_all(&[b'x'; 16 << 10])).await;
            }
        }
    };
    until_goodbye(attacker, opening).await;
    session.close(0u32.into(), b"");
    sleep(Duration::from_millis(100)).await;
}

async fn opens_streams(connection: &quinn::Connection) {
    loop {
        let Ok((mut send, _recv)) = connection.open_bi().await else { return };
        let _ = timeout(Duration::from_millis(50), send.write_all(&[b'x'; 16 << 10])).await;
        let Ok(mut send) = connection.open_uni().await else { return };
        let _ = timeout(Duration::from_millis(50), send.write_all(&[b'x'; 16 << 10])).await;
    }
}

pub(super) async fn datagram_flood(attacker: Attacker) {
    attacker
        .crew(attacker.size, |attacker, number| async move {
            let from = attacker.address(number);
            let Some((endpoint, connection)) = session(attacker.aim.quic, from).await else { return };
            let flooding = async {
                while connection.send_datagram_wait(vec![b'x'; 1_000].into()).await.is_ok() {
                    tokio::task::yield_now().await;
                }
            };
            until_goodbye(attacker, flooding).await;
            hangs_up(&endpoint, &connection).await;
        })
        .await;
}

async fn hangs_up(endpoint: &quinn::Endpoint, connection: &quinn::Connection) {
    connection.close(0u32.into(), b"");
    let _ = timeout(GOODBYE / 2, endpoint.wait_idle()).await;
}
