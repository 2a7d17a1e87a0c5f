//! Sessions that wait for room in another's outbox: no wake-up is lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Outbox, OutboxLimits, Outgoing, Pushed, Taken, disconnected, relay, take};
use crate::hub::Notice;
use crate::id::SessionId;
use crate::wire::Close;

const SMALL: OutboxLimits = OutboxLimits { messages: 4, bytes: 1000 };

/// Does what a session does: tries, waits for room, tries again. Returns whether it was queued.
async fn push(outbox: Arc<Outbox>, from: u64, said: String) -> bool {
    let size = said.len();
    loop {
        match relay(&outbox, from, &*said) {
            Pushed::Queued => return true,
            Pushed::Closed => return false,
            Pushed::Full => Arc::clone(&outbox).room(size).await,
        }
    }
}

fn full() -> Arc<Outbox> {
    let outbox = Outbox::new(SMALL);
    for _ in 0..SMALL.messages {
        assert_eq!(relay(&outbox, 0, "full"), Pushed::Queued);
    }
    outbox
}

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Takes whatever is there until so many have come, or nothing more does.
async fn drain(outbox: &Outbox, messages: usize, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < count {
        let batch = take(outbox, messages);
        if batch.is_empty() {
            break;
        }
        all.extend(batch);
        settle().await;
    }
    all
}

/// Many waiters, whatever the size of the batches: all get through, each once.
#[tokio::test(start_paused = true)]
async fn every_waiter_gets_through() {
    for batch in [1, 3, 4, 32] {
        let (outbox, mut waiters) = (full(), JoinSet::new());
        for n in 0..200 {
            waiters.spawn(push(Arc::clone(&outbox), n, n.to_string()));
        }
        settle().await;
        let all = drain(&outbox, batch, 204).await;
        assert_eq!(all.len(), 204);
        let mut numbers: Vec<u64> = all[4..].iter().map(|said| said.parse().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..200).collect::<Vec<_>>());
        let queued = timeout(Duration::from_secs(1), waiters.join_all()).await.unwrap();
        assert!(queued.into_iter().all(|queued| queued));
    }
}

