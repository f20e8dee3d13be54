//! Takes a pair away at Monei.

use std::future::ready;
use std::sync::Arc;

use http::StatusCode;
use monei::{AccessToken, RefreshToken};
use secrecy::{ExposeSecret, SecretString};
use tracing::{Instrument, Span, field};
use zeroize::Zeroizing;

use crate::domain::budget::{Endpoint, Id};
use crate::domain::digest::{digest, fingerprint, log_id};
use crate::domain::network::Network;
use crate::domain::outcome::{Outcome, Settled};
use crate::domain::problem::{Code, Problem};
use crate::domain::registration::Shard;
use crate::domain::seal::Sealer;
use crate::domain::tokens::{self, Presented};
use crate::flow::gate::{Gate, Made};
use crate::flow::once::{Claimed, Once, Slot};
use crate::ports::provider::{Answer, Provider};

/// Revokes pairs.
#[derive(Clone)]
pub(crate) struct Revoke {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) once: Once,
    pub(crate) gate: Arc<Gate>,
}

/// What an app presents.
pub(crate) struct Input {
    pub(crate) access_token: AccessToken,
    /// Sealed.
    pub(crate) refresh_token: SecretString,
    /// Whom the caller shares limits with, if it does.
    pub(crate) network: Option<Network>,
}

impl Revoke {
    pub(crate) async fn run(&self, input: Input) -> Outcome {
        let span = tracing::error_span!("flow", flow = "revoke", tx = field::Empty);
        self.revoke(input).instrument(span).await
    }

    async fn revoke(&self, Input { access_token: access, refresh_token, network }: Input) -> Outcome {
        if !tokens::is_access_token(&access) {
            return Code::InvalidRequest.into();
        }
        let Ok(Presented { token: refresh, grant, registration }) = tokens::open(&self.sealer, refresh_token.expose_secret()) else {
            tracing::warn!(event = "revoke_refused", reason = "token_unreadable");
            return Code::InvalidToken.into();
        };
        Span::current().record("tx", log_id(&[b"grant", &grant.to_be_bytes()]));
        // A revocation carries no credentials, so it also works for a registration that is no longer listed.
        let shard = self.gate.registrations.named(registration).unwrap_or_default();
        let (pair, secret) = ([b"revoke", access.expose().as_bytes(), refresh.expose().as_bytes()], refresh.expose().as_bytes());
        // By the refresh token alone: who has one could send any number of made-up access tokens with it.
        let slot = Slot {
            key: digest(&[b"revoke", secret]),
            fingerprint: fingerprint(&pair),
            proof: Zeroizing::new([b"revoke/", secret].concat()),
        };
        let revoke = self.clone();
        match self
            .once
            .run(slot, ready(()), move |(), claimed| async move {
                (revoke.take_away(shard, (&access, &refresh), grant, network, claimed).await, ready(()))
            })
            .await
        {
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
    async fn take_away(
        &self,
        shard: Shard,
        (access, refresh): (&AccessToken, &RefreshToken),
        grant: Id,
        network: Option<Network>,
        claimed: Claimed,
    ) -> Settled {
        let mut by_refresh_token = false;
        loop {
            if let Err(problem) = self.gate.revoke(shard, grant, network).await.and_then(|()| claimed.check_in_time()) {
                return Settled::Void(problem);
            }
            let answer = match by_refresh_token {
                true => self.provider.revoke_refresh(refresh).await,
                false => self.provider.revoke_access(access).await,
            };
            self.gate.note(Made { call: "revoke", endpoint: Endpoint::Revoke, shard, ticket: grant }, &answer).await;
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
}
