//! The facade: what a front end can show and do. It starts the parts, and publishes a snapshot after each change. Every other method is one
//! statement, which `tests/layers.rs` holds: it passes on to one part, or to a module beside this one that knows how several go together.

use std::path::PathBuf;
use std::sync::Arc;

use monei::Payment;
use secrecy::SecretString;
use tokio::sync::watch;
use url::Url;

use crate::access::{Accesses, PassThrough, Passed};
use crate::accounts;
use crate::approval::{self, Approvals, Browser};
use crate::apps::{self, NewApp};
use crate::aside;
use crate::changed::Changed;
use crate::clock::Clock;
use crate::diagnose::{self, Check};
use crate::grants::vault::Vault;
use crate::grants::{self, Grants};
use crate::leaving::Endings;
use crate::ledger::{Ledger, Opened, UseRow};
use crate::looking;
use crate::model::app::{App, AppKey};
use crate::model::feature::FeatureId;
use crate::model::problem::{Problem, ProblemCode};
use crate::model::snapshot::{
    ActivityFilter, ActivityItem, Channel, Decision, DisconnectOutcome, HistoryFilter, HistoryPage, HistoryRow, Leaving, Link,
    PermissionDetails, Preferences, Receipt, Review, Section, SectionData, SetAsideOutcome, Snapshot, Unrevoked, WalletPart,
    WalletPartData,
};
#[cfg(feature = "tester")]
use crate::model::snapshot::{TesterOrder, TesterState};
use crate::model::{AccountId, Caller, Environment, Language};
use crate::monitor::Monitor;
use crate::preferences;
use crate::provider::backend::parse_address;
use crate::provider::http::{DesktopProxies, Http};
use crate::provider::{Provider, Service};
use crate::publish::{self, Setup};
use crate::reviews;
use crate::service;
#[cfg(feature = "tester")]
use crate::tester;
use crate::work::Work;

/// What the crate needs from the program around it.
pub struct Options {
    /// Which Monei.
    pub environment: Environment,
    /// The program's version, for display.
    pub version: String,
    /// Folder for the index and locks. Made where it is missing, for this user alone. `None`: nothing is written to disk. What is known,
    /// and what is approved, is in this process's memory alone and ends with it.
    pub data_dir: Option<PathBuf>,
    /// Scheme of this program's deep links.
    pub link_scheme: String,
    /// Every answer of the browser comes back to this port of 127.0.0.1, or with 0 to one that the system chooses. `None`: as the person
    /// has chosen, over loopback to any port.
    pub loopback_port: Option<u16>,
    /// The backend to start with; see [`crate::parse_address`]. `None`: the person enters one before anything can be asked.
    pub backend: Option<Url>,
    /// The backend's address was set by the packager or the environment: it can't be changed from within.
    pub backend_managed: bool,
    /// A page about running a backend, for who has none.
    pub guide: Option<Url>,
    /// What the desktop speaks. The program does, too, until the person chooses another language.
    pub language: Language,
    /// Opens pages.
    pub browser: Arc<dyn Browser>,
    /// Keeps tokens.
    pub vault: Arc<dyn Vault>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Knows the proxies that the person's desktop is set up with.
    pub proxies: Arc<dyn DesktopProxies>,
}

/// All connections of this person on this computer. Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    inner: Arc<Inner>,
}

struct Inner {
    setup: Setup,
    ledger: Ledger,
    provider: Provider,
    grants: Grants,
    access: Accesses,
    approvals: Approvals,
    monitor: Monitor,
    endings: Endings,
    clock: Arc<dyn Clock>,
    view: watch::Sender<Arc<Snapshot>>,
}