/// One place freed is for the one that has waited longest.
#[tokio::test(start_paused = true)]
async fn who_waits_longest_is_first() {
    let (outbox, mut waiters) = (full(), JoinSet::new());
    for n in 0..20 {
        waiters.spawn(push(Arc::clone(&outbox), n, n.to_string()));
        settle().await;
    }
    let mut all = Vec::new();
    for _ in 0..20 {
        all.extend(take(&outbox, 1));
        settle().await;
    }
    all.extend(take(&outbox, 32));
    assert_eq!(all[4..], (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// Waiters that give up while they wait, or when they have just been called, take nobody's place with them.
#[tokio::test(start_paused = true)]
async fn waiters_that_give_up_take_no_place_with_them() {
    for called_first in [false, true] {
        let (outbox, mut waiters) = (full(), JoinSet::new());
        let mut given_up = Vec::new();
        for n in 0..100 {
            if n % 3 == 0 {
                waiters.spawn(push(Arc::clone(&outbox), n, n.to_string()));
            } else {
                given_up.push(tokio::spawn(push(Arc::clone(&outbox), n, n.to_string())));
            }
        }
        settle().await;
        let mut all = 0;
        if called_first {
            all += take(&outbox, 3).len();
        }
        given_up.iter().for_each(tokio::task::JoinHandle::abort);
        all += drain(&outbox, 2, 38 - all).await.len();
        assert_eq!(all, 38);
        assert_eq!(timeout(Duration::from_secs(1), waiters.join_all()).await.unwrap().len(), 34);
    }
}

/// A large message waits until there is room for it, and small ones are not stuck behind it for ever.
#[tokio::test(start_paused = true)]
async fn large_and_small_get_through() {
    let (outbox, mut waiters) = (full(), JoinSet::new());
    for n in 0..50 {
        let size = if n % 5 == 0 { 990 } else { 10 };
        waiters.spawn(push(Arc::clone(&outbox), n, "x".repeat(size)));
    }
    settle().await;
    assert_eq!(drain(&outbox, 1, 54).await.len(), 54);
    assert_eq!(timeout(Duration::from_secs(1), waiters.join_all()).await.unwrap().len(), 50);
}

/// Room that is made by a player that leaves, not by taking, is told too: also when nothing is left to take.
#[tokio::test(start_paused = true)]
async fn room_made_by_a_departure_is_told() {
    let outbox = Outbox::new(SMALL);
    outbox.push_notice("+1".into(), Notice::PlayerConnected(SessionId(1)));
    for _ in 0..SMALL.messages {
        assert_eq!(relay(&outbox, 1, "full"), Pushed::Queued);
    }
    let mut waiters = JoinSet::new();
    for n in 2..6 {
        waiters.spawn(push(Arc::clone(&outbox), n, n.to_string()));
    }
    settle().await;
    assert_eq!(disconnected(&outbox, 1), SMALL.messages);
    let queued = timeout(Duration::from_secs(1), waiters.join_all()).await.expect("they are told of the room");
    assert_eq!(queued, [true; 4]);
    assert_eq!(take(&outbox, 32).len(), 4);
}

/// The end of a session wakes all that wait for it, whichever way it ends.
#[tokio::test(start_paused = true)]
async fn an_outbox_that_closes_wakes_its_waiters() {
    let ends: [fn(&Outbox); 2] =
        [|outbox| outbox.close(Close::EMPTY), |outbox| assert_eq!(outbox.cut(Close::EMPTY), SMALL.messages)];
    for end in ends {
        let (outbox, mut waiters) = (full(), JoinSet::new());
        for n in 0..100 {
            waiters.spawn(push(Arc::clone(&outbox), n, n.to_string()));
        }
        settle().await;
        end(&outbox);
        let queued = timeout(Duration::from_secs(1), waiters.join_all()).await.expect("they are woken");
        assert!(queued.into_iter().all(|queued| !queued));
    }
}

/// Room that is there already is not waited for.
#[tokio::test(start_paused = true)]
async fn room_that_is_there_is_not_waited_for() {
    let outbox = Outbox::new(SMALL);
    timeout(Duration::from_secs(1), Arc::clone(&outbox).room(10)).await.unwrap();
    let outbox = full();
    take(&outbox, 32);
    timeout(Duration::from_secs(1), Arc::clone(&outbox).room(10)).await.unwrap();
}

/// Pushes and takes from several threads: nothing is lost, nothing hangs, and each sender's messages stay in order.
#[test]
fn many_threads() {
    const SENDERS: u64 = 8;
    const EACH: u64 = 500;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    runtime.block_on(async {
        let (outbox, mut senders) = (Outbox::new(SMALL), JoinSet::new());
        for sender in 0..SENDERS {
            let outbox = Arc::clone(&outbox);
            senders.spawn(async move {
                for n in 0..EACH {
                    assert!(push(Arc::clone(&outbox), sender, format!("{sender} {n}")).await);
                }
            });
        }
        let taking = async {
            let mut next = vec![0; SENDERS as usize];
            while next.iter().sum::<u64>() < SENDERS * EACH {
                for said in next_batch(&outbox).await {
                    let (sender, n) = said.split_once(' ').unwrap();
                    let sender: usize = sender.parse().unwrap();
                    assert_eq!(n.parse::<u64>().unwrap(), next[sender]);
                    next[sender] += 1;
                }
            }
        };
        timeout(Duration::from_secs(30), taking).await.expect("no wake-up is lost");
        senders.join_all().await;
    });
}

async fn next_batch(outbox: &Outbox) -> Vec<String> {
    let mut batch = std::collections::VecDeque::new();
    std::future::poll_fn(|cx| match outbox.take(cx, &mut batch, 3, usize::MAX) {
        Taken::Nothing => std::task::Poll::Pending,
        _ => std::task::Poll::Ready(()),
    })
    .await;
    batch.into_iter().map(Outgoing::into_text).map(|text| String::from_utf8(text.to_vec()).unwrap()).collect()
}
