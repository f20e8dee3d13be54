//! Monei told whose a grant is. An answer that contradicts the account never overwrites it: the grant is set apart, and the person is
//! asked.

use monei::Scope;

use super::Change;
use super::life::take_out;
use crate::ledger::error::IndexError;
use crate::ledger::event::Event;
use crate::ledger::rows::{AccountRow, GrantRow, SetApartRow};
use crate::ledger::tables::Tables;
use crate::model::{GrantId, Identity};

/// A grant's own token was asked whose it is.
pub struct Identified {
    /// The grant.
    pub grant: GrantId,
    /// What it told.
    pub who: Identity,
}

/// Whose the grant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The account's, as far as can be told.
    Same,
    /// Another person's. It is in the account no more.
    SomebodyElse,
    /// The grant isn't in any account.
    Gone,
}

impl Change for Identified {
    type Outcome = Owner;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<Owner, IndexError> {
        let Identified { grant, who } = self;
        let Some(grant) = tables.grants()?.into_iter().find(|row| row.id == grant) else { return Ok(Owner::Gone) };
        let Some(account) = tables.account(&grant.account)? else { return Ok(Owner::Gone) };
        if contradicts(tables, &account, &grant, &who)? {
            if let Some((account, lost)) = take_out(tables, &grant, now)? {
                let others = tables.grants_of(&account.id)?;
                let owners: Vec<&Identity> = others.iter().map(|other| &other.owner).collect();
                tables.put_account(&AccountRow {
                    who: account.who.clone().without(&who.clone().or(grant.owner.clone()), &owners),
                    ..account.clone()
                })?;
                let event = Event::Contradicted { scopes: lost.iter().map(Scope::to_string).collect() };
                tables.log(now, Some(&account.id), account.display_name().as_deref(), &event)?;
            }
            tables.put_set_apart(&SetApartRow { grant: grant.id, account: grant.account, scopes: grant.scopes, who }, now)?;
            return Ok(Owner::SomebodyElse);
        }
        let owner = Identity { name: None, email: None, ..who.clone() }.or(grant.owner.clone());
        if owner != grant.owner {
            tables.put_grant(&GrantRow { owner, ..grant })?;
        }
        let known = AccountRow { who: account.who.clone().learn(who), ..account.clone() };
        if known != account {
            tables.put_account(&known)?;
        }
        Ok(Owner::Same)
    }
}

/// Whether `who` is another person than the account's, or than the owner of another grant in it.
pub(super) fn contradicts(tables: &Tables<'_>, account: &AccountRow, grant: &GrantRow, who: &Identity) -> Result<bool, IndexError> {
    if let Some(same) = who.is_same_as(&account.who) {
        return Ok(!same);
    }
    let others = tables.grants_of(&account.id)?;
    Ok(others.iter().any(|other| other.id != grant.id && who.is_same_as(&other.owner) == Some(false)))
}
