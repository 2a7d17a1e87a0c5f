//! What a peer that is let in may do, and until when.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::hub::Scope;

/// What a peer may do. The default is everything, without an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The streamer ids that it may register or watch.
    pub scope: Scope,
    /// When its session ends at the latest.
    pub until: Option<Until>,
    /// Which token it has shown, whatever its signature: those of one token are counted together. `None` for whoever a
    /// webhook lets in without one.
    pub holder: Option<Arc<str>>,
}

/// The end of a session, and what the peer is told then (1008).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    /// When.
    pub at: Instant,
    /// The reason.
    pub why: &'static str,
}
/// What a session is told whose token ends.
pub(super) const EXPIRED: &str = "the token has expired";

/// What a session is told that has lasted as long as its token lets it.
pub(super) const TOO_LONG: &str = "the session has lasted as long as its token allows";

impl Until {
    /// The earlier of the token's end and the session's longest time, both counted from now.
    pub(super) fn first(token: Option<Duration>, session: Option<Duration>) -> Option<Self> {
        let now = Instant::now();
        let ends = [(token, EXPIRED), (session, TOO_LONG)];
        // What lies beyond the clock's end does not end.
        let ends = ends.into_iter().filter_map(|(left, why)| Some(Self { at: now.checked_add(left?)?, why }));
        ends.min_by_key(|until| until.at)
    }
}
