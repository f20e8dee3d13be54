//! The tester's panel: what is ordered there happens at the sandbox, and nowhere but in the sandbox environment.

mod support;

use std::sync::Arc;

use connect_core::Caller;
use connect_core::Connections;
use connect_core::clock::Clock;
use connect_core::feature::FeatureId;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::{
    Environment, Health, Link, Section, TesterAllow, TesterArmed, TesterFault, TesterOrder, TesterPlan, TesterReset, TesterSwitch,
    TesterTarget,
};
use connect_core::vault::{MemoryVault, Vault};
use support::{TestBrowser, TestClock, World, feature, person, scopes};

#[allow(clippy::unwrap_used, reason = "a name that isn't in the table fails the test")]
fn named(feature: &str) -> FeatureId {
    serde_json::from_value(feature.into()).unwrap()
}

const SANDBOX_LINKS: [Link; 5] = [Link::SandboxControl, Link::SandboxSwitches, Link::SandboxClock, Link::SandboxScenario, Link::SandboxLog];

#[tokio::test]
async fn a_planned_part_is_what_the_next_approval_grants() {
    let world = World::new().await;
    let offered = world.core.tester().await.unwrap();
    assert!(offered.people.iter().any(|person| person.id == "tunde" && person.name == "Tunde Bello"), "{offered:?}");
    assert!(offered.presets.iter().any(|preset| preset.name == "outage" && !preset.about.is_empty()), "{offered:?}");
    assert_eq!((offered.planned.len(), offered.faults.len()), (0, 0));

    let allow = TesterAllow::Features { features: vec![named("wallet"), named("profile"), named("wallet")] };
    let order = TesterOrder::Plan { person: Some("tunde".into()), allow, auto: true };
    let planned = world.core.tester_order(order).await.unwrap().planned;
    let allow = TesterAllow::Features { features: vec![named("profile"), named("wallet")] };
    assert_eq!(planned, [TesterPlan { person: Some("tunde".into()), allow, auto: true, times: 1 }]);

    // Nobody decides: were there a page, everything on it would be left off.
    world.core.connect(&Caller::Window, scopes(&["profile:read", "kyc:read", "wallet:read"])).await.unwrap();
    world.waiting().await;
    person::walk(&world.opened(), "tunde", Some(&[])).await;
    let account = world.done().await;
    let view = world.core.view();
    for (scope, state) in [("profile:read", "enabled"), ("wallet:read", "enabled"), ("kyc:read", "declined")] {
        assert_eq!(feature(&view, &account, scope), state, "{scope}");
    }
    assert!(world.core.tester().await.unwrap().planned.is_empty());
}

#[tokio::test]
async fn what_is_revoked_in_the_panel_is_noticed_at_the_next_check() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read"], &["profile:read"]).await;
    world.core.tester_order(TesterOrder::Expire { person: Some("ada".into()) }).await.unwrap();
    world.core.check(&Caller::Window, &account).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    world.core.tester_order(TesterOrder::Revoke { person: Some("tunde".into()) }).await.unwrap();
    world.core.check(&Caller::Window, &account).await.unwrap();
    world.core.tester_order(TesterOrder::Revoke { person: Some("ada".into()) }).await.unwrap();
    assert_eq!(world.core.check(&Caller::Window, &account).await, Err(ProblemCode::AccessRevoked.into()));
    assert!(matches!(world.core.view().accounts[0].health, Health::NeedsReconnect { .. }));
}

#[tokio::test]
async fn every_fault_waits_at_every_target_as_it_was_ordered_and_can_be_taken_back() {
    use TesterFault as F;
    use TesterTarget as T;
    let world = World::new().await;
    let targets = [T::Api, T::Profile, T::Kyc, T::Wallet, T::Transactions, T::Token, T::Revoke];
    let faults = [
        F::Status { status: 401, retry_after_s: None },
        F::Status { status: 429, retry_after_s: Some(8) },
        F::DropBefore,
        F::DropAfter,
        F::Delay { seconds: 3 },
        F::WrongContentType,
        F::HugeBody,
        F::Redirect,
    ];
    let mut armed = Vec::new();
    for (number, (target, fault)) in (1..).zip(targets.into_iter().flat_map(|target| faults.map(|fault| (target, fault)))) {
        let view = world.core.tester_order(TesterOrder::Fault { target, fault, times: number }).await.unwrap();
        armed.push(TesterArmed { number, target: Some(target), fault: Some(fault), times: number });
        assert_eq!(view.faults, armed);
    }
    let view = world.core.tester_order(TesterOrder::Disarm { number: 2 }).await.unwrap();
    armed.remove(1);
    assert_eq!(view.faults, armed);
    let cleared = world.core.tester_order(TesterOrder::Reset { what: TesterReset::Faults }).await.unwrap();
    assert_eq!(cleared.faults, []);
    for preset in cleared.presets {
        world.core.tester_order(TesterOrder::Preset { name: preset.name }).await.unwrap();
    }
    let view = world.core.tester_order(TesterOrder::Reset { what: TesterReset::All }).await.unwrap();
    assert_eq!((view.planned, view.faults, view.switches), (vec![], vec![], vec![]));
    let unknown = TesterOrder::Preset { name: "no_such_preset".into() };
    assert_eq!(world.core.tester_order(unknown).await, Err(Problem::new(ProblemCode::InvalidInput)));
}

