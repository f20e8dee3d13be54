//! The whole way in one process: the real backend and the real sandbox on loopback, the core between them, and a scripted person.

#![allow(dead_code, reason = "each test file uses its own part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failure here fails the test, and says where")]

pub mod file_vault;
pub mod person;
#[cfg(debug_assertions)]
pub mod process;
pub mod proxy;
pub mod watched_vault;
pub mod ways;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect_core::Caller;
use connect_core::clock::{Clock, Uptime};
use connect_core::snapshot::{Conflict, Environment, Language, Snapshot, Stage};
use connect_core::vault::{MemoryVault, PENDING, Vault};
use connect_core::{Browser, Connections, DesktopProxies, OpenFailed, Options, SystemProxies};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

pub const SCHEME: &str = "org.moneiconnections.manager.sandbox";
/// 2026-01-15T09:00:00Z.
pub const START: i64 = 1_768_467_600_000;

/// The clocks of a computer that the test moves.
pub struct TestClock {
    wall: AtomicI64,
    /// Milliseconds since the start of the computer.
    up: AtomicI64,
    boots: AtomicI64,
}

impl TestClock {
    pub fn at(now_ms: i64) -> Self {
        Self { wall: AtomicI64::new(now_ms), up: AtomicI64::new(now_ms - START), boots: AtomicI64::new(0) }
    }

