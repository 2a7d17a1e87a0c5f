//! Tables that a crowd has filled, after it has gone.

#[cfg(test)]
mod tests;

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
