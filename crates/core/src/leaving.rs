//! How all of it ends. The person leaves this computer: every connection ends at Monei, and then neither keychain nor index holds anything of
//! this program's. Or the program ends, and with it what is kept in memory alone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::approval::Approvals;
use crate::changed::Changed;
use crate::grants::{Grants, Revoked};
use crate::ledger::{Known, Ledger};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{LeaveOutcome, Leaving, LeftAccount, Unrevoked};
use crate::model::{Caller, GrantId};
use crate::work::Work;

/// How long the program's end waits for answers that would be lost with it: longer than a payment may take at Monei, or a refresh at the
/// backend.
const WORK_ENDS: Duration = Duration::from_secs(25);

/// Ends everything, in order.
pub(crate) struct Endings {
    ledger: Ledger,
    grants: Grants,
    approvals: Approvals,
    work: Work,
    changed: Changed,
    /// What came of it, once the person has left this computer.
    left: Mutex<Option<Leaving>>,
}

impl Endings {
    /// Ends nothing yet.
    pub(crate) fn new(ledger: Ledger, grants: Grants, approvals: Approvals, work: Work, changed: Changed) -> Self {
        Self { ledger, grants, approvals, work, changed, left: Mutex::default() }
    }

    /// What came of it, once the person has left this computer.
    pub(crate) fn left(&self) -> Option<Leaving> {
        self.held().clone()
    }

    fn held(&self) -> MutexGuard<'_, Option<Leaving>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every connection, and removes everything once all of them have ended. Where Monei doesn't confirm one, `unrevoked` decides
    /// whether it is removed all the same; what couldn't be ended stays else, so that it can be tried again.
    ///
    /// # Errors
    /// [`ProblemCode::OthersRunning`], [`ProblemCode::AnotherInProgress`], or why the keychain can't be opened: nothing was ended then. A
    /// keychain or index problem in between.
    pub(crate) async fn leave(&self, caller: &Caller, unrevoked: Unrevoked) -> Result<Leaving, Problem> {
        let Self { grants, approvals, work, changed, .. } = self;
        approvals.cancel().await;
        approvals.take_up_answers(false).await;
        let leaving = async {
            // What was cancelled and is still being redeemed is stored before it is taken back.
            if !approvals.tasks_end(WORK_ENDS).await {
                return Err(ProblemCode::AnotherInProgress.into());
            }
            self.leave_claimed(caller, unrevoked).await
        };
        let left = grants.asked(approvals.without_runs(leaving)).await?;
        if left.complete {
            work.close();
            approvals.close();
            *self.held() = Some(left.clone());
            changed.tell();
        }
        Ok(left)
    }

    /// With no run under way, while no other process opens the index.
    async fn leave_claimed(&self, caller: &Caller, unrevoked: Unrevoked) -> Result<Leaving, Problem> {
        if !self.ledger.claim().await? {
            return Err(ProblemCode::OthersRunning.into());
        }
        let left = self.leave_alone(caller, unrevoked).await;
        if !left.as_ref().is_ok_and(|left| left.complete) {
            self.ledger.share().await?;
        }
        left
    }

    /// With no other process that has the index open.
    async fn leave_alone(&self, caller: &Caller, unrevoked: Unrevoked) -> Result<Leaving, Problem> {
        let Self { ledger, grants, .. } = self;
        // First, so that nothing ends at Monei whose entry couldn't be removed here.
        let has_keychain = grants.open_to_leave().await?;
        let remove = unrevoked == Unrevoked::Remove;
        let mut accounts = Vec::new();
        for known in ledger.known().iter() {
            let outcome = match grants.revoke_all(caller, &known.row.id, remove).await {
                Ok((Revoked::Confirmed, _)) => LeaveOutcome::Ended,
                Ok((_, true)) => LeaveOutcome::Removed,
                Ok((Revoked::Unconfirmed(problem), false)) => LeaveOutcome::Unconfirmed { problem },
                Ok((Revoked::Impossible, false)) => LeaveOutcome::Unrevocable,
                Err(problem) => LeaveOutcome::Failed { problem },
            };
            accounts.push(LeftAccount { name: known.row.display_name(), outcome });
        }
        // Nobody is asked any more where it belongs.
        for row in ledger.set_apart().await? {
            ledger.note_orphan(row.grant).await?;
        }
        let lost = grants.discard_orphans().await;
        let unassigned = lost + ledger.orphans().await?.len();
        let gone = accounts.iter().all(|account| matches!(account.outcome, LeaveOutcome::Ended | LeaveOutcome::Removed));
        let complete = gone && (unassigned == 0 || remove);
        if complete {
            if has_keychain {
                grants.remove_all_entries().await?;
            }
            ledger.erase().await?;
            tracing::info!(accounts = accounts.len(), "the person has left this computer");
        }
        Ok(Leaving { complete, accounts, unassigned: u32::try_from(unassigned).unwrap_or(u32::MAX) })
    }

    /// Ends what is open, waits for what was sent, and revokes what was kept in memory alone. Gives the names of the accounts of which Monei
    /// didn't confirm that, and `None` for each approval that is in no account.
    pub(crate) async fn shutdown(&self) -> Vec<Option<String>> {
        let Self { ledger, grants, approvals, work, .. } = self;
        // First, so that a run that ends with its approval knows that a link can still finish it.
        work.close();
        approvals.close();
        grants.close_dialogs();
        if !work.end(WORK_ENDS).await {
            tracing::warn!("something that was sent was not answered before the end");
        }
        grants.keep_all_unsaved().await;
        let known = ledger.known();
        let living = grants.end_memory_only().await;
        let has_one = |known: &&Known| known.grants.iter().any(|grant| living.contains(&grant.id));
        let in_account = |living: &&GrantId| known.iter().flat_map(|known| &known.grants).any(|grant| grant.id == **living);
        let unassigned = living.iter().filter(|living| !in_account(living)).map(|_| None);
        known.iter().filter(has_one).map(|known| known.row.display_name()).chain(unassigned).collect()
    }
}
