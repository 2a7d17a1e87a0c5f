//! The test streamer as a process: what it says when it cannot stream, and that it does not grow with the players who
//! come and go.
#![cfg(target_os = "linux")]

mod support;
#[path = "support/watcher.rs"]
mod watcher;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use pixelgate::wire::Role;

use support::binary::Start;
use support::{Lab, Via};
use watcher::Watcher;

/// One line on standard error that holds these parts, and a code of its own for each kind of mistake.
fn refuses(args: &[&str], code: i32, parts: &[&str]) {
    let over = Start::with(["test-streamer"].iter().chain(args)).spawn().over();
    assert_eq!((over.status.code(), over.stderr.lines().count()), (Some(code), 1), "{args:?}: {over:?}");
    for part in parts {
        assert!(over.stderr.contains(part), "{part:?} is not in {:?}", over.stderr);
    }
}

#[test]
fn what_cannot_be_meant_is_refused_in_one_line() {
    refuses(&["--url", "ftp://127.0.0.1"], 64, &["pixelgate: --url: ", "ftp", "wss://"]);
    refuses(&["--url", "nonsense"], 64, &["pixelgate: --url: "]);
    refuses(&["--size", "32x32"], 64, &["pixelgate: --size: 32x32 is out of range"]);
    refuses(&["--size", "1281x720"], 64, &["pixelgate: --size: 1281x720 is odd"]);
    refuses(&["--fps", "61"], 64, &["pixelgate: --fps: 61 is out of range"]);
    refuses(&["--bitrate", "1k"], 64, &["pixelgate: --bitrate: 1k is out of range"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_believed_ends_it_with_one_line() {
    let lab = Lab::open();
    for via in [Via::Wss, Via::WebTransport, Via::Quic] {
        let url = lab.url(via, Role::Streamer);
        tokio::task::spawn_blocking(move || refuses(&["--log", "off", "--url", &url], 64, &["certificate"]))
            .await
            .expect("no panic");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_and_an_id_in_use_are_one_line_each() {
    let said = |url: String, id: &'static str, what: &'static str| async move {
        let mut streamer = Start::with(["test-streamer", "--url", &url, "--id", id]).spawn();
        let looking = move || {
            let stderr = streamer.home().join("stderr");
            let line = streamer.until(what, || {
                let text = std::fs::read_to_string(&stderr).expect("it is there");
                text.lines().find(|line| line.contains(what)).map(ToOwned::to_owned)
            });
            assert!(line.contains("WARN"), "{line}");
        };
        tokio::task::spawn_blocking(looking).await.expect("no panic");
    };
    said("ws://127.0.0.1:1".into(), "Stage", "127.0.0.1:1 refused the connection. Is the gateway running").await;
    let lab = Lab::open();
    let _holder = Streamer::start(&lab, "Stage");
    lab.until("the holder to be there", |lab| lab.streamers().iter().any(|view| view.streaming)).await;
    said(lab.url(Via::Ws, Role::Streamer), "Stage", "the id Stage is in use: streaming as Stage1").await;
}

/// Players in all: before the last of them every pool and cache has its size.
const JOINS: usize = 300;

/// The last of them, while memory is looked at.
const WATCHED: usize = 100;

/// Players who come together.
const AT_ONCE: usize = 5;

/// Bytes a join.
const GROWTH: f64 = 2048.0;

/// A process that is killed when the test is over.
struct Streamer(Child);

impl Streamer {
    fn start(lab: &Lab, id: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pixelgate"));
        command.args(["test-streamer", "--size", "320x180", "--log", "error", "--id", id, "--url"]);
        command.arg(lab.url(Via::Ws, Role::Streamer)).stdin(Stdio::null());
        Self(command.spawn().expect("the binary runs"))
    }

    /// Bytes that are resident.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux says so");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0
    }
}

impl Drop for Streamer {
    fn drop(&mut self) {
        // Errors mean that it has ended already, which the test has noticed.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_players_who_come_and_go_leave_nothing_behind() {
    let lab = Arc::new(Lab::open());
    let streamer = Streamer::start(&lab, "Stage");
    lab.until("the streamer to be there", |lab| lab.streamers().iter().any(|view| view.streaming)).await;
    let mut memory = Vec::new();
    for joined in (AT_ONCE..=JOINS).step_by(AT_ONCE) {
        let players = (0..AT_ONCE).map(|_| tokio::spawn(come_and_go(Arc::clone(&lab))));
        for player in players.collect::<Vec<_>>() {
            player.await.expect("no panic");
        }
        if joined > JOINS - WATCHED {
            memory.push(streamer.memory());
        }
    }
    let growth = slope(&memory) / AT_ONCE as f64;
    assert!(growth <= GROWTH, "{growth:.0} bytes a join: {memory:?}");
}

async fn come_and_go(lab: Arc<Lab>) {
    let mut player = Watcher::join(&lab, "Stage").await.blind();
    player.until("a picture and a sound", |seen| seen.keyframes > 0 && seen.audio > 0).await;
    player.signalling.leaves().await;
}

/// The slope of the line that fits best.
fn slope(values: &[f64]) -> f64 {
    let mean = |all: &mut dyn Iterator<Item = f64>| all.sum::<f64>() / values.len() as f64;
    let (x, y) = (mean(&mut (0..values.len()).map(|at| at as f64)), mean(&mut values.iter().copied()));
    let points = || values.iter().enumerate().map(|(at, value)| (at as f64 - x, value - y));
    points().map(|(x, y)| x * y).sum::<f64>() / points().map(|(x, _)| x * x).sum::<f64>()
}
