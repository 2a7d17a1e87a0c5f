//! Raw QUIC and WebTransport: streams, datagrams and frames that no client should send (protocol.md §2).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pixelgate::session::By;
use pixelgate::wire::{DropReason, MAX_MESSAGE, Role};

use super::support::raw::{Fate, PING, RawStream, framed};
use super::support::{Lab, Via, within};
use super::{Pair, joins, leaves};

const POLICY: Fate = Fate::Closed(1008);
const TOO_BIG: Fate = Fate::Closed(1009);

fn prefixed(length: u32, body: &[u8]) -> Vec<u8> {
    [&length.to_be_bytes()[..], body].concat()
}

/// What a stream may carry, and what becomes of the session.
fn inputs() -> Vec<(&'static str, Vec<u8>, Fate, Option<DropReason>)> {
    let mut largest = PING.to_vec();
    largest.resize(MAX_MESSAGE, b' ');
    let one_more = u32::try_from(MAX_MESSAGE + 1).expect("it fits");
    vec![
        ("a length of 0xFFFFFFFF", prefixed(u32::MAX, b""), TOO_BIG, None),
        ("a length of one byte more", prefixed(one_more, b""), TOO_BIG, None),
        ("HTTP", b"GET / HTTP/1.1\r\n\r\n".to_vec(), TOO_BIG, None),
        ("the largest message", framed(&largest), Fate::Stays, None),
        ("300 lengths of 0", prefixed(0, b"").repeat(300), Fate::Stays, None),
        ("bad UTF-8", framed(b"\xFF\xFE"), Fate::Stays, Some(DropReason::Malformed)),
        ("one byte", framed(b"{"), Fate::Stays, Some(DropReason::Malformed)),
        ("another hello", framed(br#"{"type":"hello","role":"streamer"}"#), Fate::Stays, Some(DropReason::WrongRole)),
        ("a disconnect", framed(br#"{"type":"disconnect","code":1000}"#), Fate::Stays, Some(DropReason::WrongRole)),
    ]
}

async fn each_costs_its_sender_at_most_its_session(role: Role, via: Via) {
    let mut lab = Lab::open();
    let mut pair = Pair::of(&lab, via).await;
    for (what, bytes, fate, dropped) in inputs() {
        let mut expected = lab.drops();
        if let Some(reason) = dropped {
            *expected.entry(reason).or_default() += 1;
        }
        let mut raw = lab.raw_stream(via, role).await;
        joins(&mut pair, role).await;
        raw.sends(&bytes).await;
        assert_eq!(raw.fate().await, fate, "{what}");
        assert_eq!(lab.drops(), expected, "{what}");
        if fate == Fate::Stays {
            pair.goes_on().await;
            raw.connection.close(0u32.into(), b"");
            leaves(&mut pair, role).await;
        } else {
            leaves(&mut pair, role).await;
            pair.goes_on().await;
        }
        // Whoever stayed closes without a code.
        let (by, code) = if let Fate::Closed(code) = fate { (By::Gateway, code) } else { (By::Peer, 1005) };
        let report = lab.report().await;
        assert_eq!((report.role, report.transport.name()), (role, via.name()), "{what}");
        assert_eq!((report.by, report.close.code.0), (by, code), "{what}");
    }
    lab.no_more_reports();
    lab.until("only the pair to be left", |lab| lab.gateway().router().session_count() == 2).await;
}

/// Streams and datagrams beside the session's own are refused and counted; the session stays.
async fn what_comes_beside_is_refused(role: Role, via: Via) {
    const EACH: usize = 40;
    let lab = Lab::open();
    let mut pair = Pair::of(&lab, via).await;
    let mut raw = lab.raw_stream(via, role).await;
    joins(&mut pair, role).await;
    assert_eq!(raw.fate().await, Fate::Stays);
    for turn in 0..EACH {
        let what = format!("stream {turn}");
        // More are opened than may be open at once: each place must be given back.
        within(&what, bidirectional(&raw)).await;
        within(&what, unidirectional(&raw)).await;
    }
    let streams = BTreeMap::from([(DropReason::ExtraStream, 2 * EACH as u64)]);
    lab.until("the streams to be counted", |lab| lab.drops() == streams).await;
    datagram(&raw);
    let all = BTreeMap::from([(DropReason::ExtraStream, 2 * EACH as u64), (DropReason::Datagram, 1)]);
    lab.until("the datagram to be counted", |lab| lab.drops() == all).await;
    assert_eq!(raw.fate().await, Fate::Stays);
    pair.goes_on().await;
}

/// Opens a stream, writes until the gateway stops it, and reads its reset.
async fn bidirectional(raw: &RawStream) {
    match raw.session() {
        None => {
            let (mut send, mut recv) = raw.connection.open_bi().await.expect("a stream");
            until_stopped(&mut send).await;
            assert!(recv.read_to_end(10).await.is_err(), "the stream was not reset");
        }
        Some(session) => {
            let (mut send, mut recv) = session.open_bi().await.expect("a stream").await.expect("a stream");
            until_stopped(send.quic_stream_mut()).await;
            assert!(recv.quic_stream_mut().read_to_end(10).await.is_err(), "the stream was not reset");
        }
    }
}

async fn unidirectional(raw: &RawStream) {
    match raw.session() {
        None => until_stopped(&mut raw.connection.open_uni().await.expect("a stream")).await,
        Some(session) => {
            let mut send = session.open_uni().await.expect("a stream").await.expect("a stream");
            until_stopped(send.quic_stream_mut()).await;
        }
    }
}

/// Bounded by flow control: an endless write ends only because the gateway refuses the stream.
async fn until_stopped(send: &mut quinn::SendStream) {
    while send.write_all(&[b'x'; 4096]).await.is_ok() {}
}

fn datagram(raw: &RawStream) {
    match raw.session() {
        None => raw.connection.send_datagram((&b"hm"[..]).into()).expect("a datagram"),
        Some(session) => session.send_datagram(b"hm").expect("a datagram"),
    }
}

for_each_role! { each_costs_its_sender_at_most_its_session over webtransport = WebTransport, quic = Quic }
for_each_role! { what_comes_beside_is_refused over webtransport = WebTransport, quic = Quic }

/// The session's own stream ends in every way that a stream can.
#[tokio::test]
async fn a_session_ends_with_its_stream() {
    for via in [Via::Quic, Via::WebTransport] {
        for end in 0..4 {
            let lab = Lab::open();
            let mut pair = Pair::of(&lab, via).await;
            let mut raw = lab.raw_stream(via, Role::Player).await;
            assert_eq!(raw.fate().await, Fate::Stays);
            match end {
                0 => raw.send().finish().expect("the stream is open"),
                1 => raw.send().reset(7u32.into()).expect("the stream is open"),
                2 => {
                    // In the middle of a message.
                    raw.sends(&prefixed(100, b"{")).await;
                    raw.send().finish().expect("the stream is open");
                }
                _ => {
                    // It refuses to hear anything: the next answer cannot be given.
                    raw.recv().stop(7u32.into()).expect("the stream is open");
                    raw.sends(&framed(PING)).await;
                }
            }
            lab.until("its end", |lab| lab.gateway().router().session_count() == 2).await;
            pair.goes_on().await;
        }
    }
}

#[tokio::test]
async fn a_frame_may_come_byte_by_byte() {
    for via in [Via::Quic, Via::WebTransport] {
        let lab = Lab::open();
        let mut raw = lab.raw_stream(via, Role::Player).await;
        for byte in framed(PING) {
            raw.sends(&[byte]).await;
            tokio::task::yield_now().await;
        }
        assert_eq!(raw.outcome().await, Fate::Stays);
        assert_eq!(lab.drops(), BTreeMap::new());
    }
}

// ── before the session ──────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn a_first_frame_that_is_no_hello_is_refused() {
    let deep = format!(r#"{{"type":"hello","role":"player","deep":{}{}}}"#, "[".repeat(300), "]".repeat(300));
    let inputs: [(&str, Vec<u8>, Fate); 15] = [
        ("garbage", framed(b"\x00\x01\x02"), POLICY),
        ("bad UTF-8", framed(b"\xFF\xFF"), POLICY),
        ("no object", framed(b"null"), POLICY),
        ("nothing, again and again", prefixed(0, b"").repeat(17), POLICY),
        ("another message", framed(PING), POLICY),
        ("a hello of another case", framed(br#"{"type":"Hello","role":"player"}"#), POLICY),
        ("no role", framed(br#"{"type":"hello"}"#), POLICY),
        ("an unknown role", framed(br#"{"type":"hello","role":"admin"}"#), POLICY),
        ("an empty role", framed(br#"{"type":"hello","role":""}"#), POLICY),
        ("a role of another case", framed(br#"{"type":"hello","role":"Player"}"#), POLICY),
        ("a role that is no string", framed(br#"{"type":"hello","role":["player"]}"#), POLICY),
        ("the last role counts", framed(br#"{"type":"hello","role":"player","role":null}"#), POLICY),
        ("too deep", framed(deep.as_bytes()), POLICY),
        ("a length of 0xFFFFFFFF", prefixed(u32::MAX, b""), TOO_BIG),
        ("HTTP", b"GET / HTTP/1.1\r\n\r\n".to_vec(), TOO_BIG),
    ];
    let lab = Lab::open();
    let mut pair = Pair::of(&lab, Via::Quic).await;
    for (what, bytes, fate) in inputs {
        let mut raw = RawStream::quic(lab.raw_quic().await, None).await;
        raw.sends(&bytes).await;
        assert_eq!(raw.outcome().await, fate, "{what}");
        assert_eq!(lab.gateway().router().session_count(), 2, "{what}");
        pair.goes_on().await;
    }
    let mut patient = RawStream::quic(lab.raw_quic().await, None).await;
    patient.sends(&prefixed(0, b"").repeat(16)).await;
    patient.sends(&framed(br#"{"type":"hello","role":"player"}"#)).await;
    assert_eq!(patient.fate().await, Fate::Stays, "a few empty frames before");
    assert_eq!(lab.drops(), BTreeMap::new());
}

/// Whoever says nothing, or not all of it, has ten seconds.
#[tokio::test]
async fn without_a_hello_within_ten_seconds_it_is_refused() {
    let lab = Lab::open();
    let mut pair = Pair::of(&lab, Via::Quic).await;
    let (nothing, mut empty, mut half) = (lab.raw_quic().await, silent(&lab).await, silent(&lab).await);
    let began = Instant::now();
    // A stream is seen by the gateway when something was sent on it.
    empty.sends(&prefixed(0, b"")).await;
    half.sends(&framed(br#"{"type":"hello","role":"player"}"#)[..20]).await;
    let closed = async {
        match nothing.closed().await {
            quinn::ConnectionError::ApplicationClosed(close) => close.error_code.into_inner(),
            other => panic!("{other}"),
        }
    };
    let (code, empty, half) =
        within("1008 for all three", async { tokio::join!(closed, empty.outcome(), half.outcome()) }).await;
    assert_eq!((code, empty, half), (1008, POLICY, POLICY));
    let took = began.elapsed();
    assert!(took > Duration::from_secs(9) && took < Duration::from_secs(13), "refused after {took:?}");
    assert_eq!(lab.gateway().router().session_count(), 2);
    pair.goes_on().await;
}

async fn silent(lab: &Lab) -> RawStream {
    RawStream::quic(lab.raw_quic().await, None).await
}

/// HTTP/3 has rules of its own below WebTransport. Who breaks them loses its connection, and nobody else theirs.
#[tokio::test]
async fn broken_http3_costs_nobody_else_anything() {
    let lab = Lab::open();
    let mut pair = Pair::of(&lab, Via::WebTransport).await;
    for bytes in [&b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"[..], b"\x00\x01", b"\x40\x54\x00", b"GET / HTTP/1.1\r\n\r\n"] {
        let raw = lab.raw_stream(Via::WebTransport, Role::Player).await;
        let (mut send, _recv) = raw.connection.open_bi().await.expect("a stream");
        let _ = send.write_all(bytes).await;
        let _ = send.finish();
        let mut uni = raw.connection.open_uni().await.expect("a stream");
        let _ = uni.write_all(bytes).await;
        let _ = uni.finish();
        pair.goes_on().await;
        raw.connection.close(0u32.into(), b"");
    }
    lab.until("only the pair to be left", |lab| lab.gateway().router().session_count() == 2).await;
    pair.goes_on().await;
}
