//! What is due when. Each entry is taken out when its cause goes, so an idle hub has no deadline.

use std::collections::BTreeSet;

use super::Now;
use crate::id::SessionId;

/// What becomes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A streamer that has not said its id is listed without it.
    Legacy(SessionId),
    /// The holder of a wanted id has not shown life.
    Probe(SessionId),
    /// The newest player count is told.
    PlayerCount,
}

#[derive(Debug, Default)]
pub(super) struct Deadlines(BTreeSet<(Now, Due)>);

impl Deadlines {
    pub(super) fn set(&mut self, at: Now, due: Due) {
        self.0.insert((at, due));
    }

    pub(super) fn clear(&mut self, at: Now, due: Due) {
        self.0.remove(&(at, due));
    }

    pub(super) fn next(&self) -> Option<Now> {
        self.0.first().map(|&(at, _)| at)
    }

    pub(super) fn pop(&mut self, now: Now) -> Option<Due> {
        let &(at, due) = self.0.first()?;
        (at <= now).then(|| self.0.pop_first().map(|_| due)).flatten()
    }
}
