//! The hub under test, its actions read back from what stands on the wire.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::effects::{Ask, Auto, Effect, Effects, Setup, Speech, Subject};
use crate::hub::{
    Action, Actions, AutoSubscribe, Dialect, Frame, Hub, Notice, Now, Peer, Pressure, Request, Scope, Settings, Wishes,
};
use crate::id::{PlayerId, SessionId, StreamerId};
use crate::wire::{Kind, Message, Role};

/// The hub's row for a dialect.
fn dialect(speech: Speech) -> &'static Dialect {
    match speech {
        Speech::Standard => Dialect::STANDARD,
        Speech::Wilbur => Dialect::WILBUR,
        Speech::Wilbur55 => Dialect::WILBUR_5_5,
        Speech::Cirrus54 => Dialect::CIRRUS_5_4,
        Speech::Cirrus52 => Dialect::CIRRUS_5_2,
        Speech::Cirrus51 => Dialect::CIRRUS_5_1,
        Speech::Cirrus427 => Dialect::CIRRUS_4_27,
    }
}

/// The hub, and what it did last.
pub(super) struct Driven {
    hub: Hub,
    actions: Actions,
    players: HashMap<u64, PlayerId>,
    /// Most texts come again and again.
    read: HashMap<Bytes, Effect>,
}

impl Subject for Driven {
    fn new(setup: Setup) -> Self {
        let auto_subscribe = match setup.auto {
            Auto::First => AutoSubscribe::First,
            Auto::Off => AutoSubscribe::Off,
            Auto::Only(id) => AutoSubscribe::Only(StreamerId::new(id)),
        };
        let hub = Hub::new(Settings { max_players: setup.max_players, auto_subscribe });
        Self { hub, actions: Actions::new(), players: HashMap::new(), read: HashMap::new() }
    }

    fn connect(&mut self, now: Now, session: u64, role: Role, speech: Speech, wishes: Wishes) -> Option<String> {
        let config = format!(r#"{{"type":"config","peerConnectionOptions":{{}},"mark":{session}}}"#);
        let dialect = dialect(speech);
        let (places, config) = (dialect.places, config.into());
        let peer = Peer { role, dialect, places, config, wishes, scope: Scope::ANY };
        let player = self.hub.connect(now, SessionId(session), peer, &mut self.actions)?;
        self.players.insert(session, player.clone());
        Some(player.as_str().to_owned())
    }

    fn request(&mut self, now: Now, session: u64, ask: &Ask) {
        let request = self.request_of(session, ask);
        self.hub.request(now, SessionId(session), request, &mut self.actions);
    }

    fn alive(&mut self, now: Now, session: u64) {
        self.hub.alive(now, SessionId(session), &mut self.actions);
    }

    fn disconnect(&mut self, now: Now, session: u64) {
        self.hub.disconnect(now, SessionId(session), &mut self.actions);
    }

    fn drain(&mut self, now: Now, session: u64) {
        self.hub.drain(now, SessionId(session), &mut self.actions);
    }

    fn tick(&mut self, now: Now) {
        self.hub.tick(now, &mut self.actions);
    }

    fn deadline(&self) -> Option<Now> {
        self.hub.deadline()
    }

    fn is_empty(&self) -> bool {
        self.hub.is_empty()
    }

    fn take(&mut self) -> (Effects, Option<usize>) {
        let mut actions = std::mem::take(&mut self.actions);
        let drops = actions.iter().filter(|action| matches!(action, Action::Drop(_))).count();
        let effects: Effects = actions.drain(..).filter_map(|action| self.effect(action)).collect();
        self.actions = actions;
        (effects, Some(drops))
    }
}

/// Into the hub's terms.
impl Driven {
    fn request_of(&self, session: u64, ask: &Ask) -> Request {
        match ask.clone() {
            Ask::EndpointId(id) => Request::EndpointId(id),
            Ask::ListStreamers => Request::ListStreamers,
            Ask::Subscribe(id) => Request::Subscribe(id),
            Ask::Unsubscribe => Request::Unsubscribe,
            Ask::DisconnectPlayer { player, reason } => Request::DisconnectPlayer { player, reason },
            Ask::StartStreaming => Request::StartStreaming,
            Ask::StopStreaming => Request::StopStreaming,
            Ask::ToPublisher { mark } => Request::ToPublisher { kind: Kind::Answer, text: self.spliced(session, mark) },
            Ask::ToPlayer { player, mark, strip } => {
                let text = addressed("offer", mark, &player);
                let message = Message::parse(text).expect("the tests write JSON objects");
                Request::ToPlayer { message, strip }
            }
            Ask::ToSfus { mark } => Request::ToSfus(addressed("layerPreference", mark, "Player0")),
        }
    }

