//! Who is alive (protocol.md §5.1, §5.6): peers that change their address stay, peers that vanish are noticed in time,
//! and a streamer that comes back does not meet its own ghost.

mod support;

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use pixelgate::client::{Client, Event, Options, UdpRelay, Vanished};
use pixelgate::session::{By, SessionReport};
use pixelgate::transport::Keepalive;
use pixelgate::wire::{CloseCode, Role};
use serde_json::{Value, json};
use support::{Lab, Peer, Via, within};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// Short enough to wait for, and long enough for a peer that a busy machine keeps waiting.
const QUICK: Keepalive = Keepalive { interval: Duration::from_millis(300), timeout: Duration::from_millis(2000) };

/// What a busy machine may add to a wait. QUIC waits for three probes at least (RFC 9000 §10.1), and a handshake that
/// took long makes these long.
const MARGIN: Duration = Duration::from_secs(3);

/// How long the holder of a wanted id has to show life.
const PROBE: Duration = Duration::from_secs(2);

fn quick() -> Lab {
    Lab::with(|config| config.keepalive = QUICK)
}

fn candidate(text: &str) -> Value {
    json!({"type": "iceCandidate", "candidate": {"candidate": text, "sdpMid": "0", "sdpMLineIndex": 0}})
}

// ── changing the address ────────────────────────────────────────────────────────────────────────────────────────────

/// Both ways, with the id that the player had.
async fn goes_on(streamer: &mut Peer, player: &mut Peer, id: &str, round: usize) {
    let text = format!("round {round}");
    let mut expected = candidate(&text);
    player.says(expected.clone()).await;
    expected["playerId"] = id.into();
    streamer.hears_exactly(expected.clone()).await;
    streamer.says(expected.clone()).await;
    player.hears_exactly(expected).await;
}

#[tokio::test]
async fn a_quic_player_that_rebinds_its_socket_goes_on_with_its_id() {
    let mut lab = Lab::open();
    let mut streamer = lab.streamer(Via::Ws, "Stage").await;
    let client = Client::new(lab.options()).expect("the options are good");
    let mut player = Peer::connect(&client, &lab.url(Via::Quic, Role::Player), Role::Player).await;
    player.hears("config").await;
    let id = player.watches(&mut streamer, "Stage").await;
    let endpoint = client.quic_endpoint().expect("a QUIC connection was made");
    for round in 0..3 {
        let before = endpoint.local_addr().expect("it has one").port();
        client.rebind().expect("a free port");
        assert_ne!(endpoint.local_addr().expect("it has one").port(), before);
        goes_on(&mut streamer, &mut player, &id, round).await;
    }
    assert_eq!(lab.players().len(), 1);
    player.leaves().await;
    streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": id})).await;
    assert_eq!(lab.report().await.by, By::Peer);
}

#[tokio::test]
async fn a_quic_streamer_that_rebinds_its_socket_keeps_its_id_and_players() {
    let lab = Lab::open();
    let client = Client::new(lab.options()).expect("the options are good");
    let mut streamer = Peer::connect(&client, &lab.url(Via::Quic, Role::Streamer), Role::Streamer).await;
    streamer.identifies("Stage").await;
    let (mut player, id) = lab.watching(Via::Ws, &mut streamer, "Stage").await;
    client.rebind().expect("a free port");
    let mut expected = candidate("from elsewhere");
    expected["playerId"] = id.as_str().into();
    streamer.says(expected.clone()).await;
    player.hears_exactly(expected).await;
    goes_on(&mut streamer, &mut player, &id, 1).await;
}

async fn a_nat_forgets(via: Via) {
    let lab = quick();
    let mut streamer = lab.streamer(Via::Quic, "Stage").await;
    let options = Options { keepalive: QUICK, ..lab.options() };
    let (mut player, relay) = lab.connect_through_relay(via, Role::Player, options).await;
    player.hears("config").await;
    let id = player.watches(&mut streamer, "Stage").await;
    for round in 0..2 {
        relay.change_address().await.expect("a free port");
        goes_on(&mut streamer, &mut player, &id, round).await;
    }
    // The gateway speaks first: its words go to the old address until the player's keep-alive shows the new one.
    relay.change_address().await.expect("a free port");
    let mut expected = candidate("gateway first");
    expected["playerId"] = id.as_str().into();
    streamer.says(expected.clone()).await;
    player.hears_exactly(expected).await;
    assert_eq!(lab.players().len(), 1);
}

