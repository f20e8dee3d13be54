//! What apps may do: given, narrowed, extended, taken back.

use monei::permission::Permission;
use monei::{Scope, ScopeSet};

use super::Change;
use crate::ledger::error::IndexError;
use crate::ledger::event::Event;
use crate::ledger::rows::AccountRow;
use crate::ledger::tables::Tables;
use crate::model::app::{App, AppName, KeyHash};
use crate::model::problem::ProblemCode;
use crate::model::{AccountId, AppId};

/// The person allowed an app to use some permissions of an account.
pub struct AppAllowed {
    /// Its id.
    pub id: AppId,
    /// What the person calls it.
    pub name: AppName,
    /// Of its key.
    pub key: KeyHash,
    /// The account.
    pub account: AccountId,
    /// What it is given.
    pub scopes: ScopeSet,
    /// When that ends, in milliseconds since the Unix epoch.
    pub until: Option<i64>,
    /// Whether it is the command line itself.
    pub own: bool,
}

impl Change for AppAllowed {
    /// Why it isn't allowed: [`ProblemCode::NoSuchAccount`], [`ProblemCode::ScopeMissing`] for what the account doesn't have,
    /// [`ProblemCode::PermissionSetAside`], [`ProblemCode::AppNameTaken`], or [`ProblemCode::InvalidInput`] for no permission, an unknown one, or an end that has passed.
    type Outcome = Result<App, ProblemCode>;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<Self::Outcome, IndexError> {
        let Self { id, name, key, account, scopes, until, own } = self;
        let Some(row) = tables.account(&account)? else { return Ok(Err(ProblemCode::NoSuchAccount)) };
        if scopes.is_empty() || !is_known(&scopes) || until.is_some_and(|until| until <= now) {
            return Ok(Err(ProblemCode::InvalidInput));
        }
        if let Some(code) = not_there(tables, &account, &scopes)? {
            return Ok(Err(code));
        }
        if tables.apps()?.iter().any(|other| other.is_allowed(now) && name.looks_like(&other.name)) {
            return Ok(Err(ProblemCode::AppNameTaken));
        }
        let app = App {
            id,
            name: name.as_str().to_owned(),
            account,
            scopes,
            until,
            created_at: now,
            taken_back_at: None,
            over_tcp: false,
            last_used_at: None,
            uses: 0,
        };
        tables.add_app(&app, &key)?;
        if own {
            tables.note_own_app(&app.id)?;
        }
        log(tables, now, &app, Some(&row), &Event::AppAllowed { app: app.name.clone(), scopes: words(&app.scopes) })?;
        Ok(Ok(app))
    }
}

/// The person left an app these permissions of those that it had.
pub struct AppNarrowed {
    /// Which app.
    pub app: AppId,
    /// What it keeps.
    pub keeps: ScopeSet,
}

impl Change for AppNarrowed {
    /// [`ProblemCode::NoSuchApp`], or [`ProblemCode::InvalidInput`] where that isn't less than it has, or nothing.
    type Outcome = Result<(), ProblemCode>;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<Self::Outcome, IndexError> {
        let Some(app) = living(tables, &self.app)? else { return Ok(Err(ProblemCode::NoSuchApp)) };
        let taken = app.scopes.difference(&self.keeps);
        if self.keeps.is_empty() || taken.is_empty() || !self.keeps.is_subset(&app.scopes) {
            return Ok(Err(ProblemCode::InvalidInput));
        }
        let app = App { scopes: self.keeps, ..app };
        tables.put_app(&app)?;
        let account = tables.account(&app.account)?;
        log(tables, now, &app, account.as_ref(), &Event::AppNarrowed { app: app.name.clone(), scopes: words(&taken) })?;
        Ok(Ok(()))
    }
}

/// The person gave an app more permissions, and an end.
pub struct AppExtended {
    /// Which app.
    pub app: AppId,
    /// What it gets besides what it has. May be empty.
    pub more: ScopeSet,
    /// When what it was given ends, in milliseconds since the Unix epoch; `None`: when it is taken back.
    pub until: Option<i64>,
}

