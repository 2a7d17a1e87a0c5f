//! Why somebody is not let in: what the peer is told, and under what it is counted.

use std::borrow::Cow;

use crate::wire::{Close, CloseCode};

/// Why a peer is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A token is needed, and none was shown.
    #[error("not authorised: no token was given")]
    NoToken,
    /// Several that differ: nobody knows whose word the peer means.
    #[error("not authorised: several tokens were given, and they differ")]
    Conflict,
    /// Longer than a token may be.
    #[error("not authorised: the token is too long")]
    TooLong,
    /// Not the shared token; not signed by whom we trust, or not a token at all.
    #[error("not authorised: the token is not valid")]
    Wrong,
    /// Its time is over.
    #[error("not authorised: the token has expired")]
    Expired,
    /// Its time has not begun.
    #[error("not authorised: the token is not valid yet")]
    Early,
    /// It is for another role.
    #[error("not authorised: the token is for another role")]
    Role,
    /// The webhook says no, perhaps with a word for the peer.
    #[error("not authorised{}{}", if .0.is_empty() { "" } else { ": " }, .0)]
    Denied(Box<str>),
    /// Whom we would have to ask does not answer, or not in a way that can be understood.
    #[error("nobody can be authorised at the moment; try again later")]
    Unavailable,
    /// Too many are being authorised already.
    #[error("too many are being authorised at the moment; try again later")]
    Busy,
    /// Too many of its address are.
    #[error("too many of this address are being authorised at the moment; try again later")]
    BusyWithAddress,
}

impl Refusal {
    /// The names of all, for the metrics.
    pub const NAMES: [&'static str; 11] = [
        "no_token",
        "token_conflict",
        "token_too_long",
        "token_wrong",
        "token_expired",
        "token_early",
        "token_role",
        "denied",
        "authorisation_failed",
        "authorisation_busy",
        "authorisation_busy_of_address",
    ];

    /// The name in metrics and logs.
    pub const fn name(&self) -> &'static str {
        let index = match self {
            Self::NoToken => 0,
            Self::Conflict => 1,
            Self::TooLong => 2,
            Self::Wrong => 3,
            Self::Expired => 4,
            Self::Early => 5,
            Self::Role => 6,
            Self::Denied(_) => 7,
            Self::Unavailable => 8,
            Self::Busy => 9,
            Self::BusyWithAddress => 10,
        };
        Self::NAMES[index]
    }

    /// What the peer is told (protocol.md §5.5): 1008 where it is its own fault, 1013 where it is ours.
    pub fn close(&self) -> Close {
        let code = match self {
            Self::Unavailable | Self::Busy | Self::BusyWithAddress => CloseCode::TRY_AGAIN,
            _ => CloseCode::POLICY,
        };
        Close::new(code, Cow::Owned(self.to_string()))
    }
}
