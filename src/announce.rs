//! One line of JSON that says which addresses were bound, for scripts and tests that ask for port 0.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::Serialize;

use crate::config::Announce;
use crate::files::{self, Readers};
use crate::tls::Fingerprint;

#[cfg(test)]
mod tests;

/// What was bound; `None` for a listener that is off. Of a `localhost` listener, the IPv4 address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoundAddrs {
    /// Pages and WebSockets.
    pub http: Option<SocketAddr>,
    /// The same over TLS.
    pub https: Option<SocketAddr>,
    /// WebTransport and raw QUIC: the port of `https` (of the first listener that has them), on UDP.
    pub quic: Option<SocketAddr>,
    /// Streamers' own port.
    pub streamer: Option<SocketAddr>,
    /// SFUs' own port.
    pub sfu: Option<SocketAddr>,
    /// Operators.
    pub admin: Option<SocketAddr>,
    /// Listeners of other names.
    pub more: BTreeMap<String, SocketAddr>,
}

#[derive(Serialize)]
struct Line<'a> {
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
    quic: Option<SocketAddr>,
    streamer: Option<SocketAddr>,
    sfu: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    listeners: BTreeMap<String, SocketAddr>,
    certificate_hashes: &'a [Fingerprint],
}

/// The line, with its end: addresses that can be dialled from this machine, and the hashes that `transports.json`
/// publishes.
pub fn line(bound: &BoundAddrs, certificate_hashes: &[Fingerprint]) -> String {
    let BoundAddrs { http, https, quic, streamer, sfu, admin, more: listeners } = bound.map(dialable);
    let line = Line { http, https, quic, streamer, sfu, admin, listeners, certificate_hashes };
    let mut text = serde_json::to_string(&line).expect("addresses and hashes are text");
    text.push('\n');
    text
}

/// Announces it where the configuration says. Blocks on the file.
///
/// # Errors
/// Those of the file or the stream.
pub fn announce(to: &Announce, bound: &BoundAddrs, certificate_hashes: &[Fingerprint]) -> io::Result<()> {
    let line = line(bound, certificate_hashes);
    match to {
        Announce::Stdout => {
            let mut stdout = io::stdout().lock();
            stdout.write_all(line.as_bytes())?;
            stdout.flush()
        }
        Announce::File(path) => files::put(path, line.as_bytes(), Readers::Anyone),
    }
}

impl BoundAddrs {
    /// What the listener of that name was given.
    pub fn of(&self, listener: &str) -> Option<SocketAddr> {
        match listener {
            "http" => self.http,
            "https" => self.https,
            "streamer" => self.streamer,
            "sfu" => self.sfu,
            "admin" => self.admin,
            other => self.more.get(other).copied(),
        }
    }

    pub(crate) fn set(&mut self, listener: &str, addr: SocketAddr) {
        let place = match listener {
            "http" => &mut self.http,
            "https" => &mut self.https,
            "streamer" => &mut self.streamer,
            "sfu" => &mut self.sfu,
            "admin" => &mut self.admin,
            other => {
                self.more.insert(other.to_owned(), addr);
                return;
            }
        };
        *place = Some(addr);
    }

    fn map(&self, change: impl Fn(SocketAddr) -> SocketAddr) -> Self {
        Self {
            http: self.http.map(&change),
            https: self.https.map(&change),
            quic: self.quic.map(&change),
            streamer: self.streamer.map(&change),
            sfu: self.sfu.map(&change),
            admin: self.admin.map(&change),
            more: self.more.iter().map(|(name, addr)| (name.clone(), change(*addr))).collect(),
        }
    }
}

/// An address to dial for one that listens: "every address" is none that can be dialled everywhere.
pub fn dialable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
