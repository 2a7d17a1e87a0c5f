//! `/transports.json`: where a page finds the gateway over each transport.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, HOST, ORIGIN, VARY};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use crate::auth::OriginCheck;
use crate::listen::Arrival;
use crate::tls::Certificates;

/// What the answer is made of.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// The WebTransport listener; `None` when there is none, or when it takes no players.
    pub webtransport: Option<WebTransport>,
    /// Origins whose pages may read the answer.
    pub allowed_origins: OriginCheck,
    /// What paths begin with at this listener.
    pub prefix: String,
}

/// Where WebTransport is to be had.
#[derive(Clone, Debug)]
pub struct WebTransport {
    /// The UDP port.
    pub port: u16,
    /// The literal address where UDP is bound to one loopback address: a name could lead to the other.
    pub only: Option<IpAddr>,
    /// What paths begin with there.
    pub prefix: String,
    /// Whose hashes are published.
    pub certificates: Arc<Certificates>,
}

/// The answer.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Endpoints {
    /// The WebSocket's URL.
    pub websocket: String,
    /// `None` when there is no WebTransport for players.
    pub webtransport: Option<WebTransportEndpoint>,
}

/// The WebTransport session's URL, and the certificates by which a browser may trust it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct WebTransportEndpoint {
    /// `https://HOST:PORT/player`.
    pub url: String,
    /// SHA-256 of each certificate's DER, 64 lower-case hex digits; empty for the operator's own certificates.
    pub hashes: Vec<String>,
}

impl Discovery {
    /// The endpoints as a client sees them that asked `authority` (its `Host`), over TLS or not.
    pub fn endpoints(&self, authority: &Authority, tls: bool) -> Endpoints {
        let scheme = if tls { "wss" } else { "ws" };
        let webtransport = self.webtransport.as_ref().map(|webtransport| {
            let only = webtransport.only.map(|ip| match ip {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            });
            let host = only.as_deref().unwrap_or(authority.host());
            WebTransportEndpoint {
                url: format!("https://{host}:{}{}/player", webtransport.port, webtransport.prefix),
                hashes: webtransport.certificates.published_hashes().iter().map(ToString::to_string).collect(),
            }
        });
        Endpoints { websocket: format!("{scheme}://{authority}{}/player", self.prefix), webtransport }
    }

    /// The answer's headers, for whoever asks: caches must not hand one origin's answer to another.
    fn headers(&self, origin: Option<&HeaderValue>) -> HeaderMap {
        let mut headers = HeaderMap::from_iter([
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (VARY, HeaderValue::from_static("origin")),
        ]);
        headers.extend(
            origin
                .filter(|origin| self.allowed_origins.names(origin))
                .map(|origin| (ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone())),
        );
        headers
    }
}

pub(super) async fn answer(
    State(discovery): State<Arc<Discovery>>,
    Extension(arrival): Extension<Arrival>,
    headers: HeaderMap,
) -> impl IntoResponse {
    let asked = headers.get(HOST).map(|host| host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()));
    let local = || arrival.local.to_string().parse::<Authority>().ok();
    // A malformed Host is the client's mistake; none at all is HTTP/1.0.
    match asked.unwrap_or_else(local) {
        Some(authority) => {
            Ok((discovery.headers(headers.get(ORIGIN)), Json(discovery.endpoints(&authority, arrival.tls))))
        }
        None => Err((StatusCode::BAD_REQUEST, "The Host header is malformed.\n")),
    }
}
