//! The operators' listener: health, what is counted, and the REST API with all that it can do. It answers while the
//! gateway drains, so that balancers and operators see what goes on.

pub(crate) mod api;
mod gate;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio_util::sync::CancellationToken;

use self::api::{ApiOptions, ApiState};
pub(crate) use self::gate::{Gate, guard_among_players};
use crate::metrics::{self, Metrics};
use crate::tls::Certificates;

/// What operators look at.
#[derive(Clone, Debug)]
pub(crate) struct Operators {
    pub(crate) metrics: Arc<Metrics>,
    /// Whose expiry is shown; `None` where no listener has one.
    pub(crate) certificates: Option<Arc<Certificates>>,
    /// Cancelled from the beginning of the drain.
    pub(crate) draining: CancellationToken,
}

/// The routes of the operators' listener.
pub(crate) fn router(operators: Operators, api: ApiState, gate: Gate) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(render))
        .with_state(operators.clone())
        .merge(api::router(api, ApiOptions::OPERATORS))
        .fallback(|| async {
            (StatusCode::NOT_FOUND, "No such page. There are /healthz, /readyz, /metrics and /api/api-definition.\n")
        })
        .layer(from_fn_with_state(gate, gate::guard));
    Router::new()
        // The process answers: whoever restarts it must not do so because it drains.
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readiness))
        .with_state(operators)
        .merge(guarded)
}

/// Whether new sessions are taken.
async fn readiness(State(operators): State<Operators>) -> (StatusCode, &'static str) {
    if operators.draining.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    (StatusCode::OK, "ready\n")
}

async fn render(State(operators): State<Operators>) -> Response {
    let expiry = operators.certificates.map(|certificates| certificates.current().not_after());
    // It reads files.
    match tokio::task::spawn_blocking(move || operators.metrics.render(expiry)).await {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
