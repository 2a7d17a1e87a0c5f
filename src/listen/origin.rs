//! Pages of other sites that are turned away (protocol.md §5.5: 1008, or 403 where a session has not begun).

use http::HeaderMap;
use http::header::ORIGIN;

use super::House;
use crate::auth::own_host;
use crate::wire::{Close, CloseCode, Role};

impl House {
    /// What a page is told whose request for a WebSocket is none of ours; counted.
    pub(super) fn foreign_request(&self, role: Role, proxied: bool, headers: &HeaderMap) -> Option<Close> {
        // What is no text is no origin.
        let origins: Vec<_> =
            headers.get_all(ORIGIN).iter().map(|origin| origin.to_str().unwrap_or_default()).collect();
        let proxies = if proxied { self.proxies.hops } else { 0 };
        let foreign = self.is_foreign(role, own_host(headers, proxies), &origins);
        foreign.then(|| Close::new(CloseCode::POLICY, "pages of this origin are not let in (allowed-origins)"))
    }

    /// The same for a WebTransport session.
    pub(super) fn foreign_session(&self, role: Role, authority: &str, origin: Option<&str>) -> bool {
        self.is_foreign(role, Some(authority), origin.as_slice())
    }

    fn is_foreign(&self, role: Role, host: Option<&str>, origins: &[&str]) -> bool {
        let foreign = !self.origins.lets_in(role, host, origins);
        if foreign {
            self.metrics.refused("origin");
            tracing::debug!(%role, ?host, ?origins, "a page of another origin was turned away");
        }
        foreign
    }
}
