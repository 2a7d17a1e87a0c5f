//! Who asks: the peer itself, or whoever a reverse proxy speaks for (RFC 7239's forerunners, `X-Forwarded-…`).
//!
//! Each proxy adds the address that it sees at the right. What stands further left than our own proxies reach was
//! written by the client and is not believed; neither is any of it from a peer that is no proxy of ours.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::Proxies;
use crate::limits::Source;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// Its address, as a person would write it; without a port (0) where a proxy told it.
    pub(super) addr: SocketAddr,
    /// The same, as limits know it.
    pub(super) source: Source,
    /// Whether its own connection is encrypted.
    pub(super) secure: bool,
}

impl Client {
    /// Of a request that came from `peer`, over TLS or not.
    pub(super) fn of(proxies: &Proxies, peer: SocketAddr, tls: bool, headers: &HeaderMap) -> Self {
        if !proxies.trusted.contains(peer.ip()) {
            return Self { addr: peer, source: Source::peer(peer.ip()), secure: tls };
        }
        let secure = from_right(headers, &FORWARDED_PROTO).next().flatten().map_or(tls, is_secure);
        match forwarded_for(headers, proxies.hops) {
            Some(ip) => Self { addr: SocketAddr::new(ip, 0), source: Source::told(ip), secure },
            None => Self { addr: peer, source: Source::peer(peer.ip()), secure },
        }
    }
}

fn is_secure(proto: &str) -> bool {
    proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss")
}

/// The address that the outermost of our proxies saw: so many from the right, or the leftmost of fewer. What is no
/// address ends the list: nobody knows who stands behind it.
fn forwarded_for(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    from_right(headers, &FORWARDED_FOR).map_while(|word| address(word?)).take(hops).last()
}

/// The words of a list over all of its lines, the last first; `None` for one that is no text. What a client wrote may
/// stand in one line with what a proxy added.
fn from_right<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> {
    let lines: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    let words = lines.into_iter().rev().flat_map(|line| line.rsplit(|&byte| byte == b','));
    words.map(|word| std::str::from_utf8(word).ok().map(str::trim))
}

/// An address, perhaps with brackets or a port.
fn address(word: &str) -> Option<IpAddr> {
    let bare = word.trim_start_matches('[').trim_end_matches(']');
    let ip = word.parse::<SocketAddr>().map(|socket| socket.ip()).or_else(|_| bare.parse()).ok()?;
    Some(ip.to_canonical())
}
