//! A hub with named peers around it.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::hub::{Action, Actions, Dialect, Hub, Now, Peer, Pressure, Request, Scope, Settings, Wishes};
use crate::id::SessionId;
use crate::wire::{Close, CloseCode, DropReason, Kind, Message, Role};

/// A hub, the peers around it by name, and what each has heard and not yet been asked about.
pub(super) struct World {
    pub(super) hub: Hub,
    dialect: &'static Dialect,
    now: Now,
    last: u64,
    sessions: BTreeMap<String, SessionId>,
    heard: BTreeMap<SessionId, Vec<String>>,
    drops: Vec<DropReason>,
}

/// One peer, about to do something. Every deed gives the peer back, so that deeds can be told in one sentence.
pub(super) struct Deed<'a> {
    world: &'a mut World,
    session: SessionId,
}

/// The dialects with names for players, confirms and as many streamers as there are.
pub(super) const MODERN: [&Dialect; 3] = [Dialect::STANDARD, Dialect::WILBUR, Dialect::WILBUR_5_5];

/// What somebody heard who heard nothing.
pub(super) const NOTHING: [&str; 0] = [];

impl World {
    /// Where everybody speaks that dialect unless something else is said.
    pub(super) fn of(dialect: &'static Dialect) -> Self {
        Self::with(dialect, Settings::default())
    }

    pub(super) fn standard() -> Self {
        Self::of(Dialect::STANDARD)
    }

    pub(super) fn wilbur() -> Self {
        Self::of(Dialect::WILBUR)
    }

    pub(super) fn with(dialect: &'static Dialect, settings: Settings) -> Self {
        let (sessions, heard, drops) = Default::default();
        Self { hub: Hub::new(settings), dialect, now: Now::ZERO, last: 0, sessions, heard, drops }
    }

