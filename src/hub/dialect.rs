//! The dialects (protocol.md §4): each a row of data, chosen per listener. The rules read the fields and never the name.

use std::borrow::Cow;
use std::time::Duration;

use crate::wire::{Close, CloseCode, Kind};

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
    /// What a streamer or SFU is told of a new subscriber.
    pub player_connected: PlayerConnected,
    /// What streamers and SFUs send to a player keeps its `playerId`.
    pub player_keeps_player_id: bool,
    /// How a player's id is written.
    pub player_id: PlayerIdForm,
    /// There is one streamer: a second is closed 1008, and nobody says or chooses an id (`endpointId`, `listStreamers`,
    /// `subscribe` and `unsubscribe` are types that the dialect does not know).
    pub one_streamer: bool,
    /// What becomes of a streamer or SFU that does not say its id.
    pub unidentified: Unidentified,
    /// An id that somebody else holds: the holder is asked for a sign of life first (protocol.md §5.1).
    pub probe_on_collision: bool,
    /// What becomes of a player that speaks before it has subscribed.
    pub fallback: Fallback,
    /// Whose places the players of a listener take, whatever dialect they choose there.
    pub places: Places,
    /// A subscription to the same streamer again is reported as a departure and an arrival; otherwise as an arrival only.
    pub resubscribe_disconnects: bool,
    /// The name of the message that tells subscribers of a new id, if there is one.
    pub id_changed: Option<&'static str>,
    /// A player is sent `streamerDisconnected` before it is closed for want of its streamer.
    pub player_hears_streamer_disconnected: bool,
    /// How many SFUs there may be.
    pub sfus: Sfus,
    /// Who chooses an SFU's streamer.
    pub sfu_subscribes: SfuSubscribes,
    /// How an SFU is closed that its streamer ends by `disconnectPlayer`; `None`: like a player.
    pub sfu_dropped: Option<&'static Close>,
    /// An SFU that switches streamers is told `streamerDisconnected` first, and its players end.
    pub sfu_switch_resets: bool,
    /// An SFU may do what a streamer may: send candidates (to its players and its streamer) and end its players.
    pub sfu_is_a_full_streamer: bool,
    /// When an SFU counts as streaming.
    pub sfu_streams_from: SfuStreamsFrom,
    /// `listStreamers` of an SFU names the SFU itself.
    pub sfu_lists_itself: bool,
    /// What input costs its sender the session (1008).
    pub strict_input: StrictInput,
    /// How often a player is sent a JSON `ping`, from its connect on.
    pub pings_players: Option<Duration>,
    /// A streamer or SFU is sent `config` again before its TURN credentials end.
    pub renews_config: bool,
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
        player_connected: PlayerConnected::Plain,
        player_keeps_player_id: true,
        player_id: PlayerIdForm::Named,
        one_streamer: false,
        unidentified: Unidentified::ListedAfterFiveSeconds,
        probe_on_collision: true,
        fallback: Fallback::FirstStreaming,
        places: Places::OfEachStreamer,
        resubscribe_disconnects: true,
        id_changed: Some("streamerIdChanged"),
        player_hears_streamer_disconnected: true,
        sfus: Sfus::Any,
        sfu_subscribes: SfuSubscribes::ToFirst,
        sfu_dropped: None,
        sfu_switch_resets: true,
        sfu_is_a_full_streamer: true,
        sfu_streams_from: SfuStreamsFrom::StartStreaming,
        sfu_lists_itself: false,
        strict_input: StrictInput::Ignored,
        pings_players: None,
        renews_config: true,
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
        sfu_subscribes: SfuSubscribes::ByItself,
        sfu_switch_resets: false,
        sfu_is_a_full_streamer: false,
        sfu_streams_from: SfuStreamsFrom::EndpointId,
        sfu_lists_itself: true,
        renews_config: false,
        ..*Self::STANDARD
    };

    /// The reference server as UE 5.5 shipped it.
    pub const WILBUR_5_5: &'static Self = &Self { name: "wilbur-5.5", player_keeps_player_id: false, ..*Self::WILBUR };

    /// The signalling server of UE 5.4.
    pub const CIRRUS_5_4: &'static Self = &Self {
        name: "cirrus-5.4",
        greet_sfu: &[Kind::Identify],
        protocol_version: false,
        player_count: PlayerCount::PlayersAndSfus,
        confirms: false,
        player_connected: PlayerConnected::WithSendOffer,
        player_keeps_player_id: false,
        player_id: PlayerIdForm::FromOne,
        probe_on_collision: false,
        fallback: Fallback::Silent,
        places: Places::OfTheServer,
        resubscribe_disconnects: false,
        id_changed: Some("streamerIDChanged"),
        player_hears_streamer_disconnected: false,
        sfu_subscribes: SfuSubscribes::ByItself,
        sfu_dropped: Some(&SFU_DROPPED),
        sfu_switch_resets: false,
        sfu_is_a_full_streamer: false,
        strict_input: StrictInput::JsonAndTypes,
        pings_players: Some(Duration::from_secs(10)),
        ..*Self::STANDARD
    };

    /// The signalling server of UE 5.2.
    pub const CIRRUS_5_2: &'static Self = &Self {
        name: "cirrus-5.2",
        greet_sfu: &[],
        unidentified: Unidentified::ListedAtOnce,
        id_changed: None,
        sfus: Sfus::One { id: "SFU", taken: "Already have an SFU" },
        sfu_subscribes: SfuSubscribes::ToNewest,
        sfu_dropped: None,
        sfu_streams_from: SfuStreamsFrom::Connect,
        pings_players: None,
        ..*Self::CIRRUS_5_4
    };

    /// The signalling server of UE 5.1: one streamer, which every player is attached to.
    pub const CIRRUS_5_1: &'static Self = &Self {
        name: "cirrus-5.1",
        greet_streamer: &[Kind::Config],
        player_connected: PlayerConnected::Plain,
        player_id: PlayerIdForm::FromHundredAndOne,
        one_streamer: true,
        fallback: Fallback::AttachedOnConnect,
        resubscribe_disconnects: true,
        sfus: Sfus::One { id: "1", taken: "Already have SFU" },
        sfu_subscribes: SfuSubscribes::ToFirst,
        strict_input: StrictInput::Ignored,
        ..*Self::CIRRUS_5_2
    };

    /// The signalling server of UE 4.27: as 5.1, but players offer, and there are no SFUs.
    pub const CIRRUS_4_27: &'static Self = &Self {
        name: "cirrus-4.27",
        player_connected: PlayerConnected::Never,
        sfus: Sfus::None,
        strict_input: StrictInput::Json,
        ..*Self::CIRRUS_5_1
    };

    /// Every dialect that the gateway speaks.
    pub const ALL: [&'static Self; 7] = [
        Self::STANDARD,
        Self::WILBUR,
        Self::WILBUR_5_5,
        Self::CIRRUS_5_4,
        Self::CIRRUS_5_2,
        Self::CIRRUS_5_1,
        Self::CIRRUS_4_27,
    ];

    /// The dialect of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name == name)
    }
}