    /// Somebody sets the clock back. No time passes.
    pub fn back(&self, by: Duration) {
        self.wall.fetch_sub(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Somebody sets the clock forth. No time passes.
    pub fn forth(&self, by: Duration) {
        self.wall.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Time passes, perhaps asleep.
    pub fn advance(&self, by: Duration) {
        self.forth(by);
        self.up.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// The computer is started anew.
    pub fn reboot(&self) {
        self.boots.fetch_add(1, Ordering::SeqCst);
        self.up.store(0, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.wall.load(Ordering::SeqCst)
    }

    fn uptime(&self) -> Option<Uptime> {
        Some(Uptime { boot: format!("boot {}", self.boots.load(Ordering::SeqCst)), ms: self.up.load(Ordering::SeqCst) })
    }
}

/// A browser that opens nothing, and remembers what it was asked to open.
#[derive(Default)]
pub struct TestBrowser {
    pub opened: Mutex<Vec<Url>>,
    pub broken: AtomicBool,
    pub no_links: AtomicBool,
}

impl Browser for TestBrowser {
    fn open(&self, url: &Url) -> Result<(), OpenFailed> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(OpenFailed);
        }
        self.opened.lock().unwrap().push(url.clone());
        Ok(())
    }

    fn handles_links(&self) -> bool {
        !self.no_links.load(Ordering::SeqCst)
    }
}

/// What differs from one world to another.
#[derive(Default)]
struct Setup<'a> {
    /// A proxy stands between core and backend.
    proxied: bool,
    /// Settings of the backend.
    backend: &'a [(&'static str, &'a str)],
    /// What the core knows the backend by.
    address: Option<&'a Url>,
    /// What the desktop is set up with.
    proxies: Option<Arc<dyn DesktopProxies>>,
}

/// What stands around one core.
pub struct World {
    pub core: Connections,
    pub clock: Arc<TestClock>,
    pub browser: Arc<TestBrowser>,
    pub vault: Arc<MemoryVault>,
    pub backend: Url,
    pub sandbox: Url,
    pub run: String,
    pub proxy: Option<proxy::Proxy>,
    data: tempfile::TempDir,
    servers: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for World {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

async fn bind() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    (listener, url)
}

impl World {
    /// Everything running, the backend confirmed.
    pub async fn new() -> Self {
        let world = Self::unconfirmed().await;
        world.core.confirm_backend(world.backend.as_str(), Some("Sandbox operator")).await.unwrap();
        world
    }

    /// As on a first run.
    pub async fn unconfirmed() -> Self {
        Self::build(Setup::default()).await
    }

    /// The backend confirmed, with these settings of its own.
    pub async fn with_backend(settings: &[(&'static str, &str)]) -> Self {
        let world = Self::build(Setup { backend: settings, ..Setup::default() }).await;
        world.core.confirm_backend(world.backend.as_str(), Some("Sandbox operator")).await.unwrap();
        world
    }

    /// As on a first run, with a core that knows the backend by another address.
    pub async fn at(address: &Url) -> Self {
        Self::build(Setup { address: Some(address), ..Setup::default() }).await
    }

    /// The same, on a desktop that is set up with these proxies.
    pub async fn on_desktop(address: &Url, proxies: Arc<dyn DesktopProxies>) -> Self {
        Self::build(Setup { address: Some(address), proxies: Some(proxies), ..Setup::default() }).await
    }

    /// The same, with a proxy between core and backend. The core runs behind it.
    pub async fn proxied() -> Self {
        let world = Self::build(Setup { proxied: true, ..Setup::default() }).await;
        world.core.confirm_backend(world.backend.as_str(), Some("Sandbox operator")).await.unwrap();
        world
    }

    async fn build(setup: Setup<'_>) -> Self {
        let (sandbox_listener, sandbox) = bind().await;
        let (backend_listener, own) = bind().await;
        let proxy = if setup.proxied { Some(proxy::Proxy::start(bind().await.0, &own)) } else { None };
        let backend = proxy.as_ref().map_or(own, |proxy| proxy.url.clone());
        let redirect = backend.join("/v1/callback").unwrap().to_string();
        let secret = "mcs_sim_CNRYtest_secret".to_owned();
        let client = monei_sandbox::Client {
            client_id: "mc_sim_test".into(),
            client_secret: secret.clone(),
            name: "Monei Connections".into(),
            redirect_uris: vec![redirect.clone()],
            website: None,
        };
        let options = monei_sandbox::Options { clients: vec![client], ..Default::default() };
        let monei = monei_sandbox::Sandbox::new(options).unwrap();
        let run = monei.run().to_owned();
        let mut settings: HashMap<&str, String> = HashMap::from([
            ("MONEI_ENVIRONMENT", "sandbox".into()),
            ("MONEI_SANDBOX_URL", sandbox.as_str().trim_end_matches('/').to_owned()),
            ("MONEI_CLIENT_ID", "mc_sim_test".into()),
            ("MONEI_CLIENT_SECRET", secret),
            ("MONEI_REDIRECT_URI", redirect),
            ("MONEI_TOKEN_CALLS_PER_MINUTE", "600".into()),
            ("CONNECT_OPERATOR_NAME", "Sandbox operator".into()),
            ("CONNECT_OPERATOR_URL", "https://operator.example.org/".into()),
            ("CONNECT_LISTEN", backend_listener.local_addr().unwrap().to_string()),
            ("CONNECT_SEALING_KEY", hex::encode(rand::random::<[u8; 32]>())),
            ("CONNECT_PER_ADDRESS_PER_MINUTE", "0".into()),
            ("CONNECT_CONNECTIONS_PER_ADDRESS", "0".into()),
        ]);
        settings.extend(setup.backend.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let config = connect_backend::Config::from_lookup(&|name| settings.get(name).cloned()).unwrap();
        let service = connect_backend::Backend::new(config).unwrap();
        let servers = vec![
            tokio::spawn(async move { monei_sandbox::serve(sandbox_listener, monei, std::future::pending()).await.unwrap() }),
            tokio::spawn(async move { connect_backend::serve(backend_listener, None, service, std::future::pending()).await.unwrap() }),
        ];
        let clock = Arc::new(TestClock::at(START));
        let browser = Arc::new(TestBrowser::default());
        let vault = Arc::new(MemoryVault::default());
        let data = tempfile::tempdir().unwrap();
        let known_as = setup.address.unwrap_or(&backend).clone();
        let (to_core, its_clock) = (Arc::clone(&browser) as Arc<dyn Browser>, Arc::clone(&clock) as Arc<dyn Clock>);
        let proxies = setup.proxies.unwrap_or_else(|| Arc::new(SystemProxies));
        let options = self::options(&data.path().join("sandbox"), &known_as, its_clock, to_core, Arc::clone(&vault) as Arc<dyn Vault>);
        let core = Connections::start(Options { proxies, ..options }).await.unwrap();
        let world = Self { core, clock, browser, vault, backend, sandbox, run, proxy, data, servers };
        world.control("switch", json!({"name": "token_calls_per_minute", "value": "1000"})).await;
        world.control("switch", json!({"name": "authorize_per_minute", "value": "1000"})).await;
        world
    }

    /// Monei goes: nobody takes connections there any more.
    pub async fn stop_monei(&mut self) {
        self.servers[0].abort();
        drop((&mut self.servers[0]).await);
    }

    /// The program quits and starts again on the same disk and keychain.
    pub async fn restart(&mut self) {
        self.core.shutdown().await;
        self.core = start(&self.data, &self.backend, &self.clock, &self.browser, Arc::clone(&self.vault) as Arc<dyn Vault>).await;
        self.core.probe().await;
    }

    /// The program quits, and has no file open any more. Until it is started again, one on a disk of its own stands in for it.
    pub async fn quit(&mut self) {
        self.core.shutdown().await;
        let (clock, browser) = (Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::clone(&self.browser) as Arc<dyn Browser>);
        let elsewhere = options(&self.data.path().join("elsewhere"), &self.backend, clock, browser, Arc::new(MemoryVault::default()));
        self.core = Connections::start(elsewhere).await.unwrap();
        let lock = std::fs::File::open(self.data_dir().join(connect_core::LOCK_FILE)).unwrap();
        let closed = async {
            while lock.try_lock().is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), closed).await.expect("a program that has quit has its index open");
    }

    /// A second program on the same disk and keychain.
    pub async fn second(&self) -> Connections {
        start(&self.data, &self.backend, &self.clock, &self.browser, Arc::clone(&self.vault) as Arc<dyn Vault>).await
    }

    /// The same with another keychain.
    pub async fn second_with(&self, vault: Arc<dyn Vault>) -> Connections {
        start(&self.data, &self.backend, &self.clock, &self.browser, vault).await
    }

    /// The one account.
    pub fn account(&self) -> String {
        match &self.core.view().accounts[..] {
            [account] => account.id.clone(),
            other => panic!("{} accounts", other.len()),
        }
    }

    /// The names of the grants' entries in the keychain.
    pub fn records(&self) -> Vec<String> {
        let mut names = self.vault.names();
        names.retain(|name| !name.starts_with(PENDING));
        names
    }

    /// The names of the entries of transactions that wait.
    pub fn pending(&self) -> Vec<String> {
        let mut names = self.vault.names();
        names.retain(|name| name.starts_with(PENDING));
        names
    }

    /// Waits until the keychain has no entry of a transaction any more: it is removed a moment after the end is shown.
    pub async fn nothing_pending(&self) {
        let gone = async {
            while !self.pending().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.expect("the entry of a transaction stays in the keychain");
    }

    /// The program's folder.
    pub fn data_dir(&self) -> std::path::PathBuf {
        self.data.path().join("sandbox")
    }

    /// The program starts again on the same disk with another keychain.
    pub async fn restart_with(&mut self, vault: Arc<dyn Vault>) {
        self.core.shutdown().await;
        self.core = start(&self.data, &self.backend, &self.clock, &self.browser, vault).await;
        self.core.probe().await;
    }

    /// The program starts anew with `vault`, and somebody looks at its window.
    pub async fn restart_unasked(&mut self, vault: Arc<dyn Vault>) {
        self.core.shutdown().await;
        self.core = start(&self.data, &self.backend, &self.clock, &self.browser, vault).await;
        self.core.look().await;
    }

    /// As [`World::second`], where that may be refused.
    pub async fn try_second(&self) -> Result<Connections, connect_core::problem::Problem> {
        let (clock, browser) = (Arc::clone(&self.clock) as Arc<dyn Clock>, Arc::clone(&self.browser) as Arc<dyn Browser>);
        Connections::start(options(&self.data_dir(), &self.backend, clock, browser, Arc::clone(&self.vault) as Arc<dyn Vault>)).await
    }

    /// Waits for the end of an upgrade, and says that it was the same person where that is asked.
    pub async fn settle_upgrade(&self) -> String {
        let decided = |view: &Snapshot| matches!(stage(view), Some(Stage::Decide { .. } | Stage::Done { .. }));
        let view = self.until("decide or done", decided).await;
        if matches!(stage(&view), Some(Stage::Decide { .. })) {
            self.core.decide(connect_core::snapshot::Decision::Merge).await.unwrap();
        }
        self.done().await
    }

    /// `POST /sandbox/api/{what}`.
    pub async fn control(&self, what: &str, body: Value) {
        Self::control_at(&self.sandbox, what, body).await;
    }

    /// The same, without a world at hand.
    pub async fn control_at(sandbox: &Url, what: &str, body: Value) {
        let url = sandbox.join(&format!("/sandbox/api/{what}")).unwrap();
        let response = http().post(url).json(&body).send().await.unwrap();
        assert!(response.status().is_success(), "{what} {body}: {} {}", response.status(), response.text().await.unwrap_or_default());
    }

    /// `GET /sandbox/api/state`.
    pub async fn sandbox_state(&self) -> Value {
        http().get(self.sandbox.join("/sandbox/api/state").unwrap()).send().await.unwrap().json().await.unwrap()
    }

    /// One of the sandbox's counters.
    pub async fn count(&self, name: &str) -> u64 {
        self.sandbox_state().await["counters"][name].as_u64().unwrap_or_else(|| panic!("no counter {name}"))
    }

    /// How often an API path was called.
    pub async fn calls(&self, path: &str) -> u64 {
        let state = self.sandbox_state().await;
        let rows = state["counters"]["requests"].as_array().unwrap().clone();
        rows.iter().filter(|row| row["path"].as_str().unwrap().ends_with(path)).map(|row| row["count"].as_u64().unwrap()).sum()
    }

    /// Waits until the view is as wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut views = self.core.subscribe();
        let waited = tokio::time::timeout(Duration::from_secs(20), views.wait_for(|view| wanted(view))).await;
        match waited {
            Ok(view) => view.unwrap().clone(),
            Err(_) => panic!("never came: {what}; the view is {:#?}", self.core.view().transaction),
        }
    }

    /// Waits until the browser has been opened for the present transaction.
    pub async fn waiting(&self) -> Arc<Snapshot> {
        let view = self.until("waiting", |view| matches!(stage(view), Some(Stage::Waiting { .. }))).await;
        tokio::time::timeout(Duration::from_secs(10), async {
            while self.browser.opened.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .expect("the browser was not opened");
        view
    }

    /// The last address that the browser was opened with.
    pub fn opened(&self) -> Url {
        self.browser.opened.lock().unwrap().last().cloned().expect("the browser was not opened")
    }

    /// Connects `user`, asking for `asked`, of which `allowed` is approved. Gives back the account.
    pub async fn connect(&self, user: &str, asked: &[&str], allowed: &[&str]) -> String {
        self.core.connect(&Caller::Window, scopes(asked)).await.unwrap();
        self.approve(user, allowed).await;
        self.done().await
    }

    /// The person approves `allowed` as `user` in the browser that waits.
    pub async fn approve(&self, user: &str, allowed: &[&str]) {
        self.waiting().await;
        person::walk(&self.opened(), user, Some(allowed)).await;
        self.browser.opened.lock().unwrap().clear();
    }

    /// The person denies.
    pub async fn deny(&self, user: &str) {
        self.waiting().await;
        person::walk(&self.opened(), user, None).await;
        self.browser.opened.lock().unwrap().clear();
    }

    /// Waits for the end of the transaction, and takes it off the screen. The person says of a new account that it is theirs.
    pub async fn done(&self) -> String {
        let over = |view: &Snapshot| is_new(view) || matches!(stage(view), Some(Stage::Done { .. }));
        let mut view = self.until("done", over).await;
        if is_new(&view) {
            self.core.decide(connect_core::snapshot::Decision::AddAsAccount).await.unwrap();
            view = self.until("done", |view| matches!(stage(view), Some(Stage::Done { .. }))).await;
        }
        self.core.dismiss().await;
        match stage(&view) {
            Some(Stage::Done { account, .. }) => account.clone(),
            _ => unreachable!(),
        }
    }

    /// Waits for the transaction to fail, takes it off the screen and tells why.
    pub async fn failed(&self) -> connect_core::problem::Problem {
        let view = self.until("failed", |view| matches!(stage(view), Some(Stage::Failed { .. }))).await;
        self.core.dismiss().await;
        match stage(&view) {
            Some(Stage::Failed { problem }) => problem.clone(),
            _ => unreachable!(),
        }
    }
}

async fn start(
    data: &tempfile::TempDir,
    backend: &Url,
    clock: &Arc<TestClock>,
    browser: &Arc<TestBrowser>,
    vault: Arc<dyn Vault>,
) -> Connections {
    let options =
        options(&data.path().join("sandbox"), backend, Arc::clone(clock) as Arc<dyn Clock>, Arc::clone(browser) as Arc<dyn Browser>, vault);
    Connections::start(options).await.unwrap()
}

/// What a core of this test world is started with.
pub fn options(
    data_dir: &std::path::Path,
    backend: &Url,
    clock: Arc<dyn Clock>,
    browser: Arc<dyn Browser>,
    vault: Arc<dyn Vault>,
) -> Options {
    Options {
        environment: Environment::Sandbox,
        version: "0.1.0".into(),
        data_dir: Some(data_dir.to_owned()),
        link_scheme: SCHEME.into(),
        loopback_port: None,
        backend: Some(backend.clone()),
        backend_managed: false,
        guide: None,
        language: Language::English,
        browser,
        vault,
        clock,
        proxies: Arc::new(SystemProxies),
    }
}

pub fn scopes(list: &[&str]) -> Vec<String> {
    list.iter().map(|&scope| scope.to_owned()).collect()
}

pub fn stage(view: &Snapshot) -> Option<&Stage> {
    view.transaction.as_ref().map(|transaction| &transaction.stage)
}

/// Whether the person is asked whether a new account is theirs.
pub fn is_new(view: &Snapshot) -> bool {
    matches!(stage(view), Some(Stage::Decide { conflict: Conflict::NewUser { .. } }))
}

/// Whether the person is asked, or it is over.
pub fn is_settled(view: &Snapshot) -> bool {
    matches!(stage(view), Some(Stage::Decide { .. } | Stage::Done { .. } | Stage::Failed { .. }))
}

/// A feature's state by scope, in the words of the web view: `enabled`, `declined`, `lost`, `not_asked`.
pub fn feature(view: &Snapshot, account: &str, scope: &str) -> String {
    let position = view.catalogue.iter().position(|feature| feature.scope == scope).expect("a known scope");
    let account = view.accounts.iter().find(|row| row.id == account).expect("the account");
    let state = serde_json::to_value(&account.features[position].state).unwrap();
    state["kind"].as_str().unwrap().to_owned()
}

/// A client that follows no redirects and keeps no cookies.
pub fn http() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}
