//! What operators scrape: every counter moves when its cause is there, and by as much. `/readyz` tells a drain.
//!
//! `messages_dropped_total` has a file of its own. Three causes are made in the router's own tests instead: a session
//! that is over for its last message (`session_over`), a player that came and went unseen (`cancelled`), and a lock that
//! is not free (`hub_lock_wait_seconds`).

mod support;

#[path = "metrics/drops.rs"]
mod drops;
#[path = "metrics/scrape.rs"]
mod scrape;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use pixelgate::client::{Client, Options};
use pixelgate::config::{Limits, Roles, Serving};
use pixelgate::transport::Keepalive;
use pixelgate::wire::{CloseCode, Role};
use scrape::{Scrape, admin, status_of};
use serde_json::{Value, json};
use support::raw::{CLOSE, frame};
use support::{Lab, Peer, Via, within};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

fn session(name: &str, role: Role, via: Via) -> String {
    format!("pixelgate_{name}{{role=\"{role}\",transport=\"{}\"}}", via.name())
}

fn closed(code: u16, by: &str) -> String {
    format!("pixelgate_sessions_closed_total{{code=\"{code}\",by=\"{by}\"}}")
}

/// Every family, so that a new one cannot come without a test here.
#[tokio::test]
async fn every_family_is_known() {
    let lab = Lab::open();
    // The reasons of refusals are as many as there are ways to fail: they appear with the first of each.
    drop(lab.raw_quic().await);
    Scrape::until(&lab, &refused("no_stream"), 1.0).await;
    let mut families = BTreeSet::from([
        "authorisations_total",
        "buffered_bytes",
        "build_info",
        "certificate_expiry_timestamp_seconds",
        "connections",
        "connections_refused_total",
        "handshake_seconds",
        "hub_lock_held_seconds",
        "hub_lock_wait_seconds",
        "joins_total",
        "leaves_total",
        "messages_dropped_total",
        "messages_relayed_total",
        "orphans_total",
        "outbox_wait_seconds",
        "relayed_bytes_total",
        "session_limits_reached_total",
        "sessions",
        "sessions_closed_total",
        "sessions_opened_total",
    ]);
    if cfg!(target_os = "linux") {
        families.extend(["process_max_descriptors", "process_open_descriptors", "process_resident_memory_bytes"]);
    }
    let families: BTreeSet<_> = families.into_iter().map(|name| format!("pixelgate_{name}")).collect();
    assert_eq!(Scrape::of(&lab).await.families(), families);
}

#[tokio::test]
async fn sessions_are_counted_by_role_and_transport() {
    let lab = Lab::open();
    let mut left = 0.0;
    for via in Via::ALL {
        for role in Role::ALL {
            let (opened, live) = (session("sessions_opened_total", role, via), session("sessions", role, via));
            let before = Scrape::of(&lab).await;
            assert_eq!((before.value(&opened), before.value(&live)), (0.0, 0.0), "{via:?} {role}");
            let mut peer = lab.connect(via, role).await;
            peer.hears("config").await;
            let during = Scrape::of(&lab).await;
            assert_eq!((during.value(&opened), during.value(&live)), (1.0, 1.0), "{via:?} {role}");
            peer.leaves().await;
            left += 1.0;
            let after = Scrape::until(&lab, &closed(1000, "peer"), left).await;
            assert_eq!((after.value(&opened), after.value(&live)), (1.0, 0.0), "{via:?} {role}");
        }
    }
}

/// protocol.md §5.5: each code that a gateway gives, and what peers and networks do.
#[tokio::test]
async fn closes_are_counted_by_code() {
    let lab = Lab::with(|config| config.drain_grace = Duration::from_secs(5));
    let mut streamer = lab.streamer(Via::Ws, "Foo").await;
    let (mut player, id) = lab.watching(Via::Quic, &mut streamer, "Foo").await;
    streamer.says(json!({"type": "disconnectPlayer", "playerId": id})).await;
    player.is_closed(CloseCode::DISCONNECTED).await;
    streamer.hears("playerDisconnected").await;
    Scrape::until(&lab, &closed(1011, "gateway"), 1.0).await;

    let (mut player, _) = lab.watching(Via::Ws, &mut streamer, "Foo").await;
    streamer.leaves().await;
    player.hears("streamerDisconnected").await;
    player.is_closed(CloseCode::EMPTY).await;
    Scrape::until(&lab, &closed(1005, "gateway"), 1.0).await;

    let mut large = lab.player(Via::Wss).await;
    large.says_text("x".repeat(300_000)).await;
    large.is_closed(CloseCode::TOO_BIG).await;
    Scrape::until(&lab, &closed(1009, "gateway"), 1.0).await;

    let mut whimsical = lab.raw_ws(Via::Ws, Role::Player).await;
    whimsical.sends(&frame(CLOSE, &4777u16.to_be_bytes())).await;
    Scrape::until(&lab, &closed(0, "peer"), 1.0).await;

    drop(lab.raw_ws(Via::Ws, Role::Player).await);
    Scrape::until(&lab, &closed(1006, "loss"), 1.0).await;
}

