//! Floods: a player's rate is held and its streamer stays; a streamer that takes nothing is cut, and until then its
//! players, whose messages wait, go on receiving.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use pixelgate::config::Limits;
use pixelgate::session::{By, SessionReport};
use pixelgate::transport::Ended;
use pixelgate::wire::{Close, CloseCode, DropReason, Role};
use serde_json::{Value, json};

use super::support::duplex::{Duplex, Talk};
use super::support::raw::{CLOSE, TEXT, frame};
use super::support::{Lab, Via, within};

/// Says numbered messages without end, and counts what it hears.
struct Flooder {
    said: Arc<AtomicU64>,
    heard: Arc<AtomicU64>,
    last: Value,
    size: usize,
}

impl Flooder {
    fn new(size: usize) -> Self {
        Self { said: Arc::default(), heard: Arc::default(), last: Value::Null, size }
    }
}

impl Talk for Flooder {
    fn says(&mut self) -> Option<Bytes> {
        let number = self.said.fetch_add(1, Ordering::Relaxed);
        Some(format!(r#"{{"type":"answer","sdp":{number},"pad":"{}"}}"#, "x".repeat(self.size)).into())
    }

    fn hears(&mut self, text: &[u8]) {
        let message: Value = serde_json::from_slice(text).expect("JSON");
        match message["type"].as_str() {
            Some("playerCount" | "config") => {}
            Some("offer") => {
                let number = self.heard.fetch_add(1, Ordering::Relaxed);
                assert_eq!(message["sdp"], number, "a message was lost or came too early");
            }
            _ => self.last = message,
        }
    }

    fn is_done(&self) -> bool {
        false
    }
}

/// The default rate of a player: 200 messages a second, and 400 at once.
async fn a_flooding_player_is_slowed(via: Via) {
    const FOR: Duration = Duration::from_secs(4);
    let mut lab = Lab::open();
    let mut streamer = lab.streamer(via, "Stage").await;
    let (mut other, other_id) = lab.watching(via, &mut streamer, "Stage").await;
    let (flooder, id) = lab.watching(via, &mut streamer, "Stage").await;
    let mut flooder = Duplex::new(flooder, Flooder::new(200));
    let began = Instant::now();
    let flood = tokio::spawn(async move {
        let ended = tokio::time::timeout(FOR, flooder.runs()).await;
        assert!(ended.is_err(), "the flooder was closed: {ended:?}");
        flooder
    });

    let (mut flooded, mut turns) = (0, 0);
    while began.elapsed() < FOR {
        // The other one's round trips, through the same outbox of the same streamer.
        other.says(json!({"type": "answer", "sdp": turns})).await;
        loop {
            let message = streamer.hears_any().await;
            if message["playerId"] == other_id.as_str() {
                assert_eq!(message["sdp"], turns);
                break;
            }
            assert_eq!((&message["playerId"], &message["sdp"]), (&json!(id), &json!(flooded)));
            flooded += 1;
        }
        streamer.says(json!({"type": "offer", "playerId": other_id, "sdp": turns})).await;
        assert_eq!(other.hears("offer").await["sdp"], turns);
        turns += 1;
        // Well below its own rate.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let most = 400 + 200 * (began.elapsed().as_secs() + 1);
    assert!(flooded <= most, "{flooded} messages came through, {most} may");
    assert!(flooded >= 600, "only {flooded} messages came through");
    assert!(turns > 50, "the other one had {turns} turns");
    let _flooder = flood.await.expect("no panic");
    lab.no_more_reports();
    assert_eq!(lab.gateway().router().session_count(), 3, "everybody stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_over_ws_is_slowed() {
    let _machine = crate::MACHINE.read().await;
    a_flooding_player_is_slowed(Via::Ws).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_over_webtransport_is_slowed() {
    let _machine = crate::MACHINE.read().await;
    a_flooding_player_is_slowed(Via::WebTransport).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_over_quic_is_slowed() {
    let _machine = crate::MACHINE.read().await;
    a_flooding_player_is_slowed(Via::Quic).await;
}

/// A number that does not change any more: what it counts is stuck.
async fn stuck(count: &AtomicU64) -> Instant {
    let mut seen = (count.load(Ordering::Relaxed), Instant::now());
    while seen.0 == 0 || seen.1.elapsed() < Duration::from_millis(500) {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = count.load(Ordering::Relaxed);
        if now != seen.0 {
            seen = (now, Instant::now());
        }
    }
    seen.1
}

async fn a_streamer_that_takes_nothing_is_cut(via: Via) {
    const OFFERS: u64 = 100;
    let mut lab = Lab::with(|config| config.limits = Limits::Off);
    let mut streamer = lab.streamer(via, "Stage").await;
    let mut floods = Vec::new();
    let mut players = Vec::new();
    for _ in 0..2 {
        let (player, id) = lab.watching(via, &mut streamer, "Stage").await;
        let player = Duplex::new(player, Flooder::new(32 << 10));
        players.push((id, Arc::clone(&player.talk.said), Arc::clone(&player.talk.heard)));
        floods.push(player);
    }
    let began = Instant::now();
    let floods: Vec<_> = floods
        .into_iter()
        .map(|mut flooder| {
            tokio::spawn(async move {
                let ended = flooder.runs().await.expect_err("it never stops by itself");
                (ended, flooder.talk.last)
            })
        })
        .collect();

    // The streamer says something without ever listening.
    for (id, said, heard) in &players {
        within("the player's messages to wait", stuck(said)).await;
        for number in 0..OFFERS {
            streamer.says(json!({"type": "offer", "playerId": id, "sdp": number})).await;
        }
        let all = || heard.load(Ordering::Relaxed) == OFFERS;
        lab.until("a player whose messages wait to receive", |_| all()).await;
    }
    assert_eq!(lab.streamers().len(), 1, "it has five seconds");
    let since = within("the flood to be stuck", stuck(&players[0].1)).await;

    let report = report_of_the_streamer(&mut lab).await;
    assert_eq!((report.by, report.close.code), (By::Gateway, CloseCode::SLOW));
    let (all, waited) = (began.elapsed(), since.elapsed());
    assert!(all > Duration::from_secs(5), "cut after {all:?}");
    assert!(waited < Duration::from_secs(8), "cut {waited:?} after the last message was taken");
    streamer.is_closed(CloseCode::SLOW).await;
    for flood in floods {
        let (ended, last) = within("the players to be told", flood).await.expect("no panic");
        // On WebTransport the code comes in a message before the end.
        if last["type"] == "disconnect" {
            assert_eq!(last["code"], 1005);
        } else {
            assert_eq!((ended, &last["type"]), (Ended::ByPeer(Close::EMPTY), &json!("streamerDisconnected")));
        }
    }
}

/// Its players end with it, and may be reported before it.
async fn report_of_the_streamer(lab: &mut Lab) -> SessionReport {
    loop {
        let report = lab.report().await;
        if report.role == Role::Streamer {
            return report;
        }
        assert_eq!((report.role, report.close.code), (Role::Player, CloseCode::EMPTY));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamer_over_ws_that_takes_nothing_is_cut() {
    let _machine = crate::MACHINE.read().await;
    a_streamer_that_takes_nothing_is_cut(Via::Ws).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamer_over_webtransport_that_takes_nothing_is_cut() {
    let _machine = crate::MACHINE.read().await;
    a_streamer_that_takes_nothing_is_cut(Via::WebTransport).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamer_over_quic_that_takes_nothing_is_cut() {
    let _machine = crate::MACHINE.read().await;
    a_streamer_that_takes_nothing_is_cut(Via::Quic).await;
}

/// A peer whose messages never cease to arrive is written to all the same: it hears, and it is closed when it must be.
async fn whoever_speaks_all_the_time_still_hears(via: Via) {
    const OFFERS: usize = 100;
    let lab = Lab::with(|config| config.limits = Limits::Off);
    let mut streamer = lab.streamer(Via::Quic, "Stage").await;
    let mut player = lab.raw_ws(via, Role::Player).await;
    player.sends(&frame(TEXT, br#"{"type":"subscribe","streamerId":"Stage"}"#)).await;
    let id = streamer.hears("playerConnected").await["playerId"].clone();
    // Long messages take longer to read than to send, so that there is always more.
    let novel = format!(r#"{{"type":"novel","data":"{}"}}"#, "x".repeat(200_000));
    let mut player = player.floods(frame(TEXT, novel.as_bytes()));
    let flowing = |lab: &Lab| lab.drops().get(&DropReason::UnknownType).is_some_and(|&count| count > 100);
    lab.until("the flood to flow", flowing).await;
    for number in 0..OFFERS {
        streamer.says(json!({"type": "offer", "playerId": id, "sdp": number})).await;
    }
    streamer.says(json!({"type": "disconnectPlayer", "playerId": id, "reason": "enough"})).await;
    let heard = async {
        let mut offers = 0;
        while let Some((first, payload)) = player.hears().await {
            offers += usize::from(payload.windows(7).any(|part| part == br#""offer""#));
            if first == CLOSE {
                return (offers, payload.slice(2..));
            }
        }
        panic!("no close after {offers} offers");
    };
    assert_eq!(within("the player to hear it all", heard).await, (OFFERS, Bytes::from("enough")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flooding_player_is_written_to() {
    let _machine = crate::MACHINE.read().await;
    for via in [Via::Ws, Via::Wss] {
        whoever_speaks_all_the_time_still_hears(via).await;
    }
}
