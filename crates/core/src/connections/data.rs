//! What was granted, looked at: fetched from Monei when a person looks, each endpoint only with its scope.

use monei::permission::{self, Endpoint, Method};
use monei::read::{KycLimits, KycStatus, Profile, ReadError, Transactions, Wallet};
use monei::{Permission, Scope, ScopeSet};

use super::Connections;
use crate::api::{Body, Verdict};
use crate::index::{AccountRow, GrantRow, StoredHealth};
use crate::problem::{Problem, ProblemCode};
use crate::reads;
use crate::view::{Section, SectionView};

/// How many transactions are shown.
const LATEST: &[(&str, &str)] = &[("page", "1"), ("limit", "10")];

/// The calls that tell whether a connection still works, cheapest first. Nothing that spends is among them.
pub(super) const CHEAPEST: [&str; 3] = [Profile::PATH, KycStatus::PATH, Wallet::PATH];

/// What reading `path` needs.
pub(super) fn needs(path: &str) -> Result<(&'static Permission, &'static Endpoint), Problem> {
    permission::find(Method::Get, path).ok_or_else(|| ProblemCode::ScopeMissing.into())
}

/// Whether `scopes` allow reading `path`.
pub(super) fn allows(scopes: &ScopeSet, path: &str) -> bool {
    needs(path).is_ok_and(|(permission, _)| scopes.contains(&permission.scope))
}

impl Connections {
    /// Fetches a section. The scope is checked first; without it nothing is called. It is fetched as soon as a page is shown, so the keychain
    /// opens no dialog for it.
    ///
    /// # Errors
    /// A [`Problem`] that says why there is nothing to show.
    pub async fn load(&self, account: &str, section: Section) -> Result<SectionView, Problem> {
        let outcome = self.fetch(account, section).await;
        self.note(account, outcome.as_ref().err()).await?;
        if outcome.is_ok() {
            self.sweep_transactions().await;
        }
        outcome
    }

    /// The person asks whether the connection still works. The keychain may open its dialog for it.
    ///
    /// # Errors
    /// What the call came to; [`ProblemCode::ScopeMissing`] where it can't be told without spending.
    pub async fn check(&self, account: &str) -> Result<(), Problem> {
        self.asked(self.check_account(account)).await
    }

    /// Asks Monei whether the connection still works, by the cheapest call that its scopes allow.
    pub(super) async fn check_account(&self, account: &str) -> Result<(), Problem> {
        let grants = self.grants_of(account).await?;
        let held = |path: &&str| grants.iter().any(|grant| allows(&grant.scopes, path));
        let mut outcome = Err(ProblemCode::ScopeMissing.into());
        for path in CHEAPEST.into_iter().filter(held) {
            // What can't be read may be anybody's answer.
            outcome = match path {
                Profile::PATH => self.profile(account).await.map(drop),
                Wallet::PATH => self.wallet(account).await.map(drop),
                _ => self.read(account, path, &[], KycStatus::parse).await.map(drop),
            };
            // One grant's record is gone; another grant may still work.
            if !outcome.as_ref().is_err_and(|problem: &Problem| of_record(problem.code)) {
                break;
            }
        }
        self.note(account, outcome.as_ref().err()).await?;
        outcome
    }

    async fn fetch(&self, account: &str, section: Section) -> Result<SectionView, Problem> {
        match section {
            Section::Profile => Ok(SectionView::Profile(reads::profile(&self.profile(account).await?))),
            Section::Kyc => {
                let status = self.read(account, KycStatus::PATH, &[], KycStatus::parse).await?;
                // The limits have an endpoint of their own, of open shape; without it those of the status are shown.
                let limits = match self.read(account, KycLimits::PATH, &[], KycLimits::parse).await {
                    Ok(limits) => Some(limits),
                    Err(Problem { code: ProblemCode::AnswerUnreadable, .. }) => None,
                    Err(problem) => return Err(problem),
                };
                Ok(SectionView::Kyc(reads::kyc(&status, limits.as_ref())))
            }
            Section::Wallet => Ok(SectionView::Wallet(reads::wallet(&self.wallet(account).await?))),
            Section::Transactions => {
                let body = match self.call(account, Transactions::PATH, LATEST).await? {
                    Some(body) => body,
                    // Monei's pages name two paths for it.
                    None => self.call(account, Transactions::OTHER_PATH, LATEST).await?.ok_or(ProblemCode::AnswerUnreadable)?,
                };
                Ok(SectionView::Transactions(reads::transactions(&Transactions::parse(&body).map_err(unreadable)?)))
            }
        }
    }

    async fn profile(&self, account: &str) -> Result<Profile, Problem> {
        let profile = self.read(account, Profile::PATH, &[], Profile::parse).await?;
        let told = profile.clone();
        let known = move |row: &mut AccountRow| {
            row.name = told.name().or(row.name.take());
            row.user_id = told.id.or(row.user_id.take());
            row.email = told.email.or(row.email.take());
        };
        self.remember(account, known).await?;
        Ok(profile)
    }

    async fn wallet(&self, account: &str) -> Result<Wallet, Problem> {
        let wallet = self.read(account, Wallet::PATH, &[], Wallet::parse).await?;
        let told = wallet.id().map(str::to_owned);
        self.remember(account, move |row| row.wallet_id = told.or(row.wallet_id.take())).await?;
        Ok(wallet)
    }

