//! A run from its beginning to the browser, and what a person does about one that waits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use url::Url;

use super::Approvals;
use super::loopback::Loopback;
use super::redeem::{Answered, Answers, End, MAX_TRIES};
use super::state::{About, Approval, Browsing, Outcome};
use crate::clock::Since;
use crate::failpoint::failpoint;
use crate::grants::WAIT;
use crate::grants::vault::PendingRecord;
use crate::ledger::NotGranted;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::proof::{PathNonce, Verifier};
use crate::model::{AccountId, Caller, Channel, TransactionId, scopes};
use crate::provider::backend::BackendClient;

/// A deadline on the wall clock that is off by more than this, in milliseconds: the clock was set.
const SET_MS: u64 = 2_000;
/// Most scopes asked for at once.
const MAX_REQUESTED: usize = 16;
impl Approvals {
    /// Asks for the approval of `scopes`, and of nothing else: for a new account, or for one that is there. Returns once under way; the rest
    /// shows in the snapshot.
    ///
    /// # Errors
    /// What keeps it from starting; nothing has changed then.
    pub fn begin(&self, caller: &Caller, account: Option<AccountId>, scopes: &[String]) -> Result<(), Problem> {
        let scopes = scopes::parse(scopes)?;
        if !(1..=MAX_REQUESTED).contains(&scopes.len()) {
            return Err(ProblemCode::InvalidInput.into());
        }
        let backend = self.provider().backend()?;
        let about = {
            let mut runs = self.runs();
            runs.begin(caller, account, scopes)?;
            runs.approval().about().cloned().ok_or(ProblemCode::AnotherInProgress)?
        };
        self.tell();
        let this = self.clone();
        self.inner.tasks.spawn(async move {
            let verifier = Verifier::generate();
            let transaction = verifier.challenge().transaction();
            let whole = async {
                let ended = this.run(&backend, &about, verifier).await;
                this.ended(&about, &transaction, ended).await;
            };
            this.grants().asked(whole).await;
        });
        Ok(())
    }

    /// The same for an account that must be there.
    ///
    /// # Errors
    /// As [`Approvals::begin`], or [`ProblemCode::NoSuchAccount`].
    pub async fn begin_again(&self, caller: &Caller, account: AccountId, scopes: &[String]) -> Result<(), Problem> {
        self.ledger().grants_of(&account).await?;
        self.begin(caller, Some(account), scopes)
    }

    async fn run(&self, backend: &BackendClient, about: &About, verifier: Verifier) -> Result<(), End> {
        let pending = PendingRecord {
            verifier: Arc::new(verifier),
            account: about.account.as_deref().map(str::to_owned),
            scopes: about.requested.clone(),
            backend: backend.origin(),
            environment: self.inner.needs.environment,
            expires_at: self.now() + i64::try_from(WAIT.as_millis()).unwrap_or(i64::MAX),
            answers: Vec::new(),
        };
        self.checked(about, &pending).await?;
        // Earlier transactions are over now: what is left of them is taken back.
        self.take_up_answers(false).await;
        let answers = self.ask(backend, about, &pending.verifier).await?;
        self.finish(backend, about, pending, answers).await
    }

    /// The keychain, the disk and the backend, so that nobody is sent to the browser for an approval that can't be kept.
    async fn checked(&self, about: &About, pending: &PendingRecord) -> Result<(), End> {
        let (keychain, disk, backend) =
            tokio::join!(self.grants().open_transaction(pending), self.ledger().check_disk(), self.provider().ask_backend());
        keychain?;
        disk?;
        backend?;
        let service = self.provider().service();
        if !service.is_confirmed() {
            // It says now that somebody else runs it.
            return Err(ProblemCode::BackendUnconfirmed.into());
        }
        let allowed = service.info.map(|info| info.scopes).unwrap_or_default();
        if !about.requested.is_subset(&allowed) {
            return Err(ProblemCode::RequestRefused.into());
        }
        Ok(())
    }

