//! Credentials for TURN servers, of each session its own (protocol.md §3, §6).
//!
//! By the convention of coturn's `use-auth-secret` ("A REST API for access to TURN services"): the user's name is the
//! second at which it ends and the session's id; the password is HMAC-SHA1 of that name under the secret that server
//! and gateway share. The server keeps nothing, and a password that leaks is good until then.
//!
//! The options of all peers are written once, with marks where a session's credentials belong: a session costs one
//! HMAC a secret and one copy of the text. Without credentials all sessions share one text.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use aws_lc_rs::hmac;
use bytes::Bytes;
use data_encoding::BASE64;

use crate::config::{JsonObject, Secret, Turn, ice_servers, needs_credential};
use crate::hub::Dialect;
use crate::id::SessionId;
use crate::wire::out as texts;

/// Where a name or a password belongs. It cannot stand in JSON (RFC 8259 §7).
const MARK: char = '\u{1}';

/// Who never gets others keeps the first for so long at least (protocol.md §3, `config`).
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

/// The `config` messages. They may change while the gateway runs: later sessions and renewals get the later ones.
#[derive(Debug)]
pub struct Greetings(ArcSwap<Texts>);

#[derive(Debug)]
struct Texts {
    /// Without `protocolVersion`, and with it.
    configs: [Text; 2],
    /// Whose credentials the marks stand for, in their order: a name and a password each.
    issuers: Vec<Issuer>,
    /// The options for operators, without credentials.
    shown: String,
}

#[derive(Debug)]
enum Text {
    Shared(Bytes),
    /// What stands between the marks.
    Pieces(Vec<Box<str>>),
}

/// A secret that a TURN server shares.
#[derive(Clone, Debug)]
struct Issuer {
    key: hmac::Key,
    ttl: Duration,
}

impl Greetings {
    /// With these peer connection options, a JSON object, and these TURN servers.
    pub fn new(peer_options: &str, turn: &Turn) -> Arc<Self> {
        Arc::new(Self(ArcSwap::from_pointee(Texts::new(peer_options, turn))))
    }

    /// Others from now on.
    pub fn change(&self, peer_options: &str, turn: &Turn) {
        self.0.store(Arc::new(Texts::new(peer_options, turn)));
    }

    /// The `config` message of a session that has that dialect.
    pub fn config(&self, dialect: &Dialect, session: SessionId, now: SystemTime) -> Bytes {
        let texts = self.0.load();
        let pieces = match &texts.configs[usize::from(dialect.protocol_version)] {
            Text::Shared(text) => return text.clone(),
            Text::Pieces(pieces) => pieces,
        };
        let at_least = if dialect.renews_config { Duration::ZERO } else { LONG };
        let words = texts.issuers.iter().flat_map(|issuer| issuer.credentials(session, now, at_least));
        let words: Vec<_> = words.collect();
        let length = pieces.iter().map(|piece| piece.len()).chain(words.iter().map(String::len)).sum();
        let mut text = String::with_capacity(length);
        for (at, piece) in pieces.iter().enumerate() {
            text.push_str(piece);
            text.push_str(words.get(at).map_or("", |word| word));
        }
        Bytes::from(text.into_bytes())
    }

    /// How long a session has its credentials before it is sent others: half of the shortest life. `None` where there
    /// are none, or where its dialect sends none again.
    pub fn renewal(&self, dialect: &Dialect) -> Option<Duration> {
        let shortest = self.0.load().issuers.iter().map(|issuer| issuer.ttl).min();
        shortest.filter(|_| dialect.renews_config).map(|ttl| ttl / 2)
    }

    /// The options as operators see them: every server, no credential that the gateway makes.
    pub fn shown(&self) -> String {
        self.0.load().shown.clone()
    }
}

impl Texts {
    fn new(peer_options: &str, turn: &Turn) -> Self {
        let (options, issuers) = Merged::of(peer_options, turn);
        let text = |version| {
            let config = texts::config(&options, version);
            match std::str::from_utf8(&config) {
                Ok(text) if !issuers.is_empty() => Text::Pieces(text.split(MARK).map(Into::into).collect()),
                _ => Text::Shared(config),
            }
        };
        let configs = [text(None), text(Some(texts::PROTOCOL_VERSION))];
        Self { configs, shown: options.replace(MARK, ""), issuers }
    }
}

/// Options that are being put together: an object that is still open.
struct Merged<'a> {
    turn: &'a Turn,
    issuers: Vec<Issuer>,
}

impl<'a> Merged<'a> {
    /// The options with a mark for every word of a credential, and whose they are. What no TURN server and no policy
    /// touches stays as it was written.
    fn of(peer_options: &str, turn: &'a Turn) -> (String, Vec<Issuer>) {
        let as_written = || (peer_options.to_owned(), Vec::new());
        let Ok(mut options) = serde_json::from_str::<JsonObject>(peer_options) else { return as_written() };
        let Ok(servers) = ice_servers(&options) else { return as_written() };
        let mut merged = Self { turn, issuers: Vec::new() };
        let told = servers.into_iter().map(|server| merged.server(server)).collect::<Vec<_>>();
        let pools = turn.pools.iter().map(|pool| merged.pool(&pool.urls, &pool.secret, pool.ttl)).collect::<Vec<_>>();
        if merged.issuers.is_empty() && !turn.relay_only {
            return as_written();
        }
        options.remove("iceServers");
        if turn.relay_only {
            options.remove("iceTransportPolicy");
        }
        let servers = format!("\"iceServers\":[{}]", [told, pools].concat().join(","));
        let policy = turn.relay_only.then(|| r#""iceTransportPolicy":"relay""#.to_owned());
        let rest = members(&options);
        let all: Vec<_> = [servers].into_iter().chain(policy).chain(rest).collect();
        (format!("{{{}}}", all.join(",")), merged.issuers)
    }

    /// A server of the peer options; one for TURN without a credential gets the secret's.
    fn server(&mut self, mut server: JsonObject) -> String {
        let secret = self.turn.secret.as_ref().filter(|_| needs_credential(&server));
        let Some(secret) = secret else { return format!("{{{}}}", members(&server).join(",")) };
        server.remove("username");
        let ttl = self.turn.ttl;
        let members = members(&server).join(",");
        self.with_credential(&members, secret, ttl)
    }

    fn pool(&mut self, urls: &[String], secret: &Secret, ttl: Duration) -> String {
        let urls = serde_json::to_string(urls).expect("texts can always be written");
        self.with_credential(&format!("\"urls\":{urls}"), secret, ttl)
    }

    fn with_credential(&mut self, members: &str, secret: &Secret, ttl: Duration) -> String {
        self.issuers.push(Issuer::new(secret, ttl));
        format!(r#"{{{members},"username":"{MARK}","credential":"{MARK}"}}"#)
    }
}

fn members(object: &JsonObject) -> Vec<String> {
    let quoted = |name| serde_json::to_string(name).expect("a text can always be written");
    object.iter().map(|(name, value)| format!("{}:{}", quoted(name), value.get())).collect()
}

impl Issuer {
    fn new(secret: &Secret, ttl: Duration) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_str().as_bytes()), ttl }
    }

    /// Name and password.
    fn credentials(&self, session: SessionId, now: SystemTime, at_least: Duration) -> [String; 2] {
        let end = now.duration_since(UNIX_EPOCH).unwrap_or_default() + self.ttl.max(at_least);
        let name = format!("{}:{session}", end.as_secs());
        let password = BASE64.encode(hmac::sign(&self.key, name.as_bytes()).as_ref());
        [name, password]
    }
}
