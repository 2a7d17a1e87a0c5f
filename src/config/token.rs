//! `pixelgate token`: what it is told.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::time::Duration;

use super::auth::{Issuer, Keys};
use super::error::{ConfigError, Fault};
use super::start::Start;
use super::values::{self, Roles, Secret};
use super::{ServeArgs, Written};
use crate::hub::Scope;
use crate::wire::Role;

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenConfig {
    /// The roles that it is for.
    pub roles: Vec<Role>,
    /// The streamers, exact or `prefix*`; `None` for any.
    pub streamers: Option<Vec<String>>,
    /// How long it lives.
    pub ttl: Duration,
    /// The longest session.
    pub max_session: Option<Duration>,
    /// `iss`.
    pub issuer: Option<String>,
    /// `aud`.
    pub audience: Option<String>,
    /// The key's id.
    pub kid: Option<String>,
    /// What signs.
    pub signing: Signing,
}

/// What signs a token.
#[derive(Clone, PartialEq, Eq)]
pub enum Signing {
    /// HS256.
    Secret(Secret),
    /// A private key, PEM.
    Private(String),
}

impl fmt::Debug for Signing {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signing")
    }
}

/// The flags of `pixelgate token`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct TokenArgs {
    /// The roles that it is for, of player,streamer,sfu
    #[arg(long, value_name = "ROLES", default_value = "player")]
    pub role: String,
    /// The streamers that it may watch or be: ids, exact or PREFIX*, separated by commas [default: any]
    #[arg(long, value_name = "IDS")]
    pub streamer: Option<String>,
    /// How long it lives
    #[arg(long, value_name = "TIME", default_value = "1h", allow_negative_numbers = true)]
    pub ttl: String,
    /// The longest session [default: as long as it lives]
    #[arg(long, value_name = "TIME")]
    pub max_session: Option<String>,
    /// The gateway's file, whose first issuer with a secret signs
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// The secret that signs; better in the file or in the variable PIXELGATE_JWT_SECRET, which other users cannot list
    #[arg(long, value_name = "TEXT")]
    pub jwt_secret: Option<Written>,
    /// A private key that signs in its place, PEM: RSA, ECDSA P-256 or Ed25519
    #[arg(long, value_name = "FILE", conflicts_with = "jwt_secret")]
    pub private_key: Option<String>,
    /// The key's id in its key set
    #[arg(long, value_name = "ID", requires = "private_key")]
    pub kid: Option<String>,
}

impl TokenConfig {
    /// Understands what was written.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn read(args: TokenArgs, env: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, ConfigError> {
        let roles = flag("role", &args.role, Roles::parse)?;
        let streamers = args.streamer.as_deref().map(|ids| flag("streamer", ids, streamer_ids)).transpose()?;
        let ttl = flag("ttl", &args.ttl, values::long_duration)?;
        let max_session = args.max_session.as_deref().map(|time| flag("max-session", time, values::long_duration));
        let serve =
            ServeArgs { config: args.config.map(Written::from), jwt_secret: args.jwt_secret, ..ServeArgs::default() };
        let issuers = Start::native(serve, env)?.config.auth.issuers;
        let (issuer, signing) = match &args.private_key {
            Some(file) => {
                let signing = flag("private-key", file, private_key)?;
                (issuers.iter().find(|issuer| !matches!(issuer.keys, Keys::Secret(_))), signing)
            }
            None => signing_issuer(&issuers)?,
        };
        Ok(Self {
            roles: Role::ALL.into_iter().filter(|role| roles.contains(*role)).collect(),
            streamers,
            ttl,
            max_session: max_session.transpose()?,
            issuer: issuer.and_then(|issuer| issuer.name.clone()),
            audience: issuer.and_then(|issuer| issuer.audience.clone()),
            kid: args.kid,
            signing,
        })
    }
}

fn signing_issuer(issuers: &[Issuer]) -> Result<(Option<&Issuer>, Signing), ConfigError> {
    let signing = issuers.iter().find_map(|issuer| match &issuer.keys {
        Keys::Secret(secret) => Some((Some(issuer), Signing::Secret(secret.clone()))),
        _ => None,
    });
    let fault = || Fault::new("nothing to sign with", "give --config with a jwt-secret in it, or --private-key");
    signing.ok_or_else(|| fault().at("--jwt-secret"))
}

fn streamer_ids(text: &str) -> Result<Vec<String>, Fault> {
    let ids: Vec<_> = text.split(',').map(|id| id.trim().to_owned()).collect();
    let fault =
        || Fault::new("not a list of ids", format!("write {} at most, none of them empty", Scope::MAX_PATTERNS));
    if ids.iter().any(String::is_empty) || Scope::of(&ids).is_none() { Err(fault()) } else { Ok(ids) }
}

fn private_key(name: &str) -> Result<Signing, Fault> {
    let unreadable = |error| Fault::new(format!("{name} cannot be read ({error})"), "name a PEM file");
    fs::read_to_string(values::path(name)?).map(Signing::Private).map_err(unreadable)
}

fn flag<T>(name: &str, text: &str, read: impl Fn(&str) -> Result<T, Fault>) -> Result<T, ConfigError> {
    read(text.trim()).map_err(|fault| fault.at(format!("--{name}")))
}
