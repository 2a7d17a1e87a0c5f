//! WebSocket: frames that no client should send (RFC 6455 §5).

use std::collections::BTreeMap;

use pixelgate::session::By;
use pixelgate::wire::{DropReason, MAX_MESSAGE, Role};

use super::support::raw::{BINARY, CLOSE, Fate, PING, RawWs, TEXT, WS_PING, WS_PONG, frame, header};
use super::support::{Lab, Via};
use super::{Pair, joins, leaves};

/// A frame that says that more follow, and those.
const TEXT_BEGINS: u8 = 0x01;
const GOES_ON: u8 = 0x00;
const ENDS: u8 = 0x80;

const BROKE_THE_RULES: Fate = Fate::Closed(1002);
const NOT_UTF8: Fate = Fate::Closed(1007);
const TOO_BIG: Fate = Fate::Closed(1009);

struct Input {
    what: &'static str,
    bytes: Vec<u8>,
    fate: Fate,
    by: By,
    dropped: Option<DropReason>,
}

fn input(what: &'static str, bytes: impl Into<Vec<u8>>, fate: Fate) -> Input {
    // A raw peer that stays is dropped without a close in the end.
    let by = if fate == Fate::Stays { By::Loss } else { By::Gateway };
    Input { what, bytes: bytes.into(), fate, by, dropped: None }
}

fn closing(what: &'static str, payload: &[u8], fate: Fate) -> Input {
    Input { by: By::Peer, ..input(what, frame(CLOSE, payload), fate) }
}

fn broken_frames() -> Vec<Input> {
    let unmasked = [header(TEXT, false, PING.len() as u64), PING.to_vec()].concat();
    let half_a_message = frame(TEXT_BEGINS, b"{");
    vec![
        input("not masked", unmasked, BROKE_THE_RULES),
        input("reserved bit 1", frame(TEXT | 0x40, PING), BROKE_THE_RULES),
        input("reserved bit 2", frame(TEXT | 0x20, PING), BROKE_THE_RULES),
        input("reserved bit 3", frame(TEXT | 0x10, PING), BROKE_THE_RULES),
        input("a ping with a reserved bit", frame(WS_PING | 0x40, b""), BROKE_THE_RULES),
        input("opcode 3", frame(0x83, PING), BROKE_THE_RULES),
        input("opcode 7", frame(0x87, PING), BROKE_THE_RULES),
        input("opcode 11", frame(0x8B, b""), BROKE_THE_RULES),
        input("opcode 15", frame(0x8F, b""), BROKE_THE_RULES),
        input("goes on with nothing", frame(ENDS, PING), BROKE_THE_RULES),
        input("goes on with nothing, and on", frame(GOES_ON, PING), BROKE_THE_RULES),
        input("a text within a text", [half_a_message.clone(), frame(TEXT, PING)].concat(), BROKE_THE_RULES),
        input("a binary within a text", [half_a_message, frame(BINARY, PING)].concat(), BROKE_THE_RULES),
        input("a ping in pieces", frame(WS_PING & 0x7F, b"x"), BROKE_THE_RULES),
        input("a close in pieces", frame(CLOSE & 0x7F, b""), BROKE_THE_RULES),
        input("a ping of 126 bytes", frame(WS_PING, &[b'x'; 126]), BROKE_THE_RULES),
        input("a close of 126 bytes", frame(CLOSE, &[b'x'; 126]), BROKE_THE_RULES),
        input("HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", BROKE_THE_RULES),
        input("zeros", [0; 64], BROKE_THE_RULES),
        input("ones", [0xFF; 64], BROKE_THE_RULES),
    ]
}

