//! Asking over HTTP: for keys, and webhooks. No redirections are followed; answers are bounded in time and size.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

/// Connections that are kept for the next question, to one host.
const IDLE: usize = 16;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("status {0}")]
    Status(StatusCode),
    #[error("{0}")]
    Failed(String),
}

/// A client. Clones share its connections.
#[derive(Clone)]
pub(super) struct Http(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http")
    }
}

impl Http {
    /// One that believes the system's authorities.
    pub(super) fn new() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has what these versions need")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(IDLE)
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        Self(client)
    }

    pub(super) async fn get(&self, url: &Uri, longest: usize, patience: Duration) -> Result<Bytes, HttpError> {
        self.ask(Method::GET, url, Bytes::new(), longest, patience).await
    }

    pub(super) async fn post(
        &self,
        url: &Uri,
        json: Bytes,
        longest: usize,
        patience: Duration,
    ) -> Result<Bytes, HttpError> {
        self.ask(Method::POST, url, json, longest, patience).await
    }

    async fn ask(
        &self,
        method: Method,
        url: &Uri,
        body: Bytes,
        longest: usize,
        patience: Duration,
    ) -> Result<Bytes, HttpError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = url.clone();
        let agent = HeaderValue::from_static(concat!("pixelgate/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().extend([(ACCEPT, JSON), (CONTENT_TYPE, JSON), (USER_AGENT, agent)]);
        let answering = async {
            let answer = self.0.request(request).await.map_err(|error| HttpError::Failed(whole(&error)))?;
            if answer.status() != StatusCode::OK {
                return Err(HttpError::Status(answer.status()));
            }
            let body = Limited::new(answer.into_body(), longest).collect().await;
            body.map(Collected::to_bytes).map_err(|error| HttpError::Failed(error.to_string()))
        };
        tokio::time::timeout(patience, answering).await.unwrap_or(Err(HttpError::Late(patience)))
    }
}

/// An error with what caused it: the client's own words say little.
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
