//! What was written, before it is understood: text and where it stands.
//!
//! Every field is one flag, one key of the file and one variable, so that a layer is a value of one type and the
//! source of every value stays known after the layers are laid over one another.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::{ConfigError, Fault};

/// Where a value was written. A later variant overrides an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nowhere: the default.
    Default,
    /// In the configuration file.
    File {
        /// The file, as it was named.
        path: Arc<PathBuf>,
        /// The line, from 1.
        line: usize,
    },
    /// In the environment.
    Environment,
    /// On the command line.
    CommandLine,
}

impl Source {
    /// The place of `key` there, as messages name it.
    pub fn place(&self, key: &str) -> String {
        match self {
            Self::Default => format!("--{key} (default)"),
            Self::File { path, line } => format!("{}:{line}: {key}", path.display()),
            Self::Environment => env_name(key),
            Self::CommandLine => format!("--{key}"),
        }
    }

    /// How strongly it overrides, whatever the line.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File { .. } => 1,
            Self::Environment => 2,
            Self::CommandLine => 3,
        }
    }
}

/// A value as it was written.
#[derive(Clone, PartialEq, Eq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub source: Source,
}

impl Written {
    /// A value from somewhere.
    pub fn new(text: impl Into<String>, source: Source) -> Self {
        Self { text: text.into(), source }
    }
}

impl From<String> for Written {
    /// What clap reads is on the command line.
    fn from(text: String) -> Self {
        Self::new(text, Source::CommandLine)
    }
}

impl fmt::Debug for Written {
    /// Without the text: peer options hold credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("source", &self.source).finish_non_exhaustive()
    }
}

/// The flags of `pixelgate serve`, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct ServeArgs {
    /// Pages and WebSockets; the path decides the role
    #[arg(long, value_name = "ADDRESS|off", help_heading = "Listeners")]
    pub http: Option<Written>,
    /// The same over TLS; WebTransport and raw QUIC on UDP of the same port
    #[arg(long, value_name = "ADDRESS|off", help_heading = "Listeners")]
    pub https: Option<Written>,
    /// Roles that --http takes, of player,streamer,sfu [default: all on loopback, player beyond]
    #[arg(long, value_name = "ROLES", help_heading = "Listeners")]
    pub http_roles: Option<Written>,
    /// Roles that --https takes [default: all on loopback, player beyond]
    #[arg(long, value_name = "ROLES", help_heading = "Listeners")]
    pub https_roles: Option<Written>,
    /// A port of its own for streamers' WebSockets, any path
    #[arg(long, value_name = "ADDRESS|off", help_heading = "Listeners")]
    pub streamer: Option<Written>,
    /// A port of its own for SFUs' WebSockets, any path
    #[arg(long, value_name = "ADDRESS|off", help_heading = "Listeners")]
    pub sfu: Option<Written>,
    /// Folder of your own pages, in place of the player at / [default: the built-in player]
    #[arg(long, value_name = "FOLDER", help_heading = "Listeners")]
    pub http_root: Option<Written>,
    /// Origins of other sites whose pages may ask /transports.json: https://a.example,…; * for any [default: none]
    #[arg(long, value_name = "ORIGINS", help_heading = "Listeners")]
    pub allowed_origins: Option<Written>,
    /// Operators: health and metrics
    #[arg(long, value_name = "ADDRESS|off", help_heading = "Listeners")]
    pub admin: Option<Written>,
    /// What peers are spoken to as: standard, wilbur, wilbur-5.5, cirrus-5.4, cirrus-5.2, cirrus-5.1 or cirrus-4.27
    #[arg(long, value_name = "NAME", help_heading = "Signalling")]
    pub dialect: Option<Written>,
    /// Players per streamer (in cirrus-*: of all streamers); 0 for no limit
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Signalling")]
    pub max_players: Option<Written>,
    /// peerConnectionOptions for every peer, a JSON object
    #[arg(long, value_name = "JSON", help_heading = "Signalling")]
    pub peer_options: Option<Written>,
    /// The same from a file
    #[arg(long, value_name = "FILE", help_heading = "Signalling")]
    pub peer_options_file: Option<Written>,
    /// Silence after which a peer is pinged
    #[arg(long, value_name = "TIME", help_heading = "Signalling")]
    pub keepalive_interval: Option<Written>,
    /// Silence after which a peer is given up
    #[arg(long, value_name = "TIME", help_heading = "Signalling")]
    pub keepalive_timeout: Option<Written>,
    /// Certificate chain, PEM; without it a development certificate is made
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub cert: Option<Written>,
    /// Its private key, PEM
    #[arg(long, value_name = "FILE", help_heading = "TLS")]
    pub key: Option<Written>,
    /// Folder that keeps the development certificate
    #[arg(long, value_name = "FOLDER", help_heading = "TLS")]
    pub cert_dir: Option<Written>,
    /// Time that sessions get to end when the gateway stops
    #[arg(long, value_name = "TIME", help_heading = "Running")]
    pub drain_grace: Option<Written>,
    /// Per-address limits: default spares loopback peers, loopback does not, off is for benchmarks
    #[arg(long, value_name = "default|loopback|off", help_heading = "Running")]
    pub limits: Option<Written>,
    /// What is logged: a level, or target=level,…
    #[arg(long, value_name = "FILTER", help_heading = "Running")]
    pub log: Option<Written>,
    /// How log lines are written
    #[arg(long, value_name = "text|json", help_heading = "Running")]
    pub log_format: Option<Written>,
    /// Once everything listens, write the addresses as one JSON line to a file, or to stdout
    #[arg(long, value_name = "FILE|-", help_heading = "Running")]
    pub announce: Option<Written>,
    /// A TOML file with the same keys
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    pub config: Option<Written>,
}

