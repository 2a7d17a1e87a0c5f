//! The flags of `pixelgate bench`, and how they are understood.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::super::LogFilter;
use super::super::error::ConfigError;
use super::super::flags::{Trust, flag, hash_of, in_range, url};
use super::super::values::period;
use super::{Load, Output, Place, Scenario, Server, Settings, Via};

/// The flags of `pixelgate bench`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct BenchArgs {
    /// What to measure
    #[command(subcommand)]
    pub scenario: ScenarioArgs,
}

/// The scenarios.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum ScenarioArgs {
    /// Relayed messages per second, their round trips, the server's CPU time for each
    Relay(RelayArgs),
    /// The yardstick itself: a verbatim relay over the same sockets, and its ratio to one of plain bytes
    Limit(LimitArgs),
    /// Memory of players that do nothing, and what waves of them leave behind
    Idle(IdleArgs),
    /// Players that connect, negotiate and leave
    Join(JoinArgs),
    /// How long until the last player knows that its streamer is gone
    Fanout(FanoutArgs),
    /// Registering and relaying among more and more streamers
    Growth(GrowthArgs),
    /// What one pair feels of players that do not read
    Slow(SlowArgs),
    /// Everything, in some minutes
    All(AllArgs),
    /// The verbatim relay as a server, until standard input ends
    #[command(hide = true)]
    LimitServer,
}

/// The flags of every scenario.
#[derive(Clone, Default, PartialEq, Eq, clap::Args)]
pub struct CommonArgs {
    /// Where a running server takes streamers: ws://, wss://, https:// (WebTransport) or quic://
    #[arg(long, value_name = "URL", requires = "player_url", help_heading = "Server")]
    pub streamer_url: Option<String>,
    /// Where it takes players; without both, a gateway is started for the measurement
    #[arg(long, value_name = "URL", requires = "streamer_url", help_heading = "Server")]
    pub player_url: Option<String>,
    /// Its process, to measure CPU and memory of
    #[arg(long, value_name = "NUMBER", requires = "player_url", help_heading = "Server")]
    pub server_pid: Option<String>,
    /// Another build to start in place of this one
    #[arg(long, value_name = "FILE", conflicts_with = "player_url", help_heading = "Server")]
    pub binary: Option<PathBuf>,
    /// What streamers connect over to the one that is started: ws, wss, webtransport or quic [default: ws]
    #[arg(long, value_name = "TRANSPORT", conflicts_with = "player_url", help_heading = "Server")]
    pub streamer_via: Option<String>,
    /// What players connect over to it [default: ws]
    #[arg(long, value_name = "TRANSPORT", conflicts_with = "player_url", help_heading = "Server")]
    pub player_via: Option<String>,
    /// Shown to the server to be let in; better in the variable PIXELGATE_TOKEN, which other users cannot list
    #[arg(long, value_name = "TOKEN", help_heading = "Server")]
    pub token: Option<String>,
    /// Accept the certificate with this SHA-256, 64 hexadecimal digits
    #[arg(long, value_name = "HASH", conflicts_with = "insecure", help_heading = "Server")]
    pub cert_hash: Option<String>,
    /// Accept any certificate
    #[arg(long, help_heading = "Server")]
    pub insecure: bool,
    /// How often it is measured; the median counts [default: 5]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Measuring")]
    pub rounds: Option<String>,
    /// How long a round is [default: 2s]
    #[arg(long, value_name = "TIME", help_heading = "Measuring")]
    pub time: Option<String>,
    /// Write the report as JSON to a file, or to stdout
    #[arg(long, value_name = "FILE|-", help_heading = "Measuring")]
    pub json: Option<PathBuf>,
    /// Write plots as SVG to a folder
    #[arg(long, value_name = "FOLDER", help_heading = "Measuring")]
    pub plots: Option<PathBuf>,
    /// What is logged: a level, or target=level,… [default: error]
    #[arg(long, value_name = "FILTER", help_heading = "Measuring")]
    pub log: Option<String>,
}

impl fmt::Debug for CommonArgs {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommonArgs").field("rounds", &self.rounds).finish_non_exhaustive()
    }
}

/// Who relays.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct LoadArgs {
    /// Streamers
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value = "2")]
    pub streamers: String,
    /// Players of each streamer
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value = "40")]
    pub players: String,
    /// Messages that each player has under way
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value = "4")]
    pub in_flight: String,
    /// Length of a message, in bytes
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, default_value = "240")]
    pub size: String,
}

/// The flags of `relay`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct RelayArgs {
    /// The crowd
    #[command(flatten)]
    pub load: LoadArgs,
    /// Begin so many round trips per second instead, whether the others have come back or not
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, conflicts_with = "against_limit")]
    pub rate: Option<String>,
    /// Measure the verbatim relay in turn with the server, and print the ratios
    #[arg(long)]
    pub against_limit: bool,
    /// What every scenario has
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The flags of `limit`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct LimitArgs {
    /// The crowd
    #[command(flatten)]
    pub load: LoadArgs,
    /// What every scenario has
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The flags of `idle`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct IdleArgs {
    /// Players at once
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value = "5000")]
    pub sessions: String,
    /// How often as many come and go
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value = "3")]
    pub waves: String,
    /// Each watches a streamer
    #[arg(long)]
    pub watching: bool,
    /// What every scenario has
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The flags of `join`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct JoinArgs {
    /// Players that join at once
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value = "8")]
    pub at_once: String,
    /// Measure the verbatim relay in turn with the server, and print the ratios
    #[arg(long)]
    pub against_limit: bool,
    /// What every scenario has
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The flags of `fanout`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct FanoutArgs {
    /// Players of the streamer that drops
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value = "5000")]
    pub players: String,
    /// Measure a bare loop that writes the same bytes in turn with the server, and print the ratios
    #[arg(long)]
    pub against_limit: bool,
    /// What every scenario has
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The flags of `growth`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct GrowthArgs {
    /// How many streamers, in steps
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "10,100,1000,5000,10000,20000")]
    pub sizes: Vec<String>,
    /// What every scenario has
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The flags of `slow`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct SlowArgs {
    /// Players that read nothing, and as many that read slowly
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value = "5")]
    pub players: String,
    /// What every scenario has
    #[command(flatten)]
    pub common: CommonArgs,
}