#[tokio::test]
async fn the_dead_are_counted() {
    let quick = Keepalive { interval: Duration::from_millis(100), timeout: Duration::from_millis(400) };
    let lab = Lab::with(|config| config.keepalive = quick);
    // Its pings are not answered: nobody reads it.
    let _silent = lab.raw_ws(Via::Ws, Role::Player).await;
    Scrape::until(&lab, &closed(4001, "gateway"), 1.0).await;
}

fn refused(reason: &str) -> String {
    format!("pixelgate_connections_refused_total{{reason=\"{reason}\"}}")
}

#[tokio::test]
async fn connections_that_become_no_sessions_are_counted() {
    let lab = Lab::with(|config| {
        for name in ["http", "https"] {
            config.listener_mut(name).expect("it is on").serving = Serving::Unified(Roles::PLAYERS);
        }
    });
    let bound = lab.gateway().bound();
    let client = Client::new(Options { connect_timeout: Duration::from_secs(5), ..lab.options() }).unwrap();
    for (number, via) in [(1.0, Via::Ws), (2.0, Via::WebTransport)] {
        let url = lab.url(via, Role::Streamer);
        assert!(within(&url, client.connect(&url)).await.is_err(), "{url}");
        Scrape::until(&lab, &refused("role"), number).await;
        let url = lab.url(via, Role::Player).replace("/player", "/nobody");
        assert!(within(&url, client.connect(&url)).await.is_err(), "{url}");
        Scrape::until(&lab, &refused("path"), number).await;
    }
    let mut garbage = TcpStream::connect(bound.https.unwrap()).await.unwrap();
    garbage.write_all(b"this is no ClientHello\r\n\r\n").await.unwrap();
    Scrape::until(&lab, &refused("tls"), 1.0).await;
    let url = lab.url(Via::Quic, Role::Streamer);
    if let Ok(mut connection) = within(&url, client.connect(&url)).await {
        within("the refusal of a role", connection.recv()).await;
    }
    Scrape::until(&lab, &refused("hello"), 1.0).await;
    lab.raw_quic().await.close(0u32.into(), b"");
    Scrape::until(&lab, &refused("no_stream"), 1.0).await;
}

/// Everything that is relayed (protocol.md §3), by its way: S→P, P→S, P→F, F→P, F→S, S→F.
struct Relays {
    lab: Lab,
    streamer: Peer,
    player: Peer,
    player_id: String,
    sfu: Peer,
    sfu_id: String,
    behind: Peer,
    behind_id: String,
}

impl Relays {
    async fn set() -> Self {
        let lab = Lab::open();
        let mut streamer = lab.streamer(Via::Ws, "Foo").await;
        let mut sfu = lab.connect(Via::WebTransport, Role::Sfu).await;
        sfu.identifies("Fan").await;
        let sfu_id = streamer.hears("playerConnected").await["playerId"].as_str().expect("an id").to_owned();
        sfu.says(json!({"type": "startStreaming"})).await;
        let (player, player_id) = lab.watching(Via::Quic, &mut streamer, "Foo").await;
        let (behind, behind_id) = lab.watching(Via::Wss, &mut sfu, "Fan").await;
        Self { lab, streamer, player, player_id, sfu, sfu_id, behind, behind_id }
    }

    /// The receiver hears it, and it is counted once, with as many bytes as were sent.
    async fn counts(lab: &Lab, from: &mut Peer, to: &mut Peer, message: Value) {
        let kind = message["type"].as_str().expect("a type").to_owned();
        let series = |name: &str| format!("pixelgate_{name}{{type=\"{kind}\"}}");
        let before = Scrape::of(lab).await;
        let text = message.to_string();
        from.says_text(text.clone()).await;
        to.hears(&kind).await;
        let expected = before.value(&series("messages_relayed_total")) + 1.0;
        let after = Scrape::until(lab, &series("messages_relayed_total"), expected).await;
        let bytes = after.value(&series("relayed_bytes_total")) - before.value(&series("relayed_bytes_total"));
        assert_eq!(bytes, text.len() as f64, "{kind}");
    }
}

