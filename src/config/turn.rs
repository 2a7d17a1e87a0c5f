//! TURN servers and their secrets: those of the flags, the `[[turn]]` tables of the file, and the servers in the peer
//! options that have no credential.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::value::RawValue;

use super::error::{ConfigError, Fault, nearest};
use super::values::{self, Secret};
use super::written::{Source, Written};

/// TURN servers that share a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnPool {
    /// Their URLs (RFC 7065).
    pub urls: Vec<String>,
    /// What they and the gateway know.
    pub secret: Secret,
    /// How long credentials live, in whole seconds.
    pub ttl: Duration,
}

/// How peers get through firewalls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Servers that are told to every peer, beside those in the peer options.
    pub pools: Vec<TurnPool>,
    /// The secret of the servers in the peer options that have no credential.
    pub secret: Option<Secret>,
    /// How long their credentials live, in whole seconds.
    pub ttl: Duration,
    /// Whether media goes by way of TURN servers alone (`iceTransportPolicy`).
    pub relay_only: bool,
}

impl Default for Turn {
    /// No secret, no servers.
    fn default() -> Self {
        Self { pools: Vec::new(), secret: None, ttl: Duration::from_secs(24 * 60 * 60), relay_only: false }
    }
}

/// The keys of a `[[turn]]` table.
const KEYS: [&str; 3] = ["urls", "secret", "ttl"];

/// One `[[turn]]` table, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnArgs {
    /// Where the table begins.
    pub source: Source,
    /// Key and value.
    pub entries: Vec<(&'static str, Written)>,
}

impl TurnArgs {
    pub(super) fn new(source: Source) -> Self {
        Self { source, entries: Vec::new() }
    }

    pub(super) fn set(&mut self, key: &str, value: Written) -> Result<(), Fault> {
        let Some(key) = KEYS.into_iter().find(|known| *known == key) else {
            let remedy = match nearest(key, &KEYS) {
                Some(near) => format!("did you mean {near:?}?"),
                None => format!("a TURN pool has {}", KEYS.join(", ")),
            };
            return Err(Fault::new("unknown key", remedy));
        };
        self.entries.push((key, value));
        Ok(())
    }

    fn get<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, Fault>) -> Result<Option<T>, ConfigError> {
        let Some((_, written)) = self.entries.iter().find(|(name, _)| *name == key) else { return Ok(None) };
        parse(written.text.trim()).map(Some).map_err(|fault| fault.at(written.source.place(key)))
    }

    /// Understands the table; credentials live as long as the flags have it, unless it says otherwise.
    pub(super) fn read(&self, usual: Duration) -> Result<TurnPool, ConfigError> {
        let missing = |key| {
            let fault = Fault::new(format!("the {key} is missing"), "give urls and secret");
            fault.at(self.source.place("turn"))
        };
        Ok(TurnPool {
            urls: self.get("urls", urls)?.ok_or_else(|| missing("list of urls"))?,
            secret: self.get("secret", Secret::parse)?.ok_or_else(|| missing("secret"))?,
            ttl: self.get("ttl", ttl)?.unwrap_or(usual),
        })
    }
}

/// TURN servers' URLs, separated by commas.
pub(super) fn urls(text: &str) -> Result<Vec<String>, Fault> {
    let one = |url: &str| {
        let good = is_turn(url) && !url.contains(|c: char| c.is_whitespace() || c == '@');
        let remedy = "write turn:HOST:PORT or turns:HOST:PORT, perhaps with ?transport=tcp";
        if good { Ok(url.to_owned()) } else { Err(Fault::new(format!("{url:?} is no TURN server's URL"), remedy)) }
    };
    text.split(',').map(str::trim).map(one).collect()
}

/// Whether a URL is a TURN server's.
fn is_turn(url: &str) -> bool {
    url.split_once(':').is_some_and(|(scheme, rest)| {
        !rest.is_empty() && (scheme.eq_ignore_ascii_case("turn") || scheme.eq_ignore_ascii_case("turns"))
    })
}

/// How long credentials live: their end is a whole second.
pub(super) fn ttl(text: &str) -> Result<Duration, Fault> {
    let time = values::long_duration(text)?;
    if time >= Duration::from_secs(1) {
        return Ok(Duration::from_secs(time.as_secs()));
    }
    Err(Fault::new(format!("{text} is too short"), "write 1s at least"))
}

/// Whether `iceTransportPolicy` is to be `relay`.
pub(super) fn relay_only(text: &str) -> Result<bool, Fault> {
    match text {
        "relay" => Ok(true),
        "all" => Ok(false),
        _ => Err(values::one_of(text, &["all", "relay"])),
    }
}

/// An object of JSON, its values as they were written.
pub type JsonObject = BTreeMap<String, Box<RawValue>>;

/// `iceServers` of peer options.
///
/// # Errors
/// It is no list of objects.
pub fn ice_servers(options: &JsonObject) -> Result<Vec<JsonObject>, serde_json::Error> {
    options.get("iceServers").map_or(Ok(Vec::new()), |servers| serde_json::from_str(servers.get()))
}

/// A server for TURN that says no credential: `urls` is a text or a list of them.
pub fn needs_credential(server: &JsonObject) -> bool {
    let of = |name: &str| server.get(name).map(|value| value.get()).unwrap_or_default();
    let list: Vec<String> = serde_json::from_str(of("urls")).unwrap_or_default();
    let one = ["urls", "url"].iter().filter_map(|name| serde_json::from_str::<String>(of(name)).ok());
    !server.contains_key("credential") && list.into_iter().chain(one).any(|url| is_turn(&url))
}
