//! The rules (protocol.md §3 to §5): who is connected, who may reach whom, and what each is told.
//!
//! Pure: no clock, no randomness, no logging, no tasks. The same calls give the same actions. A session that the
//! hub has closed is forgotten at once; whatever still comes from it is dropped.

mod action;
mod dialect;
#[cfg(test)]
mod tests;

pub use action::{Action, Actions, Frame, Notice, Now, Peer, Pressure, Request};
pub use dialect::Dialect;

use crate::id::{PlayerId, SessionId, StreamerId};

/// How SFUs that have not chosen for themselves get a streamer (protocol.md §5.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AutoSubscribe {
    /// To the first that streams.
    First,
    /// To that one only.
    Only(StreamerId),
    /// Not at all.
    Off,
}

/// The hub's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Players per streamer; `None` for no limit.
    pub max_players: Option<u32>,
    /// For SFUs on listeners whose dialect subscribes them.
    pub auto_subscribe: AutoSubscribe,
}

/// All the rules' state.
#[derive(Debug)]
pub struct Hub {}

impl Hub {
    /// An empty hub.
    pub fn new(settings: Settings) -> Self {
        let _ = settings;
        todo!()
    }

    /// A peer arrives: it is greeted, counted and, if it is an SFU, perhaps subscribed. Returns its id as a player
    /// (players and SFUs). `session` must be larger than every one before it: their order is the order of registration.
    pub fn connect(&mut self, now: Now, session: SessionId, peer: Peer, out: &mut Actions) -> Option<PlayerId> {
        todo!()
    }

    /// A session asks for something. Nothing of the hub changes when a relayed message meets a full outbox, so the
    /// caller may ask the same again.
    pub fn request(&mut self, now: Now, session: SessionId, request: Request, out: &mut Actions) {
        todo!()
    }

    /// A probed session showed life.
    pub fn alive(&mut self, now: Now, session: SessionId, out: &mut Actions) {
        todo!()
    }

    /// A session has ended, whoever ended it. A second report is ignored.
    pub fn disconnect(&mut self, now: Now, session: SessionId, out: &mut Actions) {
        todo!()
    }

    /// The gateway drains this session: closed 1012, and so are the players of a streamer, without `streamerDisconnected`.
    pub fn drain(&mut self, now: Now, session: SessionId, out: &mut Actions) {
        todo!()
    }

    /// The next time at which [`Hub::tick`] has something to do.
    pub fn deadline(&self) -> Option<Now> {
        todo!()
    }

    /// Carries out what has become due.
    pub fn tick(&mut self, now: Now, out: &mut Actions) {
        todo!()
    }
}
