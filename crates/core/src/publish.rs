//! From what is known to what is shown: [`snapshot`] reads what each part tells of itself, and the rest are pure functions over that.

use std::collections::HashMap;

use monei::permission::{Effect, Endpoint};
use monei::{Scope, ScopeSet};
use url::Url;

use crate::access::is_checkable;
use crate::approval::{Approval, Approvals, Shown};
use crate::grants::vault::VaultError;
use crate::grants::{Grants, KeychainStatus, Revoked, SetAside};
use crate::ledger::{
    ActivityRow, AsideRow, Choices, Event, Known, Ledger, ReceiptRow, ScopeMark, ScopeRow, StoredHealth, StoredOutcome, StoredPreferences,
    UseRow,
};
use crate::model::feature::{FeatureId, catalogue};
use crate::model::operator::{Agreed, Claim, is_on_this_computer};
use crate::model::payment::PaymentOutcome;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{
    AccountFeature, AccountSnapshot, ActivityEvent, ActivityItem, BackendSnapshot, BackendStatus, DisconnectOutcome, EndpointEffect,
    FeatureState, Health, KeychainState, Leaving, OperatorClaim, PermissionDetails, PermissionEndpoint, PermissionEvent, PermissionMoment,
    PermissionUse, Preferences, Receipt, RunSnapshot, SetAsideFile, Snapshot, Stage,
};
use crate::model::{Channel, Environment, GrantId, Language};
use crate::provider::{Provider, Service, ServiceStatus};

/// What stays the same for the whole run.
pub(crate) struct Setup {
    /// Which Monei.
    pub environment: Environment,
    /// The program's version.
    pub version: String,
    /// The backend's address can't be changed from within.
    pub backend_managed: bool,
    /// A page about running a backend.
    pub guide: Option<Url>,
    /// What the desktop speaks.
    pub language: Language,
}

/// All that is shown. `left`: what came of it, once the person has left this computer.
pub(crate) fn snapshot(
    setup: &Setup,
    ledger: &Ledger,
    provider: &Provider,
    grants: &Grants,
    approvals: &Approvals,
    left: Option<Leaving>,
) -> Snapshot {
    let service = provider.service();
    let (known, missing) = (ledger.known(), grants.missing());
    let choices = ledger.choices();
    let around = Around { service: &service, missing: &missing, backoff_s: &|account| provider.backoff_s(account), choices: &choices };
    Snapshot {
        environment: setup.environment,
        version: setup.version.clone(),
        accounts: accounts(&known, &around),
        backend: backend(&service, setup),
        keychain: keychain(grants.keychain_status()),
        in_memory: grants.in_memory(),
        set_aside: grants.set_aside().map(set_aside),
        catalogue: catalogue(),
        transaction: approvals.read(transaction),
        preferences: preferences(approvals.channel(), choices.preferences),
        language: choices.preferences.language.unwrap_or(setup.language),
        left,
    }
}

fn backend(service: &Service, setup: &Setup) -> BackendSnapshot {
    let formerly = service.agreed.as_ref().filter(|_| !service.is_confirmed()).and_then(|Agreed(claim)| claim.as_ref());
    BackendSnapshot {
        address: service.origin(),
        on_this_computer: service.address.as_ref().is_some_and(is_on_this_computer),
        managed: setup.backend_managed,
        confirmed: service.is_confirmed(),
        operator: service.info.as_ref().map(|info| operator(&info.operator)),
        formerly: formerly.map(operator),
        guide: setup.guide.is_some(),
        scopes: service.info.as_ref().map(|info| info.scopes.iter().map(Scope::to_string).collect()).unwrap_or_default(),
        status: status(&service.status),
    }
}

/// What accounts are shown with, besides what the ledger knows.
struct Around<'a> {
    /// The backend.
    service: &'a Service,
    /// Grants whose record is gone, and since when that is known.
    missing: &'a HashMap<GrantId, i64>,
    /// Seconds for which Monei must not be called for an account.
    backoff_s: &'a dyn Fn(&str) -> Option<u64>,
    /// In which order they are shown.
    choices: &'a Choices,
}

