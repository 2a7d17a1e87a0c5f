//! Whose pages may open sessions: a browser names the page's origin in every request for a WebSocket or a WebTransport
//! session (RFC 6455 §10.2), and pages cannot name another. Other clients name none, or whatever they like: this keeps
//! pages out, and nobody else.
//!
//! Pages of the same host are at home, whatever their port and scheme; `localhost`, `127.0.0.1` and `[::1]` are one
//! host. Pages of other sites are let in by the operator's list. Without a list they may be players. `*` in it is for
//! players alone: a page that streams or forwards is named, or it is at home.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::{AllowedOrigins, Host, Origin};
use crate::wire::Role;

const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The operator's list, which may change while the gateway runs. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct OriginCheck(Arc<ArcSwap<AllowedOrigins>>);

impl OriginCheck {
    /// By that list; an empty one is none.
    pub fn new(allowed: AllowedOrigins) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(allowed)))
    }

    /// By another from now on.
    pub fn change(&self, allowed: AllowedOrigins) {
        self.0.store(Arc::new(allowed));
    }

    /// Whether the list lets that origin's pages read what the gateway says (CORS).
    pub fn names(&self, origin: &HeaderValue) -> bool {
        let allowed = self.0.load();
        allowed.any
            || origin.to_str().ok().and_then(Origin::parse).is_some_and(|origin| allowed.named.contains(&origin))
    }

    /// Whether a page may open a session in that role. `host` is what it dialled; `origins` are all that it named.
    pub fn lets_in(&self, role: Role, host: Option<&str>, origins: &[&str]) -> bool {
        let allowed = self.0.load();
        let origin = match origins {
            [] => return true,
            [origin] => Origin::parse(origin),
            // A browser names one.
            _ => return false,
        };
        let at_home = || {
            let host = host.and_then(Host::with_port).map(|(host, _)| host);
            host.is_some() && origin.as_ref().map(|origin| &origin.host) == host.as_ref()
        };
        let named = || origin.as_ref().is_some_and(|origin| allowed.named.contains(origin));
        let any = role == Role::Player && (allowed.any || allowed.is_empty());
        any || at_home() || named()
    }
}

/// The host that a client dialled: what the outermost of so many proxies of ours says of it, or what stands in the
/// request.
pub fn own_host(headers: &HeaderMap, proxies: usize) -> Option<&str> {
    let forwarded: Vec<&str> = headers.get_all(FORWARDED_HOST).iter().filter_map(|line| line.to_str().ok()).collect();
    let words = forwarded.into_iter().rev().flat_map(|line| line.rsplit(','));
    words.take(proxies).last().map(str::trim).or_else(|| headers.get(HOST)?.to_str().ok())
}
