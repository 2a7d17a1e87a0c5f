//! What the hub knows of one session.

use std::collections::BTreeSet;

use super::{Dialect, Now, Places, Scope};
use crate::id::{PlayerId, SessionId, StreamerId};
use crate::wire::Role;

#[derive(Debug)]
pub(super) struct Session {
    pub(super) role: Role,
    pub(super) dialect: &'static Dialect,
    pub(super) places: Places,
    pub(super) scope: Scope,
    /// Players and SFUs.
    pub(super) subscriber: Option<Subscriber>,
    /// Streamers and SFUs. Boxed: most sessions are players.
    pub(super) publisher: Option<Box<Publisher>>,
}

impl Session {
    pub(super) fn subscribed_to(&self) -> Option<SessionId> {
        self.subscriber.as_ref().and_then(|subscriber| subscriber.to)
    }

    pub(super) fn streamer_id(&self) -> Option<&StreamerId> {
        self.publisher.as_ref().and_then(|publisher| publisher.id.as_ref())
    }
}

#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) id: PlayerId,
    pub(super) to: Option<SessionId>,
    /// It offers, and its streamer must not.
    pub(super) offers: bool,
}

#[derive(Debug, Default)]
pub(super) struct Publisher {
    pub(super) id: Option<StreamerId>,
    /// It streams; it is listed once it has an id.
    pub(super) streaming: bool,
    pub(super) audience: BTreeSet<SessionId>,
    /// How many of the audience are players.
    pub(super) players: u32,
    /// When it is listed without having said its id.
    pub(super) listed_at: Option<Now>,
    /// The session whose id it waits for, and its place in the queue.
    pub(super) waits_for: Option<(SessionId, u64)>,
    /// An SFU's own will.
    pub(super) choice: Choice,
}

/// How an SFU came to its streamer (protocol.md §5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Choice {
    /// It has not chosen: the gateway subscribes it.
    #[default]
    Free,
    /// It has chosen, or has left, by itself: only the id that it lost may be given back to it.
    Own { lost: Option<StreamerId> },
}
