use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

use super::super::testing::{close, end_of, feed, flush, message, one_way, recv, send, within};
use super::*;
use crate::wire::MAX_MESSAGE;

type Pair = (WsTransport<TcpStream>, WsTransport<TcpStream>);

async fn client<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(io: S, max_message: usize) -> WsTransport<S> {
    let ws = WebSocketStream::from_raw_socket(Metered::new(io), Role::Client, Some(ws_config(max_message))).await;
    WsTransport::new(ws, TransportKind::Ws)
}

async fn sockets() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, connected) = tokio::join!(listener.accept(), TcpStream::connect(address));
    (accepted.unwrap().0, connected.unwrap())
}

/// Server and client over loopback.
async fn pair() -> Pair {
    let (theirs, ours) = sockets().await;
    let server = WsTransport::server(theirs, &[], TransportKind::Ws, READ_BUFFER, MAX_MESSAGE).await;
    (server, client(ours, MAX_MESSAGE).await)
}

/// A server with the bare bytes of its client.
async fn raw_client() -> (WsTransport<DuplexStream>, DuplexStream) {
    let (theirs, ours) = duplex(1 << 20);
    (WsTransport::server(theirs, &[], TransportKind::Ws, READ_BUFFER, MAX_MESSAGE).await, ours)
}

/// A client's frame. The mask of zeroes leaves the payload as it is.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | u8::try_from(payload.len()).expect("a short frame"), 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

#[tokio::test]
async fn messages_arrive_in_order_both_ways() {
    let (mut server, mut client) = pair().await;
    within(one_way(&mut server, &mut client, 500)).await;
    within(one_way(&mut client, &mut server, 500)).await;
}

#[tokio::test]
async fn bytes_read_with_the_request_are_the_first_frames() {
    let (theirs, _ours) = duplex(64);
    let mut server =
        WsTransport::server(theirs, &frame(0x81, b"early"), TransportKind::Wss, READ_BUFFER, MAX_MESSAGE).await;
    assert_eq!(server.kind(), TransportKind::Wss);
    assert_eq!(within(message(&mut server)).await, "early");
}

#[tokio::test]
async fn text_binary_and_fragments_are_messages() {
    let (mut server, mut raw) = raw_client().await;
    for bytes in [frame(0x81, b"text"), frame(0x82, b"bin\xff"), frame(0x01, b"two "), frame(0x80, b"parts")] {
        raw.write_all(&bytes).await.unwrap();
    }
    for wanted in [&b"text"[..], b"bin\xff", b"two parts"] {
        assert_eq!(within(message(&mut server)).await, wanted);
    }
}

#[tokio::test]
async fn what_is_sent_is_text() {
    let (mut server, mut raw) = raw_client().await;
    send(&mut server, "{}").await;
    let mut got = [0; 4];
    within(raw.read_exact(&mut got)).await.unwrap();
    assert_eq!(got, [0x81, 2, b'{', b'}']);
}

#[tokio::test]
async fn pings_are_life_and_are_answered() {
    let (mut server, mut client) = pair().await;
    server.feed_ping().unwrap();
    flush(&mut server).await;
    assert_eq!(within(recv(&mut client)).await, Ok(Incoming::Life), "the ping");
    let before = server.signs_of_life();
    let (pong, _) = within(async {
        tokio::select! {
            pong = recv(&mut server) => (pong, ()),
            _ = recv(&mut client) => unreachable!("nothing more was sent to the client"),
        }
    })
    .await;
    assert_eq!(pong, Ok(Incoming::Life), "the pong");
    assert!(server.signs_of_life() > before);
}

#[tokio::test]
async fn pieces_of_a_message_are_life() {
    let (mut server, mut raw) = raw_client().await;
    for piece in frame(0x81, b"slow").chunks(3) {
        let before = server.signs_of_life();
        raw.write_all(piece).await.unwrap();
        let _ = futures_util::poll!(pin!(recv(&mut server)));
        assert!(server.signs_of_life() > before);
    }
}

#[tokio::test]
async fn the_longest_message_is_taken_and_one_byte_more_is_1009() {
    let (mut server, mut client) = pair().await;
    let (_, got) =
        within(async { tokio::join!(send(&mut client, vec![b'x'; MAX_MESSAGE]), message(&mut server)) }).await;
    assert_eq!(got.len(), MAX_MESSAGE);

    send(&mut client, vec![b'x'; MAX_MESSAGE + 1]).await;
    let why = Close::new(CloseCode::TOO_BIG, "message too big: 262145 bytes, the limit is 262144");
    assert_eq!(within(end_of(&mut server)).await, Ended::Violation(why));
}

