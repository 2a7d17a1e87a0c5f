//! From a message to what the hub is asked (protocol.md §3): who may send what, and what is spliced in.

use std::borrow::Cow;

use bytes::Bytes;

use crate::hub::Request;
use crate::id::{PlayerId, StreamerId};
use crate::wire::{Close, DropReason, Kind, Message, Role};

/// What is looked at of a wanted id, in characters: more than any streamer's has, which are 128 and a number (protocol.md
/// §5.1). The answer repeats it.
const WANTED_ID: usize = StreamerId::MAX_CHARS + 32;

/// What to do with a message.
#[derive(Debug)]
pub(crate) enum Asked {
    /// Ask the hub.
    Hub(Request),
    /// Answer with `pong`.
    Pong,
    /// Accepted, for the log only.
    Noted,
    /// It goes nowhere.
    Dropped(DropReason),
}

/// `sender` is the session's own id as a player, where it has one.
pub(crate) fn ask(message: Message, role: Role, sender: Option<&PlayerId>) -> Asked {
    let kind = message.kind();
    match kind {
        Kind::Ping => Asked::Pong,
        Kind::Pong => Asked::Noted,
        Kind::Missing => Asked::Dropped(DropReason::NoType),
        Kind::Unknown => Asked::Dropped(DropReason::UnknownType),
        _ => match (role, sender) {
            (Role::Player, Some(sender)) => of_player(kind, &message, sender),
            (Role::Sfu, Some(sender)) => of_sfu(kind, message, sender),
            (Role::Streamer, _) => of_streamer(kind, message),
            _ => Asked::Dropped(DropReason::WrongRole),
        },
    }
}

fn of_player(kind: Kind, message: &Message, sender: &PlayerId) -> Asked {
    match kind {
        Kind::Offer
        | Kind::Answer
        | Kind::IceCandidate
        | Kind::LayerPreference
        | Kind::DataChannelRequest
        | Kind::PeerDataChannelsReady => to_publisher(kind, message.with_player_id(sender)),
        Kind::Stats => Asked::Noted,
        _ => of_subscriber(kind, message),
    }
}

fn of_streamer(kind: Kind, message: Message) -> Asked {
    match kind {
        Kind::Offer | Kind::Answer | Kind::IceCandidate => to_player(message, false),
        Kind::LayerPreference => Asked::Hub(Request::ToSfus(message.right_sized())),
        Kind::Stats => Asked::Noted,
        _ => of_publisher(kind, &message),
    }
}

fn of_sfu(kind: Kind, message: Message, sender: &PlayerId) -> Asked {
    match kind {
        Kind::Offer | Kind::PeerDataChannels => to_player(message, true),
        Kind::IceCandidate if message.has_player_id() => to_player(message, false),
        Kind::IceCandidate => to_publisher(kind, message.with_player_id(sender)),
        Kind::Answer => to_publisher(kind, message.with_own_player_id_unless_set(sender)),
        Kind::StreamerDataChannels => to_publisher(kind, message.with_sfu_id(sender)),
        Kind::StartStreaming => Asked::Hub(Request::StartStreaming),
        Kind::StopStreaming => Asked::Hub(Request::StopStreaming),
        Kind::EndpointId | Kind::DisconnectPlayer => of_publisher(kind, &message),
        _ => of_subscriber(kind, &message),
    }
}

fn of_subscriber(kind: Kind, message: &Message) -> Asked {
    match (kind, message.streamer_id()) {
        (Kind::ListStreamers, _) => Asked::Hub(Request::ListStreamers),
        (Kind::Unsubscribe, _) => Asked::Hub(Request::Unsubscribe),
        (Kind::Subscribe, Some(id)) => Asked::Hub(Request::Subscribe(wanted_id(&id))),
        (Kind::Subscribe, None) => Asked::Dropped(DropReason::BadField),
        _ => Asked::Dropped(DropReason::WrongRole),
    }
}

fn of_publisher(kind: Kind, message: &Message) -> Asked {
    match (kind, message.player_id()) {
        (Kind::EndpointId, _) => Asked::Hub(Request::EndpointId(message.id().map(Cow::into_owned))),
        (Kind::DisconnectPlayer, Some(player)) => Asked::Hub(Request::DisconnectPlayer {
            player: player.into_owned(),
            reason: reason(&message.reason().unwrap_or_default()),
        }),
        (Kind::DisconnectPlayer, None) => Asked::Dropped(DropReason::BadField),
        _ => Asked::Dropped(DropReason::WrongRole),
    }
}

fn wanted_id(id: &str) -> String {
    let end = id.char_indices().nth(WANTED_ID).map_or(id.len(), |(at, _)| at);
    id[..end].to_owned()
}

/// No transport tells more of it.
fn reason(reason: &str) -> String {
    reason[..reason.floor_char_boundary(Close::MAX_REASON)].to_owned()
}

fn to_publisher(kind: Kind, text: Bytes) -> Asked {
    Asked::Hub(Request::ToPublisher { kind, text })
}

fn to_player(message: Message, strip: bool) -> Asked {
    if !message.has_player_id() {
        return Asked::Dropped(DropReason::BadField);
    }
    Asked::Hub(Request::ToPlayer { message: message.into_right_sized(), strip })
}
