//! The rules (protocol.md §3 to §5): who is connected, who may reach whom, and what each is told.
//!
//! Pure: no clock, no randomness, no logging, no tasks. The same calls give the same actions. A session that the
//! hub has closed is forgotten at once; whatever still comes from it is dropped.
//!
//! Invariants: a subscription stands on both sides or on neither; an id has one holder; each subscription, told of or
//! silent, is followed by one `playerDisconnected` unless its receiver is gone first.
//!
//! | file | rules |
//! |---|---|
//! | `admission` | who is turned away at once, and who is attached |
//! | `identity` | streamer ids, collisions, ids never said |
//! | `subscription` | subscribe, unsubscribe, who is full, who speaks first |
//! | `sfu` | who is listed, and the SFUs that the gateway subscribes |
//! | `scope` | which ids a session may register or watch |
//! | `relay` | who may reach whom |
//! | `departure` | sessions that end, and what ends with them |
//! | `count` | the player count |

mod action;
mod admission;
mod count;
mod deadlines;
mod departure;
mod dialect;
mod identity;
mod names;
mod player_ids;
mod relay;
mod scope;
mod sfu;
mod state;
mod subscription;
mod tables;
#[cfg(any(test, fuzzing))]
pub(crate) mod tests;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use rustc_hash::FxHashMap;

pub use action::{Action, Actions, Frame, Notice, Now, Peer, Pressure, Request, Wishes};
pub use departure::RESTARTING;
pub use dialect::{
    Dialect, Fallback, Places, PlayerConnected, PlayerCount, PlayerIdForm, SfuStreamsFrom, SfuSubscribes, Sfus,
    StrictInput, Unidentified,
};
pub use scope::Scope;
pub(crate) use tables::give_back;
pub use view::{PlayerView, StreamerView};

use self::count::Count;
use self::deadlines::{Deadlines, Due};
use self::identity::Claim;
use self::names::Names;
use self::player_ids::PlayerIds;
use self::state::{Publisher, Session, Subscriber};
use crate::id::{PlayerId, SessionId, StreamerId};
use crate::wire::{DropReason, Kind, Role, out as texts};

/// How SFUs that have not chosen for themselves get a streamer (protocol.md §5.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AutoSubscribe {
    /// To the first that streams.
    #[default]
    First,
    /// To that one only.
    Only(StreamerId),
    /// Not at all.
    Off,
}

/// The hub's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Players per streamer, or of the whole gateway, as the player's listener has it; `None` for no limit.
    pub max_players: Option<u32>,
    /// For SFUs on listeners whose dialect subscribes them.
    pub auto_subscribe: AutoSubscribe,
}

/// All the rules' state.
#[derive(Debug)]
pub struct Hub {
    settings: Settings,
    sessions: FxHashMap<SessionId, Session>,
    players: FxHashMap<PlayerId, SessionId>,
    player_ids: PlayerIds,
    names: Names,
    /// Streamers and SFUs in the order of registration.
    publishers: BTreeSet<SessionId>,
    /// Those of them that are streaming.
    streaming: BTreeMap<SessionId, Role>,
    sfus: BTreeSet<SessionId>,
    /// By the holder of the wanted id.
    claims: BTreeMap<SessionId, Claim>,
    deadlines: Deadlines,
    count: Count,
    /// `streamerList` as players get it, until somebody comes, goes or is renamed.
    list: Option<Bytes>,
}

impl Hub {
    /// Another limit for subscriptions from now on.
    pub fn set_max_players(&mut self, max_players: Option<u32>) {
        self.settings.max_players = max_players;
    }

