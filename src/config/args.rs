//! What was written, before it is understood: text and where it stands.
//!
//! Every field is one flag, one key of the file and one variable, so that a layer is a value of one type and the
//! source of every value stays known after the layers are laid over one another.

use std::ffi::OsString;

use super::error::{ConfigError, Fault};
use super::issuer::IssuerArgs;
use super::listener::ListenerArgs;
use super::turn::TurnArgs;
use super::written::{Source, Written, env_name};

/// The flags of `pixelgate serve`, as written. A flag that is true or false is true when no value follows.
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
    /// The page at / of that folder [default: player.html, else index.html]
    #[arg(long, value_name = "FILE", help_heading = "Listeners")]
    pub homepage: Option<Written>,
    /// More folders of pages, each at a path: /path=folder,…
    #[arg(long, value_name = "ROUTES", help_heading = "Listeners")]
    pub routes: Option<Written>,
    /// Origins of other sites whose pages are let in: https://a.example,…; * for any as players [default: any as players]
    #[arg(long, value_name = "ORIGINS", help_heading = "Listeners")]
    pub allowed_origins: Option<Written>,
    /// Pages that --http is asked for are answered with where --https has them
    #[arg(long, value_name = "BOOL", help_heading = "Listeners", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub https_redirect: Option<Written>,
    /// Cross-origin requests: let other sites' scripts read pages and REST answers
    #[arg(long, value_name = "BOOL", help_heading = "Pages", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub cors: Option<Written>,
    /// Origins that --cors is for [default: any]
    #[arg(long, value_name = "ORIGINS", help_heading = "Pages")]
    pub cors_allowed_origins: Option<Written>,
    /// Methods that --cors is for [default: GET,HEAD,PUT,PATCH,POST,DELETE]
    #[arg(long, value_name = "METHODS", help_heading = "Pages")]
    pub cors_allowed_methods: Option<Written>,
    /// Request headers that --cors is for [default: those asked for]
    #[arg(long, value_name = "HEADERS", help_heading = "Pages")]
    pub cors_allowed_headers: Option<Written>,
    /// --cors lets cookies and credentials through
    #[arg(long, value_name = "BOOL", help_heading = "Pages", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub cors_credentials: Option<Written>,
    /// Content-Security-Policy of the pages of --http-root [default: none]
    #[arg(long, value_name = "TEXT", help_heading = "Pages")]
    pub content_security_policy: Option<Written>,
    /// Headers that keep pages apart from other sites, as helmet sets them
    #[arg(long, value_name = "BOOL", help_heading = "Pages", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub security_headers: Option<Written>,
    /// Strict-Transport-Security over TLS, except with a development certificate, for localhost and for addresses
    #[arg(long, value_name = "BOOL", help_heading = "Pages", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub hsts: Option<Written>,
    /// HTTP requests a minute that one address may make; 0 for no limit
    #[arg(long, value_name = "NUMBER", help_heading = "Pages")]
    pub http_rate: Option<Written>,
    /// --http-rate holds for loopback addresses too
    #[arg(long, value_name = "BOOL", help_heading = "Pages", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub http_rate_loopback: Option<Written>,
    /// Reverse proxies whose X-Forwarded-For is believed: addresses, networks, loopback, private or any [default: none]
    #[arg(long, value_name = "LIST", help_heading = "Pages")]
    pub trusted_proxies: Option<Written>,
    /// How many proxies each add one address to it
    #[arg(long, value_name = "NUMBER", help_heading = "Pages")]
    pub proxy_hops: Option<Written>,
    /// The REST API at /api on every listener that answers HTTP
    #[arg(long, value_name = "BOOL", help_heading = "Pages", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub rest_api: Option<Written>,
    /// Operators: health and metrics
    #[arg(long, value_name = "ADDRESS|off", help_heading = "Listeners")]
    pub admin: Option<Written>,
    /// Names by which operators dial it, besides addresses and localhost: gate.internal,… [default: none]
    #[arg(long, value_name = "HOSTS", help_heading = "Listeners")]
    pub admin_hosts: Option<Written>,
    /// What operators must give as Authorization: Bearer; without it other machines see its health alone
    #[arg(long, value_name = "TEXT", help_heading = "Listeners")]
    pub admin_token: Option<Written>,
    /// What peers are spoken to as: standard, wilbur, wilbur-5.5, cirrus-5.4, cirrus-5.2, cirrus-5.1 or cirrus-4.27
    #[arg(long, value_name = "NAME", help_heading = "Signalling")]
    pub dialect: Option<Written>,
    /// Peers may choose another dialect: ?dialect=, hello.dialect
    #[arg(long, value_name = "BOOL", help_heading = "Signalling", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub choose_dialect: Option<Written>,
    /// Players per streamer (in cirrus-*: of all streamers); 0 for no limit
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Signalling")]
    pub max_players: Option<Written>,
    /// Which streamer an SFU is subscribed to that has not chosen one: first, off, or a streamer's id
    #[arg(long, value_name = "first|off|ID", help_heading = "Signalling")]
    pub sfu_auto_subscribe: Option<Written>,
    /// Bytes that a message may have; a longer one closes its sender's session
    #[arg(long, value_name = "BYTES", help_heading = "Signalling")]
    pub max_message: Option<Written>,
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
    /// TURN servers that every peer is told: turn:HOST:PORT,… [default: none]
    #[arg(long, value_name = "URLS", help_heading = "Signalling")]
    pub turn_urls: Option<Written>,
    /// Secret shared with them, for credentials of each session; without --turn-urls: with those in --peer-options
    #[arg(long, value_name = "TEXT", help_heading = "Signalling")]
    pub turn_secret: Option<Written>,
    /// How long TURN credentials live
    #[arg(long, value_name = "TIME", help_heading = "Signalling")]
    pub turn_ttl: Option<Written>,
    /// How media may go: relay is by way of TURN servers alone
    #[arg(long, value_name = "all|relay", help_heading = "Signalling")]
    pub ice_transport_policy: Option<Written>,
    /// What players must show: as ?token=, Authorization: Bearer, subprotocol bearer.TOKEN, or in hello
    #[arg(long, value_name = "TEXT", help_heading = "Who may connect")]
    pub player_token: Option<Written>,
    /// What streamers must show
    #[arg(long, value_name = "TEXT", help_heading = "Who may connect")]
    pub streamer_token: Option<Written>,
    /// What SFUs must show
    #[arg(long, value_name = "TEXT", help_heading = "Who may connect")]
    pub sfu_token: Option<Written>,
    /// Roles that anybody may take beyond this machine where no rule says who may: player,streamer,sfu; true for all
    #[arg(long, value_name = "ROLES|BOOL", help_heading = "Who may connect", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub open: Option<Written>,
    /// Signed tokens (JWT) count that this secret signs by HS256: 32 bytes or more
    #[arg(long, value_name = "TEXT", help_heading = "Who may connect")]
    pub jwt_secret: Option<Written>,
    /// Or that this public key verifies, PEM: RS256, ES256 or EdDSA
    #[arg(long, value_name = "FILE", help_heading = "Who may connect")]
    pub jwt_key: Option<Written>,
    /// Or the keys of this set, JWKS
    #[arg(long, value_name = "FILE|URL", help_heading = "Who may connect")]
    pub jwt_jwks: Option<Written>,
    /// What iss of these tokens must be [default: anything]
    #[arg(long, value_name = "TEXT", help_heading = "Who may connect")]
    pub jwt_issuer: Option<Written>,
    /// What aud of these tokens must hold [default: anything]
    #[arg(long, value_name = "TEXT", help_heading = "Who may connect")]
    pub jwt_audience: Option<Written>,
    /// Roles that need such a token [default: all]
    #[arg(long, value_name = "ROLES", help_heading = "Who may connect")]
    pub jwt_roles: Option<Written>,
    /// How far the clocks of issuers may be off
    #[arg(long, value_name = "TIME", help_heading = "Who may connect")]
    pub jwt_leeway: Option<Written>,
    /// Who is asked about each newcomer: an HTTP endpoint
    #[arg(long, value_name = "URL", help_heading = "Who may connect")]
    pub webhook: Option<Written>,
    /// Roles that it is asked about [default: all]
    #[arg(long, value_name = "ROLES", help_heading = "Who may connect")]
    pub webhook_roles: Option<Written>,
    /// How long its answer may take; after that nobody comes in
    #[arg(long, value_name = "TIME", help_heading = "Who may connect")]
    pub webhook_timeout: Option<Written>,
    /// Whether it is asked about peers without a token too; else these do not come in
    #[arg(long, value_name = "BOOL", help_heading = "Who may connect", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub webhook_anonymous: Option<Written>,
    /// Matchmaker that is told of streamers and players, over TCP
    #[arg(long, value_name = "HOST:PORT|off", help_heading = "Signalling")]
    pub matchmaker: Option<Written>,
    /// Time until it is dialled again
    #[arg(long, value_name = "TIME", help_heading = "Signalling")]
    pub matchmaker_retry: Option<Written>,
    /// Name or address by which players reach this machine, for the matchmaker
    #[arg(long, value_name = "HOST", help_heading = "Signalling")]
    pub public_address: Option<Written>,
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
    /// Whom limits are for: default spares loopback addresses, loopback does not, off is for benchmarks
    #[arg(long, value_name = "default|loopback|off", help_heading = "Limits")]
    pub limits: Option<Written>,
    /// Connections at once, pages included; 0 for no limit
    #[arg(long, value_name = "NUMBER", help_heading = "Limits")]
    pub max_connections: Option<Written>,
    /// Of one address (IPv6: of one /64)
    #[arg(long, value_name = "NUMBER", help_heading = "Limits")]
    pub max_connections_per_address: Option<Written>,
    /// New connections a second; 0 for no limit
    #[arg(long, value_name = "NUMBER", help_heading = "Limits")]
    pub handshake_rate: Option<Written>,
    /// Of one address (IPv6: of one /64)
    #[arg(long, value_name = "NUMBER", help_heading = "Limits")]
    pub handshake_rate_per_address: Option<Written>,
    /// Messages a second that a player may send, and each adds to its streamer's; 0 for no limit
    #[arg(long, value_name = "NUMBER", help_heading = "Limits")]
    pub player_message_rate: Option<Written>,
    /// Bytes a second, in the same way
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    pub player_byte_rate: Option<Written>,
    /// Messages a second that a streamer or SFU without players may send; 0 for no limit
    #[arg(long, value_name = "NUMBER", help_heading = "Limits")]
    pub publisher_message_rate: Option<Written>,
    /// Bytes a second, in the same way
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    pub publisher_byte_rate: Option<Written>,
    /// Changes of subscription or name a second in one session; 0 for no limit
    #[arg(long, value_name = "NUMBER", help_heading = "Limits")]
    pub subscription_rate: Option<Written>,
    /// Streamers at once that show the same token; 0 for no limit
    #[arg(long, value_name = "NUMBER", help_heading = "Limits")]
    pub streamers_per_token: Option<Written>,
    /// Bytes that may wait in all sessions together; 0 for no limit
    #[arg(long, value_name = "BYTES", help_heading = "Limits")]
    pub buffer_memory: Option<Written>,
    /// Time after which a player is closed that is subscribed to nobody
    #[arg(long, value_name = "TIME|off", help_heading = "Limits")]
    pub player_unsubscribed_timeout: Option<Written>,
    /// Time after which a player is closed that says nothing
    #[arg(long, value_name = "TIME|off", help_heading = "Limits")]
    pub player_idle_timeout: Option<Written>,
    /// Time after which a player is closed in any case
    #[arg(long, value_name = "TIME|off", help_heading = "Limits")]
    pub player_max_session: Option<Written>,
    /// What is logged: a level, or target=level,…
    #[arg(long, value_name = "FILTER", help_heading = "Running")]
    pub log: Option<Written>,
    /// How log lines are written
    #[arg(long, value_name = "text|json", help_heading = "Running")]
    pub log_format: Option<Written>,
    /// Folder of daily log files, JSON lines, kept for 14 days [default: none]
    #[arg(long, value_name = "FOLDER", help_heading = "Running")]
    pub log_folder: Option<Written>,
    /// What is logged there: a level, or target=level,…
    #[arg(long, value_name = "FILTER", help_heading = "Running")]
    pub log_file: Option<Written>,
    /// Log the configuration at the start, without its secrets
    #[arg(long, value_name = "BOOL", help_heading = "Running", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub log_config: Option<Written>,
    /// Show every message on the console: its type and size, or also what is in it, without its secrets
    #[arg(long, value_name = "off|basic|verbose|formatted", help_heading = "Running")]
    pub console_messages: Option<Written>,
    /// Obey keys on standard input; h lists them
    #[arg(long, value_name = "BOOL", help_heading = "Running", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub stdin: Option<Written>,
    /// Once everything listens, write the addresses as one JSON line to a file, or to stdout
    #[arg(long, value_name = "FILE|-", help_heading = "Running")]
    pub announce: Option<Written>,
    /// A TOML file with the same keys
    #[arg(long, value_name = "FILE", help_heading = "Running")]
    pub config: Option<Written>,
    /// The `[[listener]]` tables of the file.
    #[arg(skip)]
    pub listeners: Vec<ListenerArgs>,
    /// The `[[issuer]]` tables of the file.
    #[arg(skip)]
    pub issuers: Vec<IssuerArgs>,
    /// The `[[turn]]` tables of the file.
    #[arg(skip)]
    pub turn: Vec<TurnArgs>,
}