    pub(super) fn streamer(&mut self, name: &str) -> Deed<'_> {
        self.connect(name, Role::Streamer, self.dialect)
    }

    pub(super) fn player(&mut self, name: &str) -> Deed<'_> {
        self.connect(name, Role::Player, self.dialect)
    }

    pub(super) fn sfu(&mut self, name: &str) -> Deed<'_> {
        self.connect(name, Role::Sfu, self.dialect)
    }

    /// A player that says so in its URL.
    pub(super) fn player_wishing(&mut self, name: &str, wishes: Wishes) -> Deed<'_> {
        self.connect_wishing(name, Role::Player, self.dialect, wishes)
    }

    pub(super) fn connect(&mut self, name: &str, role: Role, dialect: &'static Dialect) -> Deed<'_> {
        self.connect_wishing(name, role, dialect, Wishes::default())
    }

    pub(super) fn connect_wishing(
        &mut self,
        name: &str,
        role: Role,
        dialect: &'static Dialect,
        wishes: Wishes,
    ) -> Deed<'_> {
        let peer = Peer { role, dialect, places: dialect.places, config: config(), wishes, scope: Scope::ANY };
        self.arrive(name, peer)
    }

    /// A player that chooses another dialect than its listener's.
    pub(super) fn choosing(&mut self, dialect: &'static Dialect, name: &str) -> Deed<'_> {
        let (places, wishes) = (self.dialect.places, Wishes::default());
        self.arrive(name, Peer { role: Role::Player, dialect, places, config: config(), wishes, scope: Scope::ANY })
    }

    /// One that may register or watch these ids only.
    pub(super) fn within(&mut self, ids: &[&str], name: &str, role: Role) -> Deed<'_> {
        self.within_wishing(ids, name, role, Wishes::default())
    }

    /// The same, that says so in its URL.
    pub(super) fn within_wishing(&mut self, ids: &[&str], name: &str, role: Role, wishes: Wishes) -> Deed<'_> {
        let scope = Scope::of(ids).expect("so many patterns are allowed");
        let (dialect, places) = (self.dialect, self.dialect.places);
        self.arrive(name, Peer { role, dialect, places, config: config(), wishes, scope })
    }

    fn arrive(&mut self, name: &str, peer: Peer) -> Deed<'_> {
        self.last += 1;
        let session = SessionId(self.last);
        self.sessions.insert(name.into(), session);
        self.step(|hub, now, out| {
            hub.connect(now, session, peer, out);
        });
        Deed { world: self, session }
    }

    /// The peer of that name, which came before.
    pub(super) fn the(&mut self, name: &str) -> Deed<'_> {
        let session = self.session(name);
        Deed { world: self, session }
    }

    /// Time goes by, and whatever becomes due is done when it is due.
    pub(super) fn wait(&mut self, seconds: f64) {
        let until = self.now + Duration::from_secs_f64(seconds);
        while let Some(at) = self.hub.deadline().filter(|&at| at <= until) {
            self.now = at;
            self.step(Hub::tick);
            assert!(self.hub.deadline() != Some(at), "a deadline is over once it was carried out");
        }
        self.now = until;
    }

    /// What one has heard since it was last asked, in order: the type and its values, `closed` with code and reason,
    /// `probed`; relayed messages as they are, before a `!` if the receiver is cut when it has no room.
    pub(super) fn heard(&mut self, name: &str) -> Vec<String> {
        let session = self.session(name);
        self.heard.remove(&session).unwrap_or_default()
    }

    /// Why messages went nowhere since this was last asked.
    pub(super) fn dropped(&mut self) -> Vec<DropReason> {
        std::mem::take(&mut self.drops)
    }

    /// What was heard so far is of no interest.
    pub(super) fn forget(&mut self) {
        self.heard.clear();
        self.drops.clear();
    }

    /// Nobody has heard anything since they were last asked.
    pub(super) fn assert_silence(&self) {
        assert!(self.heard.is_empty() && self.drops.is_empty(), "{:?}, {:?}", self.heard, self.drops);
    }

    /// The ids that a newly come player finds listed.
    pub(super) fn listed(&mut self) -> Vec<String> {
        let views = self.hub.streamers();
        views.into_iter().filter(|view| view.streaming).map(|view| view.id.unwrap().to_string()).collect()
    }

    /// Everybody who is left leaves; then nothing is left in the hub.
    pub(super) fn ends_empty(mut self) {
        for session in self.sessions.clone().into_values() {
            self.step(|hub, now, out| hub.disconnect(now, session, out));
        }
        assert!(self.hub.is_empty(), "{:?}", self.hub);
        self.wait(10.0);
        assert_eq!(self.hub.deadline(), None);
    }

    fn session(&self, name: &str) -> SessionId {
        *self.sessions.get(name).unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    fn step(&mut self, step: impl FnOnce(&mut Hub, Now, &mut Actions)) {
        let mut out = Actions::new();
        step(&mut self.hub, self.now, &mut out);
        for action in out {
            self.note(action);
        }
    }

    fn note(&mut self, action: Action) {
        let (session, words) = match action {
            Action::Relay { to, frame, pressure, .. } => {
                let cut = if pressure == Pressure::ReceiverIsCut { "!" } else { "" };
                (to, format!("{cut}{}", text(frame.into_text())))
            }
            Action::Notify { to, text, .. } => (to, short(&text)),
            Action::Close { session, close } => (session, closed(&close)),
            Action::Probe(session) => (session, "probed".into()),
            Action::Bound { .. } | Action::Orphaned(_) => return,
            Action::Drop(reason) => return self.drops.push(reason),
        };
        self.heard.entry(session).or_default().push(words);
    }
}

