//! What peers may take: numbers and times, and whom they hold for.

use std::time::Duration;

use super::error::Fault;
use super::values::{duration, one_of};

/// Whom limits hold for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// For everybody, but an address's own for all but loopback.
    #[default]
    Default,
    /// An address's own for loopback too.
    Loopback,
    /// For nobody: for benchmarks.
    Off,
}

impl Limits {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "default" => Ok(Self::Default),
            "loopback" => Ok(Self::Loopback),
            "off" => Ok(Self::Off),
            _ => Err(one_of(text, &["default", "loopback", "off"])),
        }
    }
}

/// The limits. `None` is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Connections at once.
    pub connections: Option<u32>,
    /// Of one address.
    pub connections_per_address: Option<u32>,
    /// New ones a second.
    pub handshakes: Option<u32>,
    /// Of one address.
    pub handshakes_per_address: Option<u32>,
    /// Messages a second of a player.
    pub player_messages: Option<u32>,
    /// Their bytes.
    pub player_bytes: Option<u32>,
    /// Messages a second of a streamer or SFU without players.
    pub publisher_messages: Option<u32>,
    /// Their bytes.
    pub publisher_bytes: Option<u32>,
    /// Changes of subscription or name a second.
    pub subscriptions: Option<u32>,
    /// Streamers at once that show the same token.
    pub streamers_per_token: Option<u32>,
    /// Bytes that may wait in all sessions together.
    pub buffer_memory: Option<usize>,
    /// How long a player may be subscribed to nobody.
    pub unsubscribed: Option<Duration>,
    /// How long a player may say nothing.
    pub idle: Option<Duration>,
    /// How long a player may stay.
    pub session: Option<Duration>,
}

impl Bounds {
    /// Those that hold: with `off`, only what is no protection but an operator's own rule.
    #[must_use]
    pub fn in_force(self, limits: Limits) -> Self {
        match limits {
            Limits::Default | Limits::Loopback => self,
            Limits::Off => Self { idle: self.idle, session: self.session, ..Self::default() },
        }
    }
}

/// A number, where 0 is no limit.
pub(super) fn most(text: &str) -> Result<Option<u32>, Fault> {
    let fault = |_| Fault::new(format!("{text:?} is no number"), "write a whole number, 0 for no limit");
    text.parse().map(|number| (number != 0).then_some(number)).map_err(fault)
}

/// A number of bytes of all sessions, where 0 is no limit. Less than this, and nobody could be served.
pub(super) fn memory(text: &str) -> Result<Option<usize>, Fault> {
    const LEAST: usize = 1 << 20;
    let fault = || Fault::new(format!("{text:?} is no such size"), "write 1048576 bytes or more, 0 for no limit");
    match text.parse().map_err(|_| fault())? {
        0 => Ok(None),
        bytes if bytes >= LEAST => Ok(Some(bytes)),
        _ => Err(fault()),
    }
}

/// A time, or `off`.
pub(super) fn time(text: &str) -> Result<Option<Duration>, Fault> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let time = duration(text)?;
    if time.is_zero() {
        Err(Fault::new("zero is no time to stay", "write a time such as 10m, or off"))
    } else {
        Ok(Some(time))
    }
}
