use std::pin::pin;

use super::super::testing::*;
use super::super::{Incoming, Transport};
use super::*;
use crate::wire::{Close, CloseCode, MAX_MESSAGE};

/// A session's two ends; its endpoints live as long as it.
struct Session {
    server: QuicTransport,
    client: QuicTransport,
    drops: Drops,
    _endpoints: [quinn::Endpoint; 2],
}

const QUICK: Keepalive = Keepalive { interval: Duration::from_millis(100), timeout: Duration::from_secs(1) };

async fn session_with(keepalive: Keepalive) -> Session {
    let (listener, certificate) = server_endpoint(keepalive, &[ALPN]);
    let dialer = client_endpoint(keepalive, &certificate, ALPN);
    let drops = Drops::default();
    let accept = async {
        let connection = listener.accept().await.unwrap().await.unwrap();
        let halves = connection.accept_bi().await.unwrap();
        QuicTransport::new(connection, halves, MAX_MESSAGE, drops.counter())
    };
    let connect = async {
        let connection = dialer.connect(listener.local_addr().unwrap(), "localhost").unwrap().await.unwrap();
        let halves = connection.open_bi().await.unwrap();
        let mut client = QuicTransport::new(connection, halves, MAX_MESSAGE, Drops::default().counter());
        send(&mut client, "hello").await;
        client
    };
    let (mut server, client) = within(async { tokio::join!(accept, connect) }).await;
    assert_eq!(message(&mut server).await, "hello");
    Session { server, client, drops, _endpoints: [listener, dialer] }
}

async fn session() -> Session {
    session_with(KEEPALIVE).await
}

#[tokio::test]
async fn messages_arrive_in_order_both_ways() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    within(one_way(&mut server, &mut client, 500)).await;
    within(one_way(&mut client, &mut server, 500)).await;
    assert_eq!(server.kind(), TransportKind::Quic);
    assert!(server.keeps_itself_alive());
}

/// A long message to a slow reader: what the window lets through is counted before the message is.
#[tokio::test]
async fn what_a_slow_reader_takes_is_counted() {
    const LONG: usize = 200_000;
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    let before = server.bytes_taken();
    feed(&mut server, vec![b'x'; LONG]).await;
    assert!(futures_util::poll!(pin!(flush(&mut server))).is_pending());
    let taken = server.bytes_taken() - before;
    assert_eq!(taken, u64::from(STREAM_WINDOW));
    let (got, ()) = within(async { tokio::join!(message(&mut client), flush(&mut server)) }).await;
    assert_eq!((got.len(), server.bytes_taken() - before), (LONG, LONG as u64 + 4));
}

/// protocol.md §5.7: length 0 is ignored, but it is told, so that the session can take it from the peer's rate.
#[tokio::test]
async fn an_empty_frame_is_a_sign_of_life() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    for text in ["", "", "text", ""] {
        send(&mut client, text).await;
    }
    for wanted in [Incoming::Life, Incoming::Life, Incoming::Message("text".into()), Incoming::Life] {
        assert_eq!(within(recv(&mut server)).await, Ok(wanted));
    }
}

#[tokio::test]
async fn closes_reach_the_other_side_after_everything_fed() {
    let long = "ü".repeat(400);
    for wanted in [
        Close::new(CloseCode::RESTARTING, "draining"),
        Close::new(CloseCode::DISCONNECTED, long),
        Close::new(CloseCode(4999), ""),
        Close::EMPTY,
    ] {
        for server_closes in [true, false] {
            let Session { mut server, mut client, _endpoints, .. } = session().await;
            let (from, to) = if server_closes { (&mut server, &mut client) } else { (&mut client, &mut server) };
            let closing = async {
                for _ in 0..3 {
                    feed(from, vec![b'x'; 100_000]).await;
                }
                close(from, &wanted).await;
            };
            let reading = async {
                for _ in 0..3 {
                    assert_eq!(message(to).await.len(), 100_000);
                }
                end_of(to).await
            };
            let (_, seen) = within(async { tokio::join!(closing, reading) }).await;
            assert_eq!(seen, Ended::ByPeer(wanted.clone()));
        }
    }
}

#[tokio::test]
async fn what_was_not_read_yet_survives_the_close() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    feed(&mut server, "one").await;
    feed(&mut server, "two").await;
    within(close(&mut server, &Close::new(CloseCode::SLOW, "slow"))).await;
    within(client.connection().closed()).await;
    assert_eq!(message(&mut client).await, "one");
    assert_eq!(message(&mut client).await, "two");
    assert_eq!(within(end_of(&mut client)).await, Ended::ByPeer(Close::new(CloseCode::SLOW, "slow")));
}

#[tokio::test]
async fn a_close_that_is_given_up_still_gives_its_code() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    feed(&mut server, vec![b'x'; MAX_MESSAGE]).await;
    let slow = Close::new(CloseCode::SLOW, "slow");
    assert!(futures_util::poll!(pin!(close(&mut server, &slow))).is_pending(), "the client reads nothing");
    drop(server);
    assert_eq!(within(end_of(&mut client)).await, Ended::ByPeer(slow));
}

#[tokio::test]
async fn application_codes_of_other_libraries_are_accepted() {
    for (code, seen) in [(0, CloseCode::EMPTY), (1000, CloseCode::NORMAL), (70_000, CloseCode(u16::MAX))] {
        let Session { mut server, client, _endpoints, .. } = session().await;
        client.connection().close(VarInt::from_u32(code), b"why \xff");
        assert_eq!(within(end_of(&mut server)).await, Ended::ByPeer(Close::new(seen, "why \u{fffd}")));
    }
}