impl Deed<'_> {
    pub(super) fn says_id(self, id: &str) -> Self {
        self.asks(Request::EndpointId(Some(id.into())))
    }

    pub(super) fn says_no_id(self) -> Self {
        self.asks(Request::EndpointId(None))
    }

    pub(super) fn subscribes(self, id: &str) -> Self {
        self.asks(Request::Subscribe(id.into()))
    }

    pub(super) fn unsubscribes(self) -> Self {
        self.asks(Request::Unsubscribe)
    }

    pub(super) fn lists(self) -> Self {
        self.asks(Request::ListStreamers)
    }

    pub(super) fn starts_streaming(self) -> Self {
        self.asks(Request::StartStreaming)
    }

    pub(super) fn stops_streaming(self) -> Self {
        self.asks(Request::StopStreaming)
    }

    pub(super) fn disconnects(self, player: &str, reason: &str) -> Self {
        self.asks(Request::DisconnectPlayer { player: player.into(), reason: reason.into() })
    }

    /// As a player, to whatever it is subscribed to.
    pub(super) fn sends(self, text: &str) -> Self {
        let message = message(text);
        self.asks(Request::ToPublisher { kind: message.kind(), text: message.into_text() })
    }

    /// As a streamer, to the player that the text names.
    pub(super) fn sends_to_player(self, text: &str) -> Self {
        let message = message(text);
        let strip = self.is_sfu() && matches!(message.kind(), Kind::Offer | Kind::PeerDataChannels);
        self.asks(Request::ToPlayer { message, strip })
    }

    pub(super) fn sends_to_sfus(self, text: &str) -> Self {
        self.asks(Request::ToSfus(Bytes::copy_from_slice(text.as_bytes())))
    }

    pub(super) fn shows_life(self) -> Self {
        self.does(|hub, session, now, out| hub.alive(now, session, out))
    }

    pub(super) fn leaves(self) -> Self {
        self.does(|hub, session, now, out| hub.disconnect(now, session, out))
    }

    pub(super) fn gets_drained(self) -> Self {
        self.does(|hub, session, now, out| hub.drain(now, session, out))
    }

    pub(super) fn asks(self, request: Request) -> Self {
        self.does(|hub, session, now, out| hub.request(now, session, request, out))
    }

    /// What it has heard since it was last asked.
    pub(super) fn heard(self) -> Vec<String> {
        self.world.heard.remove(&self.session).unwrap_or_default()
    }

    /// Ends the sentence.
    pub(super) fn and_that_is_all(self) {}

    fn does(self, deed: impl FnOnce(&mut Hub, SessionId, Now, &mut Actions)) -> Self {
        let session = self.session;
        self.world.step(|hub, now, out| deed(hub, session, now, out));
        self
    }

    fn is_sfu(&self) -> bool {
        let (players, streamers) = (self.world.hub.players(), self.world.hub.streamers());
        players.iter().any(|player| player.session == self.session && player.role == Role::Sfu)
            && streamers.iter().any(|streamer| streamer.session == self.session)
    }
}

fn config() -> Bytes {
    Bytes::from_static(br#"{"type":"config"}"#)
}

fn message(written: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(written.as_bytes())).unwrap_or_else(|error| panic!("{written}: {error}"))
}

fn text(bytes: Bytes) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn closed(close: &Close) -> String {
    match (close.code, &*close.reason) {
        (CloseCode::EMPTY, "") => "closed".into(),
        (code, "") => format!("closed {code}"),
        (code, reason) => format!("closed {code}: {reason}"),
    }
}

/// The type and the values, without what says nothing new.
fn short(written: &[u8]) -> String {
    let message: Value = serde_json::from_slice(written).unwrap();
    let field = |name: &str| message.get(name).unwrap_or_else(|| panic!("{message} has no {name}"));
    let word = |name: &str| field(name).as_str().unwrap_or_else(|| panic!("{message}: {name}")).to_owned();
    match &*word("type") {
        kind @ "playerConnected" => {
            assert_eq!(field("dataChannel"), true);
            let sfu = if field("sfu").as_bool().unwrap() { " (SFU)" } else { "" };
            let offer = match message.get("sendOffer").map(|offer| offer.as_bool().unwrap()) {
                Some(true) => ", offer",
                Some(false) => ", do not offer",
                None => "",
            };
            format!("{kind} {}{sfu}{offer}", word("playerId"))
        }
        kind @ "playerDisconnected" => format!("{kind} {}", word("playerId")),
        kind @ "endpointIdConfirm" => format!("{kind} {}", word("committedId")),
        kind @ ("streamerIdChanged" | "streamerIDChanged") => format!("{kind} {}", word("newID")),
        kind @ "subscribeFailed" => format!("{kind}: {}", word("message")),
        kind @ "playerCount" => format!("{kind} {}", field("count")),
        kind @ "streamerList" => {
            let ids: Vec<_> = field("ids").as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
            format!("{kind} [{}]", ids.join(", "))
        }
        kind @ ("config" | "identify" | "streamerDisconnected") => kind.into(),
        kind => panic!("the hub does not write {kind}"),
    }
}
