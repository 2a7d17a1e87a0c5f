//! What every answer of a listener has in common, whatever it answers: who else may read it, what browsers are told to
//! beware of, and whether they are sent to the encrypted port instead.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use http::header::{
    CONTENT_SECURITY_POLICY, HOST, HeaderName, LOCATION, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use super::Origins;
use crate::config::Cors;
use crate::listen::Arrival;
use crate::tls::Certificates;

/// Where a listener is that encrypts.
#[derive(Clone, Debug)]
pub(crate) struct Encrypted {
    pub(crate) port: u16,
    /// What paths begin with there.
    pub(crate) prefix: String,
}

/// How a listener answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Manners {
    /// Other sites' scripts, and the list of their origins.
    pub(crate) cors: Option<(Cors, Origins)>,
    /// The headers that keep pages apart from other sites.
    pub(crate) security_headers: bool,
    /// `Content-Security-Policy` where an answer has none.
    pub(crate) content_security_policy: Option<HeaderValue>,
    /// Browsers are told to come back encrypted only.
    pub(crate) hsts: bool,
    /// Whose certificate the listener shows.
    pub(crate) certificates: Option<Arc<Certificates>>,
    /// The port that pages are asked for at instead.
    pub(crate) redirect: Option<Encrypted>,
}

/// 180 days, as the reference server says it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=15552000; includeSubDomains");

/// What helmet sends beside the policy of the contents.
const APART: [(HeaderName, HeaderValue); 9] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1")),
    (HeaderName::from_static("x-dns-prefetch-control"), HeaderValue::from_static("off")),
    (HeaderName::from_static("x-permitted-cross-domain-policies"), HeaderValue::from_static("none")),
    (HeaderName::from_static("x-xss-protection"), HeaderValue::from_static("0")),
];

impl Manners {
    /// Puts them around what is answered.
    pub(crate) fn around(self, router: Router) -> Router {
        let router = match &self.cors {
            Some((cors, origins)) => router.layer(layer(cors, origins.clone())),
            None => router,
        };
        router.layer(from_fn_with_state(Arc::new(self), answer))
    }

    /// A certificate made here, a name for this machine alone or an address: no other site may be shut out by what is
    /// remembered for those.
    fn hsts_for(&self, host: Option<&Authority>) -> bool {
        let made_here = self.certificates.as_ref().is_some_and(|shown| shown.current().made_here());
        self.hsts && !made_here && host.is_some_and(|host| is_name_of_the_world(host.host()))
    }
}

async fn answer(
    State(manners): State<Arc<Manners>>,
    Extension(arrival): Extension<Arrival>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    let mut response = match &manners.redirect {
        Some(to) if !arrival.tls => redirect(host.as_ref(), to, &request),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    if manners.security_headers {
        APART.iter().for_each(|(name, value)| set_if_absent(headers, name, value));
    }
    if let Some(policy) = &manners.content_security_policy {
        set_if_absent(headers, &CONTENT_SECURITY_POLICY, policy);
    }
    if arrival.tls && manners.hsts_for(host.as_ref()) {
        headers.insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

fn set_if_absent(headers: &mut HeaderMap, name: &HeaderName, value: &HeaderValue) {
    headers.entry(name).or_insert_with(|| value.clone());
}

/// The same address at the encrypted port. A request that does not say whom it asks cannot be sent on.
fn redirect(host: Option<&Authority>, to: &Encrypted, request: &Request) -> Response {
    let Some(host) = host.map(Authority::host) else {
        return (StatusCode::BAD_REQUEST, "The Host header is missing or malformed.\n").into_response();
    };
    let Encrypted { port, prefix } = to;
    let port = if *port == 443 { String::new() } else { format!(":{port}") };
    let rest = request.uri().path_and_query().map_or("/", |whole| whole.as_str());
    (StatusCode::FOUND, [(LOCATION, format!("https://{host}{port}{prefix}{rest}"))]).into_response()
}

fn is_name_of_the_world(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host != "localhost" && !host.ends_with(".localhost") && bare.parse::<IpAddr>().is_err()
}

/// What is not named, or named `*`, is any. With credentials a browser wants to hear what it asked for, and no `*`.
fn layer(cors: &Cors, origins: Origins) -> CorsLayer {
    let headers = if cors.headers.is_empty() || cors.headers.iter().any(|header| header == "*") {
        AllowHeaders::mirror_request()
    } else {
        AllowHeaders::list(cors.headers.iter().cloned())
    };
    let methods = if cors.methods.iter().any(|method| method == "*") {
        AllowMethods::mirror_request()
    } else {
        AllowMethods::list(cors.methods.iter().cloned())
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| origins.allow(origin)))
        .allow_methods(methods)
        .allow_headers(headers)
        .allow_credentials(cors.credentials)
}