fn sizes() -> Vec<Input> {
    let piece = vec![b' '; MAX_MESSAGE / 2];
    let halves = |more: &[u8]| [frame(TEXT_BEGINS, &piece), frame(GOES_ON, &piece), frame(ENDS, more)].concat();
    let mut largest = PING.to_vec();
    largest.resize(MAX_MESSAGE, b' ');
    let mut in_pieces = frame(TEXT_BEGINS, &largest[..1]);
    in_pieces.extend(largest[1..].chunks(10_000).flat_map(|chunk| frame(GOES_ON, chunk)));
    in_pieces.extend(frame(ENDS, b""));
    vec![
        input("the largest message", frame(TEXT, &largest), Fate::Stays),
        input("the largest message in pieces", in_pieces, Fate::Stays),
        input("one byte more, announced", header(TEXT, true, MAX_MESSAGE as u64 + 1), TOO_BIG),
        input("one byte more, in pieces", halves(b" "), TOO_BIG),
        input("4 GiB, announced", header(TEXT, true, 0xFFFF_FFFF), TOO_BIG),
        input("as much as can be announced", header(TEXT, true, u64::MAX >> 1), TOO_BIG),
        input("more than can be announced", header(TEXT, true, u64::MAX), TOO_BIG),
        input("a binary of one byte more", header(BINARY, true, MAX_MESSAGE as u64 + 1), TOO_BIG),
    ]
}

fn texts() -> Vec<Input> {
    let malformed = Some(DropReason::Malformed);
    let ping_between = [frame(TEXT_BEGINS, &PING[..7]), frame(WS_PING, b"now"), frame(GOES_ON, &PING[7..9])];
    let in_pieces = [ping_between.concat(), frame(GOES_ON, b""), frame(ENDS, &PING[9..])].concat();
    let split_character =
        [frame(TEXT_BEGINS, b"{\"type\":\"pong\",\"data\":\"\xE2\x82"), frame(ENDS, b"\xAC\"}")].concat();
    let empties = [frame(TEXT_BEGINS, b""), frame(GOES_ON, b"").repeat(10_000), frame(ENDS, PING)].concat();
    vec![
        input("bad UTF-8", frame(TEXT, b"{\"type\":\"\xFF\"}"), NOT_UTF8),
        input("half a character", frame(TEXT, b"\xE2\x82"), NOT_UTF8),
        input("a surrogate", frame(TEXT, b"\"\xED\xA0\x80\""), NOT_UTF8),
        input("bad UTF-8 in pieces", [frame(TEXT_BEGINS, b"\xE2"), frame(ENDS, b"x")].concat(), NOT_UTF8),
        input("a character in two pieces", split_character, Fate::Stays),
        input("pieces with a ping between", in_pieces, Fate::Stays),
        input("10,000 empty pieces", empties, Fate::Stays),
        input("a binary message", frame(BINARY, PING), Fate::Stays),
        Input { dropped: malformed, ..input("bad UTF-8 in a binary", frame(BINARY, b"\xFF\xFE"), Fate::Stays) },
        Input { dropped: malformed, ..input("an empty binary", frame(BINARY, b""), Fate::Stays) },
        Input { dropped: malformed, ..input("an empty text", frame(TEXT, b""), Fate::Stays) },
        input("a ping of 125 bytes", frame(WS_PING, &[b'x'; 125]), Fate::Stays),
        input("a pong that nobody asked for", frame(WS_PONG, b"hm"), Fate::Stays),
        input("300 pings", frame(WS_PING, &[b'x'; 125]).repeat(300), Fate::Stays),
    ]
}

/// Every close by a client is accepted, whatever its code (protocol.md §2): the connection ends, with an answer where
/// RFC 6455 §7.4 knows one.
fn closes() -> Vec<Input> {
    vec![
        closing("a close without a code", b"", Fate::Closed(1005)),
        closing("1000", &[0x03, 0xE8], Fate::Closed(1000)),
        closing("4999, and why", &[0x13, 0x87, b'h', b'm'], Fate::Closed(4999)),
        closing("code 0", &[0, 0], BROKE_THE_RULES),
        closing("code 999", &[0x03, 0xE7], BROKE_THE_RULES),
        closing("code 1005", &[0x03, 0xED], BROKE_THE_RULES),
        closing("code 1006", &[0x03, 0xEE], BROKE_THE_RULES),
        closing("code 65535", &[0xFF, 0xFF], BROKE_THE_RULES),
        input("half a code", frame(CLOSE, &[0x03]), BROKE_THE_RULES),
        input("a reason in bad UTF-8", frame(CLOSE, &[0x03, 0xE8, 0xFF]), NOT_UTF8),
    ]
}

