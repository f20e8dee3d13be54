//! `POST /v1/revoke`: takes a grant away at Monei.

use axum::extract::State;
use http::StatusCode;
use monei::{AccessToken, RefreshToken};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::body::Json;
use crate::Backend;
use crate::domain::budget::{Endpoint, Id, Op};
use crate::once::{Outcome, Settled, Slot, digest, fingerprint};
use crate::problem::{Code, Problem};
use crate::provider::answer::Answer;
use crate::tokens::{self, Presented};

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

/// Takes a grant away at Monei. The same pair gets the same answer for two minutes, where Monei decided; a try that failed may be made again.
#[utoipa::path(
    post,
    path = "/v1/revoke",
    operation_id = "revoke",
    request_body = Body,
    responses((status = 204, description = "Monei confirmed it"), (status = "default", response = super::openapi::Refused))
)]
pub(super) async fn revoke(State(backend): State<Backend>, Json(body): Json<Body>) -> Outcome {
    if !tokens::is_access_token(&body.access_token) {
        return Code::InvalidRequest.into();
    }
    let Ok(Presented { token: refresh, grant }) = tokens::open(&backend.inner().sealer, body.refresh_token.expose_secret()) else {
        tracing::warn!(event = "revoke_refused", reason = "token_unreadable");
        return Code::InvalidToken.into();
    };
    let (pair, secret) = ([b"revoke", body.access_token.expose().as_bytes(), refresh.expose().as_bytes()], refresh.expose().as_bytes());
    // By the refresh token alone: who has one could send any number of made-up access tokens with it.
    let slot =
        Slot { key: digest(&[b"revoke", secret]), fingerprint: fingerprint(&pair), proof: Zeroizing::new([b"revoke/", secret].concat()) };
    let access = body.access_token;
    let outcome = backend.once(slot, move |backend| async move { take_away(&backend, &access, &refresh, grant).await }).await;
    match outcome {
        Outcome::Problem(problem) => {
            // What isn't known, or is about another access token, isn't confirmed either.
            let unconfirmed = matches!(problem.code, Code::OutcomeUnknown | Code::IdempotencyConflict);
            let problem = if unconfirmed { Code::RevokeUnconfirmed.into() } else { problem };
            tracing::warn!(event = "revoke", outcome = problem.code.as_str());
            Outcome::Problem(problem)
        }
        done => {
            tracing::info!(event = "revoke", outcome = "confirmed");
            done
        }
    }
}

/// By the access token, which Monei documents; by the refresh token where Monei no longer knows the access token (T-16).
async fn take_away(backend: &Backend, access: &AccessToken, refresh: &RefreshToken, grant: Id) -> Settled {
    let provider = &backend.inner().provider;
    let mut by_refresh_token = false;
    loop {
        if let Err(problem) = backend.charge(Op::Revoke).await {
            return Settled::Void(problem);
        }
        let answer = if by_refresh_token { provider.revoke_refresh(refresh).await } else { provider.revoke_access(access).await };
        backend.note_call("revoke", Endpoint::Revoke, grant, &answer).await;
        return match answer {
            Answer::Success(_) => Settled::Final(Outcome::Done),
            Answer::Refused { status: StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND, .. } if !by_refresh_token => {
                by_refresh_token = true;
                continue;
            }
            Answer::Refused { .. } => Settled::Final(Code::RevokeUnconfirmed.into()),
            Answer::Busy(seconds) => Settled::Void(Problem::from(Code::ProviderBusy).retry_after(seconds)),
            // To revoke twice does no harm.
            Answer::Failed(seconds) => Settled::Void(Problem::from(Code::RevokeUnconfirmed).retry_after_if(seconds)),
            Answer::Lost | Answer::NotSent => Settled::Void(Code::RevokeUnconfirmed.into()),
        };
    }
}
