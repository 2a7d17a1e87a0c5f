use std::time::Duration;

use tokio::time::Instant;

use super::super::Table;

#[test]
fn what_is_known_is_bounded_and_the_stale_go_first() {
    let (table, start) = (Table::<u32, Instant>::default(), Instant::now());
    let later = start + Duration::from_secs(60);
    let knows = |key, now: Instant| {
        table.with(key, now, now, |since| now.duration_since(*since) >= Duration::from_secs(60), |_| ()).is_some()
    };
    assert_eq!((0..150_000).filter(|&key| knows(key, start)).count(), 100_000);
    assert!(knows(99_999, start), "who is known stays known");
    assert_eq!((table.look(&99_999, |since| *since), table.look(&100_000, |_| ())), (Some(start), None));
    assert_eq!(table.len(), 100_000);
    assert!(knows(200_000, later), "the stale made room");
    assert_eq!(table.len(), 1);
}

/// To look for room at each newcomer would be an attack's reward.
#[test]
fn room_is_looked_for_now_and_then_only() {
    let (table, start) = (Table::<u32, ()>::default(), Instant::now());
    let looks = std::cell::Cell::new(0);
    let comes = |key, now| {
        let look = |(): &()| {
            looks.set(looks.get() + 1);
            false
        };
        table.with(key, now, (), look, |()| ()).is_some()
    };
    assert!((0..100_000).all(|key| comes(key, start)));
    assert!((100_000..100_100).all(|key| !comes(key, start + Duration::from_secs(9))));
    assert_eq!(looks.get(), 100_000, "one look at all of them");
    assert!(!comes(100_000, start + Duration::from_secs(19)));
    assert_eq!(looks.get(), 200_000);
}
