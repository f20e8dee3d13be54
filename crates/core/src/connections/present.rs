//! From what is known to what is shown: pure functions over the index's rows and the state in memory.

use std::collections::HashMap;
use std::sync::Arc;

use monei::Scope;

use super::{Connections, Options, State};
use crate::clock::Clock;
use crate::feature::{FeatureId, catalogue};
use crate::index::{AccountRow, GrantRow, IndexError, ScopeMark, ScopeRow, StoredHealth, Tables};
use crate::operator::{Claim, is_on_this_computer};
use crate::problem::{Problem, ProblemCode};
use crate::view::{AccountView, AppView, BackendStatus, BackendView, FeatureState, FeatureView, Health, KeychainState, Stage};

/// An account with its grants.
pub(super) struct Known {
    pub(super) row: AccountRow,
    pub(super) grants: Vec<GrantRow>,
}

/// Declined and lost scopes by account.
pub(super) type Marks = HashMap<String, Vec<ScopeRow>>;

pub(super) fn load(index: &Tables<'_>) -> Result<(Vec<Known>, Marks), IndexError> {
    let mut grants = index.grants()?;
    let mut marks = Marks::new();
    let mut known = Vec::new();
    for row in index.accounts()? {
        let (own, rest) = grants.into_iter().partition(|grant| grant.account == row.id);
        grants = rest;
        marks.insert(row.id.clone(), index.scope_states(&row.id)?);
        known.push(Known { row, grants: own });
    }
    Ok((known, marks))
}

pub(super) fn accounts(state: &State, clock: &dyn Clock, known: &[Known], marks: &Marks) -> Vec<AccountView> {
    let here = state.origin();
    let none = Vec::new();
    known
        .iter()
        .map(|known| {
            let mut view = account(here.as_deref(), known, marks.get(&known.row.id).unwrap_or(&none), &state.missing);
            if let Health::Unreachable { reason: reason @ Problem { code: ProblemCode::Busy, .. } } = &mut view.health
                && let Some(seconds) = state.seconds_left(&view.id, clock)
            {
                *reason = Problem::busy(seconds);
            }
            // The index keeps codes alone.
            if let (Health::Unreachable { reason }, BackendStatus::Problem { problem }) = (&mut view.health, &state.status)
                && reason.code == problem.code
            {
                reason.proxy.clone_from(&problem.proxy);
            }
            view
        })
        .collect()
}

fn account(here: Option<&str>, Known { row, grants }: &Known, marks: &[ScopeRow], missing: &HashMap<String, i64>) -> AccountView {
    let feature = |id: FeatureId| FeatureView { id, state: feature_state(id.scope(), grants, marks, missing) };
    let mut other_scopes: Vec<String> =
        grants.iter().flat_map(|grant| grant.scopes.iter()).filter(|scope| !scope.is_known()).map(Scope::to_string).collect();
    other_scopes.sort();
    other_scopes.dedup();
    let elsewhere = grants.iter().all(|grant| Some(grant.backend.as_str()) != here);
    AccountView {
        id: row.id.clone(),
        label: row.label.clone(),
        name: row.name.clone(),
        email: row.email.clone(),
        health: match &row.health {
            StoredHealth::Connected => Health::Connected,
            StoredHealth::NeedsReconnect(code) => Health::NeedsReconnect { reason: problem(code) },
            StoredHealth::Unreachable(code) => match problem(code) {
                reason @ Problem {
                    code:
                        ProblemCode::KeychainLocked
                        | ProblemCode::KeychainDismissed
                        | ProblemCode::KeychainNotSetUp
                        | ProblemCode::KeychainAbsent
                        | ProblemCode::KeychainNoBus
                        | ProblemCode::KeychainFailed
                        | ProblemCode::KeychainStopped
                        | ProblemCode::KeychainRefused
                        | ProblemCode::KeychainTimeout
                        | ProblemCode::KeychainTooLong
                        | ProblemCode::KeychainForgets
                        | ProblemCode::RecordUnreadable,
                    ..
                } => Health::Locked { reason },
                reason => Health::Unreachable { reason },
            },
        },
        checkable: grants.iter().any(|grant| super::data::CHEAPEST.iter().any(|path| super::data::allows(&grant.scopes, path))),
        connected_at: row.connected_at,
        checked_at: row.checked_at,
        features: FeatureId::all().map(feature).collect(),
        other_scopes,
        other_backend: grants.first().filter(|_| elsewhere).map(|grant| grant.backend.clone()),
        expires_at: grants.iter().map(|grant| grant.expires_at).min(),
    }
}

