//! Where a run is, and the steps from there. A step that isn't allowed is refused by name, and changes nothing.

use monei::ScopeSet;
use tokio::sync::mpsc;
use url::Url;

use super::undecided::Undecided;
use crate::ledger::Placed;
use crate::model::answer::Handoff;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::Conflict;
use crate::model::{AccountId, Caller, Channel, TransactionId};

/// Where the present run is.
#[derive(Default)]
pub enum Approval {
    /// There is none.
    #[default]
    Idle,
    /// Keychain, disk and backend are checked, so that nobody approves what can't be kept.
    Checking(About),
    /// The person is in the browser.
    Waiting(About, Browsing),
    /// An answer is being redeemed or stored. While it may still come to nothing, the wait goes on behind it.
    Redeeming(About, Option<Browsing>),
    /// It is stored, and the person says where it belongs.
    Deciding(About, Undecided),
    /// It is over.
    Ended(About, Outcome),
}

/// What a run is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its number in this run of the program.
    pub run: u64,
    /// Who began it.
    pub caller: Caller,
    /// The account that it is for; `None` for a new one.
    pub account: Option<AccountId>,
    /// What is asked for.
    pub requested: ScopeSet,
    /// How the browser's answer comes back.
    pub channel: Channel,
}

/// What is known while the person is in the browser.
#[derive(Clone)]
pub struct Browsing {
    /// First 22 characters of the challenge.
    pub transaction: TransactionId,
    /// The address that the browser was opened with, with the way back through the listener.
    pub loopback_link: Option<Url>,
    /// The same with the way back by a link.
    pub deep_link: Url,
    /// Takes answers. Dropped, it ends the wait.
    pub answers: mpsc::Sender<Handoff>,
    /// When it ends by itself, in milliseconds since the Unix epoch.
    pub expires_at: i64,
    /// The browser could not be opened.
    pub browser_failed: bool,
    /// App links were chosen, and don't come back to this program.
    pub links_elsewhere: bool,
    /// Why an answer came to nothing. A better one may come.
    pub refused: Option<Problem>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A grant is in an account.
    Done(AccountId, Placed),
    /// Without effect.
    Failed(Problem),
}

