//! SIGTERM under many sessions (protocol.md §5.5): everybody is told 1012, spread over the grace time, after `/readyz`
//! has begun to fail.
//!
//! `PIXELGATE_DRAIN_SESSIONS` asks for the long form: a longer grace time, and so many sessions.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pixelgate::client::{Client, Event, Options};
use pixelgate::transport::Ended;
use pixelgate::wire::Role;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::crowd::gather;
use crate::figures::{Scrape, Table, asked};
use crate::support::binary::{Announced, Start};
use crate::support::process::needs_descriptors;
use crate::support::{PATIENCE, Peer, Via, within};

/// The largest part of the sessions that one tenth of the grace time may hold. The closes take seven tenths.
const SHARE: f64 = 0.25;

/// The grace time is over, the last packets have been sent, and the process is taken down.
const AFTER: Duration = Duration::from_secs(2);

/// How one session ended.
struct End {
    at: Instant,
    ended: Ended,
}

fn role(number: usize) -> Role {
    match number % 100 {
        0 => Role::Streamer,
        1 => Role::Sfu,
        _ => Role::Player,
    }
}

/// A session that does what its role does first.
async fn arrives(client: Client, announced: Arc<Announced>, number: usize) -> Peer {
    // Not by the number alone: every role is there over every transport.
    let via = Via::ALL[(number / 100 + number) % 4];
    let mut peer = Peer::connect(&client, &announced.url(via, role(number)), role(number)).await;
    match role(number) {
        Role::Streamer => peer.identifies(&format!("Stage{}", number / 100)).await,
        Role::Sfu => _ = peer.hears("config").await,
        Role::Player => {
            peer.hears("config").await;
            peer.says(json!({"type": "subscribe", "streamerId": format!("Stage{}", number / 100)})).await;
        }
    }
    peer
}

async fn listens(mut peer: Peer) -> End {
    loop {
        if let Event::Ended(ended) = peer.connection.recv().await {
            return End { at: Instant::now(), ended };
        }
    }
}

/// When it was asked whether the gateway is ready, and what it said.
async fn asks_again_and_again(admin: SocketAddr) -> Vec<(Instant, u16)> {
    let mut answers = Vec::new();
    loop {
        let asked = Instant::now();
        match readiness(admin).await {
            Some(status) => answers.push((asked, status)),
            // The process has ended.
            None => return answers,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn readiness(admin: SocketAddr) -> Option<u16> {
    let mut tcp = TcpStream::connect(admin).await.ok()?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.ok()?;
    answer.split(' ').nth(1)?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_many_sessions_tells_each_in_its_turn() {
    let _machine = crate::MACHINE.lock().await;
    let long = asked("PIXELGATE_DRAIN_SESSIONS");
    let count = long.unwrap_or(2_000) as usize;
    let grace = Duration::from_secs(if long.is_some() { 15 } else { 5 });
    needs_descriptors(2 * count as u64 + 500);
    let mut binary = Start::serve().arg("--drain-grace").arg(format!("{}s", grace.as_secs())).spawn();
    let announced = Arc::new(binary.announced());
    let options = Options { connect_timeout: PATIENCE, ..announced.options() };
    let client = Client::new(options).expect("the options are good");
    let peers = gather(count, |number| arrives(client.clone(), Arc::clone(&announced), number)).await;
    let mut ends: JoinSet<End> = peers.into_iter().map(listens).collect();
    let here = Scrape::at(announced.admin).await.sum("sessions");
    assert_eq!(here, count as u64, "somebody has left already");

    let asking = tokio::spawn(asks_again_and_again(announced.admin));
    assert_eq!(readiness(announced.admin).await, Some(200));
    let began = Instant::now();
    binary.signal("TERM");
    let mut heard = Vec::new();
    while let Some(end) = within("every session to be ended", ends.join_next()).await {
        heard.push(end.expect("no panic"));
    }
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("it ends");
    let took = began.elapsed();

    let otherwise: Vec<_> = heard.iter().map(|end| &end.ended).filter(|ended| !is_restart(ended)).collect();
    assert!(otherwise.is_empty(), "{} of {count} ended otherwise: {:?}", otherwise.len(), otherwise[0]);
    let tenths = tenths(heard.iter().map(|end| end.at - began), grace);
    if long.is_some() {
        publish(&tenths, grace, took);
    }
    let most = tenths.iter().max().expect("ten");
    assert!(*most as f64 <= SHARE * count as f64, "of {count}, by tenths of {grace:?}: {tenths:?}");

    let first = heard.iter().map(|end| end.at).min().expect("some");
    let answers = within("the end of the answers", asking).await.expect("no panic");
    let after: Vec<_> = answers.iter().filter(|(asked, _)| *asked >= first).map(|(_, status)| *status).collect();
    assert!(!after.is_empty() && after.iter().all(|status| *status == 503), "asked after the first close: {after:?}");
    let rising = answers.windows(2).all(|pair| pair[0].1 <= pair[1].1);
    assert!(rising, "not ready, and ready again: {answers:?}");

    assert_eq!(over.status.code(), Some(0), "{}", tail(&over.stderr));
    assert!(took < grace + AFTER, "ended after {took:?}");
    for bad in ["panicked", "ERROR", "WARN"] {
        assert!(!over.stderr.contains(bad), "{bad} in {}", tail(&over.stderr));
    }
}

fn is_restart(ended: &Ended) -> bool {
    matches!(ended, Ended::ByPeer(close) if close.code.0 == 1012)
}

/// How many of these times fall into each tenth of `whole`; what comes later belongs to the last.
fn tenths(times: impl Iterator<Item = Duration>, whole: Duration) -> [usize; 10] {
    let mut tenths = [0; 10];
    for time in times {
        tenths[((time.as_secs_f64() / whole.as_secs_f64() * 10.0) as usize).min(9)] += 1;
    }
    tenths
}

/// The end of a log that may be long.
fn tail(log: &str) -> &str {
    let from = log.len().saturating_sub(2_000);
    log.get(from..).unwrap_or(log)
}

fn publish(tenths: &[usize; 10], grace: Duration, took: Duration) {
    let count: usize = tenths.iter().sum();
    let mut table = Table::new(&["of the grace time", "closed with 1012", "share"]);
    for (at, closed) in tenths.iter().enumerate() {
        let share = 100.0 * *closed as f64 / count as f64;
        table.row(&[format!("{} to {} %", 10 * at, 10 * at + 10), closed.to_string(), format!("{share:.1} %")]);
    }
    let notes = format!("Grace time {grace:?}; the process ended with 0 after {took:.1?}.");
    table.publish("drain", &format!("SIGTERM under {count} sessions"), &notes);
}
