//! Two things at once, each of which is right alone: a look, a disconnection or a second program while an approval is being stored.

#![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Decision, DisconnectOutcome, Health, Section, Stage, Unrevoked};
use connect_core::vault::{MemoryVault, Vault, VaultError, VaultFuture};
use secrecy::SecretString;
use serde_json::json;
use support::{World, feature, is_new, scopes, stage};
use tokio::sync::oneshot;

const PROFILE: &[&str] = &["profile:read"];
/// What Monei's page asks about when [`PROFILE`] has been approved and [`BOTH`] are asked for.
const WALLET: &[&str] = &["wallet:read"];
const BOTH: &[&str] = &["profile:read", "wallet:read"];

#[derive(Clone, Copy, PartialEq)]
enum Call {
    Read,
    Write,
    Delete,
}

/// A keychain that can be stopped at a call, and that can refuse an entry.
#[derive(Default)]
struct Stopping {
    entries: Arc<MemoryVault>,
    armed: Mutex<Vec<Armed>>,
    /// The entry that it refuses to read.
    refused: Mutex<Option<String>>,
}

struct Armed {
    call: Call,
    before: usize,
    reached: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

/// A call that stands still until it is told to go on.
struct Stop {
    reached: oneshot::Receiver<()>,
    go_on: oneshot::Sender<()>,
}

impl Stop {
    /// Waits until the call is made.
    async fn reached(&mut self) {
        tokio::time::timeout(Duration::from_secs(20), &mut self.reached).await.unwrap().unwrap();
    }

    fn go_on(self) {
        self.go_on.send(()).unwrap();
    }
}

impl Stopping {
    /// Stops the next such call for a grant that has `before` of them before it.
    fn stop(&self, call: Call, before: usize) -> Stop {
        let ((reached, is_reached), (go_on, goes_on)) = (oneshot::channel(), oneshot::channel());
        self.armed.lock().unwrap().push(Armed { call, before, reached, go_on: goes_on });
        Stop { reached: is_reached, go_on }
    }

    async fn pass(&self, call: Call, name: &str) {
        if name.contains('.') {
            return;
        }
        let met = {
            let mut armed = self.armed.lock().unwrap();
            let met = armed.iter().position(|armed| armed.call == call && armed.before == 0).map(|position| armed.remove(position));
            armed.iter_mut().filter(|armed| armed.call == call).for_each(|armed| armed.before = armed.before.saturating_sub(1));
            met
        };
        if let Some(Armed { reached, go_on, .. }) = met {
            reached.send(()).unwrap();
            go_on.await.unwrap();
        }
    }
}

impl Vault for Stopping {
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        Box::pin(async move {
            self.pass(Call::Read, name).await;
            if self.refused.lock().unwrap().as_deref() == Some(name) {
                return Err(VaultError::Refused);
            }
            self.entries.read(name).await
        })
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            self.pass(Call::Write, name).await;
            self.entries.write(name, value).await
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            self.pass(Call::Delete, name).await;
            self.entries.delete(name).await
        })
    }
}

/// A world whose keychain can be stopped.
async fn world() -> (World, Arc<Stopping>) {
    let mut world = World::new().await;
    let vault = Arc::new(Stopping { entries: Arc::clone(&world.vault), ..Stopping::default() });
    world.restart_with(Arc::clone(&vault) as Arc<dyn Vault>).await;
    (world, vault)
}

