//! Whose signed tokens count: the one issuer that flags stand for, and those that the file adds as `[[issuer]]` tables.

use super::auth::{Issuer, jwks, jwt_key, jwt_secret};
use super::error::{ConfigError, Fault, nearest};
use super::values::{self, Roles};
use super::written::{Source, Written};

/// The keys of an `[[issuer]]` table; each is the flag `--jwt-<key>` too.
pub(super) const KEYS: [&str; 6] = ["secret", "key", "jwks", "issuer", "audience", "roles"];

/// One issuer, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerArgs {
    /// Where the table begins; `None` for the one that flags stand for.
    source: Option<Source>,
    /// Key and value.
    pub entries: Vec<(&'static str, Written)>,
}

impl IssuerArgs {
    /// An empty table.
    pub(super) fn new(source: Source) -> Self {
        Self { source: Some(source), entries: Vec::new() }
    }

    /// What flags say, if they say anything.
    pub(super) fn of_flags(written: Vec<(&str, Written)>) -> Option<Self> {
        let known = |name: &str| KEYS.into_iter().find(|known| *known == name);
        let entries: Vec<_> = written.into_iter().filter_map(|(name, value)| Some((known(name)?, value))).collect();
        (!entries.is_empty()).then_some(Self { source: None, entries })
    }

    pub(super) fn set(&mut self, key: &str, value: Written) -> Result<(), Fault> {
        match KEYS.into_iter().find(|known| *known == key) {
            Some(key) => self.entries.push((key, value)),
            None => return Err(unknown(key)),
        }
        Ok(())
    }

    /// The place of a key, as messages name it.
    fn place(&self, key: &str, source: &Source) -> String {
        if self.source.is_some() { source.place(key) } else { source.place(&format!("jwt-{key}")) }
    }

    fn written(&self, key: &str) -> Option<&Written> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, written)| written)
    }

    fn get<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, Fault>) -> Result<Option<T>, ConfigError> {
        let Some(written) = self.written(key) else { return Ok(None) };
        parse(written.text.trim()).map(Some).map_err(|fault| fault.at(self.place(key, &written.source)))
    }

    /// Understands it. Reads the file of the key; blocks on it.
    pub(super) fn read(&self) -> Result<Issuer, ConfigError> {
        let keys = [self.get("secret", jwt_secret)?, self.get("key", jwt_key)?, self.get("jwks", jwks)?];
        let mut keys = keys.into_iter().flatten();
        let (Some(keys), None) = (keys.next(), keys.next()) else {
            let named = |key: &str| if self.source.is_some() { key.to_owned() } else { format!("jwt-{key}") };
            let remedy = format!("give one of {}, {}, {}", named("secret"), named("key"), named("jwks"));
            let place = match (&self.source, self.entries.first()) {
                (Some(source), _) => source.place("issuer"),
                (None, Some((key, written))) => self.place(key, &written.source),
                (None, None) => "--jwt-secret".to_owned(),
            };
            return Err(Fault::new("an issuer signs in one way", remedy).at(place));
        };
        Ok(Issuer {
            name: self.get("issuer", text)?,
            audience: self.get("audience", text)?,
            roles: self.get("roles", Roles::parse)?.unwrap_or(Roles::ALL),
            keys,
        })
    }
}

fn text(text: &str) -> Result<String, Fault> {
    if text.is_empty() { Err(Fault::new("it is empty", "write what the tokens say")) } else { Ok(text.to_owned()) }
}

fn unknown(key: &str) -> Fault {
    let remedy = match nearest(key, &KEYS) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("an issuer has {}", KEYS.join(", ")),
    };
    Fault::new("unknown key", remedy)
}

/// The files that issuers name.
pub(super) fn files(tables: &[IssuerArgs]) -> impl Iterator<Item = std::path::PathBuf> + '_ {
    let named = |(key, written): &(&'static str, Written)| match *key {
        "key" => values::path(written.text.trim()).ok(),
        "jwks" if !written.text.contains("://") => values::path(written.text.trim()).ok(),
        _ => None,
    };
    tables.iter().flat_map(|table| &table.entries).filter_map(named)
}
