//! No message to a reading peer is lost or reordered: sequence numbers over 100,000 messages each way.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use pixelgate::config::Limits;
use pixelgate::wire::DropReason;
use serde_json::Value;
use tokio::task::JoinSet;

use super::support::duplex::{Duplex, Talk};
use super::support::{Lab, Via};

const PLAYERS: usize = 20;
const EACH: u64 = 5_000;

/// What a player has under way: together more than a streamer's outbox holds (1,024), so that players must wait; alone
/// less than a player's (256), so that none is cut.
const WINDOW: u64 = 100;

/// Numbers what it says and checks the numbers of what it hears.
struct Player {
    said: u64,
    heard: u64,
}

impl Talk for Player {
    fn says(&mut self) -> Option<Bytes> {
        let may = self.said < EACH && self.said < self.heard + WINDOW;
        may.then(|| {
            self.said += 1;
            format!(r#"{{"type":"iceCandidate","candidate":{}}}"#, self.said - 1).into()
        })
    }

    fn hears(&mut self, text: &[u8]) {
        let message: Value = serde_json::from_slice(text).expect("the gateway writes JSON");
        if message["type"] == "iceCandidate" {
            assert_eq!(message["candidate"], self.heard, "a message was lost or came too early");
            self.heard += 1;
        }
    }

    fn is_done(&self) -> bool {
        self.heard == EACH
    }
}

/// Sends everything back to whom it came from, and checks each player's numbers.
#[derive(Default)]
struct Streamer {
    heard: BTreeMap<String, u64>,
    echoes: VecDeque<Bytes>,
    total: u64,
    pause_at: u64,
}

impl Talk for Streamer {
    fn says(&mut self) -> Option<Bytes> {
        self.echoes.pop_front()
    }

    fn hears(&mut self, text: &[u8]) {
        let message: Value = serde_json::from_slice(text).expect("the gateway writes JSON");
        assert_eq!(message["type"], "iceCandidate");
        let player = message["playerId"].as_str().expect("a string").to_owned();
        let heard = self.heard.entry(player).or_default();
        assert_eq!(message["candidate"], *heard, "a message was lost or came too early");
        *heard += 1;
        self.total += 1;
        self.echoes.push_back(Bytes::copy_from_slice(text));
    }

    fn is_done(&self) -> bool {
        self.total >= self.pause_at
    }
}

async fn every_number_comes_in_order(streamers: Via, players: Via) {
    let lab = Lab::with(|config| config.limits = Limits::Off);
    let mut streamer = lab.streamer(streamers, "Stage").await;
    let mut watching = Vec::new();
    for _ in 0..PLAYERS {
        watching.push(lab.watching(players, &mut streamer, "Stage").await.0);
    }
    let mut talks = JoinSet::new();
    for player in watching {
        talks.spawn(async move {
            let mut player = Duplex::new(player, Player { said: 0, heard: 0 });
            player.runs().await.expect("a reading player stays");
            player
        });
    }
    let total = PLAYERS as u64 * EACH;
    let mut streamer = Duplex::new(streamer, Streamer::default());
    while streamer.talk.total < total {
        streamer.talk.pause_at = (streamer.talk.total + 10_000).min(total);
        streamer.runs().await.expect("a streamer that reads stays");
        // A reader that is slow at times: its outbox fills, and its players wait.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let done = talks.join_all().await;
    assert_eq!(done.len(), PLAYERS);
    assert!(streamer.talk.heard.values().all(|&heard| heard == EACH));
    assert_eq!(lab.drops(), BTreeMap::<DropReason, u64>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_ws() {
    let _machine = crate::MACHINE.read().await;
    every_number_comes_in_order(Via::Ws, Via::Ws).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_webtransport_to_quic() {
    let _machine = crate::MACHINE.read().await;
    every_number_comes_in_order(Via::WebTransport, Via::Quic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_quic_to_webtransport() {
    let _machine = crate::MACHINE.read().await;
    every_number_comes_in_order(Via::Quic, Via::WebTransport).await;
}