/// The flags of `all`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct AllArgs {
    /// Small numbers, in seconds: to see that it works
    #[arg(long)]
    pub quick: bool,
    /// What every scenario has
    #[command(flatten)]
    pub common: CommonArgs,
}

impl ScenarioArgs {
    /// The flags that every scenario has.
    pub fn common_mut(&mut self) -> Option<&mut CommonArgs> {
        Some(match self {
            Self::Relay(args) => &mut args.common,
            Self::Limit(args) => &mut args.common,
            Self::Idle(args) => &mut args.common,
            Self::Join(args) => &mut args.common,
            Self::Fanout(args) => &mut args.common,
            Self::Growth(args) => &mut args.common,
            Self::Slow(args) => &mut args.common,
            Self::All(args) => &mut args.common,
            Self::LimitServer => return None,
        })
    }

    pub(super) fn read(&self) -> Result<Scenario, ConfigError> {
        Ok(match self {
            Self::Relay(args) => {
                let rate = args.rate.as_deref().map(|rate| number("rate", rate, 1..=1_000_000)).transpose()?;
                Scenario::Relay { load: args.load.read()?, rate, against_limit: args.against_limit }
            }
            Self::Limit(args) => Scenario::Limit(args.load.read()?),
            Self::Idle(args) => Scenario::Idle {
                sessions: number("sessions", &args.sessions, SESSIONS)?,
                waves: number("waves", &args.waves, 1..=100)?,
                watching: args.watching,
            },
            Self::Join(args) => Scenario::Join {
                at_once: number("at-once", &args.at_once, 1..=1000)?,
                against_limit: args.against_limit,
            },
            Self::Fanout(args) => Scenario::Fanout {
                players: number("players", &args.players, SESSIONS)?,
                against_limit: args.against_limit,
            },
            Self::Growth(args) => {
                let sizes = args.sizes.iter().map(|size| number("sizes", size, SESSIONS));
                let mut sizes = sizes.collect::<Result<Vec<_>, _>>()?;
                sizes.sort_unstable();
                Scenario::Growth { sizes }
            }
            Self::Slow(args) => Scenario::Slow { players: number("players", &args.players, 1..=1000)? },
            Self::All(args) => Scenario::All { quick: args.quick },
            Self::LimitServer => Scenario::LimitServer,
        })
    }
}

/// As many as one machine holds over loopback.
const SESSIONS: RangeInclusive<usize> = 1..=100_000;

impl LoadArgs {
    fn read(&self) -> Result<Load, ConfigError> {
        Ok(Load {
            streamers: number("streamers", &self.streamers, 1..=1000)?,
            players: number("players", &self.players, 1..=10_000)?,
            in_flight: number("in-flight", &self.in_flight, 1..=1000)?,
            // The shortest holds what is told by it, the longest is below what the gateway takes.
            size: number("size", &self.size, 240..=200_000)?,
        })
    }
}

impl CommonArgs {
    pub(super) fn server(&self) -> Result<Server, ConfigError> {
        let via = |name: &str, via: &Option<String>| flag(name, via.as_deref().unwrap_or("ws"), Via::parse);
        let (Some(streamers), Some(players)) = (&self.streamer_url, &self.player_url) else {
            return Ok(Server::Own {
                binary: self.binary.clone(),
                streamers: via("streamer-via", &self.streamer_via)?,
                players: via("player-via", &self.player_via)?,
            });
        };
        let pid = self.server_pid.as_deref().map(|pid| number("server-pid", pid, 1..=u32::MAX)).transpose()?;
        Ok(Server::At(Place {
            streamers: flag("streamer-url", streamers, url)?,
            players: flag("player-url", players, url)?,
            pid,
        }))
    }

    pub(super) fn settings(&self) -> Result<Settings, ConfigError> {
        Ok(Settings {
            token: self.token.clone().filter(|token| !token.is_empty()),
            trust: match &self.cert_hash {
                Some(hash) => Trust::Hash(flag("cert-hash", hash, hash_of)?),
                None if self.insecure => Trust::Anything,
                None => Trust::System,
            },
            rounds: number("rounds", self.rounds.as_deref().unwrap_or("5"), 1..=1000)?,
            time: flag("time", self.time.as_deref().unwrap_or("2s"), period)?,
            json: self.json.clone().map(|path| match path.to_str() {
                Some("-") => Output::Stdout,
                _ => Output::File(path),
            }),
            plots: self.plots.clone(),
            // The report is what is to be read.
            log: flag("log", self.log.as_deref().unwrap_or("error"), LogFilter::parse)?,
        })
    }
}

fn number<T>(name: &str, text: &str, range: RangeInclusive<T>) -> Result<T, ConfigError>
where
    T: PartialOrd + fmt::Display + std::str::FromStr,
{
    flag(name, text, |text| in_range(text, text.parse().ok(), &range))
}
