//! From what was written to what it means.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;

use super::address::ListenAddr;
use super::args::ServeArgs;
use super::error::{ConfigError, Fault};
use super::limits::{self, Bounds, Limits};
use super::listener::{Listener, ListenerArgs};
use super::logging::{ConsoleMessages, LogFilter, LogFormat};
use super::origin::AllowedOrigins;
use super::turn::{self, JsonObject, Turn, TurnArgs, TurnPool};
use super::values::{self, Announce, CertSource, PeerOptions, Roles, Secret};
use super::web::{self, AdminAccess, Cors, HttpRate, Proxies, Trusted};
use super::written::Written;
use super::{Config, Matchmaker, defaults, file};
use crate::transport::Keepalive;
use crate::wire::Role;

impl ServeArgs {
    /// The command line laid over the environment, that over the file that either names, that over the defaults.
    ///
    /// # Errors
    /// A file that cannot be read or understood, a variable that is not UTF-8.
    pub fn merged(self, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        Ok(self.over(Self::from_env(env)?).with_file()?.over(defaults::layer()))
    }

    /// Laid over the file that it names.
    pub(super) fn with_file(self) -> Result<Self, ConfigError> {
        let file = self.config.as_ref().map(file::read).transpose()?.unwrap_or_default();
        Ok(self.over(file))
    }
}

impl Config {
    /// Understands what was written. `args` holds every default ([`ServeArgs::merged`]). Reads the file of the peer
    /// options and looks for the folder of the pages; blocks on them.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn read(args: &ServeArgs) -> Result<Self, ConfigError> {
        let values = Values(args.entries().collect());
        let config = Self {
            listeners: values.listeners(&args.listeners)?,
            http_root: values.read_if_any("http-root", values::folder)?,
            homepage: values.read_if_any("homepage", web::page)?,
            routes: values.read_if_any("routes", web::routes)?.unwrap_or_default(),
            content_security_policy: values.read_if_any("content-security-policy", web::header)?,
            security_headers: values.read("security-headers", values::boolean)?,
            hsts: values.read("hsts", values::boolean)?,
            cors: values.cors()?,
            http_rate: values.http_rate()?,
            proxies: values.proxies()?,
            rest_api: values.read("rest-api", values::boolean)?,
            allowed_origins: values.read_if_any("allowed-origins", AllowedOrigins::parse)?.unwrap_or_default(),
            admin: values.read("admin", ListenAddr::parse)?,
            admin_access: AdminAccess {
                hosts: values.read_if_any("admin-hosts", web::hosts)?.unwrap_or_default(),
                token: values.read_if_any("admin-token", web::token)?,
            },
            max_players: values.read("max-players", values::max_players)?,
            auto_subscribe: values.read("sfu-auto-subscribe", values::auto_subscribe)?,
            max_message: values.read("max-message", values::max_message)?,
            peer_options: values.peer_options()?,
            keepalive: values.keepalive()?,
            certificate: values.certificate()?,
            drain_grace: values.read("drain-grace", values::duration)?,
            limits: values.read("limits", Limits::parse)?,
            bounds: values.bounds()?,
            log: values.read("log", LogFilter::parse)?,
            log_format: values.read("log-format", LogFormat::parse)?,
            log_folder: values.read_if_any("log-folder", values::path)?,
            log_file: values.read("log-file", LogFilter::parse)?,
            log_config: values.read("log-config", values::boolean)?,
            console_messages: values.read("console-messages", ConsoleMessages::parse)?,
            stdin: values.read("stdin", values::boolean)?,
            matchmaker: values.matchmaker()?,
            turn: values.turn(&args.turn)?,
            auth: values.auth(&args.issuers)?,
            announce: values.read_if_any("announce", Announce::parse)?,
        };
        values.check_listeners(&config)?;
        values.check_open(&config)?;
        values.check_servers(&config)?;
        Ok(config)
    }
}

