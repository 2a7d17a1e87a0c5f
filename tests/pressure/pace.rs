//! A player that stops reading is cut (4000), while its streamer's other players keep their pace.
//!
//! Quiet and loaded phases alternate in one run, with the same traffic: what differs is only whether one player reads.
//! A round ends when everybody has heard, so that a moment in which the machine does something else counts once.

use std::time::{Duration, Instant};

use pixelgate::client::Event;
use pixelgate::config::Limits;
use pixelgate::session::By;
use pixelgate::wire::{CloseCode, Role};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::support::{Lab, Peer, Via, within};

const OTHERS: usize = 8;
const PHASES: usize = 6;
const QUIET_ROUNDS: usize = 300;

/// What the one player is sent each round: some hundreds of them fill what its outbox and the system hold for it, which
/// is more on TCP.
const fn large(via: Via) -> usize {
    if via.is_quic() { 4 << 10 } else { 32 << 10 }
}

/// A round that takes so long was held up by somebody: a streamer that waits for its player would wait for seconds.
const HELD_UP: Duration = Duration::from_secs(2);

struct Stage {
    streamer: Peer,
    others: Vec<String>,
    heard: mpsc::Receiver<(usize, u64, Instant)>,
    round: u64,
    large: String,
}

impl Stage {
    async fn set(lab: &Lab, via: Via) -> Self {
        let mut streamer = lab.streamer(via, "Stage").await;
        let (tell, heard) = mpsc::channel(OTHERS);
        let mut others = Vec::new();
        for number in 0..OTHERS {
            let (player, id) = lab.watching(via, &mut streamer, "Stage").await;
            others.push(id);
            tokio::spawn(listens(player, number, tell.clone()));
        }
        Self { streamer, others, heard, round: 0, large: "x".repeat(large(via)) }
    }

    /// One message to each of the others and a large one to `heavy`; how long each of the others' took.
    async fn round(&mut self, heavy: &str, latencies: &mut Vec<Duration>) {
        self.round += 1;
        let large = json!({"type": "offer", "playerId": heavy, "sdp": self.large});
        self.streamer.says(large).await;
        let mut sent = Vec::new();
        for id in &self.others {
            sent.push(Instant::now());
            let numbered = json!({"type": "offer", "playerId": id, "sdp": self.round});
            self.streamer.connection.send(numbered.to_string()).await.expect("the streamer stays");
        }
        for _ in 0..OTHERS {
            let (number, round, at) = within("the others to hear", self.heard.recv()).await.expect("they stay");
            assert_eq!(round, self.round, "a message was lost or came too early");
            latencies.push(at.duration_since(sent[number]));
        }
    }
}

/// Hears numbered messages, each exactly once and in order.
async fn listens(mut player: Peer, number: usize, tell: mpsc::Sender<(usize, u64, Instant)>) {
    for round in 1.. {
        let offer = loop {
            match player.connection.recv().await {
                Event::Message(text) if text.starts_with(br#"{"type":"playerCount""#) => {}
                Event::Message(text) => break text,
                Event::Ended(_) => return,
            }
        };
        let at = Instant::now();
        let offer: serde_json::Value = serde_json::from_slice(&offer).expect("JSON");
        assert_eq!(offer["sdp"], round, "a message was lost or came too early");
        if tell.send((number, round, at)).await.is_err() {
            return;
        }
    }
}

/// Reads until it is told to stop, and keeps its session.
async fn reads_until(mut player: Peer, mut stop: oneshot::Receiver<()>) -> Peer {
    loop {
        tokio::select! {
            _ = &mut stop => return player,
            event = player.connection.recv() => assert!(matches!(event, Event::Message(_)), "{event:?}"),
        }
    }
}

async fn the_others_keep_their_pace(via: Via) {
    let mut lab = Lab::with(|config| config.limits = Limits::Off);
    let mut stage = Stage::set(&lab, via).await;
    let (mut quiet, mut loaded) = (Vec::new(), Vec::new());
    for _ in 0..PHASES {
        let (player, id) = lab.watching(via, &mut stage.streamer, "Stage").await;
        let (stop, stopped) = oneshot::channel();
        let reading = tokio::spawn(reads_until(player, stopped));
        for _ in 0..QUIET_ROUNDS {
            stage.round(&id, &mut quiet).await;
        }
        stop.send(()).expect("it reads");
        let mut deaf = reading.await.expect("no panic");
        let told = rounds_until_it_is_cut(&mut stage, &id, &mut loaded).await;
        assert_eq!(told, json!({"type": "playerDisconnected", "playerId": id}));

        // When it reads again, it finds what was sent before, and why it was cut.
        deaf.is_closed(CloseCode::SLOW).await;
        let report = lab.report().await;
        assert_eq!((report.role, report.by, report.close.code), (Role::Player, By::Gateway, CloseCode::SLOW));
    }
    lab.no_more_reports();
    let (quiet, loaded) = (Summary::of(quiet), Summary::of(loaded));
    let floor = Duration::from_millis(2);
    assert!(
        loaded.p99 <= 2 * quiet.p99.max(floor),
        "p99 {:?} beside a deaf player, {:?} before",
        loaded.p99,
        quiet.p99
    );
    assert!(loaded.max < HELD_UP, "somebody waited {:?}", loaded.max);
    assert!(loaded.count >= 5_000 && quiet.count >= 5_000, "{loaded:?} {quiet:?}");
}

async fn rounds_until_it_is_cut(stage: &mut Stage, id: &str, loaded: &mut Vec<Duration>) -> serde_json::Value {
    for _ in 0..5_000 {
        stage.round(id, loaded).await;
        tokio::select! {
            biased;
            event = stage.streamer.connection.recv() => match event {
                Event::Message(text) => return serde_json::from_slice(&text).expect("JSON"),
                Event::Ended(ended) => panic!("the streamer ended: {ended}"),
            },
            () = std::future::ready(()) => {}
        }
    }
    panic!("the player that does not read was not cut");
}

#[derive(Debug)]
struct Summary {
    count: usize,
    p99: Duration,
    max: Duration,
}

impl Summary {
    fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        let count = all.len();
        Self { count, p99: all[count * 99 / 100], max: all[count - 1] }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_ws() {
    let _machine = crate::MACHINE.write().await;
    the_others_keep_their_pace(Via::Ws).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_webtransport() {
    let _machine = crate::MACHINE.write().await;
    the_others_keep_their_pace(Via::WebTransport).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_quic() {
    let _machine = crate::MACHINE.write().await;
    the_others_keep_their_pace(Via::Quic).await;
}
