//! One after another: of each of many so many at once, while the others of its kind wait their turn.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A line for each key, first come first served. Holds a key as long as somebody waits or has its turn: no more entries
/// than there are of these. Keys are hashed with a secret: peers choose them.
#[derive(Debug)]
pub struct Lines<K> {
    at_once: usize,
    lines: Mutex<HashMap<K, Line>>,
}

#[derive(Debug)]
struct Line {
    turns: Arc<Semaphore>,
    /// Who waits, and who has a turn.
    length: usize,
}

/// A turn. Dropped, it is the next one's.
#[derive(Debug)]
pub struct Turn<K: Eq + Hash> {
    _turn: Option<OwnedSemaphorePermit>,
    _in_line: InLine<K>,
}

#[derive(Debug)]
struct InLine<K: Eq + Hash> {
    lines: Arc<Lines<K>>,
    key: K,
}

impl<K: Eq + Hash + Clone> Lines<K> {
    /// So many of each key at once.
    pub fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self { at_once, lines: Mutex::default() })
    }

    /// Waits for a turn of that key. Dropped, it waits no more.
    pub async fn turn(self: &Arc<Self>, key: K) -> Turn<K> {
        let (in_line, turns) = self.line_up(key);
        // Nobody closes them.
        let turn = turns.acquire_owned().await.ok();
        Turn { _turn: turn, _in_line: in_line }
    }

    fn line_up(self: &Arc<Self>, key: K) -> (InLine<K>, Arc<Semaphore>) {
        let mut lines = self.lines.lock();
        let line = lines.entry(key.clone()).or_insert_with(|| Line::new(self.at_once));
        line.length += 1;
        (InLine { lines: Arc::clone(self), key }, Arc::clone(&line.turns))
    }
}

impl<K> Lines<K> {
    /// How many keys somebody waits for, or has a turn of.
    pub fn keys(&self) -> usize {
        self.lines.lock().len()
    }
}

impl Line {
    fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)), length: 0 }
    }
}

impl<K: Eq + Hash> Drop for InLine<K> {
    fn drop(&mut self) {
        let mut lines = self.lines.lines.lock();
        let Some(line) = lines.get_mut(&self.key) else { return };
        line.length -= 1;
        if line.length == 0 {
            lines.remove(&self.key);
        }
    }
}