#[tokio::test]
async fn a_quic_player_whose_nat_forgets_it_goes_on() {
    a_nat_forgets(Via::Quic).await;
}

#[tokio::test]
async fn a_webtransport_player_whose_nat_forgets_it_goes_on() {
    a_nat_forgets(Via::WebTransport).await;
}

// ── vanishing ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// A peer whose network can be cut: WebTransport needs a relay for that.
struct Fragile {
    peer: Peer,
    relay: Option<UdpRelay>,
}

/// What keeps the sockets of a peer that has vanished.
struct Gone {
    _vanished: Vanished,
    _relay: Option<UdpRelay>,
}

impl Fragile {
    async fn connect(lab: &Lab, via: Via, role: Role) -> Self {
        if via == Via::WebTransport {
            let (peer, relay) = lab.connect_through_relay(via, role, lab.options()).await;
            return Self { peer, relay: Some(relay) };
        }
        Self { peer: lab.connect(via, role).await, relay: None }
    }

    fn vanishes(self) -> Gone {
        let Self { peer, relay } = self;
        relay.iter().for_each(|relay| relay.silence(true));
        Gone { _vanished: peer.connection.vanish(), _relay: relay }
    }
}

/// QUIC notices by itself; over WebSocket the gateway's own clock does, and closes.
fn is_given_up(report: &SessionReport, role: Role, via: Via) {
    let by = if via.is_quic() { By::Loss } else { By::Gateway };
    assert_eq!((report.role, report.transport.name()), (role, via.name()));
    assert_eq!((report.by, report.close.code), (by, CloseCode::DEAD), "{report:?}");
}

/// Nobody else's session has ended.
fn nobody_else(lab: &mut Lab, left: usize) {
    assert_eq!(lab.gateway().router().session_count(), left);
    lab.no_more_reports();
}

/// Reads to the end, and so answers pings.
fn keeps_listening(mut peer: Peer) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { while !matches!(peer.connection.recv().await, Event::Ended(_)) {} })
}

async fn a_player_vanishes(via: Via) {
    let mut lab = quick();
    // Over QUIC, so that it stays alive without being listened to.
    let mut streamer = lab.streamer(Via::Quic, "Stage").await;
    let mut player = Fragile::connect(&lab, via, Role::Player).await;
    player.peer.hears("config").await;
    let id = player.peer.watches(&mut streamer, "Stage").await;
    player.peer.settles().await;
    let began = Instant::now();
    let gone = player.vanishes();
    streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": id})).await;
    assert!(began.elapsed() < QUICK.timeout + MARGIN, "{via:?}: noticed after {:?}", began.elapsed());
    is_given_up(&lab.report().await, Role::Player, via);
    assert_eq!(streamer.settles().await, Vec::<Value>::new(), "told once");
    nobody_else(&mut lab, 1);
    drop(gone);
}

async fn a_streamer_vanishes(via: Via) {
    let mut lab = quick();
    let mut streamer = Fragile::connect(&lab, via, Role::Streamer).await;
    streamer.peer.identifies("Stage").await;
    let (mut player, _) = lab.watching(Via::Quic, &mut streamer.peer, "Stage").await;
    streamer.peer.settles().await;
    let began = Instant::now();
    let gone = streamer.vanishes();
    let (_, heard) = player.is_closed(CloseCode::EMPTY).await;
    assert!(began.elapsed() < QUICK.timeout + MARGIN, "{via:?}: noticed after {:?}", began.elapsed());
    assert_eq!(heard.last(), Some(&json!({"type": "streamerDisconnected"})));
    is_given_up(&lab.report().await, Role::Streamer, via);
    let player = lab.report().await;
    assert_eq!((player.role, player.by, player.close.code), (Role::Player, By::Gateway, CloseCode::EMPTY));
    nobody_else(&mut lab, 0);
    drop(gone);
}