async fn each_costs_its_sender_at_most_its_session(role: Role, via: Via) {
    let mut lab = Lab::open();
    let mut pair = Pair::of(&lab, via).await;
    for Input { what, bytes, fate, by, dropped } in
        broken_frames().into_iter().chain(sizes()).chain(texts()).chain(closes())
    {
        let mut expected = lab.drops();
        if let Some(reason) = dropped {
            *expected.entry(reason).or_default() += 1;
        }
        let mut raw = lab.raw_ws(via, role).await;
        joins(&mut pair, role).await;
        raw.sends(&bytes).await;
        assert_eq!(raw.fate().await, fate, "{what}");
        assert_eq!(lab.drops(), expected, "{what}");
        if fate == Fate::Stays {
            pair.goes_on().await;
            drop(raw);
            leaves(&mut pair, role).await;
        } else {
            leaves(&mut pair, role).await;
            pair.goes_on().await;
        }
        let report = lab.report().await;
        assert_eq!((report.role, report.transport.name()), (role, via.name()), "{what}");
        let code = if let Fate::Closed(code) = fate { code } else { 1006 };
        assert_eq!((report.by, report.close.code.0), (by, code), "{what}");
    }
    lab.no_more_reports();
    lab.until("only the pair to be left", |lab| lab.gateway().router().session_count() == 2).await;
}

for_each_role! { each_costs_its_sender_at_most_its_session over ws = Ws, wss = Wss }

#[tokio::test]
async fn a_ping_is_answered_with_what_it_says() {
    for via in [Via::Ws, Via::Wss] {
        let lab = Lab::open();
        let mut raw = lab.raw_ws(via, Role::Player).await;
        let said = [7; 125];
        raw.sends(&frame(WS_PING, &said)).await;
        let pong = hears(&mut raw, WS_PONG).await;
        assert_eq!(pong, &said[..]);
    }
}

#[tokio::test]
async fn a_frame_may_come_byte_by_byte() {
    for (via, role) in [(Via::Ws, Role::Player), (Via::Wss, Role::Streamer), (Via::Ws, Role::Sfu)] {
        let lab = Lab::open();
        let mut raw = lab.raw_ws(via, role).await;
        for byte in frame(TEXT_BEGINS, &PING[..5]).into_iter().chain(frame(ENDS, &PING[5..])) {
            raw.sends(&[byte]).await;
            tokio::task::yield_now().await;
        }
        hears(&mut raw, TEXT).await;
        assert_eq!(raw.fate().await, Fate::Stays);
        assert_eq!(lab.drops(), BTreeMap::new());
    }
}

/// A peer that ends its direction, at once or in the middle of a frame, is gone.
#[tokio::test]
async fn a_half_closed_connection_ends() {
    for via in [Via::Ws, Via::Wss] {
        for sent in [&b""[..], &frame(TEXT, PING)[..9], &frame(TEXT, PING)[..1]] {
            let lab = Lab::open();
            let mut pair = Pair::of(&lab, via).await;
            let mut raw = lab.raw_ws(via, Role::Player).await;
            lab.until("a third session", |lab| lab.gateway().router().session_count() == 3).await;
            raw.sends(sent).await;
            raw.stops_sending().await;
            lab.until("its end", |lab| lab.gateway().router().session_count() == 2).await;
            pair.goes_on().await;
        }
    }
}

/// The payload of the next frame with that first byte.
async fn hears(raw: &mut RawWs, first: u8) -> bytes::Bytes {
    loop {
        let (heard, payload) = raw.hears().await.expect("the session stays");
        if heard == first {
            return payload;
        }
    }
}
