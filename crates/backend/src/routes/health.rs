//! `/healthz`, `/readyz` and `/metrics`, on the private listener.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::Backend;
use crate::standing::Credentials;

/// Runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Can serve: the store answers, and Monei did not refuse this backend's credentials the last time they were used.
pub(super) async fn readyz(State(backend): State<Backend>) -> Response {
    let inner = backend.inner();
    if inner.store.get([0; 32]).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response();
    }
    match inner.standing.credentials() {
        Credentials::Refused => (StatusCode::SERVICE_UNAVAILABLE, "Monei refused this backend's credentials\n").into_response(),
        Credentials::Untried => "ready; the credentials were not used yet\n".into_response(),
        Credentials::Accepted => "ready\n".into_response(),
    }
}

/// Counters in Prometheus' text format.
pub(super) async fn metrics(State(backend): State<Backend>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], backend.inner().metrics.text()).into_response()
}