async fn an_sfu_vanishes(via: Via) {
    let mut lab = quick();
    let mut streamer = lab.streamer(Via::Quic, "Stage").await;
    let mut sfu = Fragile::connect(&lab, via, Role::Sfu).await;
    sfu.peer.hears("config").await;
    let id = streamer.hears("playerConnected").await["playerId"].clone();
    let began = Instant::now();
    let gone = sfu.vanishes();
    streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": id})).await;
    assert!(began.elapsed() < QUICK.timeout + MARGIN, "{via:?}: noticed after {:?}", began.elapsed());
    is_given_up(&lab.report().await, Role::Sfu, via);
    nobody_else(&mut lab, 1);
    drop(gone);
}

/// Over several transports, at the same time: these wait.
macro_rules! together {
    ($($name:ident: $scene:ident, $($via:ident)*;)*) => {
        $(#[tokio::test]
        async fn $name() {
            tokio::join!($($scene(Via::$via)),*);
        })*
    };
}

together! {
    a_player_that_vanishes_is_noticed: a_player_vanishes, Ws Wss WebTransport Quic;
    a_streamer_that_vanishes_is_noticed: a_streamer_vanishes, Ws Wss WebTransport Quic;
    an_sfu_that_vanishes_is_noticed: an_sfu_vanishes, Ws Wss WebTransport Quic;
}

/// With an interval that is a large part of the timeout: the time counts from the last sign of life, not from the
/// first unanswered ping.
async fn is_noticed_within_the_timeout(via: Via) {
    const SLOW: Keepalive = Keepalive { interval: Duration::from_secs(5), timeout: Duration::from_secs(6) };
    let mut lab = Lab::with(|config| config.keepalive = SLOW);
    let mut streamer = lab.streamer(Via::Quic, "Stage").await;
    let mut player = Fragile::connect(&lab, via, Role::Player).await;
    player.peer.hears("config").await;
    let id = player.peer.watches(&mut streamer, "Stage").await;
    // Its last words, which nobody answers: what the gateway sends next is its first ping.
    player.peer.says(candidate("last words")).await;
    streamer.hears("iceCandidate").await;
    let began = Instant::now();
    let gone = player.vanishes();
    streamer.hears_exactly(json!({"type": "playerDisconnected", "playerId": id})).await;
    assert!(began.elapsed() < SLOW.timeout + MARGIN, "{via:?}: noticed after {:?}", began.elapsed());
    is_given_up(&lab.report().await, Role::Player, via);
    drop(gone);
}

together! {
    a_death_is_noticed_within_the_timeout: is_noticed_within_the_timeout, Ws WebTransport Quic;
}

// ── staying ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// It says nothing by itself for several timeouts, and is still there.
async fn only_answers_pings(via: Via) {
    let mut lab = quick();
    let mut player = lab.player(via).await;
    let silence = tokio::time::timeout(3 * QUICK.timeout, player.connection.recv()).await;
    assert!(silence.is_err(), "{via:?}: nothing is said, but {silence:?}");
    assert_eq!(player.settles().await, Vec::<Value>::new());
    nobody_else(&mut lab, 1);
}

together! {
    a_peer_that_only_answers_pings_stays: only_answers_pings, Ws Wss WebTransport Quic;
}

/// An interval close to the timeout is allowed (protocol.md §5.6), and must not cost those that live.
async fn lives_with_a_tight_keepalive(via: Via) {
    let tight = Keepalive { interval: Duration::from_millis(3000), timeout: Duration::from_millis(3500) };
    let mut lab = Lab::with(|config| config.keepalive = tight);
    let mut player = lab.player(via).await;
    let silence = tokio::time::timeout(Duration::from_secs(8), player.connection.recv()).await;
    assert!(silence.is_err(), "{via:?}: nothing is said, but {silence:?}");
    assert_eq!(player.settles().await, Vec::<Value>::new());
    nobody_else(&mut lab, 1);
}

together! {
    a_tight_keepalive_costs_nobody: lives_with_a_tight_keepalive, Ws WebTransport Quic;
}

