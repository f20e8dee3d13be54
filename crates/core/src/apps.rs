//! What a front end may do with apps, and with the port that they reach: the rules that need more than the ledger.

use monei::{Scope, ScopeSet};

use crate::ledger::{AppAllowed, AppExtended, AppNarrowed, AppReached, AppTakenBack, Ledger, TcpKeysEnded};
use crate::model::app::{App, AppKey, AppName, KeyHash};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::proof::random_text;
use crate::model::{AppId, Caller, scopes};

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
    let keeps = scopes::parse(keeps)?;
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

/// The app whose key it is, if it is allowed now. That it came over TCP is remembered.
pub(crate) async fn of_key(ledger: &Ledger, key: &str, over_tcp: bool) -> Result<Option<App>, Problem> {
    let app = ledger.app_of_key(KeyHash::of(key)).await?;
    if let Some(App { id, over_tcp: false, .. }) = app.as_ref().filter(|_| over_tcp) {
        ledger.apply(AppReached(id.clone())).await?;
    }
    Ok(app)
}

/// Keeps `port` for the local API. Unless it was kept before, every key that was used over TCP ends; gives how many did.
pub(crate) async fn keep_port(ledger: &Ledger, port: u16) -> Result<usize, Problem> {
    // Where no port can be read, one may have been kept.
    let is_same = ledger.api_port().await? == Some(port);
    let ended = if is_same { 0 } else { ledger.apply(TcpKeysEnded).await? };
    ledger.set_api_port(port).await?;
    Ok(ended)
}

fn allowed_by(caller: &Caller, scopes: &[String]) -> Result<ScopeSet, Problem> {
    let scopes = scopes::parse(scopes)?;
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