fn accounts(known: &[Known], around: &Around<'_>) -> Vec<AccountSnapshot> {
    let mut views: Vec<AccountSnapshot> = known.iter().map(|known| account(known, around)).collect();
    // Two accounts of one person: the later one names the earlier.
    for later in 1..known.len() {
        let same = |earlier: &&Known| earlier.row.who.is_same_as(&known[later].row.who) == Some(true);
        views[later].same_user_as = known[..later].iter().find(same).map(|earlier| earlier.row.id.to_string());
    }
    views.sort_by_key(|view| around.choices.place(&view.id));
    views
}

fn account(known: &Known, around: &Around<'_>) -> AccountSnapshot {
    let Known { row, grants, .. } = known;
    let here = around.service.origin();
    let feature = |id: FeatureId| AccountFeature { id, state: feature_state(id.scope(), known, around.missing) };
    let scopes = grants.iter().fold(ScopeSet::new(), |all, grant| all.union(&grant.scopes));
    let other_scopes = scopes.iter().filter(|scope| !scope.is_known()).map(Scope::to_string).collect();
    let elsewhere = grants.iter().all(|grant| Some(&grant.backend) != here.as_ref());
    AccountSnapshot {
        id: row.id.to_string(),
        label: row.label.clone(),
        name: row.who.name.clone(),
        email: row.who.email.clone(),
        health: health(&row.health, (around.backoff_s)(&row.id), around.service),
        checkable: is_checkable(&known.in_use(&scopes)),
        connected_at: row.connected_at,
        checked_at: row.checked_at,
        features: FeatureId::all().map(feature).collect(),
        other_scopes,
        other_backend: grants.first().filter(|_| elsewhere).map(|grant| grant.backend.clone()),
        expires_at: grants.iter().map(|grant| grant.expires_at).min(),
        same_user_as: None,
    }
}

fn health(stored: &StoredHealth, backoff_s: Option<u64>, service: &Service) -> Health {
    // A code of another version says only that something is wrong.
    let problem = |code: &str| Problem::new(ProblemCode::named(code).unwrap_or(ProblemCode::AnswerUnreadable));
    match stored {
        StoredHealth::Connected => Health::Connected,
        StoredHealth::NeedsReconnect(code) => Health::NeedsReconnect { reason: problem(code) },
        StoredHealth::Unreachable(code) => {
            let mut reason = problem(code);
            if reason.code.is_of_keychain() {
                return Health::Locked { reason };
            }
            if let (ProblemCode::Busy, Some(seconds)) = (reason.code, backoff_s) {
                reason = Problem::busy(seconds);
            }
            // The ledger keeps codes alone.
            if let ServiceStatus::Problem(now) = &service.status
                && now.code == reason.code
            {
                reason.proxy.clone_from(&now.proxy);
            }
            Health::Unreachable { reason }
        }
    }
}

fn feature_state(scope: &Scope, known: &Known, missing: &HashMap<GrantId, i64>) -> FeatureState {
    let Known { grants, marks, aside, .. } = known;
    let of_scope = || grants.iter().filter(|grant| grant.scopes.contains(scope));
    let aside = aside.iter().find(|row| row.scope == scope.as_str());
    if let Some(AsideRow { at, .. }) = aside.filter(|_| of_scope().next().is_some()) {
        return FeatureState::SetAside { at: *at };
    }
    if let Some(at) = of_scope().filter(|grant| !missing.contains_key(&grant.id)).map(|grant| grant.granted_at).min() {
        return FeatureState::Enabled { at };
    }
    if let Some(at) = of_scope().find_map(|grant| missing.get(&grant.id)) {
        return FeatureState::Lost { at: *at };
    }
    match marks.iter().find(|row| row.scope == scope.as_str()) {
        // The person didn't want it any more before it ended: nothing is lost, and no reconnect asks for it unasked.
        Some(ScopeRow { mark: ScopeMark::Lost, at, .. }) if aside.is_some() => FeatureState::Declined { at: *at },
        Some(ScopeRow { mark: ScopeMark::Declined, at, .. }) => FeatureState::Declined { at: *at },
        Some(ScopeRow { mark: ScopeMark::Lost, at, .. }) => FeatureState::Lost { at: *at },
        None => FeatureState::NotAsked,
    }
}

fn status(status: &ServiceStatus) -> BackendStatus {
    match status {
        ServiceStatus::Unknown => BackendStatus::Unknown,
        ServiceStatus::Ready => BackendStatus::Ready,
        ServiceStatus::Problem(problem) => BackendStatus::Problem { problem: problem.clone() },
    }
}

