//! What a person does with an account that is there, and what they can look up about it: its name and place, its end, what it was used for
//! and what happened to it.

use crate::aside;
use crate::grants::Grants;
use crate::ledger::{Ledger, Moved, Renamed};
use crate::model::feature::FeatureId;
use crate::model::label::Label;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{ActivityFilter, ActivityItem, DisconnectOutcome, PermissionDetails, Receipt, Unrevoked};
use crate::model::{AccountId, Caller, scopes};
use crate::publish;

/// How many lines of history are shown.
const MAX_ACTIVITY: u32 = 200;

/// Sets or removes the person's own name for the account.
pub(crate) async fn rename(ledger: &Ledger, account: AccountId, label: Option<&str>) -> Result<(), Problem> {
    let label = label.map(|text| Label::parse(text).ok_or(ProblemCode::InvalidInput)).transpose()?;
    is_there(ledger.apply(Renamed { account, label: label.map(String::from) }).await?)
}

/// Moves the account in the list: before another one, or to the end.
pub(crate) async fn move_to(ledger: &Ledger, account: AccountId, before: Option<AccountId>) -> Result<(), Problem> {
    is_there(ledger.apply(Moved { account, before }).await?)
}

/// Revokes every grant of the account, then removes it. Where Monei doesn't confirm, `unrevoked` decides.
pub(crate) async fn disconnect(
    grants: &Grants,
    caller: &Caller,
    account: &AccountId,
    unrevoked: Unrevoked,
) -> Result<DisconnectOutcome, Problem> {
    let revoked = grants.asked(grants.revoke_all(caller, account, unrevoked == Unrevoked::Remove)).await?;
    Ok(publish::disconnected(revoked))
}

/// Takes permissions back: each approval that has one of them is revoked at Monei, as a whole. The account stays.
pub(crate) async fn take_back(
    grants: &Grants,
    caller: &Caller,
    account: &AccountId,
    scopes: &[String],
) -> Result<DisconnectOutcome, Problem> {
    let scopes = scopes::parse(scopes)?;
    let revoked = grants.asked(grants.take_back(caller, account, &scopes)).await?;
    Ok(publish::disconnected((revoked, false)))
}

/// What is known of one permission of the account.
pub(crate) async fn permission(ledger: &Ledger, grants: &Grants, account: AccountId, id: FeatureId) -> Result<PermissionDetails, Problem> {
    ledger.grants_of(&account).await?;
    let activity = ledger.activity(Some(account.clone()), u32::MAX).await?;
    let uses = ledger.uses(account.clone()).await?;
    let known = ledger.known();
    let known = known.iter().find(|known| known.row.id == account);
    let along = known.map(|known| aside::along(known, &grants.missing(), id.scope())).unwrap_or_default();
    Ok(publish::permission(id, &activity, &uses, &along))
}

/// The latest of what happened, newest first: to one account, or at all.
pub(crate) async fn activity(ledger: &Ledger, account: Option<AccountId>) -> Result<Vec<ActivityItem>, Problem> {
    let rows = ledger.activity(account, MAX_ACTIVITY).await?;
    Ok(rows.into_iter().map(publish::activity).collect())
}

/// What happened and fits the filter, newest first.
pub(crate) async fn activity_where(ledger: &Ledger, filter: &ActivityFilter) -> Result<Vec<ActivityItem>, Problem> {
    let rows = ledger.activity(filter.account.as_deref().map(AccountId::from), u32::MAX).await?;
    Ok(rows.into_iter().map(publish::activity).filter(|item| filter.fits(item)).collect())
}

/// What was approved, latest first: for one account, or at all.
pub(crate) async fn receipts(ledger: &Ledger, account: Option<AccountId>) -> Result<Vec<Receipt>, Problem> {
    let rows = ledger.receipts(account).await?;
    Ok(rows.into_iter().map(publish::receipt).collect())
}

fn is_there(found: bool) -> Result<(), Problem> {
    if found { Ok(()) } else { Err(ProblemCode::NoSuchAccount.into()) }
}
