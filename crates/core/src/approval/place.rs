//! Whose approval it was, and where its grant belongs. A new grant never attaches to another person's account unasked, and a new
//! account is kept once the person has seen who approved.

use super::Approvals;
use super::state::{About, Outcome};
use super::undecided::Undecided;
use crate::grants::{Discarded, GrantRecord, Orphan, Redeeming};
use crate::ledger::{AccountRow, SetApartRow};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{Conflict, Decision};
use crate::model::{AccountId, Caller, Identity, TransactionId};
use crate::provider::Told;
use crate::provider::backend::{BackendClient, Tokens};

/// Where a grant belongs.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    Into(AccountId),
    Ask(Conflict),
}

fn place(target: Option<&str>, rows: &[AccountRow], who: &Identity) -> Result<Place, ProblemCode> {
    let own = rows.iter().find(|row| who.is_same_as(&row.who) == Some(true));
    let Some(target) = target else {
        return Ok(Place::Ask(match own {
            Some(row) => Conflict::AlreadyConnected { existing: row.id.to_string(), name: row.display_name() },
            None => Conflict::NewUser { approved_by: who.name.clone(), email: who.email.clone() },
        }));
    };
    // The account may have been disconnected meanwhile.
    let row = rows.iter().find(|row| *row.id == *target).ok_or(ProblemCode::NoSuchAccount)?;
    Ok(match (who.is_same_as(&row.who), own) {
        (Some(true), _) => Place::Into(row.id.clone()),
        (Some(false), existing) => Place::Ask(other_user(row.display_name(), who, existing)),
        (None, Some(existing)) => Place::Ask(other_user(row.display_name(), who, Some(existing))),
        (None, None) => Place::Ask(Conflict::UnknownUser { expected: row.display_name(), approved_by: who.display_name() }),
    })
}

/// Whether `who` is known to be none of them, and can't be told from one of them.
fn may_be_any_of(rows: &[AccountRow], who: &Identity) -> bool {
    let compared = || rows.iter().map(|row| who.is_same_as(&row.who));
    !compared().any(|same| same == Some(true)) && compared().any(|same| same.is_none())
}

fn other_user(expected: Option<String>, who: &Identity, existing: Option<&AccountRow>) -> Conflict {
    Conflict::OtherUser { expected, approved_by: who.display_name(), existing: existing.map(|row| row.id.to_string()) }
}

impl Approvals {
    /// Finds out who approved, and puts the grant where it belongs, or asks. A new account is always asked about. What can't be found out is
    /// no reason to guess: the grant is taken back.
    pub(super) async fn place(&self, about: &About, orphan: Orphan, record: GrantRecord) -> Result<(), Problem> {
        let identified = tokio::select! {
            identified = self.grants().identify(&about.caller, &record) => identified,
            // Nobody decides about it any more; the next start takes it back.
            () = self.inner.needs.work.ending() => return Ok(()),
        };
        let Told { who, in_part } = match identified {
            Ok(told) => told,
            Err(problem) => {
                self.take_back(orphan).await;
                return Err(problem);
            }
        };
        let rows: Vec<AccountRow> = match self.ledger().read(|tables| tables.accounts()).await {
            Ok(rows) => rows,
            Err(problem) => {
                self.take_back(orphan).await;
                return Err(problem);
            }
        };
        // It would be a second account of somebody who is there already, perhaps.
        if let Some(problem) = in_part.filter(|_| about.account.is_none() && may_be_any_of(&rows, &who)) {
            self.take_back(orphan).await;
            return Err(problem);
        }
        match place(about.account.as_deref(), &rows, &who) {
            Ok(Place::Into(account)) => {
                let undecided = Undecided::of(about, orphan, who, Conflict::UnknownUser { expected: None, approved_by: None });
                let (undecided, problem) = match self.assign(undecided, record, Some(account)).await {
                    Assigned::Done => return Ok(()),
                    Assigned::Failed(undecided, problem) => (undecided, problem),
                    Assigned::Gone(undecided) => (undecided, ProblemCode::NoSuchAccount.into()),
                };
                self.take_back(undecided.orphan).await;
                Err(problem)
            }
            Ok(Place::Ask(conflict)) => {
                self.leave_open(Undecided::of(about, orphan, who, conflict)).await;
                Ok(())
            }
            Err(code) => {
                self.take_back(orphan).await;
                Err(code.into())
            }
        }
    }

    /// Gives the grant to `account`, or to a new one, and shows the outcome before anything else is written.
    async fn assign(&self, undecided: Undecided, record: GrantRecord, account: Option<AccountId>) -> Assigned {
        let Undecided { caller, orphan, requested, who, .. } = &undecided;
        match self.grants().adopt(caller, orphan, &record, account, requested, who).await {
            Ok(Some((account, placed))) => {
                self.end(undecided.run, Outcome::Done(account.clone(), placed));
                self.grants().name_account(orphan, record, &account).await;
                Assigned::Done
            }
            Ok(None) => Assigned::Gone(undecided),
            Err(problem) => Assigned::Failed(undecided, problem),
        }
    }

