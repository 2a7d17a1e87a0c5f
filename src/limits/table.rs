//! What is known of each of many: addresses most of all.
//!
//! Bounded: when too many are known, those of whom nothing needs to be known any more are forgotten, and while there is
//! still no room, newcomers pass unknown. Keys are hashed with a secret: peers choose them.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// How many are known at once: about 5 MB.
const KNOWN: usize = 100_000;

/// How often room is made at most: to look at all of them for each newcomer would be an attack's reward.
const BETWEEN_CLEARINGS: Duration = Duration::from_secs(10);

/// A bounded table.
#[derive(Debug)]
pub struct Table<K, V>(Mutex<Known<K, V>>);

#[derive(Debug)]
struct Known<K, V> {
    values: HashMap<K, V>,
    cleared: Option<Instant>,
}

impl<K: Eq + Hash, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(Mutex::new(Known { values: HashMap::new(), cleared: None }))
    }
}

impl<K: Eq + Hash, V> Table<K, V> {
    /// Changes what is known of `key`; what is known of a newcomer is `fresh`, and what `is_stale` may be forgotten.
    /// `None` when there is no room for a newcomer.
    pub fn with<T>(
        &self,
        key: K,
        now: Instant,
        fresh: V,
        is_stale: impl Fn(&V) -> bool,
        change: impl FnOnce(&mut V) -> T,
    ) -> Option<T> {
        let mut known = self.0.lock();
        known.has_room_for(&key, now, is_stale).then(|| change(known.values.entry(key).or_insert(fresh)))
    }

    /// Looks at what is known of `key`; `None` when nothing is.
    pub fn look<T>(&self, key: &K, look: impl FnOnce(&V) -> T) -> Option<T> {
        self.0.lock().values.get(key).map(look)
    }

    /// How many are known.
    pub fn len(&self) -> usize {
        self.0.lock().values.len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Eq + Hash, V> Known<K, V> {
    fn has_room_for(&mut self, key: &K, now: Instant, is_stale: impl Fn(&V) -> bool) -> bool {
        if self.values.len() < KNOWN || self.values.contains_key(key) {
            return true;
        }
        if self.cleared.is_none_or(|cleared| now.duration_since(cleared) >= BETWEEN_CLEARINGS) {
            self.cleared = Some(now);
            self.values.retain(|_, value| !is_stale(value));
        }
        self.values.len() < KNOWN
    }
}
