//! What the test streamer is told: `pixelgate test-streamer`, and `pixelgate demo` with a gateway in the same process.

use std::fmt;

use super::args::ServeArgs;
use super::error::{ConfigError, Fault};
use super::flags::{Trust, flag, hash_of, in_range, url};
use super::{Config, LogFilter, LogFormat, defaults};

/// The width and height of a picture, in pixels: even, as H.264 halves its colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl Size {
    /// The smallest picture that still shows its text.
    pub const SMALLEST: Self = Self { width: 160, height: 90 };
    /// The largest: more than one core encodes in time at any rate.
    pub const LARGEST: Self = Self { width: 1920, height: 1080 };

    /// Half, a quarter, …: `divisor` to one, made even.
    #[must_use]
    pub fn divided(self, divisor: u32) -> Self {
        Self { width: (self.width / divisor) & !1, height: (self.height / divisor) & !1 }
    }

    /// The number of pixels.
    pub fn pixels(self) -> u32 {
        self.width * self.height
    }

    fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || Fault::new(format!("{text:?} is no size"), "write width and height, such as 1280x720");
        let (width, height) = text.split_once('x').ok_or_else(fault)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| fault());
        let size = Self { width: number(width)?, height: number(height)? };
        let (least, most) = (Self::SMALLEST, Self::LARGEST);
        let fits =
            (least.width..=most.width).contains(&size.width) && (least.height..=most.height).contains(&size.height);
        if !fits {
            return Err(Fault::new(format!("{size} is out of range"), format!("write {least} to {most}")));
        }
        let even = Self { width: size.width & !1, height: size.height & !1 };
        if even == size { Ok(size) } else { Err(Fault::new(format!("{size} is odd"), format!("write {even}"))) }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// What is streamed, and to how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamConfig {
    /// The picture.
    pub size: Size,
    /// Pictures per second.
    pub fps: u32,
    /// Of the video, in bit/s.
    pub bitrate: u32,
    /// Players at once; one more is sent away.
    pub max_players: usize,
    /// SFUs get three sizes of the picture instead of one.
    pub simulcast: bool,
}

impl StreamConfig {
    /// Frame rates that are encoded.
    pub const FPS: std::ops::RangeInclusive<u32> = 1..=60;
    /// Bitrates that are encoded, in bit/s.
    pub const BITRATE: std::ops::RangeInclusive<u32> = 100_000..=50_000_000;
    /// How many players one process serves.
    pub const MAX_PLAYERS: std::ops::RangeInclusive<usize> = 1..=256;
}

impl Default for StreamConfig {
    /// What is streamed when nothing is written.
    fn default() -> Self {
        StreamArgs::default().read().expect("a test reads the defaults")
    }
}

/// Everything that `pixelgate test-streamer` is told.
#[derive(Clone, PartialEq, Eq)]
pub struct TestStreamerConfig {
    /// The signalling server: ws, wss, https (WebTransport) or quic.
    pub url: http::Uri,
    /// The wanted id.
    pub id: String,
    /// What is streamed.
    pub stream: StreamConfig,
    /// What is shown to the server to be let in.
    pub token: Option<String>,
    /// Which certificate is accepted.
    pub trust: Trust,
    /// What is logged.
    pub log: LogFilter,
    /// How log lines are written.
    pub log_format: LogFormat,
}

impl fmt::Debug for TestStreamerConfig {
    /// Without the token, which may stand in the URL too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestStreamerConfig").field("id", &self.id).field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// Everything that `pixelgate demo` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoConfig {
    /// The gateway.
    pub gateway: Config,
    /// How many test streamers.
    pub streamers: u32,
    /// What each streams.
    pub stream: StreamConfig,
}

/// The flags of both commands that say what is streamed.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct StreamArgs {
    /// The picture [default: 1280x720]
    #[arg(long, value_name = "WIDTHxHEIGHT", help_heading = "Stream")]
    pub size: Option<String>,
    /// Pictures per second [default: 30]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Stream")]
    pub fps: Option<String>,
    /// Bitrate of the video, such as 4M or 800k [default: 4M]
    #[arg(long, value_name = "BITS", allow_negative_numbers = true, help_heading = "Stream")]
    pub bitrate: Option<String>,
    /// Send SFUs three sizes of the picture
    #[arg(long, help_heading = "Stream")]
    pub simulcast: bool,
}

impl StreamArgs {
    /// Enough for a look around; each costs a few per cent of a core.
    const PLAYERS: usize = 16;

    fn read(&self) -> Result<StreamConfig, ConfigError> {
        let fps = |text: &str| in_range(text, text.parse().ok(), &StreamConfig::FPS);
        let rate = |text: &str| in_range(text, bits(text), &StreamConfig::BITRATE);
        Ok(StreamConfig {
            size: flag("size", self.size.as_deref().unwrap_or("1280x720"), Size::parse)?,
            fps: flag("fps", self.fps.as_deref().unwrap_or("30"), fps)?,
            bitrate: flag("bitrate", self.bitrate.as_deref().unwrap_or("4M"), rate)?,
            max_players: Self::PLAYERS,
            simulcast: self.simulcast,
        })
    }
}

