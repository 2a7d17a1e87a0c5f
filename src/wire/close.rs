//! Why a session ends, as the peer is told (protocol.md §5.5).

use std::borrow::Cow;
use std::fmt;

/// A WebSocket close code; the same number is the application code on QUIC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// The peer closed as it should.
    pub const NORMAL: Self = Self(1000);
    /// A peer goes away: a page was left. The gateway never sends it to players.
    pub const GOING_AWAY: Self = Self(1001);
    /// Nothing was said: a close frame without a code, or number 1005 on QUIC.
    pub const EMPTY: Self = Self(1005);
    /// The connection was lost without a close.
    pub const ABNORMAL: Self = Self(1006);
    /// Not authorised, over its rate for too long, or no `hello`.
    pub const POLICY: Self = Self(1008);
    /// A message above the limit.
    pub const TOO_BIG: Self = Self(1009);
    /// `disconnectPlayer`, with the streamer's reason.
    pub const DISCONNECTED: Self = Self(1011);
    /// The gateway drains.
    pub const RESTARTING: Self = Self(1012);
    /// Full, overloaded, or no streamer.
    pub const TRY_AGAIN: Self = Self(1013);
    /// The peer did not take its messages in time.
    pub const SLOW: Self = Self(4000);
    /// No sign of life in time.
    pub const DEAD: Self = Self(4001);
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A close code with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The code; [`CloseCode::EMPTY`] stands for a close frame without one.
    pub code: CloseCode,
    /// The reason in words; may be empty.
    pub reason: Cow<'static, str>,
}

impl Close {
    /// A close with nothing in it (the client sees 1005).
    pub const EMPTY: Self = Self { code: CloseCode::EMPTY, reason: Cow::Borrowed("") };

    /// The longest reason in a WebSocket close frame, in bytes (RFC 6455 §5.5).
    pub const MAX_WEBSOCKET_REASON: usize = 123;

    /// The longest reason in a `disconnect` message, in bytes (protocol.md §2).
    pub const MAX_REASON: usize = 1024;

    /// A close with a code and a reason.
    pub fn new(code: CloseCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// The reason, cut to at most `bytes` at a character boundary.
    pub fn reason_within(&self, bytes: usize) -> &str {
        &self.reason[..self.reason.floor_char_boundary(bytes)]
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, &*self.reason) {
            (CloseCode::EMPTY, "") => f.write_str("closed without a code"),
            (code, "") => write!(f, "{code}"),
            (code, reason) => write!(f, "{code} {reason}"),
        }
    }
}