#[tokio::test]
async fn the_longest_message_is_taken_and_one_byte_more_is_1009() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    let longest = send(&mut client, vec![b'x'; MAX_MESSAGE]);
    let (_, got) = within(async { tokio::join!(longest, message(&mut server)) }).await;
    assert_eq!(got.len(), MAX_MESSAGE);

    feed(&mut client, vec![b'x'; MAX_MESSAGE + 1]).await;
    assert!(futures_util::poll!(pin!(flush(&mut client))).is_pending(), "it does not fit the windows unread");
    let Ended::Violation(why) = within(end_of(&mut server)).await else { panic!("a violation") };
    assert_eq!(why, Close::new(CloseCode::TOO_BIG, "message too big: 262145 bytes, the limit is 262144"));
    let (_, seen) = within(async { tokio::join!(close(&mut server, &why), end_of(&mut client)) }).await;
    assert_eq!(seen, Ended::ByPeer(why));
}

#[tokio::test]
async fn a_finished_stream_is_a_close_without_a_code() {
    let Session { mut server, client, _endpoints, .. } = session().await;
    let mut client = client.into_halves().expect("open");
    client.0.finish().unwrap();
    assert_eq!(within(end_of(&mut server)).await, Ended::ByPeer(Close::EMPTY));
}

#[tokio::test]
async fn a_reset_stream_is_a_loss() {
    let Session { mut server, client, _endpoints, .. } = session().await;
    let mut client = client.into_halves().expect("open");
    client.0.reset(VarInt::from_u32(7)).unwrap();
    assert_eq!(within(end_of(&mut server)).await, Ended::Lost("stream reset".into()));
}

#[tokio::test]
async fn a_stream_that_is_not_read_any_more_is_a_loss() {
    let Session { mut server, client, _endpoints, .. } = session().await;
    let mut client = client.into_halves().expect("open");
    client.1.stop(VarInt::from_u32(7)).unwrap();
    let refused = async {
        loop {
            send(&mut server, "anybody there?").await;
            if let Ok(end) = tokio::time::timeout(Duration::from_millis(1), recv(&mut server)).await {
                return end;
            }
        }
    };
    assert!(matches!(within(refused).await, Err(Ended::Lost(_))));
}

#[tokio::test]
async fn a_vanished_peer_times_out() {
    let Session { mut server, client, _endpoints: [listener, dialer], .. } = session_with(QUICK).await;
    dialer.rebind_abstract(std::sync::Arc::new(crate::transport::nowhere::Nowhere)).unwrap();
    assert_eq!(within(end_of(&mut server)).await, Ended::TimedOut);
    drop((client, listener));
}

#[tokio::test]
async fn a_peer_that_only_keeps_alive_shows_life() {
    let Session { mut server, client, _endpoints, .. } = session_with(QUICK).await;
    let before = server.signs_of_life();
    let silent = tokio::time::timeout(QUICK.timeout * 3 / 2, recv(&mut server)).await;
    assert!(silent.is_err(), "neither a message nor an end: {silent:?}");
    assert!(server.signs_of_life() > before);
    drop(client);
}

#[tokio::test]
async fn extra_streams_and_datagrams_are_refused_and_counted() {
    let Session { mut server, mut client, drops, _endpoints, .. } = session().await;
    let work = async {
        let connection = client.connection().clone();
        for _ in 0..20 {
            let (mut send, mut recv) = connection.open_bi().await.unwrap();
            send.write_all(b"listen to me").await.unwrap();
            assert!(matches!(recv.read(&mut [0]).await, Err(quinn::ReadError::Reset(_))));
            let mut uni = connection.open_uni().await.unwrap();
            uni.write_all(b"me too").await.unwrap();
            uni.stopped().await.unwrap();
        }
        connection.send_datagram("and me".into()).unwrap();
        send(&mut client, "proper").await;
    };
    let reading = async {
        assert_eq!(recv(&mut server).await, Ok(Incoming::Message("proper".into())));
        while drops.counts().1 == 0 {
            assert!(futures_util::poll!(pin!(recv(&mut server))).is_pending());
            tokio::task::yield_now().await;
        }
    };
    within(async { tokio::join!(work, reading) }).await;
    assert_eq!(drops.counts(), (40, 1));
}

#[tokio::test]
async fn a_batch_is_one_stream_frame() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    let frames = |transport: &QuicTransport| transport.connection().stats().frame_tx.stream;
    let before = frames(&server);
    for _ in 0..16 {
        feed(&mut server, "0123456789").await;
    }
    assert_eq!(frames(&server), before, "nothing is sent before the flush");
    flush(&mut server).await;
    for _ in 0..16 {
        assert_eq!(within(message(&mut client)).await, "0123456789");
    }
    assert_eq!(frames(&server), before + 1);
}

#[tokio::test]
async fn a_reader_that_sleeps_makes_the_writer_wait() {
    let Session { mut server, client, _endpoints, .. } = session().await;
    let mut fed = 0;
    while futures_util::poll!(pin!(feed(&mut server, vec![b'x'; 1000]))).is_ready() {
        fed += 1000;
        tokio::task::yield_now().await;
    }
    assert!(fed <= 350_000, "{fed} bytes: the send window and one buffer at most");
    drop(client);
}

#[tokio::test]
async fn a_ping_is_a_message() {
    let Session { mut server, mut client, _endpoints, .. } = session().await;
    server.feed_ping().unwrap();
    flush(&mut server).await;
    let ping: serde_json::Value = serde_json::from_slice(&within(message(&mut client)).await).unwrap();
    assert_eq!(ping["type"], "ping");
    assert!(ping["time"].is_u64());
}
