//! Whose approval it was, and where its grant belongs. A new grant never attaches to another person's account unasked.

use monei::read::{Profile, Wallet};
use monei::{Scope, ScopeSet};

use super::Connections;
use super::grants::{Unassigned, display_name, forget_unassigned};
use crate::api::{Api, Body, Verdict};
use crate::failpoint::failpoint;
use crate::index::{AccountRow, GrantRow, IndexError, ScopeMark, StoredHealth, Tables};
use crate::problem::{Problem, ProblemCode};
use crate::proof::random_text;
use crate::vault::GrantRecord;
use crate::view::{ActivityEvent, Conflict, Decision, Stage};

/// A stored grant that has no account yet.
pub(super) struct Approved {
    pub(super) run: u64,
    pub(super) held: Unassigned,
    pub(super) record: GrantRecord,
    pub(super) requested: ScopeSet,
    pub(super) target: Option<String>,
}

/// An approval that waits for the person's decision. The tokens are in the vault.
pub(super) struct Undecided {
    pub(super) held: Unassigned,
    run: u64,
    requested: ScopeSet,
    target: Option<String>,
    who: Identity,
    conflict: Conflict,
}

/// What Monei tells of who approved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Identity {
    user_id: Option<String>,
    wallet_id: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

/// Where a grant belongs.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Into(String),
    Ask(Conflict),
}

impl Identity {
    /// Whether the account is this person's; `None` where nothing can be compared.
    fn owns(&self, row: &AccountRow) -> Option<bool> {
        let compare = |a: &Option<String>, b: &Option<String>| Some(a.as_ref()? == b.as_ref()?);
        compare(&self.user_id, &row.user_id).or_else(|| compare(&self.wallet_id, &row.wallet_id))
    }

    fn display_name(&self) -> Option<String> {
        self.name.clone().or_else(|| self.email.clone())
    }
}

impl Undecided {
    /// Which account the decision gives the grant to; `None` for a new one.
    fn account(&self, decision: Decision) -> Result<Option<String>, ProblemCode> {
        match (decision, &self.conflict) {
            (Decision::Merge, Conflict::AlreadyConnected { existing, .. } | Conflict::OtherUser { existing: Some(existing), .. }) => {
                Ok(Some(existing.clone()))
            }
            (Decision::Merge, Conflict::UnknownUser { .. }) => Ok(self.target.clone()),
            (
                Decision::AddAsAccount,
                Conflict::NewUser { .. } | Conflict::UnknownUser { .. } | Conflict::OtherUser { existing: None, .. },
            ) => Ok(None),
            _ => Err(ProblemCode::InvalidInput),
        }
    }
}

fn place(target: Option<&str>, rows: &[AccountRow], who: &Identity) -> Result<Place, ProblemCode> {
    let own = rows.iter().find(|row| who.owns(row) == Some(true));
    let Some(target) = target else {
        return Ok(Place::Ask(match own {
            Some(row) => Conflict::AlreadyConnected { existing: row.id.clone(), name: display_name(row) },
            None => Conflict::NewUser { approved_by: who.name.clone(), email: who.email.clone() },
        }));
    };
    // The account may have been disconnected meanwhile.
    let row = rows.iter().find(|row| row.id == target).ok_or(ProblemCode::NoSuchAccount)?;
    let other = |existing: Option<&AccountRow>| {
        Place::Ask(Conflict::OtherUser {
            expected: display_name(row),
            approved_by: who.display_name(),
            existing: existing.map(|existing| existing.id.clone()),
        })
    };
    Ok(match (who.owns(row), own) {
        (Some(true), _) => Place::Into(row.id.clone()),
        (Some(false), existing) => other(existing),
        (None, Some(existing)) => other(Some(existing)),
        (None, None) => Place::Ask(Conflict::UnknownUser { expected: display_name(row) }),
    })
}