    /// The person's decision about an approval.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] when nothing waits or the decision doesn't fit; else what went wrong, with the decision still open.
    /// An account that is gone by now ends the run instead, as the snapshot shows.
    pub async fn decide(&self, decision: Decision) -> Result<(), Problem> {
        // Begun before the end of the program, it is carried out.
        let _under_way = self.inner.needs.work.enter()?;
        let fits = |undecided: &Undecided| decision == Decision::Discard || undecided.account(decision).is_ok();
        let undecided = self.runs().carry_out(fits)?;
        self.tell();
        if decision == Decision::Discard {
            let run = undecided.run;
            if let Some(code) = self.grants().discard(undecided.orphan).await.trouble() {
                self.end(run, Outcome::Failed(code.into()));
            } else {
                self.runs().forget(run);
                self.tell();
            }
            return Ok(());
        }
        let account = undecided.account(decision)?;
        let assigned = match self.grants().stored(&undecided.orphan).await {
            Ok(record) => self.assign(undecided, record, account).await,
            Err(problem) => Assigned::Failed(undecided, problem),
        };
        match assigned {
            Assigned::Done => Ok(()),
            Assigned::Gone(undecided) => {
                // There is nothing left to decide about.
                let run = undecided.run;
                self.take_back(undecided.orphan).await;
                self.end(run, Outcome::Failed(ProblemCode::NoSuchAccount.into()));
                Ok(())
            }
            Assigned::Failed(undecided, problem) => {
                self.leave_open(undecided).await;
                Err(problem)
            }
        }
    }

    /// Takes a grant back that nobody wants.
    pub(super) async fn take_back(&self, orphan: Orphan) {
        let under_way = self.inner.needs.work.enter();
        if self.grants().discard(orphan).await == Discarded::Pending {
            tracing::warn!("Monei hasn't confirmed that an approval ended; it is asked again");
        }
        drop(under_way);
    }

    /// Takes tokens back that came after the person had cancelled, or by a second answer to one run. Until Monei confirms that, they are kept.
    /// Where it doesn't, or they can't be kept either, the person is told: they alone can end what is lost.
    pub(super) async fn take_back_tokens(
        &self,
        backend: &BackendClient,
        about: &About,
        tokens: Tokens,
        transaction: &TransactionId,
        redeeming: Option<Redeeming>,
    ) {
        match self.grants().hold(backend, tokens, transaction, redeeming).await {
            Ok((orphan, _)) => match self.grants().discard(orphan).await {
                Discarded::Gone => {}
                Discarded::Pending => {
                    // Where something else is to be seen, the history tells.
                    if !self.explain(ProblemCode::RevocationPending.into()) {
                        self.record_failure(about, ProblemCode::RevocationPending).await;
                    }
                }
                // The history tells it already.
                Discarded::Lost => {
                    self.explain(ProblemCode::ApprovalLost.into());
                }
            },
            Err(problem) if problem.code == ProblemCode::ApprovalLost => {
                self.record_failure(about, problem.code).await;
                self.explain(problem);
            }
            Err(problem) => tracing::info!(code = ?problem.code, "tokens that nobody wants couldn't be kept, and were taken back"),
        }
    }

    /// Leaves it to the person where the grant belongs. If the program ends meanwhile, the next start takes it back. A run that isn't the
    /// present one any more has nobody to ask: its grant is taken back now.
    async fn leave_open(&self, undecided: Undecided) {
        let left = self.runs().leave_open(undecided);
        match left {
            Ok(()) => self.tell(),
            Err(_) if self.inner.needs.work.is_ending() => {}
            Err(undecided) => self.take_back(undecided.orphan).await,
        }
    }

    /// Makes `call`, and then asks about what it may have set apart.
    pub async fn then_ask<T>(&self, call: impl Future<Output = T>) -> T {
        let done = call.await;
        self.ask_about_set_apart().await;
        done
    }

    /// Asks about a grant that turned out to be another person's than its account's, if there is one and nothing else is being done. Tells
    /// of one first that nobody can decide about any more.
    async fn ask_about_set_apart(&self) {
        if !self.read(|approval| approval.about().is_none()) {
            return;
        }
        if self.grants().take_lost() {
            self.explain(ProblemCode::ApprovalLost.into());
            return;
        }
        let Ok(rows) = self.ledger().set_apart().await else { return };
        for SetApartRow { grant, account, who, scopes } in rows {
            let orphan = match self.grants().hold_again(&grant).await {
                Ok(Some(orphan)) => orphan,
                // Without its record there is nothing to decide about.
                Err(Problem { code: ProblemCode::RecordMissing | ProblemCode::RecordUnreadable, .. }) => {
                    if self.grants().discard_lost(&grant).await {
                        self.explain(ProblemCode::ApprovalLost.into());
                        return;
                    }
                    continue;
                }
                // Asked about in another process, or not to be read just now.
                Ok(None) | Err(_) => continue,
            };
            let known = self.ledger().known();
            let expected = known.iter().find(|known| known.row.id == account).and_then(|known| known.row.display_name());
            let existing = known.iter().map(|known| &known.row).find(|row| who.is_same_as(&row.who) == Some(true));
            let conflict = other_user(expected, &who, existing);
            let undecided =
                |run| Undecided { orphan, run, caller: Caller::Window, requested: scopes, target: Some(account.clone()), who, conflict };
            if self.runs().ask_about(account.clone(), undecided).is_ok() {
                self.tell();
            }
            return;
        }
    }
}

/// What came of giving a grant to an account.
enum Assigned {
    Done,
    /// The account has gone, or is another person's.
    Gone(Undecided),
    Failed(Undecided, Problem),
}

impl Undecided {
    fn of(about: &About, orphan: Orphan, who: Identity, conflict: Conflict) -> Self {
        let About { run, caller, account, requested, .. } = about.clone();
        Self { orphan, run, caller, requested, target: account, who, conflict }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, user: Option<&str>, wallet: Option<&str>) -> AccountRow {
        AccountRow::new(id.into(), Identity { name: None, ..who(user, wallet) }, 0)
    }

    fn who(user: Option<&str>, wallet: Option<&str>) -> Identity {
        Identity { user_id: user.map(str::to_owned), wallet_id: wallet.map(str::to_owned), name: Some("Ada".into()), email: None }
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