impl ServeArgs {
    /// Every key and its value, in the order of the help. A field that is forgotten here does not compile.
    fn fields_mut(&mut self) -> [(&'static str, &mut Option<Written>); 24] {
        let Self {
            http,
            https,
            http_roles,
            https_roles,
            streamer,
            sfu,
            http_root,
            allowed_origins,
            admin,
            dialect,
            max_players,
            peer_options,
            peer_options_file,
            keepalive_interval,
            keepalive_timeout,
            cert,
            key,
            cert_dir,
            drain_grace,
            limits,
            log,
            log_format,
            announce,
            config,
        } = self;
        [
            ("http", http),
            ("https", https),
            ("http-roles", http_roles),
            ("https-roles", https_roles),
            ("streamer", streamer),
            ("sfu", sfu),
            ("http-root", http_root),
            ("allowed-origins", allowed_origins),
            ("admin", admin),
            ("dialect", dialect),
            ("max-players", max_players),
            ("peer-options", peer_options),
            ("peer-options-file", peer_options_file),
            ("keepalive-interval", keepalive_interval),
            ("keepalive-timeout", keepalive_timeout),
            ("cert", cert),
            ("key", key),
            ("cert-dir", cert_dir),
            ("drain-grace", drain_grace),
            ("limits", limits),
            ("log", log),
            ("log-format", log_format),
            ("announce", announce),
            ("config", config),
        ]
    }

    /// The names of all keys.
    pub fn keys() -> [&'static str; 24] {
        Self::default().fields_mut().map(|(key, _)| key)
    }

    /// Writes a value; false if there is no such key.
    pub(super) fn set(&mut self, key: &str, value: Written) -> bool {
        let field = self.fields_mut().into_iter().find(|(name, _)| *name == key);
        field.map(|(_, field)| *field = Some(value)).is_some()
    }

    /// Fills what is not written here from a layer below.
    pub fn over(mut self, mut below: Self) -> Self {
        for ((_, mine), (_, theirs)) in self.fields_mut().into_iter().zip(below.fields_mut()) {
            *mine = mine.take().or(theirs.take());
        }
        self
    }

    /// What is written, by key, in the order of the help.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, Written)> {
        let mut copy = self.clone();
        copy.fields_mut()
            .map(|(key, field)| (key, field.take()))
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
    }

    /// The layer of the environment. Only variables of known keys are looked at: container platforms set others that
    /// begin with the same letters. An empty one counts as not set.
    ///
    /// # Errors
    /// A value that is not UTF-8.
    pub fn from_env(env: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let mut args = Self::default();
        for key in Self::keys() {
            let Some(value) = env(&env_name(key)).filter(|value| !value.is_empty()) else { continue };
            let fault = |_| Fault::new("not UTF-8", "write it in UTF-8").at(Source::Environment.place(key));
            args.set(key, Written::new(value.into_string().map_err(fault)?, Source::Environment));
        }
        Ok(args)
    }
}

/// The variable of a key: `PIXELGATE_MAX_PLAYERS` for `max-players`.
pub fn env_name(key: &str) -> String {
    format!("PIXELGATE_{}", key.to_ascii_uppercase().replace('-', "_"))
}
