//! The values of the configuration that are not addresses, and how each is read from its text.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use super::address::ListenAddr;
use super::error::Fault;
use crate::hub::{AutoSubscribe, Dialect};
use crate::id::StreamerId;
use crate::wire::Role;

/// A set of roles.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Every role.
    pub const ALL: Self = Self(Self::bit(Role::Streamer) | Self::bit(Role::Sfu) | Self::bit(Role::Player));
    /// No role.
    pub const NONE: Self = Self(0);
    /// Players alone.
    pub const PLAYERS: Self = Self(Self::bit(Role::Player));

    /// What a listener there takes unless it is told otherwise. Who streams to an open port without a password speaks
    /// to every player: beyond this machine it is asked for.
    pub(super) fn usual(addr: ListenAddr) -> Self {
        if addr.is_beyond_loopback() { Self::PLAYERS } else { Self::ALL }
    }

    /// Whether the role is in the set.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & Self::bit(role) != 0
    }

    const fn bit(role: Role) -> u8 {
        1 << role as u8
    }

    /// Roles by name, or all, or none.
    pub(super) fn parse_open(text: &str) -> Result<Self, Fault> {
        match text {
            "true" => Ok(Self::ALL),
            "false" => Ok(Self::NONE),
            names => Self::parse(names),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        text.split(',').map(str::trim).try_fold(Self(0), |roles, name| match Role::from_name(name) {
            Some(role) => Ok(Self(roles.0 | Self::bit(role))),
            None => Err(no_role(name)),
        })
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [Role::Player, Role::Streamer, Role::Sfu].into_iter().filter(|role| self.contains(*role));
        f.write_str(&names.map(Role::name).collect::<Vec<_>>().join(","))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Roles({self})")
    }
}

/// One role.
pub(super) fn role(name: &str) -> Result<Role, Fault> {
    Role::from_name(name).ok_or_else(|| no_role(name))
}

fn no_role(name: &str) -> Fault {
    Fault::unknown(format!("{name:?} is no role"), name, &["player", "streamer", "sfu"])
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For tests.
    pub fn for_tests(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text.is_empty() { Err(Fault::new("it is empty", "write a secret")) } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// `peerConnectionOptions` of `config` (protocol.md §3): a JSON object, as it was written.
#[derive(Clone)]
pub struct PeerOptions(Arc<RawValue>);

impl PeerOptions {
    /// The JSON object.
    pub fn json(&self) -> &str {
        self.0.get()
    }

    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        // Windows editors begin a file with a byte order mark, which JSON does not know.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let garbled = |error| Fault::new(format!("not JSON ({error})"), r#"write an object such as {"iceServers":[]}"#);
        let value: Box<RawValue> = serde_json::from_str(text).map_err(garbled)?;
        let object = value.get().starts_with('{');
        let fault = || Fault::new("not a JSON object", r#"write an object such as {"iceServers":[]}"#);
        if object { Ok(Self(value.into())) } else { Err(fault()) }
    }
}

impl Default for PeerOptions {
    fn default() -> Self {
        Self::parse("{}").expect("an empty object is an object")
    }
}

impl PartialEq for PeerOptions {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

impl Eq for PeerOptions {}

impl fmt::Debug for PeerOptions {
    /// Without the text: it holds credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerOptions({} bytes)", self.json().len())
    }
}

/// Whose certificate is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertSource {
    /// One that the gateway makes.
    Dev {
        /// Where it is kept; `None` keeps it in memory.
        dir: Option<PathBuf>,
    },
    /// The operator's, two PEM files.
    Files {
        /// The chain.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
    },
}

/// Where the bound addresses are announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announce {
    /// On standard output.
    Stdout,
    /// In a file, put in place whole.
    File(PathBuf),
}

impl fmt::Display for Announce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("-"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Announce {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text == "-" { Ok(Self::Stdout) } else { path(text).map(Self::File) }
    }
}

/// A dialect that is there, by its name.
pub(super) fn dialect(name: &str) -> Result<&'static Dialect, Fault> {
    if let Some(known) = Dialect::by_name(name) {
        return Ok(known);
    }
    let known = Dialect::ALL.map(|dialect| dialect.name);
    Err(Fault::unknown(format!("{name:?} is no dialect"), name, &known))
}

/// A number of players, where 0 is no limit.
pub(super) fn max_players(text: &str) -> Result<Option<u32>, Fault> {
    let fault = |_| Fault::new(format!("{text:?} is no number of players"), "write a whole number, 0 for no limit");
    text.parse().map(|number| (number != 0).then_some(number)).map_err(fault)
}

