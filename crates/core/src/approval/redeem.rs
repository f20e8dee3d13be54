//! From the browser's answers to tokens.

use std::sync::Arc;
use std::time::Duration;

use monei::{AccessToken, ScopeSet};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Approvals;
use super::loopback::Loopback;
use super::state::About;
use crate::clock::Since;
use crate::grants::vault::PendingRecord;
use crate::grants::{Redeeming, TimeLeft};
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
    /// Those that are here already.
    pub(super) first: Vec<Arc<Handoff>>,
    /// The first ones were being redeemed when an earlier run ended.
    pub(super) again: Option<Again>,
}

/// Most answers that wait to be redeemed.
pub(super) const MAX_TRIES: usize = 8;

/// Why a run ended without a grant.
pub(super) enum End {
    /// The person cancelled, or started another; or the program ends, and a link can finish it in a later run.
    Cancelled,
    /// The time is over, and why nothing came of it is shown already.
    Told(Problem),
    /// It failed.
    Failed(Problem),
}

impl From<Problem> for End {
    fn from(problem: Problem) -> Self {
        End::Failed(problem)
    }
}

impl From<ProblemCode> for End {
    fn from(code: ProblemCode) -> Self {
        End::Failed(code.into())
    }
}

/// Answers that an earlier run may have got tokens for.
pub(super) struct Again {
    pub(super) redeeming: Redeeming,
    /// For how long they are worth being offered.
    pub(super) time: TimeLeft,
}

/// The first answer that gave tokens.
pub(super) struct Answered {
    pub(super) tokens: Tokens,
    /// Where no other answer is still being redeemed: what is kept of this one, until its tokens are stored.
    pub(super) redeeming: Option<Redeeming>,
    /// Keeps the program from ending.
    pub(super) under_way: Piece,
}

/// What came of one answer.
pub(super) enum Tried {
    Tokens(Tokens),
    /// Nothing was approved, or it was taken back.
    Nothing(Problem),
    /// Nobody can tell what came of it.
    Unknown(Problem),
    /// The backend can't open it: somebody else's, or too old.
    Foreign,
}

/// How an answer is offered.
#[derive(Clone)]
pub(super) struct Offer {
    /// Ends the offers of an answer that nobody wants any more, where nothing can have come of it.
    unwanted: CancellationToken,
    /// An earlier run may have got tokens for it: until then it is offered again, whatever the trouble.
    again_within: Option<TimeLeft>,
}

impl Offer {
    /// Of an answer that an earlier run may have got tokens for.
    pub(super) fn again(time: TimeLeft) -> Self {
        Self { unwanted: CancellationToken::new(), again_within: Some(time) }
    }
}

/// The answers of one run that are being redeemed.
struct Tries {
    set: JoinSet<(Arc<Handoff>, Tried)>,
    /// With those that they are of; where one couldn't be told, it stays until all have ended.
    answers: Vec<Arc<Handoff>>,
    /// For as long as it is there, a later start goes on with them.
    redeeming: Option<Redeeming>,
}

