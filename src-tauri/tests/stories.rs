//! Records what the window is told of a handful of runs of the real core, as the stories that the web view's in-memory backend plays. This
//! test runs them anew and fails when the recordings differ; `UPDATE_STORIES=1 cargo test -p monei-connect --test stories` writes them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failure here fails the test, and says where")]

#[path = "../../crates/core/tests/support/mod.rs"]
mod support;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use connect_core::Caller;
use connect_core::snapshot::{Decision, Section, Snapshot, Stage, Unrevoked};
use monei_connect::view::{ActivityItem, AppView, Convert, DisconnectOutcome, SectionView};
use monei_connect::view::{WalletPart, WalletPartView};
use serde_json::{Map, Value, json};
use support::{START, World, person, scopes, stage};

const SECTIONS: [(&str, Section); 4] =
    [("profile", Section::Profile), ("kyc", Section::Kyc), ("wallet", Section::Wallet), ("transactions", Section::Transactions)];
/// Parts of a wallet, as the window asks for them.
fn parts() -> Vec<Value> {
    let portfolio = |network| json!({"part": "portfolio", "network": network});
    vec![
        portfolio("ethereum"),
        portfolio("lisk"),
        portfolio("solana"),
        json!({"part": "sales", "page": 1}),
        json!({"part": "sale", "reference": "OFF-E5F6A7B8"}),
        json!({"part": "bills", "page": 1}),
        json!({"part": "deposits", "page": 1}),
        json!({"part": "deposit", "reference": "TX-ADA-0001"}),
    ]
}

/// What the accounts are called in the recordings, in the order of their coming.
const HANDLES: [&str; 2] = ["acc_ada", "acc_tunde"];

struct Recorder {
    name: &'static str,
    world: World,
    steps: Vec<Value>,
    sections: Map<String, Value>,
    parts: Map<String, Value>,
    handles: Vec<String>,
}

impl Recorder {
    async fn new(name: &'static str, world: World) -> Self {
        world.core.probe().await;
        let view = world.core.view();
        let steps = vec![json!({"call": "state", "args": {}, "result": told(&view)})];
        let handles = view.accounts.iter().map(|account| account.id.clone()).collect();
        Self { name, world, steps, sections: Map::new(), parts: Map::new(), handles }
    }

    /// A call of the window, and the state in which it settles.
    async fn call<T: serde::Serialize>(
        &mut self,
        call: &str,
        args: Value,
        made: impl Future<Output = T>,
        settled: impl Fn(&Snapshot) -> bool,
    ) {
        let result = made.await;
        // Nothing else has run since: a transaction that has just begun is still being checked.
        let first = self.world.core.view();
        let view = self.world.until(call, settled).await;
        let states = if matches!(stage(&first), Some(Stage::Checking)) { vec![told(&first), told(&view)] } else { vec![told(&view)] };
        self.steps.push(json!({"call": call, "args": args, "result": result, "states": states}));
        self.world.clock.advance(Duration::from_secs(20));
    }

    /// Something that happens elsewhere, and the state in which it settles.
    async fn outside(&mut self, what: &str, happening: impl Future<Output = ()>, settled: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut views = self.world.core.subscribe();
        let finishing = tokio::spawn(async move {
            views
                .wait_for(|view| matches!(stage(view), Some(Stage::Finishing { cancellable: true })))
                .await
                .map(|view| Arc::clone(&view))
                .ok()
        });
        happening.await;
        let view = self.world.until(what, settled).await;
        let between = if finishing.is_finished() { finishing.await.unwrap() } else { None };
        let states: Vec<Value> = between.iter().chain([&view]).map(|view| told(view)).collect();
        self.steps.push(json!({"outside": what, "states": states}));
        self.world.clock.advance(Duration::from_secs(20));
        view
    }