/// The streamer of SFUs that have not chosen one.
pub(super) fn auto_subscribe(text: &str) -> Result<AutoSubscribe, Fault> {
    match text {
        "first" => Ok(AutoSubscribe::First),
        "off" => Ok(AutoSubscribe::Off),
        id => StreamerId::parse(id).map(AutoSubscribe::Only).ok_or_else(|| {
            Fault::new(format!("{text:?} is no streamer's id"), "write first, off, or an id of 1 to 128 characters")
        }),
    }
}

/// The longest message: a handshake must fit, and memory is reserved for each session by it.
pub(super) fn max_message(text: &str) -> Result<usize, Fault> {
    const RANGE: RangeInclusive<usize> = 16 << 10..=16 << 20;
    let fault = || Fault::new(format!("{text:?} is no such size"), "write a number of bytes from 16384 to 16777216");
    text.parse().ok().filter(|size| RANGE.contains(size)).ok_or_else(fault)
}

/// A time; longer than a day is a slip.
pub(super) fn duration(text: &str) -> Result<Duration, Fault> {
    const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    match humantime::parse_duration(text) {
        Ok(time) if time > LONGEST => Err(Fault::new(format!("{text} is too long"), "write 24h at most")),
        Ok(time) => Ok(time),
        Err(_) if text.parse::<f64>().is_ok() => Err(Fault::new(
            format!("{text:?} has no unit"),
            format!("write {text}s for seconds, {text}ms for milliseconds"),
        )),
        Err(_) => Err(Fault::new(format!("{text:?} is no time"), "write a number with its unit, such as 15s or 500ms")),
    }
}

/// A time in which something happens.
pub(super) fn period(text: &str) -> Result<Duration, Fault> {
    let time = duration(text)?;
    let fault = || Fault::new("zero is no time to wait", "write a number with its unit, such as 15s or 500ms");
    if time.is_zero() { Err(fault()) } else { Ok(time) }
}

/// The path of a file or folder.
pub(super) fn path(text: &str) -> Result<PathBuf, Fault> {
    if text.is_empty() { Err(Fault::new("the path is empty", "write a path")) } else { Ok(text.into()) }
}

/// A folder that is there: pages that are not found later would leave every player without a word.
pub(super) fn folder(text: &str) -> Result<PathBuf, Fault> {
    let path = path(text)?;
    let fault = || Fault::new(format!("{text:?} is no folder"), "name the folder of your pages");
    if path.is_dir() { Ok(path) } else { Err(fault()) }
}

/// Yes or no.
pub(super) fn boolean(text: &str) -> Result<bool, Fault> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::new(format!("{text:?} is neither true nor false"), "write true or false")),
    }
}

/// A number of something that there may be many of.
pub(super) fn number(text: &str) -> Result<u32, Fault> {
    text.parse().map_err(|_| Fault::new(format!("{text:?} is no number"), "write a whole number"))
}

/// A number of something that there is at least one of.
pub(super) fn count(text: &str) -> Result<usize, Fault> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Fault::new(format!("{text:?} is no such number"), "write a whole number from 1")),
    }
}

/// A name without blanks.
pub(super) fn word(text: &str) -> Result<String, Fault> {
    let fault = || Fault::new(format!("{text:?} is no name"), "write letters, digits, dashes and dots");
    let good = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if !text.is_empty() && text.chars().all(good) { Ok(text.to_owned()) } else { Err(fault()) }
}

/// A time longer than [`duration`] takes: up to a year.
pub(super) fn long_duration(text: &str) -> Result<Duration, Fault> {
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    let fault =
        || Fault::new(format!("{text:?} is no such time"), "write a number with its unit, such as 24h or 30days");
    humantime::parse_duration(text).ok().filter(|time| !time.is_zero() && *time <= LONGEST).ok_or_else(fault)
}

/// `HOST:PORT`, or `off`.
pub(super) fn remote(text: &str) -> Result<Option<String>, Fault> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let fault = || Fault::new(format!("{text:?} is no address to dial"), "write HOST:PORT or off");
    let (host, port) = text.rsplit_once(':').ok_or_else(fault)?;
    let good = !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port != 0);
    if good { Ok(Some(text.to_owned())) } else { Err(fault()) }
}

pub(super) fn one_of(text: &str, known: &[&str]) -> Fault {
    Fault::unknown(format!("{text:?} is none of {}", known.join(", ")), text, known)
}
