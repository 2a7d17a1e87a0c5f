//! What concerns HTTP: pages and their paths, other sites' scripts, how often an address may ask, and whose word about
//! addresses counts.

use std::net::IpAddr;
use std::path::PathBuf;

use http::{HeaderName, Method};

use super::error::Fault;
use super::origin::Host;
use super::values::{Secret, folder, word};

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

/// Who may use the operators' listener.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdminAccess {
    /// Names by which it may be dialled, besides addresses and `localhost`.
    pub hosts: Vec<Host>,
    /// What everybody must give; `None`: this machine need not, others are refused.
    pub token: Option<Secret>,
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
const PRIVATE: [&str; 9] = [
    "127.0.0.0/8",
    "::1/128",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
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
        // Peers are looked at in this form (RFC 4291 §2.5.5.2).
        match address {
            IpAddr::V6(v6) if bits >= 96 && v6.to_ipv4_mapped().is_some() => {
                Some(Self { address: address.to_canonical(), bits: bits - 96 })
            }
            _ => Some(Self { address, bits }),
        }
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Names of hosts.
pub(super) fn hosts(text: &str) -> Result<Vec<Host>, Fault> {
    let fault =
        |word: &str| Fault::new(format!("{word:?} is no host"), "write names, such as gate.internal, without ports");
    text.split(',').map(str::trim).map(|word| Host::parse(word).ok_or_else(|| fault(word))).collect()
}

/// A token as it stands in a header.
pub(super) fn token(text: &str) -> Result<Secret, Fault> {
    let good = text.bytes().all(|byte| byte.is_ascii_graphic());
    if good { Secret::parse(text) } else { Err(Fault::new("it cannot stand in a header", "write letters and digits")) }
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

/// What a path begins with: `/` and names, none at its end.
pub(super) fn path_prefix(text: &str) -> Result<String, Fault> {
    let text = text.trim_end_matches('/');
    let good = |part: &str| !part.starts_with('.') && word(part).is_ok() && !part.contains(':');
    if text.is_empty() || text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(good)) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is no path"), "write /name or /name/name"))
}

/// A file's name below a folder of pages.
pub(super) fn page(text: &str) -> Result<String, Fault> {
    let inside = !text.is_empty() && text.split(['/', '\\']).all(|part| !part.is_empty() && !part.starts_with('.'));
    let fault = || Fault::new(format!("{text:?} is no page of the folder"), "name a file there, such as player.html");
    if inside { Ok(text.to_owned()) } else { Err(fault()) }
}

/// Folders of pages by path: `/path=folder,…`.
pub(super) fn routes(text: &str) -> Result<Vec<(String, PathBuf)>, Fault> {
    let mut routes: Vec<(String, PathBuf)> = Vec::new();
    for (at, folder) in
        text.split(',').map(str::trim).filter(|text| !text.is_empty()).map(route).collect::<Result<Vec<_>, _>>()?
    {
        let ours = ["/api", "/pixelgate", "/transports.json"].contains(&at.as_str());
        if ours || routes.iter().any(|(other, _)| *other == at) {
            let whose = if ours { "the gateway's own" } else { "given twice" };
            return Err(Fault::new(format!("{at} is {whose}"), "choose another path"));
        }
        routes.push((at, folder));
    }
    Ok(routes)
}

fn route(text: &str) -> Result<(String, PathBuf), Fault> {
    let fault = || Fault::new(format!("{text:?} is no route"), "write /path=folder");
    let (at, to) = text.split_once('=').ok_or_else(fault)?;
    let at = path_prefix(at.trim())?;
    if at.is_empty() { Err(fault()) } else { Ok((at, folder(to.trim())?)) }
}

/// Origins as browsers write them: scheme, host, port if it is not the scheme's own, nothing behind.
pub(super) fn origins(text: &str) -> Result<Vec<String>, Fault> {
    text.split(',').map(str::trim).map(origin).collect()
}

fn origin(text: &str) -> Result<String, Fault> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let bare =
        |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) && host == host.to_lowercase();
    if text == "*" || host.is_some_and(bare) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(format!("{text:?} is no origin"), "write https://host or https://host:port, in lower case, or *"))
}

/// A header's value.
pub(super) fn header(text: &str) -> Result<String, Fault> {
    let good = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if good { Ok(text.to_owned()) } else { Err(Fault::new("it cannot stand in a header", "write printable ASCII")) }
}