    async fn ask(&mut self, account: Option<&str>, asked: &[&str]) {
        let core = self.world.core.clone();
        let (account, list) = (account.map(str::to_owned), scopes(asked));
        let (call, args) = match &account {
            None => ("connect", json!({"scopes": asked})),
            Some(account) => ("reconnect", json!({"account": account, "scopes": asked})),
        };
        let made = async move {
            match account {
                None => core.connect(&Caller::Window, list).await.unwrap(),
                Some(account) => core.reconnect(&Caller::Window, &account, list).await.unwrap(),
            }
        };
        self.world.browser.opened.lock().unwrap().clear();
        self.call(call, args, made, |view| matches!(stage(view), Some(Stage::Waiting { .. }))).await;
        self.world.waiting().await;
    }

    async fn dismiss(&mut self) {
        let core = self.world.core.clone();
        self.call("dismiss", json!({}), async move { core.dismiss().await }, |view| view.transaction.is_none()).await;
    }

    /// Everything that the account's scopes allow to look at.
    async fn look(&mut self, account: &str) {
        if !self.handles.iter().any(|handle| handle == account) {
            self.handles.push(account.to_owned());
        }
        let mut shown = Map::new();
        for (name, section) in SECTIONS {
            if let Ok(data) = self.world.core.load(&Caller::Window, account, section).await {
                let view: SectionView = data.convert();
                shown.insert(name.into(), serde_json::to_value(view).unwrap());
            }
        }
        self.sections.insert(account.into(), shown.into());
        let mut told = Vec::new();
        for asked in parts() {
            let part: WalletPart = serde_json::from_value(asked.clone()).unwrap();
            if let Ok(data) = self.world.core.wallet_part(&Caller::Window, account, &part.convert()).await {
                let answer: WalletPartView = data.convert();
                told.push(json!({"asked": asked, "answer": answer}));
            }
        }
        self.parts.insert(account.into(), told.into());
    }

    /// The story with handles and addresses that are the same in every run.
    async fn finish(self) -> (String, String) {
        let activity: Vec<ActivityItem> = self.world.core.activity(None).await.unwrap().convert();
        let story = json!({"name": self.name, "now": START, "steps": self.steps, "sections": self.sections, "parts": self.parts, "activity": activity});
        let mut text = story.to_string();
        for (address, plain) in [(&self.world.backend, "http://127.0.0.1:43117"), (&self.world.sandbox, "http://127.0.0.1:43118")] {
            text = text.replace(address.as_str().trim_end_matches('/'), plain);
        }
        for (handle, name) in self.handles.iter().zip(HANDLES) {
            text = text.replace(handle.as_str(), name);
        }
        // Parsed once more for an order that does not depend on the handles.
        let plain: Value = serde_json::from_str(&text).unwrap();
        (self.name.to_owned(), serde_json::to_string_pretty(&plain).unwrap() + "\n")
    }
}

/// A state as the page is told it.
fn told(snapshot: &Snapshot) -> Value {
    let view: AppView = snapshot.clone().convert();
    serde_json::to_value(view).unwrap()
}

fn is_done(view: &Snapshot) -> bool {
    matches!(stage(view), Some(Stage::Done { .. }))
}

fn account(view: &Snapshot) -> String {
    match stage(view) {
        Some(Stage::Done { account, .. }) => account.clone(),
        other => panic!("not done: {other:?}"),
    }
}

/// A world in which Monei's clock agrees with the program's, so that its dates are the same in every recording.
async fn world() -> World {
    let world = World::unconfirmed().await;
    let offset = START / 1000 - jiff::Timestamp::now().as_second();
    world.control("clock", json!({"offset_s": offset})).await;
    world
}

/// Connected as Ada, with her profile and her balance, and the verification declined.
async fn with_ada() -> (World, String) {
    let world = world().await;
    world.core.confirm_backend(world.backend.as_str(), Some("Sandbox operator")).await.unwrap();
    let ada = world.connect("ada", &["profile:read", "kyc:read", "wallet:read"], &["profile:read", "wallet:read"]).await;
    world.clock.advance(Duration::from_secs(300));
    (world, ada)
}

