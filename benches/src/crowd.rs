//! A hub with many sessions: streamers with nine players each.

use std::time::Duration;

use bytes::Bytes;

use crate::hub::{Actions, Dialect, Hub, Now, Peer, Request, Scope, Settings, Wishes};
use crate::id::{PlayerId, SessionId};
use crate::wire::Role;

/// A streamer and its players.
const GROUP: u64 = 10;

/// So long after the beginning that nothing is due any more.
const LATER: Now = Duration::from_secs(60);

/// A player and its streamer.
pub(crate) struct Pair {
    pub(crate) player: SessionId,
    pub(crate) player_id: PlayerId,
    pub(crate) streamer: SessionId,
    pub(crate) streamer_id: String,
}

/// The hub, its list of actions, and who talks to whom.
pub(crate) struct Crowd {
    hub: Hub,
    now: Now,
    actions: Actions,
    sessions: u64,
    pub(crate) pairs: Vec<Pair>,
}

impl Crowd {
    pub(crate) fn empty() -> Self {
        let hub = Hub::new(Settings::default());
        Self { hub, now: Duration::ZERO, actions: Actions::new(), sessions: 0, pairs: Vec::new() }
    }

    /// A crowd of that many sessions, which have all been greeted, subscribed and told of each other.
    pub(crate) fn of(sessions: u64) -> Self {
        let mut crowd = Self::empty();
        while crowd.sessions < sessions {
            crowd.group();
        }
        crowd.settle();
        crowd
    }

    fn group(&mut self) {
        let streamer_id = format!("Streamer {}", self.sessions);
        let (streamer, _) = self.connect(Role::Streamer);
        self.request(streamer, Request::EndpointId(Some(streamer_id.clone())));
        for _ in 1..GROUP {
            let (player, player_id) = self.connect(Role::Player);
            self.request(player, Request::Subscribe(streamer_id.clone()));
            let player_id = player_id.expect("a player has an id");
            self.pairs.push(Pair { player, player_id, streamer, streamer_id: streamer_id.clone() });
        }
    }

    pub(crate) fn connect(&mut self, role: Role) -> (SessionId, Option<PlayerId>) {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        let config = Bytes::from_static(br#"{"type":"config","peerConnectionOptions":{}}"#);
        let (dialect, wishes) = (Dialect::STANDARD, Wishes::default());
        let peer = Peer { role, dialect, places: dialect.places, config, wishes, scope: Scope::ANY };
        let player = self.hub.connect(self.now, session, peer, &mut self.actions);
        self.actions.clear();
        (session, player)
    }

    /// The player count has been told, and nothing is due.
    pub(crate) fn settle(&mut self) {
        self.now = LATER;
        self.hub.tick(self.now, &mut self.actions);
        self.actions.clear();
        assert_eq!(self.hub.deadline(), None, "the crowd is at rest");
    }

    /// Asks the hub, and carries nothing out of what it says. Returns how much that was.
    pub(crate) fn request(&mut self, session: SessionId, request: Request) -> usize {
        self.hub.request(self.now, session, request, &mut self.actions);
        let actions = self.actions.len();
        self.actions.clear();
        actions
    }

    /// One message on its way: to the only receiver, as the text that is sent.
    pub(crate) fn relay(&mut self, session: SessionId, request: Request) -> Option<Bytes> {
        self.hub.request(self.now, session, request, &mut self.actions);
        self.actions.drain(..).next().and_then(|action| match action {
            crate::hub::Action::Relay { frame, .. } => Some(frame.into_text()),
            _ => None,
        })
    }

    pub(crate) fn alive(&mut self, session: SessionId) {
        self.hub.alive(self.now, session, &mut self.actions);
        self.actions.clear();
    }

    /// Of the pairs those that many operations take, from all over the crowd.
    pub(crate) fn spread(&self, operations: usize) -> impl Iterator<Item = &Pair> {
        (0..operations).map(move |index| &self.pairs[index * self.pairs.len() / operations])
    }
}
