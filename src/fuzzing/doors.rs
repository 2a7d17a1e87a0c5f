//! Bytes as what hostile peers send to the doors: over HTTP, over the WebSocket that it becomes, over QUIC's stream.
//!
//! Each thread has one gateway, which outlives all of its peers: whatever they send, their connection ends when they
//! go, nothing panics, and nobody is left behind.

use std::cell::Cell;
use std::future::poll_fn;
use std::sync::{Arc, Once};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::core::in_pieces;
use crate::auth::Greetings;
use crate::config::{Config, Limits, Turn};
use crate::gateway::Gateway;
use crate::hub::Dialect;
use crate::listen::{Door, DoorKind, fuzzed};
use crate::transport::{Transport, TransportKind, mem};
use crate::wire::{MAX_MESSAGE, Role};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The first byte says what is sent ahead of the rest, whether its answer is waited for, and how the rest is framed;
/// the second how large the pieces are.
///
/// # Panics
/// When the connection does not end with its peer, when somebody is left behind, when the gateway has panicked.
pub fn upgrade(data: &[u8]) {
    let Some((&[how, pieces], rest)) = data.split_first_chunk() else { return };
    let role = Role::ALL[usize::from(how) % Role::ALL.len()];
    let (request, rest) = match how % 9 / 3 {
        0 => (Vec::new(), rest.to_vec()),
        1 => (request(role), rest.to_vec()),
        _ => (request(role), frames(rest)),
    };
    let waits = how < 128 && !request.is_empty();
    on_stage(async |stage| {
        let (ours, theirs) = duplex(64 << 10);
        let served = fuzzed::http(Arc::clone(stage.gateway.house()), Arc::clone(&stage.door), ours);
        let peer = async {
            let (theirs, mut answer) = if waits { ask(theirs, &request).await } else { (theirs, Vec::new()) };
            let sent = if waits { rest } else { [request, rest].concat() };
            answer.extend(send(theirs, &sent, pieces).await);
            answer
        };
        let ((), answer) = tokio::join!(served, peer);
        // Who hangs up at once may not be answered any more.
        let answered = if waits { answer.starts_with(b"HTTP/1.1 101 ") } else { answer.is_empty() };
        assert!(answered || !waits && answer.starts_with(b"HTTP/1."), "{:?}", String::from_utf8_lossy(&answer));
    });
}

/// Lines, each a message; the first is to be a `hello`.
///
/// # Panics
/// As [`upgrade`].
pub fn hello(data: &[u8]) {
    on_stage(async |stage| {
        let (ours, mut theirs) = mem::pair(TransportKind::Quic, MAX_MESSAGE, 16);
        let peer = async {
            for line in data.split(|byte| *byte == b'\n') {
                if poll_fn(|cx| theirs.poll_ready(cx)).await.is_err() {
                    break;
                }
                // What is not taken is lost with the connection.
                let _ = theirs.feed(Bytes::copy_from_slice(line));
                // What comes is taken, so that nobody is a slow consumer.
                poll_fn(|cx| {
                    while let Poll::Ready(Ok(_)) = theirs.poll_recv(cx) {}
                    theirs.poll_flush(cx).map(drop)
                })
                .await;
                tokio::task::yield_now().await;
            }
            drop(theirs);
        };
        tokio::join!(fuzzed::hello(stage.gateway.house(), &stage.door, ours), peer);
    });
}

/// Sends a request and hears the head of the answer, and what comes with it.
async fn ask(mut stream: DuplexStream, request: &[u8]) -> (DuplexStream, Vec<u8>) {
    let mut answer = Vec::new();
    let sent = stream.write_all(request).await.is_ok();
    while sent && !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        if !matches!(stream.read_buf(&mut answer).await, Ok(1..)) {
            break;
        }
    }
    (stream, answer)
}

/// Sends all of it in pieces, hangs up, and hears what there is to hear.
async fn send(stream: DuplexStream, sent: &[u8], pieces: u8) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut answer = Vec::new();
    let sending = async {
        for piece in in_pieces(sent, pieces) {
            if writer.write_all(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let _ = writer.shutdown().await;
    };
    let _ = tokio::join!(sending, reader.read_to_end(&mut answer));
    answer
}

fn request(role: Role) -> Vec<u8> {
    let head = "Host: gate\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    format!("GET /{role} HTTP/1.1\r\n{head}{key}\r\n").into_bytes()
}

/// Each line as a text frame, masked with zeros (RFC 6455 §5.2).
fn frames(lines: &[u8]) -> Vec<u8> {
    let mut frames = Vec::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let length = line.len().min(usize::from(u16::MAX));
        frames.extend([0x81, 0x80 | 126]);
        frames.extend((length as u16).to_be_bytes());
        frames.extend([0; 4]);
        frames.extend(&line[..length]);
    }
    frames
}

pub(super) struct Stage {
    runtime: Runtime,
    gateway: Gateway,
    door: Arc<Door>,
}

thread_local! {
    /// Never taken down: a runtime cannot be while its thread ends.
    static STAGE: &'static Stage = Box::leak(Box::new(Stage::new()));
    /// Panics of this thread, those of tasks too, which the runtime catches.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

static COUNTING: Once = Once::new();

impl Stage {
    fn new() -> Self {
        COUNTING.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                PANICS.set(PANICS.get() + 1);
                before(panic);
            }));
        });
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime can be had");
        let mut config = Config::for_tests();
        config.listeners.truncate(1);
        config.limits = Limits::Off;
        let gateway = runtime.block_on(async { Gateway::start(&config) }).expect("the gateway starts");
        let greetings = Greetings::new(r#"{"iceServers":[]}"#, &Turn::default());
        let mut door = Door::new(DoorKind::Unified(Role::ALL.to_vec()), Dialect::STANDARD, greetings);
        door.choose_dialect = true;
        Self { runtime, gateway, door: Arc::new(door) }
    }

    /// Every task of every connection has ended, and no session is left.
    async fn is_empty(&self) {
        while !self.gateway.house().tasks.is_empty() || self.gateway.router().session_count() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Plays a scene, and sees that nothing of it is left.
pub(super) fn on_stage(play: impl AsyncFnOnce(&'static Stage)) {
    STAGE.with(|&stage| {
        let before = PANICS.get();
        stage.runtime.block_on(async {
            timeout(PATIENCE, play(stage)).await.expect("the connection ends with its peer");
            timeout(PATIENCE, stage.is_empty()).await.expect("nobody is left behind");
        });
        assert_eq!(PANICS.get(), before, "the gateway has panicked");
    });
}
