use prometheus_client::metrics::gauge::Gauge;

use super::super::memory::FREE;
use super::super::{Held, Memory};

#[test]
fn what_is_above_the_free_share_is_counted_and_given_back() {
    let gauge = Gauge::default();
    let memory = Memory::new(gauge.clone(), Some(1_000));
    let (mut one, mut other) = (Held::nothing(&memory), Held::nothing(&memory));
    one.now(FREE);
    assert_eq!((gauge.get(), memory.is_short()), (0, false));
    one.now(FREE + 600);
    other.now(FREE + 399);
    assert_eq!((gauge.get(), memory.is_short()), (999, false));
    other.now(FREE + 400);
    assert_eq!((gauge.get(), memory.is_short()), (1_000, true));
    assert!(one.is_too_much(FREE + 601) && !one.is_too_much(FREE + 600), "what one has it keeps");
    one.now(0);
    let mut third = Held::nothing(&memory);
    third.now(FREE + 600);
    assert!(one.is_too_much(FREE + 1) && !one.is_too_much(FREE), "the free share is always there");
    drop(third);
    one.now(FREE + 100);
    assert!(!memory.is_short() && !one.is_too_much(FREE + 1));
    let next = other.hand_over();
    assert_eq!(gauge.get(), 100);
    drop((one, other, next));
    assert_eq!(gauge.get(), 0);
}

#[test]
fn the_limit_may_change_or_go() {
    let memory = Memory::new(Gauge::default(), Some(1_000));
    let mut one = Held::nothing(&memory);
    one.now(FREE + 1_000_000);
    assert!(memory.is_short());
    memory.set_most(None);
    assert!(!memory.is_short() && !memory.is_for_those_who_are_there());
    memory.set_most(Some(1_000_000));
    assert!(memory.is_short());
}

#[test]
fn the_last_of_it_is_not_for_newcomers() {
    let memory = Memory::new(Gauge::default(), Some(1_000));
    let mut one = Held::nothing(&memory);
    one.now(FREE + 874);
    assert!(!memory.is_for_those_who_are_there());
    one.now(FREE + 875);
    assert!(memory.is_for_those_who_are_there() && !memory.is_short());
}