/// How many keys there are.
const KEYS: usize = 86;

impl ServeArgs {
    /// Every key and its value, in the order of the help. A field that is forgotten here does not compile.
    fn fields_mut(&mut self) -> [(&'static str, &mut Option<Written>); KEYS] {
        let Self {
            http,
            https,
            http_roles,
            https_roles,
            streamer,
            sfu,
            http_root,
            homepage,
            routes,
            allowed_origins,
            https_redirect,
            cors,
            cors_allowed_origins,
            cors_allowed_methods,
            cors_allowed_headers,
            cors_credentials,
            content_security_policy,
            security_headers,
            hsts,
            http_rate,
            http_rate_loopback,
            trusted_proxies,
            proxy_hops,
            rest_api,
            admin,
            admin_hosts,
            admin_token,
            dialect,
            choose_dialect,
            max_players,
            sfu_auto_subscribe,
            max_message,
            peer_options,
            peer_options_file,
            keepalive_interval,
            keepalive_timeout,
            turn_urls,
            turn_secret,
            turn_ttl,
            ice_transport_policy,
            player_token,
            streamer_token,
            sfu_token,
            open,
            jwt_secret,
            jwt_key,
            jwt_jwks,
            jwt_issuer,
            jwt_audience,
            jwt_roles,
            jwt_leeway,
            webhook,
            webhook_roles,
            webhook_timeout,
            webhook_anonymous,
            matchmaker,
            matchmaker_retry,
            public_address,
            cert,
            key,
            cert_dir,
            drain_grace,
            limits,
            max_connections,
            max_connections_per_address,
            handshake_rate,
            handshake_rate_per_address,
            player_message_rate,
            player_byte_rate,
            publisher_message_rate,
            publisher_byte_rate,
            subscription_rate,
            streamers_per_token,
            buffer_memory,
            player_unsubscribed_timeout,
            player_idle_timeout,
            player_max_session,
            log,
            log_format,
            log_folder,
            log_file,
            log_config,
            console_messages,
            stdin,
            announce,
            config,
            listeners: _,
            issuers: _,
            turn: _,
        } = self;
        [
            ("http", http),
            ("https", https),
            ("http-roles", http_roles),
            ("https-roles", https_roles),
            ("streamer", streamer),
            ("sfu", sfu),
            ("http-root", http_root),
            ("homepage", homepage),
            ("routes", routes),
            ("allowed-origins", allowed_origins),
            ("https-redirect", https_redirect),
            ("cors", cors),
            ("cors-allowed-origins", cors_allowed_origins),
            ("cors-allowed-methods", cors_allowed_methods),
            ("cors-allowed-headers", cors_allowed_headers),
            ("cors-credentials", cors_credentials),
            ("content-security-policy", content_security_policy),
            ("security-headers", security_headers),
            ("hsts", hsts),
            ("http-rate", http_rate),
            ("http-rate-loopback", http_rate_loopback),
            ("trusted-proxies", trusted_proxies),
            ("proxy-hops", proxy_hops),
            ("rest-api", rest_api),
            ("admin", admin),
            ("admin-hosts", admin_hosts),
            ("admin-token", admin_token),
            ("dialect", dialect),
            ("choose-dialect", choose_dialect),
            ("max-players", max_players),
            ("sfu-auto-subscribe", sfu_auto_subscribe),
            ("max-message", max_message),
            ("peer-options", peer_options),
            ("peer-options-file", peer_options_file),
            ("keepalive-interval", keepalive_interval),
            ("keepalive-timeout", keepalive_timeout),
            ("turn-urls", turn_urls),
            ("turn-secret", turn_secret),
            ("turn-ttl", turn_ttl),
            ("ice-transport-policy", ice_transport_policy),
            ("player-token", player_token),
            ("streamer-token", streamer_token),
            ("sfu-token", sfu_token),
            ("open", open),
            ("jwt-secret", jwt_secret),
            ("jwt-key", jwt_key),
            ("jwt-jwks", jwt_jwks),
            ("jwt-issuer", jwt_issuer),
            ("jwt-audience", jwt_audience),
            ("jwt-roles", jwt_roles),
            ("jwt-leeway", jwt_leeway),
            ("webhook", webhook),
            ("webhook-roles", webhook_roles),
            ("webhook-timeout", webhook_timeout),
            ("webhook-anonymous", webhook_anonymous),
            ("matchmaker", matchmaker),
            ("matchmaker-retry", matchmaker_retry),
            ("public-address", public_address),
            ("cert", cert),
            ("key", key),
            ("cert-dir", cert_dir),
            ("drain-grace", drain_grace),
            ("limits", limits),
            ("max-connections", max_connections),
            ("max-connections-per-address", max_connections_per_address),
            ("handshake-rate", handshake_rate),
            ("handshake-rate-per-address", handshake_rate_per_address),
            ("player-message-rate", player_message_rate),
            ("player-byte-rate", player_byte_rate),
            ("publisher-message-rate", publisher_message_rate),
            ("publisher-byte-rate", publisher_byte_rate),
            ("subscription-rate", subscription_rate),
            ("streamers-per-token", streamers_per_token),
            ("buffer-memory", buffer_memory),
            ("player-unsubscribed-timeout", player_unsubscribed_timeout),
            ("player-idle-timeout", player_idle_timeout),
            ("player-max-session", player_max_session),
            ("log", log),
            ("log-format", log_format),
            ("log-folder", log_folder),
            ("log-file", log_file),
            ("log-config", log_config),
            ("console-messages", console_messages),
            ("stdin", stdin),
            ("announce", announce),
            ("config", config),
        ]
    }

    /// The names of all keys.
    pub fn keys() -> [&'static str; KEYS] {
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
        if self.listeners.is_empty() {
            self.listeners = below.listeners;
        }
        if self.issuers.is_empty() {
            self.issuers = below.issuers;
        }
        if self.turn.is_empty() {
            self.turn = below.turn;
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
