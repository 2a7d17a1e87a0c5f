//! The operators' listener.

pub(crate) mod api;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::header::CONTENT_TYPE;

use self::api::{ApiOptions, ApiState};
use crate::metrics::Metrics;

/// Health, what is counted, and the REST API with all that it can do.
pub(crate) fn router(metrics: Arc<Metrics>, api: ApiState) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/metrics", get(render).with_state(metrics))
        .merge(api::router(api, ApiOptions { deletes: true }))
        .fallback(|| async { (http::StatusCode::NOT_FOUND, "No such page. There are /healthz, /metrics and /api.\n") })
}

async fn render(State(metrics): State<Arc<Metrics>>) -> impl axum::response::IntoResponse {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], metrics.render())
}
