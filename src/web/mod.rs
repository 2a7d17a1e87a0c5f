//! The players' pages and `/transports.json` (protocol.md §2, "Discovery").
//!
//! `/transports.json` and what lies below `/pixelgate/` are always the gateway's own, so that an operator's pages can
//! use the transport; the rest is either the built-in pages or the operator's folder.

mod pages;
mod root;
#[cfg(test)]
mod tests;
mod transports;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use transports::{Discovery, Endpoints, WebTransport, WebTransportEndpoint};

/// The pages of a unified port; `root` is the operator's folder.
pub(crate) fn router(discovery: Arc<Discovery>, root: Option<&Path>) -> Router {
    let pages = root.map_or_else(pages::built_in, root::router);
    pages::shared().route("/transports.json", get(transports::answer).with_state(discovery)).merge(pages)
}
