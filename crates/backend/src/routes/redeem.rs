//! `POST /v1/redeem`: the app proves that it started the transaction and gets the tokens.

use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use monei::AuthorizationCode;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::body::Json;
use crate::Backend;
use crate::domain::budget::{Call, Endpoint, Id, Kind, Op};
use crate::domain::verdict::{self, ExchangeRefused};
use crate::guard::Network;
use crate::metrics::Counter;
use crate::once::{Outcome, Settled, Slot, digest, fingerprint, id};
use crate::problem::{Code, Problem};
use crate::proof::Verifier;
use crate::provider::Which;
use crate::provider::answer::Answer;
use crate::transaction::{Handoff, Refusal, Reply};

/// How long a redeemed handoff is told apart from one that is merely too old.
const SPENT_LIFETIME: Duration = Duration::from_secs(600);

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Redeem)]
pub(super) struct Body {
    /// As it came through the browser.
    #[schema(value_type = String)]
    handoff: SecretString,
    /// The secret half of the challenge: 43 to 128 of [A-Za-z0-9._~-] (RFC 7636 §4.1).
    #[schema(value_type = String, min_length = 43, max_length = 128)]
    code_verifier: Verifier,
}

/// What the app gets where Monei gave no code.
#[derive(Serialize, ToSchema)]
#[schema(as = Refusal)]
pub(crate) struct Refused {
    /// Why.
    refused: Refusal,
}

/// What the app gets.
#[derive(ToSchema)]
#[schema(as = Redeemed)]
#[serde(untagged)]
#[allow(dead_code, reason = "names the schema")]
pub(crate) enum Redeemed<'a> {
    Tokens(crate::tokens::Body<'a>),
    Refused(Refused),
}

/// The app proves that it started the transaction, and gets the tokens, or learns why there are none. The same handoff and verifier get the same answer for two minutes.
#[utoipa::path(
    post,
    path = "/v1/redeem",
    operation_id = "redeem",
    request_body = Body,
    responses((status = 200, body = Redeemed), (status = "default", response = super::openapi::Refused))
)]
pub(super) async fn redeem(State(backend): State<Backend>, Extension(network): Extension<Network>, Json(body): Json<Body>) -> Outcome {
    let inner = backend.inner();
    // All local proof comes first: nothing below is reached, and nothing is sent, without it (C-07).
    let Ok(handoff) = Handoff::open(&inner.sealer, body.handoff.expose_secret()) else {
        tracing::warn!(event = "redeem_refused", reason = "handoff_unreadable");
        return Code::InvalidHandoff.into();
    };
    let tx = handoff.challenge.log_id();
    if !body.code_verifier.proves(&handoff.challenge) {
        tracing::warn!(event = "redeem_refused", reason = "wrong_verifier", tx);
        return Code::InvalidHandoff.into();
    }
    let code = match handoff.reply {
        Reply::Code(code) => code,
        Reply::Refused(refusal) => return refused(&backend, &tx, handoff.expires, refusal),
    };
    let (challenge, expires) = (handoff.challenge, handoff.expires);
    let text = code.expose().as_bytes();
    let spent = digest(&[b"spent", text]);
    let slot = Slot {
        key: digest(&[b"redeem", text]),
        fingerprint: fingerprint(&[b"redeem", challenge.bytes(), text]),
        proof: Zeroizing::new([b"redeem/", body.code_verifier.bytes()].concat()),
    };
    let outcome = if inner.clock.unix() >= expires {
        late(&backend, &slot, spent).await
    } else {
        backend
            .once(slot, move |backend| async move {
                let settled = exchange(&backend, &code, network).await;
                if matches!(settled, Settled::Final(_)) && backend.inner().store.put(spent, vec![1], SPENT_LIFETIME).await.is_err() {
                    tracing::error!(event = "mark_not_kept");
                }
                settled
            })
            .await
    };
    log(&tx, &outcome);
    outcome
}

/// Answers a sealed refusal. Monei isn't called, and nothing is spent.
fn refused(backend: &Backend, tx: &str, expires: u64, refusal: Refusal) -> Outcome {
    if backend.inner().clock.unix() >= expires {
        return Code::InvalidHandoff.into();
    }
    tracing::info!(event = "redeem", tx, outcome = refusal.as_str());
    // A struct of one word always serialises.
    serde_json::to_vec(&Refused { refused: refusal }).map_or(Code::Internal.into(), |body| Outcome::Tokens(Zeroizing::new(body)))
}

fn log(tx: &str, outcome: &Outcome) {
    match outcome {
        Outcome::Problem(problem) => tracing::warn!(event = "redeem", tx, outcome = problem.code.as_str()),
        _ => tracing::info!(event = "redeem", tx, outcome = "tokens"),
    }
}

/// Past its time a handoff gives only an answer that is still kept.
async fn late(backend: &Backend, slot: &Slot, spent: [u8; 32]) -> Outcome {
    let answer = async {
        if let Some(outcome) = backend.kept(slot).await? {
            return Ok(outcome);
        }
        let used = backend.inner().store.get(spent).await?.is_some();
        Err::<_, Problem>(if used { Code::HandoffUsed.into() } else { Code::InvalidHandoff.into() })
    };
    answer.await.unwrap_or_else(Outcome::Problem)
}

/// Names the place of a code's redeem in the queue.
pub(super) fn ticket(code: &AuthorizationCode) -> Id {
    id(&[b"code", code.expose().as_bytes()])
}

/// Exchanges the code, with the previous secret too if Monei refuses the present one (C-04).
async fn exchange(backend: &Backend, code: &AuthorizationCode, Network(network): Network) -> Settled {
    let inner = backend.inner();
    let ticket = ticket(code);
    let call = Call { kind: Kind::Redeem, ticket, network };
    let mut which = Which::Present;
    loop {
        if let Err(problem) = backend.charge(Op::Reserve(call)).await {
            return Settled::Void(problem);
        }
        let answer = inner.provider.exchange(code, which).await;
        backend.note_call("exchange", Endpoint::Token, ticket, &answer).await;
        return match answer {
            Answer::Success(body) => {
                super::credentials_accepted(backend, which);
                Settled::Final(super::tokens_of(backend, "exchange", rand::random(), &body, |response| {
                    // No word about scopes on an exchange: nothing was granted (T-14).
                    let scopes = response.scopes.get_or_insert_default();
                    inner.metrics.count(Counter::Login("finished"));
                    inner.metrics.count_scopes("granted", scopes);
                }))
            }
            Answer::Refused { status, words } => match verdict::exchange(status, words) {
                ExchangeRefused::Credentials if which == Which::Present && inner.provider.has_previous_secret() => {
                    which = Which::Previous;
                    continue;
                }
                ExchangeRefused::Credentials => super::credentials_refused(backend),
                ExchangeRefused::Approval => Settled::Final(Code::ApprovalRefused.into()),
                // What a redirect hides may have been done, as with an error of Monei's own.
                ExchangeRefused::NotBelieved if status.is_redirection() => super::unsettled(&Answer::Failed(None)),
                ExchangeRefused::NotBelieved => super::not_believed(backend, "exchange", status, false),
            },
            other => super::unsettled(&other),
        };
    }
}