    /// An empty hub.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            sessions: FxHashMap::default(),
            players: FxHashMap::default(),
            player_ids: PlayerIds::default(),
            names: Names::default(),
            publishers: BTreeSet::new(),
            streaming: BTreeMap::new(),
            sfus: BTreeSet::new(),
            claims: BTreeMap::new(),
            deadlines: Deadlines::default(),
            count: Count::default(),
            list: None,
        }
    }

    /// A peer arrives: it is greeted, counted and, if it is an SFU, perhaps subscribed. Returns its id as a player
    /// (players and SFUs), or nothing if it is turned away: then it is closed and nothing else. `session` must be
    /// new. The order of sessions is the order of registration, also of those that come in past one another.
    pub fn connect(&mut self, now: Now, session: SessionId, peer: Peer, out: &mut Actions) -> Option<PlayerId> {
        if let Some(close) = self.refusal(&peer) {
            out.push(Action::Close { session, close });
            return None;
        }
        let player_id = self.player_id_for(&peer);
        self.register(session, &peer, player_id.clone());
        self.greet(session, &peer, out);
        if peer.role.publishes() {
            self.await_identity(now, session, out);
        }
        match peer.role {
            Role::Sfu => self.auto_subscribe(session, out),
            Role::Player => self.attach_if_due(session, &peer, out),
            Role::Streamer => {}
        }
        self.tell_count(now, out);
        player_id
    }

    /// A session asks for something. Whoever meets a full outbox with a relayed message may ask the same again.
    pub fn request(&mut self, now: Now, session: SessionId, request: Request, out: &mut Actions) {
        let Some((role, dialect)) = self.sessions.get(&session).map(|asker| (asker.role, asker.dialect)) else {
            return out.push(Action::Drop(DropReason::SessionOver));
        };
        match request {
            _ if !request.is_in(dialect, role) => out.push(Action::Drop(DropReason::Dialect)),
            Request::ToPublisher { text, .. } if role.subscribes() => self.relay_to_publisher(session, text, out),
            Request::ToPlayer { message, strip } if role.publishes() => {
                self.relay_to_player(session, message, strip, out);
            }
            Request::ToSfus(text) if role == Role::Streamer => self.relay_to_sfus(session, &text, out),
            Request::ListStreamers if role.subscribes() => self.list_streamers(session, out),
            Request::Subscribe(id) if role.subscribes() => self.subscribe(session, &id, out),
            Request::Unsubscribe if role.subscribes() => self.unsubscribe(session, out),
            Request::EndpointId(id) if role.publishes() => self.endpoint_id(now, session, id.as_deref(), out),
            Request::DisconnectPlayer { player, reason } if role.publishes() => {
                self.disconnect_player(session, &player, reason, out);
            }
            Request::StartStreaming if role == Role::Sfu => self.start_streaming(session, out),
            Request::StopStreaming if role == Role::Sfu => self.stop_streaming(session, out),
            _ => out.push(Action::Drop(DropReason::WrongRole)),
        }
        self.tell_count(now, out);
    }

    /// The next time at which [`Hub::tick`] has something to do.
    pub fn deadline(&self) -> Option<Now> {
        self.deadlines.next()
    }

    /// Carries out what has become due.
    pub fn tick(&mut self, now: Now, out: &mut Actions) {
        while let Some(due) = self.deadlines.pop(now) {
            match due {
                Due::Legacy(session) => self.list_unidentified(session, out),
                Due::Probe(holder) => self.probe_failed(holder, out),
                Due::PlayerCount => self.count_is_due(now, out),
            }
        }
        self.tell_count(now, out);
    }

    /// Whether nothing is left of any session.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
            && self.players.is_empty()
            && self.names.is_empty()
            && self.publishers.is_empty()
            && self.streaming.is_empty()
            && self.sfus.is_empty()
            && self.claims.is_empty()
            && self.count.is_empty()
    }

    fn register(&mut self, session: SessionId, peer: &Peer, player_id: Option<PlayerId>) {
        let role = peer.role;
        if let Some(id) = &player_id {
            self.players.insert(id.clone(), session);
        }
        if role.publishes() {
            self.publishers.insert(session);
        }
        if role == Role::Sfu {
            self.sfus.insert(session);
        }
        self.count.arrived(session, role, peer.dialect.player_count);
        let subscriber = player_id.map(|id| Subscriber { id, to: None, offers: peer.wishes.offers });
        let publisher = role.publishes().then(Box::<Publisher>::default);
        let (places, scope) = (peer.places, peer.scope.clone());
        self.sessions.insert(session, Session { role, dialect: peer.dialect, places, scope, subscriber, publisher });
    }

    fn greet(&self, session: SessionId, peer: &Peer, out: &mut Actions) {
        let greeting = match peer.role {
            Role::Streamer => peer.dialect.greet_streamer,
            Role::Sfu => peer.dialect.greet_sfu,
            Role::Player => peer.dialect.greet_player,
        };
        for kind in greeting {
            let (text, notice) = match kind {
                Kind::Config => (peer.config.clone(), Notice::Other),
                Kind::PlayerCount => {
                    let count = self.count.of(peer.dialect.player_count);
                    (texts::player_count(count as usize), Notice::PlayerCount)
                }
                _ => (texts::identify(), Notice::Other),
            };
            out.push(Action::Notify { to: session, text, notice });
        }
    }

    fn publisher(&self, session: SessionId) -> Option<&Publisher> {
        self.sessions.get(&session)?.publisher.as_deref()
    }

    fn publisher_mut(&mut self, session: SessionId) -> Option<&mut Publisher> {
        self.sessions.get_mut(&session)?.publisher.as_deref_mut()
    }
}

fn notify(to: SessionId, text: Bytes, out: &mut Actions) {
    out.push(Action::Notify { to, text, notice: Notice::Other });
}
