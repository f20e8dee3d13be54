//! One run through the browser: from the checks beforehand to the stored grant, or to an end without effect.

use std::sync::Arc;
use std::time::Duration;

use monei::{AccessToken, Scope, ScopeSet};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use url::Url;

use super::{Connections, identity};
use crate::answer::Handoff;
use crate::backend::{BackendClient, Redeemed, TokenError, Tokens};
use crate::clock::Since;
use crate::failpoint::failpoint;
use crate::loopback::Loopback;
use crate::problem::{Problem, ProblemCode};
use crate::proof::{PathNonce, Verifier};
use crate::vault::PendingRecord;
use crate::view::{ActivityEvent, Channel, Stage, TransactionView};

/// How long a person has in the browser (Monei: a code lives ten minutes; the backend's state as long).
pub(super) const WAIT: Duration = Duration::from_secs(600);
/// How long a handoff is offered again while nothing is decided. It dies after 120 seconds.
const REDEEM_WITHIN: Duration = Duration::from_secs(100);
/// A deadline on the wall clock that is off by more than this, in milliseconds: the clock was set.
const SET_MS: u64 = 2_000;
/// Most scopes asked for at once.
const MAX_REQUESTED: usize = 16;
/// Most answers that are redeemed at the same time. More than one, so that a false one doesn't hold up the true one.
const MAX_TRIES: usize = 8;

/// What is known of the run while the person is in the browser.
pub(super) struct Pending {
    pub(super) transaction: String,
    pub(super) loopback_link: Option<Url>,
    pub(super) deep_link: Url,
    pub(super) channel: Channel,
    pub(super) answers: mpsc::Sender<Handoff>,
}

/// What one run is for.
pub(super) struct Request {
    pub(super) run: u64,
    pub(super) account: Option<String>,
    pub(super) scopes: ScopeSet,
}

/// Where answers come from, and until when they are taken.
pub(super) struct Answers {
    pub(super) loopback: Option<Loopback>,
    pub(super) linked: mpsc::Receiver<Handoff>,
    pub(super) time: Duration,
}

/// Why a run ended without a grant.
pub(super) enum End {
    /// The person cancelled, or started another.
    Cancelled,
    /// The time is over, and why nothing came of it is shown already.
    Told,
    /// It failed.
    Failed(Problem),
}

/// What came of one answer.
enum Tried {
    Tokens(Tokens),
    /// Nothing was approved, or it can't be had.
    Nothing(Problem),
    /// The backend can't open it: somebody else's.
    Foreign,
}

impl From<Problem> for End {
    fn from(problem: Problem) -> Self {
        End::Failed(problem)
    }
}

impl From<ProblemCode> for End {
    fn from(code: ProblemCode) -> Self {
        End::Failed(code.into())
    }
}

impl Connections {
    /// Asks for a new account's approval of `scopes`. Returns once under way; the rest shows in the view.
    ///
    /// # Errors
    /// What keeps it from starting; nothing has changed then.
    pub async fn connect(&self, scopes: Vec<String>) -> Result<(), Problem> {
        self.begin(None, &scopes)
    }

    /// Asks for the approval of `scopes`, and of nothing else, for an account that is there.
    ///
    /// # Errors
    /// What keeps it from starting; nothing has changed then.
    pub async fn reconnect(&self, account: &str, scopes: Vec<String>) -> Result<(), Problem> {
        self.all_grants_of(account).await?;
        self.begin(Some(account.to_owned()), &scopes)
    }

    fn begin(&self, account: Option<String>, scopes: &[String]) -> Result<(), Problem> {
        let parsed = scopes.iter().map(|text| text.parse()).collect::<Result<ScopeSet, _>>();
        let scopes = parsed.ok().filter(|set| (1..=MAX_REQUESTED).contains(&set.len())).ok_or(ProblemCode::InvalidInput)?;
        let backend = self.backend()?;
        let run = {
            let mut state = self.state();
            let finishing = matches!(state.transaction, Some(TransactionView { stage: Stage::Finishing, .. }));
            if finishing || state.undecided.is_some() {
                return Err(ProblemCode::AnotherInProgress.into());
            }
            // An earlier run that still waits ends here, and its verifier with it.
            state.run += 1;
            state.pending = None;
            state.transaction = Some(TransactionView {
                account: account.clone(),
                requested: scopes.iter().map(Scope::to_string).collect(),
                channel: state.preferences.channel,
                stage: Stage::Checking,
            });
            state.run
        };
        self.publish();
        let this = self.clone();
        tokio::spawn(async move {
            let verifier = Verifier::generate();
            let transaction = verifier.challenge().transaction().to_owned();
            let request = Request { run, account, scopes };
            this.asked(async {
                let ended = this.run(&backend, &request, verifier).await;
                this.ended(&request, &transaction, ended).await;
            })
            .await;
        });
        Ok(())
    }

