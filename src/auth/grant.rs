//! What a peer that is let in may do, and until when.

use tokio::time::Instant;

use crate::hub::Scope;

/// What a peer may do. The default is everything, without an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// The streamer ids that it may register or watch.
    pub scope: Scope,
    /// When its session ends at the latest.
    pub until: Option<Until>,
}

/// The end of a session, and what the peer is told then (1008).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until {
    /// When.
    pub at: Instant,
    /// The reason.
    pub why: &'static str,
}
