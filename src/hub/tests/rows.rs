//! The table of protocol.md §4 once more, for the model: column by column, each cell written out.

use super::effects::Speech;

/// What a streamer is told of a newcomer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrivals {
    Plain,
    WithOffer,
    Silent,
}

/// Who hears of the player count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    Never,
    Players,
    PlayersAndSfus,
}

impl Counts {
    /// The count, of players and SFUs.
    pub(super) fn of(self, (players, sfus): (u64, u64)) -> u64 {
        if self == Counts::PlayersAndSfus { players + sfus } else { players }
    }
}

/// What a player gets that speaks first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Streaming,
    Registered,
    StreamingUntold,
    /// It had got it before.
    Attached,
}

/// What becomes of a streamer that says nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    AfterFiveSeconds,
    Hidden,
    AtOnce,
}

/// When an SFU counts as streaming.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SfuStreams {
    FromStartStreaming,
    FromItsId,
    Always,
}

/// One column.
pub(super) struct Row {
    /// The words in their order.
    pub(super) greets_streamer: &'static str,
    pub(super) greets_sfu: &'static str,
    pub(super) greets_player: &'static str,
    pub(super) counts: Counts,
    pub(super) confirms: bool,
    pub(super) arrivals: Arrivals,
    pub(super) keeps_player_id: bool,
    pub(super) first_number: Option<u64>,
    pub(super) one_streamer: bool,
    pub(super) silence: Silence,
    pub(super) probes_holder: bool,
    pub(super) first: First,
    pub(super) places_of_the_server: bool,
    pub(super) starts_over: bool,
    pub(super) id_changed: Option<&'static str>,
    pub(super) hears_streamer_disconnected: bool,
    pub(super) no_sfus: bool,
    pub(super) only_sfu: Option<&'static str>,
    pub(super) is_auto_subscribed: bool,
    pub(super) gets_the_newest: bool,
    pub(super) sfu_dropped: Option<(u16, &'static str)>,
    pub(super) switch_resets: bool,
    pub(super) sfu_disconnects_players: bool,
    pub(super) sfu_streams: SfuStreams,
    pub(super) sfu_lists_itself: bool,
}

impl Speech {
    pub(super) fn row(self) -> Row {
        use Speech::{Cirrus51, Cirrus52, Cirrus54, Cirrus427, Standard, Wilbur, Wilbur55};
        let (standard, wilbur) = (self == Standard, matches!(self, Wilbur | Wilbur55));
        let cirrus = !standard && !wilbur;
        Row {
            greets_streamer: match self {
                Standard | Cirrus54 | Cirrus52 => "config identify",
                Wilbur | Wilbur55 => "identify config",
                Cirrus51 | Cirrus427 => "config",
            },
            greets_sfu: match self {
                Standard => "config identify",
                Wilbur | Wilbur55 => "identify config",
                Cirrus54 => "identify",
                Cirrus52 | Cirrus51 | Cirrus427 => "",
            },
            greets_player: if wilbur { "config" } else { "config playerCount" },
            counts: match self {
                Standard => Counts::Players,
                Wilbur | Wilbur55 => Counts::Never,
                Cirrus54 | Cirrus52 | Cirrus51 | Cirrus427 => Counts::PlayersAndSfus,
            },
            confirms: !cirrus,
            arrivals: match self {
                Standard | Wilbur | Wilbur55 | Cirrus51 => Arrivals::Plain,
                Cirrus54 | Cirrus52 => Arrivals::WithOffer,
                Cirrus427 => Arrivals::Silent,
            },
            keeps_player_id: matches!(self, Standard | Wilbur),
            first_number: match self {
                Standard | Wilbur | Wilbur55 => None,
                Cirrus54 | Cirrus52 => Some(1),
                Cirrus51 | Cirrus427 => Some(101),
            },
            one_streamer: matches!(self, Cirrus51 | Cirrus427),
            silence: match self {
                Standard | Cirrus54 => Silence::AfterFiveSeconds,
                Wilbur | Wilbur55 => Silence::Hidden,
                Cirrus52 | Cirrus51 | Cirrus427 => Silence::AtOnce,
            },
            probes_holder: standard,
            first: match self {
                Standard => First::Streaming,
                Wilbur | Wilbur55 => First::Registered,
                Cirrus54 | Cirrus52 => First::StreamingUntold,
                Cirrus51 | Cirrus427 => First::Attached,
            },
            places_of_the_server: cirrus,
            starts_over: !matches!(self, Cirrus54 | Cirrus52),
            id_changed: match self {
                Standard | Wilbur | Wilbur55 => Some("streamerIdChanged"),
                Cirrus54 => Some("streamerIDChanged"),
                Cirrus52 | Cirrus51 | Cirrus427 => None,
            },
            hears_streamer_disconnected: standard,
            no_sfus: self == Cirrus427,
            only_sfu: match self {
                Cirrus52 => Some("SFU"),
                Cirrus51 => Some("1"),
                _ => None,
            },
            is_auto_subscribed: matches!(self, Standard | Cirrus52 | Cirrus51),
            gets_the_newest: self == Cirrus52,
            sfu_dropped: (self == Cirrus54).then_some((4000, "SFU Disconnected")),
            switch_resets: standard,
            sfu_disconnects_players: standard,
            sfu_streams: match self {
                Standard | Cirrus54 => SfuStreams::FromStartStreaming,
                Wilbur | Wilbur55 => SfuStreams::FromItsId,
                Cirrus52 | Cirrus51 | Cirrus427 => SfuStreams::Always,
            },
            sfu_lists_itself: wilbur,
        }
    }
}