/// An account with two approvals, and the names of their records, the older one first.
async fn two_approvals(world: &World) -> (String, [String; 2]) {
    world.control("switch", json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    world.control("switch", json!({"name": "old_pair_after_upgrade", "value": "alive"})).await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let first = world.records().remove(0);
    world.clock.advance(Duration::from_secs(60));
    world.core.reconnect(&Caller::Window, &account, scopes(WALLET)).await.unwrap();
    world.approve("ada", WALLET).await;
    assert_eq!(world.settle_upgrade().await, account);
    let second = world.records().into_iter().find(|name| *name != first).unwrap();
    (account, [first, second])
}

/// How many grants live at Monei.
async fn alive(world: &World) -> usize {
    world.sandbox_state().await["grants"].as_array().unwrap().iter().filter(|grant| grant["alive"] == true).count()
}

#[tokio::test]
async fn a_look_leaves_an_approval_alone_that_is_being_stored() {
    let (world, vault) = world().await;
    // First as approved, then with its account.
    let mut assigning = vault.stop(Call::Write, 1);
    world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap();
    world.approve("ada", PROFILE).await;
    world.until("whose it is", is_new).await;
    let core = world.core.clone();
    let deciding = tokio::spawn(async move { core.decide(Decision::AddAsAccount).await });
    assigning.reached().await;
    world.core.probe().await;
    world.second().await.probe().await;
    assert_eq!((alive(&world).await, world.records().len()), (1, 1));
    assigning.go_on();
    deciding.await.unwrap().unwrap();
    let account = world.done().await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    // Now that it has its account, a look finds nothing to do either.
    world.core.probe().await;
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
}

#[tokio::test]
async fn a_look_leaves_an_approval_alone_that_somebody_decides_about() {
    let (world, vault) = world().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.core.reconnect(&Caller::Window, &account, scopes(&["kyc:read"])).await.unwrap();
    world.approve("tunde", &["kyc:read"]).await;
    world.until("a decision", |view| matches!(stage(view), Some(Stage::Decide { .. }))).await;
    // Another program's look, while the person thinks.
    world.second().await.probe().await;
    assert_eq!((alive(&world).await, world.records().len()), (2, 2));
    // Any look, while the decision is carried out.
    let mut assigning = vault.stop(Call::Read, 0);
    let core = world.core.clone();
    let deciding = tokio::spawn(async move { core.decide(Decision::Merge).await });
    assigning.reached().await;
    world.core.probe().await;
    world.second().await.probe().await;
    assert_eq!((alive(&world).await, world.records().len()), (2, 2));
    // It is too late for another run, whose place the end of this one would take, and for calling it off.
    assert_eq!(stage(&world.core.view()), Some(&Stage::Finishing { cancellable: false }));
    assert_eq!(world.core.connect(&Caller::Window, scopes(PROFILE)).await.unwrap_err().code, ProblemCode::AnotherInProgress);
    world.core.cancel().await;
    assigning.go_on();
    deciding.await.unwrap().unwrap();
    assert_eq!(world.done().await, account);
    world.core.load(&Caller::Window, &account, Section::Kyc).await.unwrap();
}

#[tokio::test]
async fn an_account_disconnected_while_more_is_approved_for_it_stays_disconnected() {
    let (world, vault) = world().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let mut storing = vault.stop(Call::Write, 0);
    world.core.reconnect(&Caller::Window, &account, scopes(BOTH)).await.unwrap();
    world.approve("ada", WALLET).await;
    storing.reached().await;
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    storing.go_on();
    assert_eq!(world.failed().await.code, ProblemCode::NoSuchAccount);
    assert!(world.core.view().accounts.is_empty() && world.records().is_empty());
    assert_eq!(alive(&world).await, 0);
}

#[tokio::test]
async fn an_account_disconnected_while_a_decision_for_it_is_carried_out_stays_disconnected() {
    let (world, vault) = world().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    world.core.connect(&Caller::Window, scopes(BOTH)).await.unwrap();
    world.approve("ada", WALLET).await;
    world.until("a decision", |view| matches!(stage(view), Some(Stage::Decide { .. }))).await;
    let mut assigning = vault.stop(Call::Read, 0);
    let core = world.core.clone();
    let deciding = tokio::spawn(async move { core.decide(Decision::Merge).await });
    assigning.reached().await;
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assigning.go_on();
    deciding.await.unwrap().unwrap();
    assert_eq!(world.failed().await.code, ProblemCode::NoSuchAccount);
    assert!(world.core.view().accounts.is_empty() && world.records().is_empty());
    assert_eq!(alive(&world).await, 0);
}

#[tokio::test]
async fn an_account_disconnected_while_a_record_is_named_after_it_takes_the_new_grant_along() {
    let (world, vault) = world().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let mut naming = vault.stop(Call::Write, 1);
    world.core.reconnect(&Caller::Window, &account, scopes(BOTH)).await.unwrap();
    world.approve("ada", WALLET).await;
    naming.reached().await;
    // What came of it is shown already.
    assert_eq!(world.done().await, account);
    assert_eq!((feature(&world.core.view(), &account, "wallet:read"), alive(&world).await), ("enabled".into(), 2));
    let core = world.core.clone();
    let mut disconnecting = tokio::spawn(async move { core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await });
    // Else the record would be written once more after it was removed.
    assert!(
        tokio::time::timeout(Duration::from_secs(1), &mut disconnecting).await.is_err(),
        "a grant whose record is being written is waited for"
    );
    naming.go_on();
    assert_eq!(disconnecting.await.unwrap(), Ok(DisconnectOutcome::Revoked));
    assert!(world.core.view().accounts.is_empty() && world.records().is_empty());
    assert_eq!(alive(&world).await, 0);
}

#[tokio::test]
async fn what_is_approved_during_a_disconnection_is_revoked_with_the_rest() {
    let (world, vault) = world().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let mut removing = vault.stop(Call::Delete, 0);
    let (core, id) = (world.core.clone(), account.clone());
    let disconnecting = tokio::spawn(async move { core.disconnect(&Caller::Window, &id, Unrevoked::Keep).await });
    removing.reached().await;
    world.core.reconnect(&Caller::Window, &account, scopes(BOTH)).await.unwrap();
    world.approve("ada", BOTH).await;
    assert_eq!(world.done().await, account);
    removing.go_on();
    assert_eq!(disconnecting.await.unwrap(), Ok(DisconnectOutcome::Revoked));
    assert!(world.core.view().accounts.is_empty() && world.records().is_empty());
    assert_eq!(alive(&world).await, 0);
}

#[tokio::test]
async fn agreeing_to_a_backend_while_another_is_set_agrees_to_the_one_that_was_shown() {
    let world = World::unconfirmed().await;
    world.core.probe().await;
    let (first, other) = (world.backend.as_str(), "http://127.0.0.1:9");
    // Which of the two comes first is open. Agreement to the other is not.
    for _ in 0..20 {
        world.core.set_backend(first).await.unwrap();
        let (set, agreed) = tokio::join!(world.core.set_backend(other), world.core.confirm_backend(first, Some("Sandbox operator")));
        set.unwrap();
        let shown = world.core.view().backend.clone();
        assert_eq!((shown.address.as_deref(), shown.confirmed), (Some(other), false), "{agreed:?}");
    }
}

#[tokio::test]
async fn a_program_that_stands_still_while_it_has_an_account_is_waited_for_a_minute_and_no_longer() {
    let world = World::new().await;
    let account = world.connect("ada", PROFILE, PROFILE).await;
    let path = world.data_dir().join("locks").join(&world.records()[0]);
    let stopped = std::fs::File::options().write(true).open(path).unwrap();
    stopped.try_lock().unwrap();
    // The token has to be refreshed.
    world.clock.advance(Duration::from_secs(3_700));
    // The minute passes in no time.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let (ended, read, again) = tokio::join!(
        world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep),
        world.core.load(&Caller::Window, &account, Section::Profile),
        world.core.load(&Caller::Window, &account, Section::Profile),
    );
    let waited = began.elapsed();
    tokio::time::resume();
    let codes = [ended.unwrap_err().code, read.unwrap_err().code, again.unwrap_err().code];
    assert_eq!(codes, [ProblemCode::AccountInUse; 3]);
    assert!((Duration::from_secs(60)..Duration::from_secs(75)).contains(&waited), "{waited:?}");
    let shown = &world.core.view().accounts[0].health;
    assert!(matches!(shown, Health::Unreachable { reason } if reason.code == ProblemCode::AccountInUse), "{shown:?}");
    // It goes on, and ends.
    drop(stopped);
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    assert_eq!(world.core.view().accounts[0].health, Health::Connected);
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
}

