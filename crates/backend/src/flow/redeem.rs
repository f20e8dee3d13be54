//! The app proves that it started the transaction and gets the tokens.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use monei::AuthorizationCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tracing::{Instrument, Span, field};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::domain::budget::{Call, Endpoint, Id, Kind};
use crate::domain::digest::{Key, digest, fingerprint};
use crate::domain::network::Network;
use crate::domain::outcome::{Outcome, Settled};
use crate::domain::problem::{Code, Problem};
use crate::domain::proof::Verifier;
use crate::domain::registration::Shard;
use crate::domain::seal::Sealer;
use crate::domain::tokens::Owner;
use crate::domain::transaction::{CODE_LIFETIME, HANDOFF_LIFETIME, Handoff, Refusal, Reply, ticket_of};
use crate::domain::verdict::{self, ExchangeRefused};
use crate::flow::answers::Answers;
use crate::flow::gate::{Gate, Made};
use crate::flow::once::{Claimed, Once, Slot};
use crate::metrics::{Counter, Metrics};
use crate::ports::clock::Clock;
use crate::ports::provider::{Answer, Provider, Which};
use crate::ports::{Marks, StoreUnavailable};

/// How long a redeemed handoff is told apart from one that is merely too old.
const SPENT_LIFETIME: Duration = Duration::from_secs(600);

/// Exchanges codes.
#[derive(Clone)]
pub(crate) struct Redeem {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) marks: Arc<dyn Marks>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) once: Once,
    pub(crate) gate: Arc<Gate>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) metrics: Arc<Metrics>,
}

/// What an app presents.
pub(crate) struct Input {
    pub(crate) handoff: SecretString,
    pub(crate) verifier: Verifier,
    /// Whom the caller shares limits with, if it does.
    pub(crate) network: Option<Network>,
}

/// What the app gets where Monei gave no code.
#[derive(Serialize, ToSchema)]
#[schema(as = Refusal)]
pub(crate) struct Refused {
    /// Why.
    refused: Refusal,
}

impl Redeem {
    pub(crate) async fn run(&self, input: Input) -> Outcome {
        let span = tracing::error_span!("flow", flow = "redeem", tx = field::Empty);
        self.redeem(input).instrument(span).await
    }

    async fn redeem(&self, Input { handoff, verifier, network }: Input) -> Outcome {
        // All local proof comes first: nothing below is reached, and nothing is sent, without it (C-07).
        let Ok(handoff) = Handoff::open(&self.sealer, handoff.expose_secret()) else {
            tracing::warn!(event = "redeem_refused", reason = "handoff_unreadable");
            return Code::InvalidHandoff.into();
        };
        let tx = handoff.challenge.log_id();
        Span::current().record("tx", &tx);
        if !verifier.proves(&handoff.challenge) {
            tracing::warn!(event = "redeem_refused", reason = "wrong_verifier", tx);
            return Code::InvalidHandoff.into();
        }
        let code = match handoff.reply {
            Reply::Code(code) => code,
            Reply::Refused(refusal) => return self.refused(&tx, handoff.expires, refusal),
        };
        let Some(shard) = self.gate.registrations.named(handoff.registration) else {
            return Outcome::Problem(self.answers.registration_unknown());
        };
        let text = code.expose().as_bytes();
        let spent = digest(&[b"spent", text]);
        let slot = Slot {
            key: digest(&[b"redeem", text]),
            fingerprint: fingerprint(&[b"redeem", handoff.challenge.bytes(), text]),
            proof: Zeroizing::new([b"redeem/", verifier.bytes()].concat()),
        };
        let put_off = digest(&[b"redeem put off", text]);
        let in_time = match self.clock.unix() < handoff.expires {
            true => Ok(true),
            false => self.was_put_off(put_off, spent).await,
        };
        let outcome = match in_time {
            Ok(true) => {
                let (redeem, marks) = (self.clone(), Arc::clone(&self.marks));
                // Its turn may have been put at a time so late that it outlives its answer.
                let used = async move { marks.get(spent).await.map(|mark| mark.is_some()) };
                self.once
                    .run(slot, used, move |used, claimed| async move { redeem.spend(shard, &code, (spent, used), network, claimed).await })
                    .await
            }
            Ok(false) => self.late(&slot, spent).await,
            Err(problem) => Outcome::Problem(problem),
        };
        if let Outcome::Problem(problem) = &outcome {
            self.put_off(put_off, handoff.expires, *problem).await;
        }
        match &outcome {
            Outcome::Problem(problem) => tracing::warn!(event = "redeem", tx, outcome = problem.code.as_str()),
            _ => tracing::info!(event = "redeem", tx, outcome = "tokens"),
        }
        outcome
    }

    /// Answers a sealed refusal. Monei isn't called, and nothing is spent.
    fn refused(&self, tx: &str, expires: u64, refusal: Refusal) -> Outcome {
        if self.clock.unix() >= expires {
            return Code::InvalidHandoff.into();
        }
        tracing::info!(event = "redeem", tx, outcome = refusal.as_str());
        // A struct of one word always serialises.
        serde_json::to_vec(&Refused { refused: refusal }).map_or(Code::Internal.into(), |body| Outcome::Tokens(Zeroizing::new(body)))
    }