    /// Opens the browser. Gives where its answers come from.
    async fn ask(&self, backend: &BackendClient, about: &About, verifier: &Verifier) -> Result<Answers, End> {
        let challenge = verifier.challenge();
        let deep_link = backend.start_url(challenge.as_str(), "deep-link", &about.requested);
        let needs = &self.inner.needs;
        let language = needs.ledger.choices().preferences.language.unwrap_or(needs.language);
        let prefers_links = self.runs().channel == Channel::DeepLink;
        // An answer must not be sent to whatever else has taken the scheme: chosen or not, links are a way only where they come back here.
        let links_elsewhere = prefers_links && !self.handles_links().await;
        let loopback = if prefers_links && !links_elsewhere {
            None
        } else {
            Loopback::open(&PathNonce::generate(), needs.loopback_port, language).await.ok()
        };
        let channel = if loopback.is_some() { Channel::Loopback } else { Channel::DeepLink };
        if channel == Channel::DeepLink && (links_elsewhere || (!prefers_links && !self.handles_links().await)) {
            return Err(if prefers_links { ProblemCode::DeepLinkUnavailable } else { ProblemCode::LoopbackUnavailable }.into());
        }
        let loopback_link = loopback.as_ref().map(|loopback| backend.start_url(challenge.as_str(), loopback.return_to(), &about.requested));
        let link = loopback_link.clone().unwrap_or_else(|| deep_link.clone());
        let (answers, linked) = mpsc::channel(MAX_TRIES);
        let browsing = Browsing {
            transaction: challenge.transaction(),
            loopback_link,
            deep_link,
            answers,
            expires_at: self.now() + i64::try_from(WAIT.as_millis()).unwrap_or(i64::MAX),
            browser_failed: false,
            links_elsewhere,
            refused: None,
        };
        let waits = self.runs().wait(About { channel, ..about.clone() }, browsing);
        if waits.is_err() {
            return Err(End::Cancelled);
        }
        self.tell();
        // The browser may take its time to start; the answer may come before the opener has returned.
        let opener = self.clone();
        let run = about.run;
        tokio::spawn(async move { opener.open_browser(run, link).await });
        Ok(Answers { loopback, linked, time: WAIT, first: Vec::new(), again: None })
    }

    /// Takes answers until one is an approval, stores it and puts it where it belongs.
    pub(super) async fn finish(&self, backend: &BackendClient, about: &About, pending: PendingRecord, answers: Answers) -> Result<(), End> {
        let transaction = pending.verifier.challenge().transaction();
        // Until the grant is stored or taken back the program doesn't end.
        let Answered { tokens, redeeming, under_way: _under_way } = self.answered(backend, about, pending, answers).await?;
        let is_wanted = self.runs().store(about.run);
        self.tell();
        failpoint!("connect.redeemed");
        if !is_wanted {
            self.take_back_tokens(backend, about, tokens, &transaction, redeeming).await;
            return Err(End::Cancelled);
        }
        self.runs().finished = Some(transaction.clone());
        let (orphan, record) = self.grants().hold(backend, tokens, &transaction, redeeming).await?;
        failpoint!("connect.kept");
        let placed = self.place(about, orphan, record).await;
        // The person sees the outcome first. Over in the index since it was redeemed, the transaction can't come back.
        self.grants().close_transaction(&transaction).await;
        Ok(placed?)
    }

    /// After a run: shows why nothing came of it, and takes the transaction off the list. If the program ends, it stays listed, and a link
    /// can finish it in the next run.
    pub(super) async fn ended(&self, about: &About, transaction: &TransactionId, ended: Result<(), End>) {
        match ended {
            Ok(()) | Err(End::Cancelled) => {}
            Err(End::Told(problem)) => {
                self.end(about.run, Outcome::Failed(problem));
            }
            Err(End::Failed(problem)) => {
                let code = problem.code;
                if self.end(about.run, Outcome::Failed(problem)) {
                    self.record_failure(about, code).await;
                }
            }
        }
        if !self.inner.needs.work.is_ending() {
            self.grants().close_transaction(transaction).await;
        }
    }

    /// Shows how the run ended. False, with nothing shown, if it isn't the present one any more.
    pub(super) fn end(&self, run: u64, outcome: Outcome) -> bool {
        let ended = self.runs().end(run, outcome);
        if ended {
            self.tell();
        }
        ended
    }

    /// Nothing came of an answer: the history says so while the run is the present one.
    pub(super) async fn note_failure(&self, about: &About, problem: &Problem) {
        if self.runs().is_present(about.run) {
            self.record_failure(about, problem.code).await;
        }
    }

    /// Nothing came of an answer, or of the run: the history says so, and what was declined is remembered.
    pub(super) async fn record_failure(&self, about: &About, code: ProblemCode) {
        tracing::info!(run = about.run, ?code, "no connection came of it");
        let change = NotGranted { account: about.account.clone(), code, requested: about.requested.clone() };
        if self.ledger().apply(change).await.is_err() {
            tracing::warn!("a failed connection could not be written down");
        }
    }

    /// Waits for as long as the person has, sleep of the computer included. Where its clock is set meanwhile, the time left is shown anew.
    pub(super) async fn wait_out(&self, run: u64, time: Duration) {
        let since = Since::now(self.clock());
        let show = |left: Duration| {
            let end = self.now() + i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
            {
                let mut runs = self.runs();
                match runs.browsing() {
                    Some((about, browsing)) if about.run == run && browsing.expires_at.abs_diff(end) > SET_MS => browsing.expires_at = end,
                    _ => return,
                }
            }
            self.tell();
        };
        since.passes(time, self.clock(), show).await;
    }

    async fn open_browser(&self, run: u64, link: Url) {
        let browser = Arc::clone(&self.inner.needs.browser);
        let opened = tokio::task::spawn_blocking(move || browser.open(&link)).await;
        {
            let mut runs = self.runs();
            match runs.browsing() {
                Some((about, browsing)) if about.run == run => browsing.browser_failed = !matches!(opened, Ok(Ok(()))),
                _ => return,
            }
        }
        self.tell();
    }

