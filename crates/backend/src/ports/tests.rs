//! One property test for both stores: they apply the same model, so the same operations get the same answers, and no minute sees too many calls.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::clock::ManualClock;
use super::memory::MemoryStore;
use super::redis::tests::Server;
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

proptest! {
    // Each case is many round trips to a real server.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(48), ..ProptestConfig::default() })]
    #[test]
    fn memory_and_redis_give_the_same_answers_and_never_too_many_calls(
        total in 1_u32..24,
        steps in prop::collection::vec((op(), 0_u64..9_000), 1..90),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::start();
            let limits = Limits::new(NonZeroU32::new(total).unwrap(), NonZeroU32::new(20));
            let clock = Arc::new(ManualClock::new(1_800_000_000));
            let memory = MemoryStore::new(clock.clone(), false);
            // Two instances that share one server take turns.
            let scope = Scope::Shared(rand::random());
            let instances = [server.ready().await, server.ready().await];
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
        })?;
    }
}
