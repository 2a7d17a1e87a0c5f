//! What goes into the hub and what comes out of it.

use std::time::Duration;

use bytes::Bytes;

use super::{Dialect, Places, Scope};
use crate::id::SessionId;
use crate::wire::{Close, DropReason, Kind, Message, Role};

/// Time since the gateway started. The hub knows no clock; whoever calls it says what time it is.
pub type Now = Duration;

/// A peer that has connected and been let in.
#[derive(Clone, Debug)]
pub struct Peer {
    /// What it is.
    pub role: Role,
    /// The rules by which it is spoken to.
    pub dialect: &'static Dialect,
    /// What limits the number of players: the rule of its listener, whatever dialect it has chosen there.
    pub places: Places,
    /// The `config` message that greets it; its own, because TURN credentials may be.
    pub config: Bytes,
    /// What it said in its URL.
    pub wishes: Wishes,
    /// The streamer ids that it may register or watch.
    pub scope: Scope,
}

/// What a player may say in the query of its URL (protocol.md §4). Whether it counts is the dialect's matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `OfferToReceive`: it offers, and its streamer must not.
    pub offers: bool,
    /// `preferSFU`: rather an SFU than the streamer.
    pub prefers_sfu: bool,
}

/// What a session asks of the hub. Everything that takes parsing or splicing has been done outside.
#[derive(Clone, Debug)]
pub enum Request {
    /// `endpointId`: the id that a streamer or SFU wants, as it stood there.
    EndpointId(Option<String>),
    /// `listStreamers`.
    ListStreamers,
    /// `subscribe`.
    Subscribe(String),
    /// `unsubscribe`.
    Unsubscribe,
    /// `disconnectPlayer`: a streamer or SFU ends one of its players.
    DisconnectPlayer {
        /// Whom.
        player: String,
        /// The streamer's words; may be empty.
        reason: String,
    },
    /// `startStreaming`: an SFU has media.
    StartStreaming,
    /// `stopStreaming`: an SFU has none any more.
    StopStreaming,
    /// To whatever the sender is subscribed to.
    ToPublisher {
        /// What it is.
        kind: Kind,
        /// The message; it already carries the sender's id.
        text: Bytes,
    },
    /// To one of the sender's own players, the message's `playerId`.
    ToPlayer {
        /// The message, right-sized and as it came: whether its `playerId` stays is the receiver's dialect's matter.
        message: Message,
        /// An `offer` or `peerDataChannels` of an SFU: `playerId` goes in every dialect.
        strip: bool,
    },
    /// `layerPreference` of a streamer: to every SFU subscribed to it, unchanged.
    ToSfus(Bytes),
}

impl Request {
    /// Whether a peer of that role may ask for it in that dialect, whatever the roles say.
    pub(super) fn is_in(&self, dialect: &Dialect, role: Role) -> bool {
        let is_full_streamer = role != Role::Sfu || dialect.sfu_is_a_full_streamer;
        match self {
            Self::EndpointId(_) | Self::ListStreamers | Self::Subscribe(_) | Self::Unsubscribe => !dialect.one_streamer,
            Self::ToPublisher { kind, .. } => is_full_streamer || *kind != Kind::IceCandidate,
            // Who names no player has a fault of another kind.
            Self::ToPlayer { message, .. } => {
                is_full_streamer || message.kind() != Kind::IceCandidate || message.player_id().is_none()
            }
            Self::DisconnectPlayer { .. } => is_full_streamer,
            Self::StartStreaming | Self::StopStreaming | Self::ToSfus(_) => true,
        }
    }
}

/// A text to send.
#[derive(Clone, Debug)]
pub enum Frame {
    /// As it is.
    Text(Bytes),
    /// Without its `playerId`, which the receiver's task takes out, outside the lock.
    WithoutPlayerId(Box<Message>),
}

impl Frame {
    /// The text before anything is taken out of it.
    pub fn text(&self) -> &Bytes {
        match self {
            Self::Text(text) => text,
            Self::WithoutPlayerId(message) => message.text(),
        }
    }

    /// The text to send.
    pub fn into_text(self) -> Bytes {
        match self {
            Self::Text(text) => text,
            Self::WithoutPlayerId(message) => message.without_player_id(),
        }
    }
}

/// What happens when the receiver's outbox is full (design.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// Subscriber → publisher: the sender's reads pause, and it asks again.
    SenderWaits,
    /// Publisher → subscriber: the receiver is cut.
    ReceiverIsCut,
}

/// A message of the gateway's own that is bounded by the number of subscribers, not by the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// `playerConnected`, of that player's session.
    PlayerConnected(SessionId),
    /// `playerConnected` of a player that the receiver knows and that has not left in between.
    PlayerConnectedAgain(SessionId),
    /// `playerDisconnected`; takes an unsent `PlayerConnected` of the same session back.
    PlayerDisconnected(SessionId),
    /// `playerCount`: only the newest matters.
    PlayerCount,
    /// Anything else: greetings, answers to the session's own requests, news of its streamer.
    Other,
}

/// What the router must do, in this order.
#[derive(Clone, Debug)]
pub enum Action {
    /// Queue a relayed message.
    Relay {
        /// The receiver.
        to: SessionId,
        /// The sender of it.
        from: SessionId,
        /// What.
        frame: Frame,
        /// What to do when there is no room.
        pressure: Pressure,
    },
    /// Queue a message of the gateway's own.
    Notify {
        /// The receiver.
        to: SessionId,
        /// The text.
        text: Bytes,
        /// What it is, for its lane.
        notice: Notice,
    },
    /// The receiver has a subscriber that it is not told of; it will be told of the departure.
    Bound {
        /// The receiver.
        to: SessionId,
        /// The subscriber's session.
        player: SessionId,
    },
    /// So many subscriptions have ended with the streamer or SFU that they were to, which is not told.
    Orphaned(usize),
    /// End a session after what is queued for it. The hub has already forgotten it.
    Close {
        /// Whom.
        session: SessionId,
        /// Why.
        close: Close,
    },
    /// Ask a session for a sign of life; its answer is [`super::Hub::alive`].
    Probe(SessionId),
    /// Count a message that went nowhere.
    Drop(DropReason),
}

/// The list that the hub fills; kept by the caller and reused.
pub type Actions = Vec<Action>;