    fn spliced(&self, session: u64, mark: u64) -> Bytes {
        addressed("answer", mark, self.players.get(&session).map_or("", PlayerId::as_str))
    }
}

fn addressed(kind: &str, mark: u64, player: &str) -> Bytes {
    format!(r#"{{"type":"{kind}","mark":{mark},"playerId":"{player}"}}"#).into()
}

/// Back from the hub's terms.
impl Driven {
    /// `None` for what is only counted.
    fn effect(&mut self, action: Action) -> Option<(u64, Effect)> {
        Some(match action {
            Action::Notify { to, text, notice } => (to.0, self.notice(&text, &notice)),
            Action::Relay { to, from, frame, pressure } => (to.0, self.relayed(from, &frame, pressure)),
            Action::Close { session, close } => (session.0, Effect::Closed(close.code.0, close.reason.into_owned())),
            Action::Probe(session) => (session.0, Effect::Probed),
            Action::Bound { to, player } => (to.0, Effect::Bound(self.players.get(&player.0)?.as_str().to_owned())),
            Action::Drop(_) | Action::Orphaned(_) => return None,
        })
    }

    fn read(&mut self, text: &Bytes) -> Effect {
        if let Some(effect) = self.read.get(text) {
            return effect.clone();
        }
        let effect = read(text).unwrap_or_else(|| Effect::Unreadable(String::from_utf8_lossy(text).into_owned()));
        self.read.insert(text.clone(), effect.clone());
        effect
    }

    fn notice(&mut self, text: &Bytes, notice: &Notice) -> Effect {
        let mut effect = self.read(text);
        if let (Effect::PlayerConnected { again, .. }, Notice::PlayerConnectedAgain(_)) = (&mut effect, notice) {
            *again = true;
        }
        let fits = match (&effect, notice) {
            (
                Effect::PlayerConnected { player, .. },
                Notice::PlayerConnected(noticed) | Notice::PlayerConnectedAgain(noticed),
            )
            | (Effect::PlayerDisconnected(player), Notice::PlayerDisconnected(noticed)) => {
                self.players.get(&noticed.0).is_some_and(|id| id.as_str() == player)
            }
            (Effect::PlayerCount(_), notice) => *notice == Notice::PlayerCount,
            (Effect::PlayerConnected { .. } | Effect::PlayerDisconnected(_) | Effect::Relay { .. }, _) => false,
            (_, notice) => *notice == Notice::Other,
        };
        if fits { effect } else { Effect::Unreadable(format!("{effect:?} as {notice:?}")) }
    }

    fn relayed(&mut self, from: SessionId, frame: &Frame, pressure: Pressure) -> Effect {
        let (text, whole) = match frame {
            Frame::Text(text) => (text, true),
            Frame::WithoutPlayerId(message) => (message.text(), false),
        };
        match self.read(text) {
            Effect::Relay { mark, addressed, .. } => {
                let waits = pressure == Pressure::SenderWaits;
                Effect::Relay { from: from.0, mark, addressed: addressed && whole, waits }
            }
            other => Effect::Unreadable(format!("{other:?} as a relayed message")),
        }
    }
}

fn read(text: &[u8]) -> Option<Effect> {
    let mut fields: Map<String, Value> = serde_json::from_slice(text).ok()?;
    let kind = string(&mut fields, "type")?;
    let effect = match kind.as_str() {
        "config" => {
            fields.remove("peerConnectionOptions")?;
            Effect::Config(number(&mut fields, "mark")?)
        }
        "identify" => Effect::Identify,
        "playerCount" => Effect::PlayerCount(number(&mut fields, "count")?),
        "endpointIdConfirm" => Effect::Confirm(string(&mut fields, "committedId")?),
        "streamerIdChanged" | "streamerIDChanged" => Effect::IdChanged(kind, string(&mut fields, "newID")?),
        "streamerList" => Effect::List(serde_json::from_value(fields.remove("ids")?).ok()?),
        "subscribeFailed" => Effect::SubscribeFailed(string(&mut fields, "message")?),
        "playerConnected" => player_connected(&mut fields)?,
        "playerDisconnected" => Effect::PlayerDisconnected(string(&mut fields, "playerId")?),
        "streamerDisconnected" => Effect::StreamerDisconnected,
        "offer" | "answer" | "layerPreference" => {
            let (mark, addressed) = (number(&mut fields, "mark")?, fields.remove("playerId").is_some());
            Effect::Relay { from: 0, mark, addressed, waits: false }
        }
        _ => return None,
    };
    fields.is_empty().then_some(effect)
}

fn player_connected(fields: &mut Map<String, Value>) -> Option<Effect> {
    let has_channel = fields.remove("dataChannel")? == Value::Bool(true);
    let (player, sfu) = (string(fields, "playerId")?, fields.remove("sfu")?.as_bool()?);
    let offer = match fields.remove("sendOffer") {
        Some(offer) => Some(offer.as_bool()?),
        None => None,
    };
    has_channel.then_some(Effect::PlayerConnected { player, sfu, offer, again: false })
}

fn string(fields: &mut Map<String, Value>, key: &str) -> Option<String> {
    match fields.remove(key)? {
        Value::String(value) => Some(value),
        _ => None,
    }
}

fn number(fields: &mut Map<String, Value>, key: &str) -> Option<u64> {
    fields.remove(key)?.as_u64()
}

#[test]
fn texts_are_read_to_the_last_field() {
    let connected = br#"{"type":"playerConnected","dataChannel":true,"sfu":false,"playerId":"Player0"}"#;
    let expected = |offer| Effect::PlayerConnected { player: "Player0".into(), sfu: false, offer, again: false };
    assert_eq!(read(connected), Some(expected(None)));
    let connected =
        br#"{"type":"playerConnected","dataChannel":true,"sfu":false,"playerId":"Player0","sendOffer":false}"#;
    assert_eq!(read(connected), Some(expected(Some(false))));
    assert_eq!(read(br#"{"type":"streamerList","ids":["a","b"]}"#), Some(Effect::List(vec!["a".into(), "b".into()])));
    let relayed = Effect::Relay { from: 0, mark: 3, addressed: true, waits: false };
    assert_eq!(read(&addressed("offer", 3, "Player0")), Some(relayed));
    for odd in [
        r#"{"type":"identify","more":1}"#,
        r#"{"type":"playerConnected","dataChannel":false,"sfu":false,"playerId":"Player0"}"#,
        r#"{"type":"playerConnected","dataChannel":true,"sfu":false,"playerId":"Player0","sendOffer":1}"#,
        r#"{"type":"playerCount","count":"1"}"#,
        r#"{"type":"nothing"}"#,
    ] {
        assert_eq!(read(odd.as_bytes()), None, "{odd}");
    }
}
