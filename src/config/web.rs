//! What concerns HTTP: other sites' scripts, how often an address may ask, and whose word about addresses counts.

use std::net::IpAddr;

use http::{HeaderName, Method};

use super::error::Fault;

/// Cross-origin requests, as the Fetch standard has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// Origins, as browsers write them; empty or `*` for any.
    pub origins: Vec<String>,
    /// Methods.
    pub methods: Vec<Method>,
    /// Request headers; empty for those that are asked for.
    pub headers: Vec<HeaderName>,
    /// Whether credentials may be sent.
    pub credentials: bool,
}

/// How often one address may ask over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpRate {
    /// Requests a minute; 0 for no limit.
    pub per_minute: u32,
    /// Whether loopback addresses are counted too.
    pub loopback: bool,
}

/// Whose `X-Forwarded-For` is believed, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxies {
    /// Peers that are proxies.
    pub trusted: Trusted,
    /// How many proxies stand in a row, each of which adds one address at the right.
    pub hops: usize,
}

/// A set of peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trusted {
    /// Everybody.
    Any,
    /// Those in one of these networks.
    Nets(Vec<Net>),
}

impl Default for Trusted {
    fn default() -> Self {
        Self::Nets(Vec::new())
    }
}

/// What `loopback` stands for.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

/// What `private` stands for: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 §2.5.6, and loopback.
const PRIVATE: [&str; 8] = [
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
];

impl Trusted {
    /// Whether that peer is in the set.
    pub fn contains(&self, peer: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Nets(nets) => nets.iter().any(|net| net.contains(peer)),
        }
    }

    /// Whether nobody is in the set.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Nets(nets) if nets.is_empty())
    }

    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut nets = Vec::new();
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word {
                "any" => return Ok(Self::Any),
                "loopback" => nets.extend(LOOPBACK.iter().filter_map(|net| Net::parse(net))),
                "private" => nets.extend(PRIVATE.iter().filter_map(|net| Net::parse(net))),
                word => nets.push(Net::parse(word).ok_or_else(|| no_net(word))?),
            }
        }
        Ok(Self::Nets(nets))
    }
}

fn no_net(word: &str) -> Fault {
    let remedy = "write an address, a network such as 10.0.0.0/8, loopback, private or any";
    Fault::new(format!("{word:?} is no address and no network"), remedy)
}

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    bits: u32,
}

impl Net {
    /// Whether that address is in it.
    pub fn contains(self, address: IpAddr) -> bool {
        let (net, address) = (self.address, address.to_canonical());
        let width = if net.is_ipv4() { 32 } else { 128 };
        net.is_ipv4() == address.is_ipv4()
            && (number(net) ^ number(address)).checked_shr(width - self.bits).unwrap_or(0) == 0
    }

    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(width), |bits| bits.parse().ok()).filter(|bits| *bits <= width)?;
        Some(Self { address, bits })
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Methods, in upper case.
pub(super) fn methods(text: &str) -> Result<Vec<Method>, Fault> {
    let one = |word: &str| {
        let fault = |_| Fault::new(format!("{word:?} is no method"), "write GET,POST,…");
        Method::from_bytes(word.to_ascii_uppercase().as_bytes()).map_err(fault)
    };
    text.split(',').map(str::trim).map(one).collect()
}

/// The methods that the reference server lets through.
pub(super) fn usual_methods() -> Vec<Method> {
    vec![Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::POST, Method::DELETE]
}

/// Names of headers.
pub(super) fn headers(text: &str) -> Result<Vec<HeaderName>, Fault> {
    let one = |word: &str| {
        let fault = |_| Fault::new(format!("{word:?} is no header"), "write Content-Type,…");
        HeaderName::from_bytes(word.as_bytes()).map_err(fault)
    };
    text.split(',').map(str::trim).map(one).collect()
}
