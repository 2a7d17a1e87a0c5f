//! What is given back, and what is not.

use std::collections::HashMap;

use super::{SMALL, SPARSE, give_back};

fn of(many: usize) -> HashMap<usize, usize> {
    (0..many).map(|key| (key, key)).collect()
}

#[test]
fn a_crowd_that_has_gone_leaves_no_room_behind() {
    let mut table = of(10_000);
    let most = table.capacity();
    for key in 100..10_000 {
        table.remove(&key);
        give_back(&mut table);
    }
    assert_eq!(table.len(), 100);
    assert!(table.capacity() <= SMALL.max(SPARSE * table.len()) * 2, "{} of {most}", table.capacity());
    assert!((0..100).all(|key| table[&key] == key));
}

#[test]
fn a_table_that_is_used_keeps_its_room() {
    let mut table = of(10_000);
    table.retain(|&key, _| key < 5_000);
    give_back(&mut table);
    assert!(table.capacity() >= 10_000, "{}", table.capacity());
    let mut small = of(400);
    small.clear();
    give_back(&mut small);
    assert!(small.capacity() >= 400, "{}", small.capacity());
}
