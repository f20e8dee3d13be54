//! `/healthz`, `/readyz` and `/metrics`, on the private listener.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::flow::health::Readiness;
use crate::flow::standing::Credentials;
use crate::http::Service;

/// Runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Can serve.
pub(super) async fn readyz(State(service): State<Service>) -> Response {
    match service.health.run().await {
        Readiness::StoreUnusable => (StatusCode::SERVICE_UNAVAILABLE, "the store can't be used\n").into_response(),
        Readiness::Ready(Credentials::Refused) => "ready, but Monei refused this backend's credentials\n".into_response(),
        Readiness::Ready(Credentials::Untried) => "ready; the credentials were not used yet\n".into_response(),
        Readiness::Ready(Credentials::Accepted) => "ready\n".into_response(),
    }
}

/// Counters and gauges in the text format that Prometheus reads.
pub(super) async fn metrics(State(service): State<Service>) -> Response {
    ([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], service.health.metrics().await).into_response()
}