    /// Whether the system brings links of this program's scheme back to it.
    pub async fn handles_links(&self) -> bool {
        let browser = Arc::clone(&self.inner.needs.browser);
        tokio::task::spawn_blocking(move || browser.handles_links()).await.unwrap_or(false)
    }

    /// Whether there is a browser to open.
    pub async fn is_browser_there(&self) -> bool {
        let browser = Arc::clone(&self.inner.needs.browser);
        tokio::task::spawn_blocking(move || browser.is_there()).await.unwrap_or(false)
    }

    /// Opens the browser again with the same link.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] when nothing waits.
    pub async fn open_again(&self) -> Result<(), Problem> {
        let link = self.start_link().ok_or(ProblemCode::InvalidInput)?;
        let run = self.runs().browsing().map(|(about, _)| about.run).ok_or(ProblemCode::InvalidInput)?;
        self.open_browser(run, link).await;
        Ok(())
    }

    /// The link that the browser was opened with, for the clipboard. It must not reach the web view.
    pub fn start_link(&self) -> Option<Url> {
        let mut runs = self.runs();
        let (about, browsing) = runs.browsing()?;
        match (&browsing.loopback_link, about.channel) {
            (Some(link), Channel::Loopback) => Some(link.clone()),
            _ => Some(browsing.deep_link.clone()),
        }
    }

    /// "Browser shows an error?": the same approval, brought back by a deep link. Either answer counts.
    ///
    /// # Errors
    /// [`ProblemCode::DeepLinkUnavailable`] if the system doesn't bring such links here, [`ProblemCode::InvalidInput`] when nothing waits.
    pub async fn use_deep_link(&self) -> Result<(), Problem> {
        if self.runs().browsing().is_none() {
            return Err(ProblemCode::InvalidInput.into());
        }
        if !self.handles_links().await {
            return Err(ProblemCode::DeepLinkUnavailable.into());
        }
        match self.runs().browsing() {
            Some((about, _)) => about.channel = Channel::DeepLink,
            None => return Err(ProblemCode::InvalidInput.into()),
        }
        self.tell();
        self.open_again().await
    }

    /// Ends the run while the person is in the browser, or an answer may still come to nothing: what it gives then is taken back. An
    /// undecided approval is discarded. Too late once it is being stored.
    pub async fn cancel(&self) {
        let (undecided, transaction) = {
            let mut runs = self.runs();
            let transaction = runs.browsing().map(|(_, browsing)| browsing.transaction.clone());
            let Ok(undecided) = runs.cancel() else { return };
            (undecided, transaction)
        };
        self.grants().close_dialogs();
        self.tell();
        if let Some(transaction) = transaction {
            // At once: what is being redeemed may take a while, and no link is to finish it after a kill.
            self.grants().end_transaction(&transaction).await;
        }
        if let Some(undecided) = undecided {
            self.take_back(undecided.orphan).await;
        }
    }

    /// Takes the outcome of the last run off the screen. After a refusal this also ends the wait for a better answer.
    pub fn dismiss(&self) {
        if self.runs().dismiss().is_ok() {
            self.tell();
        }
    }

    /// The outcome of the last run goes with its account: it would lead to nothing, or to another account.
    pub fn drop_outcome_of(&self, is_gone: impl Fn(&AccountId) -> bool) {
        let mut runs = self.runs();
        let about = match runs.approval() {
            Approval::Ended(_, Outcome::Done(account, _)) => Some(account),
            Approval::Ended(about, Outcome::Failed(_)) => about.account.as_ref(),
            _ => None,
        };
        if about.is_some_and(is_gone) {
            let _dismissed = runs.dismiss();
        }
    }

    /// Lets no run begin while `change` is carried out.
    ///
    /// # Errors
    /// [`ProblemCode::AnotherInProgress`] while one is under way; else those of `change`.
    pub async fn without_runs<T>(&self, change: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
        self.runs().block()?;
        let changed = change.await;
        self.runs().unblock();
        changed
    }

    /// Waits until no run goes on behind the one that is shown, such as one that was cancelled: it may still be about to store what it takes
    /// back. False if that takes longer than `limit`.
    pub async fn tasks_end(&self, limit: Duration) -> bool {
        let tasks = &self.inner.tasks;
        tasks.close();
        let ended = tokio::time::timeout(limit, tasks.wait()).await.is_ok();
        tasks.reopen();
        ended
    }

    /// How the browser's answer comes back first.
    pub fn channel(&self) -> Channel {
        self.runs().channel
    }

    /// Changes that, for runs that begin from now on.
    pub fn set_channel(&self, channel: Channel) {
        self.runs().channel = channel;
        self.tell();
    }

    /// Reads where the present run is.
    pub fn read<T>(&self, look: impl FnOnce(&Approval) -> T) -> T {
        look(self.runs().approval())
    }

    /// The program ends: no run begins or waits any more.
    pub fn close(&self) {
        self.runs().close();
    }
}
