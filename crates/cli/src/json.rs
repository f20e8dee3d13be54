//! What programs get with `--json`: one object on standard output. Its fields are documented in `docs/moneictl.md`; new ones may come,
//! none goes away or changes its meaning.

use connect_core::feature::FeatureId;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{AccountSnapshot, ActivityEvent, ActivityItem, Environment, FeatureState, Health, Snapshot};
use connect_core::{App, UseRow};
use serde::Serialize;

use crate::text::rfc3339;

/// `accounts --json` and `status --json`.
#[derive(Debug, Serialize)]
pub struct Accounts {
    version: String,
    environment: Environment,
    service: Service,
    accounts: Vec<Account>,
}

#[derive(Debug, Serialize)]
struct Service {
    address: Option<String>,
    confirmed: bool,
}

#[derive(Debug, Serialize)]
struct Account {
    id: String,
    label: Option<String>,
    name: Option<String>,
    email: Option<String>,
    health: &'static str,
    problem: Option<ProblemCode>,
    retry_after_s: Option<u32>,
    connected_at: Option<String>,
    checked_at: Option<String>,
    token_expires_at: Option<String>,
    other_service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<Vec<Permission>>,
    granted: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Permission {
    scope: String,
    state: &'static str,
    since: Option<String>,
}

/// `activity --json`.
#[derive(Debug, Serialize)]
pub struct Activity {
    activity: Vec<Line>,
}

#[derive(Debug, Serialize)]
struct Line {
    at: Option<String>,
    account: Option<String>,
    account_name: Option<String>,
    #[serde(flatten)]
    event: ActivityEvent,
}

impl Accounts {
    /// `accounts`, of all that `view` has; with each permission where `whole`.
    pub fn of<'a>(view: &Snapshot, accounts: impl Iterator<Item = &'a AccountSnapshot>, whole: bool) -> Self {
        Self {
            version: view.version.clone(),
            environment: view.environment,
            service: Service { address: view.backend.address.clone(), confirmed: view.backend.confirmed },
            accounts: accounts.map(|account| Account::of(account, whole)).collect(),
        }
    }
}

impl Account {
    fn of(account: &AccountSnapshot, whole: bool) -> Self {
        let (health, problem) = health(&account.health);
        let known = account.features.iter().filter(|feature| matches!(feature.state, FeatureState::Enabled { .. }));
        let granted = known.map(|feature| feature.id.scope().to_string()).chain(account.other_scopes.iter().cloned()).collect();
        let permission = |id: FeatureId, state: &FeatureState| {
            let (state, at) = state_word(state);
            Permission { scope: id.scope().to_string(), state, since: at.and_then(rfc3339) }
        };
        Self {
            id: account.id.clone(),
            label: account.label.clone(),
            name: account.name.clone(),
            email: account.email.clone(),
            health,
            problem: problem.map(|problem| problem.code),
            retry_after_s: problem.and_then(|problem| problem.retry_after_s),
            connected_at: rfc3339(account.connected_at),
            checked_at: account.checked_at.and_then(rfc3339),
            token_expires_at: account.expires_at.and_then(rfc3339),
            other_service: account.other_backend.clone(),
            permissions: whole.then(|| account.features.iter().map(|feature| permission(feature.id, &feature.state)).collect()),
            granted,
        }
    }
}

impl Activity {
    /// Of these lines.
    pub fn of(items: Vec<ActivityItem>) -> Self {
        let line =
            |item: ActivityItem| Line { at: rfc3339(item.at), account: item.account, account_name: item.account_name, event: item.event };
        Self { activity: items.into_iter().map(line).collect() }
    }
}

/// `app list --json`.
#[derive(Debug, Serialize)]
pub struct Apps {
    apps: Vec<OneApp>,
}

#[derive(Debug, Serialize)]
struct OneApp {
    id: String,
    app: String,
    account: String,
    scopes: Vec<String>,
    until: Option<String>,
    created_at: Option<String>,
    taken_back_at: Option<String>,
    last_used_at: Option<String>,
    uses: u64,
    allowed: bool,
}

/// `app log --json`.
#[derive(Debug, Serialize)]
pub struct AppLog {
    uses: Vec<Use>,
}

#[derive(Debug, Serialize)]
struct Use {
    account: String,
    permission: String,
    endpoint: String,
    outcome: String,
    count: u64,
    first_at: Option<String>,
    last_at: Option<String>,
}

impl Apps {
    /// Of these, as they are at `now_ms`.
    pub fn of(apps: &[App], now_ms: i64) -> Self {
        let one = |app: &App| OneApp {
            id: app.id.to_string(),
            app: app.name.clone(),
            account: app.account.to_string(),
            scopes: app.scopes.iter().map(ToString::to_string).collect(),
            until: app.until.and_then(rfc3339),
            created_at: rfc3339(app.created_at),
            taken_back_at: app.taken_back_at.and_then(rfc3339),
            last_used_at: app.last_used_at.and_then(rfc3339),
            uses: app.uses,
            allowed: app.is_allowed(now_ms),
        };
        Self { apps: apps.iter().map(one).collect() }
    }
}

