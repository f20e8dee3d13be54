//! What the program knows without the keychain: accounts, labels, grants' scopes and expiry, what was declined or lost, history, uses,
//! settings. No token, code or secret. The keychain is the truth for tokens; where they differ this is rebuilt from it.
//!
//! [`Ledger`] is the only writer. [`Ledger::apply`] takes a [`Change`], and nothing else writes an account's health, the marks on its scopes
//! or the history.

mod cell;
mod change;
mod choices;
mod consents;
mod error;
pub mod event;
mod filesystem;
mod index;
mod open;
mod presence;
mod query;
mod rows;
mod salvage;
mod schema;
mod settings;
mod stored;
mod tables;
mod uses;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use error::IndexError;
use index::{Index, Lasts};
use monei::{Payment, Scope, ScopeSet};
use presence::Presence;

use crate::changed::Changed;
use crate::clock::Clock;
use crate::model::app::{App, KeyHash};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, AppId, Caller};

pub use change::{
    AnswerLost, AppAllowed, AppExtended, AppNarrowed, AppReached, AppTakenBack, BackendAgreed, Change, Checked, Disconnected, Forgotten,
    Found, Granted, Identified, Into, NotGranted, OpenPaymentsClosed, OrphanLost, Owner, PaymentBegun, PaymentEnded, Placed, Recovered,
    Refreshed, Renamed, Revoked, SetAside, SwitchedOn, TakenBack, TcpKeysEnded, Used,
};
pub use choices::{Choices, Moved, StoredPreferences};
pub use consents::{Kept, Looked};
pub use event::{Event, StoredOutcome};
pub use rows::{
    AccountRow, ActivityRow, AsideRow, GrantRow, OpenTransactionRow, ReceiptRow, ScopeMark, ScopeRow, SetApartRow, StoredHealth, UseRow,
};
pub use settings::Answered;
pub use tables::Tables;

/// Name of the index's file in the data folder.
pub const INDEX_FILE: &str = "index.sqlite";
/// Name of the file beside it that each process with an open index holds a lock on.
pub const LOCK_FILE: &str = "in-use.lock";

/// An account with its grants and the marks on its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The account.
    pub row: AccountRow,
    /// Its grants, oldest first.
    pub grants: Vec<GrantRow>,
    /// Declined and lost scopes.
    pub marks: Vec<ScopeRow>,
    /// Permissions that the person set aside.
    pub aside: Vec<AsideRow>,
}

impl Known {
    /// Whether the person set the permission aside.
    pub fn is_aside(&self, scope: &Scope) -> bool {
        self.aside.iter().any(|row| row.scope == scope.as_str())
    }

    /// What of `scopes` isn't set aside.
    pub fn in_use(&self, scopes: &ScopeSet) -> ScopeSet {
        scopes.iter().filter(|scope| !self.is_aside(scope)).cloned().collect()
    }
}

/// How an account stands for one use of it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The app that was asked for, if there ever was one.
    pub app: Option<App>,
    /// The account's grants, newest first; of two given at the same time the one that covers more. `None` where there is no such account.
    pub grants: Option<Vec<GrantRow>>,
    /// Whether the person set the permission aside.
    pub is_aside: bool,
}

/// The index, and what was last read of it. Cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    index: Index,
    presence: Presence,
    clock: Arc<dyn Clock>,
    changed: Changed,
    /// Held from reading the accounts to keeping them, so that nothing older follows.
    reading: Mutex<()>,
    known: Mutex<Arc<Vec<Known>>>,
    choices: Mutex<Arc<Choices>>,
}

/// An opened ledger.
pub struct Opened {
    /// The ledger.
    pub ledger: Ledger,
    /// Name of the damaged file whose accounts are to be found again in the keychain.
    pub rebuild: Option<String>,
}

impl Ledger {
    /// Opens the index in `directory`, making it where it is missing. Blocks for the disk.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`], [`ProblemCode::IndexNewer`] for one that a newer version wrote, or
    /// [`ProblemCode::OthersRunning`] while another process is removing it, or has one open that is damaged.
    pub fn open(directory: &Path, clock: Arc<dyn Clock>, changed: Changed) -> Result<Opened, Problem> {
        let path = directory.join(INDEX_FILE);
        let opened = Index::open(&path).map_err(problem)?;
        if let Some(file) = opened.set_aside.as_deref().and_then(Path::file_name) {
            tracing::warn!(?file, "the index was damaged; it was set aside and a fresh one made");
        }
        // Removed since it was opened: what would be written to it is lost.
        if !path.exists() {
            return Err(ProblemCode::OthersRunning.into());
        }
        let ledger = Self::new(opened.index, opened.presence, clock, changed)?;
        let rebuild = ledger.inner.index.read(|tables| tables.setting(schema::REBUILD)).map_err(problem)?;
        Ok(Opened { ledger, rebuild })
    }

