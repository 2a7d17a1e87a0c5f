//! From where somebody comes, and on whose word.

use std::net::IpAddr;

use super::site;

/// An address. This machine's own counts as that only where the socket has it: what a proxy tells may have been written
/// by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    ip: IpAddr,
    told: bool,
}

impl Source {
    /// The socket's other end.
    pub const fn peer(ip: IpAddr) -> Self {
        Self { ip, told: false }
    }

    /// Whoever a proxy says that it speaks for.
    pub const fn told(ip: IpAddr) -> Self {
        Self { ip, told: true }
    }

    /// The address.
    pub const fn ip(self) -> IpAddr {
        self.ip
    }

    /// Whether it is this machine, with a connection of its own.
    pub fn is_here(self) -> bool {
        !self.told && self.ip.to_canonical().is_loopback()
    }

    /// What counts as one address with it.
    pub fn site(self) -> IpAddr {
        site(self.ip)
    }
}
