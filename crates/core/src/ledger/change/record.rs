//! What the person did, and what a connection was used for.

use monei::{Endpoint, Permission};

use super::Change;
use crate::ledger::error::IndexError;
use crate::ledger::event::Event;
use crate::ledger::index::Lasts;
use crate::ledger::rows::{AccountRow, UseRow};
use crate::ledger::tables::Tables;
use crate::ledger::uses;
use crate::model::operator::{Agreed, Claim};
use crate::model::problem::ProblemCode;
use crate::model::{AccountId, Caller};

/// The person gave an account a name of their own, or took it away.
pub struct Renamed {
    /// Which account.
    pub account: AccountId,
    /// The name.
    pub label: Option<String>,
}

impl Change for Renamed {
    /// False: there is no such account.
    type Outcome = bool;

    fn apply(self, tables: &Tables<'_>, _: i64) -> Result<bool, IndexError> {
        let Some(row) = tables.account(&self.account)? else { return Ok(false) };
        tables.put_account(&AccountRow { label: self.label, ..row })?;
        Ok(true)
    }
}

/// A connection was used.
pub struct Used {
    /// By whom.
    pub caller: Caller,
    /// Which account.
    pub account: AccountId,
    /// Under which permission.
    pub permission: &'static Permission,
    /// For what.
    pub endpoint: &'static Endpoint,
    /// What it came to; `None` for an answer.
    pub code: Option<ProblemCode>,
    /// What time it was by the last server that answered in this run, in milliseconds since the Unix epoch. What is kept for two years is
    /// dropped only where that clock says so too: one that is set forth here must cost no record.
    pub heard: Option<i64>,
}

impl Change for Used {
    type Outcome = ();
    // A program waits for its answer meanwhile, and may call often.
    const LASTS: Lasts = Lasts::OverAKill;
    const IS_ABOUT_ACCOUNTS: bool = false;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<(), IndexError> {
        let is_first = tables.count_use(&UseRow {
            day: uses::day(now),
            caller: self.caller.to_string(),
            account: self.account,
            permission: self.permission.scope.to_string(),
            endpoint: format!("{} {}", self.endpoint.method.as_str(), self.endpoint.path),
            outcome: self.code.map_or_else(|| UseRow::OK.to_owned(), ProblemCode::name),
            count: 1,
            first_at: now,
            last_at: now,
        })?;
        match self.heard {
            Some(heard) if is_first => tables.drop_old(now.min(heard)),
            _ => Ok(()),
        }
    }
}

/// The person agreed to a backend.
pub struct BackendAgreed {
    /// Its origin.
    pub origin: String,
    /// What it said of itself.
    pub claim: Claim,
}

impl Change for BackendAgreed {
    type Outcome = ();

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<(), IndexError> {
        let mut all = tables.agreements()?;
        let agreed = Agreed(Some(self.claim));
        if all.insert(self.origin.clone(), agreed.clone()) == Some(agreed) {
            return Ok(());
        }
        tables.put_agreements(&all)?;
        tables.log(now, None, None, &Event::BackendChanged { address: self.origin })
    }
}
