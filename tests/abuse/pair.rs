//! The good pair: a streamer and its player, who mind their own business and measure how long that takes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pixelgate::client::{Client, Connection, Event, Options};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::support::PATIENCE;

/// Between two measures: a player that minds its rate.
const PAUSE: Duration = Duration::from_millis(8);

/// Round trips, in the order of their length once they are asked about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trips(Vec<Duration>);

impl Trips {
    pub(crate) fn add(&mut self, more: Self) {
        self.0.extend(more.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn p99(&self) -> Duration {
        let mut trips = self.0.clone();
        trips.sort_unstable();
        trips.get(trips.len().saturating_sub(1) * 99 / 100).copied().unwrap_or(Duration::MAX)
    }
}

pub(crate) struct Pair {
    runtime: Runtime,
    ends: std::cell::RefCell<Ends>,
}

struct Ends {
    streamer: Connection,
    player: Connection,
    id: String,
    turn: u64,
}

impl Pair {
    pub(crate) fn of(http: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let ends = runtime.block_on(Ends::meet(http));
        Self { runtime, ends: ends.into() }
    }

    /// Measures as long as `meanwhile` takes, on this thread's runtime; that runs on another.
    pub(crate) fn measures(&self, meanwhile: impl FnOnce() + Send) -> Trips {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let mut ends = self.ends.borrow_mut();
        std::thread::scope(|scope| {
            let running = scope.spawn(move || {
                meanwhile();
                over.store(true, Ordering::Relaxed);
            });
            let mut trips = Vec::new();
            self.runtime.block_on(async {
                while !is_over.load(Ordering::Relaxed) && !running.is_finished() {
                    trips.push(ends.goes_round().await);
                    ends.rests().await;
                }
            });
            running.join().expect("no panic");
            Trips(trips)
        })
    }

    pub(crate) fn leaves(self) {
        let Ends { streamer, player, .. } = self.ends.into_inner();
        self.runtime.block_on(async {
            player.close(pixelgate::wire::CloseCode::NORMAL, "").await;
            streamer.close(pixelgate::wire::CloseCode::NORMAL, "").await;
        });
    }
}

impl Ends {
    async fn meet(http: SocketAddr) -> Self {
        let client = Client::new(Options { connect_timeout: PATIENCE, ..Options::default() }).expect("good options");
        let connect = async |role: &str| client.connect(&format!("ws://{http}/{role}")).await.expect("it is let in");
        let mut streamer = connect("streamer").await;
        says(&mut streamer, r#"{"type":"endpointId","id":"Stage"}"#.to_owned()).await;
        hears(&mut streamer, "endpointIdConfirm").await;
        let mut player = connect("player").await;
        says(&mut player, r#"{"type":"subscribe","streamerId":"Stage"}"#.to_owned()).await;
        let told = hears(&mut streamer, "playerConnected").await;
        let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        let id = told["playerId"].as_str().expect("an id").to_owned();
        Self { streamer, player, id, turn: 0 }
    }

    /// From the player to its streamer and back. Others may say what they like to the streamer meanwhile.
    async fn goes_round(&mut self) -> Duration {
        self.turn += 1;
        let mark = format!("\"turn{}\"", self.turn);
        let began = Instant::now();
        says(&mut self.player, format!(r#"{{"type":"answer","sdp":{mark}}}"#)).await;
        hears(&mut self.streamer, &mark).await;
        says(&mut self.streamer, format!(r#"{{"type":"offer","sdp":{mark},"playerId":"{}"}}"#, self.id)).await;
        hears(&mut self.player, &mark).await;
        began.elapsed()
    }

    /// Takes what comes.
    async fn rests(&mut self) {
        let Self { streamer, player, .. } = self;
        let takes = async {
            loop {
                let event = tokio::select! {
                    event = streamer.recv() => event,
                    event = player.recv() => event,
                };
                assert!(matches!(event, Event::Message(_)), "the pair was separated: {event:?}");
            }
        };
        let _ = timeout(PAUSE, takes).await;
    }
}

async fn says(connection: &mut Connection, text: String) {
    timeout(PATIENCE, connection.send(text)).await.expect("the gateway reads").expect("the session lives");
}

/// The next message with that in it.
async fn hears(connection: &mut Connection, mark: &str) -> String {
    let listening = async {
        loop {
            match connection.recv().await {
                Event::Message(text) => {
                    let text = String::from_utf8_lossy(&text).into_owned();
                    if text.contains(mark) {
                        return text;
                    }
                }
                Event::Ended(ended) => panic!("waits for {mark}, and the session has ended: {ended}"),
            }
        }
    };
    timeout(PATIENCE, listening).await.unwrap_or_else(|_| panic!("waits for {mark} in vain"))
}