    /// After a run: shows why nothing came of it, and takes the transaction off the list. If the program ends, it stays listed, and a link
    /// can finish it in the next run.
    pub(super) async fn ended(&self, request: &Request, transaction: &str, ended: Result<(), End>) {
        match ended {
            Ok(()) | Err(End::Cancelled | End::Told) => {}
            Err(End::Failed(problem)) => {
                if self.show(request.run, Stage::Failed { problem: problem.clone() }) {
                    self.note_failure(request, &problem).await;
                }
            }
        }
        if !self.state().ending {
            self.close_transaction(transaction).await;
        }
    }

    async fn run(&self, backend: &BackendClient, request: &Request, verifier: Verifier) -> Result<(), End> {
        let pending = PendingRecord {
            verifier,
            account: request.account.clone(),
            scopes: request.scopes.clone(),
            backend: backend.origin(),
            environment: self.inner.options.environment,
            expires_at: self.now() + i64::try_from(WAIT.as_millis()).unwrap_or(i64::MAX),
        };
        self.checked(request, &pending).await?;
        let answers = self.ask(backend, request, &pending.verifier).await?;
        self.finish(backend, request, pending.verifier, answers).await
    }

    /// Takes answers until one is an approval, stores it and puts it where it belongs.
    pub(super) async fn finish(&self, backend: &BackendClient, request: &Request, verifier: Verifier, answers: Answers) -> Result<(), End> {
        let transaction = verifier.challenge().transaction().to_owned();
        let answered = self.answered(backend, request, verifier, answers).await;
        {
            let mut state = self.state();
            if state.run == request.run {
                state.pending = None;
            }
        }
        let tokens = answered?;
        failpoint!("connect.redeemed");
        // From here on the pair is stored, or taken back: a link must not bring the same one once more.
        self.end_transaction(&transaction).await;
        self.state().finished = Some(transaction.clone());
        let approved = self.keep(backend, request, tokens).await?;
        failpoint!("connect.kept");
        self.close_transaction(&transaction).await;
        Ok(self.place(approved).await?)
    }

    /// The keychain, the disk and the backend, so that nobody is sent to the browser for an approval that can't be kept.
    async fn checked(&self, request: &Request, pending: &PendingRecord) -> Result<(), End> {
        let (keychain, disk, backend) = tokio::join!(self.open_transaction(pending), self.check_disk(), self.ask_backend());
        self.publish();
        keychain?;
        disk?;
        backend?;
        if !self.state().confirmed() {
            // It says now that somebody else runs it.
            return Err(ProblemCode::BackendUnconfirmed.into());
        }
        let allowed = self.state().info.as_ref().map(|info| info.scopes.clone()).unwrap_or_default();
        if !request.scopes.is_subset(&allowed) {
            return Err(ProblemCode::RequestRefused.into());
        }
        Ok(())
    }

    /// Opens the browser. Gives where its answers come from.
    async fn ask(&self, backend: &BackendClient, request: &Request, verifier: &Verifier) -> Result<Answers, End> {
        let challenge = verifier.challenge();
        let deep_link = backend.start_url(challenge.as_str(), "deep-link", &request.scopes);
        let prefers_loopback = self.state().preferences.channel == Channel::Loopback;
        let loopback = if prefers_loopback { Loopback::open(&PathNonce::generate()).await.ok() } else { None };
        let channel = if loopback.is_some() { Channel::Loopback } else { Channel::DeepLink };
        if channel == Channel::DeepLink && !self.handles_links().await {
            return Err(if prefers_loopback { ProblemCode::LoopbackUnavailable } else { ProblemCode::DeepLinkUnavailable }.into());
        }
        let loopback_link = loopback.as_ref().map(|loopback| backend.start_url(challenge.as_str(), loopback.return_to(), &request.scopes));
        let link = loopback_link.clone().unwrap_or_else(|| deep_link.clone());
        let (answers, linked) = mpsc::channel(MAX_TRIES);
        let expires_at = self.now() + i64::try_from(WAIT.as_millis()).unwrap_or(i64::MAX);
        {
            let mut state = self.state();
            if state.run != request.run {
                return Err(End::Cancelled);
            }
            state.pending = Some(Pending { transaction: challenge.transaction().to_owned(), loopback_link, deep_link, channel, answers });
            if let Some(transaction) = &mut state.transaction {
                transaction.channel = channel;
                transaction.stage = Stage::Waiting { expires_at, browser_failed: false };
            }
        }
        self.publish();
        // The browser may take its time to start; the answer may come before the opener has returned.
        let opener = self.clone();
        let run = request.run;
        tokio::spawn(async move { opener.open_browser(run, link).await });
        Ok(Answers { loopback, linked, time: WAIT })
    }

