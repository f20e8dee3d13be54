//! `/healthz`, `/readyz` and `/metrics`, on the private listener.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::Backend;
use crate::backend::whole_seconds;
use crate::domain::budget::{Limits, REVOCATIONS, Usage};
use crate::metrics::gauge;
use crate::standing::Credentials;

/// Runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Can serve: the store can be written to, which a replica and a full one can't. How Monei takes the credentials is said, but decides nothing: a balancer that took an instance away for it
/// would keep away the very calls that can show that they are accepted again.
pub(super) async fn readyz(State(backend): State<Backend>) -> Response {
    let inner = backend.inner();
    if let Err(reason) = inner.store.check().await {
        tracing::error!(event = "not_ready", reason);
        return (StatusCode::SERVICE_UNAVAILABLE, "the store can't be used\n").into_response();
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
    let usage = inner.store.usage(backend.shared_scope()).await;
    gauge(
        &mut text,
        "connect_store_up",
        "Whether the store can be read and written.",
        &[("", u64::from(inner.store.check().await.is_ok()))],
    );
    if let Ok(usage) = &usage {
        let lanes: Vec<_> = left(usage, inner.limits).into_iter().filter_map(|(lane, left)| Some((lane, u64::from(left?)))).collect();
        gauge(&mut text, "connect_budget_left", "Calls to Monei that may still be made this minute.", &lanes);
        gauge(&mut text, "connect_waiting", "Callers that were given a time for their token call.", &[("", u64::from(usage.waiting))]);
    }
    let busy = usage.map_or_else(|_| Default::default(), |usage| usage.busy);
    let refused = u64::from(inner.standing.credentials() == Credentials::Refused);
    gauge(&mut text, "connect_credentials_refused", "Whether Monei refused this backend's own credentials.", &[("", refused)]);
    let help = "For how long Monei asked that its token endpoint be left alone.";
    gauge(&mut text, "connect_provider_pause_seconds", help, &[("", whole_seconds(busy))]);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// How many calls of each kind may still be sent now; `None` where there is no limit.
fn left(usage: &Usage, limits: Limits) -> [(&'static str, Option<u32>); 4] {
    use crate::domain::budget::Kind;
    let held = !usage.busy.is_zero() || !usage.unknown.is_zero();
    let of_all = limits.total().saturating_sub(usage.redeem + usage.refresh);
    let of = |kind, used: u32| if held { 0 } else { limits.of(kind).saturating_sub(used).min(of_all) };
    let limited = !limits.is_unlimited();
    [
        ("{lane=\"redeem\"}", limited.then(|| of(Kind::Redeem, usage.redeem))),
        ("{lane=\"refresh\"}", limited.then(|| of(Kind::Refresh, usage.refresh))),
        ("{lane=\"authorize\"}", limits.authorize().map(|most| most.saturating_sub(usage.authorize))),
        ("{lane=\"revoke\"}", Some(REVOCATIONS.saturating_sub(usage.revoke))),
    ]
}