impl Connections {
    /// Finds out who approved, and puts the grant where it belongs, or asks. A new account is always asked about.
    pub(super) async fn place(&self, approved: Approved) -> Result<(), Problem> {
        let who = self.identify(&approved.record).await;
        let rows = self.index(|index| index.accounts()).await?;
        let Approved { run, held, record, requested, target } = approved;
        match place(target.as_deref(), &rows, &who) {
            Ok(Place::Into(account)) => self.assign(run, &held, record, &requested, Some(account), &who).await,
            Ok(Place::Ask(conflict)) => {
                self.leave_open(Undecided { run, held, requested, target, who, conflict });
                Ok(())
            }
            Err(code) => {
                self.discard(&held).await;
                Err(code.into())
            }
        }
    }

    /// Asks Monei who the token belongs to, as far as its scopes allow. What can't be told stays open.
    async fn identify(&self, record: &GrantRecord) -> Identity {
        let Ok(api) = self.api().await else { return Identity::default() };
        let (profile, wallet) = tokio::join!(self.ask_api(&api, record, Profile::PATH), self.ask_api(&api, record, Wallet::PATH));
        let profile = profile.and_then(|body| Profile::parse(&body).ok()).unwrap_or_default();
        let wallet = wallet.and_then(|body| Wallet::parse(&body).ok());
        Identity {
            name: profile.name(),
            user_id: profile.id,
            wallet_id: wallet.and_then(|wallet| wallet.id().map(str::to_owned)),
            email: profile.email,
        }
    }

    async fn ask_api(&self, api: &Api, record: &GrantRecord, path: &str) -> Option<Body> {
        let (permission, endpoint) = super::data::needs(path).ok()?;
        if !record.scopes.contains(&permission.scope) {
            return None;
        }
        match api.get(endpoint, &record.access, &[], self.now()).await {
            Verdict::Answer(body) => Some(body),
            _ => None,
        }
    }

    /// Gives the grant to `account`, or to a new one, and shows the outcome. If the account has been disconnected meanwhile, the grant is
    /// discarded, with [`ProblemCode::NoSuchAccount`].
    async fn assign(
        &self,
        run: u64,
        held: &Unassigned,
        mut record: GrantRecord,
        requested: &ScopeSet,
        account: Option<String>,
        who: &Identity,
    ) -> Result<(), Problem> {
        let is_new = account.is_none();
        let account = account.unwrap_or_else(random_text::<16>);
        record.account.clone_from(&account);
        self.vault().write(&held.grant, record.encode()).await?;
        failpoint!("connect.assigned");
        let at = self.now();
        let row = GrantRow {
            id: held.grant.clone(),
            account: account.clone(),
            backend: record.backend,
            scopes: record.scopes,
            granted_at: at,
            expires_at: record.expires_at,
            generation: record.generation,
        };
        let (requested, who) = (requested.clone(), who.clone());
        let missing = self.state().missing.clone();
        let assigned = self
            .index(move |index| {
                let existing = index.accounts()?.into_iter().find(|row| row.id == account);
                if existing.is_none() && !is_new {
                    return Ok(None);
                }
                let held =
                    index.grants()?.iter().filter(|row| row.account == account).fold(ScopeSet::new(), |held, row| held.union(&row.scopes));
                let account_row = known_better(existing, &account, who, at);
                index.put_account(&account_row)?;
                index.put_grant(&row)?;
                // A grant whose record is gone, and whose scopes this one has, is of no use even if the record should come back.
                let mut replaced = index.grants()?;
                replaced.retain(|old| old.account == account && missing.contains_key(&old.id) && old.scopes.is_subset(&row.scopes));
                for old in &replaced {
                    index.remove_grant(&old.id)?;
                }
                for scope in row.scopes.iter() {
                    index.clear_scope_state(&account, scope.as_str())?;
                }
                let declined = requested.difference(&row.scopes);
                mark_declined(index, &account, &declined, at)?;
                forget_unassigned(index, &row.id)?;
                let texts = |set: &ScopeSet| set.iter().map(Scope::to_string).collect::<Vec<_>>();
                let granted = texts(&requested.difference(&declined));
                let declined = texts(&declined);
                let event = if is_new {
                    ActivityEvent::Connected { granted: granted.clone(), declined: declined.clone() }
                } else {
                    ActivityEvent::Reconnected { granted: granted.clone(), declined: declined.clone() }
                };
                index.log(at, Some(&account), display_name(&account_row).as_deref(), &event)?;
                let extra = texts(&row.scopes.difference(&requested).difference(&held));
                Ok(Some((Stage::Done { account, granted, declined, extra }, replaced)))
            })
            .await?;
        let Some((stage, replaced)) = assigned else {
            self.discard(held).await;
            return Err(ProblemCode::NoSuchAccount.into());
        };
        for old in replaced {
            self.state().missing.remove(&old.id);
            if let Err(error) = self.vault().delete(&old.id).await {
                tracing::warn!(%error, "a damaged entry could not be removed");
            }
        }
        self.reload().await?;
        self.show(run, stage);
        Ok(())
    }