    /// Whoever was told to come later than the handoff lives may do so: a person approved it, and Monei's pause is not theirs.
    async fn put_off(&self, mark: Key, expires: u64, problem: Problem) {
        let (Code::RateLimited | Code::ProviderBusy, Some(wait)) = (problem.code, problem.retry_after) else { return };
        let now = self.clock.unix();
        let until = (now + u64::from(wait) + HANDOFF_LIFETIME).min(expires + CODE_LIFETIME);
        let lasts = Duration::from_secs(until.saturating_sub(now));
        if until > expires && self.marks.put(mark, until.to_be_bytes().to_vec(), lasts).await.is_err() {
            tracing::error!(event = "mark_not_kept");
        }
    }

    /// Whether the handoff, which is past its time, was put off until later, and its code not spent meanwhile.
    async fn was_put_off(&self, mark: Key, spent: Key) -> Result<bool, Problem> {
        let until = self.marks.get(mark).await?.and_then(|until| Some(u64::from_be_bytes(until.try_into().ok()?)));
        Ok(until.is_some_and(|until| self.clock.unix() < until) && self.marks.get(spent).await?.is_none())
    }

    /// Past its time a handoff gives only an answer that is still kept.
    async fn late(&self, slot: &Slot, spent: Key) -> Outcome {
        let answer = async {
            if let Some(outcome) = self.once.kept(slot).await? {
                return Ok(outcome);
            }
            let used = self.marks.get(spent).await?.is_some();
            Err::<_, Problem>(if used { Code::HandoffUsed.into() } else { Code::InvalidHandoff.into() })
        };
        answer.await.unwrap_or_else(Outcome::Problem)
    }

    /// Exchanges the code, unless it was `used` before; to be kept besides: that it was spent.
    async fn spend(
        &self,
        shard: Shard,
        code: &AuthorizationCode,
        (spent, used): (Key, Result<bool, StoreUnavailable>),
        network: Option<Network>,
        claimed: Claimed,
    ) -> (Settled, impl Future<Output = ()> + Send + use<>) {
        let settled = match used {
            Ok(false) => self.exchange(shard, code, network, claimed).await,
            Ok(true) => Settled::Final(Code::HandoffUsed.into()),
            Err(unavailable) => Settled::Void(unavailable.into()),
        };
        let (marks, is_final) = (Arc::clone(&self.marks), matches!(settled, Settled::Final(_)));
        (settled, async move {
            if is_final && marks.put(spent, vec![1], SPENT_LIFETIME).await.is_err() {
                tracing::error!(event = "mark_not_kept");
            }
        })
    }

    /// Exchanges the code, with the previous secret too if Monei refuses the present one (C-04).
    async fn exchange(&self, shard: Shard, code: &AuthorizationCode, network: Option<Network>, claimed: Claimed) -> Settled {
        let ticket = ticket_of(code);
        let call = Call { kind: Kind::Redeem, ticket, network };
        let mut which = Which::Present;
        loop {
            if let Err(problem) = self.gate.reserve(shard, call).await.and_then(|()| claimed.check_in_time()) {
                return Settled::Void(problem);
            }
            let answer = self.provider.exchange(shard, code, which).await;
            self.gate.note(Made { call: "exchange", endpoint: Endpoint::Token, shard, ticket }, &answer).await;
            return match answer {
                Answer::Success(body) => {
                    self.answers.credentials_accepted(shard, which);
                    Settled::Final(self.exchanged(shard, rand::random(), &body))
                }
                Answer::Refused { status, words } => match verdict::exchange(status, words) {
                    ExchangeRefused::Credentials if which == Which::Present && self.provider.has_previous_secret(shard) => {
                        which = Which::Previous;
                        continue;
                    }
                    ExchangeRefused::Credentials => self.answers.credentials_refused(shard),
                    ExchangeRefused::Approval => Settled::Final(Code::ApprovalRefused.into()),
                    // What a redirect hides may have been done, as with an error of Monei's own.
                    ExchangeRefused::NotBelieved if status.is_redirection() => self.answers.unsettled(&Answer::Failed(None)),
                    ExchangeRefused::NotBelieved => self.answers.not_believed("exchange", status, words, false),
                },
                other => self.answers.unsettled(&other),
            };
        }
    }

    fn exchanged(&self, shard: Shard, grant: Id, body: &[u8]) -> Outcome {
        let owner = Owner { registration: self.gate.registrations.get(shard).name(), grant };
        self.answers.tokens("exchange", owner, body, |response| {
            // No word about scopes on an exchange: nothing was granted (T-14).
            let scopes = response.scopes.get_or_insert_default();
            self.metrics.count(Counter::Login("finished"));
            self.metrics.count_scopes("granted", scopes);
        })
    }
}
