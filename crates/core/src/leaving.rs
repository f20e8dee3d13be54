//! Leaving this computer: every connection ends at Monei, and then neither keychain nor index holds anything of this program's.

use crate::grants::{Grants, Revoked};
use crate::ledger::Ledger;
use crate::model::Caller;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{LeaveOutcome, Leaving, LeftAccount, Unrevoked};

/// Ends every connection, and removes everything once all of them have ended. Where Monei doesn't confirm one, `unrevoked` decides whether
/// it is removed all the same; what couldn't be ended stays else, so that it can be tried again.
pub(crate) async fn leave(ledger: &Ledger, grants: &Grants, caller: &Caller, unrevoked: Unrevoked) -> Result<Leaving, Problem> {
    if !ledger.claim().await? {
        return Err(ProblemCode::OthersRunning.into());
    }
    let left = leave_alone(ledger, grants, caller, unrevoked).await;
    if !left.as_ref().is_ok_and(|left| left.complete) {
        ledger.share().await?;
    }
    left
}

/// With no other process that has the index open.
async fn leave_alone(ledger: &Ledger, grants: &Grants, caller: &Caller, unrevoked: Unrevoked) -> Result<Leaving, Problem> {
    // First, so that nothing ends at Monei whose entry couldn't be removed here.
    let has_keychain = grants.open_to_leave().await?;
    let remove = unrevoked == Unrevoked::Remove;
    let mut accounts = Vec::new();
    for known in ledger.known().iter() {
        let outcome = match grants.revoke_all(caller, &known.row.id, remove).await {
            Ok((Revoked::Confirmed, _)) => LeaveOutcome::Ended,
            Ok((_, true)) => LeaveOutcome::Removed,
            Ok((Revoked::Unconfirmed, false)) => LeaveOutcome::Unconfirmed,
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
