//! Answers that were being redeemed when an earlier run of the program ended, however it ended.

use super::Approvals;
use super::redeem::{Again, Offer, Tried};
use super::state::About;
use crate::grants::vault::PendingRecord;
use crate::grants::{Left, LeftAnswers};
use crate::model::problem::ProblemCode;
use crate::model::{AccountId, Caller, Channel};
use crate::provider::backend::BackendClient;

impl Approvals {
    /// Goes on with answers that a process left when it ended: to the person's decision, or into their account. What nobody wants any more,
    /// and everything unless the caller `asks` the person, is taken back. What can't be learnt any more is told. Opens no dialog.
    pub async fn take_up_answers(&self, asks: bool) {
        for left in self.grants().take_up_answers().await {
            match left {
                Left::Lost => drop(self.explain(ProblemCode::ApprovalLost.into())),
                Left::Answers(answers) => self.redeem_left(*answers, asks),
            }
        }
    }

    fn redeem_left(&self, answers: LeftAnswers, asks: bool) {
        let backend = match self.provider().backend() {
            // No other one ever gets the verifier. The person may come back to it while there is time.
            Ok(backend) if backend.origin() == answers.pending.backend => backend,
            _ => return,
        };
        let this = self.clone();
        if !(asks && answers.is_wanted) {
            // The end of the program waits for it.
            let Ok(under_way) = self.inner.needs.work.enter() else { return };
            self.inner.tasks.spawn(async move {
                this.take_back_left(&backend, answers).await;
                drop(under_way);
            });
            return;
        }
        let run = match self.runs().resume() {
            Ok(run) => run,
            Err(illegal) => {
                tracing::info!(%illegal, "answers of an earlier run wait");
                return;
            }
        };
        self.tell();
        self.inner.tasks.spawn(async move {
            let LeftAnswers { redeeming, mut pending, time, .. } = answers;
            let first = std::mem::take(&mut pending.answers);
            this.go_on(&backend, about_left(run, &pending), pending, first, Some(Again { redeeming, time })).await;
        });
    }

    async fn take_back_left(&self, backend: &BackendClient, answers: LeftAnswers) {
        let LeftAnswers { redeeming, transaction, pending, time, .. } = answers;
        let about = about_left(0, &pending);
        let mut redeeming = Some(redeeming);
        let (mut is_lost, mut is_unknown, mut gave_tokens) = (false, false, false);
        let count = pending.answers.len();
        for (number, answer) in pending.answers.iter().enumerate() {
            match self.redeem(backend, answer, &pending.verifier, Offer::again(time.clone())).await {
                Tried::Tokens(tokens) => {
                    gave_tokens = true;
                    let last = if number + 1 == count && !is_lost { redeeming.take() } else { None };
                    self.take_back_tokens(backend, &about, tokens, &transaction, last).await;
                }
                Tried::Nothing(_) => {}
                Tried::Unknown(_) => is_lost = true,
                // Somebody else's, perhaps, where another one was the true one.
                Tried::Foreign => is_unknown = true,
            }
        }
        match redeeming {
            Some(redeeming) if is_lost || (is_unknown && !gave_tokens) => self.tell_lost(redeeming).await,
            redeeming => self.grants().forget_answers(redeeming).await,
        }
        self.grants().close_transaction(&transaction).await;
    }
}

fn about_left(run: u64, pending: &PendingRecord) -> About {
    let account = pending.account.clone().map(AccountId::from);
    About { run, caller: Caller::Window, account, requested: pending.scopes.clone(), channel: Channel::DeepLink }
}
