//! `/healthz`, `/readyz` and `/metrics`, on the private listener.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::Backend;
use crate::budget::Lane;
use crate::metrics::gauge;
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

/// Counters and gauges in Prometheus' text format.
pub(super) async fn metrics(State(backend): State<Backend>) -> Response {
    let inner = backend.inner();
    let mut text = inner.metrics.text();
    text.push_str(&inner.provider.latency.text());
    let usage = inner.store.usage().await;
    gauge(&mut text, "connect_store_up", "Whether the store answers.", &[("", u64::from(usage.is_ok()))]);
    if let Ok(usage) = usage {
        let left = |lane| u64::from(usage.left(lane, inner.limits));
        let lanes = [
            ("{lane=\"redeem\"}", left(Lane::Redeem)),
            ("{lane=\"refresh\"}", left(Lane::Refresh)),
            ("{lane=\"authorize\"}", left(Lane::Authorize)),
        ];
        gauge(&mut text, "connect_budget_left", "Calls to Monei that may still be made this minute.", &lanes);
    }
    let refused = u64::from(inner.standing.credentials() == Credentials::Refused);
    gauge(&mut text, "connect_credentials_refused", "Whether Monei refused this backend's own credentials.", &[("", refused)]);
    let paused = inner.standing.busy_for(inner.clock.steady()).map_or(0, |left| left.as_secs() + 1);
    gauge(&mut text, "connect_provider_pause_seconds", "For how long Monei asked to be left alone.", &[("", paused)]);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
