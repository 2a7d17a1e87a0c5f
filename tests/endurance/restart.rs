//! `kill -9` and another start on the same ports: everybody comes back by himself, and not all at once.
//!
//! The steady rate is what it would be if clients came back evenly over the time in which the back-off spreads them: over
//! TCP they notice the end at once, try again and again, and come within as long again as the gateway was away
//! ([`Backoff`]); over UDP they notice the end by the silence, when it is back, and come within the first wait. No tenth
//! of that time may see more than twice its share.
//!
//! `PIXELGATE_RESTART_CLIENTS` asks for the long form.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pixelgate::client::{Backoff, Client, Options, Reconnecting, State, Update};
use pixelgate::transport::Keepalive;
use pixelgate::wire::Role;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use crate::crowd::gather;
use crate::figures::{Table, asked, show};
use crate::support::binary::{Announced, Binary, Start};
use crate::support::process::needs_descriptors;
use crate::support::{PATIENCE, Via, within};

/// The busiest tenth, in shares of the steady rate.
const PEAK: f64 = 2.0;

const BACKOFF: Backoff = Backoff { first: Duration::from_secs(2), max: Duration::from_secs(30), attempts: None };

const KEEPALIVE: Keepalive = Keepalive { interval: Duration::from_secs(1), timeout: Duration::from_secs(3) };

/// Somebody has a session again.
struct Back {
    via: Via,
    /// When the attempt began that succeeded. Its end says as much of the gateway's start as of the client.
    at: Instant,
}

/// Returns when the attempt began.
async fn has_session(session: &mut Reconnecting) -> Instant {
    let mut tried = Instant::now();
    loop {
        match session.next().await {
            Update::State(State::Connecting(_)) => tried = Instant::now(),
            Update::State(State::Connected) => return tried,
            Update::State(_) | Update::Message(_) => {}
        }
    }
}

/// A client with its first session.
async fn arrives(client: Client, announced: Arc<Announced>, number: usize) -> (Via, Reconnecting) {
    let via = Via::ALL[number % 4];
    let mut session = Reconnecting::new(client, announced.url(via, Role::Player), BACKOFF);
    within("a first session", has_session(&mut session)).await;
    (via, session)
}

/// Says when it is back, and stays.
async fn comes_back((via, mut session): (Via, Reconnecting), back: mpsc::Sender<Back>) {
    let at = has_session(&mut session).await;
    // The test may have seen enough.
    let _ = back.send(Back { via, at }).await;
    while session.next().await != Update::State(State::Connecting(2)) {}
}

/// On the same ports, with the same certificate.
fn start(certs: &std::path::Path, before: Option<&Announced>) -> Binary {
    let start = Start::serve().but("--cert-dir", certs).arg("--log").arg("warn");
    let Some(Announced { http, https, .. }) = before else { return start.spawn() };
    start.but("--http", http.to_string()).but("--https", https.to_string()).spawn()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_comes_back_to_a_gateway_that_was_killed() {
    let _machine = crate::MACHINE.lock().await;
    let long = asked("PIXELGATE_RESTART_CLIENTS");
    let count = long.unwrap_or(1_200) as usize;
    let away = Duration::from_secs(if long.is_some() { 6 } else { 3 });
    needs_descriptors(2 * count as u64 + 500);
    let certs = tempfile::tempdir().expect("a folder");
    let mut binary = start(certs.path(), None);
    let announced = Arc::new(binary.announced());
    let options = Options { connect_timeout: PATIENCE, keepalive: KEEPALIVE, ..announced.options() };
    let client = Client::new(options).expect("the options are good");
    let sessions = gather(count, |number| arrives(client.clone(), Arc::clone(&announced), number)).await;
    let (tell, mut told) = mpsc::channel(count);
    let mut crowd: JoinSet<()> = sessions.into_iter().map(|one| comes_back(one, tell.clone())).collect();

    binary.signal("KILL");
    let killed = Instant::now();
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("it ends");
    assert_eq!(over.status.code(), None, "killed: {over:?}");
    sleep_until((killed + away).into()).await;
    let mut binary = start(certs.path(), Some(&announced));
    let again = binary.announced();
    let returned = Instant::now();
    assert_eq!((again.http, again.quic), (announced.http, announced.quic));

    let mut back = Vec::new();
    while back.len() < count {
        let what = format!("{} of {count} clients to come back", count - back.len());
        back.push(within(&what, told.recv()).await.expect("they live"));
    }
    let tcp = Tenths::of(&back, |via| !via.is_quic(), returned - killed);
    let udp = Tenths::of(&back, Via::is_quic, BACKOFF.first / 2);
    let notes = format!("The gateway was away for {:.1?}; tcp: of that, udp: of a second.", returned - killed);
    if long.is_some() {
        publish(count, &tcp, &udp, &notes);
    }
    for (name, tenths) in [("TCP", &tcp), ("UDP", &udp)] {
        show(&format!("{name}: {:?}, at most {:.2} of the steady rate", tenths.counts, tenths.peak()));
        assert!(
            tenths.peak() <= PEAK,
            "over {name} they come at {:.2} of the steady rate: {:?}",
            tenths.peak(),
            tenths.counts
        );
    }

    // They stay: nobody has left again meanwhile.
    assert!(crowd.try_join_next().is_none(), "a session ended after the return");
    binary.signal("TERM");
    let over = tokio::task::spawn_blocking(|| binary.over()).await.expect("it ends");
    assert!(!over.stderr.contains("panicked") && !over.stderr.contains("ERROR"), "{over:?}");
}

/// How many came in each tenth of the time over which the back-off spreads them, from the first on, and in what follows.
struct Tenths {
    counts: Vec<usize>,
    all: usize,
}

impl Tenths {
    fn of(back: &[Back], which: impl Fn(Via) -> bool, over: Duration) -> Self {
        let times: Vec<_> = back.iter().filter(|one| which(one.via)).map(|one| one.at).collect();
        let first = *times.iter().min().expect("there are some");
        let mut counts = vec![0; 10];
        for time in &times {
            let at = ((*time - first).as_secs_f64() / over.as_secs_f64() * 10.0) as usize;
            counts.resize(counts.len().max(at + 1), 0);
            counts[at] += 1;
        }
        Self { counts, all: times.len() }
    }

    fn peak(&self) -> f64 {
        *self.counts.iter().max().expect("ten") as f64 * 10.0 / self.all as f64
    }
}

fn publish(count: usize, tcp: &Tenths, udp: &Tenths, notes: &str) {
    let mut table = Table::new(&["tenth", "back over ws, wss", "back over WebTransport, QUIC"]);
    for at in 0..tcp.counts.len().max(udp.counts.len()) {
        let count = |tenths: &Tenths| tenths.counts.get(at).copied().unwrap_or(0);
        // The last may come long after the others.
        if count(tcp) + count(udp) > 0 {
            table.row(&[at + 1, count(tcp), count(udp)].map(|number| number.to_string()));
        }
    }
    let notes = format!("{notes}\nPeaks: {:.2} and {:.2} of the steady rate.", tcp.peak(), udp.peak());
    table.publish("restart", &format!("kill -9 under {count} clients, and another start"), &notes);
}
