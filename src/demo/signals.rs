//! What a streamer reads from and writes to its signalling server (protocol.md §3), as plain values.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use str0m::Candidate;

#[cfg(test)]
mod tests;

/// What a signalling server tells a streamer.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// Who are you?
    Identify,
    /// The id that was given.
    Confirmed(String),
    /// A player is there. `offer`: an offer is expected; else the player makes it.
    Connected { player: Arc<str>, sfu: bool, offer: bool },
    /// A player is gone.
    Disconnected(Arc<str>),
    /// A player's offer.
    Offer { player: Arc<str>, sdp: String },
    /// A player's answer.
    Answer { player: Arc<str>, sdp: String },
    /// A player's candidate.
    Candidate { player: Arc<str>, candidate: String },
    /// Are you there? With the time as it is written.
    Ping(Value),
    /// Nothing that a streamer acts on.
    Other,
}

impl Told {
    /// Reads a message. Servers are many: what is missing or strange makes it [`Told::Other`].
    pub(super) fn read(message: &[u8]) -> Self {
        serde_json::from_slice(message).ok().and_then(|message| Self::of(&message)).unwrap_or(Self::Other)
    }

    fn of(message: &Value) -> Option<Self> {
        Some(match message["type"].as_str()? {
            "identify" => Self::Identify,
            "endpointIdConfirm" => Self::Confirmed(text(&message["committedId"])?),
            "playerConnected" => Self::Connected {
                player: player(message)?,
                sfu: message["sfu"] == true,
                offer: message["sendOffer"] != false,
            },
            "playerDisconnected" => Self::Disconnected(player(message)?),
            "offer" => Self::Offer { player: player(message)?, sdp: text(&message["sdp"])? },
            "answer" => Self::Answer { player: player(message)?, sdp: text(&message["sdp"])? },
            "iceCandidate" => {
                Self::Candidate { player: player(message)?, candidate: text(&message["candidate"]["candidate"])? }
            }
            "ping" => Self::Ping(message.get("time").cloned().unwrap_or(0.into())),
            _ => Self::Other,
        })
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Old servers write a number.
fn player(message: &Value) -> Option<Arc<str>> {
    match &message["playerId"] {
        Value::String(id) => Some(id.as_str().into()),
        Value::Number(id) => Some(id.to_string().into()),
        _ => None,
    }
}

/// The version that the streamer says it speaks.
const PROTOCOL_VERSION: &str = crate::wire::out::PROTOCOL_VERSION;

pub(super) fn endpoint_id(id: &str) -> String {
    json!({ "type": "endpointId", "id": id, "protocolVersion": PROTOCOL_VERSION }).to_string()
}

pub(super) fn offer(player: &str, sdp: &str, sfu: bool) -> String {
    json!({ "type": "offer", "playerId": player, "sdp": sdp, "sfu": sfu }).to_string()
}

pub(super) fn answer(player: &str, sdp: &str) -> String {
    json!({ "type": "answer", "playerId": player, "sdp": sdp }).to_string()
}

/// All media share one transport, that of the first line.
pub(super) fn candidate(player: &str, addr: SocketAddr, mid: &str) -> Option<String> {
    let candidate = Candidate::host(addr, "udp").ok()?.to_sdp_string();
    let candidate = json!({ "candidate": candidate, "sdpMid": mid, "sdpMLineIndex": 0 });
    Some(json!({ "type": "iceCandidate", "playerId": player, "candidate": candidate }).to_string())
}

/// The name of the first media line of a description.
pub(super) fn first_mid(sdp: &str) -> &str {
    sdp.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap_or("0")
}

pub(super) fn disconnect_player(player: &str, reason: &str) -> String {
    json!({ "type": "disconnectPlayer", "playerId": player, "reason": reason }).to_string()
}

pub(super) fn ping(millis: u64) -> String {
    json!({ "type": "ping", "time": millis }).to_string()
}

pub(super) fn pong(time: &Value) -> String {
    json!({ "type": "pong", "time": time }).to_string()
}
