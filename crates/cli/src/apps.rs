//! `app`: other programs of the person, each with its account, its permissions and its end.

use connect_app::settings::Settings;
use connect_core::clock::{Clock as _, SystemClock};
use connect_core::problem::ProblemCode;
use connect_core::snapshot::Language;
use connect_core::{App, AppName, Caller, Connections, NewApp};
use connect_local_api::{Place, Port};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::accounts::{find, find_or_only, lacks, name, print_json};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json::{AppLog, Apps};
use crate::out::{errln, out, outln};
use crate::table;
use crate::text::{foreign, when};
use crate::words::{AppTask, Until};

const DAY_MS: i64 = 86_400_000;

/// `app`.
pub async fn app(connections: &Connections, settings: &Settings, task: AppTask) -> Result<Exit, Failure> {
    match task {
        AppTask::List { all, json } => list(connections, all, json).await,
        AppTask::Add { name, account, scopes, until } => add(connections, name, account.as_deref(), scopes, until).await,
        AppTask::Url { new } => url(connections, settings, new).await,
        AppTask::Remove { name } => {
            let app = named(connections, &name, false).await?;
            connections.take_back_app(&app.id).await?;
            outln!("{} may not use your account any more.", foreign(&app.name));
            Ok(Exit::Done)
        }
        AppTask::Log { name, json } => log(connections, &name, json).await,
    }
}

/// The port is drawn when the first app is served, and kept; or drawn anew, for a person who wants another.
async fn url(connections: &Connections, settings: &Settings, new: bool) -> Result<Exit, Failure> {
    let nothing = "There is no address yet. Allow an app, then open Monei Connections or run `moneictl serve`: a port is drawn then.";
    let port = if new {
        let (port, ended) = connect_local_api::draw_port(connections).await?;
        match ended {
            0 => {}
            1 => errln!("One key that was used over TCP has ended. Allow that app again."),
            ended => errln!("{ended} keys that were used over TCP have ended. Allow those apps again."),
        }
        port
    } else {
        match connect_local_api::port(connections, &Place::of(settings)).await? {
            Port::Undrawn => return Err(Failure::said(Exit::Other, nothing)),
            Port::Taken(_) => return Err(ProblemCode::AppsPortTaken.into()),
            Port::Ours(port) | Port::Unknown(port) => port,
        }
    };
    outln!("http://127.0.0.1:{port}");
    Ok(Exit::Done)
}

async fn list(connections: &Connections, all: bool, as_json: bool) -> Result<Exit, Failure> {
    let now = SystemClock.now_ms();
    let mut apps = connections.apps().await?;
    apps.retain(|app| all || app.is_allowed(now));
    if as_json {
        return print_json(&Apps::of(&apps, now));
    }
    if apps.is_empty() {
        outln!("No app is allowed. Allow one with: moneictl app add");
        return Ok(Exit::Done);
    }
    let view = connections.view();
    let row = |app: &App| {
        let account = find(&view, &app.account).map(|account| name(&view, account)).unwrap_or_default();
        let end = match (app.taken_back_at, app.until) {
            (Some(at), _) => format!("taken back {}", when(at)),
            (None, Some(until)) if !app.is_allowed(now) => format!("ended {}", when(until)),
            (None, Some(until)) => when(until),
            (None, None) => "taken back by you".to_owned(),
        };
        let used = app.last_used_at.map_or_else(|| "never".to_owned(), |at| format!("{} ({} calls)", when(at), app.uses));
        let scopes = app.scopes.iter().map(|scope| foreign(&scope.to_string())).collect::<Vec<_>>().join(", ");
        [foreign(&app.name), account, scopes, end, used]
    };
    let rows: Vec<[String; 5]> = apps.iter().map(row).collect();
    out!("{}", table::render(["APP", "ACCOUNT", "MAY USE", "UNTIL", "LAST USED"], &rows, |_, _| None));
    Ok(Exit::Done)
}