    async fn read<T>(
        &self,
        account: &str,
        path: &str,
        query: &[(&str, &str)],
        parse: impl Fn(&[u8]) -> Result<T, ReadError>,
    ) -> Result<T, Problem> {
        let body = self.call(account, path, query).await?.ok_or(ProblemCode::AnswerUnreadable)?;
        parse(&body).map_err(unreadable)
    }

    /// Reads `path` with whichever grant has its scope. `None` for 404.
    async fn call(&self, account: &str, path: &str, query: &[(&str, &str)]) -> Result<Option<Body>, Problem> {
        let (permission, endpoint) = needs(path)?;
        let scope = &permission.scope;
        let grants = self.grants_of(account).await?;
        self.may_call(account)?;
        let mut outcome = Err(ProblemCode::ScopeMissing.into());
        for grant in grants.iter().filter(|grant| grant.scopes.contains(scope)) {
            outcome = self.call_with(grant, scope, endpoint, query).await;
            // Only a grant that is gone, or has lost the scope, makes room for the next one.
            let over = |code| of_record(code) || matches!(code, ProblemCode::AccessRevoked | ProblemCode::ScopeMissing);
            if !outcome.as_ref().is_err_and(|problem| over(problem.code)) {
                break;
            }
        }
        self.heed(account, &outcome);
        outcome
    }

    async fn call_with(
        &self,
        grant: &GrantRow,
        scope: &Scope,
        endpoint: &Endpoint,
        query: &[(&str, &str)],
    ) -> Result<Option<Body>, Problem> {
        let api = self.api().await?;
        let mut refused = None;
        loop {
            let record = self.usable(grant, refused).await?;
            if !record.scopes.contains(scope) {
                return Err(ProblemCode::ScopeMissing.into());
            }
            match api.get(endpoint, &record.access, query, self.now()).await {
                Verdict::Answer(body) => {
                    self.inner.refreshing.one_taken(&grant.id);
                    return Ok(Some(body));
                }
                Verdict::NotFound => return Ok(None),
                // A token that Monei has just given: its trouble, not a revocation.
                Verdict::Unauthorized if refused.is_some() => {
                    self.inner.refreshing.fresh_one_refused(&grant.id, self.clock());
                    return Err(ProblemCode::ProviderUnavailable.into());
                }
                // And so it has been for a while.
                Verdict::Unauthorized if self.inner.refreshing.all_refused(&grant.id, self.clock()) => {
                    return Err(ProblemCode::ProviderUnavailable.into());
                }
                // Expired, stale or revoked: one refresh tells which.
                Verdict::Unauthorized => refused = Some(record.generation),
                Verdict::Forbidden { scope: true } => return Err(ProblemCode::ScopeMissing.into()),
                Verdict::Forbidden { scope: false } => return Err(ProblemCode::LimitReached.into()),
                Verdict::Failed(problem) => return Err(problem),
            }
        }
    }

    /// Remembers who the account belongs to, for display and for comparing at the next approval.
    async fn remember(&self, account: &str, known: impl FnOnce(&mut AccountRow) + Send + 'static) -> Result<(), Problem> {
        let id = account.to_owned();
        self.index(move |index| {
            let Some(before) = index.accounts()?.into_iter().find(|row| row.id == id) else { return Ok(()) };
            let mut row = before.clone();
            known(&mut row);
            if row == before { Ok(()) } else { index.put_account(&row) }
        })
        .await
    }

    /// Shows on the account how the last call went.
    pub(super) async fn note(&self, account: &str, problem: Option<&Problem>) -> Result<(), Problem> {
        let (id, at) = (account.to_owned(), self.now());
        let code = problem.map(|problem| problem.code);
        let missing = self.state().missing.clone();
        self.index(move |index| {
            let Some(mut row) = index.accounts()?.into_iter().find(|row| row.id == id) else { return Ok(()) };
            match code {
                // Monei has answered for this token, if only with a no.
                None | Some(ProblemCode::LimitReached) => {
                    row.health = StoredHealth::Connected;
                    row.checked_at = Some(at);
                }
                // Whoever that was: it says nothing against the connection, and nothing for it.
                Some(ProblemCode::AnswerUnreadable) if row.health == StoredHealth::Connected => return Ok(()),
                Some(ProblemCode::ScopeMissing | ProblemCode::AccessRevoked | ProblemCode::NoSuchAccount) => return Ok(()),
                // What Monei ended stays ended, whatever fails afterwards.
                Some(_) if matches!(row.health, StoredHealth::NeedsReconnect(_)) => return Ok(()),
                Some(code) if of_record(code) => {
                    let grants = index.grants()?;
                    let gone = |grant: &&GrantRow| missing.contains_key(&grant.id);
                    let (gone, there): (Vec<_>, Vec<_>) = grants.iter().filter(|grant| grant.account == id).partition(gone);
                    row.health = match (gone.is_empty(), there.is_empty()) {
                        (_, true) => StoredHealth::NeedsReconnect(code.name()),
                        // Some scopes are lost, which shows on them. The account works.
                        (false, false) => return Ok(()),
                        // None is gone: a newer version wrote it.
                        (true, false) => StoredHealth::Unreachable(code.name()),
                    };
                }
                Some(code) => row.health = StoredHealth::Unreachable(code.name()),
            }
            index.put_account(&row)
        })
        .await?;
        self.reload().await
    }
}

/// Whether it is one grant's record that is gone or damaged.
fn of_record(code: ProblemCode) -> bool {
    matches!(code, ProblemCode::RecordMissing | ProblemCode::RecordUnreadable)
}

fn unreadable(_: ReadError) -> Problem {
    ProblemCode::AnswerUnreadable.into()
}
