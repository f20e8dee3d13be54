//! The routes: a tiny set of verbs, never a proxy (C-06).

mod body;
mod callback;
mod client;
mod health;
mod openapi;
mod redeem;
mod refresh;
mod revoke;
mod start;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{Method, StatusCode};
use monei::TokenResponse;

use crate::Backend;
use crate::domain::budget::Id;
use crate::guard::{guard, harden};
use crate::metrics::Counter;
use crate::once::{Outcome, Settled};
use crate::problem::{Code, Problem};
use crate::provider::Which;
use crate::provider::answer::Answer;
use crate::standing::Credentials;
use crate::tokens;

pub(crate) use body::READ_TIMEOUT;

/// Who calls a route, and so what its refusals look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// A person's browser: pages.
    Browser,
    /// The app, never a page in a browser: problems.
    App,
    /// Anybody: problems.
    Anyone,
}

/// A public route.
#[derive(Debug)]
pub struct Route {
    /// The one method it takes.
    pub method: Method,
    /// Its path, exactly.
    pub path: &'static str,
    /// Who calls it.
    pub audience: Audience,
}

/// Where a login begins, and where Monei's limit of approvals is charged.
pub(crate) const START: &str = "/v1/start";

/// Every public route. The guard lets no other path through.
pub const ROUTES: &[Route] = &[
    Route { method: Method::GET, path: "/v1/client", audience: Audience::Anyone },
    Route { method: Method::GET, path: START, audience: Audience::Browser },
    Route { method: Method::GET, path: "/v1/callback", audience: Audience::Browser },
    Route { method: Method::POST, path: "/v1/redeem", audience: Audience::App },
    Route { method: Method::POST, path: "/v1/refresh", audience: Audience::App },
    Route { method: Method::POST, path: "/v1/revoke", audience: Audience::App },
    Route { method: Method::GET, path: "/openapi.json", audience: Audience::Anyone },
];

/// The routes that callers may reach.
pub(crate) fn public(backend: Backend) -> Router {
    Router::new()
        .route("/v1/client", get(client::client))
        .route(START, get(start::start))
        .route("/v1/callback", get(callback::callback))
        .route("/v1/redeem", post(redeem::redeem))
        .route("/v1/refresh", post(refresh::refresh))
        .route("/v1/revoke", post(revoke::revoke))
        .route("/openapi.json", get(openapi::document))
        .layer(from_fn_with_state(backend.clone(), guard))
        .with_state(backend)
}

/// Health and metrics.
pub(crate) fn private(backend: Backend) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .fallback(|| async { Code::NotFound })
        .method_not_allowed_fallback(|| async { Code::MethodNotAllowed })
        .layer(axum::middleware::map_response(|mut response: Response| async {
            harden(response.headers_mut());
            response
        }))
        .with_state(backend)
}

/// What an answer of Monei's that decides nothing means, the same for an exchange and a refresh.
fn unsettled(answer: &Answer) -> Settled {
    match answer {
        Answer::Busy(seconds) => Settled::Void(Problem::from(Code::ProviderBusy).retry_after(*seconds)),
        Answer::NotSent => Settled::Void(Code::ProviderUnavailable.into()),
        // An error of Monei's own: it may have been done.
        Answer::Failed(seconds) => {
            let problem = Problem::from(Code::ProviderUnavailable).with_status(StatusCode::BAD_GATEWAY);
            Settled::Final(Outcome::Problem(problem.retry_after_if(*seconds)))
        }
        Answer::Lost | Answer::Success(_) | Answer::Refused { .. } => Settled::Final(Code::OutcomeUnknown.into()),
    }
}

/// The answer for the app, from the body of Monei's. Both tokens are kept whatever else is odd about it; that is counted, for an alert.
fn tokens_of(backend: &Backend, call: &'static str, grant: Id, body: &[u8], complete: impl FnOnce(&mut TokenResponse)) -> Outcome {
    match TokenResponse::parse(body) {
        Ok(mut response) => {
            if !response.oddities.is_empty() {
                let odd: Vec<_> = response.oddities.iter().map(|oddity| oddity.as_str()).collect();
                backend.inner().metrics.count(Counter::OddAnswer(call));
                tracing::error!(event = "token_answer_odd", call, odd = odd.join(","));
            }
            complete(&mut response);
            tokens::body(&backend.inner().sealer, grant, &response).map_or_else(Outcome::from, Outcome::Tokens)
        }
        Err(reason) => {
            tracing::error!(event = "token_answer_unusable", call, %reason);
            Code::OutcomeUnknown.into()
        }
    }
}

/// Monei took the credentials of a call.
fn credentials_accepted(backend: &Backend, which: Which) {
    let inner = backend.inner();
    inner.standing.set_credentials(Credentials::Accepted);
    if which == Which::Previous {
        inner.metrics.count(Counter::PreviousSecret);
        tracing::warn!(event = "previous_secret_used");
    }
}

/// Monei took none of the credentials. Never about the person: they are this backend's own (C-16).
fn credentials_refused(backend: &Backend) -> Settled {
    backend.inner().standing.set_credentials(Credentials::Refused);
    tracing::error!(event = "credentials_refused");
    Settled::Void(Code::ServiceUnavailable.into())
}

/// A refusal that can't be about a person's approval, and so is trouble with the service (C-16). What a redirect hides may have been done, so
/// the same request isn't sent again.
pub(crate) fn not_believed(backend: &Backend, call: &'static str, status: StatusCode, in_a_run: bool) -> Settled {
    backend.inner().metrics.count(Counter::NotBelieved);
    tracing::error!(event = "refusals_not_believed", call, status = status.as_u16(), in_a_run);
    match status.is_redirection() {
        true => Settled::Final(Code::ServiceUnavailable.into()),
        false => Settled::Void(Code::ServiceUnavailable.into()),
    }
}

impl IntoResponse for Code {
    fn into_response(self) -> Response {
        Problem::from(self).into_response()
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self {
            Outcome::Tokens(body) => {
                ([(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"))], body.to_vec()).into_response()
            }
            Outcome::Done => StatusCode::NO_CONTENT.into_response(),
            Outcome::Problem(problem) => problem.into_response(),
        }
    }
}
