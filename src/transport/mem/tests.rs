use std::pin::pin;

use super::super::testing::{close, end_of, feed, flush, message, one_way, recv, send, within};
use super::*;
use crate::wire::CloseCode;

fn ends() -> (MemTransport, MemTransport) {
    pair(TransportKind::Ws, 64, 4)
}

#[tokio::test]
async fn messages_arrive_in_order_both_ways() {
    let (mut a, mut b) = ends();
    within(one_way(&mut a, &mut b, 100)).await;
    within(one_way(&mut b, &mut a, 100)).await;
}

#[tokio::test]
async fn a_close_follows_what_was_fed() {
    let (mut a, mut b) = ends();
    feed(&mut a, "last").await;
    within(close(&mut a, &Close::new(CloseCode::SLOW, "slow"))).await;
    assert_eq!(message(&mut b).await, "last");
    assert_eq!(end_of(&mut b).await, Ended::ByPeer(Close::new(CloseCode::SLOW, "slow")));
}

#[tokio::test]
async fn dropping_an_end_loses_the_connection() {
    let (a, mut b) = ends();
    drop(a);
    assert!(matches!(end_of(&mut b).await, Ended::Lost(_)));
}

#[tokio::test]
async fn a_reader_that_sleeps_makes_the_writer_wait() {
    let (mut a, mut b) = ends();
    for _ in 0..8 {
        feed(&mut a, "x").await;
    }
    let mut blocked = pin!(feed(&mut a, "one too many"));
    assert!(futures_util::poll!(blocked.as_mut()).is_pending());
    message(&mut b).await;
    within(blocked).await;
}

#[tokio::test]
async fn a_ping_is_answered_and_counts_as_life() {
    let (mut a, mut b) = ends();
    a.feed_ping().unwrap();
    flush(&mut a).await;
    assert_eq!(within(recv(&mut b)).await, Ok(Incoming::Life));
    assert_eq!(within(recv(&mut a)).await, Ok(Incoming::Life));
    assert_eq!((a.signs_of_life(), b.signs_of_life()), (1, 1));
}

#[tokio::test]
async fn a_message_above_the_limit_is_a_violation() {
    let (mut a, mut b) = ends();
    send(&mut a, vec![b'x'; 65]).await;
    let Ended::Violation(close) = end_of(&mut b).await else { panic!("refused") };
    assert_eq!(close.code, CloseCode::TOO_BIG);
}
