//! The one way to use a connection: [`Accesses::access`] says whether a caller may, and [`Access::call`] and [`Access::pass`] call. Only a
//! check while nobody looks goes without, since it takes one token as it is. Each use is recorded in the ledger: who, under which permission,
//! for what, with what outcome.

mod check;
mod history;
mod pass_through;
mod reads;
mod sections;
mod spending;
mod wallet_parts;
mod wallet_reads;

use monei::permission::Method;
use monei::{Endpoint, Permission, ScopeSet};

use crate::grants::{Grants, Lease};
use crate::ledger::{Checked, GrantRow, Ledger, Used};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller, Denied, Permit};
use crate::provider::{Body, Provider, Verdict};
use crate::work::Work;

pub use check::{Unseen, is_checkable};
pub use pass_through::{PassThrough, Passed};

/// Who may use what. Cheap to clone.
#[derive(Clone)]
pub struct Accesses {
    ledger: Ledger,
    grants: Grants,
    provider: Provider,
    work: Work,
}

/// A caller may use one permission of one account. Only [`Accesses::access`] makes one.
pub struct Access {
    of: Accesses,
    caller: Caller,
    account: AccountId,
    permission: &'static Permission,
    /// The grants that hold the permission, newest first.
    grants: Vec<GrantRow>,
}

/// One call below the API base.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// How.
    pub method: Method,
    /// Path below the API base, with its parameters filled in.
    pub path: &'a str,
    /// Query.
    pub query: &'a [(&'a str, &'a str)],
}

/// An answer, and the grant whose token it was given to.
pub struct Answer {
    /// Monei's body; `None` for 404.
    pub body: Option<Body>,
    /// The grant.
    lease: Lease,
}

impl<'a> Request<'a> {
    /// Reads `path`.
    pub fn get(path: &'a str) -> Self {
        Self { method: Method::Get, path, query: &[] }
    }
}

impl Accesses {
    /// Uses these.
    pub fn new(ledger: Ledger, grants: Grants, provider: Provider, work: Work) -> Self {
        Self { ledger, grants, provider, work }
    }

    /// Whether `caller` may use `permission` of `account`. Nothing is called.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchAccount`], [`ProblemCode::PermissionSetAside`], [`ProblemCode::ScopeMissing`] where no grant of the present backend holds it,
    /// [`ProblemCode::Busy`] while Monei must not be called for the account; for an app also [`ProblemCode::NoSuchApp`] and
    /// [`ProblemCode::PermissionNotGiven`].
    pub async fn access(&self, caller: &Caller, account: &AccountId, permission: &'static Permission) -> Result<Access, Problem> {
        let app = if let Caller::App(app) = caller { Some(app) } else { None };
        let standing = self.ledger.standing(account, &permission.scope, app).await?;
        if app.is_some() {
            let row = standing.app.filter(|row| row.account == *account && self.ledger.is_allowed(row)).ok_or(Denied::AppEnded)?;
            if !row.scopes.contains(&permission.scope) {
                return Err(Denied::NotGiven(permission).into());
            }
        }
        let mut grants = self.of_present_backend(standing.grants.ok_or(ProblemCode::NoSuchAccount)?);
        if standing.is_aside {
            return Err(Denied::SetAside(permission).into());
        }
        grants.retain(|grant| grant.scopes.contains(&permission.scope));
        self.provider.check_backoff(account)?;
        if grants.is_empty() {
            return Err(Denied::NotGranted(permission).into());
        }
        Ok(Access { of: self.clone(), caller: caller.clone(), account: account.clone(), permission, grants })
    }

    /// The account's grants from the present backend, newest first.
    async fn grants_of(&self, account: &AccountId) -> Result<Vec<GrantRow>, Problem> {
        Ok(self.of_present_backend(self.ledger.grants_of(account).await?))
    }

    fn of_present_backend(&self, mut grants: Vec<GrantRow>) -> Vec<GrantRow> {
        let here = self.provider.origin();
        grants.retain(|grant| Some(&grant.backend) == here.as_ref());
        grants
    }

