//! How many at once: places of each of many, given back by a guard.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// A map with room for so many more than it holds is given back to the allocator.
const SPARE: usize = 1024;

/// How many places each key has taken. Holds a key as long as a place of it is held: no more entries than guards. Keys
/// are hashed with a secret: peers choose them.
#[derive(Debug)]
pub struct Places<K>(Mutex<HashMap<K, u32>>);

/// A place. Dropped, it is free again.
#[derive(Debug)]
pub struct Place<K: Eq + Hash> {
    places: Arc<Places<K>>,
    key: K,
}

impl<K> Default for Places<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash + Clone> Places<K> {
    /// A place of `key`, unless it has `most` already; `None` for no limit.
    pub fn take(self: &Arc<Self>, key: K, most: Option<u32>) -> Option<Place<K>> {
        let mut taken = self.0.lock();
        let count = taken.get(&key).copied().unwrap_or(0);
        if most.is_some_and(|most| count >= most) {
            return None;
        }
        taken.insert(key.clone(), count + 1);
        drop(taken);
        Some(Place { places: Arc::clone(self), key })
    }

    /// How many places `key` has taken.
    pub fn taken(&self, key: &K) -> u32 {
        self.0.lock().get(key).copied().unwrap_or(0)
    }
}

impl<K> Places<K> {
    /// How many keys have taken any.
    pub fn keys(&self) -> usize {
        self.0.lock().len()
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock();
        let Some(count) = taken.get_mut(&self.key) else { return };
        *count -= 1;
        if *count == 0 {
            taken.remove(&self.key);
            if taken.capacity() > SPARE && taken.len() < taken.capacity() / 8 {
                taken.shrink_to_fit();
            }
        }
    }
}