    /// The person's decision about an approval that belongs to nobody they expected.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] when nothing waits or the decision doesn't fit; else what went wrong, with the decision still open.
    /// An account that is gone by now ends the run instead, as the view shows.
    pub async fn decide(&self, decision: Decision) -> Result<(), Problem> {
        self.asked(self.carry_out(decision)).await
    }

    async fn carry_out(&self, decision: Decision) -> Result<(), Problem> {
        let (undecided, account) = {
            let mut state = self.state();
            let undecided = state.undecided.take().ok_or(ProblemCode::InvalidInput)?;
            if decision == Decision::Discard {
                state.run += 1;
                state.transaction = None;
                (undecided, None)
            } else {
                match undecided.account(decision) {
                    Ok(account) => {
                        if let Some(transaction) = &mut state.transaction {
                            transaction.stage = Stage::Finishing;
                        }
                        (undecided, account)
                    }
                    Err(code) => {
                        state.undecided = Some(undecided);
                        return Err(code.into());
                    }
                }
            }
        };
        self.publish();
        if decision == Decision::Discard {
            self.discard(&undecided.held).await;
            return Ok(());
        }
        let assigned = match self.read_record(&undecided.held.grant).await {
            Ok(record) => self.assign(undecided.run, &undecided.held, record, &undecided.requested, account, &undecided.who).await,
            Err(problem) => Err(problem),
        };
        match assigned {
            Err(problem) if problem.code == ProblemCode::NoSuchAccount => {
                // There is nothing left to decide about.
                self.show(undecided.run, Stage::Failed { problem });
                return Ok(());
            }
            Err(_) => self.leave_open(undecided),
            Ok(()) => {}
        }
        assigned
    }

    /// Leaves it to the person where the grant belongs. If the program ends meanwhile, the next start discards it.
    fn leave_open(&self, undecided: Undecided) {
        {
            let mut state = self.state();
            if state.run != undecided.run {
                return;
            }
            if let Some(transaction) = &mut state.transaction {
                transaction.stage = Stage::Decide { conflict: undecided.conflict.clone() };
            }
            state.undecided = Some(undecided);
        }
        self.publish();
    }
}

/// The account's row with what the new approval tells of its owner.
fn known_better(existing: Option<AccountRow>, id: &str, who: Identity, at: i64) -> AccountRow {
    let row = existing.unwrap_or_else(|| AccountRow {
        id: id.to_owned(),
        user_id: None,
        wallet_id: None,
        name: None,
        email: None,
        label: None,
        connected_at: at,
        checked_at: None,
        health: StoredHealth::Connected,
    });
    let answered = who != Identity::default();
    AccountRow {
        user_id: who.user_id.or(row.user_id),
        wallet_id: who.wallet_id.or(row.wallet_id),
        name: who.name.or(row.name),
        email: who.email.or(row.email),
        checked_at: if answered { Some(at) } else { row.checked_at },
        health: StoredHealth::Connected,
        ..row
    }
}

