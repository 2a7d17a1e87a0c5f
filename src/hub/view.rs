//! What operators may see of the hub: read-only, copied out.

use super::Hub;
use super::state::Session;
use crate::id::{PlayerId, SessionId, StreamerId};
use crate::wire::Role;

/// A streamer or SFU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamerView {
    /// Its session.
    pub session: SessionId,
    /// Streamer or SFU.
    pub role: Role,
    /// Its id, once it has one.
    pub id: Option<StreamerId>,
    /// Whether players find it in the list.
    pub streaming: bool,
    /// Who is subscribed to it.
    pub subscribers: Vec<PlayerId>,
}

/// A player or SFU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerView {
    /// Its session.
    pub session: SessionId,
    /// Player or SFU.
    pub role: Role,
    /// Its id.
    pub id: PlayerId,
    /// The id of the streamer that it is subscribed to.
    pub subscribed_to: Option<StreamerId>,
}

impl Hub {
    /// Every streamer and SFU, in the order of registration.
    pub fn streamers(&self) -> Vec<StreamerView> {
        self.publishers.iter().filter_map(|&session| self.streamer_view(session)).collect()
    }

    /// Every player and SFU, in the order of arrival.
    pub fn players(&self) -> Vec<PlayerView> {
        let mut sessions: Vec<SessionId> = self.players.values().copied().collect();
        sessions.sort_unstable();
        sessions.into_iter().filter_map(|session| self.player_view(session)).collect()
    }

    /// The streamer or SFU of that id.
    pub fn streamer(&self, id: &str) -> Option<StreamerView> {
        self.streamer_view(self.names.holder(id)?)
    }

    /// The player or SFU of that id.
    pub fn player(&self, id: &str) -> Option<PlayerView> {
        self.player_view(*self.players.get(id)?)
    }

    /// How many streamers and SFUs there are.
    pub fn streamer_count(&self) -> usize {
        self.publishers.len()
    }

    /// How many players and SFUs there are.
    pub fn player_count(&self) -> usize {
        self.players.len()
    }

    /// Whether that player or SFU is subscribed to anybody.
    pub fn watches(&self, session: SessionId) -> bool {
        self.sessions.get(&session).and_then(Session::subscribed_to).is_some()
    }

    /// How many sessions there are.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    fn streamer_view(&self, session: SessionId) -> Option<StreamerView> {
        let streamer = self.sessions.get(&session)?;
        let publisher = streamer.publisher.as_ref()?;
        let player_id = |session: &SessionId| Some(self.sessions.get(session)?.subscriber.as_ref()?.id.clone());
        Some(StreamerView {
            session,
            role: streamer.role,
            id: publisher.id.clone(),
            streaming: self.streaming.contains_key(&session),
            subscribers: publisher.audience.iter().filter_map(player_id).collect(),
        })
    }

    fn player_view(&self, session: SessionId) -> Option<PlayerView> {
        let player = self.sessions.get(&session)?;
        let subscriber = player.subscriber.as_ref()?;
        let streamer = subscriber.to.and_then(|to| self.sessions.get(&to));
        Some(PlayerView {
            session,
            role: player.role,
            id: subscriber.id.clone(),
            subscribed_to: streamer.and_then(Session::streamer_id).cloned(),
        })
    }
}
