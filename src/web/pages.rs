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
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";

/// A file of `web/` at a path of the gateway's own.
macro_rules! asset {
    ($path:literal, $content_type:ident, $file:literal) => {
        Asset { path: $path, content_type: $content_type, body: include_str!(concat!("../../web/", $file)) }
    };
}

/// What is there whatever pages are served.
const SHARED: &[Asset] = &[
    asset!("/pixelgate/transport.js", SCRIPT, "transport/dist/transport.js"),
    asset!("/pixelgate/shim.js", SCRIPT, "transport/dist/shim.js"),
];

/// The player and the test pages.
const BUILT_IN: &[Asset] = &[
    asset!("/", HTML, "player/index.html"),
    asset!("/pixelgate/page.js", SCRIPT, "player/page.js"),
    asset!("/pixelgate/state.js", SCRIPT, "player/state.js"),
    asset!("/pixelgate/words.js", SCRIPT, "player/words.js"),
    asset!("/pixelgate/signalling.js", SCRIPT, "player/signalling.js"),
    asset!("/pixelgate/media.js", SCRIPT, "player/media.js"),
    asset!("/pixelgate/diagnosis.js", SCRIPT, "player/diagnosis.js"),
    asset!("/pixelgate/input.js", SCRIPT, "player/input.js"),
    asset!("/pixelgate/controls.js", SCRIPT, "player/controls.js"),
    asset!("/pixelgate/stats.js", SCRIPT, "player/stats.js"),
    asset!("/pixelgate/view.js", SCRIPT, "player/view.js"),
    asset!("/pixelgate/style.css", STYLE, "player/style.css"),
    asset!("/pixelgate/icon.svg", IMAGE, "player/icon.svg"),
    asset!("/test/player.html", HTML, "test/player.html"),
    asset!("/test/player.js", SCRIPT, "test/player.js"),
    asset!("/test/streamer.html", HTML, "test/streamer.html"),
    asset!("/test/streamer.js", SCRIPT, "test/streamer.js"),
    asset!("/test/page.js", SCRIPT, "test/page.js"),
    asset!("/test/signalling.js", SCRIPT, "test/signalling.js"),
    asset!("/test/icon.svg", IMAGE, "test/icon.svg"),
];

/// What an operator's own pages may use.
pub(super) fn shared() -> Router {
    routes(SHARED)
}

/// The built-in pages, and the answer to everything else.
pub(super) fn built_in() -> Router {
    routes(BUILT_IN).fallback(|| async { (http::StatusCode::NOT_FOUND, "No such page. The player is at /.\n") })
}

fn routes(assets: &'static [Asset]) -> Router {
    assets.iter().fold(Router::new(), |router, asset| router.route(asset.path, get(move || async move { *asset })))
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