    /// Redeems each answer that comes in, until one gives tokens. Anybody who has seen the start link can bring in an answer, even one that
    /// the backend sealed; so nothing that an answer says ends the wait but tokens. What it says is shown meanwhile.
    async fn answered(&self, backend: &BackendClient, request: &Request, verifier: Verifier, answers: Answers) -> Result<Tokens, End> {
        let Answers { mut loopback, mut linked, time } = answers;
        let verifier = Arc::new(verifier);
        let mut tries = JoinSet::new();
        // What is shown while nothing is redeemed.
        let mut at_rest = None;
        let mut cancelled = false;
        let time_is_over = self.wait_out(request.run, time);
        tokio::pin!(time_is_over);
        loop {
            let from_loopback = async {
                match &mut loopback {
                    Some(loopback) => loopback.answer().await,
                    None => std::future::pending().await,
                }
            };
            let handoff = tokio::select! {
                Some(tried) = tries.join_next() => {
                    let tried = tried.unwrap_or_else(|error| {
                        tracing::error!(%error, "an answer could not be redeemed");
                        Tried::Nothing(ProblemCode::ApprovalInvalid.into())
                    });
                    match tried {
                        Tried::Tokens(tokens) => {
                            revoke_others(backend.clone(), tries, tokens.access.clone());
                            return Ok(tokens);
                        }
                        Tried::Nothing(problem) => {
                            let shown = Stage::Failed { problem: problem.clone() };
                            if at_rest.as_ref() != Some(&shown) {
                                self.note_failure(request, &problem).await;
                            }
                            at_rest = Some(shown);
                        }
                        Tried::Foreign => tracing::info!("an answer that isn't for this transaction was dropped"),
                    }
                    if tries.is_empty() && let Some(stage) = &at_rest {
                        self.show(request.run, stage.clone());
                    }
                    continue;
                }
                answer = from_loopback, if !cancelled => answer.ok_or(End::Failed(ProblemCode::LoopbackUnavailable.into()))?,
                // The sender is dropped when the run is cancelled. What is being redeemed just then is still stored.
                answer = linked.recv(), if !cancelled => match answer {
                    Some(handoff) => handoff,
                    None => {
                        cancelled = true;
                        continue;
                    }
                },
                () = &mut time_is_over, if tries.is_empty() && !cancelled => {
                    return Err(match at_rest {
                        Some(Stage::Failed { .. }) => End::Told,
                        _ => ProblemCode::TimedOut.into(),
                    });
                }
                else => return Err(End::Cancelled),
            };
            if tries.len() >= MAX_TRIES {
                tracing::info!("an answer was dropped: too many are being redeemed");
                continue;
            }
            match self.finishing(request.run) {
                None => continue,
                Some(Stage::Finishing) => {}
                Some(stage) => at_rest = Some(stage),
            }
            let (this, backend, verifier) = (self.clone(), backend.clone(), Arc::clone(&verifier));
            tries.spawn(async move { this.redeem(&backend, &handoff, &verifier).await });
        }
    }

    /// Shows that an answer is being redeemed. Gives what was shown until then; `None` if this run isn't the present one any more.
    fn finishing(&self, run: u64) -> Option<Stage> {
        let before = {
            let mut state = self.state();
            let transaction = if state.run == run { state.transaction.as_mut() } else { None };
            transaction.map(|transaction| std::mem::replace(&mut transaction.stage, Stage::Finishing))
        };
        self.publish();
        before
    }