const SFU_DROPPED: Close = Close { code: CloseCode::SLOW, reason: Cow::Borrowed("SFU Disconnected") };

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

/// What a streamer or SFU is told of a new subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayerConnected {
    /// `playerConnected`.
    Plain,
    /// `playerConnected` with `sendOffer`: whether the streamer is to offer ([`super::Wishes::offers`]).
    WithSendOffer,
    /// Nothing: the player's offer is the first that it hears. It is told of the departure all the same.
    Never,
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
    /// It cannot: it is subscribed to the first streaming streamer as it connects, or to the first streaming SFU if it
    /// prefers one ([`super::Wishes::prefers_sfu`]) and the dialect has them; closed 1013 when there is no streamer.
    AttachedOnConnect,
}

/// What `max_players` limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// The players of each streamer: `subscribeFailed`.
    OfEachStreamer,
    /// All players: the next is closed 1013 as it connects.
    OfTheServer,
}

/// How many SFUs there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sfus {
    /// Any number.
    Any,
    /// One.
    One {
        /// Its id as a player and as a streamer, unless another holds it.
        id: &'static str,
        /// What a second one is told, with 1013.
        taken: &'static str,
    },
    /// None: they are closed 1008.
    None,
}

/// Who chooses an SFU's streamer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SfuSubscribes {
    /// It alone.
    ByItself,
    /// It, or else the gateway: the first that streams.
    ToFirst,
    /// It, or else the gateway: always the one that streams and came last.
    ToNewest,
}

/// What input costs its sender the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StrictInput {
    /// None: it is ignored and counted.
    Ignored,
    /// What is no JSON object (`Cannot parse`).
    Json,
    /// That, and types that the sender's role does not have (`Unsupported message type`).
    JsonAndTypes,
}

/// When an SFU counts as streaming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SfuStreamsFrom {
    /// From its `startStreaming` on.
    StartStreaming,
    /// From its `endpointId` on.
    EndpointId,
    /// From its arrival on, whether it has a streamer or not: it knows no `startStreaming`.
    Connect,
}
