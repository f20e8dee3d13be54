//! `POST /v1/refresh`: a new pair for a sealed refresh token, at most once per idempotency key.

use axum::extract::State;
use http::{HeaderMap, StatusCode};
use monei::{RefreshToken, TokenResponse};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::body::Json;
use crate::Backend;
use crate::budget::{Endpoint, Lane};
use crate::config::RefreshAuth;
use crate::once::{Outcome, Settled, Slot, digest, fingerprint};
use crate::problem::Code;
use crate::provider::Which;
use crate::provider::answer::Answer;
use crate::standing::Credentials;
use crate::tokens;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Refresh)]
pub(super) struct Body {
    /// The sealed refresh token, as this backend gave it.
    #[schema(value_type = String)]
    refresh_token: SecretString,
}

/// A new pair for a sealed refresh token. The same key and token get the same answer for two minutes; Monei is asked once.
#[utoipa::path(
    post,
    path = "/v1/refresh",
    operation_id = "refresh",
    params(("Idempotency-Key" = String, Header, description = "16 to 64 of [A-Za-z0-9_-], new for each try that may reach Monei")),
    request_body = Body,
    responses((status = 200, body = crate::tokens::Body), (status = "default", response = super::openapi::Refused))
)]
pub(super) async fn refresh(State(backend): State<Backend>, headers: HeaderMap, Json(body): Json<Body>) -> Outcome {
    let Some(key) = idempotency_key(&headers) else { return Code::InvalidRequest.into() };
    let id = hex::encode(&digest(&[b"log", key.as_bytes()])[..6]);
    let Ok(token) = tokens::open(&backend.inner().sealer, body.refresh_token.expose_secret()) else {
        tracing::warn!(event = "refresh_refused", reason = "token_unreadable", id);
        return Code::InvalidToken.into();
    };
    let secret = token.expose().as_bytes();
    let slot = Slot {
        key: digest(&[b"refresh", key.as_bytes()]),
        fingerprint: fingerprint(&[b"refresh", key.as_bytes(), secret]),
        proof: Zeroizing::new([b"refresh/", key.as_bytes(), b"/", secret].concat()),
    };
    let outcome = backend.once(slot, move |backend| async move { rotate(&backend, &token).await }).await;
    match &outcome {
        Outcome::Problem(problem) => tracing::warn!(event = "refresh", id, outcome = problem.code.as_str()),
        _ => tracing::info!(event = "refresh", id, outcome = "tokens"),
    }
    outcome
}

/// The one `Idempotency-Key`, 16 to 64 of `[A-Za-z0-9_-]`.
fn idempotency_key(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all("idempotency-key").into_iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?;
    let sound = (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    sound.then_some(text)
}

async fn rotate(backend: &Backend, token: &RefreshToken) -> Settled {
    let inner = backend.inner();
    let mut which = Which::Present;
    loop {
        if let Err(problem) = backend.charge(Lane::Refresh).await {
            return Settled::Void(problem);
        }
        let answer = inner.provider.refresh(token, which).await;
        backend.note_call("refresh", Endpoint::Token, &answer).await;
        let with_secret = inner.provider.refresh_auth() == RefreshAuth::Secret;
        return match answer {
            Answer::Success(body) => {
                if with_secret {
                    super::credentials_accepted(backend, which);
                }
                Settled::Final(rotated(backend, &body))
            }
            Answer::Refused { status, about_client } if with_secret && super::about_credentials(status, about_client) => {
                if which == Which::Present && inner.provider.has_previous_secret() {
                    which = Which::Previous;
                    continue;
                }
                // A bare 401 may be about the token as well.
                if about_client { super::credentials_refused(backend) } else { refused(backend, token, status, false) }
            }
            Answer::Refused { status, about_client } => refused(backend, token, status, about_client),
            other => super::unsettled(&other),
        };
    }
}

fn rotated(backend: &Backend, body: &[u8]) -> Outcome {
    let inner = backend.inner();
    inner.standing.refreshed();
    match TokenResponse::parse(body) {
        Ok(response) => tokens::body(&inner.sealer, &response).map_or_else(Outcome::from, Outcome::Tokens),
        Err(reason) => {
            tracing::error!(event = "token_answer_unusable", %reason);
            Code::OutcomeUnknown.into()
        }
    }
}

/// Whether a refusal is about the person's grant, or about this backend. To say "revoked" wrongly would sign everybody out (C-16).
fn refused(backend: &Backend, token: &RefreshToken, status: StatusCode, about_client: bool) -> Settled {
    let inner = backend.inner();
    let about_grant = match status {
        _ if about_client => false,
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => true,
        // With credentials in the request a 401 may be about them: believed only while they are known to be good.
        StatusCode::UNAUTHORIZED => {
            inner.provider.refresh_auth() == RefreshAuth::None || inner.standing.credentials() == Credentials::Accepted
        }
        _ => false,
    };
    let in_a_run = about_grant && inner.standing.refused(fingerprint(&[token.expose().as_bytes()]), inner.clock.steady());
    if about_grant && !in_a_run {
        return Settled::Final(Code::GrantRefused.into());
    }
    super::not_believed(backend, "refresh", status, in_a_run)
}