    /// Waits for as long as the person has, sleep of the computer included. Where its clock is set meanwhile, the time left is shown anew.
    async fn wait_out(&self, run: u64, time: Duration) {
        let since = Since::now(self.clock());
        let show = |left: Duration| {
            let end = self.now() + i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
            let mut state = self.state();
            let current = state.run == run;
            match &mut state.transaction {
                Some(TransactionView { stage: Stage::Waiting { expires_at, .. }, .. }) if current && expires_at.abs_diff(end) > SET_MS => {
                    *expires_at = end;
                }
                _ => return,
            }
            drop(state);
            self.publish();
        };
        since.passes(time, self.clock(), show).await;
    }

    async fn open_browser(&self, run: u64, link: Url) {
        let browser = Arc::clone(&self.inner.options.browser);
        let opened = tokio::task::spawn_blocking(move || browser.open(&link)).await;
        let failed = !matches!(opened, Ok(Ok(())));
        {
            let mut state = self.state();
            if state.run != run {
                return;
            }
            if let Some(TransactionView { stage: Stage::Waiting { browser_failed, .. }, .. }) = &mut state.transaction {
                *browser_failed = failed;
            }
        }
        self.publish();
    }

    pub(super) async fn handles_links(&self) -> bool {
        let browser = Arc::clone(&self.inner.options.browser);
        tokio::task::spawn_blocking(move || browser.handles_links()).await.unwrap_or(false)
    }

