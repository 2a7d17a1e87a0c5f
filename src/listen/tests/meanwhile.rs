use std::future::pending;
use std::sync::Arc;

use prometheus_client::metrics::gauge::Gauge;
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;

use super::super::meanwhile::Meanwhile;
use crate::limits::{FREE, Held, Memory};
use crate::transport::mem::{MemTransport, pair};
use crate::transport::testing::{close, message, send, within};
use crate::transport::ws::WsTransport;
use crate::transport::{Ended, Incoming, Transport, TransportKind};
use crate::wire::{Close, CloseCode};

const LONG: usize = FREE + 1_000;

fn ends() -> (MemTransport, MemTransport) {
    pair(TransportKind::Ws, 2 * LONG, 64)
}

fn memory() -> (Arc<Memory>, Gauge) {
    let held = Gauge::default();
    (Memory::new(held.clone(), Some(1 << 20)), held)
}

#[tokio::test]
async fn an_answer_that_is_there_reads_nothing() {
    let (mut peer, mut here) = ends();
    send(&mut peer, "one").await;
    let mut meanwhile = Meanwhile::new(&memory().0);
    assert_eq!(meanwhile.wait(&mut here, async { 1 }).await, Ok(1));
    assert_eq!((meanwhile.early, message(&mut here).await.as_ref()), (None, b"one".as_ref()));
}

#[tokio::test]
async fn the_first_message_is_kept_and_counted_and_the_next_is_left() {
    let (mut peer, mut here) = ends();
    let (memory, held) = memory();
    let mut meanwhile = Meanwhile::new(&memory);
    let (answer, answered) = oneshot::channel();
    send(&mut peer, "x".repeat(LONG)).await;
    send(&mut peer, "two").await;
    let waiting = meanwhile.wait(&mut here, async {
        // Polled once before, so that what there is was read.
        tokio::task::yield_now().await;
        answered.await.unwrap()
    });
    answer.send(held.clone()).unwrap();
    let counted = within(waiting).await.unwrap().get();
    assert_eq!(counted, 1_000, "what is above the free share");
    assert_eq!(meanwhile.early.take().unwrap().len(), LONG);
    assert_eq!(message(&mut here).await.as_ref(), b"two");
    drop(meanwhile);
    assert_eq!(held.get(), 0);
}

#[tokio::test]
async fn whoever_goes_ends_the_wait() {
    let (mut peer, mut here) = ends();
    let mut meanwhile = Meanwhile::new(&memory().0);
    let bye = Close::new(CloseCode::NORMAL, "bye");
    let (ended, ()) =
        within(async { tokio::join!(meanwhile.wait(&mut here, pending::<()>()), close(&mut peer, &bye)) }).await;
    assert_eq!(ended, Err(Ended::ByPeer(bye)));
    let (peer, mut here) = ends();
    drop(peer);
    assert!(matches!(within(meanwhile.wait(&mut here, pending::<()>())).await, Err(Ended::Lost(_))));
}

#[tokio::test]
async fn who_shows_life_again_and_again_is_read_no_more() {
    let (mut peer, mut here) = ends();
    for _ in 0..20 {
        peer.feed_ping().unwrap();
        crate::transport::testing::flush(&mut peer).await;
    }
    let mut meanwhile = Meanwhile::new(&memory().0);
    meanwhile.wait(&mut here, tokio::task::yield_now()).await.unwrap();
    assert_eq!(here.signs_of_life(), 16);
}

/// What is left is for those who are there.
#[tokio::test]
async fn while_memory_is_short_nobody_is_read() {
    let (mut peer, mut here) = ends();
    let (memory, _) = memory();
    let mut much = Held::nothing(&memory);
    much.now(1 << 20);
    send(&mut peer, "one").await;
    let mut meanwhile = Meanwhile::new(&memory);
    meanwhile.wait(&mut here, tokio::task::yield_now()).await.unwrap();
    assert_eq!(meanwhile.early, None);
    let next = crate::transport::testing::recv(&mut here).await;
    assert_eq!(next, Ok(Incoming::Message("one".into())));
}

/// Of a long message that is not whole a stranger has the free share read, and not what there is of it.
#[tokio::test]
async fn no_more_than_the_free_share_of_a_long_message_is_read() {
    let (mut peer, here) = tokio::io::duplex(128 << 10);
    let mut here = WsTransport::server(here, &[], TransportKind::Ws, 2 << 10, 256 << 10).await;
    // A text of 100,000 bytes, masked with zeros (RFC 6455 §5.2), and most of it.
    peer.write_all(&[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x86, 0xa0, 0, 0, 0, 0]).await.unwrap();
    peer.write_all(&[b'x'; 90_000]).await.unwrap();
    let (memory, held) = memory();
    let mut meanwhile = Meanwhile::new(&memory);
    let many_turns = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    };
    within(meanwhile.wait(&mut here, many_turns)).await.unwrap();
    let read = here.bytes_held();
    assert!((FREE..2 * FREE).contains(&read), "{read} bytes");
    assert!(held.get() < FREE as i64);
    drop(meanwhile);
    // Whoever is let in is read on from there.
    peer.write_all(&[b'x'; 10_000]).await.unwrap();
    assert_eq!(message(&mut here).await.len(), 100_000);
}
