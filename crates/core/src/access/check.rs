//! Whether a connection still works, by the cheapest call that its permissions allow. Nothing that spends is among them.

use monei::ScopeSet;
use monei::permission::{self, Method};
use monei::read::{KycStatus, Profile, Wallet};

use super::Accesses;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller};

/// Cheapest first.
const CHEAPEST: [&str; 3] = [Profile::PATH, KycStatus::PATH, Wallet::PATH];

/// Whether a connection with `scopes` can be checked.
pub fn is_checkable(scopes: &ScopeSet) -> bool {
    CHEAPEST.iter().any(|path| allows(scopes, path))
}

fn allows(scopes: &ScopeSet, path: &str) -> bool {
    permission::find(Method::Get, path).is_some_and(|(permission, _)| scopes.contains(&permission.scope))
}

impl Accesses {
    /// Asks Monei whether the connection still works, and shows on the account how that went.
    ///
    /// # Errors
    /// What the call came to; [`ProblemCode::ScopeMissing`] where it can't be told without spending.
    pub async fn check(&self, caller: &Caller, account: &AccountId) -> Result<(), Problem> {
        let grants = self.grants_of(account).await?;
        let held = |path: &&str| grants.iter().any(|grant| allows(&grant.scopes, path));
        let mut outcome = Err(ProblemCode::ScopeMissing.into());
        for path in CHEAPEST.into_iter().filter(held) {
            // What can't be read may be anybody's answer.
            outcome = match path {
                Profile::PATH => self.profile(caller, account).await.map(drop),
                Wallet::PATH => self.wallet(caller, account).await.map(drop),
                _ => self.read(caller, account, path, KycStatus::parse).await.map(drop),
            };
            // One grant's record is gone; another grant may still work.
            if !outcome.as_ref().is_err_and(|problem| problem.code.is_of_one_record()) {
                break;
            }
        }
        self.note(account, outcome.as_ref().map(drop)).await;
        outcome
    }
}
