//! `POST /v1/refresh`: a new pair for a sealed refresh token, at most once per idempotency key.

use axum::Extension;
use axum::extract::State;
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::body::Json;
use crate::Backend;
use crate::config::RefreshAuth;
use crate::domain::budget::{Call, Endpoint, Kind, Op};
use crate::domain::verdict::{self, RefreshRefused};
use crate::guard::Network;
use crate::once::{Outcome, Settled, Slot, digest, fingerprint};
use crate::problem::Code;
use crate::provider::Which;
use crate::provider::answer::Answer;
use crate::standing::Credentials;
use crate::tokens::{self, Presented};

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
pub(super) async fn refresh(
    State(backend): State<Backend>,
    Extension(network): Extension<Network>,
    headers: HeaderMap,
    Json(body): Json<Body>,
) -> Outcome {
    let Some(key) = idempotency_key(&headers) else { return Code::InvalidRequest.into() };
    let id = hex::encode(&digest(&[b"log", key.as_bytes()])[..6]);
    let Ok(presented) = tokens::open(&backend.inner().sealer, body.refresh_token.expose_secret()) else {
        tracing::warn!(event = "refresh_refused", reason = "token_unreadable", id);
        return Code::InvalidToken.into();
    };
    let secret = presented.token.expose().as_bytes();
    let slot = Slot {
        key: digest(&[b"refresh", key.as_bytes()]),
        fingerprint: fingerprint(&[b"refresh", key.as_bytes(), secret]),
        proof: Zeroizing::new([b"refresh/", key.as_bytes(), b"/", secret].concat()),
    };
    let outcome = backend.once(slot, move |backend| async move { rotate(&backend, &presented, network).await }).await;
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

async fn rotate(backend: &Backend, Presented { token, grant }: &Presented, Network(network): Network) -> Settled {
    let inner = backend.inner();
    let call = Call { kind: Kind::Refresh, ticket: *grant, network };
    match backend.known_refusal(token).await {
        Ok(None) => {}
        Ok(Some(settled)) => return settled,
        Err(problem) => return Settled::Void(problem),
    }
    let mut which = Which::Present;
    loop {
        if let Err(problem) = backend.charge(Op::Reserve(call)).await {
            return Settled::Void(problem);
        }
        let answer = inner.provider.refresh(token, which).await;
        backend.note_call("refresh", Endpoint::Token, *grant, &answer).await;
        let with_secret = inner.provider.refresh_auth() == RefreshAuth::Secret;
        return match answer {
            Answer::Success(body) => {
                if with_secret {
                    super::credentials_accepted(backend, which);
                }
                backend.refresh_succeeded().await;
                Settled::Final(super::tokens_of(backend, "refresh", *grant, &body, |_| {}))
            }
            Answer::Refused { status, words } => {
                let accepted = inner.standing.credentials() == Credentials::Accepted;
                match verdict::refresh(status, words, with_secret, accepted) {
                    RefreshRefused::Credentials if which == Which::Present && inner.provider.has_previous_secret() => {
                        which = Which::Previous;
                        continue;
                    }
                    RefreshRefused::Credentials => super::credentials_refused(backend),
                    RefreshRefused::Grant => backend.refusal(token, status).await,
                    RefreshRefused::NotBelieved => super::not_believed(backend, "refresh", status, false),
                }
            }
            other => super::unsettled(&other),
        };
    }
}