#[tokio::test]
async fn what_a_refused_client_still_sends_is_read_to_its_end() {
    let (theirs, mut raw) = duplex(1024);
    let mut server = WsTransport::server(theirs, &[], TransportKind::Ws, READ_BUFFER, MAX_MESSAGE).await;
    let sending = async {
        raw.write_all(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0]).await.unwrap();
        // A socket closed with this unread would answer with a reset.
        raw.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
        raw.shutdown().await.unwrap();
        let mut answer = Vec::new();
        raw.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let refusing = async {
        let Ended::Violation(why) = end_of(&mut server).await else { panic!("a violation") };
        close(&mut server, &why).await;
        drop(server);
    };
    let (answer, ()) = within(async { tokio::join!(sending, refusing) }).await;
    assert_eq!((answer[0], u16::from_be_bytes([answer[2], answer[3]])), (0x88, CloseCode::TOO_BIG.0));
}

#[tokio::test]
async fn closes_reach_the_other_side_with_code_and_reason() {
    for wanted in [Close::new(CloseCode::RESTARTING, "draining"), Close::new(CloseCode(3456), ""), Close::EMPTY] {
        let (mut server, mut client) = pair().await;
        feed(&mut server, "last").await;
        let reading = async { (message(&mut client).await, end_of(&mut client).await) };
        let (_, (last, seen)) = within(async { tokio::join!(close(&mut server, &wanted), reading) }).await;
        assert_eq!(last, "last");
        assert_eq!(seen, Ended::ByPeer(wanted.clone()));

        let (mut server, mut client) = pair().await;
        let (_, seen) = within(async { tokio::join!(close(&mut client, &wanted), end_of(&mut server)) }).await;
        assert_eq!(seen, Ended::ByPeer(wanted));
    }
}

#[tokio::test]
async fn closes_that_cross_end_both_sides() {
    let (mut server, mut client) = pair().await;
    within(async { tokio::join!(close(&mut server, &Close::EMPTY), close(&mut client, &Close::EMPTY)) }).await;
}

#[tokio::test]
async fn a_long_reason_is_cut_between_characters() {
    let (mut server, mut client) = pair().await;
    let long = Close::new(CloseCode::DISCONNECTED, "ü".repeat(100));
    let (_, seen) = within(async { tokio::join!(close(&mut server, &long), end_of(&mut client)) }).await;
    assert_eq!(seen, Ended::ByPeer(Close::new(CloseCode::DISCONNECTED, "ü".repeat(61))));
}

#[tokio::test]
async fn a_close_is_answered_before_the_end_is_told() {
    let (mut server, mut raw) = raw_client().await;
    raw.write_all(&frame(0x88, b"\x03\xe8bye")).await.unwrap();
    assert_eq!(within(end_of(&mut server)).await, Ended::ByPeer(Close::new(CloseCode::NORMAL, "bye")));
    let mut answer = Vec::new();
    within(raw.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer, b"\x88\x05\x03\xe8bye", "then the end of the stream");
}

/// A peer that closes and does not take what was sent before: its close is told at once, and answered when it does.
#[tokio::test]
async fn a_close_that_cannot_be_answered_yet_is_told_at_once() {
    let (theirs, mut raw) = duplex(1024);
    let mut server = WsTransport::server(theirs, &[], TransportKind::Ws, READ_BUFFER, MAX_MESSAGE).await;
    feed(&mut server, vec![b'x'; 3000]).await;
    assert!(futures_util::poll!(pin!(flush(&mut server))).is_pending());
    raw.write_all(&frame(0x88, b"\x03\xe8bye")).await.unwrap();
    let bye = Close::new(CloseCode::NORMAL, "bye");
    let told = futures_util::poll!(pin!(recv(&mut server)));
    assert_eq!(told, Poll::Ready(Err(Ended::ByPeer(bye.clone()))));
    let mut got = Vec::new();
    let (_, read) = within(async { tokio::join!(close(&mut server, &bye), raw.read_to_end(&mut got)) }).await;
    assert_eq!(read.unwrap(), 4 + 3000 + 7);
    assert_eq!(&got[3004..], b"\x88\x05\x03\xe8bye", "then the end of the stream");
}

#[tokio::test]
async fn a_close_is_over_when_the_peer_has_answered() {
    let (mut server, mut raw) = raw_client().await;
    let bye = Close::new(CloseCode::NORMAL, "bye");
    let mut closing = Box::pin(close(&mut server, &bye));
    assert!(futures_util::poll!(closing.as_mut()).is_pending(), "the answer is awaited");
    raw.write_all(&frame(0x81, b"sent before the close was seen")).await.unwrap();
    assert!(futures_util::poll!(closing.as_mut()).is_pending());
    raw.write_all(&frame(0x88, b"\x03\xe8")).await.unwrap();
    within(closing).await;
    let mut got = Vec::new();
    within(raw.read_to_end(&mut got)).await.unwrap();
    assert_eq!(got, b"\x88\x05\x03\xe8bye", "then the end of the stream");
}

