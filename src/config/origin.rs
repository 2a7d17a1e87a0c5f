//! Origins of pages (RFC 6454) and the hosts in them, in a form in which equal ones are equal.

use std::fmt;
use std::net::IpAddr;

use super::error::Fault;

/// A host as it stands in a URL, an `Origin` or a `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// `localhost`, `127.0.0.1` and `[::1]`: one host by three names.
    Local,
    /// Any other address; nobody can make a name of his own lead to it.
    Address(IpAddr),
    /// A name, in lower case.
    Name(String),
}

impl Host {
    /// Reads a host without a port; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let address: IpAddr = inner.strip_suffix(']')?.parse().ok()?;
            return address.is_ipv6().then(|| Self::of(address));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return address.is_ipv4().then(|| Self::of(address));
        }
        let name = text.to_ascii_lowercase();
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        match name.as_str() {
            "localhost" => Some(Self::Local),
            "" => None,
            _ => name.bytes().all(good).then_some(Self::Name(name)),
        }
    }

    /// Reads a host that a port may follow.
    pub fn with_port(text: &str) -> Option<(Self, Option<u16>)> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            Some(_) => return None,
            None => None,
        };
        Some((Self::parse(host)?, port))
    }

    fn of(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let local = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
        if local.contains(&address) { Self::Local } else { Self::Address(address) }
    }
}

/// Where a page came from: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// `https` rather than `http`.
    pub secure: bool,
    /// Its host.
    pub host: Host,
    /// Its port, the scheme's own where none is written.
    pub port: u16,
}

impl Origin {
    /// Reads an origin; `None` for `null`, other schemes and everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let secure = scheme.eq_ignore_ascii_case("https");
        if !secure && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let (host, port) = Host::with_port(rest)?;
        Some(Self { secure, host, port: port.unwrap_or(if secure { 443 } else { 80 }) })
    }
}

/// The pages of other sites that the operator lets in (`allowed-origins`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedOrigins {
    /// `*`: pages of every site.
    pub any: bool,
    /// Those of these origins.
    pub named: Vec<Origin>,
}

impl AllowedOrigins {
    /// Whether the operator said nothing.
    pub fn is_empty(&self) -> bool {
        !self.any && self.named.is_empty()
    }

    /// Reads a list, separated by commas.
    ///
    /// # Errors
    /// The first word that is neither an origin nor `*`.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let mut origins = Self::default();
        for word in text.split(',').map(str::trim) {
            match Origin::parse(word) {
                // As browsers write it: what is compared elsewhere by its bytes reads the same.
                Some(origin) if word == word.to_lowercase() => origins.named.push(origin),
                _ if word == "*" => origins.any = true,
                _ => return Err(no_origin(word)),
            }
        }
        Ok(origins)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local => f.write_str("localhost"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.secure { ("https", 443) } else { ("http", 80) };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

impl fmt::Display for AllowedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.named.iter().map(ToString::to_string);
        f.write_str(&self.any.then(|| "*".to_owned()).into_iter().chain(named).collect::<Vec<_>>().join(","))
    }
}

fn no_origin(word: &str) -> Fault {
    let remedy = "write https://host or https://host:port, in lower case, or *";
    Fault::new(format!("{word:?} is no origin"), remedy)
}