    /// An empty ledger in this process's memory alone.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub fn in_memory(clock: Arc<dyn Clock>, changed: Changed) -> Result<Opened, Problem> {
        let index = Index::in_memory().map_err(problem)?;
        Ok(Opened { ledger: Self::new(index, Presence::alone(), clock, changed)?, rebuild: None })
    }

    fn new(index: Index, presence: Presence, clock: Arc<dyn Clock>, changed: Changed) -> Result<Self, Problem> {
        let inner =
            Inner { index, presence, clock, changed, reading: Mutex::default(), known: Mutex::default(), choices: Mutex::default() };
        let ledger = Self { inner: Arc::new(inner) };
        ledger.reread().map_err(problem)?;
        Ok(ledger)
    }

    /// Whether no other process has the index open; none can open it then until this one ends.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn claim(&self) -> Result<bool, Problem> {
        self.blocking(|inner| Ok(inner.presence.claim())).await
    }

    /// Others may open it again.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn share(&self) -> Result<(), Problem> {
        self.blocking(|inner| {
            inner.presence.share();
            Ok(())
        })
        .await
    }

    /// Removes everything from the index, and closes its file: from now on nothing is written to the disk. Where the index was claimed, no
    /// other process opens it until [`Ledger::release`].
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`]; nothing is removed then.
    pub async fn erase(&self) -> Result<(), Problem> {
        let erased = |inner: &Inner| {
            inner.index.erase()?;
            inner.reread()
        };
        self.blocking(erased).await?;
        self.inner.changed.tell();
        Ok(())
    }

    /// Closes the lock's file, which can be removed then. Other processes may open an index again.
    pub fn release(&self) {
        self.inner.presence.end();
    }

    /// Writes a change, with its line of history, in one transaction; then tells of it.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`]; nothing is written then.
    pub async fn apply<C: Change>(&self, change: C) -> Result<C::Outcome, Problem> {
        let now = self.inner.clock.now_ms();
        let apply = move |tables: &Tables<'_>| change.apply(tables, now);
        if C::IS_ABOUT_ACCOUNTS {
            return self.change(C::LASTS, apply).await;
        }
        let done = self.blocking(|inner| inner.index.write_to_last(C::LASTS, apply)).await?;
        self.inner.changed.tell();
        Ok(done)
    }

    /// The accounts as last read, oldest first.
    pub fn known(&self) -> Arc<Vec<Known>> {
        Arc::clone(&held(&self.inner.known))
    }

    /// How the person wants things shown, as last read.
    pub fn choices(&self) -> Arc<Choices> {
        Arc::clone(&held(&self.inner.choices))
    }

    /// Reads the accounts anew: another copy of this program may have changed them.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn reload(&self) -> Result<(), Problem> {
        self.blocking(|inner| inner.reread()).await?;
        self.inner.changed.tell();
        Ok(())
    }

    /// A number that is another one once anybody has written to the index since it was last asked for: this process or another. Costs less
    /// than to read what may have changed.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn version(&self) -> Result<i64, Problem> {
        self.blocking(|inner| inner.index.version()).await
    }

    /// The latest lines of history, newest first: of one account, or of all.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn activity(&self, account: Option<AccountId>, limit: u32) -> Result<Vec<ActivityRow>, Problem> {
        self.read(move |tables| tables.activity(account.as_deref(), limit)).await
    }

    /// What the account was used for, latest first.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn uses(&self, account: AccountId) -> Result<Vec<UseRow>, Problem> {
        self.read(move |tables| tables.uses(&account)).await
    }

    /// Every app that was ever allowed, oldest first.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn apps(&self) -> Result<Vec<App>, Problem> {
        self.read(|tables| tables.apps()).await
    }

    /// The apps that are allowed now.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn living_apps(&self) -> Result<Vec<App>, Problem> {
        Ok(self.apps().await?.into_iter().filter(|app| self.is_allowed(app)).collect())
    }

    /// The apps that are the command line itself and are allowed now, oldest first.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn own_apps(&self) -> Result<Vec<App>, Problem> {
        let own = self.read(|tables| tables.own_apps()).await?;
        Ok(self.living_apps().await?.into_iter().filter(|app| own.contains(&app.id)).collect())
    }

    /// One app as it is now, without what it did. Another process may have changed it a moment ago, so it is read anew each time.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn app(&self, app: &AppId) -> Result<Option<App>, Problem> {
        let app = app.clone();
        self.read(move |tables| tables.app(&app)).await
    }

    /// The app whose key it is, if that app is allowed now. Every hash is compared, whether or not one was found before it.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn app_of_key(&self, key: KeyHash) -> Result<Option<App>, Problem> {
        let now = self.inner.clock.now_ms();
        let find = move |tables: &Tables<'_>| {
            let mut found = None;
            for (app, hash) in tables.app_keys()? {
                if hash.is(&key) {
                    found = Some(app);
                }
            }
            let app = found.map(|app| tables.app(&app)).transpose()?.flatten();
            Ok(app.filter(|app| app.is_allowed(now)))
        };
        self.read(find).await
    }

    /// What an app did, latest first.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn app_log(&self, app: AppId) -> Result<Vec<UseRow>, Problem> {
        self.read(move |tables| tables.uses_by(&Caller::App(app).to_string())).await
    }

    /// When the same was last paid from the account, or may have been, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn sent_before(&self, account: &AccountId, payment: &Payment) -> Result<Option<i64>, Problem> {
        let (account, payment) = (account.clone(), payment.clone());
        self.read(move |tables| tables.sent_before(&account, &payment)).await
    }

    /// Whether the app may be used now.
    pub fn is_allowed(&self, app: &App) -> bool {
        app.is_allowed(self.inner.clock.now_ms())
    }

    /// How an account stands for one use of it. Another process may have changed it a moment ago, so it is read anew each time.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchAccount`], [`ProblemCode::IndexUnavailable`].
    pub async fn standing(&self, account: &AccountId, scope: &'static Scope, app: Option<&AppId>) -> Result<Standing, Problem> {
        let (account, app) = (account.clone(), app.cloned());
        let read = move |tables: &Tables<'_>| {
            Ok(Standing {
                app: app.map(|app| tables.app(&app)).transpose()?.flatten(),
                grants: grants_of(tables, &account)?,
                is_aside: tables.is_aside(&account, scope)?,
            })
        };
        self.read(read).await
    }

    /// The account's grants, newest first; of two given at the same time the one that covers more.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchAccount`], [`ProblemCode::IndexUnavailable`].
    pub async fn grants_of(&self, account: &AccountId) -> Result<Vec<GrantRow>, Problem> {
        let account = account.clone();
        self.read(move |tables| grants_of(tables, &account)).await?.ok_or_else(|| ProblemCode::NoSuchAccount.into())
    }

    /// Whether the person set the permission aside. Another process may have done so a moment ago, so it is read anew each time.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn is_aside(&self, account: &AccountId, scope: &'static Scope) -> Result<bool, Problem> {
        let account = account.clone();
        self.read(move |tables| tables.is_aside(&account, scope)).await
    }

    /// Reads one state of the index, off the async runtime.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tables<'_>) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.blocking(|inner| inner.index.read(work)).await
    }

    /// Writes what isn't about accounts, off the async runtime.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tables<'_>) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.blocking(|inner| inner.index.write(work)).await
    }

    /// Writes what may be about accounts, reads them anew, and tells of it.
    async fn change<T: Send + 'static>(
        &self,
        lasts: Lasts,
        work: impl FnOnce(&Tables<'_>) -> Result<T, IndexError> + Send + 'static,
    ) -> Result<T, Problem> {
        let written = move |inner: &Inner| {
            let value = inner.index.write_to_last(lasts, work)?;
            // It is written: whoever made the change must not take it for undone.
            if let Err(error) = inner.reread() {
                tracing::warn!(%error, "what was written can't be read back; the next look shows it");
            }
            Ok(value)
        };
        let done = self.blocking(written).await?;
        self.inner.changed.tell();
        Ok(done)
    }

    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> Result<T, IndexError> + Send + 'static) -> Result<T, Problem> {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(done) => done.map_err(problem),
            Err(_) => Err(ProblemCode::IndexUnavailable.into()),
        }
    }

    fn reread(&self) -> Result<(), IndexError> {
        self.inner.reread()
    }
}