#[tokio::test]
async fn a_fault_hits_the_calls_that_it_names_and_no_other() {
    let world = World::new().await;
    let account = world.connect("ada", &["profile:read", "wallet:read"], &["profile:read", "wallet:read"]).await;
    let fault = TesterFault::Status { status: 500, retry_after_s: None };
    world.core.tester_order(TesterOrder::Fault { target: TesterTarget::Wallet, fault, times: 100_000 }).await.unwrap();
    world.core.load(&Caller::Window, &account, Section::Profile).await.unwrap();
    let refused = world.core.load(&Caller::Window, &account, Section::Wallet).await;
    assert_eq!(refused, Err(ProblemCode::ProviderUnavailable.into()));
    world.core.load(&Caller::Window, &account, Section::Transactions).await.unwrap();
}

#[tokio::test]
async fn switches_clock_and_scenario_are_told_as_they_stand() {
    let world = World::new().await;
    world.control("preset", serde_json::json!({"name": "normal"})).await;
    let view = world.core.tester().await.unwrap();
    assert_eq!((view.switches, view.clock_offset_s, view.scenario), (vec![], 0, None));
    world.control("switch", serde_json::json!({"name": "upgrade_scopes", "value": "only_new"})).await;
    world.control("clock", serde_json::json!({"offset_s": -90})).await;
    let view = world.core.tester().await.unwrap();
    assert_eq!(view.switches, [TesterSwitch { name: "upgrade_scopes".into(), value: "only_new".into() }]);
    assert_eq!(view.clock_offset_s, -90);
    let toml = "name = \"Nobody\"\n[[round]]\nuser = \"ada\"\nallow = \"deny\"\n";
    world.control("scenario", serde_json::json!({"toml": toml})).await;
    let view = world.core.tester().await.unwrap();
    assert_eq!((view.scenario.as_deref(), view.switches, view.clock_offset_s), (Some("Nobody"), vec![], 0));
}

#[tokio::test]
async fn elsewhere_nothing_answers_and_nothing_is_sent() {
    let world = World::new().await;
    for environment in [Environment::Production, Environment::Development] {
        let folder = tempfile::tempdir().unwrap();
        let options = support::options(
            folder.path(),
            &world.backend,
            Arc::new(TestClock::at(support::START)) as Arc<dyn Clock>,
            Arc::new(TestBrowser::default()),
            Arc::new(MemoryVault::default()) as Arc<dyn Vault>,
        );
        let core = Connections::start(connect_core::Options { environment, ..options }).await.unwrap();
        assert_eq!(core.tester().await, Err(Problem::new(ProblemCode::InvalidInput)));
        for order in [
            TesterOrder::Fault { target: TesterTarget::Api, fault: TesterFault::DropBefore, times: 1 },
            TesterOrder::Disarm { number: 1 },
            TesterOrder::Plan { person: None, allow: TesterAllow::All, auto: false },
            TesterOrder::Expire { person: None },
            TesterOrder::Revoke { person: None },
            TesterOrder::Preset { name: "outage".into() },
            TesterOrder::Reset { what: TesterReset::All },
        ] {
            assert_eq!(core.tester_order(order).await, Err(Problem::new(ProblemCode::InvalidInput)));
        }
        core.probe().await;
        for link in SANDBOX_LINKS {
            assert_eq!(core.link(link), None, "{environment:?} {link:?}");
        }
    }
    assert_eq!(world.core.tester().await.unwrap().faults, []);
    for link in SANDBOX_LINKS {
        assert!(world.core.link(link).unwrap().path().starts_with("/sandbox"), "{link:?}");
    }
    let unconfirmed = World::unconfirmed().await;
    assert_eq!(unconfirmed.core.tester().await, Err(Problem::new(ProblemCode::BackendUnconfirmed)));
}
