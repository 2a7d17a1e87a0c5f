//! Why a message went nowhere. Every drop is counted under one of these.

/// Why a message was dropped; the label of `pixelgate_messages_dropped_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DropReason {
    /// Not a JSON object in UTF-8, or nested too deeply (protocol.md §5.8).
    Malformed,
    /// No `type`, or one that is not a string.
    NoType,
    /// A `type` that the protocol does not know.
    UnknownType,
    /// A known type that this role does not send.
    WrongRole,
    /// A field that the message needs is missing or of the wrong type.
    BadField,
    /// Addressed to a player that does not exist.
    UnknownPlayer,
    /// Addressed to somebody else's player (protocol.md §5.3).
    NotSubscribed,
    /// There is no streamer to relay to.
    NoStreamer,
    /// The dialect does not relay this (Wilbur drops an SFU's candidates).
    Dialect,
    /// The sender's session has ended in the meantime.
    SessionOver,
    /// The receiver's outbox was full and the receiver was cut.
    OutboxFull,
    /// What a receiver had waiting when its session ended.
    ReceiverGone,
    /// Relayed for a player that came and went before its streamer took the news.
    Cancelled,
    /// A list request folded into the next one, one a second (protocol.md §5.7).
    Coalesced,
    /// A QUIC stream beyond the one that carries the session.
    ExtraStream,
    /// A QUIC datagram; the protocol uses none.
    Datagram,
}

impl DropReason {
    /// Every reason, for the metrics.
    pub const ALL: [Self; 16] = [
        Self::Malformed,
        Self::NoType,
        Self::UnknownType,
        Self::WrongRole,
        Self::BadField,
        Self::UnknownPlayer,
        Self::NotSubscribed,
        Self::NoStreamer,
        Self::Dialect,
        Self::SessionOver,
        Self::OutboxFull,
        Self::ReceiverGone,
        Self::Cancelled,
        Self::Coalesced,
        Self::ExtraStream,
        Self::Datagram,
    ];

    /// The label's value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NoType => "no_type",
            Self::UnknownType => "unknown_type",
            Self::WrongRole => "wrong_role",
            Self::BadField => "bad_field",
            Self::UnknownPlayer => "unknown_player",
            Self::NotSubscribed => "not_subscribed",
            Self::NoStreamer => "no_streamer",
            Self::Dialect => "dialect",
            Self::SessionOver => "session_over",
            Self::OutboxFull => "outbox_full",
            Self::ReceiverGone => "receiver_gone",
            Self::Cancelled => "cancelled",
            Self::Coalesced => "coalesced",
            Self::ExtraStream => "extra_stream",
            Self::Datagram => "datagram",
        }
    }
}
