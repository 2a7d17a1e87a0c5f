//! The configuration: read once, into types that cannot hold a wrong value.
//!
//! Two types. [`ServeArgs`] is what was written: text, with its [`Source`], from the defaults, a TOML file, the
//! environment or the command line, each overriding the one before. [`Config`] is what it means. Nothing after
//! [`Config::read`] has to check anything, and every complaint names the place that was written and what to do.

mod address;
mod args;
mod auth;
#[cfg(feature = "bench")]
mod bench;
mod check;
pub mod cli;
pub mod defaults;
mod error;
mod file;
#[cfg(any(feature = "bench", feature = "demo"))]
mod flags;
mod issuer;
mod limits;
mod listener;
mod logging;
mod origin;
mod print;
mod read;
mod reference;
mod start;
#[cfg(feature = "demo")]
mod stream;
#[cfg(test)]
mod tests;
mod token;
mod turn;
mod values;
mod web;
mod written;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use address::ListenAddr;
pub use args::ServeArgs;
pub use auth::{Auth, Issuer, KeySource, Keys, PublicKey, Webhook};
#[cfg(feature = "bench")]
pub use bench::{BenchArgs, BenchConfig, Load, Output, Place, Scenario, Server, Settings, Via};
pub use check::report;
pub use error::ConfigError;
#[cfg(any(feature = "bench", feature = "demo"))]
pub use flags::Trust;
pub use issuer::IssuerArgs;
pub use limits::{Bounds, Limits};
pub use listener::{Listener, ListenerArgs, Serving};
pub use logging::{ConsoleMessages, LogFilter, LogFormat};
pub use origin::{AllowedOrigins, Host, Origin};
pub use print::toml;
pub use start::{Look, Start, look};
#[cfg(feature = "demo")]
pub use stream::{DemoArgs, DemoConfig, Size, StreamArgs, StreamConfig, TestStreamerArgs, TestStreamerConfig};
pub use token::{Signing, TokenArgs, TokenConfig};
pub use turn::{JsonObject, Turn, TurnArgs, TurnPool, ice_servers, needs_credential};
pub use values::{Announce, CertSource, PeerOptions, Roles, Secret};
pub use web::{AdminAccess, Cors, HttpRate, Net, Proxies, Trusted};
pub use written::{Source, Written, env_name};

use crate::hub::AutoSubscribe;
use crate::transport::Keepalive;
use crate::wire::Role;

/// Keys that take effect while the gateway runs. A certificate does too.
pub const LIVE: [&str; 45] = [
    "max-players",
    "limits",
    "max-connections",
    "max-connections-per-address",
    "handshake-rate",
    "handshake-rate-per-address",
    "player-message-rate",
    "player-byte-rate",
    "publisher-message-rate",
    "publisher-byte-rate",
    "subscription-rate",
    "streamers-per-token",
    "buffer-memory",
    "player-unsubscribed-timeout",
    "player-idle-timeout",
    "player-max-session",
    "http-rate",
    "http-rate-loopback",
    "peer-options",
    "peer-options-file",
    "turn-urls",
    "turn-secret",
    "turn-ttl",
    "ice-transport-policy",
    "allowed-origins",
    "cors-allowed-origins",
    "admin-hosts",
    "admin-token",
    "log",
    "console-messages",
    "open",
    "player-token",
    "streamer-token",
    "sfu-token",
    "jwt-secret",
    "jwt-key",
    "jwt-jwks",
    "jwt-issuer",
    "jwt-audience",
    "jwt-roles",
    "jwt-leeway",
    "webhook",
    "webhook-roles",
    "webhook-timeout",
    "webhook-anonymous",
];

/// Whom the gateway tells of its streamers and players (protocol.md §6, "Matchmaker").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matchmaker {
    /// Where it listens, as `HOST:PORT`.
    pub address: String,
    /// How long to wait before it is dialled again.
    pub retry: Duration,
    /// What players are sent to.
    pub public_address: String,
}

