//! The dialects (protocol.md §4): each a row of data, chosen per listener. The rules read the fields and never the name.

use crate::wire::Kind;

/// One dialect.
#[derive(Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What a streamer is told on connecting, in this order (`config`, `identify`).
    pub greet_streamer: &'static [Kind],
    /// What an SFU is told on connecting.
    pub greet_sfu: &'static [Kind],
    /// What a player is told on connecting (`config`, `playerCount`).
    pub greet_player: &'static [Kind],
    /// `protocolVersion` in `config`.
    pub protocol_version: bool,
    /// Whether players hear every change of the player count.
    pub player_count: PlayerCount,
    /// `endpointIdConfirm` and `subscribeFailed` are sent.
    pub confirms: bool,
    /// What streamers and SFUs send to a player keeps its `playerId`.
    pub player_keeps_player_id: bool,
    /// How a player's id is written.
    pub player_id: PlayerIdForm,
    /// What becomes of a streamer or SFU that does not say its id.
    pub unidentified: Unidentified,
    /// An id that somebody else holds: the holder is asked for a sign of life first (protocol.md §5.1).
    pub probe_on_collision: bool,
    /// What becomes of a player that speaks before it has subscribed.
    pub fallback: Fallback,
    /// A subscription to the same streamer again is reported as a departure and an arrival.
    pub resubscribe_disconnects: bool,
    /// The name of the message that tells subscribers of a new id.
    pub id_changed: &'static str,
    /// A player is sent `streamerDisconnected` before it is closed for want of its streamer.
    pub player_hears_streamer_disconnected: bool,
    /// SFUs are subscribed by the gateway.
    pub sfu_auto_subscribe: bool,
    /// An SFU that switches streamers is told `streamerDisconnected` first, and its players end.
    pub sfu_switch_resets: bool,
    /// An SFU may do what a streamer may: send candidates (to its players and its streamer) and end its players.
    pub sfu_is_a_full_streamer: bool,
    /// When an SFU counts as streaming.
    pub sfu_streams_from: SfuStreamsFrom,
    /// `listStreamers` of an SFU names the SFU itself.
    pub sfu_lists_itself: bool,
    /// Unknown types and malformed JSON close the session (1008) instead of being ignored.
    pub strict_input: bool,
}

impl Dialect {
    /// The default: today's stock frontends, streamers and SFUs, and the 5.x ones.
    pub const STANDARD: &'static Self = &Self {
        name: "standard",
        greet_streamer: &[Kind::Config, Kind::Identify],
        greet_sfu: &[Kind::Config, Kind::Identify],
        greet_player: &[Kind::Config, Kind::PlayerCount],
        protocol_version: true,
        player_count: PlayerCount::Players,
        confirms: true,
        player_keeps_player_id: true,
        player_id: PlayerIdForm::Named,
        unidentified: Unidentified::ListedAfterFiveSeconds,
        probe_on_collision: true,
        fallback: Fallback::FirstStreaming,
        resubscribe_disconnects: true,
        id_changed: "streamerIdChanged",
        player_hears_streamer_disconnected: true,
        sfu_auto_subscribe: true,
        sfu_switch_resets: true,
        sfu_is_a_full_streamer: true,
        sfu_streams_from: SfuStreamsFrom::StartStreaming,
        sfu_lists_itself: false,
        strict_input: false,
    };

    /// Indistinguishable from the reference server since UE 5.5, with today's packages.
    pub const WILBUR: &'static Self = &Self {
        name: "wilbur",
        greet_streamer: &[Kind::Identify, Kind::Config],
        greet_sfu: &[Kind::Identify, Kind::Config],
        greet_player: &[Kind::Config],
        player_count: PlayerCount::Never,
        unidentified: Unidentified::Hidden,
        probe_on_collision: false,
        fallback: Fallback::FirstRegistered,
        player_hears_streamer_disconnected: false,
        sfu_auto_subscribe: false,
        sfu_switch_resets: false,
        sfu_is_a_full_streamer: false,
        sfu_streams_from: SfuStreamsFrom::EndpointId,
        sfu_lists_itself: true,
        ..*Self::STANDARD
    };

    /// The reference server as UE 5.5 shipped it.
    pub const WILBUR_5_5: &'static Self = &Self { name: "wilbur-5.5", player_keeps_player_id: false, ..*Self::WILBUR };

    /// Every dialect that the gateway speaks.
    pub const ALL: [&'static Self; 3] = [Self::STANDARD, Self::WILBUR, Self::WILBUR_5_5];

    /// The dialect of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name == name)
    }
}

/// Who hears of the player count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayerCount {
    /// Nobody.
    Never,
    /// Players; SFUs are not counted.
    Players,
    /// Players and SFUs, both counted.
    PlayersAndSfus,
}

/// How player ids are written (protocol.md §5.1: one counter for all).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayerIdForm {
    /// `Player0`, `Player1`, …
    Named,
    /// `1`, `2`, …
    FromOne,
    /// `101`, `102`, …
    FromHundredAndOne,
}

/// What becomes of a streamer that never says its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unidentified {
    /// After 5 s it is listed as `__LEGACY_STREAMER__n`.
    ListedAfterFiveSeconds,
    /// It is registered at once as `UnknownStreamer[n]`, and not listed.
    Hidden,
    /// It is listed at once as `__LEGACY__`.
    ListedAtOnce,
}

/// What becomes of a player that speaks before it has subscribed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Subscribed to the first streaming streamer; closed 1013 when there is none.
    FirstStreaming,
    /// Subscribed to the first that is registered, streaming or not; closed without a code when there is none.
    FirstRegistered,
    /// Subscribed to the first streaming streamer without `playerConnected`; dropped when there is none.
    Silent,
}

/// When an SFU counts as streaming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SfuStreamsFrom {
    /// From its `startStreaming` on.
    StartStreaming,
    /// From its `endpointId` on.
    EndpointId,
    /// From its arrival on.
    Connect,
}