/// The flags of `pixelgate test-streamer`.
#[derive(Clone, Default, PartialEq, Eq, clap::Args)]
pub struct TestStreamerArgs {
    /// The signalling server: ws://, wss://, https:// (WebTransport) or quic://
    #[arg(long, value_name = "URL", default_value = "ws://localhost:8888")]
    pub url: String,
    /// The streamer's id
    #[arg(long, value_name = "ID", default_value = "TestStreamer")]
    pub id: String,
    /// What to stream
    #[command(flatten)]
    pub stream: StreamArgs,
    /// Players at once [default: 16]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Stream")]
    pub max_players: Option<String>,
    /// Shown to the server to be let in; better in the variable PIXELGATE_TOKEN, which other users cannot list
    #[arg(long, value_name = "TOKEN", help_heading = "Server")]
    pub token: Option<String>,
    /// Accept the certificate with this SHA-256, 64 hexadecimal digits
    #[arg(long, value_name = "HASH", conflicts_with = "insecure", help_heading = "Server")]
    pub cert_hash: Option<String>,
    /// Accept any certificate
    #[arg(long, help_heading = "Server")]
    pub insecure: bool,
    /// What is logged: a level, or target=level,… [default: info]
    #[arg(long, value_name = "FILTER", help_heading = "Running")]
    pub log: Option<String>,
    /// How log lines are written [default: text]
    #[arg(long, value_name = "text|json", help_heading = "Running")]
    pub log_format: Option<String>,
}

impl fmt::Debug for TestStreamerArgs {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestStreamerArgs").field("id", &self.id).finish_non_exhaustive()
    }
}

impl TestStreamerConfig {
    /// Understands what was written.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn read(args: &TestStreamerArgs) -> Result<Self, ConfigError> {
        let players = args.max_players.as_deref().unwrap_or("16");
        let max_players =
            flag("max-players", players, |text| in_range(text, text.parse().ok(), &StreamConfig::MAX_PLAYERS))?;
        let log = args.log.as_deref().or(defaults::of("log")).unwrap_or("info");
        let log_format = args.log_format.as_deref().or(defaults::of("log-format")).unwrap_or("text");
        Ok(Self {
            url: flag("url", &args.url, url)?,
            id: flag("id", &args.id, id)?,
            stream: StreamConfig { max_players, ..args.stream.read()? },
            token: args.token.clone().filter(|token| !token.is_empty()),
            trust: match &args.cert_hash {
                Some(hash) => Trust::Hash(flag("cert-hash", hash, hash_of)?),
                None if args.insecure => Trust::Anything,
                None => Trust::System,
            },
            log: flag("log", log, LogFilter::parse)?,
            log_format: flag("log-format", log_format, LogFormat::parse)?,
        })
    }
}

/// The flags of `pixelgate demo`: those of `serve`, and the streamers'.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct DemoArgs {
    /// Test streamers [default: 1]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Stream")]
    pub streamers: Option<String>,
    /// What each of them streams
    #[command(flatten)]
    pub stream: StreamArgs,
    /// The gateway's flags
    #[command(flatten)]
    pub serve: ServeArgs,
}

impl DemoConfig {
    /// More pictures than this no machine encodes at once.
    const STREAMERS: std::ops::RangeInclusive<u32> = 1..=16;

    /// Understands what was written; `gateway` is what the flags of `serve` say.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn read(streamers: Option<&str>, stream: &StreamArgs, gateway: Config) -> Result<Self, ConfigError> {
        let number = |text: &str| in_range(text, text.parse().ok(), &Self::STREAMERS);
        let streamers = flag("streamers", streamers.unwrap_or("1"), number)?;
        // Each takes as many as the gateway lets through to it.
        let max_players = gateway.max_players.map_or(*StreamConfig::MAX_PLAYERS.end(), |most| most as usize);
        let max_players = max_players.min(*StreamConfig::MAX_PLAYERS.end());
        Ok(Self { gateway, streamers, stream: StreamConfig { max_players, ..stream.read()? } })
    }
}

/// A number of bits per second, with `k` or `M` behind it or without.
fn bits(text: &str) -> Option<u32> {
    let (number, factor) = match text.strip_suffix(['k', 'K']) {
        Some(number) => (number, 1e3),
        None => text.strip_suffix(['m', 'M']).map_or((text, 1.0), |number| (number, 1e6)),
    };
    let bits = number.parse::<f64>().ok()? * factor;
    // Above the range is still a number: the complaint is another one.
    (bits.is_finite() && bits >= 0.0).then_some(bits.min(f64::from(u32::MAX)) as u32)
}

/// What the gateway takes as an id (protocol.md §5.1).
fn id(text: &str) -> Result<String, Fault> {
    let fits = !text.is_empty() && text.chars().count() <= 128 && !text.contains(char::is_control);
    let fault = || Fault::new("not an id", "write 1 to 128 characters, none of them control characters");
    if fits { Ok(text.to_owned()) } else { Err(fault()) }
}