/// What of a backend's claim may be shown.
fn operator(claim: &Claim) -> OperatorClaim {
    OperatorClaim {
        name: claim.shown_name().map(str::to_owned),
        host: claim.shown_host().map(str::to_owned),
        poses_as_monei: claim.poses_as_monei(),
    }
}

fn keychain(status: KeychainStatus) -> KeychainState {
    match status {
        KeychainStatus::Unknown => KeychainState::Unknown,
        KeychainStatus::Asking => KeychainState::Asking,
        KeychainStatus::Told(None) | KeychainStatus::Told(Some(VaultError::TooLong)) => KeychainState::Ready,
        KeychainStatus::Told(Some(error)) => match error {
            VaultError::Locked => KeychainState::Locked,
            VaultError::Dismissed => KeychainState::Dismissed,
            VaultError::NotSetUp => KeychainState::NotSetUp,
            VaultError::Absent => KeychainState::Absent,
            VaultError::NoBus => KeychainState::NoBus,
            VaultError::Failed => KeychainState::Failed,
            VaultError::Stopped => KeychainState::Stopped,
            VaultError::Timeout => KeychainState::Timeout,
            VaultError::Refused | VaultError::Forgets | VaultError::TooLong => KeychainState::Refused,
        },
    }
}

fn set_aside(SetAside { file, recovered }: SetAside) -> SetAsideFile {
    SetAsideFile { file, recovered }
}

fn transaction(approval: &Approval) -> Option<RunSnapshot> {
    let (about, shown) = approval.shown()?;
    let stage = match shown {
        Shown::Checking => Stage::Checking,
        Shown::Waiting(browsing) => Stage::Waiting {
            expires_at: browsing.expires_at,
            browser_failed: browsing.browser_failed,
            links_elsewhere: browsing.links_elsewhere,
        },
        Shown::Finishing { cancellable } => Stage::Finishing { cancellable },
        Shown::Deciding(conflict) => Stage::Decide { conflict: conflict.clone() },
        Shown::Done(account, placed) => Stage::Done {
            account: account.to_string(),
            granted: placed.granted.clone(),
            declined: placed.declined.clone(),
            extra: placed.extra.clone(),
        },
        Shown::Failed(problem) => Stage::Failed { problem: problem.clone() },
    };
    let channel: Channel = about.channel;
    let requested = about.requested.iter().map(Scope::to_string).collect();
    Some(RunSnapshot { account: about.account.as_deref().map(str::to_owned), requested, channel, stage })
}

pub(crate) fn activity(row: ActivityRow) -> ActivityItem {
    let event = match row.event {
        Event::Connected { granted, declined } => ActivityEvent::Connected { granted, declined },
        Event::Reconnected { granted, declined } => ActivityEvent::Reconnected { granted, declined },
        Event::Refreshed => ActivityEvent::Refreshed,
        Event::Revoked { scopes } => ActivityEvent::Revoked { scopes },
        Event::TakenBack { scopes, along, by } => ActivityEvent::TakenBack { scopes, along, by },
        Event::SetAside { scopes, by } => ActivityEvent::SetAside { scopes, by },
        Event::SwitchedOn { scopes, by } => ActivityEvent::SwitchedOn { scopes, by },
        Event::Contradicted { scopes } => ActivityEvent::Contradicted { scopes },
        Event::Disconnected { confirmed, by } => ActivityEvent::Disconnected { confirmed, by },
        Event::Failed { code } => ActivityEvent::Failed { code },
        Event::BackendChanged { address } => ActivityEvent::BackendChanged { address },
        Event::AppAllowed { app, scopes } => ActivityEvent::AppAllowed { app, scopes },
        Event::AppNarrowed { app, scopes } => ActivityEvent::AppNarrowed { app, scopes },
        Event::AppExtended { app, scopes } => ActivityEvent::AppExtended { app, scopes },
        Event::AppTakenBack { app } => ActivityEvent::AppTakenBack { app },
        Event::Payment { app, amount, currency, to, reference, outcome } => {
            ActivityEvent::Payment { app, amount, currency, to, reference, outcome: payment_outcome(outcome) }
        }
        Event::Unknown => ActivityEvent::Unknown,
    };
    ActivityItem { at: row.at, account: row.account.as_deref().map(str::to_owned), account_name: row.account_name, event }
}

