//! What is counted and timed on the way of a message.

use std::time::Instant;

use super::*;

/// A series without labels.
fn value(router: &Router, series: &str) -> f64 {
    let text = router.metrics().render(None);
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in {text}")).parse().unwrap()
}

fn waits(router: &Router) -> u64 {
    router.metrics().outbox_wait().count()
}

/// The first step of all is timed, and then one in so many.
#[test]
fn a_sample_of_the_steps_is_timed() {
    let router = router();
    let streamer = connect(&router, Role::Streamer);
    assert_eq!(value(&router, "pixelgate_hub_lock_held_seconds_count"), 1.0);
    for _ in 1..3 * SAMPLE {
        ask(&router, &streamer, Request::EndpointId(Some("Foo".into())));
        heard(&streamer);
    }
    assert_eq!(value(&router, "pixelgate_hub_lock_held_seconds_count"), 3.0);
    assert!(value(&router, "pixelgate_hub_lock_held_seconds_sum") > 0.0);
}

#[tokio::test(start_paused = true)]
async fn the_wait_of_a_sample_of_the_messages_is_timed() {
    let router = router();
    let (streamer, player) = pair(&router);
    for _ in 0..SAMPLE {
        ask(&router, &player, to_publisher("x"));
    }
    assert_eq!(waits(&router), 0, "nothing was taken yet");
    tokio::time::advance(Duration::from_secs(3)).await;
    heard(&streamer);
    assert_eq!(waits(&router), 1);
    assert_eq!(value(&router, "pixelgate_outbox_wait_seconds_sum"), 3.0);
    for _ in 0..2 * SAMPLE {
        ask(&router, &player, to_publisher("x"));
        heard(&streamer);
    }
    assert_eq!(waits(&router), 3);
    assert_eq!(value(&router, "pixelgate_outbox_wait_seconds_sum"), 3.0);
}

/// Of many timed messages in one outbox the first is measured; what is cut is measured no more.
#[tokio::test(start_paused = true)]
async fn one_wait_at_a_time_is_timed() {
    let router = router();
    let (streamer, player) = pair(&router);
    for _ in 0..5 * SAMPLE {
        ask(&router, &player, to_publisher("x"));
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    heard(&streamer);
    assert_eq!(waits(&router), 1);
    let sum = value(&router, "pixelgate_outbox_wait_seconds_sum");
    assert!((0.244..=0.305).contains(&sum), "{sum}");
    for _ in 0..SAMPLE {
        ask(&router, &player, to_publisher("x"));
    }
    streamer.outbox.cut(Close::EMPTY);
    heard(&streamer);
    assert_eq!(waits(&router), 1);
}

/// A lock that is free costs no clock; one that is not is waited for by the clock.
#[test]
fn waits_for_the_lock_are_timed() {
    let router = router();
    let streamer = connect(&router, Role::Streamer);
    assert_eq!(value(&router, "pixelgate_hub_lock_wait_seconds_count"), 0.0);
    let deadline = Instant::now() + Duration::from_secs(20);
    // The other thread may find the lock free again when it is late: then it is tried once more.
    while value(&router, "pixelgate_hub_lock_wait_seconds_count") == 0.0 {
        assert!(Instant::now() < deadline, "no wait was seen");
        std::thread::scope(|scope| {
            let held = router.shared.lock();
            scope.spawn(|| router.alive(streamer.guard.session()));
            std::thread::sleep(Duration::from_millis(5));
            drop(held);
        });
    }
    assert!(value(&router, "pixelgate_hub_lock_wait_seconds_sum") > 0.0);
}

/// What a player had said that came and went before its streamer took the news.
#[test]
fn messages_that_are_cancelled_are_counted() {
    let router = router();
    let (streamer, _player) = pair(&router);
    let fleeting = connect(&router, Role::Player);
    subscribes(&router, &fleeting, "Foo");
    for _ in 0..3 {
        ask(&router, &fleeting, to_publisher("x"));
    }
    drop(fleeting);
    assert_eq!(heard(&streamer), [""; 0]);
    assert_eq!(router.metrics().drops(DropReason::Cancelled), 3);
}
