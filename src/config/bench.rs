//! What the load generator is told: `pixelgate bench`.

mod args;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::LogFilter;
use super::error::{ConfigError, Fault};
use super::flags::Trust;

pub use self::args::BenchArgs;

/// A transport, as the generator's flags name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// WebSocket over TCP.
    Ws,
    /// WebSocket over TLS.
    Wss,
    /// WebTransport.
    WebTransport,
    /// Raw QUIC.
    Quic,
}

impl Via {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ws, Self::Wss, Self::WebTransport, Self::Quic];

    /// The name on the command line and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ws => "ws",
            Self::Wss => "wss",
            Self::WebTransport => "webtransport",
            Self::Quic => "quic",
        }
    }

    /// What a URL's scheme says; a WebSocket where it says nothing.
    pub fn of(url: &http::Uri) -> Self {
        match url.scheme_str() {
            Some("wss") => Self::Wss,
            Some("https") => Self::WebTransport,
            Some("quic") => Self::Quic,
            _ => Self::Ws,
        }
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let known = Self::ALL.map(Self::name);
        let found = Self::ALL.into_iter().find(|via| via.name() == text);
        found.ok_or_else(|| Fault::unknown(format!("{text:?} is no transport"), text, &known))
    }
}

/// What is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Server {
    /// A gateway of the generator's own: `serve --limits off` on free ports of 127.0.0.1, as a child process.
    Own {
        /// Another build of it than this one.
        binary: Option<PathBuf>,
        /// What streamers connect over.
        streamers: Via,
        /// What players connect over.
        players: Via,
    },
    /// A server that runs already.
    At(Place),
}

/// Where a server takes its peers.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// Streamers.
    pub streamers: http::Uri,
    /// Players.
    pub players: http::Uri,
    /// The server's process, whose CPU and memory are measured.
    pub pid: Option<u32>,
}

impl Place {
    /// What streamers and players connect over.
    pub fn vias(&self) -> (Via, Via) {
        (Via::of(&self.streamers), Via::of(&self.players))
    }
}

impl Server {
    /// What streamers and players connect over.
    pub fn vias(&self) -> (Via, Via) {
        match self {
            Self::Own { streamers, players, .. } => (*streamers, *players),
            Self::At(place) => place.vias(),
        }
    }
}

impl fmt::Debug for Place {
    /// Without the URLs, which may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").field("pid", &self.pid).finish_non_exhaustive()
    }
}

/// A crowd that relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Streamers.
    pub streamers: usize,
    /// Players of each.
    pub players: usize,
    /// Messages that each player has under way.
    pub in_flight: usize,
    /// Length of a message, in bytes.
    pub size: usize,
}

impl Load {
    /// All players.
    pub fn crowd(&self) -> usize {
        self.streamers * self.players
    }
}

/// What is measured of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Players and streamers exchange messages.
    Relay {
        /// Who, and how much.
        load: Load,
        /// Round trips begun per second, over all players; `None` for as many as come back.
        rate: Option<u32>,
        /// Whether the verbatim relay is measured in turn with it.
        against_limit: bool,
    },
    /// The verbatim relay alone.
    Limit(Load),
    /// Players that do nothing.
    Idle {
        /// How many at once.
        sessions: usize,
        /// How often as many come and go.
        waves: usize,
        /// Whether each watches a streamer.
        watching: bool,
    },
    /// Players that connect, negotiate and leave.
    Join {
        /// How many at once.
        at_once: usize,
        /// Whether the verbatim relay is measured in turn with it.
        against_limit: bool,
    },
    /// Players whose streamer drops.
    Fanout {
        /// How many.
        players: usize,
        /// Whether a bare loop is measured in turn with it.
        against_limit: bool,
    },
    /// More and more streamers.
    Growth {
        /// How many, in steps.
        sizes: Vec<usize>,
    },
    /// Players that do not read, beside one that does.
    Slow {
        /// How many read nothing; as many read slowly.
        players: usize,
    },
    /// Everything that docs/performance.md has a figure of.
    All {
        /// With numbers that take seconds, not minutes: to see that it works.
        quick: bool,
    },
    /// The verbatim relay as a server: what the generator starts as its yardstick.
    LimitServer,
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
}

/// What holds for every scenario.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// What is shown to the server to be let in.
    pub token: Option<String>,
    /// Which certificate is accepted.
    pub trust: Trust,
    /// How often it is measured; the median counts.
    pub rounds: usize,
    /// How long a round is.
    pub time: Duration,
    /// Where the report goes as JSON.
    pub json: Option<Output>,
    /// The folder that gets the plots.
    pub plots: Option<PathBuf>,
    /// What is logged.
    pub log: LogFilter,
}

impl fmt::Debug for Settings {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("rounds", &self.rounds).field("time", &self.time).finish_non_exhaustive()
    }
}

/// Everything that `pixelgate bench` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BenchConfig {
    /// What is measured of it.
    pub scenario: Scenario,
    /// What is measured.
    pub server: Server,
    /// How.
    pub settings: Settings,
}

impl BenchConfig {
    /// Understands what was written.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn read(args: &BenchArgs) -> Result<Self, ConfigError> {
        let scenario = args.scenario.read()?;
        let common = args.scenario.clone().common_mut().map(std::mem::take).unwrap_or_default();
        Ok(Self { scenario, server: common.server()?, settings: common.settings()? })
    }
}