#[tokio::test]
async fn broken_rules_are_violations_with_the_code_of_the_rfc() {
    let cases = [
        (frame(0x81, b"\xff\xfe"), NOT_UTF8),
        (frame(0x80, b"continuation of nothing"), PROTOCOL_ERROR),
        (frame(0xc1, b"reserved bit"), PROTOCOL_ERROR),
        (vec![0x81, 1, b'x'], PROTOCOL_ERROR), // not masked
    ];
    for (bytes, code) in cases {
        let (mut server, mut raw) = raw_client().await;
        raw.write_all(&bytes).await.unwrap();
        let Ended::Violation(why) = within(end_of(&mut server)).await else { panic!("a violation: {bytes:?}") };
        assert_eq!(why.code, code);

        let leave = async {
            let mut head = [0; 4];
            raw.read_exact(&mut head).await.unwrap();
            assert_eq!((head[0], u16::from_be_bytes([head[2], head[3]])), (0x88, code.0));
            drop(raw);
        };
        within(async { tokio::join!(close(&mut server, &why), leave) }).await;
    }
}

#[tokio::test]
async fn a_dropped_connection_is_lost() {
    let (mut server, client) = pair().await;
    drop(client);
    assert!(matches!(within(end_of(&mut server)).await, Ended::Lost(_)));
}

#[tokio::test]
async fn a_peers_close_is_told_although_writing_fails() {
    let (theirs, ours) = duplex(1 << 16);
    let mut server = WsTransport::server(theirs, &[], TransportKind::Ws, READ_BUFFER, MAX_MESSAGE).await;
    let mut client = client(ours, MAX_MESSAGE).await;
    client.queue(Message::Close(close_frame(&Close::new(CloseCode::GOING_AWAY, "tab closed")))).unwrap();
    flush(&mut client).await;
    drop(client);
    send(&mut server, "too late").await;
    assert_eq!(within(end_of(&mut server)).await, Ended::ByPeer(Close::new(CloseCode::GOING_AWAY, "tab closed")));
}

#[tokio::test]
async fn a_reader_that_sleeps_makes_the_writer_wait_with_one_message_in_hand() {
    let (theirs, _ours) = duplex(1024);
    let mut server = WsTransport::server(theirs, &[], TransportKind::Ws, READ_BUFFER, MAX_MESSAGE).await;
    // Longer than any limit on incoming messages: a streamerList may be.
    feed(&mut server, vec![b'x'; 3 << 20]).await;
    assert!(futures_util::poll!(pin!(feed(&mut server, "next"))).is_pending());
}

/// A long message on a thin line: every byte that the peer takes is counted, before the message is through.
#[tokio::test]
async fn what_a_slow_reader_takes_is_counted() {
    let (theirs, mut ours) = duplex(1024);
    let mut server = WsTransport::server(theirs, &[], TransportKind::Ws, READ_BUFFER, MAX_MESSAGE).await;
    feed(&mut server, vec![b'x'; 100_000]).await;
    let mut taken = 0;
    for _ in 0..50 {
        assert!(futures_util::poll!(pin!(flush(&mut server))).is_pending());
        assert_eq!(server.bytes_taken(), taken + 1024);
        taken += 1024;
        within(ours.read_exact(&mut [0; 1024])).await.unwrap();
    }
}

/// Bytes that make no message must not be free: pieces without content are not bounded by a message's length.
#[tokio::test]
async fn empty_pieces_are_told_of_as_signs_of_life() {
    let (mut server, mut raw) = raw_client().await;
    raw.write_all(&frame(0x01, b"")).await.unwrap();
    let pieces = frame(0x00, b"").repeat(20_000);
    raw.write_all(&pieces).await.unwrap();
    let mut told = 0;
    while let Poll::Ready(incoming) = futures_util::poll!(pin!(recv(&mut server))) {
        assert_eq!(incoming, Ok(Incoming::Life));
        told += 1;
    }
    assert_eq!(told, pieces.len() as u64 / PIECES);
    raw.write_all(&frame(0x80, b"end")).await.unwrap();
    assert_eq!(within(message(&mut server)).await, "end");
}

/// Counts writes.
struct Counted {
    io: DuplexStream,
    writes: Arc<AtomicUsize>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[tokio::test]
async fn a_batch_is_one_write() {
    let (io, ours) = duplex(1 << 20);
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Counted { io, writes: Arc::clone(&writes) };
    let mut server = WsTransport::server(counted, &[], TransportKind::Ws, READ_BUFFER, MAX_MESSAGE).await;
    let mut client = client(ours, MAX_MESSAGE).await;
    for _ in 0..32 {
        feed(&mut server, vec![b'x'; 300]).await;
    }
    assert_eq!(writes.load(Ordering::Relaxed), 0, "nothing is written before the flush");
    flush(&mut server).await;
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    for _ in 0..32 {
        assert_eq!(within(message(&mut client)).await.len(), 300);
    }
}
