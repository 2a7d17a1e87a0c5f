//! Who is turned away as it connects, and which player is attached to a streamer at once (protocol.md §4).

use super::dialect::{Fallback, Places, Sfus};
use super::identity::{LEGACY_AT_ONCE, not_allowed, taken};
use super::subscription::FULL;
use super::{Actions, Hub, Peer};
use crate::id::{PlayerId, SessionId, StreamerId};
use crate::wire::{Close, CloseCode, Role};

impl Hub {
    /// How a peer is closed that its dialect does not let in.
    pub(super) fn refusal(&self, peer: &Peer) -> Option<Close> {
        match peer.role {
            Role::Streamer => self.no_more_streamers(peer),
            Role::Sfu => self.no_more_sfus(peer),
            Role::Player => self.nobody_to_attach_to(peer).or_else(|| self.no_place(peer)),
        }
    }

    fn no_more_streamers(&self, peer: &Peer) -> Option<Close> {
        if !peer.dialect.one_streamer {
            return None;
        }
        if peer.scope.allows(LEGACY_AT_ONCE) && self.publishers.len() > self.sfus.len() {
            return Some(Close::new(CloseCode::POLICY, "there is a streamer, and this listener takes one only"));
        }
        // It is never asked for its id.
        self.no_id(peer, LEGACY_AT_ONCE)
    }

    /// How somebody is closed that gets this id, or a numbered one, and may have neither.
    fn no_id(&self, peer: &Peer, id: &str) -> Option<Close> {
        if !peer.scope.allows(id) {
            return Some(not_allowed());
        }
        self.names.free(&StreamerId::new(id), &peer.scope).is_none().then(|| taken(id))
    }

    fn no_more_sfus(&self, peer: &Peer) -> Option<Close> {
        match peer.dialect.sfus {
            Sfus::One { taken, .. } if !self.sfus.is_empty() => Some(Close::new(CloseCode::TRY_AGAIN, taken)),
            Sfus::One { id, .. } => self.no_id(peer, id),
            Sfus::Any => None,
            Sfus::None => Some(Close::new(CloseCode::POLICY, "this listener takes no SFU")),
        }
    }

    fn nobody_to_attach_to(&self, peer: &Peer) -> Option<Close> {
        if peer.dialect.fallback != Fallback::AttachedOnConnect {
            return None;
        }
        if self.first_streaming(Role::Streamer, &peer.scope).is_none() {
            return Some(Close::new(CloseCode::TRY_AGAIN, "Streamer is not connected"));
        }
        self.full(peer.places, None, self.attached_to(peer)?).map(|_| FULL)
    }

    /// The SFU or streamer that a player gets that its dialect attaches.
    fn attached_to(&self, peer: &Peer) -> Option<SessionId> {
        let prefers_sfu = peer.wishes.prefers_sfu && peer.dialect.sfus != Sfus::None;
        let sfu = if prefers_sfu { self.first_streaming(Role::Sfu, &peer.scope) } else { None };
        sfu.or_else(|| self.first_streaming(Role::Streamer, &peer.scope))
    }

    fn no_place(&self, peer: &Peer) -> Option<Close> {
        let (limit, players) = (self.settings.max_players?, self.count.players());
        let full = peer.places == Places::OfTheServer && players >= limit;
        let why = || format!("too many connections. max: {limit}, current: {players}");
        full.then(|| Close::new(CloseCode::TRY_AGAIN, why()))
    }

    /// The id as a player of a peer that is let in.
    pub(super) fn player_id_for(&mut self, peer: &Peer) -> Option<PlayerId> {
        let form = peer.dialect.player_id;
        match (peer.role, peer.dialect.sfus) {
            (Role::Streamer, _) => None,
            (Role::Sfu, Sfus::One { id, .. }) => Some(self.player_ids.only_sfu(id, form)),
            (Role::Sfu | Role::Player, _) => Some(self.player_ids.next(form)),
        }
    }

    /// Subscribes a player that has been greeted, where its dialect does so by itself.
    pub(super) fn attach_if_due(&mut self, session: SessionId, peer: &Peer, out: &mut Actions) {
        if peer.dialect.fallback != Fallback::AttachedOnConnect {
            return;
        }
        if let Some(target) = self.attached_to(peer) {
            self.attach(session, target, out);
        }
    }
}
