//! What the Apps page needs besides the core: an end in the person's time zone, a key on the clipboard, and being told of changes.

use std::collections::HashMap;
use std::time::Duration;

use connect_core::problem::ProblemCode;
use connect_core::{App, Caller, Connections, NewApp, UseRow};
use connect_local_api::{Pairings, Reach, Status};
use jiff::{ToSpan as _, Zoned};
use tauri::ipc::Channel;
use tokio::sync::watch;

use crate::clipboard::CopiedKey;
use crate::presence::Presence;
use crate::view::{ApiView, AppItem, AppState, AppsView, Lasts, PairingView, PermissionUse, Problem};

/// How soon what an app did shows.
const LOOK: Duration = Duration::from_secs(5);

/// When what lasts so long ends, in milliseconds since the Unix epoch.
///
/// # Errors
/// [`ProblemCode::InvalidInput`] for a time that no calendar has.
pub fn end(lasts: Lasts, now: &Zoned) -> Result<Option<i64>, Problem> {
    let end = match lasts {
        Lasts::Today => now.tomorrow().and_then(|tomorrow| tomorrow.start_of_day()),
        Lasts::Month => now.checked_add(30.days()),
        Lasts::Year => now.checked_add(365.days()),
        Lasts::Open => return Ok(None),
    };
    end.map(|end| Some(end.timestamp().as_millisecond())).map_err(|_| ProblemCode::InvalidInput.into())
}

/// Allows an app and puts its key on the clipboard, past the web view. Where there is no clipboard the app is taken back: nobody has its key.
///
/// # Errors
/// As [`Connections::allow_app`]; [`ProblemCode::ClipboardUnavailable`].
pub async fn allow(connections: &Connections, copied: &CopiedKey, new: NewApp) -> Result<(), Problem> {
    let (app, key) = connections.allow_app(&Caller::Window, new).await?;
    if let Err(error) = copied.put(key.expose()).await {
        tracing::warn!(%error, "the clipboard can't be written");
        connections.take_back_app(&app.id).await?;
        return Err(ProblemCode::ClipboardUnavailable.into());
    }
    Ok(())
}

/// Tells the page of the apps, now and after each change, until the page is gone. While the window is closed to the tray, what an app did
/// isn't looked for.
pub async fn tell(
    page: Channel<AppsView>,
    connections: Connections,
    mut status: watch::Receiver<Status>,
    pairings: Pairings,
    mut presence: watch::Receiver<Presence>,
) {
    let (mut views, mut requests) = (connections.subscribe(), pairings.subscribe());
    let mut told: Option<AppsView> = None;
    loop {
        let in_tray = presence.borrow_and_update().in_tray;
        let mut index = connections.index_version().await.ok();
        let mut allowed = Vec::new();
        let (now, request) = (status.borrow_and_update().clone(), requests.borrow_and_update().clone().map(pairing));
        match view(&connections, &now, request).await {
            Ok((fresh, living)) => {
                allowed = living;
                if told.as_ref() != Some(&fresh) {
                    if let Err(error) = page.send(fresh.clone()) {
                        tracing::warn!(%error, "the page can't be told of the apps");
                        return;
                    }
                    told = Some(fresh);
                }
            }
            Err(problem) => {
                tracing::warn!(code = ?problem.code, "the apps can't be read");
                index = None;
            }
        }
        let more = tokio::select! {
            changed = status.changed() => changed.is_ok(),
            changed = requests.changed() => changed.is_ok(),
            changed = views.changed() => changed.is_ok(),
            changed = presence.changed() => changed.is_ok(),
            () = moved(&connections, index, &allowed), if !in_tray => true,
        };
        if !more {
            return;
        }
    }
}

/// Waits until the index is another than that of this version, or the time of one of these apps has ended.
async fn moved(connections: &Connections, index: Option<i64>, allowed: &[App]) {
    loop {
        tokio::time::sleep(LOOK).await;
        let now = connections.index_version().await.ok();
        if now.is_none() || now != index || allowed.iter().any(|app| !connections.is_allowed(app)) {
            return;
        }
    }
}

/// What the page shows, and the apps that are allowed.
async fn view(
    connections: &Connections,
    status: &Status,
    request: Option<PairingView>,
) -> Result<(AppsView, Vec<App>), connect_core::problem::Problem> {
    let living = connections.living_apps().await?;
    let item = |app: App| {
        let state = match app.taken_back_at {
            Some(_) => AppState::TakenBack,
            None if living.iter().any(|other| other.id == app.id) => AppState::Allowed,
            None => AppState::Ended,
        };
        AppItem {
            id: app.id.to_string(),
            name: app.name,
            account: app.account.to_string(),
            scopes: app.scopes.iter().map(ToString::to_string).collect(),
            until: app.until,
            state,
            last_used_at: app.last_used_at,
            uses: u32::try_from(app.uses).unwrap_or(u32::MAX),
        }
    };
    let address = status.port.filter(|_| status.tcp == Reach::Open).map(|port| format!("http://127.0.0.1:{port}"));
    let api = ApiView { wanted: connections.is_api_wanted().await?, address, port: status.port, port_taken: status.tcp == Reach::Taken };
    let apps = connections.apps().await?.into_iter().map(item).collect();
    Ok((AppsView { apps, api, request }, living))
}

fn pairing(request: connect_local_api::PairingRequest) -> PairingView {
    let connect_local_api::PairingRequest { number, name, permissions, program } = request;
    PairingView { number, name, permissions, program }
}

/// What an app did, each kind of call in one line, latest first.
pub fn log(rows: Vec<UseRow>) -> Vec<PermissionUse> {
    let mut lines: HashMap<String, PermissionUse> = HashMap::new();
    for row in rows {
        let count = u32::try_from(row.count).unwrap_or(u32::MAX);
        let failed = if row.outcome == "ok" { 0 } else { count };
        let first = PermissionUse {
            caller: row.caller,
            call: row.endpoint.clone(),
            count: 0,
            failed: 0,
            first_at: row.first_at,
            last_at: row.last_at,
        };
        let line = lines.entry(row.endpoint).or_insert(first);
        line.count = line.count.saturating_add(count);
        line.failed = line.failed.saturating_add(failed);
        line.first_at = line.first_at.min(row.first_at);
        line.last_at = line.last_at.max(row.last_at);
    }
    let mut lines: Vec<_> = lines.into_values().collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.last_at));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_ends_at_midnight_where_the_person_is() {
        let now: Zoned = "2026-03-28T22:30:00+01:00[Europe/Berlin]".parse().unwrap();
        let midnight: Zoned = "2026-03-29T00:00:00+01:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(end(Lasts::Today, &now).unwrap(), Some(midnight.timestamp().as_millisecond()));
        assert_eq!(end(Lasts::Open, &now).unwrap(), None);
        assert!(end(Lasts::Month, &now).unwrap() < end(Lasts::Year, &now).unwrap());
    }

    #[test]
    fn what_an_app_did_is_summed_over_days_and_outcomes() {
        let row = |day: i64, outcome: &str, count| UseRow {
            day,
            caller: "app:a".into(),
            account: "x".into(),
            permission: "wallet:read".into(),
            endpoint: "GET /wallet/me".into(),
            outcome: outcome.into(),
            count,
            first_at: day * 10,
            last_at: day * 10 + 5,
        };
        let lines = log(vec![row(2, "ok", 3), row(2, "busy", 1), row(1, "ok", 4)]);
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((line.count, line.failed, line.first_at, line.last_at), (8, 1, 10, 25));
    }
}