/// What was written, by key.
pub(super) struct Values(BTreeMap<&'static str, Written>);

impl Values {
    pub(super) fn written(&self, key: &str) -> Option<&Written> {
        self.0.get(key)
    }

    pub(super) fn place(&self, key: &str) -> String {
        self.0.get(key).map_or_else(|| format!("--{key}"), |written| written.source.place(key))
    }

    /// How strongly what was written under a key overrides; 0 for a default or nothing.
    fn rank(&self, key: &str) -> u8 {
        self.0.get(key).map_or(0, |written| written.source.rank())
    }

    pub(super) fn read_if_any<T>(
        &self,
        key: &str,
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(written) = self.0.get(key) else { return Ok(None) };
        parse(written.text.trim()).map(Some).map_err(|fault| fault.at(written.source.place(key)))
    }

    /// The value of a key that has a default.
    pub(super) fn read<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, Fault>) -> Result<T, ConfigError> {
        let missing = || Fault::new("not given", "give it").at(self.place(key));
        self.read_if_any(key, parse)?.ok_or_else(missing)
    }

    /// Those of the flags that are on, then those of the tables.
    fn listeners(&self, tables: &[ListenerArgs]) -> Result<Vec<Listener>, ConfigError> {
        let mut listeners = vec![
            Listener {
                redirect: self.read("https-redirect", values::boolean)?,
                ..self.unified("http", "http-roles", Listener::unified)?
            },
            self.unified("https", "https-roles", Listener::unified_tls)?,
            Listener::legacy("streamer", self.read("streamer", ListenAddr::parse)?, Role::Streamer),
            Listener::legacy("sfu", self.read("sfu", ListenAddr::parse)?, Role::Sfu),
        ];
        let dialect = self.read("dialect", values::dialect)?;
        let choose_dialect = self.read("choose-dialect", values::boolean)?;
        for listener in &mut listeners {
            (listener.dialect, listener.choose_dialect) = (dialect, choose_dialect);
        }
        let defaults = listeners[0].clone();
        listeners.retain(|listener| listener.addr.is_on());
        for (index, table) in tables.iter().enumerate() {
            let listener = table.read(index + 1, &defaults)?;
            if listener.name == "admin" || listeners.iter().any(|other| other.name == listener.name) {
                let problem = format!("another listener is named {:?}", listener.name);
                return Err(Fault::new(problem, "give each a name of its own").at(table.source.place("listener")));
            }
            listeners.push(listener);
        }
        listeners.retain(|listener| listener.addr.is_on());
        Ok(listeners)
    }

    fn unified(
        &self,
        key: &str,
        roles: &str,
        listener: fn(&str, ListenAddr, Roles) -> Listener,
    ) -> Result<Listener, ConfigError> {
        let addr = self.read(key, ListenAddr::parse)?;
        let roles = self.read_if_any(roles, Roles::parse)?.unwrap_or_else(|| Roles::usual(addr));
        Ok(listener(key, addr, roles))
    }

    fn cors(&self) -> Result<Option<Cors>, ConfigError> {
        let cors = Cors {
            origins: self.read_if_any("cors-allowed-origins", web::origins)?.unwrap_or_default(),
            methods: self.read_if_any("cors-allowed-methods", web::methods)?.unwrap_or_else(web::usual_methods),
            headers: self.read_if_any("cors-allowed-headers", web::headers)?.unwrap_or_default(),
            credentials: self.read("cors-credentials", values::boolean)?,
        };
        Ok(self.read("cors", values::boolean)?.then_some(cors))
    }

    fn http_rate(&self) -> Result<HttpRate, ConfigError> {
        let per_minute = self.read("http-rate", values::number)?;
        Ok(HttpRate { per_minute, loopback: self.read("http-rate-loopback", values::boolean)? })
    }

    fn bounds(&self) -> Result<Bounds, ConfigError> {
        Ok(Bounds {
            connections: self.read("max-connections", limits::most)?,
            connections_per_address: self.read("max-connections-per-address", limits::most)?,
            handshakes: self.read("handshake-rate", limits::most)?,
            handshakes_per_address: self.read("handshake-rate-per-address", limits::most)?,
            player_messages: self.read("player-message-rate", limits::most)?,
            player_bytes: self.read("player-byte-rate", limits::most)?,
            publisher_messages: self.read("publisher-message-rate", limits::most)?,
            publisher_bytes: self.read("publisher-byte-rate", limits::most)?,
            subscriptions: self.read("subscription-rate", limits::most)?,
            streamers_per_token: self.read("streamers-per-token", limits::most)?,
            buffer_memory: self.read("buffer-memory", limits::memory)?,
            unsubscribed: self.read("player-unsubscribed-timeout", limits::time)?,
            idle: self.read("player-idle-timeout", limits::time)?,
            session: self.read("player-max-session", limits::time)?,
        })
    }

    fn proxies(&self) -> Result<Proxies, ConfigError> {
        let trusted = self.read_if_any("trusted-proxies", Trusted::parse)?.unwrap_or_default();
        Ok(Proxies { trusted, hops: self.read("proxy-hops", values::count)? })
    }

    fn matchmaker(&self) -> Result<Option<Matchmaker>, ConfigError> {
        let retry = self.read("matchmaker-retry", values::period)?;
        let public_address = self.read("public-address", values::word)?;
        let address = self.read("matchmaker", values::remote)?;
        Ok(address.map(|address| Matchmaker { address, retry, public_address }))
    }

    fn keepalive(&self) -> Result<Keepalive, ConfigError> {
        let interval = self.read("keepalive-interval", values::period)?;
        let timeout = self.read("keepalive-timeout", values::period)?;
        if interval < timeout {
            return Ok(Keepalive { interval, timeout });
        }
        let (interval, timeout) = (humantime::format_duration(interval), humantime::format_duration(timeout));
        let problem = format!("the interval ({interval}) is not shorter than the timeout ({timeout})");
        let key = self.stronger("keepalive-timeout", "keepalive-interval");
        Err(Fault::new(problem, "make the timeout about three intervals").at(self.place(key)))
    }

    /// Of two keys that do not go together, the one that was written by hand last.
    fn stronger<'a>(&self, first: &'a str, second: &'a str) -> &'a str {
        if self.rank(first) > self.rank(second) { first } else { second }
    }

    /// Of the text and the file the one that overrides the other.
    fn peer_options(&self) -> Result<PeerOptions, ConfigError> {
        let (text, file) = (self.rank("peer-options"), self.rank("peer-options-file"));
        if text == file && text > 0 {
            let fault = Fault::new("peer-options is given too", "give one of the two");
            return Err(fault.at(self.place("peer-options-file")));
        }
        let options = if text > file {
            self.read_if_any("peer-options", PeerOptions::parse)
        } else {
            self.read_if_any("peer-options-file", read_peer_options)
        };
        Ok(options?.unwrap_or_default())
    }

    /// The pool of the flags, then those of the tables. A secret without URLs is for servers in the peer options.
    fn turn(&self, tables: &[TurnArgs]) -> Result<Turn, ConfigError> {
        let ttl = self.read("turn-ttl", turn::ttl)?;
        let relay_only = self.read("ice-transport-policy", turn::relay_only)?;
        let secret = self.read_if_any("turn-secret", Secret::parse)?;
        let (flags, secret) = match (self.read_if_any("turn-urls", turn::urls)?, secret) {
            (Some(urls), Some(secret)) => (Some(TurnPool { urls, secret, ttl }), None),
            (Some(_), None) => return Err(self.alone("turn-urls", "turn-secret")),
            (None, secret) => (None, secret),
        };
        let tables = tables.iter().map(|table| table.read(ttl));
        Ok(Turn { pools: flags.into_iter().map(Ok).chain(tables).collect::<Result<_, _>>()?, secret, ttl, relay_only })
    }

    /// Servers are added to a list of servers.
    fn check_servers(&self, config: &Config) -> Result<(), ConfigError> {
        let garbled = ice_servers_of(&config.peer_options).is_err();
        if !garbled || config.turn == (Turn { ttl: config.turn.ttl, ..Turn::default() }) {
            return Ok(());
        }
        let key = if self.rank("peer-options") > self.rank("peer-options-file") {
            "peer-options"
        } else {
            "peer-options-file"
        };
        Err(Fault::new("iceServers is no list of servers", r#"write "iceServers":[{"urls":["…"]}]"#)
            .at(self.place(key)))
    }

    fn certificate(&self) -> Result<CertSource, ConfigError> {
        let cert = self.read_if_any("cert", values::path)?;
        let key = self.read_if_any("key", values::path)?;
        match (cert, key) {
            (Some(cert), Some(key)) => Ok(CertSource::Files { cert, key }),
            (None, None) => Ok(CertSource::Dev { dir: Some(self.read("cert-dir", values::path)?) }),
            (Some(_), None) => Err(self.alone("cert", "key")),
            (None, Some(_)) => Err(self.alone("key", "cert")),
        }
    }

    fn alone(&self, given: &str, missing: &str) -> ConfigError {
        Fault::new(format!("given without --{missing}"), format!("give --{missing} too")).at(self.place(given))
    }

    fn check_listeners(&self, config: &Config) -> Result<(), ConfigError> {
        let addresses: Vec<_> = config.addresses().collect();
        if addresses.is_empty() {
            let fault = Fault::new("off, as is every other listener", "give an address to one of them");
            return Err(fault.at(self.place("http")));
        }
        for (index, (key, addr)) in addresses.iter().enumerate() {
            if let Some((other, _)) = addresses[..index].iter().find(|(_, other)| addr.collides_with(*other)) {
                return Err(self.collision(other, key, *addr));
            }
        }
        if config.listeners.iter().any(|listener| listener.redirect) && !config.listeners.iter().any(|l| l.tls) {
            let fault = Fault::new("no listener speaks TLS", "give --https an address, or leave the redirection out");
            return Err(fault.at(self.place("https-redirect")));
        }
        Ok(())
    }

    fn collision(&self, first: &str, second: &str, addr: ListenAddr) -> ConfigError {
        let key = self.stronger(first, second);
        let other = if key == first { second } else { first };
        let port = addr.port().unwrap_or_default();
        let problem = format!("port {port} is taken by {}", self.listener_place(other));
        Fault::new(problem, "give each listener a port of its own").at(self.listener_place(key))
    }

    /// A flag's listener by its flag, a table's by its name.
    pub(super) fn listener_place(&self, name: &str) -> String {
        let by_flag = self.0.get(name).is_some_and(|written| !written.text.trim().eq_ignore_ascii_case("off"));
        if by_flag { self.place(name) } else { format!("listener {name:?}") }
    }
}

fn ice_servers_of(options: &PeerOptions) -> Result<Vec<JsonObject>, serde_json::Error> {
    turn::ice_servers(&serde_json::from_str(options.json())?)
}

fn read_peer_options(name: &str) -> Result<PeerOptions, Fault> {
    let unreadable =
        |error| Fault::new(format!("{name} cannot be read ({error})"), "name a JSON file that the gateway may read");
    let text = fs::read_to_string(values::path(name)?).map_err(unreadable)?;
    PeerOptions::parse(&text).map_err(|fault| fault.within(name))
}
