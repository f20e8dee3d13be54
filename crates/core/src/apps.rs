//! What a front end may do with apps: the rules that need more than the ledger.

use monei::{Scope, ScopeSet};

use crate::ledger::{AppAllowed, AppExtended, AppNarrowed, AppTakenBack, Ledger};
use crate::model::app::{App, AppKey, AppName};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::proof::random_text;
use crate::model::{AppId, Caller};

/// What the person allows an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApp {
    /// What the person calls it.
    pub name: String,
    /// The account.
    pub account: String,
    /// Scopes, in Monei's words; all of them granted to the account.
    pub scopes: Vec<String>,
    /// When it ends, in milliseconds since the Unix epoch; `None`: when it is taken back.
    pub until: Option<i64>,
}

/// Allows an app, and makes its key. `own`: it is the command line itself.
pub(crate) async fn allow(ledger: &Ledger, caller: &Caller, new: NewApp, own: bool) -> Result<(App, AppKey), Problem> {
    let NewApp { name, account, scopes, until } = new;
    let name = AppName::parse(&name).ok_or(ProblemCode::InvalidInput)?;
    if name.is_command_lines() != own {
        return Err(ProblemCode::AppNameTaken.into());
    }
    let scopes = allowed_by(caller, &scopes)?;
    let key = AppKey::generate();
    let change = AppAllowed { id: random_text::<16>().into(), name, key: key.hash(), account: account.into(), scopes, until, own };
    Ok((ledger.apply(change).await??, key))
}

/// Leaves an app less.
pub(crate) async fn narrow(ledger: &Ledger, app: &str, keeps: &[String]) -> Result<(), Problem> {
    let keeps = parse(keeps)?;
    Ok(ledger.apply(AppNarrowed { app: app.into(), keeps }).await??)
}

/// Gives an app more, or another end.
pub(crate) async fn extend(ledger: &Ledger, caller: &Caller, app: &str, more: &[String], until: Option<i64>) -> Result<(), Problem> {
    let more = allowed_by(caller, more)?;
    // What a terminal may not give it may not make last longer either.
    if let Some(row) = ledger.app(&AppId::from(app)).await? {
        allows(caller, &row.scopes)?;
    }
    Ok(ledger.apply(AppExtended { app: app.into(), more, until }).await??)
}

/// Takes back what an app may do.
pub(crate) async fn take_back(ledger: &Ledger, app: &str) -> Result<(), Problem> {
    if ledger.apply(AppTakenBack(app.into())).await? { Ok(()) } else { Err(ProblemCode::NoSuchApp.into()) }
}

fn parse(scopes: &[String]) -> Result<ScopeSet, Problem> {
    let parsed = scopes.iter().map(|scope| scope.parse::<Scope>()).collect::<Result<_, _>>();
    parsed.map_err(|_| ProblemCode::InvalidInput.into())
}

fn allowed_by(caller: &Caller, scopes: &[String]) -> Result<ScopeSet, Problem> {
    let scopes = parse(scopes)?;
    allows(caller, &scopes)?;
    Ok(scopes)
}

/// The window gives everything; a terminal gives nothing that spends; nobody else gives anything.
fn allows(caller: &Caller, scopes: &ScopeSet) -> Result<(), Problem> {
    match caller {
        Caller::Window => Ok(()),
        Caller::CommandLine if !scopes.iter().any(Scope::spends) => Ok(()),
        Caller::CommandLine | Caller::App(_) | Caller::Monitor => Err(ProblemCode::InvalidInput.into()),
    }
}
