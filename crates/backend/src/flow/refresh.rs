//! A new pair for a sealed refresh token, at most once per idempotency key.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tracing::{Instrument, Span, field};
use zeroize::Zeroizing;

use crate::domain::budget::{Call, Endpoint, Kind};
use crate::domain::digest::{digest, fingerprint, log_id};
use crate::domain::network::Network;
use crate::domain::outcome::{Outcome, Settled};
use crate::domain::problem::Code;
use crate::domain::registration::Shard;
use crate::domain::seal::Sealer;
use crate::domain::settings::RefreshAuth;
use crate::domain::tokens::{self, Owner, Presented};
use crate::domain::verdict::{self, RefreshRefused};
use crate::flow::answers::Answers;
use crate::flow::gate::{Gate, Made};
use crate::flow::once::{Claimed, Once, Slot};
use crate::flow::refusals::Refusals;
use crate::flow::standing::{Credentials, Standing};
use crate::ports::provider::{Answer, Provider, Which};

/// Refreshes pairs.
#[derive(Clone)]
pub(crate) struct Refresh {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) once: Once,
    pub(crate) gate: Arc<Gate>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) standing: Arc<Standing>,
}

/// What an app presents.
pub(crate) struct Input {
    /// The idempotency key.
    pub(crate) key: String,
    /// The sealed refresh token.
    pub(crate) token: SecretString,
    /// Whom the caller shares limits with, if it does.
    pub(crate) network: Option<Network>,
}

impl Refresh {
    pub(crate) async fn run(&self, input: Input) -> Outcome {
        // Of the grant, so that all its refreshes can be found together.
        let span = tracing::error_span!("flow", flow = "refresh", tx = field::Empty, id = log_id(&[b"log", input.key.as_bytes()]));
        self.refresh(input).instrument(span).await
    }

    async fn refresh(&self, Input { key, token, network }: Input) -> Outcome {
        let id = log_id(&[b"log", key.as_bytes()]);
        let Ok(presented) = tokens::open(&self.sealer, token.expose_secret()) else {
            tracing::warn!(event = "refresh_refused", reason = "token_unreadable", id);
            return Code::InvalidToken.into();
        };
        Span::current().record("tx", log_id(&[b"grant", &presented.grant.to_be_bytes()]));
        let Some(shard) = self.gate.registrations.named(presented.registration) else {
            return Outcome::Problem(self.answers.registration_unknown());
        };
        let secret = presented.token.expose().as_bytes();
        let slot = Slot {
            key: digest(&[b"refresh", key.as_bytes()]),
            fingerprint: fingerprint(&[b"refresh", key.as_bytes(), secret]),
            proof: Zeroizing::new([b"refresh/", key.as_bytes(), b"/", secret].concat()),
        };
        let (refresh, refusals, refused) = (self.clone(), Arc::clone(&self.refusals), presented.token.clone());
        let known = async move { refusals.known(shard, &refused).await };
        let work = async move |known, claimed| {
            let mut succeeded = false;
            let settled = match known {
                Ok(None) => refresh.rotate(shard, &presented, network, claimed, &mut succeeded).await,
                Ok(Some(settled)) => settled,
                Err(problem) => Settled::Void(problem),
            };
            let refusals = Arc::clone(&refresh.refusals);
            (settled, async move {
                if succeeded {
                    refusals.refresh_succeeded(shard).await;
                }
            })
        };
        let outcome = self.once.run(slot, known, work).await;
        match &outcome {
            Outcome::Problem(problem) => tracing::warn!(event = "refresh", id, outcome = problem.code.as_str()),
            _ => tracing::info!(event = "refresh", id, outcome = "tokens"),
        }
        outcome
    }

    /// Asks Monei for a new pair; `succeeded` once it gave an answer that it gives to a good token.
    async fn rotate(
        &self,
        shard: Shard,
        Presented { token, grant, .. }: &Presented,
        network: Option<Network>,
        claimed: Claimed,
        succeeded: &mut bool,
    ) -> Settled {
        let call = Call { kind: Kind::Refresh, ticket: *grant, network };
        let mut which = Which::Present;
        loop {
            if let Err(problem) = self.gate.reserve(shard, call).await.and_then(|()| claimed.check_in_time()) {
                return Settled::Void(problem);
            }
            let answer = self.provider.refresh(shard, token, which).await;
            self.gate.note(Made { call: "refresh", endpoint: Endpoint::Token, shard, ticket: *grant }, &answer).await;
            let with_secret = self.provider.refresh_auth() == RefreshAuth::Secret;
            return match answer {
                Answer::Success(body) => {
                    if with_secret {
                        self.answers.credentials_accepted(shard, which);
                    }
                    *succeeded = true;
                    let owner = Owner { registration: self.gate.registrations.get(shard).name(), grant: *grant };
                    Settled::Final(self.answers.tokens("refresh", owner, &body, |_| {}))
                }
                Answer::Refused { status, words } => {
                    let accepted = self.standing.credentials(shard) == Credentials::Accepted;
                    match verdict::refresh(status, words, with_secret, accepted) {
                        RefreshRefused::Credentials if which == Which::Present && self.provider.has_previous_secret(shard) => {
                            which = Which::Previous;
                            continue;
                        }
                        RefreshRefused::Credentials => self.answers.credentials_refused(shard),
                        RefreshRefused::Grant => match self.refusals.judge(shard, token).await {
                            Ok(refusal) if refusal.believed => Settled::Final(Code::GrantRefused.into()),
                            Ok(_) => self.answers.not_believed("refresh", status, words, true),
                            // Without the store nobody knows what else was refused.
                            Err(problem) => Settled::Void(problem),
                        },
                        RefreshRefused::NotBelieved => self.answers.not_believed("refresh", status, words, false),
                    }
                }
                other => self.answers.unsettled(&other),
            };
        }
    }
}
