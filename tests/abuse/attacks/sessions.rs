//! Sessions that do what any may, too often or too many.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::super::support::raw::{CLOSE, frame};
use super::Attacker;
use super::wire::{player, pours, session, text};

/// Of the good pair's streamer.
fn subscribes() -> Vec<u8> {
    text(r#"{"type":"subscribe","streamerId":"Stage"}"#)
}

pub(super) async fn subscribe_storm(attacker: Attacker) {
    attacker
        .crew(attacker.size, |attacker, number| async move {
            if let Some(tcp) = player(attacker.aim.http, attacker.address(number)).await {
                let both = [subscribes(), text(r#"{"type":"unsubscribe"}"#)].concat();
                pours(tcp, &both.repeat(50), true).await;
            }
        })
        .await;
}

/// Many streamers with an id each, and players that ask for the list of them all the time.
pub(super) async fn list_storm(attacker: Attacker) {
    let mut streamers = JoinSet::new();
    const AT_ONCE: usize = 64;
    for lane in 0..AT_ONCE {
        streamers.spawn(async move {
            let mut held = Vec::new();
            for number in (lane..attacker.size).step_by(AT_ONCE) {
                if attacker.is_over() {
                    break;
                }
                let from = attacker.address(number);
                if let Some(mut tcp) = session(attacker.aim.http, from, "streamer", None).await {
                    let id = format!(r#"{{"type":"endpointId","id":"Streamer{}x{number}"}}"#, attacker.number);
                    let _ = tcp.write_all(&text(&id)).await;
                    held.push(tcp);
                }
            }
            sleep(attacker.until.saturating_duration_since(std::time::Instant::now())).await;
            drop(held);
        });
    }
    attacker
        .crew(50, |attacker, number| async move {
            if let Some(tcp) = player(attacker.aim.http, attacker.address(number)).await {
                pours(tcp, &text(r#"{"type":"listStreamers"}"#).repeat(10), true).await;
            }
        })
        .await;
}

pub(super) async fn connect_disconnect_storm(attacker: Attacker) {
    attacker
        .crew(attacker.size, |attacker, number| async move {
            let Some(mut tcp) = player(attacker.aim.http, attacker.address(number)).await else { return };
            let _ = tcp.write_all(&[subscribes(), frame(CLOSE, &1000_u16.to_be_bytes())].concat()).await;
            if number % 2 == 0 {
                let _ = timeout(Duration::from_secs(1), tcp.read_to_end(&mut Vec::new())).await;
            }
        })
        .await;
}

/// Players that take nothing, and a streamer of theirs that says a lot to them.
pub(super) async fn players_that_never_read(attacker: Attacker) {
    let id = format!("Deaf{}", attacker.number);
    let wanted = id.clone();
    let mut streamers = JoinSet::new();
    streamers.spawn(async move {
        while !attacker.is_over() {
            if let Some(tcp) = session(attacker.aim.http, attacker.address(0), "streamer", None).await {
                streams(tcp, &id).await;
            }
        }
    });
    attacker
        .crew(attacker.size, move |attacker, number| {
            let subscribes = text(&format!(r#"{{"type":"subscribe","streamerId":"{wanted}"}}"#));
            async move {
                let from = attacker.address(number);
                let Some(mut tcp) = session(attacker.aim.http, from, "player", Some(4096)).await else { return };
                let asks = text(&format!(r#"{{"type":"ping","time":{}}}"#, "7".repeat(10_000)));
                let _ = tcp.write_all(&subscribes).await;
                pours(tcp, &asks, false).await;
            }
        })
        .await;
}

/// Offers to everybody that it was told of, by its own counting of them.
async fn streams(tcp: tokio::net::TcpStream, id: &str) {
    let (mut read, mut write) = tcp.into_split();
    if write.write_all(&text(&format!(r#"{{"type":"endpointId","id":"{id}"}}"#))).await.is_err() {
        return;
    }
    let players = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
    let told = std::sync::Arc::clone(&players);
    let listening = async move {
        let mut taken = vec![0; 64 << 10];
        while let Ok(read @ 1..) = read.read(&mut taken).await {
            let words = String::from_utf8_lossy(&taken[..read]).into_owned();
            let ids = words.split(r#""playerId":""#).skip(1).filter_map(|rest| rest.split('"').next());
            told.lock().extend(ids.map(str::to_owned));
        }
    };
    let sdp = "x".repeat(10_000);
    let speaking = async move {
        loop {
            let players: Vec<String> = players.lock().iter().rev().take(100).cloned().collect();
            for player in &players {
                let offer = text(&format!(r#"{{"type":"offer","playerId":"{player}","sdp":"{sdp}"}}"#));
                if write.write_all(&offer).await.is_err() {
                    return;
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = listening => {}
        () = speaking => {}
    }
}
