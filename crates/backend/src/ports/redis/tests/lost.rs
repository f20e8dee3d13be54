//! No minute sees too many calls, whatever the store loses and whoever comes and goes. Times are set, servers and their promotions are real.

use proptest::prelude::*;

use super::*;
use crate::ports::tests::try_runs;

/// A store as in production: one without data may have lost them.
async fn in_production(server: &Server, now: u64) -> RedisStore {
    let mut store = server.ready().await;
    store.budgets.may_have_lost = true;
    store.set_time(now);
    store
}

async fn promote(store: &RedisStore) {
    tell(store, &["REPLICAOF", "127.0.0.1", "1"]).await;
    tell(store, &["REPLICAOF", "NO", "ONE"]).await;
}

async fn granted(store: &RedisStore, count: usize) {
    for _ in 0..count {
        assert_eq!(redeem(store).await, Ok(Charge::Granted));
    }
}

/// The calls counted after it took over were as many as those that it lacked, so nobody noticed.
#[tokio::test]
async fn calls_that_a_new_primary_lacks_hold_everybody_even_if_another_instance_went_on_without_them() {
    let server = Server::start();
    let [one, two] = [server.ready().await, server.ready().await];
    for store in [&one, &two] {
        store.set_time(1_000_000);
        granted(store, 1).await;
    }
    let name = texts(tell(&one, &["KEYS", "*budget*"]).await).remove(0);
    let earlier: String = redis::from_redis_value(tell(&one, &["GET", &name]).await).unwrap();
    granted(&one, 3).await;
    promote(&one).await;
    tell(&one, &["SET", &name, &earlier]).await;
    for (store, now) in [(&two, 1_001_000), (&one, 1_030_000), (&server.ready().await, 1_061_999)] {
        store.set_time(now);
        assert_eq!(redeem(store).await, Ok(Charge::Wait(Duration::from_millis(1_062_000 - now))));
    }
    one.set_time(1_062_000);
    granted(&one, 1).await;
}

/// It took calls until it was told that another is the primary, and the other granted as many.
#[tokio::test]
async fn a_primary_whose_replica_was_promoted_grants_no_more_calls() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let primary = Server::start_with(&["--port", &port]);
    let old = primary.ready().await;
    let replica = Server::start_with(&["--port", "0", "--replicaof", "127.0.0.1", &port]);
    let followed = async {
        while !texts(tell(&old, &["INFO", "replication"]).await).concat().contains("state=online") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), followed).await.expect("the replica follows");
    old.set_time(1_000_000);
    granted(&old, 4).await;
    let new = replica.ready().await;
    // "online" is said before the replica has loaded anything.
    let name = texts(tell(&old, &["KEYS", "*budget*"]).await).remove(0);
    let arrived = async {
        let written = tell(&old, &["GET", &name]).await;
        while tell(&new, &["GET", &name]).await != written {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrived).await.expect("the calls reach the replica");
    tell(&new, &["REPLICAOF", "NO", "ONE"]).await;
    let left = async {
        while texts(tell(&old, &["INFO", "replication"]).await).concat().contains("state=online") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), left).await.expect("the replica leaves");
    for (store, at) in [(&old, 1_000_001), (&new, 1_000_002)] {
        store.set_time(at);
        assert_eq!(redeem(store).await, Ok(Charge::Wait(Duration::from_secs(61))));
    }
    // Where it was only lost, the primary goes on without it.
    old.set_time(1_061_001);
    granted(&old, 1).await;
}

/// A clock that was hours ahead held calls until then.
#[tokio::test]
async fn a_store_whose_clock_is_set_back_by_hours_holds_calls_for_a_minute() {
    let server = Server::start();
    let store = server.ready().await;
    for promoted in [false, true] {
        store.set_time(50_000_000);
        while redeem(&store).await == Ok(Charge::Granted) {}
        if promoted {
            promote(&store).await;
        }
        store.set_time(1_000_000);
        assert_eq!(redeem(&store).await, Ok(Charge::Wait(Duration::from_secs(61))));
        store.set_time(1_061_000);
        granted(&store, 1).await;
    }
}

