//! `POST /v1/revoke`: takes a grant away at Monei.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use monei::{AccessToken, RefreshToken};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Json;
use crate::Backend;
use crate::problem::{Code, Problem};
use crate::provider::answer::Answer;
use crate::tokens;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Revoke)]
pub(super) struct Body {
    /// Monei's access token.
    #[schema(value_type = String)]
    access_token: AccessToken,
    /// The sealed refresh token, as this backend gave it.
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

/// Takes a grant away at Monei.
#[utoipa::path(
    post,
    path = "/v1/revoke",
    operation_id = "revoke",
    request_body = Body,
    responses((status = 204, description = "Monei confirmed it"), (status = "default", response = super::openapi::Refused))
)]
pub(super) async fn revoke(State(backend): State<Backend>, Json(body): Json<Body>) -> Response {
    if !tokens::is_access_token(&body.access_token) {
        return Code::InvalidRequest.into_response();
    }
    let Ok(refresh) = tokens::open(&backend.inner().sealer, body.refresh_token.expose_secret()) else {
        tracing::warn!(event = "revoke_refused", reason = "token_unreadable");
        return Code::InvalidToken.into_response();
    };
    // In a task of its own: a caller that goes away doesn't stop it half-way.
    let under_way = backend.inner().under_way.enter();
    let task = tokio::spawn(async move {
        let result = take_away(&backend, &body.access_token, &refresh).await;
        drop(under_way);
        result
    });
    let result = match tokio::time::timeout(super::REVOKE_PATIENCE, task).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Code::Internal.into()),
        Err(_) => Err(Code::RevokeUnconfirmed.into()),
    };
    match result {
        Ok(()) => {
            tracing::info!(event = "revoke", outcome = "confirmed");
            StatusCode::NO_CONTENT.into_response()
        }
        Err(problem) => {
            tracing::warn!(event = "revoke", outcome = problem.code.as_str());
            problem.into_response()
        }
    }
}

/// By the access token, which Monei documents; by the refresh token where Monei no longer knows the access token (T-16).
async fn take_away(backend: &Backend, access: &AccessToken, refresh: &RefreshToken) -> Result<(), Problem> {
    let provider = &backend.inner().provider;
    let mut answer = provider.revoke_access(access).await;
    backend.note_call("revoke", &answer);
    if matches!(answer, Answer::Refused { status: StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND, .. }) {
        answer = provider.revoke_refresh(refresh).await;
        backend.note_call("revoke", &answer);
    }
    match answer {
        Answer::Success(_) => Ok(()),
        Answer::Busy(seconds) => Err(Problem::from(Code::ProviderBusy).retry_after(seconds)),
        _ => Err(Code::RevokeUnconfirmed.into()),
    }
}