async fn add(connections: &Connections, app: String, account: Option<&str>, scopes: Vec<String>, until: Until) -> Result<Exit, Failure> {
    let view = connections.view();
    let account = find_or_only(&view, account)?;
    let spends = |scope: &String| scope.parse::<monei::Scope>().is_ok_and(|scope| scope.spends());
    if let Some(scope) = scopes.iter().find(|scope| spends(scope)) {
        let sentence = format!("{scope} moves money, and can’t be given in a terminal. Open Monei Connections for it.");
        return Err(Failure::said(Exit::Denied, sentence));
    }
    if let Some(failure) = scopes.iter().find_map(|scope| lacks(&view, account, scope)) {
        return Err(failure);
    }
    let reserved = AppName::parse(&app).is_some_and(|name| name.is_command_lines());
    let new = NewApp { name: app, account: account.id.clone(), scopes, until: end_of(until, SystemClock.now_ms()) };
    let (app, key) = connections.allow_app(&Caller::CommandLine, new).await.map_err(|problem| match problem.code {
        ProblemCode::InvalidInput => Failure::said(Exit::Usage, "An app’s name has 1 to 40 characters that can be seen."),
        ProblemCode::AppNameTaken if reserved => {
            Failure::said(Exit::Usage, "Names that begin with “moneictl” are for moneictl alone. Choose another name.")
        }
        _ => problem.into(),
    })?;
    let end = app.until.map_or_else(|| "you take it back".to_owned(), when);
    let name = name(&view, account);
    errln!("{} may use {name} until {end}. This is its key; it is shown this once:", foreign(&app.name));
    outln!("{}", key.expose());
    Ok(Exit::Done)
}

async fn log(connections: &Connections, word: &str, as_json: bool) -> Result<Exit, Failure> {
    let app = named(connections, word, true).await?;
    let rows = connections.app_log(&app.id).await?;
    if as_json {
        return print_json(&AppLog::of(&rows));
    }
    if rows.is_empty() {
        outln!("{} hasn’t called yet.", foreign(&app.name));
        return Ok(Exit::Done);
    }
    let row = |row: &connect_core::UseRow| {
        let outcome = row
            .outcome
            .parse()
            .map_or_else(|_| row.outcome.clone(), |code| connect_app::catalogue::problem(Language::English, code).title.to_owned());
        [when(row.last_at), foreign(&row.endpoint), foreign(&row.permission), row.count.to_string(), foreign(&outcome)]
    };
    let rows: Vec<[String; 5]> = rows.iter().map(row).collect();
    out!("{}", table::render(["LAST", "CALL", "PERMISSION", "TIMES", "OUTCOME"], &rows, |_, _| None));
    Ok(Exit::Done)
}

/// The app of that name: one that is allowed, or where `ended` is wanted too, the latest.
async fn named(connections: &Connections, word: &str, ended: bool) -> Result<App, Failure> {
    let now = SystemClock.now_ms();
    let mut apps = connections.apps().await?;
    apps.retain(|app| (&*app.id == word || app.name.to_lowercase() == word.to_lowercase()) && (ended || app.taken_back_at.is_none()));
    apps.sort_by_key(|app| (app.is_allowed(now), app.created_at));
    apps.pop().ok_or_else(|| Failure::said(Exit::Usage, "There is no such app. `moneictl app list` shows them."))
}

/// When `until` is, in milliseconds since the Unix epoch.
fn end_of(until: Until, now_ms: i64) -> Option<i64> {
    match until {
        Until::Today => {
            let now = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(TimeZone::system());
            Some(now.tomorrow().ok()?.start_of_day().ok()?.timestamp().as_millisecond())
        }
        Until::Month => Some(now_ms + 30 * DAY_MS),
        Until::Year => Some(now_ms + 365 * DAY_MS),
        Until::TakenBack => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_ends_at_midnight_and_only_taking_back_ends_the_longest() {
        let now = 1_768_467_600_000;
        let today = end_of(Until::Today, now).unwrap();
        assert!(today > now && today <= now + 25 * 3_600_000);
        assert_eq!(end_of(Until::Month, now), Some(now + 30 * DAY_MS));
        assert_eq!(end_of(Until::TakenBack, now), None);
    }
}