impl Change for AppExtended {
    /// [`ProblemCode::NoSuchApp`], [`ProblemCode::ScopeMissing`] for what the account doesn't have, [`ProblemCode::PermissionSetAside`], or
    /// [`ProblemCode::InvalidInput`].
    type Outcome = Result<(), ProblemCode>;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<Self::Outcome, IndexError> {
        let Some(app) = living(tables, &self.app)? else { return Ok(Err(ProblemCode::NoSuchApp)) };
        if !is_known(&self.more) || self.until.is_some_and(|until| until <= now) {
            return Ok(Err(ProblemCode::InvalidInput));
        }
        if let Some(code) = not_there(tables, &app.account, &self.more)? {
            return Ok(Err(code));
        }
        // One whose time is over may have lost its name to another.
        if !app.is_allowed(now)
            && let Some(name) = AppName::parse(&app.name)
            && tables.apps()?.iter().any(|other| other.id != app.id && other.is_allowed(now) && name.looks_like(&other.name))
        {
            return Ok(Err(ProblemCode::AppNameTaken));
        }
        let added = self.more.difference(&app.scopes);
        let app = App { scopes: app.scopes.union(&added), until: self.until, ..app };
        tables.put_app(&app)?;
        let account = tables.account(&app.account)?;
        log(tables, now, &app, account.as_ref(), &Event::AppExtended { app: app.name.clone(), scopes: words(&added) })?;
        Ok(Ok(()))
    }
}

/// The person took back what an app may do. Its key is worth nothing from now on.
pub struct AppTakenBack(pub AppId);

impl Change for AppTakenBack {
    /// False: there is no such app, or it was taken back before.
    type Outcome = bool;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<bool, IndexError> {
        let Some(app) = living(tables, &self.0)? else { return Ok(false) };
        take_back(tables, app, now)?;
        Ok(true)
    }
}

/// Another port is chosen: whoever comes to hold the old one could collect the keys that are sent there.
pub struct TcpKeysEnded;

impl Change for TcpKeysEnded {
    /// How many apps lost their key.
    type Outcome = usize;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<usize, IndexError> {
        let used: Vec<App> = tables.apps()?.into_iter().filter(|app| app.over_tcp && app.taken_back_at.is_none()).collect();
        let count = used.len();
        used.into_iter().try_for_each(|app| take_back(tables, app, now))?;
        Ok(count)
    }
}

/// A key was used over TCP.
pub struct AppReached(pub AppId);

impl Change for AppReached {
    type Outcome = ();

    fn apply(self, tables: &Tables<'_>, _: i64) -> Result<(), IndexError> {
        match tables.app(&self.0)? {
            Some(app) => tables.put_app(&App { over_tcp: true, ..app }),
            None => Ok(()),
        }
    }
}

fn take_back(tables: &Tables<'_>, app: App, now: i64) -> Result<(), IndexError> {
    let app = App { taken_back_at: Some(now), ..app };
    tables.put_app(&app)?;
    let account = tables.account(&app.account)?;
    log(tables, now, &app, account.as_ref(), &Event::AppTakenBack { app: app.name.clone() })
}

fn living(tables: &Tables<'_>, app: &str) -> Result<Option<App>, IndexError> {
    Ok(tables.app(app)?.filter(|app| app.taken_back_at.is_none()))
}

/// What Monei's side has granted to the account.
pub(super) fn granted(tables: &Tables<'_>, account: &str) -> Result<ScopeSet, IndexError> {
    Ok(tables.grants_of(account)?.iter().fold(ScopeSet::new(), |all, grant| all.union(&grant.scopes)))
}

/// Why the account can't give these; `None` where it can.
fn not_there(tables: &Tables<'_>, account: &str, scopes: &ScopeSet) -> Result<Option<ProblemCode>, IndexError> {
    if !scopes.is_subset(&granted(tables, account)?) {
        return Ok(Some(ProblemCode::ScopeMissing));
    }
    let aside = tables.aside(account)?.into_iter().any(|row| scopes.iter().any(|scope| scope.as_str() == row.scope));
    Ok(aside.then_some(ProblemCode::PermissionSetAside))
}

fn is_known(scopes: &ScopeSet) -> bool {
    scopes.iter().all(|scope| Permission::of(scope).is_some())
}

fn words(scopes: &ScopeSet) -> Vec<String> {
    scopes.iter().map(Scope::to_string).collect()
}

fn log(tables: &Tables<'_>, now: i64, app: &App, account: Option<&AccountRow>, event: &Event) -> Result<(), IndexError> {
    tables.log(now, Some(&app.account), account.and_then(AccountRow::display_name).as_deref(), event)
}
