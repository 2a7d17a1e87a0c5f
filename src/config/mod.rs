//! The configuration: read once, into types that cannot hold a wrong value.
//!
//! Two types. [`ServeArgs`] is what was written: text, with its [`Source`], from the defaults, a TOML file, the
//! environment or the command line, each overriding the one before. [`Config`] is what it means. Nothing after
//! [`Config::read`] has to check anything, and every complaint names the place that was written and what to do.

mod address;
mod args;
pub mod cli;
pub mod defaults;
mod error;
mod file;
mod read;
#[cfg(feature = "demo")]
mod stream;
#[cfg(test)]
mod tests;
mod values;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use address::ListenAddr;
pub use args::{ServeArgs, Source, Written, env_name};
pub use error::ConfigError;
#[cfg(feature = "demo")]
pub use stream::{DemoArgs, DemoConfig, Size, StreamArgs, StreamConfig, TestStreamerArgs, TestStreamerConfig, Trust};
pub use values::{Announce, CertSource, Limits, LogFilter, LogFormat, PeerOptions, Roles};

use crate::hub::Dialect;
use crate::transport::Keepalive;

/// A listener whose path decides the role (protocol.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens.
    pub addr: ListenAddr,
    /// Which roles it takes.
    pub roles: Roles,
}

/// Everything that `pixelgate serve` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Pages and WebSockets.
    pub http: Listener,
    /// The same over TLS; WebTransport and raw QUIC on UDP of the same port.
    pub https: Listener,
    /// The port of its own for streamers: any path.
    pub streamer: ListenAddr,
    /// The port of its own for SFUs: any path.
    pub sfu: ListenAddr,
    /// The operator's own pages; `None` for the built-in player.
    pub http_root: Option<PathBuf>,
    /// Origins of other sites whose pages may ask where the gateway is.
    pub allowed_origins: Vec<String>,
    /// Operators.
    pub admin: ListenAddr,
    /// The rules of the sessions (protocol.md §4).
    pub dialect: &'static Dialect,
    /// Players per streamer; `None` for no limit.
    pub max_players: Option<u32>,
    /// What peers are told for their peer connections.
    pub peer_options: PeerOptions,
    /// When a silent peer is pinged and given up (protocol.md §5.6).
    pub keepalive: Keepalive,
    /// Whose certificate the TLS listener shows.
    pub certificate: CertSource,
    /// How long sessions are given to end when the gateway stops.
    pub drain_grace: Duration,
    /// Whom the per-address limits apply to.
    pub limits: Limits,
    /// What is logged.
    pub log: LogFilter,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Where to say which addresses were bound.
    pub announce: Option<Announce>,
}

impl Config {
    /// For tests: every listener on a free port of 127.0.0.1 with every role, the certificate in memory.
    pub fn for_tests() -> Self {
        let addr = ListenAddr::Socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = Listener { addr, roles: Roles::ALL };
        let certificate = CertSource::Dev { dir: None };
        Self { http: listener, https: listener, streamer: addr, sfu: addr, admin: addr, certificate, ..Self::default() }
    }

    /// Every listener by the name of its key.
    pub fn listeners(&self) -> [(&'static str, ListenAddr); 5] {
        let Self { http, https, streamer, sfu, admin, .. } = self;
        [("http", http.addr), ("https", https.addr), ("streamer", *streamer), ("sfu", *sfu), ("admin", *admin)]
    }
}

impl Default for Config {
    /// What `pixelgate serve` does when nothing is written.
    fn default() -> Self {
        Self::read(&defaults::layer()).expect("a test reads the defaults")
    }
}
