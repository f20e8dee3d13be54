//! Setting one permission of an account aside: it is switched off here at once, and ended at Monei where that ends nothing else that is in
//! use. Monei documents no way to take back a part of an approval.

use std::collections::HashMap;

use monei::{Scope, ScopeSet};

use crate::grants::{Grants, Revoked};
use crate::ledger::{GrantRow, Known, Ledger, SetAside, SwitchedOn};
use crate::model::feature::FeatureId;
use crate::model::problem::Problem;
use crate::model::snapshot::SetAsideOutcome;
use crate::model::{AccountId, Caller, GrantId};

/// Switches the permission off, and revokes the approvals that allow nothing else. Once switched off, nothing brings it back but the person.
pub(crate) async fn set_aside(
    ledger: &Ledger,
    grants: &Grants,
    caller: &Caller,
    account: AccountId,
    feature: FeatureId,
) -> Result<SetAsideOutcome, Problem> {
    let scope = feature.scope().clone();
    ledger.apply(SetAside { caller: caller.clone(), account: account.clone(), scope: scope.clone() }).await??;
    let known = ledger.known();
    let in_use = |known: &Known| known.in_use(&along(known, &grants.missing(), &scope));
    let along = known.iter().find(|known| known.row.id == account).map(in_use).unwrap_or_default();
    if !along.is_empty() {
        return Ok(SetAsideOutcome::Here { along: along.iter().map(Scope::to_string).collect() });
    }
    match grants.take_back(caller, &account, &[scope].into_iter().collect()).await {
        Ok(Revoked::Confirmed) => Ok(SetAsideOutcome::Ended),
        Ok(Revoked::Unconfirmed(problem)) => Ok(SetAsideOutcome::Unconfirmed { problem }),
        Ok(Revoked::Impossible) => Ok(SetAsideOutcome::Unrevocable),
        Err(problem) => {
            // It is switched off here all the same.
            tracing::info!(code = ?problem.code, "a permission that was set aside could not be revoked");
            Ok(SetAsideOutcome::Unconfirmed { problem })
        }
    }
}

/// Switches it on again: Monei still grants it.
pub(crate) async fn switch_on(ledger: &Ledger, caller: &Caller, account: AccountId, feature: FeatureId) -> Result<(), Problem> {
    Ok(ledger.apply(SwitchedOn { caller: caller.clone(), account, scope: feature.scope().clone() }).await??)
}

/// What else would end with `scope`, since Monei ends an approval as a whole: what was approved together with it, but for what another
/// approval of the same backend allows besides. What is set aside is among it: it can't be switched on again then.
pub(crate) fn along(known: &Known, missing: &HashMap<GrantId, i64>, scope: &Scope) -> ScopeSet {
    let living = || known.grants.iter().filter(|grant| !missing.contains_key(&grant.id));
    let mut ends = ScopeSet::new();
    for grant in living().filter(|grant| grant.scopes.contains(scope)) {
        // Only grants of the present backend are used: what another backend's allows is no replacement.
        let elsewhere = scopes_of(living().filter(|other| other.backend == grant.backend && !other.scopes.contains(scope)));
        ends = ends.union(&grant.scopes.difference(&elsewhere));
    }
    ends.iter().filter(|other| *other != scope).cloned().collect()
}

fn scopes_of<'a>(grants: impl Iterator<Item = &'a GrantRow>) -> ScopeSet {
    grants.fold(ScopeSet::new(), |all, grant| all.union(&grant.scopes))
}
