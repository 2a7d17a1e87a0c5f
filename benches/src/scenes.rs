//! What is measured: one list for the clock and for the counters.

use std::hint::black_box;

use bytes::{Bytes, BytesMut};

use crate::crowd::Crowd;
use crate::dispatch::{Asked, ask};
use crate::framing::{Decoder, encode};
use crate::hub::Request;
use crate::id::{PlayerId, SessionId};
use crate::messages::{answer, candidate, candidate_for, offer};
use crate::wire::{Kind, MAX_MESSAGE, Message, Role};

/// Operations in one run.
pub const OPERATIONS: usize = 256;

/// A run of [`OPERATIONS`] operations; it may be run again.
pub type Run = Box<dyn FnMut()>;

/// One thing that is measured.
pub struct Scene {
    /// What it is, and how large.
    pub name: &'static str,
    /// Sets the scene.
    pub build: fn() -> Run,
    /// How often one operation may allocate; `None` where that depends on the size of tables that grow.
    pub allocations: Option<f64>,
}

/// One may take at most so many times what the other takes.
pub struct Ratio {
    pub large: &'static str,
    pub small: &'static str,
    pub at_most: f64,
}

const fn scene(name: &'static str, build: fn() -> Run, allocations: f64) -> Scene {
    Scene { name, build, allocations: Some(allocations) }
}

/// Everything that is measured. A relayed message allocates the buffer that goes out and nothing else.
pub const SCENES: &[Scene] = &[
    scene("scan/candidate", || scan(candidate()), 0.0),
    scene("scan/answer", || scan(answer()), 0.0),
    scene("splice/candidate", || splice(candidate()), 1.0),
    scene("splice/answer", || splice(answer()), 1.0),
    scene("splice/offer without playerId", strip, 1.0),
    // One buffer holds the whole run.
    scene("frame/encode candidate", frame_encode, 1.0 / OPERATIONS as f64),
    scene("frame/decode candidate", frame_decode, 0.0),
    // Of a body in pieces the first 4 KiB, and then the rest: memory follows what has arrived.
    scene("frame/decode answer in pieces", frame_decode_pieces, 2.0),
    scene("dispatch to streamer/10", || to_streamer(10), 0.0),
    scene("dispatch to streamer/1000", || to_streamer(1_000), 0.0),
    scene("dispatch to streamer/50000", || to_streamer(50_000), 0.0),
    scene("dispatch to player/10", || to_player(10), 0.0),
    scene("dispatch to player/1000", || to_player(1_000), 0.0),
    scene("dispatch to player/50000", || to_player(50_000), 0.0),
    scene("relay to streamer/1000", relay_to_streamer, 1.0),
    scene("relay to player/1000", relay_to_player, 1.0),
    Scene { name: "subscribe and leave/10", build: || subscribe(10), allocations: None },
    Scene { name: "subscribe and leave/50000", build: || subscribe(50_000), allocations: None },
    Scene { name: "register same name/100", build: || register(100), allocations: None },
    Scene { name: "register same name/20000", build: || register(20_000), allocations: None },
];

/// What holds on every machine.
pub const RATIOS: &[Ratio] = &[
    Ratio { large: "dispatch to streamer/50000", small: "dispatch to streamer/10", at_most: 1.25 },
    Ratio { large: "dispatch to player/50000", small: "dispatch to player/10", at_most: 1.25 },
    Ratio { large: "register same name/20000", small: "register same name/100", at_most: 1.5 },
];

fn repeat(mut operation: impl FnMut() + 'static) -> Run {
    Box::new(move || (0..OPERATIONS).for_each(|_| operation()))
}

/// Each of the inputs once.
fn each<T: 'static>(inputs: Vec<T>, mut operation: impl FnMut(&T) + 'static) -> Run {
    Box::new(move || inputs.iter().for_each(&mut operation))
}

/// A text as it comes out of a read buffer: a clone of it costs a count.
fn shared(text: String) -> Bytes {
    let text = Bytes::from(text);
    drop(text.clone());
    text
}

fn parsed(text: String) -> Message {
    Message::parse(shared(text)).expect("it is a message")
}

fn scan(text: String) -> Run {
    let text = shared(text);
    repeat(move || {
        black_box(Message::parse(black_box(&text).clone())).expect("it is a message");
    })
}

fn splice(text: String) -> Run {
    let (message, sender) = (parsed(text), PlayerId::new("Player12345"));
    repeat(move || drop(black_box(black_box(&message).with_player_id(&sender))))
}

fn strip() -> Run {
    let message = parsed(offer("Player12345"));
    repeat(move || drop(black_box(black_box(&message).without_player_id())))
}

