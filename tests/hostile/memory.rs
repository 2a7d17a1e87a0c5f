//! A hundred hostile sessions at once: the gateway's memory stays within what its limits add up to.
//!
//! Each attack sends many times what the gateway may hold of it. What it may hold follows from the limits, named
//! here one by one; the sum is doubled, because buffers grow by doubling and the allocator keeps what was freed.

use std::time::Duration;

use pixelgate::wire::{MAX_MESSAGE, Role, SPLICE_ROOM};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Pair;
use super::support::process::Process;
use super::support::raw::{RawStream, RawWs, TEXT, WS_PING, frame, framed, header, quic_connection, quic_endpoint};
use super::support::{Peer, Via};

const SESSIONS: usize = 100;

const KIB: usize = 1024;
const MESSAGE: usize = MAX_MESSAGE + SPLICE_ROOM;

/// What a session needs, whatever is sent: its task and its transport. Idle ones take 8 and 38 KiB.
const WS_IDLE: usize = 16 * KIB;
const QUIC_IDLE: usize = 64 * KIB;

/// A WebSocket reads a message in pieces, and a piece: each may be as long as a message.
const WS_READ: usize = 2 * MESSAGE;

/// A stream's decoder holds one message, and QUIC what its receive window lets come.
const QUIC_READ: usize = MESSAGE + 256 * KIB;

/// A batch and the write buffer hold 16 KiB and the message that goes beyond.
const WRITE: usize = 2 * (16 * KIB + MESSAGE);

/// QUIC keeps what is not acknowledged, up to its send window.
const QUIC_WRITE: usize = WRITE + 256 * KIB;

/// Answers wait up to 64 KiB and the one that goes beyond; then the session's reads pause.
const ANSWERS: usize = 64 * KIB + MESSAGE;

/// What waits for a streamer, and what each of its players holds while there is no room for it.
const STREAMER_OUTBOX: usize = 4096 * KIB + MESSAGE;

/// How long a write must be stuck to show that the gateway reads no more, and is not merely busy with the others.
const STUCK: Duration = Duration::from_secs(3);

