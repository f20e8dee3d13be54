//! Whether a connection still works, by the cheapest call that its permissions allow. Nothing that spends is among them.

use monei::ScopeSet;
use monei::permission::{self, Method};
use monei::read::{KycStatus, Profile, Wallet};

use super::Accesses;
use super::sections::unreadable;
use crate::ledger::GrantRow;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller, Permit};
use crate::provider::Verdict;

/// Cheapest first.
const CHEAPEST: [&str; 3] = [Profile::PATH, KycStatus::PATH, Wallet::PATH];

/// What a check while nobody looks came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Monei took the token.
    Works,
    /// Monei refused the token, which by its time is alive. Only a refresh could tell whether the access has ended.
    Refused,
    /// Nothing was called: the token can't be used as it is.
    NotAsked,
}

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
        let scopes = grants.iter().fold(ScopeSet::new(), |all, grant| all.union(&grant.scopes));
        let mut outcome = Err(ProblemCode::ScopeMissing.into());
        for path in self.paths_in_use(account, &scopes).await? {
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

    /// The paths of a check that `scopes` allow and that the person hasn't set aside, cheapest first. Read anew each time.
    async fn paths_in_use(&self, account: &AccountId, scopes: &ScopeSet) -> Result<Vec<&'static str>, Problem> {
        let mut paths = Vec::new();
        for path in CHEAPEST {
            if let Some((permission, _)) = permission::find(Method::Get, path).filter(|(permission, _)| scopes.contains(&permission.scope))
                && !self.ledger.is_aside(account, &permission.scope).await?
            {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    /// Asks Monei by one call whether it still takes the token of `grant`, as that token is: nothing is refreshed, before or after. An answer
    /// and trouble on the way show on the account; a refusal doesn't, since it may have ended with this token alone.
    ///
    /// # Errors
    /// Why nothing can be told.
    pub async fn check_unseen(&self, account: &AccountId, grant: &GrantRow) -> Result<Unseen, Problem> {
        let Some(path) = self.paths_in_use(account, &grant.scopes).await?.first().copied() else { return Ok(Unseen::NotAsked) };
        self.provider.check_backoff(account)?;
        let Some(lease) = self.grants.lease_as_it_is(grant).await? else { return Ok(Unseen::NotAsked) };
        let permit = Permit::check(&Caller::Monitor, lease.scopes(), Method::Get, path)?;
        let outcome = match self.provider.call(&permit, lease.backend(), lease.token(), &[]).await {
            Ok(Verdict::Answer(body)) => {
                self.grants.was_taken(&lease);
                // What can't be read may be anybody's answer.
                let read = match path {
                    Profile::PATH => Profile::parse(&body).map(drop),
                    Wallet::PATH => Wallet::parse(&body).map(drop),
                    _ => KycStatus::parse(&body).map(drop),
                };
                read.map(|()| Unseen::Works).map_err(unreadable)
            }
            Ok(Verdict::NotFound) => Err(ProblemCode::AnswerUnreadable.into()),
            Ok(Verdict::Unauthorized) => Ok(Unseen::Refused),
            Ok(Verdict::Forbidden { scope: true }) => Err(ProblemCode::ScopeMissing.into()),
            Ok(Verdict::Forbidden { scope: false }) => Err(ProblemCode::LimitReached.into()),
            Ok(Verdict::Failed(problem)) | Err(problem) => Err(problem),
        };
        self.provider.record_retry_after(account, &outcome);
        let code = match &outcome {
            // Not yet known to be the end of the access.
            Ok(Unseen::Refused) => Some(ProblemCode::ProviderUnavailable),
            outcome => outcome.as_ref().err().map(|problem| problem.code),
        };
        self.record_use(&Caller::Monitor, account, permit.permission(), permit.endpoint(), code).await;
        if outcome != Ok(Unseen::Refused) {
            self.note(account, outcome.as_ref().map(drop)).await;
        }
        outcome
    }
}