/// Everything that `pixelgate serve` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where peers arrive. The names differ.
    pub listeners: Vec<Listener>,
    /// The operator's own pages; `None` for the built-in player.
    pub http_root: Option<PathBuf>,
    /// The page at `/` of that folder; `None` for `player.html`, else `index.html`.
    pub homepage: Option<String>,
    /// More folders of pages, by path.
    pub routes: Vec<(String, PathBuf)>,
    /// `Content-Security-Policy` of the operator's own pages.
    pub content_security_policy: Option<String>,
    /// The headers that keep pages apart from other sites.
    pub security_headers: bool,
    /// `Strict-Transport-Security` over TLS.
    pub hsts: bool,
    /// Which other sites' scripts may read answers; `None` for no site's.
    pub cors: Option<Cors>,
    /// How often an address may ask over HTTP.
    pub http_rate: HttpRate,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Proxies,
    /// Whether the REST API is on the listeners that answer HTTP.
    pub rest_api: bool,
    /// The pages of other sites that may ask where the gateway is and open sessions.
    pub allowed_origins: AllowedOrigins,
    /// Operators.
    pub admin: ListenAddr,
    /// Which of them.
    pub admin_access: AdminAccess,
    /// Players per streamer; `None` for no limit.
    pub max_players: Option<u32>,
    /// How SFUs that have not chosen for themselves get a streamer (protocol.md §5.4).
    pub auto_subscribe: AutoSubscribe,
    /// The longest message that is taken, in bytes (protocol.md §5.7).
    pub max_message: usize,
    /// What peers are told for their peer connections.
    pub peer_options: PeerOptions,
    /// When a silent peer is pinged and given up (protocol.md §5.6).
    pub keepalive: Keepalive,
    /// Whose certificate the TLS listener shows.
    pub certificate: CertSource,
    /// How long sessions are given to end when the gateway stops.
    pub drain_grace: Duration,
    /// Whom the limits hold for.
    pub limits: Limits,
    /// The limits.
    pub bounds: Bounds,
    /// What is logged.
    pub log: LogFilter,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// Where daily log files are kept.
    pub log_folder: Option<PathBuf>,
    /// What is logged there.
    pub log_file: LogFilter,
    /// Whether the configuration is logged at the start.
    pub log_config: bool,
    /// What of each message is shown on the console.
    pub console_messages: ConsoleMessages,
    /// Whether keys on standard input are obeyed.
    pub stdin: bool,
    /// Who is told of streamers and players.
    pub matchmaker: Option<Matchmaker>,
    /// TURN servers, and whose credentials the gateway makes.
    pub turn: Turn,
    /// Who may connect.
    pub auth: Auth,
    /// Where to say which addresses were bound.
    pub announce: Option<Announce>,
}

impl Config {
    /// For tests: every listener on a free port of 127.0.0.1 with every role, the certificate in memory.
    pub fn for_tests() -> Self {
        let addr = ListenAddr::Socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listeners = vec![
            Listener::unified("http", addr, Roles::ALL),
            Listener::unified_tls("https", addr, Roles::ALL),
            Listener::legacy("streamer", addr, Role::Streamer),
            Listener::legacy("sfu", addr, Role::Sfu),
        ];
        let certificate = CertSource::Dev { dir: None };
        Self { listeners, admin: addr, certificate, ..Self::default() }
    }

    /// The listener of that name.
    pub fn listener(&self, name: &str) -> Option<&Listener> {
        self.listeners.iter().find(|listener| listener.name == name)
    }

    /// The listener of that name, to be changed.
    pub fn listener_mut(&mut self, name: &str) -> Option<&mut Listener> {
        self.listeners.iter_mut().find(|listener| listener.name == name)
    }

    /// Every address that is listened on, by the name of the listener, the operators' last.
    pub fn addresses(&self) -> impl Iterator<Item = (&str, ListenAddr)> {
        let listeners = self.listeners.iter().map(|listener| (listener.name.as_str(), listener.addr));
        listeners.chain([("admin", self.admin)]).filter(|(_, addr)| addr.is_on())
    }
}

impl Default for Config {
    /// What `pixelgate serve` does when nothing is written.
    fn default() -> Self {
        Self::read(&defaults::layer()).expect("a test reads the defaults")
    }
}
