//! How much: the bytes that wait in all sessions together.
//!
//! Each holder's first [`FREE`] bytes are what a session costs anyway and are not counted: where nobody leaves much
//! waiting, which is nearly always, nothing shared is touched.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use prometheus_client::metrics::gauge::Gauge;

/// What a holder may have uncounted.
pub const FREE: usize = 16 << 10;

/// What all holders have together.
#[derive(Debug)]
pub struct Memory {
    /// Counted bytes. What operators see is what is decided by.
    held: Gauge,
    /// Above it there is no room; `usize::MAX` for no limit.
    most: AtomicUsize,
}

impl Memory {
    /// Counts in `held`, up to `most` bytes.
    pub fn new(held: Gauge, most: Option<usize>) -> Arc<Self> {
        Arc::new(Self { held, most: AtomicUsize::new(most.unwrap_or(usize::MAX)) })
    }

    /// Another limit from now on.
    pub fn set_most(&self, most: Option<usize>) {
        self.most.store(most.unwrap_or(usize::MAX), Ordering::Relaxed);
    }

    /// Whether so much is held that nobody may hold more.
    pub fn is_short(&self) -> bool {
        self.held() >= self.most.load(Ordering::Relaxed)
    }

    /// Whether the last eighth is being used: it is for those who are there.
    pub fn is_for_those_who_are_there(&self) -> bool {
        let most = self.most.load(Ordering::Relaxed);
        self.held() >= most - most / 8
    }

    fn held(&self) -> usize {
        usize::try_from(self.held.get()).unwrap_or(0)
    }
}

/// What one holder has. Dropped, it has nothing.
#[derive(Debug)]
pub struct Held {
    memory: Arc<Memory>,
    counted: usize,
}

impl Held {
    /// A holder that has nothing yet.
    pub fn nothing(memory: &Arc<Memory>) -> Self {
        Self { memory: Arc::clone(memory), counted: 0 }
    }

    /// Another that has nothing, of the same memory; this one has nothing any more either.
    #[must_use]
    pub fn hand_over(&mut self) -> Self {
        self.now(0);
        Self::nothing(&self.memory)
    }

    /// It has so many bytes now.
    pub fn now(&mut self, bytes: usize) {
        let counted = bytes.saturating_sub(FREE);
        if counted != self.counted {
            self.memory.held.inc_by(counted as i64 - self.counted as i64);
            self.counted = counted;
        }
    }

    /// Whether there is no room for it to have so many: more of it would be counted, and nobody may have more.
    pub fn is_too_much(&self, bytes: usize) -> bool {
        bytes.saturating_sub(FREE) > self.counted && self.memory.is_short()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.now(0);
    }
}