/// A hostile session's sockets: they stay open, unread, until the memory was looked at.
enum Held {
    Ws(#[expect(dead_code, reason = "held open")] RawWs),
    Stream(#[expect(dead_code, reason = "held open")] RawStream),
    Peers(#[expect(dead_code, reason = "held open")] Vec<Peer>),
}

/// Attacks with `SESSIONS` sessions at once, `each` of which may hold so many bytes.
async fn attacked<A>(each: usize, attack: impl Fn(usize, Attacked) -> A) -> Vec<Held>
where
    A: Future<Output = Held> + Send + 'static,
{
    // As fast as the attackers like: what is read is what may be held.
    let process = Process::start(&["--player-byte-rate", "0", "--publisher-byte-rate", "0"]).await;
    let mut streamer = process.connect(Via::Ws, Role::Streamer).await;
    streamer.identifies("Stage").await;
    let mut player = process.connect(Via::Quic, Role::Player).await;
    player.hears("config").await;
    player.hears("playerCount").await;
    let id = player.watches(&mut streamer, "Stage").await;
    let mut pair = Pair { streamer, player, id, turn: 0 };
    pair.goes_on().await;
    let before = process.peak_memory();

    let addresses = Attacked { ws: process.addr(Via::Ws), quic: process.addr(Via::Quic) };
    let mut attacks: JoinSet<Held> = (0..SESSIONS).map(|number| attack(number, addresses)).collect();
    let mut held = Vec::new();
    loop {
        tokio::select! {
            done = attacks.join_next() => match done {
                Some(done) => held.push(done.expect("no panic")),
                None => break,
            },
            () = tokio::time::sleep(Duration::from_millis(20)) => pair.goes_on().await,
        }
    }
    pair.goes_on().await;
    let (grown, bound) = (process.peak_memory() - before, 2 * SESSIONS * each);
    assert!(grown <= bound, "{} KiB more for {SESSIONS} sessions, the bound is {} KiB", grown / KIB, bound / KIB);
    held
}

#[derive(Clone, Copy)]
struct Attacked {
    ws: std::net::SocketAddr,
    quic: std::net::SocketAddr,
}

impl Attacked {
    /// A WebSocket for which the system holds hardly anything: what was sent, the gateway has, or refuses to take.
    async fn deaf_ws(self, role: Role) -> RawWs {
        RawWs::open(self.ws, false, role, Some(4096)).await
    }

    async fn stream(self, role: Role) -> RawStream {
        RawStream::quic(quic_connection(&quic_endpoint(), self.quic).await, Some(role)).await
    }
}

/// Sends `bytes` so many times, or until the gateway takes no more.
async fn pours(ws: &mut RawWs, bytes: &[u8], times: usize) {
    for _ in 0..times {
        let Ok(Ok(())) = timeout(STUCK, ws.tries_to_send(bytes)).await else { return };
    }
}

async fn pours_into(stream: &mut RawStream, bytes: &[u8], times: usize) {
    for _ in 0..times {
        let Ok(Ok(())) = timeout(STUCK, stream.send().write_all(bytes)).await else { return };
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_whose_pongs_are_never_read() {
    // What is read at once, and the write buffer beyond which nothing is read.
    attacked(WS_IDLE + 4 * KIB + 32 * KIB, |number, gateway| async move {
        let mut ws = gateway.deaf_ws([Role::Player, Role::Streamer][number % 2]).await;
        let pings = frame(WS_PING, &[b'x'; 125]).repeat(100);
        pours(&mut ws, &pings, 80).await;
        Held::Ws(ws)
    })
    .await;
}

/// Questions whose answers are as long as they are: 256 KiB each.
fn long_questions() -> [String; 2] {
    let ping = format!(r#"{{"type":"ping","time":{}}}"#, "7".repeat(MAX_MESSAGE - 30));
    let subscribe = format!(r#"{{"type":"subscribe","streamerId":"{}"}}"#, "x".repeat(MAX_MESSAGE - 60));
    [ping, subscribe]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_answers_that_are_never_read() {
    attacked(QUIC_IDLE + WS_READ.max(QUIC_READ) + ANSWERS + QUIC_WRITE, |number, gateway| async move {
        let question = &long_questions()[number % 2];
        if number % 4 < 2 {
            let mut stream = gateway.stream(Role::Player).await;
            pours_into(&mut stream, &framed(question.as_bytes()), 60).await;
            return Held::Stream(stream);
        }
        let mut ws = gateway.deaf_ws(Role::Player).await;
        pours(&mut ws, &frame(TEXT, question.as_bytes()), 60).await;
        Held::Ws(ws)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_never_end() {
    attacked(QUIC_IDLE + WS_READ.max(QUIC_READ), |number, gateway| async move {
        if number % 2 == 0 {
            let mut stream = gateway.stream(Role::Player).await;
            let length = u32::try_from(MAX_MESSAGE).expect("it fits").to_be_bytes();
            pours_into(&mut stream, &[&length[..], &[b' '; MAX_MESSAGE - 1]].concat(), 1).await;
            return Held::Stream(stream);
        }
        let mut ws = gateway.deaf_ws(Role::Player).await;
        pours(&mut ws, &frame(0x01, &[b' '; MAX_MESSAGE - 1]), 1).await;
        pours(&mut ws, &frame(0x00, b"").repeat(10_000), 5).await;
        pours(&mut ws, &header(0x00, true, MAX_MESSAGE as u64), 1).await;
        pours(&mut ws, &[b' '; MAX_MESSAGE - 1], 1).await;
        Held::Ws(ws)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_and_datagrams_beside_the_session() {
    attacked(QUIC_IDLE + QUIC_READ, |_, gateway| async move {
        let stream = gateway.stream(Role::Player).await;
        for _ in 0..50 {
            let Ok(Ok((mut send, _))) = timeout(STUCK, stream.connection.open_bi()).await else { break };
            let Ok(Ok(mut uni)) = timeout(STUCK, stream.connection.open_uni()).await else { break };
            for stream in [&mut send, &mut uni] {
                let _ = timeout(STUCK, stream.write_all(&[b'x'; 64 * KIB])).await;
            }
            for _ in 0..20 {
                let _ = stream.connection.send_datagram(vec![b'x'; 1000].into());
            }
        }
        Held::Stream(stream)
    })
    .await;
}

/// Twenty streamers that take nothing, each with four players that flood it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outboxes_of_streamers_that_do_not_read() {
    const GROUP: usize = 5;
    let group = GROUP * WS_IDLE + STREAMER_OUTBOX + WRITE + (GROUP - 1) * (WS_READ + MESSAGE);
    attacked(group / GROUP, |number, gateway| async move {
        if number % GROUP != 0 {
            return Held::Peers(Vec::new());
        }
        let id = format!("Deaf{number}");
        let mut deaf = gateway.deaf_ws(Role::Streamer).await;
        deaf.sends(&frame(TEXT, format!(r#"{{"type":"endpointId","id":"{id}"}}"#).as_bytes())).await;
        while !deaf.hears().await.is_some_and(|(_, text)| text.starts_with(br#"{"type":"endpointIdConfirm""#)) {}
        let mut floods = JoinSet::new();
        for _ in 1..GROUP {
            let id = id.clone();
            floods.spawn(async move {
                let mut player = RawWs::open(gateway.ws, false, Role::Player, None).await;
                let subscribe = format!(r#"{{"type":"subscribe","streamerId":"{id}"}}"#);
                player.sends(&frame(TEXT, subscribe.as_bytes())).await;
                let answer = format!(r#"{{"type":"answer","sdp":"{}"}}"#, "x".repeat(60_000));
                pours(&mut player, &frame(TEXT, answer.as_bytes()), 300).await;
                player
            });
        }
        drop(floods.join_all().await);
        Held::Ws(deaf)
    })
    .await;
}