/// What happens to three instances and their store.
#[derive(Debug, Clone)]
enum Event {
    Call(usize, Kind),
    /// All data are gone.
    Emptied,
    /// A replica takes over that lacks so many of the last writes. Its clock differs by so much.
    Failover {
        behind: usize,
        skew: i64,
    },
    /// An instance is killed, and another begins in its place.
    Killed(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![Just(Kind::Redeem), Just(Kind::Refresh)];
    prop_oneof![
        16 => (0_usize..3, kind).prop_map(|(at, kind)| Event::Call(at, kind)),
        1 => Just(Event::Emptied),
        2 => (0_usize..12, -8_000_i64..8_000).prop_map(|(behind, skew)| Event::Failover { behind, skew }),
        2 => (0_usize..3).prop_map(Event::Killed),
    ]
}

/// Pauses: mostly short, so that most of it happens within one minute; some as long as a hold.
fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0_u64..800, 3 => 0_u64..6_000, 1 => 0_u64..70_000, 1 => 55_000_u64..65_000]
}

#[test]
fn no_minute_sees_more_calls_than_allowed_however_the_store_loses_data_and_instances_come_and_go() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // One for all runs: starting another takes longer than a run.
    let server = Server::start();
    let runs = (2_u32..16, prop::collection::vec((event(), pause()), 1..140));
    try_runs(64, 70, &runs, |(total, events)| {
        runtime.block_on(async {
            flush(&server.ready().await).await;
            let limits = Limits::new(NonZeroU32::new(total).unwrap(), None);
            let (mut now, mut skew) = (10_000_000_u64, 0_i64);
            let mut stores = Vec::new();
            for _ in 0..3 {
                stores.push(in_production(&server, now).await);
            }
            // What a replica may have: each state that was written.
            let (mut written, mut sent): (Vec<Option<String>>, Vec<u64>) = (vec![None], Vec::new());
            let name = stores[0].budget_name(SHARED);
            for (event, pause) in events {
                now += pause;
                for store in &stores {
                    store.set_time(now.saturating_add_signed(skew));
                }
                match event.clone() {
                    Event::Call(at, kind) => {
                        if stores[at].apply(SHARED, reserve(kind), limits).await.unwrap() == Charge::Granted {
                            sent.push(now);
                        }
                    }
                    Event::Emptied => flush(&stores[0]).await,
                    Event::Failover { behind, skew: another } => {
                        promote(&stores[0]).await;
                        skew = another;
                        written.truncate(written.len().saturating_sub(behind).max(1));
                        match written.last().unwrap() {
                            Some(value) => tell(&stores[0], &["SET", &name, value]).await,
                            None => tell(&stores[0], &["DEL", &name]).await,
                        };
                    }
                    Event::Killed(at) => stores[at] = in_production(&server, now.saturating_add_signed(skew)).await,
                }
                let value: Option<String> = redis::from_redis_value(tell(&stores[0], &["GET", &name]).await).unwrap();
                if written.last() != Some(&value) {
                    written.push(value);
                }
                let minute = sent.iter().filter(|at| **at + 60_000 > now).count();
                prop_assert!(minute <= total as usize, "{} of {} after {:?}", minute, total, event);
            }
            // And they are served again, once all places in the queue have lapsed.
            now += 700_000;
            stores[0].set_time(now.saturating_add_signed(skew));
            stores[0].apply(SHARED, reserve(Kind::Redeem), limits).await.unwrap();
            stores[0].set_time((now + 61_000).saturating_add_signed(skew));
            prop_assert_eq!(stores[0].apply(SHARED, reserve(Kind::Redeem), limits).await.unwrap(), Charge::Granted);
            Ok(())
        })
    });
}