impl Approvals {
    /// Redeems each answer that comes in, until one gives tokens. Anybody who has seen the start link can bring in an answer, even one that
    /// the backend sealed; so nothing that an answer says ends the wait but tokens. What it says is shown meanwhile.
    pub(super) async fn answered(
        &self,
        backend: &BackendClient,
        about: &About,
        mut pending: PendingRecord,
        answers: Answers,
    ) -> Result<Answered, End> {
        let Answers { mut loopback, mut linked, time, first, again } = answers;
        let work = &self.inner.needs.work;
        let (redeeming, again_within) = again.map(|again| (again.redeeming, again.time)).unzip();
        let mut tries = Tries { set: JoinSet::new(), answers: Vec::new(), redeeming };
        // While those of an earlier run are redeemed again: whether one of them may be lost.
        let mut lost = again_within.is_some().then_some(false);
        let mut offer = Offer { unwanted: CancellationToken::new(), again_within };
        // Held from the first answer on, so that the end of the program waits for what comes of it.
        let mut under_way = None;
        let mut refused: Option<Problem> = None;
        let mut cancelled = false;
        let time_is_over = self.wait_out(about.run, time);
        tokio::pin!(time_is_over);
        if !first.is_empty() {
            let piece = work.enter().map_err(|_| End::Cancelled)?;
            under_way = self.offer(backend, about, &mut pending, &mut tries, first, &offer).await.then_some(piece);
        }
        loop {
            let from_loopback = async {
                match &mut loopback {
                    Some(loopback) => loopback.answer().await,
                    None => std::future::pending().await,
                }
            };
            let handoff = tokio::select! {
                Some(tried) = tries.set.join_next() => {
                    let tried = match tried {
                        Ok((answer, tried)) => {
                            tries.answers.retain(|other| !Arc::ptr_eq(other, &answer));
                            tried
                        }
                        Err(error) => {
                            tracing::error!(%error, "an answer could not be redeemed");
                            Tried::Unknown(ProblemCode::ApprovalInvalid.into())
                        }
                    };
                    if let Some(lost) = &mut lost {
                        *lost |= matches!(tried, Tried::Unknown(_) | Tried::Foreign);
                    }
                    match tried {
                        Tried::Tokens(tokens) => {
                            let under_way = match under_way {
                                Some(piece) => piece,
                                None => work.enter()?,
                            };
                            let redeeming = if tries.set.is_empty() { tries.redeeming.take() } else { None };
                            let transaction = pending.verifier.challenge().transaction();
                            self.take_back_others(about.clone(), backend.clone(), transaction, tries, tokens.access.clone());
                            return Ok(Answered { tokens, redeeming, under_way });
                        }
                        Tried::Nothing(_) | Tried::Unknown(_) if lost == Some(true) => {}
                        Tried::Nothing(problem) | Tried::Unknown(problem) => {
                            if refused.as_ref() != Some(&problem) {
                                self.note_failure(about, &problem).await;
                            }
                            refused = Some(problem);
                        }
                        Tried::Foreign => tracing::info!("an answer that isn't for this transaction was dropped"),
                    }
                    if tries.set.is_empty() {
                        tries.answers.clear();
                        if lost == Some(true) {
                            if let Some(redeeming) = tries.redeeming.take() {
                                self.tell_lost(redeeming).await;
                            }
                            return Err(End::Told(ProblemCode::ApprovalLost.into()));
                        }
                        // From here on it is a run like any other.
                        (lost, offer.again_within) = (None, None);
                        self.grants().forget_answers(tries.redeeming.take()).await;
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
                            offer.unwanted.cancel();
                            loopback = None;
                        }
                        continue;
                    }
                },
                () = &mut time_is_over, if tries.set.is_empty() && !cancelled => {
                    return Err(refused.map_or_else(|| ProblemCode::TimedOut.into(), End::Told));
                }
                else => return Err(End::Cancelled),
            };
            if tries.set.len() >= MAX_TRIES {
                tracing::info!("an answer was dropped: too many are being redeemed");
                continue;
            }
            // Once the program is about to end, a link can finish the transaction in its next run.
            let Ok(piece) = work.enter() else {
                if tries.set.is_empty() {
                    return Err(End::Cancelled);
                }
                continue;
            };
            if self.offer(backend, about, &mut pending, &mut tries, vec![Arc::new(handoff)], &offer).await {
                under_way.get_or_insert(piece);
            }
        }
    }

    /// Begins to redeem `answers`; false where the run isn't the present one any more. They are kept before that, so that a later start can go
    /// on.
    async fn offer(
        &self,
        backend: &BackendClient,
        about: &About,
        pending: &mut PendingRecord,
        tries: &mut Tries,
        answers: Vec<Arc<Handoff>>,
        offer: &Offer,
    ) -> bool {
        let present = self.runs().redeem(about.run);
        if present.is_err() {
            return false;
        }
        self.tell();
        tries.answers.extend(answers.iter().cloned());
        // Those that an earlier run left are kept already.
        if offer.again_within.is_none() || !tries.set.is_empty() {
            pending.answers.clone_from(&tries.answers);
            tries.redeeming = self.grants().keep_answers(tries.redeeming.take(), pending).await;
        }
        for answer in answers {
            let (this, backend, verifier, offer) = (self.clone(), backend.clone(), Arc::clone(&pending.verifier), offer.clone());
            tries.set.spawn(async move {
                let tried = this.redeem(&backend, &answer, &verifier, offer).await;
                (answer, tried)
            });
        }
        true
    }

    /// An approval may live on at Monei, and nobody learns its tokens any more.
    pub(super) async fn tell_lost(&self, redeeming: Redeeming) {
        if self.grants().lose_answers(redeeming).await {
            self.explain(ProblemCode::ApprovalLost.into());
        }
    }

    /// Offers the handoff until it is decided. The backend answers the same proof the same way, so asking again is safe. Once it is
    /// `unwanted` that ends where nothing can have come of it. Where something may have, it goes on: tokens must be known to be taken back.
    pub(super) async fn redeem(&self, backend: &BackendClient, handoff: &Handoff, verifier: &Verifier, offer: Offer) -> Tried {
        let Offer { unwanted, again_within } = offer;
        let began = Since::now(self.clock());
        let mut pause = Duration::from_secs(1);
        let mut put_off = None;
        let (mut offered, mut may_be_exchanged) = (false, again_within.is_some());
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
                Err(TokenError::Refused) => return Tried::Unknown(ProblemCode::ApprovalExpired.into()),
                // The backend had asked for a pause, and the handoff expired meanwhile: the person is told that the service was busy.
                Err(TokenError::Unreadable) => return put_off.map_or(Tried::Foreign, Tried::Unknown),
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
            let is_put_off = problem.code == ProblemCode::Busy;
            let is_over = match &again_within {
                Some(time) if !is_put_off => time.after(wait, self.clock()).is_none(),
                _ => began.age(self.clock()) + wait > if is_put_off { REDEEM_WHEN_TOLD } else { REDEEM_WITHIN },
            };
            if is_over || !(may_pass || again_within.is_some()) {
                return Tried::Unknown(problem);
            }
            if is_put_off {
                self.grants().put_off_answers(&verifier.challenge().transaction(), wait).await;
            }
            may_be_exchanged |= !matches!(problem.code, ProblemCode::Busy | ProblemCode::Offline | ProblemCode::ProxyUnreachable);
            let since = Since::now(self.clock());
            tokio::select! {
                () = since.passes(wait, self.clock(), |_| ()) => {}
                () = unwanted.cancelled(), if !may_be_exchanged => return Tried::Nothing(problem),
            }
            put_off = Some(problem).filter(|_| is_put_off);
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    /// Takes back what other answers give, if one was approved twice: only the first goes into an account. The same answer twice gives the
    /// same pair.
    fn take_back_others(&self, about: About, backend: BackendClient, transaction: TransactionId, mut tries: Tries, stored: AccessToken) {
        if tries.set.is_empty() {
            return;
        }
        let under_way = self.inner.needs.work.enter();
        let this = self.clone();
        self.inner.tasks.spawn(async move {
            while let Some(tried) = tries.set.join_next().await {
                if let Ok((_, Tried::Tokens(other))) = tried
                    && other.access.expose() != stored.expose()
                {
                    tracing::warn!(run = about.run, "approved twice: the second approval is taken back");
                    this.grants().asked(this.take_back_tokens(&backend, &about, other, &transaction, None)).await;
                }
            }
            this.grants().forget_answers(tries.redeeming).await;
            this.grants().close_transaction(&transaction).await;
            drop(under_way);
        });
    }
}