#[tokio::test]
async fn relayed_messages_and_bytes_are_counted_by_type() {
    let Relays { lab, mut streamer, mut player, player_id, mut sfu, sfu_id, mut behind, behind_id } =
        Relays::set().await;
    let offer = |id: &str| json!({"type": "offer", "sdp": "v=0", "playerId": id});
    Relays::counts(&lab, &mut streamer, &mut player, offer(&player_id)).await;
    Relays::counts(&lab, &mut streamer, &mut sfu, offer(&sfu_id)).await;
    Relays::counts(&lab, &mut player, &mut streamer, json!({"type": "answer", "sdp": "v=0"})).await;
    Relays::counts(&lab, &mut player, &mut streamer, json!({"type": "iceCandidate", "candidate": {}})).await;
    Relays::counts(&lab, &mut player, &mut streamer, json!({"type": "layerPreference", "spatialLayer": 0})).await;
    Relays::counts(&lab, &mut behind, &mut sfu, json!({"type": "dataChannelRequest"})).await;
    let channels = json!({"type": "peerDataChannels", "playerId": behind_id, "sendStreamId": 1, "recvStreamId": 2});
    Relays::counts(&lab, &mut sfu, &mut behind, channels).await;
    Relays::counts(&lab, &mut behind, &mut sfu, json!({"type": "peerDataChannelsReady"})).await;
    let channels = json!({"type": "streamerDataChannels", "playerId": behind_id, "sendStreamId": 1, "recvStreamId": 2});
    Relays::counts(&lab, &mut sfu, &mut streamer, channels).await;
    // Every type moved, and nothing was relayed that has no type of its own.
    let scrape = Scrape::of(&lab).await;
    for (series, value) in scrape.series("pixelgate_messages_relayed_total") {
        assert_eq!(value > 0.0, !series.contains("other"), "{series}");
    }
}

#[tokio::test]
async fn arrivals_and_departures_are_counted() {
    let lab = Lab::open();
    let mut streamer = lab.streamer(Via::Ws, "Foo").await;
    let (mut player, _) = lab.watching(Via::Ws, &mut streamer, "Foo").await;
    let scrape = Scrape::of(&lab).await;
    assert_eq!((scrape.value("pixelgate_joins_total"), scrape.value("pixelgate_leaves_total")), (1.0, 0.0));
    player.says(json!({"type": "unsubscribe"})).await;
    streamer.hears("playerDisconnected").await;
    let scrape = Scrape::of(&lab).await;
    assert_eq!((scrape.value("pixelgate_joins_total"), scrape.value("pixelgate_leaves_total")), (1.0, 1.0));

    // A streamer that is gone is told nothing: what ends with it is counted apart.
    player.watches(&mut streamer, "Foo").await;
    let (_other, _) = lab.watching(Via::Quic, &mut streamer, "Foo").await;
    streamer.leaves().await;
    let scrape = Scrape::until(&lab, "pixelgate_orphans_total", 2.0).await;
    assert_eq!((scrape.value("pixelgate_joins_total"), scrape.value("pixelgate_leaves_total")), (3.0, 1.0));
}

#[tokio::test]
async fn waits_and_holds_are_timed() {
    let lab = Lab::open();
    let mut streamer = lab.streamer(Via::Ws, "Foo").await;
    let (mut player, _) = lab.watching(Via::Quic, &mut streamer, "Foo").await;
    for number in 0..200 {
        player.says(json!({"type": "answer", "sdp": number})).await;
        streamer.hears("answer").await;
    }
    let scrape = Scrape::of(&lab).await;
    for name in ["hub_lock_held_seconds", "outbox_wait_seconds"] {
        let (count, sum) = (format!("pixelgate_{name}_count"), format!("pixelgate_{name}_sum"));
        assert!(scrape.value(&count) >= 3.0, "{name}");
        assert!(scrape.value(&sum) > 0.0 && scrape.value(&sum) < 20.0, "{name}");
    }
}

