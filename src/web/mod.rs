//! The players' pages and `/transports.json` (protocol.md §2, "Discovery").

mod pages;
#[cfg(test)]
mod tests;
mod transports;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

pub use transports::{Discovery, Endpoints, WebTransport, WebTransportEndpoint};

/// The pages of a unified port.
pub(crate) fn router(discovery: Arc<Discovery>) -> Router {
    pages::router().route("/transports.json", get(transports::answer).with_state(discovery))
}