impl AppLog {
    /// Of these rows.
    pub fn of(rows: &[UseRow]) -> Self {
        let one = |row: &UseRow| Use {
            account: row.account.to_string(),
            permission: row.permission.clone(),
            endpoint: row.endpoint.clone(),
            outcome: row.outcome.clone(),
            count: row.count,
            first_at: rfc3339(row.first_at),
            last_at: rfc3339(row.last_at),
        };
        Self { uses: rows.iter().map(one).collect() }
    }
}

/// A health's word, and why.
pub fn health(health: &Health) -> (&'static str, Option<&Problem>) {
    match health {
        Health::Connected => ("connected", None),
        Health::NeedsReconnect { reason } => ("needs_reconnect", Some(reason)),
        Health::Unreachable { reason } => ("unreachable", Some(reason)),
        Health::Locked { reason } => ("locked", Some(reason)),
    }
}

/// A state's word, and since when.
pub fn state_word(state: &FeatureState) -> (&'static str, Option<i64>) {
    match state {
        FeatureState::Enabled { at } => ("granted", Some(*at)),
        FeatureState::NotAsked => ("not_asked", None),
        FeatureState::Declined { at } => ("declined", Some(*at)),
        FeatureState::Lost { at } => ("lost", Some(*at)),
        FeatureState::SetAside { at } => ("set_aside", Some(*at)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::accounts::tests::view;

    /// Every field's name, however deep.
    fn names(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| {
                into.push(name.clone());
                names(value, into);
            }),
            Value::Array(items) => items.iter().for_each(|item| names(item, into)),
            _ => {}
        }
    }

    #[test]
    fn every_field_is_documented() {
        let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/moneictl.md")).unwrap();
        let view = view();
        let scopes = || vec!["wallet:read".to_owned()];
        let events = [
            ActivityEvent::Connected { granted: scopes(), declined: scopes() },
            ActivityEvent::Revoked { scopes: scopes() },
            ActivityEvent::TakenBack { scopes: scopes(), along: scopes(), by: None },
            ActivityEvent::SetAside { scopes: scopes(), by: "window".to_owned() },
            ActivityEvent::Disconnected { confirmed: true, by: Some("window".to_owned()) },
            ActivityEvent::Failed { code: "declined".into() },
            ActivityEvent::BackendChanged { address: "https://connect.example.test".into() },
        ];
        let items = events.map(|event| ActivityItem { at: 0, account: None, account_name: None, event });
        let mut all = Vec::new();
        names(&serde_json::to_value(Accounts::of(&view, view.accounts.iter(), true)).unwrap(), &mut all);
        names(&serde_json::to_value(Activity::of(items.into())).unwrap(), &mut all);
        let app = App {
            id: "a".into(),
            name: "Budget".into(),
            account: "one".into(),
            scopes: monei::ScopeSet::new(),
            until: Some(1),
            created_at: 0,
            taken_back_at: None,
            over_tcp: false,
            last_used_at: None,
            uses: 0,
        };
        let row = UseRow {
            day: 0,
            caller: "app:a".into(),
            account: "one".into(),
            permission: "wallet:read".into(),
            endpoint: "GET /wallet/me".into(),
            outcome: "ok".into(),
            count: 1,
            first_at: 0,
            last_at: 0,
        };
        let told = serde_json::to_value(Apps::of(&[app], 1)).unwrap();
        assert_eq!(told["apps"][0]["allowed"], false, "its time is over");
        names(&told, &mut all);
        names(&serde_json::to_value(AppLog::of(&[row])).unwrap(), &mut all);
        assert!(all.len() > 30, "{all:?}");
        for name in all {
            assert!(docs.contains(&format!("`{name}`")), "{name} isn't in docs/moneictl.md");
        }
    }

    #[test]
    fn programs_get_the_permissions_in_moneis_words() {
        let view = view();
        let told = serde_json::to_value(Accounts::of(&view, view.accounts.iter(), true)).unwrap();
        let account = &told["accounts"][0];
        assert_eq!(account["health"], "needs_reconnect");
        assert_eq!(account["problem"], "access_revoked");
        assert_eq!(account["permissions"][0]["scope"], "profile:read");
        assert_eq!(account["permissions"][0]["state"], "granted");
        assert_eq!(account["permissions"][0]["since"], "2026-01-15T09:00:00Z");
        let short = serde_json::to_value(Accounts::of(&view, view.accounts.iter(), false)).unwrap();
        assert!(short["accounts"][0].get("permissions").is_none() && short["accounts"][0]["granted"][0] == "profile:read");
    }
}