/// First run; three asked, two granted.
async fn first_connection() -> (String, String) {
    let mut story = Recorder::new("first-connection", world().await).await;
    let core = story.world.core.clone();
    let address = core.view().backend.address.clone().unwrap();
    let made = {
        let address = address.clone();
        async move { core.confirm_backend(&address, Some("Sandbox operator")).await.unwrap() }
    };
    story.call("confirm_backend", json!({"address": address, "name": "Sandbox operator"}), made, |view| view.backend.confirmed).await;
    story.ask(None, &["profile:read", "kyc:read", "wallet:read"]).await;
    let start = story.world.opened();
    let allowed = ["profile:read", "wallet:read"];
    let walk = async { drop(person::walk(&start, "ada", Some(&allowed)).await) };
    story.outside("In the browser, Ada allows her profile and her balance, and leaves verification off", walk, support::is_new).await;
    let core = story.world.core.clone();
    let made = async move { core.decide(Decision::AddAsAccount).await.unwrap() };
    story.call("decide", json!({"decision": "add_as_account"}), made, is_done).await;
    let ada = account(&story.world.core.view());
    story.dismiss().await;
    story.look(&ada).await;
    story.finish().await
}

/// One more scope for an account that is there; then the access is taken back at Monei.
async fn more_for_an_account() -> (String, String) {
    let (world, ada) = with_ada().await;
    let mut story = Recorder::new("more-for-an-account", world).await;
    story.look(&ada).await;
    story.ask(Some(&ada), &["wallet:send"]).await;
    let start = story.world.opened();
    story
        .outside("In the browser, Ada allows it", async { drop(person::walk(&start, "ada", Some(&["wallet:send"])).await) }, is_done)
        .await;
    story.dismiss().await;
    let core = story.world.core.clone();
    let sandbox = story.world.sandbox.clone();
    let taken_back = async {
        World::control_at(&sandbox, "revoke", json!({"user": "ada"})).await;
        core.load(&Caller::Window, &ada, Section::Wallet).await.unwrap_err();
    };
    story.outside("Ada removes the connection in Monei’s settings", taken_back, |view| view.accounts[0].expires_at.is_none()).await;
    story.finish().await
}

/// A reconnect approved by somebody else; kept as an account of its own; both taken away.
async fn somebody_else_approves() -> (String, String) {
    let (world, ada) = with_ada().await;
    let mut story = Recorder::new("somebody-else-approves", world).await;
    story.look(&ada).await;
    story.ask(Some(&ada), &["profile:read", "kyc:read"]).await;
    let start = story.world.opened();
    let allowed = ["profile:read", "kyc:read"];
    let walk = async { drop(person::walk(&start, "tunde", Some(&allowed)).await) };
    let decide = |view: &Snapshot| matches!(stage(view), Some(Stage::Decide { .. }));
    story.outside("In the browser, Tunde is signed in and allows it", walk, decide).await;
    let core = story.world.core.clone();
    let made = async move { core.decide(Decision::AddAsAccount).await.unwrap() };
    story.call("decide", json!({"decision": "add_as_account"}), made, is_done).await;
    let tunde = account(&story.world.core.view());
    story.look(&tunde).await;
    story.dismiss().await;
    for (handle, left) in [(tunde, 1), (ada, 0)] {
        let (core, args) = (story.world.core.clone(), json!({"account": handle, "unrevoked": "keep"}));
        let made =
            async move { Convert::<DisconnectOutcome>::convert(core.disconnect(&Caller::Window, &handle, Unrevoked::Keep).await.unwrap()) };
        story.call("disconnect", args, made, |view| view.accounts.len() == left).await;
    }
    story.finish().await
}

#[tokio::test]
async fn the_recorded_stories_are_what_the_core_shows() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ui/src/lib/backend/stories");
    let update = std::env::var_os("UPDATE_STORIES").is_some();
    for (name, fresh) in [first_connection().await, more_for_an_account().await, somebody_else_approves().await] {
        let path = folder.join(format!("{name}.json"));
        if update {
            std::fs::write(&path, &fresh).unwrap();
        }
        let recorded = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = recorded.lines().zip(fresh.lines()).enumerate().find(|(_, (old, new))| old != new);
        assert!(recorded == fresh, "{name}.json is not what the core shows; first difference: {differs:?}. See this test's first lines");
    }
}