/// Remembers that the person said no to `scopes`, but for those that the account holds all the same.
pub(super) fn mark_declined(index: &Tables<'_>, account: &str, scopes: &ScopeSet, at: i64) -> Result<(), IndexError> {
    let held = index.grants()?.into_iter().filter(|row| row.account == account).fold(ScopeSet::new(), |held, row| held.union(&row.scopes));
    for scope in scopes.difference(&held).iter() {
        index.put_scope_state(account, scope.as_str(), ScopeMark::Declined, at)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, user: Option<&str>, wallet: Option<&str>) -> AccountRow {
        let who = Identity { user_id: user.map(Into::into), wallet_id: wallet.map(Into::into), ..Identity::default() };
        known_better(None, id, who, 0)
    }

    fn who(user: Option<&str>, wallet: Option<&str>) -> Identity {
        Identity { user_id: user.map(Into::into), wallet_id: wallet.map(Into::into), name: Some("Ada".into()), email: None }
    }

    #[test]
    fn the_same_user_goes_into_the_account_asked_for() {
        let rows = [row("a", Some("u1"), None), row("b", Some("u2"), None)];
        assert_eq!(place(Some("a"), &rows, &who(Some("u1"), None)), Ok(Place::Into("a".into())));
    }

    #[test]
    fn another_user_never_attaches_unasked() {
        let rows = [row("a", Some("u1"), None), row("b", Some("u2"), None)];
        let asked = place(Some("a"), &rows, &who(Some("u2"), None)).unwrap();
        assert!(matches!(asked, Place::Ask(Conflict::OtherUser { existing: Some(b), .. }) if b == "b"));
        let asked = place(Some("a"), &rows, &who(Some("u3"), None)).unwrap();
        assert!(matches!(asked, Place::Ask(Conflict::OtherUser { existing: None, .. })));
    }

    #[test]
    fn without_a_profile_the_wallet_is_compared_and_else_the_person_is_asked() {
        let rows = [row("a", None, Some("w1"))];
        assert_eq!(place(Some("a"), &rows, &who(None, Some("w1"))), Ok(Place::Into("a".into())));
        assert!(matches!(place(Some("a"), &rows, &who(None, Some("w2"))), Ok(Place::Ask(Conflict::OtherUser { .. }))));
        assert!(matches!(place(Some("a"), &rows, &who(None, None)), Ok(Place::Ask(Conflict::UnknownUser { .. }))));
        // The profile outranks the wallet.
        let rows = [row("a", Some("u1"), Some("w1"))];
        assert!(matches!(place(Some("a"), &rows, &who(Some("u2"), Some("w1"))), Ok(Place::Ask(Conflict::OtherUser { .. }))));
    }

    #[test]
    fn connecting_a_user_twice_is_noticed() {
        let rows = [row("a", Some("u1"), None)];
        assert!(matches!(place(None, &rows, &who(Some("u1"), None)), Ok(Place::Ask(Conflict::AlreadyConnected { .. }))));
    }

    #[test]
    fn a_new_account_is_shown_with_who_approved_before_it_is_kept() {
        let rows = [row("a", Some("u1"), None)];
        for who in [who(Some("u2"), None), who(None, None)] {
            let shown = Conflict::NewUser { approved_by: Some("Ada".into()), email: None };
            assert_eq!(place(None, &rows, &who), Ok(Place::Ask(shown)));
        }
    }

    #[test]
    fn an_account_that_is_gone_takes_nothing() {
        assert_eq!(place(Some("a"), &[], &who(Some("u1"), None)), Err(ProblemCode::NoSuchAccount));
    }
}
