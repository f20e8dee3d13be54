//! Links that the system hands to this program: the answer to the transaction that waits, or to one of an earlier run.

use std::time::Duration;

use monei::{Scope, ScopeSet};
use tokio::sync::mpsc;

use super::Connections;
use super::connect::{Answers, End, Pending, Request};
use crate::answer::{DeepLink, Handoff, parse_deep_link};
use crate::problem::{Problem, ProblemCode};
use crate::vault::PendingRecord;
use crate::view::{Channel, Stage, TransactionView};

impl Connections {
    /// Takes a link that the system handed to this program. One that is malformed is dropped. One for a transaction of an earlier run that
    /// is still open finishes it; any other one of an earlier run is told as such, unless something else is being done or shown.
    pub async fn deep_link(&self, url: &str) {
        let Ok(link) = parse_deep_link(url, &self.inner.options.link_scheme) else {
            tracing::info!("a link that is no answer was dropped");
            return;
        };
        let DeepLink { transaction, handoff } = link;
        let (sender, finished) = {
            let state = self.state();
            let pending = state.pending.as_ref().filter(|pending| pending.transaction == transaction);
            (pending.map(|pending| pending.answers.clone()), state.finished.as_ref() == Some(&transaction))
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
        match self.is_open(&transaction).await {
            Ok(true) if !self.inner.vault.in_memory() => self.resume(transaction, handoff),
            Ok(_) => self.tell(ProblemCode::RunEnded.into()),
            Err(problem) => self.tell(problem),
        }
    }

    /// Goes on with a transaction of an earlier run, as if the program had run all along.
    fn resume(&self, transaction: String, handoff: Handoff) {
        let run = {
            let mut state = self.state();
            let is_over = |stage: &Stage| matches!(stage, Stage::Done { .. } | Stage::Failed { .. });
            if state.transaction.as_ref().is_some_and(|present| !is_over(&present.stage)) {
                tracing::info!("a link for an earlier run was dropped: another connection is being made");
                return;
            }
            state.run += 1;
            state.pending = None;
            state.transaction = Some(view(Stage::Finishing));
            state.run
        };
        self.publish();
        let this = self.clone();
        tokio::spawn(async move {
            match this.read_open(&transaction).await {
                Ok(Some(record)) => this.go_on(run, &transaction, record, handoff).await,
                Ok(None) => {
                    this.close_transaction(&transaction).await;
                    this.show(run, Stage::Failed { problem: ProblemCode::RunEnded.into() });
                }
                // The entry is still there: the same link works once the keychain does.
                Err(problem) => {
                    this.show(run, Stage::Failed { problem });
                }
            }
        });
    }

    async fn go_on(&self, run: u64, transaction: &str, record: PendingRecord, handoff: Handoff) {
        let PendingRecord { verifier, account, scopes, backend: origin, expires_at, .. } = record;
        let backend = match self.backend() {
            Ok(backend) if backend.origin() == origin => backend,
            // Another backend never gets this verifier, and the one that has the code isn't used any more.
            Ok(_) => {
                self.close_transaction(transaction).await;
                self.show(run, Stage::Failed { problem: ProblemCode::RunEnded.into() });
                return;
            }
            Err(problem) => {
                self.show(run, Stage::Failed { problem });
                return;
            }
        };
        let (answers, linked) = mpsc::channel(1);
        let deep_link = backend.start_url(verifier.challenge().as_str(), "deep-link", &scopes);
        {
            let mut state = self.state();
            if state.run != run || answers.try_send(handoff).is_err() {
                return;
            }
            state.pending =
                Some(Pending { transaction: transaction.to_owned(), loopback_link: None, deep_link, channel: Channel::DeepLink, answers });
            // Not published: the answer is there already. It is what comes back if that was no true one.
            let stage = Stage::Waiting { expires_at, browser_failed: false };
            state.transaction = Some(TransactionView { account: account.clone(), requested: texts(&scopes), ..view(stage) });
        }
        let time = Duration::from_millis(u64::try_from(expires_at - self.now()).unwrap_or(0));
        let request = Request { run, account, scopes };
        let answers = Answers { loopback: None, linked, time };
        let ended: Result<(), End> = self.finish(&backend, &request, verifier, answers).await;
        self.ended(&request, transaction, ended).await;
    }

    /// Tells why nothing comes of a link, unless there is something to see already.
    fn tell(&self, problem: Problem) {
        {
            let mut state = self.state();
            if state.transaction.is_some() {
                tracing::info!(code = ?problem.code, "a link was dropped");
                return;
            }
            state.transaction = Some(view(Stage::Failed { problem }));
        }
        self.publish();
    }
}

/// A transaction of which nothing else is known.
fn view(stage: Stage) -> TransactionView {
    TransactionView { account: None, requested: Vec::new(), channel: Channel::DeepLink, stage }
}

fn texts(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(Scope::to_string).collect()
}
