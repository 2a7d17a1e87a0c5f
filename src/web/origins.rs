//! Which other sites are meant: a list that may change while the gateway runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use http::HeaderValue;

/// Origins, as browsers write them (`https://example.com`); `*` for any. Clones share the list.
#[derive(Clone, Debug, Default)]
pub struct Origins(Arc<ArcSwap<Vec<String>>>);

impl Origins {
    /// These origins.
    pub fn new(origins: Vec<String>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(origins)))
    }

    /// Others from now on.
    pub fn change(&self, origins: Vec<String>) {
        self.0.store(Arc::new(origins));
    }

    /// Whether a page of `origin` is meant.
    pub(super) fn allow(&self, origin: &HeaderValue) -> bool {
        self.0.load().iter().any(|allowed| allowed == "*" || allowed.as_bytes() == origin.as_bytes())
    }
}
