//! What operators see of the peers and do to them. Each call is one short look under the lock; nobody listed twice,
//! nobody who has left.

use std::net::IpAddr;

use super::{Router, Shared};
use crate::hub::{Hub, PlayerView, StreamerView};
use crate::id::SessionId;
use crate::wire::Close;

/// A streamer or SFU with those that are subscribed to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamerEntry {
    /// What the hub knows of it.
    pub view: StreamerView,
    /// From where it came.
    pub remote: IpAddr,
    /// Its subscribers, in the order of arrival.
    pub audience: Vec<PlayerEntry>,
}

/// A player or SFU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerEntry {
    /// What the hub knows of it.
    pub view: PlayerView,
    /// From where it came.
    pub remote: IpAddr,
}

/// How many there are. SFUs are counted on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Streamers and SFUs.
    pub streamers: usize,
    /// Players and SFUs.
    pub players: usize,
}

impl Router {
    /// How many streamers and players there are.
    pub fn counts(&self) -> Counts {
        let shared = self.shared.lock();
        Counts { streamers: shared.hub.streamer_count(), players: shared.hub.player_count() }
    }

    /// Every streamer and SFU, in the order of registration.
    pub fn streamer_entries(&self) -> Vec<StreamerEntry> {
        let shared = self.shared.lock();
        shared.hub.streamers().into_iter().filter_map(|view| shared.streamer_entry(view)).collect()
    }

    /// The streamer or SFU of that id.
    pub fn streamer_entry(&self, id: &str) -> Option<StreamerEntry> {
        let shared = self.shared.lock();
        shared.streamer_entry(shared.hub.streamer(id)?)
    }

    /// Every player and SFU, in the order of arrival.
    pub fn player_entries(&self) -> Vec<PlayerEntry> {
        let shared = self.shared.lock();
        shared.hub.players().into_iter().filter_map(|view| shared.player_entry(view)).collect()
    }

    /// The player or SFU of that id.
    pub fn player_entry(&self, id: &str) -> Option<PlayerEntry> {
        let shared = self.shared.lock();
        shared.player_entry(shared.hub.player(id)?)
    }

    /// Ends the session of the player or SFU of that id. Returns whether there is one.
    pub fn close_player(&self, id: &str, close: Close) -> bool {
        self.close_found(close, |hub| Some(hub.player(id)?.session))
    }

    /// Ends the session of the streamer or SFU of that id. Returns whether there is one.
    pub fn close_streamer(&self, id: &str, close: Close) -> bool {
        self.close_found(close, |hub| Some(hub.streamer(id)?.session))
    }

    /// To the others it is as if that session had ended by itself.
    fn close_found(&self, close: Close, find: impl FnOnce(&Hub) -> Option<SessionId>) -> bool {
        self.locked(|shared, now, out| {
            let Some(session) = find(&shared.hub) else { return false };
            if let Some(outbox) = shared.outboxes.get(&session) {
                outbox.close(close);
            }
            shared.hub.disconnect(now, session, out);
            true
        })
    }
}

impl Shared {
    fn streamer_entry(&self, view: StreamerView) -> Option<StreamerEntry> {
        let remote = *self.remotes.get(&view.session)?;
        let subscribers = view.subscribers.iter().filter_map(|id| self.hub.player(id.as_str()));
        let audience = subscribers.filter_map(|view| self.player_entry(view)).collect();
        Some(StreamerEntry { view, remote, audience })
    }

    fn player_entry(&self, view: PlayerView) -> Option<PlayerEntry> {
        let remote = *self.remotes.get(&view.session)?;
        Some(PlayerEntry { view, remote })
    }
}
