//! When a consent is worth another look: a reminder after 90 days, and once a year what nobody used for 180 days. Nobody else is asked: all
//! of it is told from the index.

use std::collections::HashMap;

use monei::Scope;

use crate::aside;
use crate::ledger::{Kept, Known, Ledger, Looked};
use crate::model::feature::FeatureId;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{Review, UnusedPermission};
use crate::model::{AccountId, GrantId};

const DAY_MS: i64 = 86_400_000;
/// How long nothing is approved or looked over before the person is reminded.
const REMINDED_AFTER_MS: i64 = 90 * DAY_MS;
/// How long a permission isn't used before it counts as unused.
const UNUSED_AFTER_MS: i64 = 180 * DAY_MS;
/// How long a decision to keep an unused permission holds.
const KEPT_FOR_MS: i64 = 365 * DAY_MS;

/// What is worth another look at `now`, by account; nothing where the person doesn't want reminders.
pub(crate) async fn due(ledger: &Ledger, missing: &HashMap<GrantId, i64>, now: i64) -> Result<Vec<Review>, Problem> {
    if !ledger.choices().preferences.reminders {
        return Ok(Vec::new());
    }
    let looked = ledger.looked().await?;
    let reviews = ledger.known().iter().map(|known| review(known, missing, &looked, now)).collect::<Vec<_>>();
    Ok(reviews.into_iter().filter(|review| review.unchanged_since.is_some() || !review.unused.is_empty()).collect())
}

/// The person keeps the account as it is, or one permission of it.
pub(crate) async fn keep(ledger: &Ledger, account: AccountId, feature: Option<FeatureId>) -> Result<(), Problem> {
    let kept = Kept { account, scope: feature.map(|id| id.scope().clone()) };
    if ledger.apply(kept).await? { Ok(()) } else { Err(ProblemCode::NoSuchAccount.into()) }
}

fn review(known: &Known, missing: &HashMap<GrantId, i64>, looked: &Looked, now: i64) -> Review {
    let account = &known.row.id;
    let living = || known.grants.iter().filter(|grant| !missing.contains_key(&grant.id));
    let last = living().map(|grant| grant.granted_at).chain(looked.kept(account, None)).max();
    let is_long_ago = |at: &i64, least: i64| now.saturating_sub(*at) >= least;
    let unused = FeatureId::all().filter_map(|feature| {
        let scope = feature.scope();
        if known.is_aside(scope) {
            return None;
        }
        let with_it = || living().filter(|grant| grant.scopes.contains(scope));
        let since = with_it().map(|grant| grant.granted_at).min()?;
        let last_used_at = looked.used(account, scope);
        let touched = last_used_at.unwrap_or(since).max(since);
        let kept = looked.kept(account, Some(scope));
        if !is_long_ago(&touched, UNUSED_AFTER_MS) || kept.is_some_and(|at| !is_long_ago(&at, KEPT_FOR_MS)) {
            return None;
        }
        let along = aside::along(known, missing, scope).iter().map(Scope::to_string).collect();
        Some(UnusedPermission { feature, since, last_used_at, along })
    });
    Review { account: account.to_string(), unchanged_since: last.filter(|at| is_long_ago(at, REMINDED_AFTER_MS)), unused: unused.collect() }
}
