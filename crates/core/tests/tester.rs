//! The tester's panel: what is ordered there happens at the sandbox, and nowhere but in the sandbox environment.

mod support;

use std::sync::Arc;

use connect_core::Connections;
use connect_core::clock::Clock;
use connect_core::feature::FeatureId;
use connect_core::problem::{Problem, ProblemCode};
use connect_core::vault::{MemoryVault, Vault};
use connect_core::view::{Environment, Health, TesterAllow, TesterFault, TesterOrder, TesterPlan, TesterReset};
use support::{TestBrowser, TestClock, World, feature, person, scopes};

#[tokio::test]
async fn a_planned_part_is_what_the_next_approval_grants() {
    let world = World::new().await;
    let offered = world.core.tester().await.unwrap();
    assert!(offered.people.iter().any(|person| person.id == "tunde" && person.name == "Tunde Bello"), "{offered:?}");
    assert!(offered.presets.iter().any(|preset| preset.name == "outage" && !preset.about.is_empty()), "{offered:?}");
    assert_eq!((offered.planned.len(), offered.faults), (0, 0));

    let allow = TesterAllow::Features { features: vec![FeatureId::Wallet, FeatureId::Profile, FeatureId::Wallet] };
    let order = TesterOrder::Plan { person: Some("tunde".into()), allow, auto: true };
    let planned = world.core.tester_order(order).await.unwrap().planned;
    let allow = TesterAllow::Features { features: vec![FeatureId::Profile, FeatureId::Wallet] };
    assert_eq!(planned, [TesterPlan { person: Some("tunde".into()), allow, auto: true, times: 1 }]);

    // Nobody decides: were there a page, everything on it would be left off.
    world.core.connect(scopes(&["profile:read", "kyc:read", "wallet:read"])).await.unwrap();
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
    world.core.check(&account).await.unwrap();
    assert_eq!(world.count("refreshes").await, 1);
    world.core.tester_order(TesterOrder::Revoke { person: Some("tunde".into()) }).await.unwrap();
    world.core.check(&account).await.unwrap();
    world.core.tester_order(TesterOrder::Revoke { person: Some("ada".into()) }).await.unwrap();
    assert_eq!(world.core.check(&account).await, Err(ProblemCode::AccessRevoked.into()));
    assert!(matches!(world.core.view().accounts[0].health, Health::NeedsReconnect { .. }));
}

#[tokio::test]
async fn every_fault_is_taken_and_a_reset_clears_them() {
    use TesterFault as F;
    let world = World::new().await;
    let faults = [
        F::ApiUnauthorized,
        F::ApiForbidden,
        F::ApiBusy,
        F::ApiBroken,
        F::ApiUnavailable,
        F::ApiSilent,
        F::TokenBroken,
        F::TokenBusy,
        F::TokenSilent,
    ];
    for (before, fault) in (0..).zip(faults) {
        let view = world.core.tester_order(TesterOrder::Fault { fault }).await.unwrap();
        assert_eq!(view.faults, before + 1, "{fault:?}");
    }
    let cleared = world.core.tester_order(TesterOrder::Reset { what: TesterReset::Faults }).await.unwrap();
    assert_eq!(cleared.faults, 0);
    for preset in cleared.presets {
        world.core.tester_order(TesterOrder::Preset { name: preset.name }).await.unwrap();
    }
    let view = world.core.tester_order(TesterOrder::Reset { what: TesterReset::All }).await.unwrap();
    assert_eq!((view.planned.len(), view.faults), (0, 0));
    let unknown = TesterOrder::Preset { name: "no_such_preset".into() };
    assert_eq!(world.core.tester_order(unknown).await, Err(Problem::new(ProblemCode::InvalidInput)));
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
        let order = TesterOrder::Fault { fault: TesterFault::ApiBroken };
        assert_eq!(core.tester_order(order).await, Err(Problem::new(ProblemCode::InvalidInput)));
    }
    assert_eq!(world.core.tester().await.unwrap().faults, 0);
    let unconfirmed = World::unconfirmed().await;
    assert_eq!(unconfirmed.core.tester().await, Err(Problem::new(ProblemCode::BackendUnconfirmed)));
}
