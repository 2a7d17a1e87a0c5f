//! The players' pages and `/transports.json` (protocol.md §2, "Discovery").
//!
//! `/transports.json` and what lies below `/pixelgate/` are always the gateway's own, so that an operator's pages can
//! use the transport; the rest is either the built-in pages or the operator's folder.

mod manners;
mod origins;
mod pages;
mod root;
#[cfg(test)]
mod tests;
mod transports;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub(crate) use manners::{Encrypted, Manners};
pub use origins::Origins;
pub use transports::{Discovery, Endpoints, WebTransport, WebTransportEndpoint};

/// The operator's own pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages {
    /// Their folder; `None` for the built-in player.
    pub(crate) root: Option<PathBuf>,
    /// The page at `/`; `None` for `player.html`, else `index.html`.
    pub(crate) homepage: Option<String>,
    /// More folders, by path.
    pub(crate) routes: Vec<(String, PathBuf)>,
}

/// The pages of a listener.
pub(crate) fn router(discovery: Arc<Discovery>, pages: &Pages) -> Router {
    let discovered = get(transports::answer).with_state(discovery);
    let shared = pages::shared().route("/transports.json", discovered);
    let shared = pages.routes.iter().fold(shared, |router, (path, folder)| router.merge(root::below(path, folder)));
    shared.merge(match &pages.root {
        Some(folder) => root::router(folder, pages.homepage.as_deref()),
        None => pages::built_in(),
    })
}