#[tokio::test]
async fn handshakes_are_timed_by_kind() {
    let lab = Lab::open();
    let series = |what: &str, kind: &str| format!("pixelgate_handshake_seconds_{what}{{kind=\"{kind}\"}}");
    let mut expected = [("tls", 0.0), ("websocket", 0.0), ("webtransport", 0.0), ("quic", 0.0)];
    for (via, moved) in [
        (Via::Ws, [0, 1, 0, 0]),
        (Via::Wss, [1, 1, 0, 0]),
        (Via::WebTransport, [0, 0, 1, 0]),
        (Via::Quic, [0, 0, 0, 1]),
    ] {
        let mut player = lab.connect(via, Role::Player).await;
        player.hears("config").await;
        let scrape = Scrape::of(&lab).await;
        for ((kind, count), more) in expected.iter_mut().zip(moved) {
            *count += f64::from(more);
            assert_eq!(scrape.value(&series("count", kind)), *count, "{kind} after {via:?}");
            let sum = scrape.value(&series("sum", kind));
            assert!((sum > 0.0) == (*count > 0.0) && sum < 20.0, "{kind} took {sum} s");
        }
    }
}

#[tokio::test]
async fn the_gateway_says_what_it_is_and_takes() {
    let lab = Lab::open();
    let scrape = Scrape::of(&lab).await;
    let build = format!(
        "pixelgate_build_info{{version=\"{}\",os=\"{}\",arch=\"{}\"}}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    assert_eq!(scrape.value(&build), 1.0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    let days = (scrape.value("pixelgate_certificate_expiry_timestamp_seconds") - now) / 86_400.0;
    assert!((12.0..=13.0).contains(&days), "{days}");
    if cfg!(target_os = "linux") {
        let descriptors = scrape.value("pixelgate_process_open_descriptors");
        let mut players = Vec::new();
        for _ in 0..40 {
            players.push(lab.player(Via::Ws).await);
        }
        // Both ends are in this process.
        let more = Scrape::of(&lab).await;
        assert!(more.value("pixelgate_process_open_descriptors") >= descriptors + 80.0);
        assert!(more.value("pixelgate_process_max_descriptors") >= descriptors + 80.0);
        assert!(more.value("pixelgate_process_resident_memory_bytes") > f64::from(1 << 20));
    }
}

#[tokio::test]
async fn without_tls_there_is_no_certificate_to_expire() {
    let lab = Lab::with(|config| config.listeners.retain(|listener| listener.name != "https"));
    assert!(!Scrape::of(&lab).await.families().contains("pixelgate_certificate_expiry_timestamp_seconds"));
}

/// Ready until the drain begins, alive until it ends; operators see its closes while it goes on.
#[tokio::test]
async fn a_gateway_that_drains_is_not_ready() {
    let lab = Lab::with(|config| config.drain_grace = Duration::from_secs(10));
    let admin = admin(&lab);
    // It does not answer the closing handshake, and so keeps the drain going for a while.
    let _silent = lab.raw_ws(Via::Ws, Role::Player).await;
    lab.until("the session", |lab| lab.gateway().router().session_count() == 1).await;
    assert_eq!(status_of(admin, "GET /readyz").await, (200, "ready\n".to_owned()));
    let stopping = tokio::spawn(lab.into_gateway().stop());
    let not_ready = async { while status_of(admin, "GET /readyz").await != (503, "draining\n".to_owned()) {} };
    within("the drain", not_ready).await;
    assert_eq!(status_of(admin, "GET /healthz").await, (200, "ok\n".to_owned()));
    Scrape::until_at(admin, &closed(1012, "gateway"), 1.0).await;
    assert!(!stopping.is_finished(), "all this was while it drained");
    within("the end", stopping).await.expect("no panic");
    assert!(TcpStream::connect(admin).await.is_err(), "the operators' listener outlives the gateway");
}

/// A scraper keeps its connection; nobody waits for it.
#[tokio::test]
async fn operators_do_not_delay_the_end() {
    let lab = Lab::open();
    let mut idle = TcpStream::connect(admin(&lab)).await.expect("the listener is there");
    idle.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("the request is taken");
    Scrape::of(&lab).await;
    let began = std::time::Instant::now();
    lab.into_gateway().stop().await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

/// Whoever does not read is cut: 4000.
#[tokio::test]
async fn the_slow_are_counted() {
    let lab = Lab::with(|config| config.limits = Limits::Off);
    drops::cut_a_slow_player(&lab).await;
    Scrape::until(&lab, &closed(4000, "gateway"), 1.0).await;
}
