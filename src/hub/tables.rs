//! Tables that a crowd has filled, after it has gone.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

/// A table of fewer keeps its room.
const SMALL: usize = 512;

/// A table that is used to less than one part in so many gives up what it does not need.
const SPARSE: usize = 8;

/// Gives back the room that a crowd took, once most of it has gone. To be called after each removal: it does something
/// only after as many of them as it moves entries, and leaves room for twice as many as there are.
pub(crate) fn give_back<K: Eq + Hash, V, S: BuildHasher>(table: &mut HashMap<K, V, S>) {
    if table.capacity() > SMALL && table.len() < table.capacity() / SPARSE {
        table.shrink_to(table.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