/// What a person sees of a run.
pub enum Shown<'a> {
    /// Being checked.
    Checking,
    /// In the browser.
    Waiting(&'a Browsing),
    /// Being redeemed or stored.
    Finishing {
        /// It may still come to nothing.
        cancellable: bool,
    },
    /// Being decided about.
    Deciding(&'a Conflict),
    /// A grant is in an account.
    Done(&'a AccountId, &'a Placed),
    /// Without effect.
    Failed(&'a Problem),
}

/// A step that isn't allowed where the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("can't {step} while {at}")]
pub struct Illegal {
    /// The step.
    pub step: &'static str,
    /// Where the run is.
    pub at: &'static str,
}

impl Approval {
    /// What it is for.
    pub fn about(&self) -> Option<&About> {
        match self {
            Self::Idle => None,
            Self::Checking(about)
            | Self::Waiting(about, _)
            | Self::Redeeming(about, _)
            | Self::Deciding(about, _)
            | Self::Ended(about, _) => Some(about),
        }
    }

    /// What a person sees of it.
    pub fn shown(&self) -> Option<(&About, Shown<'_>)> {
        let shown = match self {
            Self::Idle => return None,
            Self::Checking(_) => Shown::Checking,
            Self::Waiting(_, Browsing { refused: Some(problem), .. }) => Shown::Failed(problem),
            Self::Waiting(_, browsing) => Shown::Waiting(browsing),
            Self::Redeeming(_, browsing) => Shown::Finishing { cancellable: browsing.is_some() },
            Self::Deciding(_, undecided) => Shown::Deciding(&undecided.conflict),
            Self::Ended(_, Outcome::Done(account, placed)) => Shown::Done(account, placed),
            Self::Ended(_, Outcome::Failed(problem)) => Shown::Failed(problem),
        };
        Some((self.about()?, shown))
    }

    /// Its name in a refusal.
    fn name(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Checking(_) => "checking",
            Self::Waiting(..) => "waiting",
            Self::Redeeming(..) => "redeeming",
            Self::Deciding(..) => "deciding",
            Self::Ended(..) => "ended",
        }
    }
}

/// The present run, and what outlives one.
pub(super) struct Runs {
    approval: Approval,
    /// How the browser's answer comes back first.
    pub(super) channel: Channel,
    /// Counts runs, so that a task of an older one can tell that it isn't meant any more.
    count: u64,
    /// The transaction that was finished last: the browser may bring its answer once more.
    pub(super) finished: Option<TransactionId>,
    /// No run may begin: the backend is being changed.
    blocked: bool,
}

impl Runs {
    pub(super) fn new(channel: Channel) -> Self {
        Self { approval: Approval::Idle, channel, count: 0, finished: None, blocked: false }
    }

    pub(super) fn approval(&self) -> &Approval {
        &self.approval
    }

    /// Whether `run` is the present one.
    pub(super) fn is_present(&self, run: u64) -> bool {
        self.approval.about().is_some_and(|about| about.run == run)
    }

    /// A new run. An earlier one that waits ends here, and its verifier with it.
    pub(super) fn begin(&mut self, caller: &Caller, account: Option<AccountId>, requested: ScopeSet) -> Result<u64, Illegal> {
        if self.blocked || matches!(self.approval, Approval::Redeeming(..) | Approval::Deciding(..)) {
            return Err(self.illegal("begin"));
        }
        self.count += 1;
        self.approval = Approval::Checking(About { run: self.count, caller: caller.clone(), account, requested, channel: self.channel });
        Ok(self.count)
    }

    /// Goes on with a run of an earlier start of the program, of which nothing is known yet.
    pub(super) fn resume(&mut self) -> Result<u64, Illegal> {
        if self.blocked
            || !matches!(self.approval, Approval::Idle | Approval::Ended(..) | Approval::Waiting(_, Browsing { refused: Some(_), .. }))
        {
            return Err(self.illegal("resume"));
        }
        self.count += 1;
        let about =
            About { run: self.count, caller: Caller::Window, account: None, requested: ScopeSet::new(), channel: Channel::DeepLink };
        self.approval = Approval::Redeeming(about, None);
        Ok(self.count)
    }

    /// Asks about a stored grant that no run has brought.
    pub(super) fn ask_about(&mut self, account: AccountId, undecided: impl FnOnce(u64) -> Undecided) -> Result<(), Illegal> {
        if self.blocked || !matches!(self.approval, Approval::Idle) {
            return Err(self.illegal("ask"));
        }
        self.count += 1;
        let undecided = undecided(self.count);
        let requested = undecided.requested.clone();
        self.approval = Approval::Deciding(
            About { run: self.count, caller: Caller::Window, account: Some(account), requested, channel: self.channel },
            undecided,
        );
        Ok(())
    }

    /// The browser is opened now. `about` tells what a resumed run is for.
    pub(super) fn wait(&mut self, about: About, browsing: Browsing) -> Result<(), Illegal> {
        match &self.approval {
            Approval::Checking(now) | Approval::Redeeming(now, None) if now.run == about.run => {
                self.approval = Approval::Waiting(about, browsing);
                Ok(())
            }
            _ => Err(self.illegal("wait")),
        }
    }

    /// An answer is being redeemed.
    pub(super) fn redeem(&mut self, run: u64) -> Result<(), Illegal> {
        match std::mem::take(&mut self.approval) {
            Approval::Waiting(about, browsing) if about.run == run => {
                self.approval = Approval::Redeeming(about, Some(browsing));
                Ok(())
            }
            same @ Approval::Redeeming(..) if same.about().is_some_and(|about| about.run == run) => {
                self.approval = same;
                Ok(())
            }
            other => {
                self.approval = other;
                Err(self.illegal("redeem"))
            }
        }
    }

    /// Nothing came of the answers so far; `refused` says why, where that is known. The wait goes on.
    pub(super) fn wait_on(&mut self, run: u64, refused: Option<Problem>) -> Result<(), Illegal> {
        match std::mem::take(&mut self.approval) {
            Approval::Redeeming(about, Some(browsing)) if about.run == run => {
                let refused = refused.or(browsing.refused.clone());
                self.approval = Approval::Waiting(about, Browsing { refused, ..browsing });
                Ok(())
            }
            other => {
                self.approval = other;
                Err(self.illegal("wait on"))
            }
        }
    }

    /// An answer gave tokens: nothing is waited for any more, and it can't be cancelled. False where it was: they are to be taken back.
    pub(super) fn store(&mut self, run: u64) -> bool {
        if let Approval::Redeeming(about, browsing @ Some(_)) = &mut self.approval
            && about.run == run
        {
            *browsing = None;
        }
        self.is_present(run)
    }

    /// The person decides about what is stored. Gives it back where the run isn't the present one any more.
    pub(super) fn leave_open(&mut self, undecided: Undecided) -> Result<(), Box<Undecided>> {
        match std::mem::take(&mut self.approval) {
            Approval::Redeeming(about, None) if about.run == undecided.run => {
                self.approval = Approval::Deciding(about, undecided);
                Ok(())
            }
            other => {
                self.approval = other;
                Err(Box::new(undecided))
            }
        }
    }

    /// The person has decided: it is carried out.
    pub(super) fn carry_out(&mut self, fits: impl FnOnce(&Undecided) -> bool) -> Result<Undecided, Illegal> {
        match std::mem::take(&mut self.approval) {
            Approval::Deciding(about, undecided) if fits(&undecided) => {
                self.approval = Approval::Redeeming(about, None);
                Ok(undecided)
            }
            other => {
                self.approval = other;
                Err(self.illegal("decide so"))
            }
        }
    }

    /// The run is over. False, with nothing changed, if it isn't the present one any more.
    pub(super) fn end(&mut self, run: u64, outcome: Outcome) -> bool {
        match std::mem::take(&mut self.approval) {
            Approval::Checking(about) | Approval::Waiting(about, _) | Approval::Redeeming(about, _) if about.run == run => {
                self.approval = Approval::Ended(about, outcome);
                true
            }
            other => {
                self.approval = other;
                false
            }
        }
    }

    /// A stored grant was taken back on the person's decision: there is nothing left to show.
    pub(super) fn forget(&mut self, run: u64) {
        if matches!(&self.approval, Approval::Redeeming(about, None) if about.run == run) {
            self.approval = Approval::Idle;
        }
    }

    /// Shows why nothing comes of a link, unless there is something to see already.
    pub(super) fn tell(&mut self, problem: Problem) -> Result<(), Illegal> {
        if !matches!(self.approval, Approval::Idle) {
            return Err(self.illegal("tell"));
        }
        self.count += 1;
        let about =
            About { run: self.count, caller: Caller::Window, account: None, requested: ScopeSet::new(), channel: Channel::DeepLink };
        self.approval = Approval::Ended(about, Outcome::Failed(problem));
        Ok(())
    }

    /// The person doesn't want it any more. Too late once it is being stored. Gives what is to be taken back; what an answer that is being
    /// redeemed still gives is taken back by whoever redeems it ([`Runs::store`]).
    pub(super) fn cancel(&mut self) -> Result<Option<Undecided>, Illegal> {
        match std::mem::take(&mut self.approval) {
            Approval::Deciding(_, undecided) => Ok(Some(undecided)),
            Approval::Checking(_) | Approval::Waiting(..) | Approval::Ended(..) => Ok(None),
            Approval::Redeeming(_, Some(browsing)) => {
                // The browser may bring the answer once more while that goes on.
                self.finished = Some(browsing.transaction);
                Ok(None)
            }
            other => {
                self.approval = other;
                Err(self.illegal("cancel"))
            }
        }
    }

    /// Takes an outcome off the screen. After a refusal this also ends the wait for a better answer.
    pub(super) fn dismiss(&mut self) -> Result<(), Illegal> {
        match self.approval {
            Approval::Ended(..) | Approval::Waiting(_, Browsing { refused: Some(_), .. }) => {
                self.approval = Approval::Idle;
                Ok(())
            }
            _ => Err(self.illegal("dismiss")),
        }
    }

    /// The program ends: nothing is waited for or decided any more. What is being redeemed or stored goes on.
    pub(super) fn close(&mut self) {
        self.blocked = true;
        if !matches!(self.approval, Approval::Redeeming(..)) {
            self.approval = Approval::Idle;
        } else if let Approval::Redeeming(_, browsing) = &mut self.approval {
            *browsing = None;
        }
    }

    /// No run may begin until [`Runs::unblock`]. Allowed where none is under way; a wait for a better answer ends.
    pub(super) fn block(&mut self) -> Result<(), Illegal> {
        match self.approval {
            _ if self.blocked => Err(self.illegal("change the backend")),
            Approval::Idle | Approval::Ended(..) => {
                self.blocked = true;
                Ok(())
            }
            Approval::Waiting(_, Browsing { refused: Some(_), .. }) => {
                let refused = std::mem::take(&mut self.approval);
                if let Approval::Waiting(about, Browsing { refused: Some(problem), .. }) = refused {
                    self.approval = Approval::Ended(about, Outcome::Failed(problem));
                }
                self.blocked = true;
                Ok(())
            }
            _ => Err(self.illegal("change the backend")),
        }
    }

    pub(super) fn unblock(&mut self) {
        self.blocked = false;
    }

    /// What is known while the person is in the browser.
    pub(super) fn browsing(&mut self) -> Option<(&mut About, &mut Browsing)> {
        match &mut self.approval {
            Approval::Waiting(about, browsing) | Approval::Redeeming(about, Some(browsing)) => Some((about, browsing)),
            _ => None,
        }
    }

    fn illegal(&self, step: &'static str) -> Illegal {
        Illegal { step, at: if self.blocked { "no run may begin" } else { self.approval.name() } }
    }
}

impl From<Illegal> for Problem {
    fn from(illegal: Illegal) -> Self {
        tracing::info!(%illegal, "a step was refused");
        match illegal.step {
            "begin" | "resume" | "change the backend" => ProblemCode::AnotherInProgress.into(),
            _ => ProblemCode::InvalidInput.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browsing(refused: Option<Problem>) -> Browsing {
        let deep_link = Url::parse("https://connect.example.test/v1/start").unwrap();
        let (answers, _) = mpsc::channel(1);
        Browsing {
            transaction: "tx".into(),
            loopback_link: None,
            deep_link,
            answers,
            expires_at: 1,
            browser_failed: false,
            links_elsewhere: false,
            refused,
        }
    }

    fn waiting(runs: &mut Runs) -> u64 {
        let run = runs.begin(&Caller::Window, None, ScopeSet::new()).unwrap();
        let about = runs.approval().about().unwrap().clone();
        runs.wait(about, browsing(None)).unwrap();
        run
    }

    #[test]
    fn what_is_being_redeemed_is_not_replaced_or_outlived_by_its_backend_nor_cancelled_once_it_is_stored() {
        let mut runs = Runs::new(Channel::Loopback);
        let run = waiting(&mut runs);
        runs.redeem(run).unwrap();
        assert_eq!(runs.begin(&Caller::Window, None, ScopeSet::new()), Err(Illegal { step: "begin", at: "redeeming" }));
        assert_eq!(runs.block(), Err(Illegal { step: "change the backend", at: "redeeming" }));
        assert!(runs.store(run));
        assert_eq!(runs.cancel().err(), Some(Illegal { step: "cancel", at: "redeeming" }));
        assert_eq!(runs.wait_on(run, None), Err(Illegal { step: "wait on", at: "redeeming" }));
        assert!(runs.end(run, Outcome::Failed(ProblemCode::TimedOut.into())));
        runs.block().unwrap();
        assert!(runs.begin(&Caller::Window, None, ScopeSet::new()).is_err() && runs.resume().is_err());
        runs.unblock();
        runs.begin(&Caller::Window, None, ScopeSet::new()).unwrap();
    }

    #[test]
    fn what_is_redeemed_after_it_was_cancelled_is_not_stored_also_where_another_run_has_begun() {
        let mut runs = Runs::new(Channel::Loopback);
        let run = waiting(&mut runs);
        runs.redeem(run).unwrap();
        assert!(runs.cancel().unwrap().is_none() && matches!(runs.approval(), Approval::Idle));
        assert_eq!(runs.finished.as_deref(), Some("tx"));
        assert!(!runs.store(run));
        let next = waiting(&mut runs);
        runs.redeem(next).unwrap();
        assert!(!runs.store(run) && matches!(runs.approval(), Approval::Redeeming(_, Some(_))) && runs.store(next));
    }

    #[test]
    fn the_backend_is_not_changed_while_it_is_being_checked() {
        let mut runs = Runs::new(Channel::Loopback);
        runs.begin(&Caller::Window, None, ScopeSet::new()).unwrap();
        assert_eq!(runs.block(), Err(Illegal { step: "change the backend", at: "checking" }));
    }

    #[test]
    fn a_refusal_is_shown_while_the_wait_goes_on_and_a_true_answer_still_counts() {
        let mut runs = Runs::new(Channel::Loopback);
        let run = waiting(&mut runs);
        runs.redeem(run).unwrap();
        runs.wait_on(run, Some(ProblemCode::Declined.into())).unwrap();
        assert!(matches!(runs.approval().shown(), Some((_, Shown::Failed(problem))) if problem.code == ProblemCode::Declined));
        runs.redeem(run).unwrap();
        assert!(matches!(runs.approval().shown(), Some((_, Shown::Finishing { cancellable: true }))));
    }

    #[test]
    fn a_task_of_an_older_run_changes_nothing() {
        let mut runs = Runs::new(Channel::Loopback);
        let old = waiting(&mut runs);
        let new = waiting(&mut runs);
        assert!(!runs.end(old, Outcome::Failed(ProblemCode::TimedOut.into())) && !runs.is_present(old) && runs.is_present(new));
        assert!(runs.redeem(old).is_err() && runs.wait_on(old, None).is_err());
    }
}
