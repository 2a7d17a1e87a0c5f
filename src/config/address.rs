//! Where a listener listens.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::error::Fault;

/// Where a listener listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenAddr {
    /// Nowhere.
    Off,
    /// On 127.0.0.1 and `[::1]`, on TCP and UDP, at this port.
    Localhost(u16),
    /// On this address; `[::]` is dual-stack.
    Socket(SocketAddr),
}

impl ListenAddr {
    /// The addresses to bind, IPv4 first.
    pub fn sockets(self) -> Vec<SocketAddr> {
        match self {
            Self::Off => Vec::new(),
            Self::Localhost(port) => vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()],
            Self::Socket(socket) => vec![socket],
        }
    }

    /// Its port; 0 asks the system for one.
    pub const fn port(self) -> Option<u16> {
        match self {
            Self::Off => None,
            Self::Localhost(port) => Some(port),
            Self::Socket(socket) => Some(socket.port()),
        }
    }

    /// Whether it listens at all.
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }

    /// Whether other machines can reach it.
    pub fn is_beyond_loopback(self) -> bool {
        matches!(self, Self::Socket(socket) if !socket.ip().to_canonical().is_loopback())
    }

    /// Whether both ask for the same port of the same address, so that the second cannot be bound.
    pub(super) fn collides_with(self, other: Self) -> bool {
        let same_port = self.port() == other.port() && self.port() != Some(0);
        let meets = |a: &SocketAddr| other.sockets().iter().any(|b| covers(a.ip(), b.ip()) || covers(b.ip(), a.ip()));
        same_port && self.sockets().iter().any(meets)
    }

    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self::Off);
        }
        let localhost = text.rsplit_once(':').filter(|(host, _)| host.eq_ignore_ascii_case("localhost"));
        let parsed = match localhost {
            Some((_, port)) => port.parse().ok().map(Self::Localhost),
            None => text.parse().ok().map(Self::Socket),
        };
        parsed.ok_or_else(|| fault(text))
    }
}

/// Whether a listener on `a` takes what is sent to `b`.
fn covers(a: IpAddr, b: IpAddr) -> bool {
    a == b || a == IpAddr::V6(Ipv6Addr::UNSPECIFIED) || (a == IpAddr::V4(Ipv4Addr::UNSPECIFIED) && b.is_ipv4())
}

/// Guesses what was meant.
fn fault(text: &str) -> Fault {
    let problem = |problem: &str| format!("{text:?} {problem}");
    let port = text.rsplit(':').next().filter(|port| port.parse::<u16>().is_ok());
    let host = text.rsplit_once(':').map(|(host, _)| host);
    match (host, port) {
        (None, Some(port)) => {
            let remedy = format!("write localhost:{port} for this machine, [::]:{port} for every address");
            Fault::new(problem("has no address"), remedy)
        }
        (Some("" | "*"), Some(port)) => {
            Fault::new(problem("has no address"), format!("write [::]:{port} for every address"))
        }
        (Some(host), Some(port)) if host.parse::<Ipv6Addr>().is_ok() => {
            Fault::new(problem("is an IPv6 address without brackets"), format!("write [{host}]:{port}"))
        }
        (Some(host), Some(_)) if is_name(host) => {
            Fault::new(problem("holds a name, and only localhost is known here"), "write the IP address")
        }
        _ => Fault::new(problem("is not an address"), "write localhost:PORT, IP:PORT, [::]:PORT or off"),
    }
}

fn is_name(host: &str) -> bool {
    let letters = host.bytes().any(|byte| byte.is_ascii_alphabetic());
    letters && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

impl fmt::Display for ListenAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Localhost(port) => write!(f, "localhost:{port}"),
            Self::Socket(socket) => socket.fmt(f),
        }
    }
}