type WebSocket = tokio_tungstenite::WebSocketStream<TcpStream>;

/// A WebSocket whose frames the test sees.
async fn web_socket(lab: &Lab, role: Role) -> WebSocket {
    let url = lab.url(Via::Ws, role);
    let tcp = TcpStream::connect(lab.gateway().bound().http.expect("it is on")).await.expect("it listens");
    within("the upgrade", tokio_tungstenite::client_async(url, tcp)).await.expect("the peer is let in").0
}

/// The next frame that is no message, or the end.
async fn next_control(ws: &mut WebSocket) -> Message {
    loop {
        match within("a frame", ws.next()).await.expect("the session lives").expect("a frame") {
            Message::Text(_) => {}
            control => return control,
        }
    }
}

#[tokio::test]
async fn pings_come_at_the_interval_of_silence() {
    let interval = Duration::from_millis(400);
    let lab = Lab::with(|config| config.keepalive = Keepalive { interval, timeout: Duration::from_secs(20) });
    let mut ws = web_socket(&lab, Role::Player).await;
    let mut last = Instant::now();
    for _ in 0..4 {
        let Message::Ping(_) = next_control(&mut ws).await else { panic!("only pings are due") };
        // Our answer is what the next interval counts from.
        ws.flush().await.expect("the session lives");
        let pause = last.elapsed();
        assert!(pause >= interval.mul_f64(0.85) && pause < interval.mul_f64(1.1) + MARGIN, "a ping after {pause:?}");
        last = Instant::now();
    }
    // Whoever speaks is not asked.
    for _ in 0..8 {
        ws.send(Message::text(r#"{"type":"stats","data":1}"#)).await.expect("the session lives");
        let asked = tokio::time::timeout(interval / 4, ws.next()).await;
        assert!(asked.is_err(), "asked in the midst of its words: {asked:?}");
    }
}

#[tokio::test]
async fn sessions_that_began_together_are_not_pinged_together() {
    let interval = Duration::from_secs(2);
    let lab = Lab::with(|config| config.keepalive = Keepalive { interval, timeout: Duration::from_secs(20) });
    let mut first_pings = tokio::task::JoinSet::new();
    for _ in 0..21 {
        let mut ws = web_socket(&lab, Role::Player).await;
        let began = Instant::now();
        first_pings.spawn(async move {
            let Message::Ping(_) = next_control(&mut ws).await else { panic!("only pings are due") };
            began.elapsed()
        });
    }
    let pauses = within("every ping", first_pings.join_all()).await;
    let (first, last) = (pauses.iter().min().expect("some"), pauses.iter().max().expect("some"));
    assert!(*first >= interval.mul_f64(0.85) && *last < interval.mul_f64(1.1) + MARGIN, "{pauses:?}");
    assert!(*last - *first > interval.mul_f64(0.1), "not spread: {pauses:?}");
}

#[tokio::test]
async fn who_speaks_is_alive_without_answering_pings() {
    let mut lab = quick();
    let mut ws = web_socket(&lab, Role::Player).await;
    let raw = ws.get_mut();
    // Empty masked text frames, written past the library: pings are never read, so never answered.
    for _ in 0..15 {
        raw.write_all(&[0x81, 0x80, 0, 0, 0, 0]).await.expect("the session lives");
        tokio::time::sleep(QUICK.interval).await;
    }
    nobody_else(&mut lab, 1);
}

#[tokio::test]
async fn the_pieces_of_a_long_message_are_signs_of_life() {
    let mut lab = quick();
    let mut ws = web_socket(&lab, Role::Player).await;
    let raw = ws.get_mut();
    // A masked text frame of 3,000 bytes, of which 200 come at a time: longer than the timeout, never silent so long.
    let text = format!(r#"{{"type":"ping","time":{:>1$}}}"#, 5, 3_000 - 23);
    assert_eq!(text.len(), 3_000);
    raw.write_all(&[0x81, 0xfe, 0x0b, 0xb8, 0, 0, 0, 0]).await.expect("the session lives");
    for piece in text.as_bytes().chunks(200) {
        tokio::time::sleep(QUICK.interval * 2 / 3).await;
        raw.write_all(piece).await.expect("the session lives");
    }
    nobody_else(&mut lab, 1);
    let pong = loop {
        let message = within("the pong", ws.next()).await.expect("the session lives").expect("a frame");
        if message.to_text().is_ok_and(|text| text.contains("pong")) {
            break message;
        }
        assert!(!message.is_close(), "{message:?}");
    };
    assert_eq!(pong.to_text().expect("text"), r#"{"type":"pong","time":5}"#);
}

#[tokio::test]
async fn a_half_open_connection_that_is_told_of_its_death_hears_4001() {
    let mut lab = quick();
    let mut ws = web_socket(&lab, Role::Player).await;
    let report = lab.report().await;
    assert_eq!((report.by, report.close.code), (By::Gateway, CloseCode::DEAD));
    let close = loop {
        if let Message::Close(close) = next_control(&mut ws).await {
            break close.expect("a code");
        }
    };
    assert_eq!(u16::from(close.code), 4001);
}

// ── ghosts ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// With the default keepalive: the ghost would be noticed after 45 s only.
async fn comes_back(via: Via) {
    let mut lab = Lab::open();
    let mut ghost = Fragile::connect(&lab, via, Role::Streamer).await;
    ghost.peer.identifies("Stage").await;
    let (mut old_player, _) = lab.watching(Via::Wss, &mut ghost.peer, "Stage").await;
    let ghost = ghost.vanishes();

    let mut returned = lab.connect(via, Role::Streamer).await;
    let began = Instant::now();
    returned.identifies("Stage").await;
    let took = began.elapsed();
    assert!(took >= PROBE - Duration::from_millis(100) && took < PROBE + MARGIN, "{via:?}: confirmed after {took:?}");

    let (close, heard) = old_player.is_closed(CloseCode::EMPTY).await;
    assert_eq!((&*close.reason, heard), ("", vec![json!({"type": "streamerDisconnected"})]));
    let mut reports = [lab.report().await, lab.report().await];
    reports.sort_by_key(|report| report.role == Role::Player);
    let [streamer, player] = reports;
    assert_eq!((streamer.role, streamer.by, streamer.close.code), (Role::Streamer, By::Gateway, CloseCode::DEAD));
    assert_eq!((player.role, player.by, player.close.code), (Role::Player, By::Gateway, CloseCode::EMPTY));

    let (mut player, id) = lab.watching(Via::Ws, &mut returned, "Stage").await;
    goes_on(&mut returned, &mut player, &id, 0).await;
    nobody_else(&mut lab, 2);
    drop(ghost);
}

together! {
    a_streamer_that_vanished_gets_its_id_back: comes_back, Ws Wss WebTransport Quic;
}

/// The holder lives: the newcomer is given a number as soon as that is known.
async fn the_newcomer_gets_a_number(via: Via) {
    let mut lab = Lab::open();
    let mut holder = lab.streamer(via, "Foo").await;
    let (mut player, id) = lab.watching(Via::Ws, &mut holder, "Foo").await;
    let listening = keeps_listening(holder);
    for expected in ["Foo1", "Foo2"] {
        let mut newcomer = lab.connect(Via::Ws, Role::Streamer).await;
        newcomer.hears("config").await;
        newcomer.hears("identify").await;
        let began = Instant::now();
        newcomer.says(json!({"type": "endpointId", "id": "Foo"})).await;
        newcomer.hears_exactly(json!({"type": "endpointIdConfirm", "committedId": expected})).await;
        assert!(began.elapsed() < PROBE, "a live holder answers at once, not after {:?}", began.elapsed());
        drop(keeps_listening(newcomer));
    }
    player.says(json!({"type": "listStreamers"})).await;
    player.hears_exactly(json!({"type": "streamerList", "ids": ["Foo", "Foo1", "Foo2"]})).await;
    assert_eq!(lab.players()[0].id.as_str(), id);
    nobody_else(&mut lab, 4);
    listening.abort();
}

together! {
    a_live_holder_keeps_its_id: the_newcomer_gets_a_number, Ws Wss WebTransport Quic;
}