impl Inner {
    fn reread(&self) -> Result<(), IndexError> {
        let _alone = held(&self.reading);
        let (known, choices) = self.index.read(|tables| Ok((load(tables)?, tables.choices()?)))?;
        *held(&self.known) = Arc::new(known);
        *held(&self.choices) = Arc::new(choices);
        Ok(())
    }
}

/// `None` where there is no such account.
fn grants_of(tables: &Tables<'_>, account: &str) -> Result<Option<Vec<GrantRow>>, IndexError> {
    if tables.account(account)?.is_none() {
        return Ok(None);
    }
    let mut grants = tables.grants_of(account)?;
    grants.sort_by_key(|grant| std::cmp::Reverse((grant.granted_at, grant.scopes.len())));
    Ok(Some(grants))
}

fn load(tables: &Tables<'_>) -> Result<Vec<Known>, IndexError> {
    let mut grants = tables.grants()?;
    let mut known = Vec::new();
    for row in tables.accounts()? {
        let (own, rest) = grants.into_iter().partition(|grant| grant.account == row.id);
        grants = rest;
        let marks = tables.scope_states(&row.id)?;
        let aside = tables.aside(&row.id)?;
        known.push(Known { row, grants: own, marks, aside });
    }
    Ok(known)
}

fn problem(error: IndexError) -> Problem {
    tracing::error!(%error, "index");
    match error {
        IndexError::Newer { .. } => ProblemCode::IndexNewer.into(),
        IndexError::InUse => ProblemCode::OthersRunning.into(),
        IndexError::Unavailable(_) => ProblemCode::IndexUnavailable.into(),
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
