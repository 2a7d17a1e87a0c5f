//! The listeners: the four that flags stand for, and those that the file adds as `[[listener]]` tables.

use super::address::ListenAddr;
use super::error::{ConfigError, Fault, nearest};
use super::values::{self, Roles};
use super::web;
use super::written::{Source, Written};
use crate::hub::Dialect;
use crate::wire::Role;

/// Whom a listener serves (protocol.md §2, "role").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Serving {
    /// The path decides the role.
    Unified(Roles),
    /// Every path is this role.
    Legacy(Role),
}

impl Serving {
    /// Whether this role is taken.
    pub fn takes(self, role: Role) -> bool {
        match self {
            Self::Unified(roles) => roles.contains(role),
            Self::Legacy(only) => only == role,
        }
    }
}

/// A place where peers arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name in messages and in the announcement; each has its own.
    pub name: String,
    /// Where it listens.
    pub addr: ListenAddr,
    /// Whom it serves.
    pub serving: Serving,
    /// The rules of its sessions (protocol.md §4).
    pub dialect: &'static Dialect,
    /// Whether a peer may choose another dialect: `?dialect=`, `hello.dialect`.
    pub choose_dialect: bool,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// WebTransport and raw QUIC on UDP of the same port; only with TLS.
    pub quic: bool,
    /// What every path begins with, such as `/pixelstream`; empty for nothing.
    pub path_prefix: String,
    /// Whether there are pages beside the WebSockets.
    pub pages: bool,
    /// Whether pages are asked for at the first TLS listener instead.
    pub redirect: bool,
    /// Roles that anybody may take here, whatever rules there are elsewhere.
    pub open: Option<Roles>,
}

impl Listener {
    /// A listener without TLS whose path decides the role, with pages.
    pub fn unified(name: &str, addr: ListenAddr, roles: Roles) -> Self {
        Self {
            name: name.to_owned(),
            addr,
            serving: Serving::Unified(roles),
            dialect: Dialect::STANDARD,
            choose_dialect: false,
            tls: false,
            quic: false,
            path_prefix: String::new(),
            pages: true,
            redirect: false,
            open: None,
        }
    }

    /// The same over TLS, with WebTransport and raw QUIC.
    pub fn unified_tls(name: &str, addr: ListenAddr, roles: Roles) -> Self {
        Self { tls: true, quic: true, ..Self::unified(name, addr, roles) }
    }

    /// A listener for one role on any path.
    pub fn legacy(name: &str, addr: ListenAddr, role: Role) -> Self {
        Self { serving: Serving::Legacy(role), pages: false, ..Self::unified(name, addr, Roles::ALL) }
    }

    /// How messages name it: by its flag, or as the table's.
    pub fn place(&self) -> String {
        let by_flag = ["http", "https", "streamer", "sfu"].contains(&self.name.as_str());
        if by_flag { format!("--{}", self.name) } else { format!("listener {:?}", self.name) }
    }
}

/// The keys of a `[[listener]]` table.
pub(super) const KEYS: [&str; 12] = [
    "name",
    "address",
    "roles",
    "legacy",
    "dialect",
    "choose-dialect",
    "tls",
    "quic",
    "path-prefix",
    "pages",
    "redirect",
    "open",
];

/// One `[[listener]]` table, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerArgs {
    /// Where the table begins.
    pub source: Source,
    /// Key and value.
    pub entries: Vec<(&'static str, Written)>,
}

impl ListenerArgs {
    /// An empty table.
    pub fn new(source: Source) -> Self {
        Self { source, entries: Vec::new() }
    }

    /// With a value; the key is one of a table's.
    #[must_use]
    pub fn with(mut self, key: &str, text: impl Into<String>) -> Self {
        let source = self.source.clone();
        self.set(key, Written::new(text, source)).expect("the key is known");
        self
    }

    pub(super) fn set(&mut self, key: &str, value: Written) -> Result<(), Fault> {
        match KEYS.into_iter().find(|known| *known == key) {
            Some(key) => self.entries.push((key, value)),
            None => return Err(unknown(key)),
        }
        Ok(())
    }

    fn get<T>(&self, key: &str, parse: impl Fn(&str) -> Result<T, Fault>) -> Result<Option<T>, ConfigError> {
        let Some((_, written)) = self.entries.iter().find(|(name, _)| *name == key) else { return Ok(None) };
        parse(written.text.trim()).map(Some).map_err(|fault| fault.at(written.source.place(key)))
    }

    /// Understands the table. What it leaves out follows from the rest: the roles from the address, QUIC from TLS,
    /// pages from the kind.
    pub(super) fn read(&self, number: usize, defaults: &Listener) -> Result<Listener, ConfigError> {
        let missing = || Fault::new("the address is missing", "give address").at(self.source.place("listener"));
        let addr = self.get("address", ListenAddr::parse)?.ok_or_else(missing)?;
        let legacy = self.get("legacy", values::role)?;
        let roles = self.get("roles", Roles::parse)?;
        let serving = match (legacy, roles) {
            (Some(role), None) => Serving::Legacy(role),
            (None, roles) => Serving::Unified(roles.unwrap_or_else(|| Roles::usual(addr))),
            (Some(_), Some(_)) => {
                let fault = Fault::new("legacy and roles are both given", "give one of the two");
                return Err(fault.at(self.source.place("listener")));
            }
        };
        let tls = self.get("tls", values::boolean)?.unwrap_or(false);
        let quic = self.get("quic", values::boolean)?.unwrap_or(tls);
        if quic && !tls {
            let fault = Fault::new("QUIC is always encrypted", "give tls = true too");
            return Err(fault.at(self.source.place("quic")));
        }
        let unified = matches!(serving, Serving::Unified(_));
        Ok(Listener {
            name: self.get("name", values::word)?.unwrap_or_else(|| format!("listener-{number}")),
            addr,
            serving,
            dialect: self.get("dialect", values::dialect)?.unwrap_or(defaults.dialect),
            choose_dialect: self.get("choose-dialect", values::boolean)?.unwrap_or(defaults.choose_dialect),
            tls,
            quic,
            path_prefix: self.get("path-prefix", web::path_prefix)?.unwrap_or_default(),
            pages: self.get("pages", values::boolean)?.unwrap_or(unified),
            redirect: self.get("redirect", values::boolean)?.unwrap_or(false),
            open: self.get("open", Roles::parse_open)?,
        })
    }
}

fn unknown(key: &str) -> Fault {
    let remedy = match nearest(key, &KEYS) {
        Some(near) => format!("did you mean {near:?}?"),
        None => format!("a listener has {}", KEYS.join(", ")),
    };
    Fault::new("unknown key", remedy)
}
