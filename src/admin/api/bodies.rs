//! The bodies of the REST API, word for word as protocol.md §6 has them.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::redact::redacted;
use crate::router::{Counts, PlayerEntry, StreamerEntry};
use crate::wire::Role;

/// `GET /status`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Status {
    /// Milliseconds since the start.
    uptime: u64,
    /// Streamers and SFUs.
    streamer_count: usize,
    /// Players and SFUs.
    player_count: usize,
    /// The gateway's version.
    version: &'static str,
}

/// `GET /config`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Configuration {
    config: ServerConfig,
    protocol_config: ProtocolConfig,
}

/// How the gateway was started.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ServerConfig {
    /// The port for streamers; 0 when there is none.
    streamer_port: u16,
    /// The port for players; 0 when there is none.
    player_port: u16,
    /// The port for SFUs; 0 when there is none.
    sfu_port: u16,
    /// What peers are told for their peer connections, without credentials.
    #[schema(value_type = Object)]
    peer_options: Value,
    /// Players per streamer; 0 for no limit.
    max_subscribers: u32,
}

/// What every peer is greeted with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProtocolConfig {
    /// The version of the signalling protocol; absent where the dialect has none.
    #[schema(value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol_version: Option<&'static str>,
    /// The peer connection options, without credentials.
    #[schema(value_type = Object)]
    peer_connection_options: Value,
}

/// A streamer or SFU, as others watch it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Streamer {
    /// Its id; empty until it has one.
    streamer_id: String,
    r#type: StreamerType,
    /// Whether players find it in the list.
    streaming: bool,
    /// The address that it came from; empty at players' ports.
    remote_address: String,
    /// Those that watch it.
    subscribers: Vec<Player>,
}

/// A player or SFU, as it watches others.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Player {
    player_id: String,
    r#type: PlayerType,
    /// The id of the streamer that it watches; absent when it watches none.
    #[schema(value_type = String, required = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    subscribed_to: Option<String>,
    /// The address that it came from; empty at players' ports.
    remote_address: String,
}

#[derive(Debug, Serialize, ToSchema)]
enum StreamerType {
    Streamer,
    #[serde(rename = "SFU")]
    Sfu,
}

#[derive(Debug, Serialize, ToSchema)]
enum PlayerType {
    Player,
    #[serde(rename = "SFU")]
    Sfu,
}

/// What went wrong, in words.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    pub(super) message: String,
}

/// The ports that peers use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ports {
    /// Streamers'; `None` when that listener is off.
    pub(crate) streamer: Option<u16>,
    /// Players'.
    pub(crate) player: Option<u16>,
    /// SFUs'.
    pub(crate) sfu: Option<u16>,
}

/// The part of the configuration that is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a> {
    /// Where peers connect.
    pub(crate) ports: Ports,
    /// Players per streamer; `None` for no limit.
    pub(crate) max_players: Option<u32>,
    /// What `config` says, where it says a version.
    pub(crate) protocol_version: Option<&'static str>,
    /// The peer connection options, a JSON object.
    pub(crate) peer_options: &'a str,
}

impl Shown<'_> {
    /// Before anything listens.
    pub(super) const NOTHING: Self = Self {
        ports: Ports { streamer: None, player: None, sfu: None },
        max_players: None,
        protocol_version: None,
        peer_options: "{}",
    };
}

impl Status {
    pub(super) fn new(uptime: Duration, counts: Counts) -> Self {
        Self {
            uptime: u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
            streamer_count: counts.streamers,
            player_count: counts.players,
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

impl From<&Shown<'_>> for Configuration {
    fn from(shown: &Shown<'_>) -> Self {
        let peer_options = redacted(shown.peer_options);
        let Ports { streamer, player, sfu } = shown.ports;
        Self {
            config: ServerConfig {
                streamer_port: streamer.unwrap_or(0),
                player_port: player.unwrap_or(0),
                sfu_port: sfu.unwrap_or(0),
                peer_options: peer_options.clone(),
                max_subscribers: shown.max_players.unwrap_or(0),
            },
            protocol_config: ProtocolConfig {
                protocol_version: shown.protocol_version,
                peer_connection_options: peer_options,
            },
        }
    }
}

impl Streamer {
    /// For whoever is not to know where peers come from.
    pub(super) fn without_addresses(self) -> Self {
        let subscribers = self.subscribers.into_iter().map(Player::without_address).collect();
        Self { remote_address: String::new(), subscribers, ..self }
    }
}

impl Player {
    /// The same.
    pub(super) fn without_address(self) -> Self {
        Self { remote_address: String::new(), ..self }
    }
}

impl From<StreamerEntry> for Streamer {
    fn from(entry: StreamerEntry) -> Self {
        let StreamerEntry { view, remote, audience } = entry;
        Self {
            streamer_id: view.id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
            r#type: if view.role == Role::Sfu { StreamerType::Sfu } else { StreamerType::Streamer },
            streaming: view.streaming,
            remote_address: remote.to_string(),
            subscribers: audience.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<PlayerEntry> for Player {
    fn from(entry: PlayerEntry) -> Self {
        let PlayerEntry { view, remote } = entry;
        Self {
            player_id: view.id.as_str().to_owned(),
            r#type: if view.role == Role::Sfu { PlayerType::Sfu } else { PlayerType::Player },
            subscribed_to: view.subscribed_to.map(|id| id.as_str().to_owned()),
            remote_address: remote.to_string(),
        }
    }
}