fn feature_state(scope: &Scope, grants: &[GrantRow], marks: &[ScopeRow], missing: &HashMap<String, i64>) -> FeatureState {
    let of_scope = || grants.iter().filter(|grant| grant.scopes.contains(scope));
    if let Some(at) = of_scope().filter(|grant| !missing.contains_key(&grant.id)).map(|grant| grant.granted_at).min() {
        return FeatureState::Enabled { at };
    }
    if let Some(at) = of_scope().find_map(|grant| missing.get(&grant.id)) {
        return FeatureState::Lost { at: *at };
    }
    match marks.iter().find(|row| row.scope == scope.as_str()) {
        Some(ScopeRow { mark: ScopeMark::Declined, at, .. }) => FeatureState::Declined { at: *at },
        Some(ScopeRow { mark: ScopeMark::Lost, at, .. }) => FeatureState::Lost { at: *at },
        None => FeatureState::NotAsked,
    }
}

fn problem(code: &str) -> Problem {
    serde_json::from_value::<ProblemCode>(code.into()).unwrap_or(ProblemCode::AnswerUnreadable).into()
}

pub(super) fn app(options: &Options, state: &State, in_memory: bool, accounts: Vec<AccountView>) -> AppView {
    let info = state.info.as_ref();
    AppView {
        environment: options.environment,
        version: options.version.clone(),
        backend: BackendView {
            address: state.origin(),
            on_this_computer: state.backend.as_ref().is_some_and(is_on_this_computer),
            managed: options.backend_managed,
            confirmed: state.confirmed(),
            operator: info.map(|info| info.operator.view()),
            formerly: state.agreed.as_ref().filter(|_| !state.confirmed()).and_then(|agreed| agreed.0.as_ref()).map(Claim::view),
            guide: options.guide.is_some(),
            scopes: info.map(|info| info.scopes.iter().map(Scope::to_string).collect()).unwrap_or_default(),
            status: state.status.clone(),
        },
        keychain: if state.dialogs.any_open() { KeychainState::Asking } else { state.keychain },
        in_memory,
        set_aside: state.set_aside.clone(),
        catalogue: catalogue(),
        accounts,
        transaction: state.transaction.clone(),
        preferences: state.preferences,
    }
}

impl Connections {
    /// Publishes what is in memory; the accounts stay as they were last loaded.
    pub(super) fn publish(&self) {
        self.publish_with(|shown| shown.to_vec());
    }

    /// What is published is read while nobody else publishes, so that nothing older ever follows. Nobody asks for the view with the state
    /// locked.
    fn publish_with(&self, accounts: impl FnOnce(&[AccountView]) -> Vec<AccountView>) {
        self.inner.view.send_if_modified(|shown| {
            let fresh = app(&self.inner.options, &self.state(), self.inner.vault.in_memory(), accounts(&shown.accounts));
            let changed = **shown != fresh;
            if changed {
                *shown = Arc::new(fresh);
            }
            changed
        });
    }

    /// The outcome of the last connection goes with its account: it would lead to nothing, or to another account.
    fn drop_outcomes_of_gone(&self, accounts: &[AccountView]) {
        let shown = self.view();
        let mut state = self.state();
        let about = state.transaction.as_ref().and_then(|transaction| match &transaction.stage {
            Stage::Done { account, .. } => Some(account),
            Stage::Failed { .. } => transaction.account.as_ref(),
            _ => None,
        });
        let is_in = |list: &[AccountView], id: &String| list.iter().any(|account| account.id == *id);
        // Only what was there a moment ago: a failure because an account had gone before is worth its words.
        if about.is_some_and(|id| is_in(&shown.accounts, id) && !is_in(accounts, id)) {
            state.transaction = None;
        }
    }

    /// Reads the accounts from the index, and publishes. One at a time: what was read first is published first.
    pub(super) async fn reload(&self) -> Result<(), Problem> {
        let _alone = self.inner.reloading.lock().await;
        let (known, marks) = self.index(load).await?;
        let accounts = accounts(&self.state(), self.clock(), &known, &marks);
        self.drop_outcomes_of_gone(&accounts);
        self.publish_with(|_| accounts);
        Ok(())
    }
}
