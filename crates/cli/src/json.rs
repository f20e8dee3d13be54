//! What programs get with `--json`: one object on standard output. Its fields are documented in `docs/moneictl.md` and
//! `docs/moneictl.schema.json`; new ones may come, none goes away or changes its meaning.

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
    use connect_core::PaymentOutcome;
    use serde_json::Value;

    use super::*;
    use crate::accounts::tests::view;

    /// The definition of `name` in `docs/moneictl.schema.json`, without a field that isn't in it.
    fn refusal(name: &str, told: &Value) -> Option<String> {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/moneictl.schema.json")).unwrap();
        let mut document: Value = serde_json::from_str(&text).unwrap();
        close(&mut document);
        let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource("moneictl.json", document).unwrap();
        let index = compiler.compile(&format!("moneictl.json#/$defs/{name}"), &mut schemas).unwrap();
        schemas.validate(told, index).err().map(|error| format!("{error:#}"))
    }

    fn close(schema: &mut Value) {
        match schema {
            Value::Object(fields) => {
                fields.values_mut().for_each(close);
                if fields.get("type").is_some_and(|of| of == "object") && fields.contains_key("properties") {
                    fields.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
                }
            }
            Value::Array(items) => items.iter_mut().for_each(close),
            _ => {}
        }
    }

    fn events() -> Vec<ActivityEvent> {
        use ActivityEvent as E;
        let (scopes, app, by) = (|| vec!["wallet:read".to_owned()], || "Budget".to_owned(), || "window".to_owned());
        let paid = |outcome, text: Option<&str>| E::Payment {
            app: app(),
            amount: text.map(str::to_owned),
            currency: text.map(str::to_owned),
            to: text.map(str::to_owned),
            reference: text.map(str::to_owned),
            outcome,
        };
        vec![
            E::Connected { granted: scopes(), declined: Vec::new() },
            E::Reconnected { granted: scopes(), declined: scopes() },
            E::Refreshed,
            E::Revoked { scopes: scopes() },
            E::TakenBack { scopes: scopes(), along: scopes(), by: None },
            E::SetAside { scopes: scopes(), by: by() },
            E::SwitchedOn { scopes: scopes(), by: by() },
            E::Contradicted { scopes: scopes() },
            E::Disconnected { confirmed: true, by: Some(by()) },
            E::Failed { code: "declined".into() },
            E::BackendChanged { address: "https://connect.example.test".into() },
            E::AppAllowed { app: app(), scopes: scopes() },
            E::AppNarrowed { app: app(), scopes: scopes() },
            E::AppExtended { app: app(), scopes: scopes() },
            E::AppTakenBack { app: app() },
            paid(PaymentOutcome::Done, Some("5")),
            paid(PaymentOutcome::Refused, None),
            paid(PaymentOutcome::NotSent, Some("5")),
            paid(PaymentOutcome::Unknown, Some("5")),
            E::Unknown,
        ]
    }

    #[test]
    fn what_programs_get_is_in_the_schema() {
        let view = view();
        let of = |whole| serde_json::to_value(Accounts::of(&view, view.accounts.iter(), whole)).unwrap();
        let lines = |events: Vec<ActivityEvent>| {
            let item = |event| ActivityItem { at: 0, account: None, account_name: Some("Ada".into()), event };
            serde_json::to_value(Activity::of(events.into_iter().map(item).collect())).unwrap()
        };
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
        let apps = serde_json::to_value(Apps::of(&[app], 1)).unwrap();
        assert_eq!(apps["apps"][0]["allowed"], false, "its time is over");
        let log = serde_json::to_value(AppLog::of(&[row])).unwrap();
        let checks = connect_core::CheckName::all().iter().map(|name| connect_core::Check {
            name: *name,
            ok: false,
            needed: true,
            problem: Some(ProblemCode::Offline),
            proxy: None,
            took_ms: 1,
            skew_s: None,
        });
        let found = connect_app::diagnose::Found { environment: Environment::Sandbox, checks: checks.collect(), backend: None };
        let diagnosed = serde_json::from_str(&found.json(connect_app::catalogue::reason_in_a_terminal)).unwrap();
        let all = lines(events());
        let told = [
            ("accounts", of(false)),
            ("status", of(true)),
            ("activity", all.clone()),
            ("app_list", apps),
            ("app_log", log),
            ("diagnose", diagnosed),
        ];
        for (name, told) in &told {
            assert_eq!(refusal(name, told), None, "{name}");
            // And nothing else is: neither more than is documented, nor less, nor of another type.
            let list = told.as_object().unwrap().iter().find(|(_, value)| value.as_array().is_some_and(|list| !list.is_empty())).unwrap().0;
            let first = told[list][0].as_object().unwrap();
            for key in first.keys() {
                let mut changed = told.clone();
                changed[list][0][key] = serde_json::json!({});
                assert!(refusal(name, &changed).is_some(), "{name}: {key} of another type");
                let mut fewer = told.clone();
                fewer[list][0].as_object_mut().unwrap().remove(key);
                assert!(refusal(name, &fewer).is_some(), "{name}: without {key}");
            }
            let mut more = told.clone();
            more[list][0]["undocumented"] = Value::Bool(true);
            assert!(refusal(name, &more).is_some(), "{name}");
        }
        assert!(refusal("status", &of(false)).is_some(), "without permissions");
        assert_eq!(all["activity"].as_array().unwrap().len(), events().len());
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
