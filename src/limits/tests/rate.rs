use std::time::Duration;

use tokio::time::Instant;

use super::super::{Bucket, Rate};

const TEN: Rate = Rate { per_second: 10.0, burst: 20.0 };

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

#[test]
fn a_burst_comes_at_once_and_the_rest_at_the_rate() {
    let start = Instant::now();
    let mut bucket = Bucket::full(TEN, start);
    assert_eq!((0..20).filter(|_| bucket.try_take(TEN, start).is_ok()).count(), 20);
    assert_eq!(bucket.try_take(TEN, start), Err(ms(100)));
    assert_eq!(bucket.try_take(TEN, start + ms(60)), Err(ms(40)));
    assert!(!bucket.has_one(TEN, start + ms(99)) && bucket.has_one(TEN, start + ms(100)));
    assert_eq!(bucket.try_take(TEN, start + ms(100)), Ok(()));
    let second = (1..=1_000).filter(|&at| bucket.try_take(TEN, start + ms(100 + at)).is_ok()).count();
    assert_eq!(second, 10);
    assert!(!bucket.is_full(TEN, start + ms(2_000)));
    assert!(bucket.is_full(TEN, start + ms(3_101)));
}

#[test]
fn more_than_there_is_may_be_taken_and_is_made_up_for() {
    let start = Instant::now();
    let mut bucket = Bucket::full(TEN, start);
    bucket.take(40.0);
    assert!(bucket.is_spent());
    assert_eq!(bucket.refill(TEN, start), Some(ms(2_100)));
    assert_eq!(bucket.refill(TEN, start + ms(2_100)), None);
    bucket.take(0.5);
    assert_eq!(bucket.refill(TEN, start + ms(2_100)), Some(ms(50)));
    // A wait that is next to nothing would cost a timer for each message.
    bucket.take(-0.495);
    assert_eq!(bucket.refill(TEN, start + ms(2_100)), Some(ms(10)));
}

#[test]
fn without_a_limit_there_is_always_more() {
    let (start, none) = (Instant::now(), Rate::of(None, 4.0));
    assert_eq!(none, Rate::UNLIMITED);
    for rate in [none, none.times(1e9), none.and(none.times(7.0)), none.and(TEN)] {
        let mut bucket = Bucket::full(rate, start);
        for _ in 0..100 {
            bucket.take(1e12);
            assert_eq!(bucket.refill(rate, start), None);
            assert_eq!(bucket.try_take(rate, start + ms(1)), Ok(()));
        }
    }
}

#[test]
fn a_rate_that_was_lowered_holds_from_then_on() {
    let start = Instant::now();
    let mut bucket = Bucket::full(Rate::UNLIMITED, start);
    assert_eq!((0..50).filter(|_| bucket.try_take(TEN, start).is_ok()).count(), 20);
}

#[test]
fn rates_add_up() {
    assert_eq!(Rate::of(Some(10), 2.0), TEN);
    assert_eq!(TEN.and(TEN.times(3.0)), Rate { per_second: 40.0, burst: 80.0 });
}
