//! `/healthz`, `/readyz` and `/metrics`, on the private listener.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::Backend;
use crate::backend::whole_seconds;
use crate::budget::{Endpoint, Lane};
use crate::metrics::gauge;
use crate::standing::Credentials;

/// Runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Can serve: the store answers. How Monei takes the credentials is said, but decides nothing: a balancer that took an instance away for it
/// would keep away the very calls that can show that they are accepted again.
pub(super) async fn readyz(State(backend): State<Backend>) -> Response {
    let inner = backend.inner();
    if inner.store.get([0; 32]).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n").into_response();
    }
    match inner.standing.credentials() {
        Credentials::Refused => "ready, but Monei refused this backend's credentials\n",
        Credentials::Untried => "ready; the credentials were not used yet\n",
        Credentials::Accepted => "ready\n",
    }
    .into_response()
}

/// Counters and gauges in Prometheus' text format.
pub(super) async fn metrics(State(backend): State<Backend>) -> Response {
    let inner = backend.inner();
    let mut text = inner.metrics.text();
    text.push_str(&inner.provider.latency.text());
    let usage = inner.store.usage().await;
    gauge(&mut text, "connect_store_up", "Whether the store answers.", &[("", u64::from(usage.is_ok()))]);
    // What this instance was told itself holds as well as what all of them share.
    let own = inner.standing.busy_for(Endpoint::Token, inner.clock.steady()).unwrap_or_default();
    let mut busy = own;
    if let Ok(mut usage) = usage {
        busy = own.max(usage.busy);
        usage.busy = busy;
        let lanes: Vec<_> =
            Lane::ALL.into_iter().filter_map(|lane| Some((label(lane), u64::from(usage.left(lane, inner.limits)?)))).collect();
        gauge(&mut text, "connect_budget_left", "Calls to Monei that may still be made this minute.", &lanes);
    }
    let refused = u64::from(inner.standing.credentials() == Credentials::Refused);
    gauge(&mut text, "connect_credentials_refused", "Whether Monei refused this backend's own credentials.", &[("", refused)]);
    let help = "For how long Monei asked that its token endpoint be left alone.";
    gauge(&mut text, "connect_provider_pause_seconds", help, &[("", whole_seconds(busy))]);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

fn label(lane: Lane) -> &'static str {
    match lane {
        Lane::Redeem => "{lane=\"redeem\"}",
        Lane::Refresh => "{lane=\"refresh\"}",
        Lane::Authorize => "{lane=\"authorize\"}",
        Lane::Revoke => "{lane=\"revoke\"}",
    }
}