fn frame_encode() -> Run {
    let text = candidate();
    Box::new(move || {
        let mut out = BytesMut::with_capacity(OPERATIONS * (text.len() + 4));
        (0..OPERATIONS).for_each(|_| encode(black_box(text.as_bytes()), &mut out));
        drop(black_box(out));
    })
}

/// The stream of one run.
fn frames(text: &str) -> Bytes {
    let mut out = BytesMut::new();
    (0..OPERATIONS).for_each(|_| encode(text.as_bytes(), &mut out));
    out.freeze()
}

fn frame_decode() -> Run {
    let stream = frames(&candidate());
    decode_in(vec![stream])
}

fn frame_decode_pieces() -> Run {
    let mut stream = frames(&answer());
    let mut pieces = Vec::new();
    while !stream.is_empty() {
        pieces.push(stream.split_to(stream.len().min(1200)));
    }
    decode_in(pieces)
}

fn decode_in(pieces: Vec<Bytes>) -> Run {
    let mut decoder = Decoder::new(MAX_MESSAGE);
    Box::new(move || {
        let mut messages = 0;
        for piece in &pieces {
            decoder.feed(piece.clone());
            while let Some(message) = decoder.next_message().expect("within the limit") {
                drop(black_box(message));
                messages += 1;
            }
        }
        assert_eq!(messages, OPERATIONS);
    })
}

/// The hub alone: what is relayed has been spliced before.
fn to_streamer(sessions: u64) -> Run {
    let mut crowd = Crowd::of(sessions);
    let text = shared(candidate());
    let senders: Vec<_> = crowd.spread(OPERATIONS).map(|pair| pair.player).collect();
    each(senders, move |sender| {
        let request = Request::ToPublisher { kind: Kind::IceCandidate, text: text.clone() };
        assert_eq!(crowd.request(*sender, request), 1);
    })
}

fn to_player(sessions: u64) -> Run {
    let mut crowd = Crowd::of(sessions);
    let message = |pair: &crate::crowd::Pair| (pair.streamer, parsed(candidate_for(pair.player_id.as_str())));
    let messages: Vec<_> = crowd.spread(OPERATIONS).map(message).collect();
    each(messages, move |(sender, message)| {
        let request = Request::ToPlayer { message: message.clone(), strip: false };
        assert_eq!(crowd.request(*sender, request), 1);
    })
}

/// The whole way of a message: scanned, judged, spliced, dispatched.
fn relay_to_streamer() -> Run {
    let mut crowd = Crowd::of(1_000);
    let text = shared(candidate());
    let senders: Vec<_> = crowd.spread(OPERATIONS).map(|pair| (pair.player, pair.player_id.clone())).collect();
    each(senders, move |(sender, id)| relay(&mut crowd, *sender, Role::Player, Some(id), &text))
}

fn relay_to_player() -> Run {
    let mut crowd = Crowd::of(1_000);
    let text = |pair: &crate::crowd::Pair| (pair.streamer, shared(candidate_for(pair.player_id.as_str())));
    let texts: Vec<_> = crowd.spread(OPERATIONS).map(text).collect();
    each(texts, move |(sender, text)| relay(&mut crowd, *sender, Role::Streamer, None, text))
}

fn relay(crowd: &mut Crowd, sender: SessionId, role: Role, id: Option<&PlayerId>, text: &Bytes) {
    let message = Message::parse(black_box(text).clone()).expect("it is a message");
    let Asked::Hub(request) = ask(message, role, id) else { panic!("a candidate is relayed") };
    drop(black_box(crowd.relay(sender, request).expect("it is relayed")));
}

fn subscribe(sessions: u64) -> Run {
    let mut crowd = Crowd::of(sessions);
    let players: Vec<_> = crowd.spread(OPERATIONS).map(|pair| (pair.player, pair.streamer_id.clone())).collect();
    each(players, move |(player, streamer)| {
        crowd.request(*player, Request::Unsubscribe);
        assert_eq!(crowd.request(*player, Request::Subscribe(streamer.clone())), 1);
    })
}

/// Connect, ask for an id that is held, get a numbered one when the holder has shown life.
fn register(streamers: usize) -> Run {
    let mut crowd = Crowd::empty();
    let (first, _) = crowd.connect(Role::Streamer);
    crowd.request(first, Request::EndpointId(Some("Same".to_owned())));
    let mut next = move || {
        let (session, _) = crowd.connect(Role::Streamer);
        crowd.request(session, Request::EndpointId(Some("Same".to_owned())));
        crowd.alive(first);
    };
    (1..streamers).for_each(|_| next());
    repeat(next)
}
