//! What a person reads when the gateway has started: which URL is for whom, and what to beware of. 80 columns.

use std::fmt::{self, Display};
use std::net::SocketAddr;
use std::time::SystemTime;

use crate::announce::BoundAddrs;
use crate::config::{Config, Limits, ListenAddr, Listener, Serving};
use crate::tls::{Credential, Fingerprint};
use crate::wire::Role;

#[cfg(test)]
mod tests;

/// The certificate, as the banner shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of its DER.
    pub fingerprint: Fingerprint,
    /// When it ends.
    pub not_after: SystemTime,
    /// Made by the gateway, so that browsers trust it by its hash only.
    pub made_here: bool,
}

impl From<&Credential> for Certificate {
    fn from(credential: &Credential) -> Self {
        Self {
            fingerprint: credential.fingerprint(),
            not_after: credential.not_after(),
            made_here: credential.made_here(),
        }
    }
}

/// What the banner is made of; its `Display` is the banner.
#[derive(Clone, Copy, Debug)]
pub struct Banner<'a> {
    /// What was asked for.
    pub config: &'a Config,
    /// What was bound.
    pub bound: &'a BoundAddrs,
    /// What the TLS listener shows, if there is one.
    pub certificate: Option<Certificate>,
}

impl Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pixelgate {}\n\n", env!("CARGO_PKG_VERSION"))?;
        self.config.listeners.iter().try_for_each(|listener| self.listener(f, listener))?;
        plain(f, ["admin", "operators", "http"], self.config.admin, self.bound.admin, "/")?;
        if self.config.addresses().any(|(_, addr)| is_everywhere(addr)) {
            f.write_str("\n  HOST is any name or address of this machine.\n")?;
        }
        self.certificate.map_or(Ok(()), |certificate| certificate.fmt(f))?;
        self.warnings().iter().try_for_each(|warning| write!(f, "\n  Warning: {warning}\n"))
    }
}

impl Banner<'_> {
    /// A line per role, then what is on UDP.
    fn listener(&self, f: &mut fmt::Formatter<'_>, listener: &Listener) -> fmt::Result {
        let Some(bound) = self.bound.of(&listener.name) else { return Ok(()) };
        let host = host(listener.addr, bound);
        let [page, socket] = if listener.tls { ["https", "wss"] } else { ["http", "ws"] };
        let (name, prefix) = (listener.name.as_str(), listener.path_prefix.as_str());
        let players = if listener.pages { page } else { socket };
        let lines = match listener.serving {
            Serving::Unified(_) => [
                (Role::Player, "players", format!("{players}://{host}{prefix}/")),
                (Role::Streamer, "streamers", format!("{socket}://{host}{prefix}/streamer")),
                (Role::Sfu, "SFUs", format!("{socket}://{host}{prefix}/sfu")),
            ],
            Serving::Legacy(_) => [
                (Role::Player, "players", format!("{players}://{host}{prefix}")),
                (Role::Streamer, "streamers", format!("{socket}://{host}{prefix}")),
                (Role::Sfu, "SFUs", format!("{socket}://{host}{prefix}")),
            ],
        };
        let taken = lines.into_iter().filter(|(role, ..)| listener.serving.takes(*role));
        taken
            .enumerate()
            .try_for_each(|(index, (_, whom, url))| row(f, if index == 0 { name } else { "" }, whom, &url))?;
        if listener.quic { writeln!(f, "{:12}and on UDP: WebTransport, QUIC (pixelstream/1)", "") } else { Ok(()) }
    }

    fn warnings(&self) -> Vec<String> {
        let names = self.open_to_everybody();
        let mut warnings = Vec::new();
        if !names.is_empty() {
            let verb = if names.len() == 1 { "is" } else { "are" };
            let names = names.join(", ");
            warnings.push(format!(
                "{names} {verb} open beyond this machine without authentication:\n  \
                 whoever reaches the port may use it."
            ));
        }
        if self.config.limits == Limits::Off {
            warnings.push("--limits off: nothing holds back a flood. For benchmarks only.".to_owned());
        }
        warnings
    }
}

impl Banner<'_> {
    /// The listeners beyond this machine where somebody may come who has shown nothing, the operators' last.
    fn open_to_everybody(&self) -> Vec<&str> {
        let config = self.config;
        let open = |listener: &&Listener| {
            let rule = |role| config.auth.has_rule(role) && !listener.open.is_some_and(|open| open.contains(role));
            listener.addr.is_beyond_loopback()
                && Role::ALL.into_iter().any(|role| listener.serving.takes(role) && !rule(role))
        };
        let admin = config.admin.is_beyond_loopback().then_some("admin");
        config.listeners.iter().filter(open).map(|listener| listener.name.as_str()).chain(admin).collect()
    }
}

impl Certificate {
    fn fmt(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = if self.made_here { "made here for development" } else { "of your own" };
        let end = humantime::format_rfc3339_seconds(self.not_after);
        write!(f, "\n  Certificate {whose}, valid until {end}\n  SHA-256 {}\n", self.fingerprint)
    }
}

/// A listener with one kind of peers: one line.
fn plain(
    f: &mut fmt::Formatter<'_>,
    [name, whom, scheme]: [&str; 3],
    addr: ListenAddr,
    bound: Option<SocketAddr>,
    path: &str,
) -> fmt::Result {
    let Some(bound) = bound else { return Ok(()) };
    row(f, name, whom, &format!("{scheme}://{}{path}", host(addr, bound)))
}

fn row(f: &mut fmt::Formatter<'_>, listener: &str, whom: &str, url: &str) -> fmt::Result {
    writeln!(f, "  {listener:<10}{whom:<11}{url}")
}

/// Host and port of a URL; `HOST` where every address listens.
fn host(addr: ListenAddr, bound: SocketAddr) -> String {
    match addr {
        ListenAddr::Localhost(_) => format!("localhost:{}", bound.port()),
        _ if is_everywhere(addr) => format!("HOST:{}", bound.port()),
        _ => bound.to_string(),
    }
}

fn is_everywhere(addr: ListenAddr) -> bool {
    matches!(addr, ListenAddr::Socket(socket) if socket.ip().is_unspecified())
}
