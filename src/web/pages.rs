//! The pages, embedded in the binary, under a strict policy: nothing inline, nothing from elsewhere.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

/// Pages may connect anywhere: the signalling endpoints are other ports, and players may be sent to other hosts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     media-src 'self' blob: mediastream:; connect-src *; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// A file of `web/`.
#[derive(Clone, Copy)]
struct Asset {
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const SVG: &str = "image/svg+xml";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: &[Asset] = &[
    Asset { path: "/", content_type: HTML, body: include_str!("../../web/index.html") },
    Asset { path: "/test/icon.svg", content_type: SVG, body: include_str!("../../web/test/icon.svg") },
    Asset { path: "/test/page.js", content_type: SCRIPT, body: include_str!("../../web/test/page.js") },
    Asset { path: "/test/player.html", content_type: HTML, body: include_str!("../../web/test/player.html") },
    Asset { path: "/test/player.js", content_type: SCRIPT, body: include_str!("../../web/test/player.js") },
    Asset { path: "/test/streamer.html", content_type: HTML, body: include_str!("../../web/test/streamer.html") },
    Asset { path: "/test/streamer.js", content_type: SCRIPT, body: include_str!("../../web/test/streamer.js") },
    Asset { path: "/test/signalling.js", content_type: SCRIPT, body: include_str!("../../web/test/signalling.js") },
];

pub(super) fn router() -> Router {
    ASSETS
        .iter()
        .fold(Router::new(), |router, asset| router.route(asset.path, get(move || async move { *asset })))
        .fallback(|| async { (http::StatusCode::NOT_FOUND, "No such page. The player is at /.\n") })
}

impl IntoResponse for Asset {
    fn into_response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, self.content_type),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            // The pages belong to the binary: an old one against a new gateway is a riddle.
            (CACHE_CONTROL, "no-cache"),
        ];
        (headers, self.body).into_response()
    }
}
