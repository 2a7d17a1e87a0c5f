//! Frames and messages that no good client sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use super::super::support::raw::{CLOSE, TEXT, WS_PING, frame, header};
use super::Attacker;
use super::wire::{player, pours, text};

/// Frames in one write.
const BATCH: usize = 200;

/// The same bytes from every session, again and again; every other session listens.
async fn pour(attacker: Attacker, bytes: Vec<u8>) {
    let bytes: std::sync::Arc<[u8]> = bytes.into();
    attacker
        .crew(attacker.size, move |attacker, number| {
            let bytes = std::sync::Arc::clone(&bytes);
            async move {
                if let Some(tcp) = player(attacker.aim.http, attacker.address(number)).await {
                    pours(tcp, &bytes, number % 2 == 0).await;
                }
            }
        })
        .await;
}

pub(super) async fn one_byte_frames(attacker: Attacker) {
    pour(attacker, frame(TEXT, b"x").repeat(BATCH)).await;
}

pub(super) async fn ping_flood(attacker: Attacker) {
    pour(attacker, frame(WS_PING, b"x").repeat(BATCH)).await;
}

pub(super) async fn frames_of_1_mib(attacker: Attacker) {
    oversized(attacker, 1 << 20).await;
}

pub(super) async fn frames_of_16_mib(attacker: Attacker) {
    oversized(attacker, 16 << 20).await;
}

async fn oversized(attacker: Attacker, size: u64) {
    attacker
        .crew(attacker.size, move |attacker, number| async move {
            let Some(mut tcp) = player(attacker.aim.http, attacker.address(number)).await else { return };
            if tcp.write_all(&header(TEXT, true, size)).await.is_err() {
                return;
            }
            let piece = vec![b' '; 64 << 10];
            for _ in 0..size as usize / piece.len() {
                if tcp.write_all(&piece).await.is_err() {
                    break;
                }
            }
        })
        .await;
}

pub(super) async fn deep_nesting(attacker: Attacker) {
    const DEPTH: usize = 100_000;
    let message = format!(r#"{{"type":"answer","sdp":{}{}}}"#, "[".repeat(DEPTH), "]".repeat(DEPTH));
    pour(attacker, text(&message)).await;
}

pub(super) async fn unknown_types(attacker: Attacker) {
    let messages = (0..10_000).map(|number| text(&format!(r#"{{"type":"nonsense{number}","playerId":"x"}}"#)));
    pour(attacker, messages.flatten().collect()).await;
}

/// A close frame with more reason than a frame may have, one with as much as it may, and one of the largest frame.
pub(super) async fn close_with_a_huge_reason(attacker: Attacker) {
    attacker
        .crew(attacker.size, |attacker, number| async move {
            let Some(mut tcp) = player(attacker.aim.http, attacker.address(number)).await else { return };
            let reason = [&4_000_u16.to_be_bytes()[..], &b"x".repeat([123, 124, 60_000][number % 3])].concat();
            let _ = tcp.write_all(&frame(CLOSE, &reason)).await;
            let _ = timeout(Duration::from_secs(1), tcp.read_to_end(&mut Vec::new())).await;
        })
        .await;
}

/// protocol.md §5.8.
const MALFORMED: [&[u8]; 16] = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"7",
    b"\xFF\xFE",
    b"{\"type\":\"\xFF\"}",
    br#"{"type":7}"#,
    br#"{"type":"answer","type":"answer","playerId":"Player0","playerId":{}}"#,
    br#"{"type":"answer","PLAYERID":"Player0","playerId":"Player0","sdp":1e999999}"#,
    br#"{"type":"offer","playerId":"Player0","sdp":"x"}"#,
    br#"{"type":"iceCandidate","playerId":99999999999999999999,"candidate":[]}"#,
    br#"{"type":"disconnectPlayer","playerId":"Player0","reason":"x"}"#,
    br#"{"type":"subscribe","streamerId":{"a":[1,2,3]}}"#,
    br#"{"type":"endpointId","id":"Stage"}"#,
    br#"{"type":"ping","time":123456789012345678901234567890e-99999}"#,
];

/// All that is malformed, from many sessions at once.
pub(super) async fn hostile_sessions(attacker: Attacker) {
    attacker
        .crew(attacker.size, |attacker, number| async move {
            let Some(mut tcp) = player(attacker.aim.http, attacker.address(number)).await else { return };
            for at in number.. {
                let message = frame(TEXT, MALFORMED[at % MALFORMED.len()]);
                if tcp.write_all(&message).await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
}