#[tokio::test]
async fn where_one_of_two_grants_is_in_use_elsewhere_neither_is_ended() {
    let world = World::new().await;
    let (account, names) = two_approvals(&world).await;
    for (name, permissions_alone) in names.iter().flat_map(|name| [(name, false), (name, true)]) {
        let stopped = std::fs::File::options().write(true).open(world.data_dir().join("locks").join(name)).unwrap();
        stopped.try_lock().unwrap();
        let (core, id) = (world.core.clone(), account.clone());
        let mut ending = tokio::spawn(async move {
            if permissions_alone {
                core.take_back(&Caller::Window, &id, &scopes(BOTH)).await
            } else {
                core.disconnect(&Caller::Window, &id, Unrevoked::Keep).await
            }
        });
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut ending).await.is_err(), "the other program is not waited for");
        // The minute passes in no time.
        tokio::time::pause();
        let ended = ending.await.unwrap();
        tokio::time::resume();
        assert_eq!(ended.unwrap_err().code, ProblemCode::AccountInUse);
        assert_eq!((alive(&world).await, world.records().len()), (2, 2), "half of it has ended");
        drop(stopped);
    }
    assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
    assert_eq!((alive(&world).await, world.records().len()), (0, 0));
}

#[tokio::test]
async fn what_ended_before_the_keychain_refused_the_rest_is_not_shown_as_enabled() {
    let mut left = Vec::new();
    for refused in 0..2 {
        let (world, vault) = world().await;
        let (account, names) = two_approvals(&world).await;
        *vault.refused.lock().unwrap() = Some(names[refused].clone());
        let ended = world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await;
        assert_eq!(ended.unwrap_err().code, ProblemCode::KeychainRefused);
        let view = world.core.view();
        let enabled = BOTH.iter().filter(|scope| feature(&view, &account, scope) == "enabled").count();
        assert_eq!((alive(&world).await, world.records().len()), (enabled, enabled));
        left.push(enabled);
        *vault.refused.lock().unwrap() = None;
        assert_eq!(world.core.disconnect(&Caller::Window, &account, Unrevoked::Keep).await, Ok(DisconnectOutcome::Revoked));
        assert_eq!((alive(&world).await, world.records().len()), (0, 0));
    }
    assert!(left.contains(&1), "in neither order had one ended before: {left:?}");
}
