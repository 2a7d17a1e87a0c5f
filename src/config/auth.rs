//! Who may connect: the rules of the roles, and the roles that need none.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use jsonwebtoken::{Algorithm, DecodingKey};

use super::error::{ConfigError, Fault};
use super::issuer::IssuerArgs;
use super::read::Values;
use super::values::{self, Roles, Secret};
use super::{Config, Listener};
use crate::wire::Role;

/// Who may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Auth {
    /// Roles that need nothing where no rule says what they need.
    pub open: Roles,
    /// What streamers must show.
    pub streamer_token: Option<Secret>,
    /// What SFUs must show.
    pub sfu_token: Option<Secret>,
    /// What players must show.
    pub player_token: Option<Secret>,
    /// Whose signed tokens count.
    pub issuers: Vec<Issuer>,
    /// How far the clocks of issuers may be off.
    pub leeway: Duration,
    /// Who is asked about each newcomer.
    pub webhook: Option<Webhook>,
}

/// Somebody whose signed tokens count (RFC 7519).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// What `iss` must be; `None`: whatever it is.
    pub name: Option<String>,
    /// What `aud` must hold; `None`: whatever it is.
    pub audience: Option<String>,
    /// The roles that it may vouch for.
    pub roles: Roles,
    /// How it signs.
    pub keys: Keys,
}

/// How an issuer signs. The key decides the algorithm, never the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// HS256.
    Secret(Secret),
    /// RS256, ES256 or EdDSA, by the kind of the key.
    Public(PublicKey),
    /// The same, by keys that may change.
    Set(KeySource),
}

/// Where a JSON Web Key Set is (RFC 7517 §5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// In a file.
    File(PathBuf),
    /// At a URL, http or https.
    Url(Uri),
}

impl fmt::Display for KeySource {
    /// Without what may be secret in a URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Url(url) => write!(f, "{}{}", url.host().unwrap_or_default(), url.path()),
        }
    }
}

/// A public key.
#[derive(Clone)]
pub struct PublicKey {
    pem: String,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl PublicKey {
    /// The one algorithm that it verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// As the verifier takes it.
    pub fn key(&self) -> &DecodingKey {
        &self.key
    }

    /// A public key in PEM: RSA, ECDSA P-256 or Ed25519.
    pub fn from_pem(pem: &str) -> Option<Self> {
        // A point of P-256, not compressed.
        const P256: usize = 65;
        let bytes = pem.as_bytes();
        let ec =
            || DecodingKey::from_ec_pem(bytes).ok().filter(|key| key.try_get_as_bytes().is_ok_and(|k| k.len() == P256));
        let found = DecodingKey::from_rsa_pem(bytes).ok().map(|key| (Algorithm::RS256, key));
        let found = found.or_else(|| ec().map(|key| (Algorithm::ES256, key)));
        let found = found.or_else(|| DecodingKey::from_ed_pem(bytes).ok().map(|key| (Algorithm::EdDSA, key)));
        found.map(|(algorithm, key)| Self { pem: pem.to_owned(), algorithm, key })
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.pem == other.pem
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.algorithm)
    }
}

/// Who is asked about each newcomer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where, http or https.
    pub url: Uri,
    /// About which roles.
    pub roles: Roles,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Whether it is asked about peers without a token too.
    pub anonymous: bool,
}

impl Auth {
    /// The token that all of a role share.
    pub fn token(&self, role: Role) -> Option<&Secret> {
        match role {
            Role::Streamer => self.streamer_token.as_ref(),
            Role::Sfu => self.sfu_token.as_ref(),
            Role::Player => self.player_token.as_ref(),
        }
    }

    /// Who is asked about that role.
    pub fn webhook(&self, role: Role) -> Option<&Webhook> {
        self.webhook.as_ref().filter(|webhook| webhook.roles.contains(role))
    }

    /// Whether something says who may take that role.
    pub fn has_rule(&self, role: Role) -> bool {
        self.has_token(role) || self.webhook(role).is_some()
    }

    fn has_token(&self, role: Role) -> bool {
        self.token(role).is_some() || self.issuers.iter().any(|issuer| issuer.roles.contains(role))
    }
}

/// The shortest secret of HS256, in bytes (RFC 7518 §3.2).
const SHORTEST_SECRET: usize = 32;

/// Each token may be measured by every issuer.
const MOST_ISSUERS: usize = 16;

impl Values {
    pub(super) fn auth(&self, tables: &[IssuerArgs]) -> Result<Auth, ConfigError> {
        let flags = ["jwt-secret", "jwt-key", "jwt-jwks", "jwt-issuer", "jwt-audience", "jwt-roles"];
        let by_flags = flags.iter().filter_map(|key| Some((key.strip_prefix("jwt-")?, self.written(key)?.clone())));
        let by_flags = IssuerArgs::of_flags(by_flags.collect());
        let issuers = by_flags.iter().chain(tables).map(IssuerArgs::read).collect::<Result<Vec<_>, _>>()?;
        if issuers.len() > MOST_ISSUERS {
            let fault = Fault::new(format!("there are {}", issuers.len()), format!("give {MOST_ISSUERS} at most"));
            return Err(fault.at("issuer"));
        }
        let auth = Auth {
            open: self.read("open", Roles::parse_open)?,
            streamer_token: self.read_if_any("streamer-token", Secret::parse)?,
            sfu_token: self.read_if_any("sfu-token", Secret::parse)?,
            player_token: self.read_if_any("player-token", Secret::parse)?,
            issuers,
            leeway: self.read("jwt-leeway", values::duration)?,
            webhook: self.webhook()?,
        };
        self.check_webhook(&auth)?;
        Ok(auth)
    }