impl Connections {
    /// Opens the index. Keychain and backend are checked by [`Connections::probe`] and [`Connections::look`].
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`] when the index can't be opened, [`ProblemCode::IndexNewer`] when a newer version wrote it,
    /// [`ProblemCode::OthersRunning`] while another process removes it, or has one open that is damaged.
    pub async fn start(options: Options) -> Result<Self, Problem> {
        let Options {
            environment,
            version,
            data_dir,
            link_scheme,
            loopback_port,
            backend,
            backend_managed,
            guide,
            language,
            browser,
            vault,
            clock,
            proxies,
        } = options;
        let (changed, work) = (Changed::default(), Work::default());
        let (folder, its_clock, its_changed) = (data_dir.clone(), Arc::clone(&clock), changed.clone());
        let opened = tokio::task::spawn_blocking(move || match folder {
            Some(folder) => Ledger::open(&folder, its_clock, its_changed),
            None => Ledger::in_memory(its_clock, its_changed),
        })
        .await;
        let Opened { ledger, rebuild } = opened.map_err(|_| ProblemCode::IndexUnavailable)??;
        let chosen = ledger.backend_address().await?.and_then(|text| parse_address(&text).ok());
        let address = chosen.filter(|_| !backend_managed).or(backend);
        let agreed = match &address {
            Some(url) => ledger.agreed(url.origin().ascii_serialization()).await?,
            None => None,
        };
        let channel = if loopback_port.is_some() { Channel::Loopback } else { ledger.channel().await? };
        let provider = Provider::new(Http::new(proxies), Arc::clone(&clock), environment, changed.clone(), Service::new(address, agreed));
        let grants = Grants::new(grants::Needs {
            ledger: ledger.clone(),
            provider: provider.clone(),
            vault,
            clock: Arc::clone(&clock),
            environment,
            in_memory: data_dir.is_none(),
            directory: data_dir,
            work: work.clone(),
            changed: changed.clone(),
            rebuild,
        });
        let access = Accesses::new(ledger.clone(), grants.clone(), provider.clone(), work.clone());
        let approvals = Approvals::new(approval::Needs {
            ledger: ledger.clone(),
            provider: provider.clone(),
            grants: grants.clone(),
            browser,
            clock: Arc::clone(&clock),
            environment,
            link_scheme,
            loopback_port: loopback_port.unwrap_or_default(),
            channel,
            language,
            work: work.clone(),
            changed: changed.clone(),
        });
        let monitor = Monitor::new(ledger.clone(), provider.clone(), grants.clone(), access.clone(), Arc::clone(&clock));
        let endings = Endings::new(ledger.clone(), grants.clone(), approvals.clone(), work, changed.clone());
        let setup = Setup { environment, version, backend_managed, guide, language };
        let inner = Arc::new_cyclic(|inner: &std::sync::Weak<Inner>| {
            let inner = inner.clone();
            changed.listen(move || {
                if let Some(inner) = inner.upgrade() {
                    inner.publish();
                }
            });
            let view = watch::Sender::new(Arc::new(publish::snapshot(&setup, &ledger, &provider, &grants, &approvals, None)));
            Inner { setup, ledger, provider, grants, access, approvals, monitor, endings, clock, view }
        });
        Ok(Self { inner })
    }

    /// What there is to show now.
    pub fn view(&self) -> Arc<Snapshot> {
        self.inner.view.borrow().clone()
    }

    /// The clock that all of it goes by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.inner.clock)
    }

    /// Tells of each change, the latest one only.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.inner.view.subscribe()
    }

    /// The page outside that `link` stands for, if there is one here.
    pub fn link(&self, link: Link) -> Option<Url> {
        service::link(&self.inner.provider, self.inner.setup.environment, self.inner.setup.guide.as_ref(), link)
    }

    /// Asks for a new account's approval of `scopes`. Returns once under way; the rest shows in the view.
    ///
    /// # Errors
    /// What keeps it from starting; nothing has changed then.
    pub async fn connect(&self, caller: &Caller, scopes: Vec<String>) -> Result<(), Problem> {
        self.inner.approvals.begin(caller, None, &scopes)
    }

    /// Asks for the approval of `scopes`, and of nothing else, for an account that is there.
    ///
    /// # Errors
    /// What keeps it from starting; nothing has changed then.
    pub async fn reconnect(&self, caller: &Caller, account: &str, scopes: Vec<String>) -> Result<(), Problem> {
        self.inner.approvals.begin_again(caller, account.into(), &scopes).await
    }

    /// Opens the browser again with the same link.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] when nothing waits.
    pub async fn open_again(&self) -> Result<(), Problem> {
        self.inner.approvals.open_again().await
    }

    /// The link that the browser was opened with, for the clipboard. It must not reach the web view.
    pub fn start_link(&self) -> Option<Url> {
        self.inner.approvals.start_link()
    }

    /// "Browser shows an error?": the same approval, brought back by a deep link. Either answer counts.
    ///
    /// # Errors
    /// [`ProblemCode::DeepLinkUnavailable`] if the system doesn't bring such links here, [`ProblemCode::InvalidInput`] when nothing waits.
    pub async fn use_deep_link(&self) -> Result<(), Problem> {
        self.inner.approvals.use_deep_link().await
    }

    /// Takes a link that the system handed to this program.
    pub async fn deep_link(&self, url: &str) {
        self.inner.approvals.deep_link(url).await;
    }

    /// Ends the run while the person is in the browser, or an answer may still come to nothing: what it gives then is taken back. An
    /// undecided approval is discarded. Too late once it is being stored.
    pub async fn cancel(&self) {
        self.inner.approvals.cancel().await;
    }

    /// Takes the outcome of the last run off the screen. After a refusal this also ends the wait for a better answer.
    pub async fn dismiss(&self) {
        self.inner.approvals.dismiss();
    }

    /// The person's decision about an approval.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] when nothing waits or the decision doesn't fit; else what went wrong, with the decision still open.
    pub async fn decide(&self, decision: Decision) -> Result<(), Problem> {
        self.inner.grants.asked(self.inner.approvals.decide(decision)).await
    }

    /// Fetches a section. Without its permission nothing is called. It is fetched as soon as a page is shown, so the keychain opens no dialog
    /// for it.
    ///
    /// # Errors
    /// A [`Problem`] that says why there is nothing to show.
    pub async fn load(&self, caller: &Caller, account: &str, section: Section) -> Result<SectionData, Problem> {
        self.inner.approvals.then_ask(self.inner.access.load(caller, &account.into(), section)).await
    }

    /// Fetches a part of a wallet that is looked at by itself, by one call. Without its permission nothing is called.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] for a reference that can't be one; else why there is nothing to show.
    pub async fn wallet_part(&self, caller: &Caller, account: &str, part: &WalletPart) -> Result<WalletPartData, Problem> {
        self.inner.approvals.then_ask(self.inner.access.wallet_part(caller, &account.into(), part)).await
    }

    /// A page of the whole history, the first is 1.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] for a filter that makes no sense; else why there is nothing to show.
    pub async fn history(&self, caller: &Caller, account: &str, filter: &HistoryFilter, page: u32) -> Result<HistoryPage, Problem> {
        self.inner.approvals.then_ask(self.inner.access.history(caller, &account.into(), filter, page)).await
    }

    /// All of the history that fits the filter, with exact amounts. `goes_on` is told before each page, and while Monei asks for patience,
    /// how many there are and how many there will be, and says whether anybody still wants them; `None` once nobody does.
    ///
    /// # Errors
    /// As [`Connections::history`]; a part is nothing.
    pub async fn whole_history(
        &self,
        caller: &Caller,
        account: &str,
        filter: &HistoryFilter,
        goes_on: impl Fn(usize, Option<u64>) -> bool,
    ) -> Result<Option<Vec<HistoryRow>>, Problem> {
        self.inner.access.whole_history(caller, &account.into(), filter, goes_on).await
    }

    /// The person asks whether the connection still works. The keychain may open its dialog for it.
    ///
    /// # Errors
    /// What the call came to; [`ProblemCode::ScopeMissing`] where it can't be told without spending.
    pub async fn check(&self, caller: &Caller, account: &str) -> Result<(), Problem> {
        self.inner.approvals.then_ask(self.inner.grants.asked(self.inner.access.check(caller, &account.into()))).await
    }

    /// Somebody looks at the window: what may have happened meanwhile is found out. Opens no dialog of the keychain and writes nothing to it.
    pub async fn look(&self) {
        looking::look(&self.inner.approvals, &self.inner.monitor).await;
    }

    /// Nobody looks at the window: checks the accounts whose access token is about to end, each at most once in that token's life, by one
    /// call. Refreshes nothing, opens no dialog of the keychain and writes nothing to it. To be called every few minutes.
    pub async fn look_unseen(&self) {
        self.inner.monitor.look_unseen().await;
    }

    /// The accounts whose living token Monei refused while nobody looked, now and after each change. Whether their access has ended is found
    /// out by the next [`Connections::look`].
    pub fn doubtful(&self) -> watch::Receiver<Vec<AccountId>> {
        self.inner.monitor.doubtful()
    }

    /// Reads how the keychain stands, without opening its dialog, and asks the backend who it is. An approval that was being redeemed when an
    /// earlier run ended is taken back: [`Connections::look`] and [`Connections::probe`] go on with it.
    pub async fn poll(&self) {
        looking::poll(&self.inner.approvals, &self.inner.monitor).await;
    }

    /// Goes on with an approval that was being redeemed when an earlier run ended, which [`Connections::look`] does too, and asks Monei nothing
    /// else. Once this is over, the view has it.
    pub async fn take_up_answers(&self) {
        self.inner.approvals.take_up_answers(true).await;
    }

    /// The person wants everything tried anew: the keychain, which may open its dialog, and the backend.
    pub async fn probe(&self) {
        looking::probe(&self.inner.grants, &self.inner.approvals, &self.inner.monitor).await;
    }

    /// Revokes every grant of the account, then removes it, and writes down who had it done. Where Monei doesn't confirm, `unrevoked` decides.
    ///
    /// # Errors
    /// A keychain or index problem, with the account still there.
    pub async fn disconnect(&self, caller: &Caller, account: &str, unrevoked: Unrevoked) -> Result<DisconnectOutcome, Problem> {
        accounts::disconnect(&self.inner.grants, caller, &account.into(), unrevoked).await
    }

    /// Leaves this computer: revokes every grant of every account, and once all have ended removes every entry of the keychain and all of the
    /// index. Where Monei doesn't confirm, `unrevoked` decides; with [`Unrevoked::Keep`] what couldn't be ended is still here afterwards.
    /// Once left, nothing can be begun in this run. The files in the data folder are the program's to remove; no other process opens an
    /// index there until [`Connections::release_index`].
    ///
    /// # Errors
    /// [`ProblemCode::OthersRunning`] while another process has the index open, [`ProblemCode::AnotherInProgress`] while an approval is
    /// being stored or one that was cancelled is still being redeemed, or why the keychain can't be opened: nothing was ended then. A keychain or index problem in between, with what
    /// couldn't be removed still here.
    pub async fn leave(&self, caller: &Caller, unrevoked: Unrevoked) -> Result<Leaving, Problem> {
        self.inner.endings.leave(caller, unrevoked).await
    }

    /// To be called once the person has left and the files in the data folder are removed, but for [`LOCK_FILE`](crate::LOCK_FILE): other
    /// processes may open an index there from now on, and that file can be removed.
    pub fn release_index(&self) {
        self.inner.ledger.release();
    }

    /// Sets or removes the person's own name for the account.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] for a label that is empty, longer than 60 characters or holds control characters.
    pub async fn rename(&self, account: &str, label: Option<String>) -> Result<(), Problem> {
        accounts::rename(&self.inner.ledger, account.into(), label.as_deref()).await
    }

    /// What happened, newest first: to one account, or at all.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn activity(&self, account: Option<&str>) -> Result<Vec<ActivityItem>, Problem> {
        accounts::activity(&self.inner.ledger, account.map(AccountId::from)).await
    }

    /// What happened and fits the filter, newest first.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn activity_where(&self, filter: &ActivityFilter) -> Result<Vec<ActivityItem>, Problem> {
        accounts::activity_where(&self.inner.ledger, filter).await
    }

    /// What was approved, latest first: for one account, or at all. Receipts outlive their accounts.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn receipts(&self, account: Option<&str>) -> Result<Vec<Receipt>, Problem> {
        accounts::receipts(&self.inner.ledger, account.map(AccountId::from)).await
    }

    /// What is worth another look, by account: nothing approved or looked over for 90 days, or permissions that nobody used for 180 days.
    /// Empty where the person wants no reminders.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn reviews(&self) -> Result<Vec<Review>, Problem> {
        reviews::due(&self.inner.ledger, &self.inner.grants.missing(), self.inner.clock.now_ms()).await
    }

    /// The person keeps the account as it is, for another 90 days, or a permission that nobody uses, for a year.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchAccount`], [`ProblemCode::IndexUnavailable`].
    pub async fn keep(&self, account: &str, feature: Option<FeatureId>) -> Result<(), Problem> {
        reviews::keep(&self.inner.ledger, account.into(), feature).await
    }

    /// Takes permissions back: each approval that has one of them is revoked at Monei, as a whole. The account stays.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] for what is no scope, [`ProblemCode::ScopeMissing`] where none of them is granted, or a keychain or
    /// index problem.
    pub async fn take_back(&self, caller: &Caller, account: &str, scopes: &[String]) -> Result<DisconnectOutcome, Problem> {
        accounts::take_back(&self.inner.grants, caller, &account.into(), scopes).await
    }

    /// Sets a permission aside: nobody uses it here from now on, in any process, and it ends at Monei where that ends nothing else in use.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchAccount`], [`ProblemCode::ScopeMissing`] for what the account doesn't have, [`ProblemCode::IndexUnavailable`];
    /// nothing has changed then.
    pub async fn set_aside(&self, caller: &Caller, account: &str, feature: FeatureId) -> Result<SetAsideOutcome, Problem> {
        self.inner.grants.asked(aside::set_aside(&self.inner.ledger, &self.inner.grants, caller, account.into(), feature)).await
    }

    /// Switches a permission on again that was set aside.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchAccount`], [`ProblemCode::InvalidInput`] for what isn't set aside, [`ProblemCode::ScopeMissing`] for what the
    /// account doesn't have any more, [`ProblemCode::IndexUnavailable`].
    pub async fn switch_on(&self, caller: &Caller, account: &str, feature: FeatureId) -> Result<(), Problem> {
        aside::switch_on(&self.inner.ledger, caller, account.into(), feature).await
    }

    /// Refreshes connections that have rested for a week, where the person has chosen that. To be called now and then.
    pub async fn keep_alive(&self) {
        self.inner.monitor.keep_alive().await;
    }

    /// What the account was used for, by whom and with what outcome, counted by the day; latest first.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn uses(&self, account: &str) -> Result<Vec<UseRow>, Problem> {
        self.inner.ledger.uses(account.into()).await
    }

    /// Every app that was ever allowed, oldest first; those taken back too, since the record names them.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn apps(&self) -> Result<Vec<App>, Problem> {
        self.inner.ledger.apps().await
    }

    /// A number that is another one once anybody has written to the index since it was last asked for: this process or another. Costs less
    /// than to read what may have changed.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn index_version(&self) -> Result<i64, Problem> {
        self.inner.ledger.version().await
    }

    /// The apps that are allowed now, oldest first.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn living_apps(&self) -> Result<Vec<App>, Problem> {
        self.inner.ledger.living_apps().await
    }

    /// Whether an app's time hasn't ended and nobody has taken it back, as far as `app` tells.
    pub fn is_allowed(&self, app: &App) -> bool {
        self.inner.ledger.is_allowed(app)
    }

    /// Allows an app to use some permissions of an account. The key is told this once. A terminal ([`Caller::CommandLine`]) gives no
    /// permission that spends.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchAccount`], [`ProblemCode::ScopeMissing`] for a permission that the account doesn't have,
    /// [`ProblemCode::AppNameTaken`], also for a name that begins like the command line's; [`ProblemCode::InvalidInput`] for a name,
    /// permission or end that can't be.
    pub async fn allow_app(&self, caller: &Caller, new: NewApp) -> Result<(App, AppKey), Problem> {
        apps::allow(&self.inner.ledger, caller, new, false).await
    }

    /// The same for the command line itself, whose name begins with “moneictl”, as no other app's may.
    ///
    /// # Errors
    /// As [`Connections::allow_app`].
    pub async fn allow_command_line(&self, caller: &Caller, new: NewApp) -> Result<(App, AppKey), Problem> {
        apps::allow(&self.inner.ledger, caller, new, true).await
    }

    /// The apps that are the command line itself ([`Connections::allow_command_line`]) and are allowed now, oldest first. An app isn't
    /// among them because of its name.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn command_line_apps(&self) -> Result<Vec<App>, Problem> {
        self.inner.ledger.own_apps().await
    }

    /// Leaves the app these scopes of those that it has.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchApp`]; [`ProblemCode::InvalidInput`] where that isn't less than it has, or nothing.
    pub async fn narrow_app(&self, app: &str, keeps: &[String]) -> Result<(), Problem> {
        apps::narrow(&self.inner.ledger, app, keeps).await
    }

    /// Gives the app more scopes, and an end: `until` in milliseconds since the Unix epoch, `None` for when it is taken back.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchApp`], [`ProblemCode::ScopeMissing`], [`ProblemCode::AppNameTaken`] where its time was over and another has
    /// its name by now, [`ProblemCode::InvalidInput`].
    pub async fn extend_app(&self, caller: &Caller, app: &str, more: &[String], until: Option<i64>) -> Result<(), Problem> {
        apps::extend(&self.inner.ledger, caller, app, more, until).await
    }

    /// Takes back what the app may do: its key is worth nothing from now on, in every process.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchApp`].
    pub async fn take_back_app(&self, app: &str) -> Result<(), Problem> {
        apps::take_back(&self.inner.ledger, app).await
    }

    /// What the app did, counted by the day; latest first.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn app_log(&self, app: &str) -> Result<Vec<UseRow>, Problem> {
        self.inner.ledger.app_log(app.into()).await
    }

    /// The app whose key `key` is, if it is allowed now. `over_tcp`: the key came over TCP, which is remembered.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn app_of_key(&self, key: &str, over_tcp: bool) -> Result<Option<App>, Problem> {
        apps::of_key(&self.inner.ledger, key, over_tcp).await
    }

    /// Makes a call for a program of the person: an app, or the command line. Monei's status and body come back as they came.
    ///
    /// # Errors
    /// Why there is no answer: [`ProblemCode::PermissionNotGiven`], [`ProblemCode::ScopeMissing`], [`ProblemCode::ConfirmationNeeded`],
    /// [`ProblemCode::NoSuchApp`], [`ProblemCode::InvalidInput`] for what no permission opens, [`ProblemCode::AccessRevoked`] where Monei
    /// refuses the connection, [`ProblemCode::AnswerUnreadable`] for what can't be passed on, [`ProblemCode::OutcomeUnknown`] where Monei
    /// may have carried out what can't be repeated, [`ProblemCode::ProgramEnding`] for what does more than read once the program is about to
    /// end, or why Monei can't be reached.
    pub async fn pass_through(&self, caller: &Caller, account: &str, call: PassThrough<'_>) -> Result<Passed, Problem> {
        self.inner.access.pass_through(caller, &account.into(), call).await
    }

    /// Whether the person may be asked to confirm a call to `path` that moves money, for an app. Nothing is sent.
    ///
    /// # Errors
    /// As [`Connections::pass_through`], for what was not given or granted.
    pub async fn may_pay(&self, app: &App, path: &str) -> Result<(), Problem> {
        self.inner.access.may_pay(&app.id, &app.account, path).await
    }

    /// When the same was last paid from the app's account, by whichever app, or may have been: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn sent_before(&self, app: &App, payment: &Payment) -> Result<Option<i64>, Problem> {
        self.inner.ledger.sent_before(&app.account, payment).await
    }

    /// Counts a payment that was asked for and not sent: the person said no ([`ProblemCode::Declined`]), or hasn't answered
    /// ([`ProblemCode::ConfirmationNeeded`]).
    pub async fn record_unpaid(&self, app: &App, payment: &Payment, code: ProblemCode) {
        self.inner.access.record_unpaid(&app.id, &app.account, payment, code).await;
    }

    /// Sends a payment that the person has confirmed for an app, once. Not to be given up half-way: run it as a task of its own.
    ///
    /// # Errors
    /// [`ProblemCode::OutcomeUnknown`] where Monei may have carried it out; with every other one nothing was carried out.
    pub async fn pay(&self, app: &App, payment: Payment, pin: Option<SecretString>) -> Result<Passed, Problem> {
        self.inner.then_publish(self.inner.access.pay(&app.id, &app.account, payment, pin)).await
    }

    /// Payments of an earlier run whose outcome nobody learnt become known as such; how many there were. For whoever alone sends payments,
    /// before it sends one.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn close_open_payments(&self) -> Result<usize, Problem> {
        self.inner.access.close_open_payments().await
    }

    /// The TCP port of the local API, once one was chosen.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn api_port(&self) -> Result<Option<u16>, Problem> {
        self.inner.ledger.api_port().await
    }

    /// Keeps `port` for the local API. Unless it was kept before, every key that was used over TCP ends, since whoever comes to hold
    /// the old port could collect them. Gives how many did.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn set_api_port(&self, port: u16) -> Result<usize, Problem> {
        apps::keep_port(&self.inner.ledger, port).await
    }

    /// Whether the person wants the local API. They do unless they switched it off.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn is_api_wanted(&self) -> Result<bool, Problem> {
        self.inner.ledger.is_api_wanted().await
    }

    /// Switches the local API off or on. Whoever serves it sees that by itself.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn set_api_wanted(&self, wanted: bool) -> Result<(), Problem> {
        self.inner.ledger.set_api_wanted(wanted).await
    }

    /// Sets another backend. It is asked who runs it, and nothing else until [`Connections::confirm_backend`]. What the present one
    /// gave rests until the person comes back to it.
    ///
    /// # Errors
    /// [`ProblemCode::BackendAddress`] if the address is unsafe, [`ProblemCode::InvalidInput`] if it can't be changed here,
    /// [`ProblemCode::AnotherInProgress`] while a connection is being made.
    pub async fn set_backend(&self, address: &str) -> Result<(), Problem> {
        service::change(&self.inner.ledger, &self.inner.provider, &self.inner.approvals, self.inner.setup.backend_managed, address).await
    }

    /// The person has seen what the backend at `address` calls itself (`name`, as [`crate::model::snapshot::OperatorClaim`] has it) and agrees. Both
    /// guard against agreeing to another than was shown.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] if that isn't the present one, or why the backend can't be used.
    pub async fn confirm_backend(&self, address: &str, name: Option<&str>) -> Result<(), Problem> {
        service::confirm(&self.inner.ledger, &self.inner.provider, address, name).await
    }

    /// What is known of one permission of one account: what it opens, what became of it, and what it was used for.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchAccount`], [`ProblemCode::IndexUnavailable`].
    pub async fn permission(&self, account: &str, id: FeatureId) -> Result<PermissionDetails, Problem> {
        accounts::permission(&self.inner.ledger, &self.inner.grants, account.into(), id).await
    }

    /// Moves an account in the list: before another one, or to the end.
    ///
    /// # Errors
    /// [`ProblemCode::NoSuchAccount`] where one of the two isn't there, [`ProblemCode::IndexUnavailable`].
    pub async fn move_account(&self, account: &str, before: Option<&str>) -> Result<(), Problem> {
        accounts::move_to(&self.inner.ledger, account.into(), before.map(AccountId::from)).await
    }

    /// Stores the person's choices.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`]; none is changed then.
    pub async fn set_preferences(&self, chosen: Preferences) -> Result<(), Problem> {
        preferences::set(&self.inner.ledger, &self.inner.approvals, chosen).await
    }

    /// From now on, and for this run, new approvals are kept in memory alone.
    pub async fn keep_in_memory(&self) {
        self.inner.grants.keep_in_memory();
    }

    /// The person doesn't want to answer the keychain's dialog: it is closed, and what it was for ends as if it had been cancelled there.
    pub fn close_keychain_dialog(&self) {
        self.inner.grants.close_dialogs();
    }

    /// Tries everything, one after the other. `witness` says whether another process finds the keychain's entry of the name that it is
    /// given ([`crate::vault::finds`]); `None` where no other process could be asked.
    pub async fn diagnose(&self, witness: impl AsyncFnOnce(&str) -> Option<bool>) -> Vec<Check> {
        diagnose::all(&self.inner.grants, &self.inner.provider, &self.inner.approvals, witness).await
    }

    /// What the sandbox offers and is about to do.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] outside of the sandbox environment; else why the sandbox can't be asked.
    #[cfg(feature = "tester")]
    pub async fn tester(&self) -> Result<TesterState, Problem> {
        tester::view(&self.inner.provider, self.inner.setup.environment).await
    }

    /// Tells the sandbox what to do, and gives what it is about to do then. What it changes is seen here when Monei is asked the next
    /// time, as with the real one.
    ///
    /// # Errors
    /// [`ProblemCode::InvalidInput`] outside of the sandbox environment and for an order that the sandbox doesn't know; else why it
    /// can't be told.
    #[cfg(feature = "tester")]
    pub async fn tester_order(&self, order: TesterOrder) -> Result<TesterState, Problem> {
        tester::order(&self.inner.provider, self.inner.setup.environment, order).await
    }

    /// Ends what is open: the listener and any wait. What was sent gets up to 25 seconds to be answered and stored, since its answer
    /// would be lost with the process; nothing is begun any more. What was kept in memory alone is revoked. Gives the names of the accounts
    /// of which Monei didn't confirm that, and `None` for each approval that is in no account: the person can end those in Monei's settings.
    pub async fn shutdown(&self) -> Vec<Option<String>> {
        self.inner.endings.shutdown().await
    }
}

impl Inner {
    /// What is published is read while nobody else publishes, so that nothing older ever follows.
    fn publish(&self) {
        self.monitor.settle_doubts();
        self.view.send_if_modified(|shown| {
            let known = self.ledger.known();
            let there_before: Vec<&str> = shown.accounts.iter().map(|account| account.id.as_str()).collect();
            // Only what was there a moment ago: a failure because an account had gone before is worth its words.
            let is_gone = |id: &AccountId| there_before.contains(&&**id) && !known.iter().any(|known| known.row.id == *id);
            self.approvals.drop_outcome_of(is_gone);
            let Inner { setup, ledger, provider, grants, approvals, endings, .. } = self;
            let fresh = publish::snapshot(setup, ledger, provider, grants, approvals, endings.left());
            let changed = **shown != fresh;
            if changed {
                *shown = Arc::new(fresh);
            }
            changed
        });
    }

    /// Makes `call`, and publishes what came of it.
    async fn then_publish<T>(&self, call: impl Future<Output = T>) -> T {
        let done = call.await;
        self.publish();
        done
    }
}
