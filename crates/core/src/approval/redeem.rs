//! From the browser's answers to tokens.

use std::sync::Arc;
use std::time::Duration;

use monei::{AccessToken, ScopeSet};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Approvals;
use super::loopback::Loopback;
use super::run::{End, MAX_TRIES};
use super::state::About;
use crate::clock::Since;
use crate::model::TransactionId;
use crate::model::answer::Handoff;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::proof::Verifier;
use crate::provider::backend::{BackendClient, Redeemed, TokenError, Tokens};
use crate::work::Piece;

/// How long a handoff is offered again while nothing is decided. It dies after 120 seconds.
const REDEEM_WITHIN: Duration = Duration::from_secs(100);
/// The same where the backend says when to try again: it keeps a handoff for longer then, and Monei's code lives ten minutes.
const REDEEM_WHEN_TOLD: Duration = Duration::from_secs(540);

/// Where answers come from, and until when they are taken.
pub(super) struct Answers {
    pub(super) loopback: Option<Loopback>,
    pub(super) linked: mpsc::Receiver<Handoff>,
    pub(super) time: Duration,
}

/// What came of one answer.
enum Tried {
    Tokens(Tokens),
    /// Nothing was approved, or it can't be had.
    Nothing(Problem),
    /// The backend can't open it: somebody else's.
    Foreign,
}

impl Approvals {
    /// Redeems each answer that comes in, until one gives tokens. Anybody who has seen the start link can bring in an answer, even one that
    /// the backend sealed; so nothing that an answer says ends the wait but tokens. What it says is shown meanwhile.
    pub(super) async fn answered(
        &self,
        backend: &BackendClient,
        about: &About,
        verifier: Verifier,
        answers: Answers,
    ) -> Result<(Tokens, Piece), End> {
        let Answers { mut loopback, mut linked, time } = answers;
        let verifier = Arc::new(verifier);
        let work = &self.inner.needs.work;
        let mut tries: JoinSet<Tried> = JoinSet::new();
        // Held from the first answer on, so that the end of the program waits for what comes of it.
        let mut under_way = None;
        let mut refused: Option<Problem> = None;
        let mut cancelled = false;
        let unwanted = CancellationToken::new();
        let time_is_over = self.wait_out(about.run, time);
        tokio::pin!(time_is_over);
        loop {
            let from_loopback = async {
                match &mut loopback {
                    Some(loopback) => loopback.answer().await,
                    None => std::future::pending().await,
                }
            };
            let handoff = tokio::select! {
                Some(tried) = tries.join_next() => {
                    let tried = tried.unwrap_or_else(|error| {
                        tracing::error!(%error, "an answer could not be redeemed");
                        Tried::Nothing(ProblemCode::ApprovalInvalid.into())
                    });
                    match tried {
                        Tried::Tokens(tokens) => {
                            let piece = match under_way {
                                Some(piece) => piece,
                                None => work.enter()?,
                            };
                            let transaction = verifier.challenge().transaction();
                            self.take_back_others(about.clone(), backend.clone(), transaction, tries, tokens.access.clone());
                            return Ok((tokens, piece));
                        }
                        Tried::Nothing(problem) => {
                            if refused.as_ref() != Some(&problem) {
                                self.note_failure(about, &problem).await;
                            }
                            refused = Some(problem);
                        }
                        Tried::Foreign => tracing::info!("an answer that isn't for this transaction was dropped"),
                    }
                    if tries.is_empty() {
                        under_way = None;
                        let waits = self.runs().wait_on(about.run, refused.clone());
                        if waits.is_ok() {
                            self.tell();
                        }
                    }
                    continue;
                }
                answer = from_loopback, if !cancelled => answer.ok_or(End::Failed(ProblemCode::LoopbackUnavailable.into()))?,
                // The sender is dropped when the run is cancelled, or the program ends. What is being redeemed at its end is still stored.
                answer = linked.recv(), if !cancelled => match answer {
                    Some(handoff) => handoff,
                    None => {
                        cancelled = true;
                        if !self.runs().is_present(about.run) {
                            unwanted.cancel();
                            loopback = None;
                        }
                        continue;
                    }
                },
                () = &mut time_is_over, if tries.is_empty() && !cancelled => {
                    return Err(refused.map_or_else(|| ProblemCode::TimedOut.into(), End::Told));
                }
                else => return Err(End::Cancelled),
            };
            if tries.len() >= MAX_TRIES {
                tracing::info!("an answer was dropped: too many are being redeemed");
                continue;
            }
            // Once the program is about to end, a link can finish the transaction in its next run.
            let Ok(piece) = work.enter() else {
                if tries.is_empty() {
                    return Err(End::Cancelled);
                }
                continue;
            };
            let present = self.runs().redeem(about.run);
            if present.is_err() {
                continue;
            }
            under_way.get_or_insert(piece);
            self.tell();
            let (this, backend, verifier, unwanted) = (self.clone(), backend.clone(), Arc::clone(&verifier), unwanted.clone());
            tries.spawn(async move { this.redeem(&backend, &handoff, &verifier, &unwanted).await });
        }
    }