    fn webhook(&self) -> Result<Option<Webhook>, ConfigError> {
        let timeout = self.read("webhook-timeout", timeout)?;
        let roles = self.read_if_any("webhook-roles", Roles::parse)?.unwrap_or(Roles::ALL);
        let anonymous = self.read("webhook-anonymous", values::boolean)?;
        let url = self.read_if_any("webhook", url)?;
        Ok(url.map(|url| Webhook { url, roles, timeout, anonymous }))
    }

    /// Where two could say different things, nobody would know whose word counts.
    fn check_webhook(&self, auth: &Auth) -> Result<(), ConfigError> {
        let both = |role: &Role| auth.has_token(*role) && auth.webhook(*role).is_some();
        let Some(role) = Role::ALL.into_iter().find(both) else { return Ok(()) };
        let problem = format!("tokens of role {role} are measured here too");
        let remedy = format!("leave {role} out of webhook-roles, or out of the tokens' rules");
        Err(Fault::new(problem, remedy).at(self.place("webhook")))
    }

    /// Nothing that other machines reach is open to everybody by oversight.
    pub(super) fn check_open(&self, config: &Config) -> Result<(), ConfigError> {
        let beyond = config.listeners.iter().filter(|listener| listener.addr.is_beyond_loopback());
        let mut missing = beyond.filter_map(|listener| Some((listener, unruled(&config.auth, listener)?)));
        let Some((listener, role)) = missing.next() else { return Ok(()) };
        let problem = format!("whoever reaches {} could connect as {role}: nothing says who may", listener.addr);
        let remedy = format!("give {role}-token or another rule, or open = \"{role}\" if everybody may");
        Err(Fault::new(problem, remedy).at(self.listener_place(&listener.name)))
    }
}

/// A role that a listener takes from anybody, and nobody has said so.
fn unruled(auth: &Auth, listener: &Listener) -> Option<Role> {
    let open = |role| auth.open.contains(role) || listener.open.is_some_and(|open| open.contains(role));
    let mut roles = [Role::Player, Role::Streamer, Role::Sfu].into_iter();
    roles.find(|&role| listener.serving.takes(role) && !auth.has_rule(role) && !open(role))
}

/// What is said of an address that others can listen in on.
pub(super) fn in_the_clear(auth: &Auth) -> impl Iterator<Item = String> + '_ {
    let sets = auth.issuers.iter().filter_map(|issuer| match &issuer.keys {
        Keys::Set(KeySource::Url(url)) => Some(url),
        _ => None,
    });
    let clear = sets.chain(auth.webhook.iter().map(|webhook| &webhook.url)).filter(|url| is_clear(url));
    clear.map(|url| {
        let host = url.host().unwrap_or_default();
        format!("{host} is asked over http: whoever is on the way can let anybody in; use https where you can")
    })
}

fn is_clear(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    url.scheme_str() == Some("http") && !here
}

fn url(text: &str) -> Result<Uri, Fault> {
    let fault = || Fault::new("it is no URL that can be asked", "write https://HOST/PATH or http://HOST/PATH");
    let uri: Uri = text.parse().map_err(|_| fault())?;
    let good = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|host| !host.is_empty())
        && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if good { Ok(uri) } else { Err(fault()) }
}

/// A peer has 10 s in all.
fn timeout(text: &str) -> Result<Duration, Fault> {
    const LONGEST: Duration = Duration::from_secs(9);
    let time = values::period(text)?;
    let fault = || Fault::new(format!("{text} is too long"), "write 9s at most: a newcomer is given 10s in all");
    if time <= LONGEST { Ok(time) } else { Err(fault()) }
}

pub(super) fn jwt_secret(text: &str) -> Result<Keys, Fault> {
    let fault = || {
        let remedy = format!("write {SHORTEST_SECRET} random bytes at least, such as `openssl rand -hex 32` makes");
        Fault::new(format!("a secret of {} bytes can be guessed from a token", text.len()), remedy)
    };
    if text.len() < SHORTEST_SECRET { Err(fault()) } else { Secret::parse(text).map(Keys::Secret) }
}

pub(super) fn jwt_key(name: &str) -> Result<Keys, Fault> {
    let path = values::path(name)?;
    let unreadable = |error| Fault::new(format!("{name} cannot be read ({error})"), "name a PEM file");
    let pem = fs::read_to_string(path).map_err(unreadable)?;
    if pem.contains("PRIVATE KEY") {
        return Err(Fault::new(format!("{name} holds a private key"), "name a file with the public one"));
    }
    let fault = || {
        let remedy = "name a PEM file with a public key: RSA of 2048 bits or more, ECDSA P-256 or Ed25519";
        Fault::new(format!("{name} holds no key that can be used"), remedy)
    };
    PublicKey::from_pem(&pem).map(Keys::Public).ok_or_else(fault)
}

pub(super) fn jwks(text: &str) -> Result<Keys, Fault> {
    let source = if text.contains("://") { KeySource::Url(url(text)?) } else { KeySource::File(values::path(text)?) };
    Ok(Keys::Set(source))
}
