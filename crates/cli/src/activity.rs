//! `activity`: what happened, newest first.

use connect_app::catalogue;
use connect_core::Connections;
use connect_core::snapshot::{ActivityEvent, ActivityFilter, ActivityItem, Language};

use crate::accounts::{find, print_json};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::json::Activity;
use crate::out::{out, outln};
use crate::table;
use crate::text::{foreign, when};

/// `activity`.
pub async fn list(connections: &Connections, account: Option<&str>, all: bool, as_json: bool) -> Result<Exit, Failure> {
    let account = account.map(|word| find(&connections.view(), word).map(|account| account.id.clone())).transpose()?;
    let items = if all {
        connections.activity_where(&ActivityFilter { account, ..ActivityFilter::default() }).await?
    } else {
        connections.activity(account.as_deref()).await?
    };
    if as_json {
        return print_json(&Activity::of(items));
    }
    if items.is_empty() {
        outln!("Nothing has happened yet.");
        return Ok(Exit::Done);
    }
    let rows: Vec<[String; 3]> = items.iter().map(row).collect();
    out!("{}", table::render(["WHEN", "WHAT", ""], &rows, |_, _| None));
    Ok(Exit::Done)
}

fn row(item: &ActivityItem) -> [String; 3] {
    let who = item.account_name.as_deref().map_or_else(|| "An account".to_owned(), foreign);
    let list = |scopes: &[String]| scopes.iter().map(|scope| foreign(scope)).collect::<Vec<_>>().join(", ");
    let details = match &item.event {
        ActivityEvent::Connected { granted, declined } | ActivityEvent::Reconnected { granted, declined } => {
            let both = [("granted", granted), ("declined", declined)].into_iter().filter(|(_, scopes)| !scopes.is_empty());
            both.map(|(word, scopes)| format!("{word}: {}", list(scopes))).collect::<Vec<_>>().join("; ")
        }
        ActivityEvent::Revoked { scopes } | ActivityEvent::Contradicted { scopes } => format!("ended: {}", list(scopes)),
        ActivityEvent::TakenBack { scopes, along, .. } if along.is_empty() => format!("taken back: {}", list(scopes)),
        ActivityEvent::TakenBack { scopes, along, .. } => format!("taken back: {}; ended with it: {}", list(scopes), list(along)),
        ActivityEvent::SetAside { scopes, .. } | ActivityEvent::SwitchedOn { scopes, .. } => list(scopes),
        ActivityEvent::Disconnected { confirmed: true, .. } => "Monei confirmed".to_owned(),
        ActivityEvent::Disconnected { confirmed: false, .. } => "Monei didn’t confirm".to_owned(),
        ActivityEvent::Failed { code } => {
            code.parse().map(|code| catalogue::problem(Language::English, code).title.to_owned()).unwrap_or_default()
        }
        ActivityEvent::BackendChanged { address } => foreign(address),
        ActivityEvent::AppAllowed { scopes, .. } | ActivityEvent::AppExtended { scopes, .. } if !scopes.is_empty() => {
            format!("given: {}", list(scopes))
        }
        ActivityEvent::AppNarrowed { scopes, .. } => format!("taken back: {}", list(scopes)),
        ActivityEvent::AppAllowed { .. } | ActivityEvent::AppExtended { .. } | ActivityEvent::AppTakenBack { .. } => String::new(),
        ActivityEvent::Payment { amount, currency, to, reference, .. } => {
            let what = [amount, currency].into_iter().flatten().map(|part| foreign(part)).collect::<Vec<_>>().join(" ");
            let to = to.as_ref().map(|to| format!("to {}", foreign(to)));
            let reference = reference.as_ref().map(|reference| format!("(reference {})", foreign(reference)));
            [Some(what).filter(|what| !what.is_empty()), to, reference].into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        ActivityEvent::Refreshed | ActivityEvent::Unknown => String::new(),
    };
    [when(item.at), foreign(&catalogue::event(Language::English, &item.event, &who)), details]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_what_and_how_it_went() {
        let item = |event| ActivityItem { at: 0, account: None, account_name: Some("Ada".into()), event };
        let [_, what, details] =
            row(&item(ActivityEvent::Connected { granted: vec!["wallet:read".into()], declined: vec!["kyc:read".into()] }));
        assert_eq!((what.as_str(), details.as_str()), ("Ada was connected", "granted: wallet:read; declined: kyc:read"));
        let [_, what, details] = row(&item(ActivityEvent::Failed { code: "declined".into() }));
        assert!(what.contains("Ada") && !details.is_empty() && !details.contains("declined:"), "{what} {details}");
        // A code of a newer version.
        let [_, _, details] = row(&item(ActivityEvent::Failed { code: "of_tomorrow".into() }));
        assert_eq!(details, "");
    }
}