    /// Offers the handoff until it is decided. The backend answers the same proof the same way, so asking again is safe.
    async fn redeem(&self, backend: &BackendClient, handoff: &Handoff, verifier: &Verifier) -> Tried {
        let began = Since::now(self.clock());
        let mut pause = Duration::from_secs(1);
        loop {
            let problem = match backend.redeem(handoff, verifier, self.now()).await {
                Ok(Redeemed::Tokens(tokens)) if tokens.scopes.as_ref().is_none_or(ScopeSet::is_empty) => {
                    // A pair that opens nothing: not worth keeping alive at Monei.
                    backend.revoke(&tokens.access, &tokens.refresh).await;
                    return Tried::Nothing(ProblemCode::NothingGranted.into());
                }
                Ok(Redeemed::Tokens(tokens)) => return Tried::Tokens(tokens),
                Ok(Redeemed::Refused(refusal)) => return Tried::Nothing(ProblemCode::from(refusal).into()),
                Err(TokenError::Refused) => return Tried::Nothing(ProblemCode::ApprovalExpired.into()),
                Err(TokenError::Unreadable) => return Tried::Foreign,
                Err(TokenError::Undecided(problem)) => problem,
            };
            let wait = problem.retry_after_s.map_or(pause, |seconds| Duration::from_secs(seconds.into()));
            let may_pass = matches!(
                problem.code,
                ProblemCode::Busy
                    | ProblemCode::BackendUnreachable
                    | ProblemCode::Offline
                    | ProblemCode::ProviderUnavailable
                    | ProblemCode::ProxyUnreachable
            );
            if !may_pass || began.age(self.clock()) + wait > REDEEM_WITHIN {
                return Tried::Nothing(problem);
            }
            tokio::time::sleep(wait).await;
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    /// Makes the pair durable before anything is done with it.
    async fn keep(&self, backend: &BackendClient, request: &Request, tokens: Tokens) -> Result<identity::Approved, Problem> {
        let grant = crate::proof::random_text::<16>();
        let record = crate::vault::GrantRecord {
            generation: 0,
            backend: backend.origin(),
            account: String::new(),
            access: tokens.access,
            refresh: tokens.refresh,
            expires_at: super::tokens::expiry(self.now(), tokens.expires_in),
            lifetime: tokens.expires_in,
            scopes: tokens.scopes.unwrap_or_default(),
        };
        let kept = match self.note_unassigned(grant).await {
            Ok(held) => {
                failpoint!("connect.noted");
                self.vault().write(&held.grant, record.encode()).await.map(|()| held).map_err(Problem::from)
            }
            Err(problem) => Err(problem),
        };
        let held = match kept {
            Ok(held) => held,
            Err(problem) => {
                // What can't be kept must not stay alive at Monei.
                backend.revoke(&record.access, &record.refresh).await;
                return Err(problem);
            }
        };
        let id = super::tokens::log_id(&held.grant);
        tracing::info!(run = request.run, grant = id, scopes = record.scopes.len(), "an approval is kept");
        Ok(identity::Approved { run: request.run, held, record, requested: request.scopes.clone(), target: request.account.clone() })
    }

    /// Shows how far the run is. False, with nothing shown, if it isn't the present one any more.
    pub(super) fn show(&self, run: u64, stage: Stage) -> bool {
        {
            let mut state = self.state();
            if state.run != run {
                return false;
            }
            if let Some(transaction) = &mut state.transaction {
                transaction.stage = stage;
            }
        }
        self.publish();
        true
    }

    /// Nothing came of an answer, or of the run: the activity says so, and what was declined is remembered.
    pub(super) async fn note_failure(&self, request: &Request, problem: &Problem) {
        let code = problem.code;
        tracing::info!(run = request.run, ?code, "no connection came of it");
        if self.state().run != request.run {
            return;
        }
        let declined = matches!(code, ProblemCode::Declined | ProblemCode::NothingGranted);
        let (account, at, scopes) = (request.account.clone(), self.now(), request.scopes.clone());
        let noted = self
            .index(move |index| {
                let row = index.accounts()?.into_iter().find(|row| Some(&row.id) == account.as_ref());
                let name = row.as_ref().and_then(super::grants::display_name);
                if let Some(row) = row.as_ref().filter(|_| declined) {
                    identity::mark_declined(index, &row.id, &scopes, at)?;
                }
                let event = ActivityEvent::Failed { code: code.name() };
                index.log(at, row.as_ref().map(|row| row.id.as_str()), name.as_deref(), &event)
            })
            .await;
        if noted.is_ok() {
            drop(self.reload().await);
        }
    }

    /// Opens the browser again with the same link.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] when nothing waits.
    pub async fn open_again(&self) -> Result<(), Problem> {
        let link = self.start_link().ok_or(ProblemCode::InvalidInput)?;
        let run = self.state().run;
        self.open_browser(run, link).await;
        Ok(())
    }

    /// The link that the browser was opened with, for the clipboard. It must not reach the web view.
    pub fn start_link(&self) -> Option<Url> {
        let state = self.state();
        let pending = state.pending.as_ref()?;
        match (&pending.loopback_link, pending.channel) {
            (Some(link), Channel::Loopback) => Some(link.clone()),
            _ => Some(pending.deep_link.clone()),
        }
    }

    /// "Browser shows an error?": the same approval, brought back by a deep link. Either answer counts.
    ///
    /// # Errors
    /// [`ProblemCode::DeepLinkUnavailable`] if the system doesn't bring such links here, [`ProblemCode::InvalidInput`] when nothing waits.
    pub async fn use_deep_link(&self) -> Result<(), Problem> {
        if self.state().pending.is_none() {
            return Err(ProblemCode::InvalidInput.into());
        }
        if !self.handles_links().await {
            return Err(ProblemCode::DeepLinkUnavailable.into());
        }
        {
            let mut state = self.state();
            let pending = state.pending.as_mut().ok_or(ProblemCode::InvalidInput)?;
            pending.channel = Channel::DeepLink;
            if let Some(transaction) = &mut state.transaction {
                transaction.channel = Channel::DeepLink;
            }
        }
        self.publish();
        self.open_again().await
    }

    /// Ends the run while the person is in the browser. An undecided approval is discarded. Too late once it is being stored.
    pub async fn cancel(&self) {
        let undecided = {
            let mut state = self.state();
            match state.transaction.as_ref().map(|transaction| &transaction.stage) {
                None | Some(Stage::Finishing) => return,
                Some(_) => {}
            }
            state.run += 1;
            state.pending = None;
            state.transaction = None;
            state.dialogs.close();
            state.undecided.take()
        };
        self.publish();
        if let Some(undecided) = undecided {
            self.discard(&undecided.held).await;
        }
    }

    /// Takes the outcome of the last run off the screen. After a refusal this also ends the wait for a better answer.
    pub async fn dismiss(&self) {
        {
            let mut state = self.state();
            if !matches!(state.transaction.as_ref().map(|transaction| &transaction.stage), Some(Stage::Done { .. } | Stage::Failed { .. }))
            {
                return;
            }
            state.transaction = None;
            state.stop_waiting();
        }
        self.publish();
    }
}

/// Takes back what other answers give, if one was approved twice: only the first is stored. The same answer twice gives the same pair.
fn revoke_others(backend: BackendClient, mut tries: JoinSet<Tried>, stored: AccessToken) {
    if tries.is_empty() {
        return;
    }
    tokio::spawn(async move {
        while let Some(tried) = tries.join_next().await {
            match tried {
                Ok(Tried::Tokens(other)) if other.access.expose() != stored.expose() => {
                    backend.revoke(&other.access, &other.refresh).await;
                }
                _ => {}
            }
        }
    });
}