    /// Counts a use in the ledger. An answer that was fetched isn't lost where that can't be written.
    async fn record_use(
        &self,
        caller: &Caller,
        account: &AccountId,
        permission: &'static Permission,
        endpoint: &'static Endpoint,
        code: Option<ProblemCode>,
    ) {
        let heard = self.provider.http().heard_ms();
        let used = Used { caller: caller.clone(), account: account.clone(), permission, endpoint, code, heard };
        if let Err(problem) = self.ledger.apply(used).await {
            tracing::warn!(%caller, path = endpoint.path, code = ?problem.code, "a use could not be recorded");
        }
    }

    /// Shows on the account how the last call went. An answer that was fetched isn't lost where that can't be written.
    pub async fn note(&self, account: &AccountId, outcome: Result<(), &Problem>) {
        let missing = self.grants.missing().into_keys().collect();
        let change = Checked { account: account.clone(), code: outcome.err().map(|problem| problem.code), missing };
        if let Err(problem) = self.ledger.apply(change).await {
            tracing::warn!(code = ?problem.code, "how a call went could not be written down");
        }
    }
}

impl Access {
    /// Calls, with whichever grant has the permission. A call that the permission doesn't open is refused, and nothing is sent.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn call(&self, request: Request<'_>) -> Result<Answer, Problem> {
        let Some(endpoint) = self.permission.opens(request.method, request.path) else { return Err(Denied::NotListed.into()) };
        let mut outcome = Err(ProblemCode::ScopeMissing.into());
        for grant in &self.grants {
            outcome = self.call_with(grant, &request).await;
            // Only a grant that is gone, or has lost the scope, makes room for the next one.
            let over =
                |code: ProblemCode| code.is_of_one_record() || matches!(code, ProblemCode::AccessRevoked | ProblemCode::ScopeMissing);
            if !outcome.as_ref().is_err_and(|problem| over(problem.code)) {
                break;
            }
        }
        self.of.provider.record_retry_after(&self.account, &outcome);
        let code = outcome.as_ref().err().map(|problem| problem.code);
        self.of.record_use(&self.caller, &self.account, self.permission, endpoint, code).await;
        outcome
    }

    async fn call_with(&self, grant: &GrantRow, request: &Request<'_>) -> Result<Answer, Problem> {
        let Accesses { grants, provider, .. } = &self.of;
        let mut refused: Option<Lease> = None;
        loop {
            let lease = grants.lease(grant, refused.as_ref()).await?;
            let permit = self.permit(lease.scopes(), request)?;
            let body = match provider.call(&permit, lease.backend(), lease.token(), request.query).await? {
                Verdict::Answer(body) => Some(body),
                Verdict::NotFound => None,
                // A token that Monei has just given: its trouble, not a revocation.
                Verdict::Unauthorized if refused.is_some() => {
                    grants.was_refused_fresh(&lease);
                    return Err(ProblemCode::ProviderUnavailable.into());
                }
                // And so it has been for a while.
                Verdict::Unauthorized if grants.are_all_refused(&lease) => return Err(ProblemCode::ProviderUnavailable.into()),
                // Expired, stale or revoked: one refresh tells which.
                Verdict::Unauthorized => {
                    refused = Some(lease);
                    continue;
                }
                Verdict::Forbidden { scope: true } => return Err(ProblemCode::ScopeMissing.into()),
                Verdict::Forbidden { scope: false } => return Err(ProblemCode::LimitReached.into()),
                Verdict::Failed(problem) => return Err(problem),
            };
            if body.is_some() {
                grants.was_taken(&lease);
            }
            return Ok(Answer { body, lease });
        }
    }

    /// A refresh may have taken the scope away: each call is checked against its own token's scopes.
    fn permit(&self, scopes: &ScopeSet, request: &Request<'_>) -> Result<Permit, Denied> {
        Permit::check(&self.caller, scopes, request.method, request.path)
    }
}
