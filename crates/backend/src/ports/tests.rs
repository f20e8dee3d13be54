//! One property test for both stores: they apply the same model, so the same operations get the same answers, and no minute sees too many calls.

use std::num::NonZeroU32;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};

use super::clock::ManualClock;
use super::memory::MemoryStore;
use super::redis::tests::{Server, flush};
use super::{Budgets, Scope};
use crate::domain::budget::{Call, Charge, Endpoint, Kind, Limits, Op};
use crate::domain::network::Network;

fn network() -> impl Strategy<Value = Network> + Clone {
    (0_u64..4, 0_u64..2).prop_map(|(site, part)| Network { site, part })
}

fn op() -> impl Strategy<Value = Op> {
    let kind = prop_oneof![Just(Kind::Redeem), Just(Kind::Refresh)];
    let call = (kind, 0_u64..40, prop::option::of(network())).prop_map(|(kind, ticket, network)| Call { kind, ticket, network });
    prop_oneof![
        12 => call.clone().prop_map(Op::Reserve),
        2 => (call, 0_u64..40).prop_map(|(call, id)| Op::Book { call, id }),
        3 => (0_u64..40, prop::option::of(network())).prop_map(|(id, network)| Op::Start { id, network }),
        1 => (0_u64..40).prop_map(|id| Op::Returned { id }),
        1 => (0_u64..40, prop::option::of(network())).prop_map(|(grant, network)| Op::Revoke { grant, network }),
        1 => (0_u64..40).prop_map(|ticket| Op::NotDone { ticket }),
        1 => (prop::option::of(0_u64..40), 1_u64..90_000).prop_map(|(ticket, ms)| Op::Busy { endpoint: Endpoint::Token, ticket, ms }),
    ]
}

/// Tries `property` on random runs of `steps` steps on average: as many runs as take `PROPTEST_CASES` steps together, and at least `least`. Not by
/// `proptest!`, which takes that variable for the number of runs, whatever its configuration says.
#[track_caller]
pub(super) fn try_runs<S: Strategy>(least: u32, steps: u32, runs: &S, property: impl Fn(S::Value) -> TestCaseResult) {
    let defaults = ProptestConfig::default();
    let cases = least.max(defaults.cases.div_ceil(steps));
    let mut runner = TestRunner::new(ProptestConfig { cases, source_file: Some(Location::caller().file()), ..defaults });
    if let Err(error) = runner.run(runs, property) {
        panic!("{error}\n{runner}");
    }
}

#[test]
fn memory_and_redis_give_the_same_answers_and_never_too_many_calls() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // One for all runs: starting another takes longer than a run.
    let server = Server::start();
    let runs = (1_u32..24, prop::collection::vec((op(), 0_u64..9_000), 1..90));
    try_runs(48, 45, &runs, |(total, steps)| {
        runtime.block_on(async {
            let limits = Limits::new(NonZeroU32::new(total).unwrap(), NonZeroU32::new(20));
            let clock = Arc::new(ManualClock::new(1_800_000_000));
            let memory = MemoryStore::new(clock.clone(), false);
            let scope = Scope::Shared(7);
            // Two instances that share one server take turns.
            let instances = [server.ready().await, server.ready().await];
            flush(&instances[0]).await;
            let (mut now, mut sent) = (1_000_u64, Vec::new());
            clock.advance(Duration::from_millis(now));
            for (at, (op, pause)) in steps.into_iter().enumerate() {
                now += pause;
                clock.advance(Duration::from_millis(pause));
                let redis = &instances[at % 2];
                redis.set_time(now);
                let by_memory = memory.apply(scope, op, limits).await.unwrap();
                let by_redis = redis.apply(scope, op, limits).await.unwrap();
                prop_assert_eq!(by_memory, by_redis, "{:?} at {}", op, now);
                prop_assert_eq!(memory.usage(scope).await, redis.usage(scope).await);
                match (op, by_memory) {
                    (Op::Reserve(call), Charge::Granted) => sent.push((now, call.kind)),
                    (Op::Reserve(_), Charge::Wait(wait) | Charge::Paused(wait)) => prop_assert!(!wait.is_zero()),
                    _ => {}
                }
                let minute = || sent.iter().filter(|(at, _)| *at + 60_000 > now);
                prop_assert!(minute().count() <= total as usize);
                for kind in [Kind::Redeem, Kind::Refresh] {
                    prop_assert!(minute().filter(|(_, other)| *other == kind).count() <= limits.of(kind) as usize);
                }
            }
            Ok(())
        })
    });
}
