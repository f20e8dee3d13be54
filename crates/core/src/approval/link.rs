//! Links that the system hands to this program: the answer to the transaction that waits, or to one of an earlier run.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::Approvals;
use super::redeem::{Again, Answers, MAX_TRIES};
use super::state::{About, Browsing, Outcome};
use crate::grants::vault::PendingRecord;
use crate::model::answer::{DeepLink, Handoff, parse_deep_link};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller, Channel, TransactionId};
use crate::provider::backend::BackendClient;

impl Approvals {
    /// Takes a link that the system handed to this program. One that is malformed is dropped. One for a transaction of an earlier run that
    /// is still open finishes it; any other one of an earlier run is told as such, unless something else is being done or shown.
    pub async fn deep_link(&self, url: &str) {
        let Ok(DeepLink { transaction, handoff }) = parse_deep_link(url, &self.inner.needs.link_scheme) else {
            tracing::info!("a link that is no answer was dropped");
            return;
        };
        let (sender, finished) = {
            let mut runs = self.runs();
            let finished = runs.finished.as_ref() == Some(&transaction);
            let waiting = runs.browsing().filter(|(_, browsing)| browsing.transaction == transaction);
            (waiting.map(|(_, browsing)| browsing.answers.clone()), finished)
        };
        if let Some(sender) = sender {
            if sender.try_send(handoff).is_err() {
                tracing::info!("a link was dropped: too many answers wait, or it has been answered");
            }
            return;
        }
        if finished {
            tracing::info!("a link for a transaction that is finished was dropped");
            return;
        }
        let problem = match self.grants().is_open(&transaction).await {
            Ok(true) if !self.grants().in_memory() => return self.resume(transaction, handoff),
            Ok(_) => ProblemCode::RunEnded.into(),
            Err(problem) => problem,
        };
        self.explain(problem);
    }

    /// Goes on with a transaction of an earlier run, as if the program had run all along.
    fn resume(&self, transaction: TransactionId, handoff: Handoff) {
        let run = match self.runs().resume() {
            Ok(run) => run,
            Err(illegal) => {
                tracing::info!(%illegal, "a link for an earlier run was dropped");
                return;
            }
        };
        self.tell();
        let this = self.clone();
        self.inner.tasks.spawn(async move {
            match this.grants().read_open(&transaction).await {
                Ok(Some(record)) => this.go_on_by_link(run, &transaction, record, handoff).await,
                Ok(None) => {
                    this.grants().close_transaction(&transaction).await;
                    this.end(run, Outcome::Failed(ProblemCode::RunEnded.into()));
                }
                // The entry is still there: the same link works once the keychain does.
                Err(problem) => {
                    this.end(run, Outcome::Failed(problem));
                }
            }
        });
    }

    async fn go_on_by_link(&self, run: u64, transaction: &TransactionId, mut pending: PendingRecord, handoff: Handoff) {
        let backend = match self.provider().backend() {
            Ok(backend) if backend.origin() == pending.backend => backend,
            // Another backend never gets this verifier, and the one that has the code isn't used any more.
            Ok(_) => {
                self.grants().close_transaction(transaction).await;
                self.end(run, Outcome::Failed(ProblemCode::RunEnded.into()));
                return;
            }
            Err(problem) => {
                self.end(run, Outcome::Failed(problem));
                return;
            }
        };
        // With those that were being redeemed when the earlier run ended, if there are any.
        let mut first = std::mem::take(&mut pending.answers);
        if !self.grants().has_answers(transaction).await {
            first.clear();
        }
        first.retain(|answer| answer.expose() != handoff.expose());
        first.push(Arc::new(handoff));
        let account = pending.account.clone().map(AccountId::from);
        let requested = pending.scopes.clone();
        let about = About { run, caller: Caller::Window, account, requested, channel: Channel::DeepLink };
        self.go_on(&backend, about, pending, first, None).await;
    }

    /// Goes on with a transaction of an earlier run by its `first` answers, which are here.
    pub(super) async fn go_on(
        &self,
        backend: &BackendClient,
        about: About,
        pending: PendingRecord,
        first: Vec<Arc<Handoff>>,
        again: Option<Again>,
    ) {
        let challenge = pending.verifier.challenge();
        let (answers, linked) = mpsc::channel(MAX_TRIES);
        let browsing = Browsing {
            transaction: challenge.transaction(),
            loopback_link: None,
            deep_link: backend.start_url(challenge.as_str(), "deep-link", &pending.scopes),
            answers,
            expires_at: pending.expires_at,
            browser_failed: false,
            links_elsewhere: false,
            refused: None,
        };
        // Not told: the answer is there already. The wait is what comes back if that was no true one.
        let waits = self.runs().wait(about.clone(), browsing);
        if waits.is_err() {
            return;
        }
        let time = Duration::from_millis(u64::try_from(pending.expires_at - self.now()).unwrap_or(0));
        let answers = Answers { loopback: None, linked, time, first, again };
        let ended = self.finish(backend, &about, pending, answers).await;
        self.ended(&about, &challenge.transaction(), ended).await;
    }

    /// Tells why nothing comes of a link or of something else that no run waits for. False where there is something to see already.
    pub(super) fn explain(&self, problem: Problem) -> bool {
        let told = self.runs().tell(problem);
        match told {
            Ok(()) => self.tell(),
            Err(illegal) => tracing::info!(%illegal, "something is shown already"),
        }
        told.is_ok()
    }
}