    /// Offers the handoff until it is decided. The backend answers the same proof the same way, so asking again is safe. Once it is
    /// `unwanted` that ends where nothing can have come of it. Where something may have, it goes on: tokens must be known to be taken back.
    async fn redeem(&self, backend: &BackendClient, handoff: &Handoff, verifier: &Verifier, unwanted: &CancellationToken) -> Tried {
        let began = Since::now(self.clock());
        let mut pause = Duration::from_secs(1);
        let mut put_off = None;
        let (mut offered, mut may_be_exchanged) = (false, false);
        loop {
            // Nothing goes to an operator whom the person hasn't agreed to. In a run that a link began nobody has asked yet. Whoever was
            // offered it is asked on, also where the person has chosen another backend since: it may have been exchanged.
            let asked = if offered { Ok(()) } else { self.provider().ask_backend_once().await };
            let answer = match asked {
                Ok(()) => {
                    offered = true;
                    backend.redeem(handoff, verifier, self.now()).await
                }
                Err(problem) => Err(TokenError::Undecided(problem)),
            };
            let problem = match answer {
                Ok(Redeemed::Tokens(tokens)) if tokens.scopes.as_ref().is_none_or(ScopeSet::is_empty) => {
                    // A pair that opens nothing: not worth keeping alive at Monei.
                    drop(backend.revoke(&tokens.access, &tokens.refresh, self.now()).await);
                    return Tried::Nothing(ProblemCode::NothingGranted.into());
                }
                Ok(Redeemed::Tokens(tokens)) => return Tried::Tokens(tokens),
                Ok(Redeemed::Refused(refusal)) => return Tried::Nothing(ProblemCode::from(refusal).into()),
                Err(TokenError::Refused) => return Tried::Nothing(ProblemCode::ApprovalExpired.into()),
                // The backend had asked for a pause, and the handoff expired meanwhile: the person is told that the service was busy.
                Err(TokenError::Unreadable) => return put_off.map_or(Tried::Foreign, Tried::Nothing),
                Err(TokenError::Undecided(problem) | TokenError::Unsent(problem)) => problem,
            };
            let wait = match problem.retry_after_s.map(|seconds| Duration::from_secs(seconds.into())) {
                // A turn, to be taken when it comes.
                Some(wait) if problem.code == ProblemCode::Busy => wait,
                Some(wait) => wait.max(pause),
                None => pause,
            };
            let may_pass = matches!(
                problem.code,
                ProblemCode::Busy
                    | ProblemCode::BackendUnreachable
                    | ProblemCode::Offline
                    | ProblemCode::ProviderUnavailable
                    | ProblemCode::ProxyUnreachable
            );
            let within = if problem.code == ProblemCode::Busy { REDEEM_WHEN_TOLD } else { REDEEM_WITHIN };
            if !may_pass || began.age(self.clock()) + wait > within {
                return Tried::Nothing(problem);
            }
            may_be_exchanged |= !matches!(problem.code, ProblemCode::Busy | ProblemCode::Offline | ProblemCode::ProxyUnreachable);
            let since = Since::now(self.clock());
            tokio::select! {
                () = since.passes(wait, self.clock(), |_| ()) => {}
                () = unwanted.cancelled(), if !may_be_exchanged => return Tried::Nothing(problem),
            }
            put_off = Some(problem).filter(|problem| problem.code == ProblemCode::Busy);
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    /// Takes back what other answers give, if one was approved twice: only the first goes into an account. The same answer twice gives the
    /// same pair.
    fn take_back_others(
        &self,
        about: About,
        backend: BackendClient,
        transaction: TransactionId,
        mut tries: JoinSet<Tried>,
        stored: AccessToken,
    ) {
        if tries.is_empty() {
            return;
        }
        let under_way = self.inner.needs.work.enter();
        let this = self.clone();
        self.inner.tasks.spawn(async move {
            while let Some(tried) = tries.join_next().await {
                if let Ok(Tried::Tokens(other)) = tried
                    && other.access.expose() != stored.expose()
                {
                    tracing::warn!(run = about.run, "approved twice: the second approval is taken back");
                    this.grants().asked(this.take_back_tokens(&backend, &about, other, &transaction)).await;
                }
            }
            drop(under_way);
        });
    }
}