fn payment_outcome(stored: StoredOutcome) -> PaymentOutcome {
    match stored {
        StoredOutcome::Done => PaymentOutcome::Done,
        StoredOutcome::Refused => PaymentOutcome::Refused,
        StoredOutcome::NotSent => PaymentOutcome::NotSent,
        StoredOutcome::Unknown => PaymentOutcome::Unknown,
    }
}

pub(crate) fn receipt(row: ReceiptRow) -> Receipt {
    let ReceiptRow { number, at, account, name, approved_by, email, service, operator, allowed, left_off, extra } = row;
    let account = account.as_deref().map(str::to_owned);
    Receipt { number, at, account, name, approved_by, email, service, operator, allowed, left_off, extra }
}

fn preferences(channel: Channel, stored: StoredPreferences) -> Preferences {
    let StoredPreferences { theme, language, hide_amounts, reminders, keep_alive, close_to_tray, notifications } = stored;
    Preferences { channel, theme, language, hide_amounts, reminders, keep_alive, close_to_tray, notifications }
}

/// What is known of one permission: from the table, the history of its account, and the record of its uses. `along` is what would end with it.
pub(crate) fn permission(id: FeatureId, activity: &[ActivityRow], uses: &[UseRow], along: &ScopeSet) -> PermissionDetails {
    let scope = id.scope().as_str();
    let endpoint = |endpoint: &Endpoint| PermissionEndpoint {
        call: format!("{} {}", endpoint.method.as_str(), endpoint.path),
        effect: match endpoint.effect {
            Effect::Reads => EndpointEffect::Reads,
            Effect::Receives => EndpointEffect::Receives,
            Effect::Spends => EndpointEffect::Spends,
        },
    };
    let has = |scopes: &[String]| scopes.iter().any(|each| each == scope);
    let moment = |row: &ActivityRow| {
        let event = match &row.event {
            Event::Connected { granted, .. } | Event::Reconnected { granted, .. } if has(granted) => PermissionEvent::Granted,
            Event::Connected { declined, .. } | Event::Reconnected { declined, .. } if has(declined) => PermissionEvent::Declined,
            Event::TakenBack { scopes, .. } if has(scopes) => PermissionEvent::TakenBack,
            Event::SetAside { scopes, .. } if has(scopes) => PermissionEvent::SetAside,
            Event::SwitchedOn { scopes, .. } if has(scopes) => PermissionEvent::SwitchedOn,
            Event::Revoked { scopes } | Event::Contradicted { scopes } | Event::TakenBack { along: scopes, .. } if has(scopes) => {
                PermissionEvent::Lost
            }
            _ => return None,
        };
        Some(PermissionMoment { at: row.at, event })
    };
    let mut summed: Vec<PermissionUse> = Vec::new();
    for row in uses.iter().filter(|row| row.permission == scope) {
        let count = u32::try_from(row.count).unwrap_or(u32::MAX);
        let failed = if row.outcome == UseRow::OK { 0 } else { count };
        match summed.iter_mut().find(|known| known.caller == row.caller && known.call == row.endpoint) {
            Some(known) => {
                known.count = known.count.saturating_add(count);
                known.failed = known.failed.saturating_add(failed);
                known.first_at = known.first_at.min(row.first_at);
                known.last_at = known.last_at.max(row.last_at);
            }
            None => summed.push(PermissionUse {
                caller: row.caller.clone(),
                call: row.endpoint.clone(),
                count,
                failed,
                first_at: row.first_at,
                last_at: row.last_at,
            }),
        }
    }
    summed.sort_by_key(|used| std::cmp::Reverse(used.last_at));
    PermissionDetails {
        endpoints: id.endpoints().iter().map(endpoint).collect(),
        history: activity.iter().filter_map(moment).collect(),
        uses: summed,
        along: along.iter().map(Scope::to_string).collect(),
    }
}

pub(crate) fn disconnected((worst, gone): (Revoked, bool)) -> DisconnectOutcome {
    match (worst, gone) {
        (Revoked::Confirmed, _) => DisconnectOutcome::Revoked,
        (_, true) => DisconnectOutcome::Removed,
        (Revoked::Unconfirmed(problem), false) => DisconnectOutcome::Unconfirmed { problem },
        (Revoked::Impossible, false) => DisconnectOutcome::Unrevocable,
    }
}
