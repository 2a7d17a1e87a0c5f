//! A network that loses packets: the flow of protocol.md §1 completes over every transport, and how long it takes.
//!
//! The test runs itself again in a network namespace, whose loopback loses what nftables says. `PIXELGATE_LOSS_FLOWS`
//! asks for the long form: so many flows over each transport, at each loss.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pixelgate::client::{Client, Connection, Event, Options};
use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::figures::{Table, asked, show};
use crate::support::Via;
use crate::support::binary::{Announced, Start, is_root, tool};

/// Set where the network is one of its own.
const INSIDE: &str = "PIXELGATE_NETWORK_OF_ITS_OWN";

/// How long a flow may take. TCP doubles its wait with every packet of a row that is lost, and so does QUIC.
const LIMIT: Duration = Duration::from_secs(180);

/// How long the network is away.
const OUTAGE: Duration = Duration::from_secs(10);

/// How often a client tries to connect: whoever takes too long is not let in.
const ATTEMPTS: usize = 8;

#[test]
fn the_flow_completes_in_a_network_that_loses_packets() {
    if env::var_os(INSIDE).is_none() {
        return again_in_a_network_of_its_own("loss::the_flow_completes_in_a_network_that_loses_packets");
    }
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        match asked("PIXELGATE_LOSS_FLOWS") {
            Some(flows) => long(flows as usize).await,
            None => short().await,
        }
    });
}

/// Runs a test of this binary in a network namespace.
fn again_in_a_network_of_its_own(test: &str) {
    let namespace: &[&str] = if is_root() { &["--net"] } else { &["--net", "--map-root-user"] };
    let unshare = || {
        let mut command = Command::new(tool("unshare"));
        command.args(namespace).arg("--");
        command
    };
    let possible = unshare().args([&tool("ip"), "link", "set", "lo", "up"]).output().expect("a program");
    assert!(
        possible.status.success(),
        "no network namespace can be made here ({}). Run this test as root, in a container with --cap-add \
         SYS_ADMIN,NET_ADMIN, or let users make namespaces (sysctl kernel.unprivileged_userns_clone=1, \
         kernel.apparmor_restrict_unprivileged_userns=0)",
        String::from_utf8_lossy(&possible.stderr).trim()
    );
    let script = r#""$1" link set lo up && shift && exec "$@""#;
    let inside = unshare()
        .args(["sh", "-c", script, "sh", &tool("ip")])
        .arg(env::current_exe().expect("this is one"))
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "yes")
        .output()
        .expect("a program");
    let said = String::from_utf8_lossy(&inside.stdout);
    // What it says of itself as a test is not to be counted twice.
    let of_the_test = |line: &&str| !["running ", "test "].iter().any(|start| line.starts_with(start));
    show(&said.lines().filter(of_the_test).collect::<Vec<_>>().join("\n"));
    assert!(inside.status.success(), "{said}{}", String::from_utf8_lossy(&inside.stderr));
    assert!(said.contains("test result: ok. 1 passed"), "{test} is not a test of this binary: {said}");
}

/// From now on so many of a hundred packets are lost, on either way.
fn lose(percent: u32) {
    let rule = match percent {
        0 => String::new(),
        100 => "drop".to_owned(),
        _ => format!("numgen random mod 100 < {percent} drop"),
    };
    // At the entrance: a loss at the exit would be an error for the sender.
    let rules = format!(
        "flush ruleset\ntable inet loss {{\nchain entrance {{\ntype filter hook input priority 0\n{rule}\n}}\n}}\n"
    );
    let mut nft =
        Command::new(tool("nft")).args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("a program that runs");
    nft.stdin.take().expect("piped").write_all(rules.as_bytes()).expect("it reads");
    let status = nft.wait().expect("our child");
    assert!(status.success(), "nftables refuses {rules:?}: the kernel needs nf_tables with numgen (nft_numgen)");
}

async fn short() {
    let theatre = Theatre::open();
    lose(5);
    for flows in theatre.plays_everywhere(1, None).await {
        assert_eq!(flows.len(), 1);
    }
}

async fn long(flows: usize) {
    let theatre = Theatre::open();
    let mut table =
        Table::new(&["network", "transport", "connect", "negotiate", "close", "whole", "slowest", "attempts"]);
    for (name, percent) in [("0 %", 0), ("5 %", 5), ("15 %", 15), ("10 s outage", 0)] {
        lose(percent);
        let outage = name.contains("outage").then(|| Arc::new(Barrier::new(4 * flows + 1)));
        for (via, flows) in Via::ALL.into_iter().zip(theatre.plays_everywhere(flows, outage).await) {
            let median = |of: fn(&Flow) -> Duration| {
                let mut times: Vec<_> = flows.iter().map(of).collect();
                times.sort_unstable();
                ms(times[times.len() / 2])
            };
            let slowest = flows.iter().map(Flow::whole).max().expect("some");
            let attempts: usize = flows.iter().map(|flow| flow.attempts).sum();
            table.row(&[
                name.to_owned(),
                via.name().to_owned(),
                median(|flow| flow.connect),
                median(|flow| flow.negotiate),
                median(|flow| flow.close),
                median(Flow::whole),
                ms(slowest),
                format!("{:.2}", attempts as f64 / (2 * flows.len()) as f64),
            ]);
        }
    }
    let notes = format!(
        "Medians of {flows} flows, in ms; packets are lost at random on either way, on a loopback without delay. \
         Connect: streamer and player until both are greeted and the streamer has its id; negotiate: from the \
         subscription to the last of three candidates each way, during which the network is away for 10 s in the last \
         rows; close: from the player's close until the streamer is told. Attempts: to connect, for each connection."
    );
    table.publish("loss", "The flow in a network that loses packets", &notes);
}

fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}

/// A gateway and what clients need.
struct Theatre {
    // Killed when the test is over.
    _gateway: crate::support::binary::Binary,
    announced: Arc<Announced>,
    client: Client,
}

/// What one flow took.
struct Flow {
    connect: Duration,
    negotiate: Duration,
    close: Duration,
    attempts: usize,
}

impl Flow {
    fn whole(&self) -> Duration {
        self.connect + self.negotiate + self.close
    }
}

impl Theatre {
    fn open() -> Self {
        let mut gateway = Start::serve().arg("--log").arg("warn").spawn();
        let announced = Arc::new(gateway.announced());
        let client = Client::new(Options { connect_timeout: Duration::from_secs(15), ..announced.options() });
        Self { _gateway: gateway, announced, client: client.expect("the options are good") }
    }

    /// So many flows over each transport, all at once.
    async fn plays_everywhere(&self, count: usize, outage: Option<Arc<Barrier>>) -> Vec<Vec<Flow>> {
        let mut playing: Vec<JoinSet<Flow>> = Vec::new();
        for via in Via::ALL {
            let flow = |number: usize| {
                let stage = Stage { client: self.client.clone(), announced: Arc::clone(&self.announced), via };
                stage.plays(format!("{}{number}", via.name()), outage.clone())
            };
            playing.push((0..count).map(flow).collect());
        }
        if let Some(outage) = outage {
            for percent in [0, 100] {
                // Everybody is in the midst of it, then everybody knows.
                timeout(LIMIT, outage.wait()).await.expect("everybody comes so far");
                if percent == 0 {
                    lose(100);
                }
            }
            sleep(OUTAGE).await;
            lose(0);
        }
        let mut flows = Vec::new();
        for playing in playing {
            flows.push(playing.join_all().await);
        }
        flows
    }
}

/// Where one flow is played.
struct Stage {
    client: Client,
    announced: Arc<Announced>,
    via: Via,
}

impl Stage {
    async fn plays(self, id: String, outage: Option<Arc<Barrier>>) -> Flow {
        let what = format!("the flow of {id}");
        timeout(LIMIT, self.flow(&id, outage)).await.unwrap_or_else(|_| panic!("waited {LIMIT:?} for {what}"))
    }

    async fn flow(&self, id: &str, outage: Option<Arc<Barrier>>) -> Flow {
        let mut attempts = 0;
        let begun = Instant::now();
        let mut streamer = self.connects(Role::Streamer, &mut attempts).await;
        hears(&mut streamer, "identify").await;
        says(&mut streamer, json!({"type": "endpointId", "id": id})).await;
        assert_eq!(hears(&mut streamer, "endpointIdConfirm").await["committedId"], id);
        let mut player = self.connects(Role::Player, &mut attempts).await;
        hears(&mut player, "config").await;
        let connect = begun.elapsed();

        let begun = Instant::now();
        says(&mut player, json!({"type": "subscribe", "streamerId": id})).await;
        let player_id = hears(&mut streamer, "playerConnected").await["playerId"].clone();
        says(&mut streamer, json!({"type": "offer", "playerId": player_id, "sdp": "o".repeat(4_000)})).await;
        hears(&mut player, "offer").await;
        if let Some(outage) = outage {
            outage.wait().await;
            outage.wait().await;
        }
        says(&mut player, json!({"type": "answer", "sdp": "a".repeat(3_000)})).await;
        for number in 0..3 {
            let candidate = json!({"candidate": number, "sdpMid": "0", "sdpMLineIndex": 0});
            says(&mut player, json!({"type": "iceCandidate", "candidate": candidate})).await;
            says(&mut streamer, json!({"type": "iceCandidate", "playerId": player_id, "candidate": candidate})).await;
        }
        // Both listen at once, as clients do.
        tokio::join!(
            async {
                assert_eq!(hears(&mut streamer, "answer").await["playerId"], player_id);
                hears_candidates(&mut streamer).await;
            },
            hears_candidates(&mut player),
        );
        let negotiate = begun.elapsed();

        let begun = Instant::now();
        let leaving = tokio::spawn(player.close(CloseCode::NORMAL, ""));
        assert_eq!(hears(&mut streamer, "playerDisconnected").await["playerId"], player_id);
        let close = begun.elapsed();
        leaving.await.expect("no panic");
        streamer.close(CloseCode::NORMAL, "").await;
        Flow { connect, negotiate, close, attempts }
    }

    async fn connects(&self, role: Role, attempts: &mut usize) -> Connection {
        let url = self.announced.url(self.via, role);
        let mut failed = Vec::new();
        for _ in 0..ATTEMPTS {
            *attempts += 1;
            match self.client.connect(&url).await {
                Ok(connection) => return connection,
                Err(error) => failed.push(error.to_string()),
            }
        }
        panic!("{failed:?}")
    }
}

async fn says(connection: &mut Connection, message: Value) {
    connection.send(message.to_string()).await.expect("the session lives");
}

/// The next message of that type.
async fn hears(connection: &mut Connection, kind: &str) -> Value {
    loop {
        match connection.recv().await {
            Event::Message(text) => {
                let message: Value = serde_json::from_slice(&text).expect("the gateway writes JSON");
                if message["type"] == kind {
                    return message;
                }
            }
            Event::Ended(ended) => panic!("ended before {kind}: {ended}"),
        }
    }
}

/// All three, in order.
async fn hears_candidates(connection: &mut Connection) {
    for number in 0..3 {
        assert_eq!(hears(connection, "iceCandidate").await["candidate"]["candidate"], number);
    }
}
