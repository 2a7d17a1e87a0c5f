//! One line of JSON that says which addresses were bound, for scripts and tests that ask for port 0.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::Serialize;

use crate::config::Announce;
use crate::files::{self, Readers};
use crate::tls::Fingerprint;

#[cfg(test)]
mod tests;

/// What was bound; `None` for a listener that is off. Of a `localhost` listener, the IPv4 address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoundAddrs {
    /// Pages and WebSockets.
    pub http: Option<SocketAddr>,
    /// The same over TLS.
    pub https: Option<SocketAddr>,
    /// WebTransport and raw QUIC: the port of `https`, on UDP.
    pub quic: Option<SocketAddr>,
    /// Streamers' own port.
    pub streamer: Option<SocketAddr>,
    /// SFUs' own port.
    pub sfu: Option<SocketAddr>,
    /// Operators.
    pub admin: Option<SocketAddr>,
}

#[derive(Serialize)]
struct Line<'a> {
    http: Option<SocketAddr>,
    https: Option<SocketAddr>,
    quic: Option<SocketAddr>,
    streamer: Option<SocketAddr>,
    sfu: Option<SocketAddr>,
    admin: Option<SocketAddr>,
    certificate_hashes: &'a [Fingerprint],
}

/// The line, with its end: addresses that can be dialled from this machine, and the hashes that `transports.json`
/// publishes.
pub fn line(bound: &BoundAddrs, certificate_hashes: &[Fingerprint]) -> String {
    let BoundAddrs { http, https, quic, streamer, sfu, admin } = bound.map(dialable);
    let line = Line { http, https, quic, streamer, sfu, admin, certificate_hashes };
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
    fn map(self, change: impl Fn(SocketAddr) -> SocketAddr) -> Self {
        let Self { http, https, quic, streamer, sfu, admin } = self;
        Self {
            http: http.map(&change),
            https: https.map(&change),
            quic: quic.map(&change),
            streamer: streamer.map(&change),
            sfu: sfu.map(&change),
            admin: admin.map(&change),
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
