//! Who asks: the peer itself, or whoever a reverse proxy speaks for (RFC 7239's forerunners, `X-Forwarded-…`).
//!
//! Each proxy adds the address that it sees at the right. What stands further left than our own proxies reach was
//! written by the client and is not believed; neither is any of it from a peer that is no proxy of ours.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::config::Proxies;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// Its address; without a port (0) where a proxy told it.
    pub(super) addr: SocketAddr,
    /// Whether its own connection is encrypted.
    pub(super) secure: bool,
}

impl Client {
    /// Of a request that came from `peer`, over TLS or not.
    pub(super) fn of(proxies: &Proxies, peer: SocketAddr, tls: bool, headers: &HeaderMap) -> Self {
        if !proxies.trusted.contains(peer.ip()) {
            return Self { addr: peer, secure: tls };
        }
        let addr = forwarded_for(headers, proxies.hops).map_or(peer, |ip| SocketAddr::new(ip, 0));
        let proto = headers.get_all(FORWARDED_PROTO).iter().next_back().and_then(|value| value.to_str().ok());
        let secure = proto.and_then(|list| list.rsplit(',').next()).map_or(tls, |last| is_secure(last.trim()));
        Self { addr, secure }
    }
}

fn is_secure(proto: &str) -> bool {
    proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss")
}

/// The address that the outermost of our proxies saw: so many from the right, or the leftmost of fewer. What is no
/// address ends the list: nobody knows who stands behind it.
fn forwarded_for(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    let lists: Vec<_> = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let from_right = lists.iter().rev().flat_map(|list| list.rsplit(','));
    from_right.map_while(|word| address(word.trim())).take(hops).last()
}

/// An address, perhaps with brackets or a port.
fn address(word: &str) -> Option<IpAddr> {
    let bare = word.trim_start_matches('[').trim_end_matches(']');
    let ip = word.parse::<SocketAddr>().map(|socket| socket.ip()).or_else(|_| bare.parse()).ok()?;
    Some(ip.to_canonical())
}
