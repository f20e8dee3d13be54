//! Budgets in a store that lost data: emptied, behind, or of another server. Time and the server's run are pretended, the data are real.

use proptest::prelude::*;

use super::super::budget::Pretended;
use super::*;
use crate::domain::budget::Endpoint;

async fn refresh(store: &RedisStore) -> Charge {
    store.apply(SHARED, reserve(Kind::Refresh), limits()).await.unwrap()
}

async fn granted(store: &RedisStore, count: usize) {
    for _ in 0..count {
        assert_eq!(redeem(store).await, Ok(Charge::Granted));
    }
}

async fn budget(store: &RedisStore) -> (String, String) {
    let name = texts(tell(store, &["KEYS", "*budget*"]).await).remove(0);
    let value = redis::from_redis_value(tell(store, &["GET", &name]).await).unwrap();
    (name, value)
}

/// It waited 61 seconds.
#[tokio::test]
async fn an_emptied_store_is_told_the_calls_of_the_last_minute_and_they_count() {
    let server = Server::start();
    let store = server.ready().await;
    store.set_time(1_000_000);
    granted(&store, 8).await;
    for round in 1..=3 {
        flush(&store).await;
        store.set_time(1_000_000 + round * 1_000);
        let left = 61_000 - round * 1_000;
        assert_eq!(redeem(&store).await, Ok(Charge::Wait(Duration::from_millis(left + 1_000))), "the eight still count");
        assert_eq!(store.usage(SHARED).await.unwrap().unknown, Duration::ZERO);
    }
    assert_eq!([refresh(&store).await, refresh(&store).await], [Charge::Granted; 2], "and what they leave can be used at once");
    assert!(matches!(refresh(&store).await, Charge::Wait(_)));
    store.set_time(1_061_000);
    granted(&store, 1).await;
}

/// Each knows its own calls only: none may go on before all have said theirs.
#[tokio::test]
async fn token_calls_wait_until_every_instance_has_told_what_it_sent() {
    let server = Server::start();
    let stores = [server.ready().await, server.ready().await, server.ready().await];
    for store in &stores {
        store.set_time(1_000_000);
        store.visit(SHARED).await.unwrap();
    }
    // None has seen the calls that came after its own.
    for store in &stores {
        granted(store, 2).await;
    }
    flush(&stores[0]).await;
    let short = Ok(Charge::Wait(Duration::from_secs(2)));
    for (at, store) in stores.iter().enumerate() {
        stores.iter().for_each(|store| store.set_time(1_001_000 + at as u64 * 100));
        assert_eq!(redeem(&stores[0]).await, short, "{at} haven't told");
        store.visit(SHARED).await.unwrap();
    }
    let usage = stores[1].usage(SHARED).await.unwrap();
    assert_eq!((usage.redeem, usage.unknown), (6, Duration::ZERO));
    granted(&stores[0], 1).await;
}

#[tokio::test]
async fn token_calls_wait_a_minute_for_an_instance_that_never_tells() {
    let server = Server::start();
    let [one, two] = [server.ready().await, server.ready().await];
    for store in [&one, &two] {
        store.set_time(1_000_000);
        granted(store, 1).await;
    }
    one.visit(SHARED).await.unwrap();
    flush(&one).await;
    one.set_time(1_001_000);
    assert_eq!(redeem(&one).await, Ok(Charge::Wait(Duration::from_secs(2))), "it may tell in a moment");
    one.set_time(1_007_000);
    assert_eq!(redeem(&one).await, Ok(Charge::Wait(Duration::from_secs(55))));
    one.set_time(1_062_000);
    granted(&one, 1).await;
}

/// As a replica that becomes primary without the last writes. The calls counted after it branched off were as many as the lost ones, so nobody
/// noticed.
#[tokio::test]
async fn calls_that_a_new_primary_lacks_are_counted_even_if_it_went_on_without_them() {
    let server = Server::start();
    let [one, two] = [server.ready().await, server.ready().await];
    let at = |now, server| Pretended { store: now, own: now, server };
    for store in [&one, &two] {
        store.pretend(at(1_000_000, 1));
        granted(store, 1).await;
    }
    let (name, earlier) = budget(&one).await;
    granted(&one, 3).await;
    tell(&one, &["SET", &name, &earlier]).await;
    [&one, &two].iter().for_each(|store| store.pretend(at(1_001_000, 2)));
    assert_eq!(redeem(&two).await, Ok(Charge::Wait(Duration::from_secs(2))), "another server may lack something");
    one.visit(SHARED).await.unwrap();
    assert_eq!(two.usage(SHARED).await.unwrap().redeem, 5);
    granted(&two, 3).await;
    assert!(matches!(redeem(&one).await, Ok(Charge::Wait(_))));
}

/// A new primary whose clock is ahead made calls look older than they are.
#[tokio::test]
async fn calls_keep_their_age_though_the_new_servers_clock_differs() {
    let server = Server::start();
    for ahead in [-20_000_i64, 20_000] {
        let store = server.ready().await;
        flush(&store).await;
        let at = |own: u64, ahead: i64, server| Pretended { store: own.saturating_add_signed(ahead), own, server };
        store.pretend(at(1_000_000, 0, 1));
        granted(&store, 8).await;
        store.pretend(at(1_002_000, ahead, 2));
        assert!(matches!(redeem(&store).await, Ok(Charge::Wait(_))));
        store.pretend(at(1_060_900, ahead, 2));
        assert!(matches!(redeem(&store).await, Ok(Charge::Wait(_))), "{ahead}: a minute isn't over");
        store.pretend(at(1_081_100, ahead, 2));
        granted(&store, 1).await;
    }
}

/// It made every request fail for ever.
#[tokio::test]
async fn a_budget_that_cannot_be_read_counts_as_lost_and_is_replaced() {
    let server = Server::start();
    let [store, stranger] = [server.ready().await, server.ready().await];
    store.set_time(1_000_000);
    granted(&store, 8).await;
    let (name, _) = budget(&store).await;
    let all_damaged = ["", "nonsense", "0.0.0:{\"of\":\"another version\"}"];
    for (round, damaged) in all_damaged.into_iter().enumerate() {
        tell(&store, &["SET", &name, damaged]).await;
        store.set_time(1_001_000 + round as u64);
        assert!(matches!(redeem(&store).await, Ok(Charge::Wait(_))), "{damaged}");
        assert_eq!(store.usage(SHARED).await.unwrap().redeem, 8, "{damaged}: it remembers them");
    }
    for (round, damaged) in all_damaged.into_iter().enumerate() {
        tell(&store, &["SET", &name, damaged]).await;
        let now = 2_000_000 + round as u64 * 100_000;
        stranger.set_time(now);
        stranger.budgets.forget();
        assert_eq!(redeem(&stranger).await, Ok(Charge::Wait(Duration::from_secs(61))), "{damaged}: who knows nothing waits");
        stranger.set_time(now + 61_000);
        granted(&stranger, 1).await;
    }
}

/// Its times lay in the future, so no call was made until they were past.
#[tokio::test]
async fn a_store_whose_clock_was_hours_ahead_holds_calls_for_a_minute_at_most() {
    let server = Server::start();
    let [store, other] = [server.ready().await, server.ready().await];
    for store in [&store, &other, &store] {
        store.pretend(Pretended { store: 50_000_000, own: 1_000_000, server: 1 });
        store.visit(SHARED).await.unwrap();
    }
    granted(&store, 4).await;
    granted(&other, 4).await;
    let all = |own: u64| [&store, &other].into_iter().for_each(|one| one.pretend(Pretended { store: own, own, server: 2 }));
    all(1_001_000);
    assert!(matches!(redeem(&store).await, Ok(Charge::Wait(_))), "eight were sent");
    other.visit(SHARED).await.unwrap();
    store.visit(SHARED).await.unwrap();
    assert!(matches!(redeem(&store).await, Ok(Charge::Wait(wait)) if wait <= Duration::from_secs(62)));
    all(1_062_000);
    granted(&other, 1).await;
}

/// Somebody else's value, or a damaged one: any number in it may be anything.
#[tokio::test]
async fn no_number_in_the_store_makes_it_panic_or_hold_calls_for_more_than_an_hour() {
    let server = Server::start();
    let store = server.ready().await;
    store.set_time(1_000_000);
    for op in [Op::Start { id: 1, network: None }, Op::Revoke, Op::Busy { endpoint: Endpoint::Token, ticket: Some(3), ms: 1_000 }] {
        store.apply(SHARED, op, limits()).await.unwrap();
    }
    while redeem(&store).await.unwrap() == Charge::Granted {}
    assert_eq!(refresh(&store).await, Charge::Granted);
    let (name, value) = budget(&store).await;
    let numbers: Vec<(usize, usize)> = {
        let mut found = Vec::new();
        let bytes = value.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if length > 0 {
                found.push((at, length));
            }
            at += length.max(1);
        }
        found
    };
    assert!(numbers.len() > 40, "{}", numbers.len());
    let stranger = server.ready().await;
    stranger.set_time(1_001_000);
    for (at, length) in numbers {
        for number in ["18446744073709551615", "9223372036854775807", "4294967295", "0", "-1", "1e999", "99999999999999999999999999"] {
            stranger.budgets.forget();
            let damaged = format!("{}{number}{}", &value[..at], &value[at + length..]);
            tell(&store, &["SET", &name, &damaged]).await;
            for op in [reserve(Kind::Redeem), Op::Start { id: 2, network: None }, Op::Revoke, reserve(Kind::Refresh)] {
                match stranger.apply(SHARED, op, limits()).await.unwrap() {
                    Charge::Granted => {}
                    Charge::Wait(wait) | Charge::Paused(wait) => assert!(wait <= Duration::from_secs(3_600), "{wait:?}: {damaged}"),
                }
            }
        }
    }
}

async fn in_production(server: &Server, now: u64) -> RedisStore {
    let mut store = server.ready().await;
    store.budgets.strict = true;
    store.set_time(now);
    store
}

#[tokio::test]
async fn in_production_one_with_no_record_of_its_own_waits_a_minute_before_an_empty_store() {
    let server = Server::start();
    let store = in_production(&server, 1_000_000).await;
    assert_eq!(redeem(&store).await, Ok(Charge::Wait(Duration::from_secs(61))));
    let newcomer = in_production(&server, 1_010_000).await;
    assert!(matches!(redeem(&newcomer).await, Ok(Charge::Wait(_))), "like everybody else");
    for now in (1_015_000..=1_060_000).step_by(5_000).chain([1_061_000, 1_061_000]) {
        for store in [&store, &newcomer] {
            store.set_time(now);
            store.visit(SHARED).await.unwrap();
        }
    }
    granted(&newcomer, 1).await;
}

/// First it gets to know of others, then it says so.
async fn look_twice(store: &RedisStore) {
    for _ in 0..2 {
        store.visit(SHARED).await.unwrap();
    }
}

#[tokio::test]
async fn in_production_an_instance_calls_only_when_all_others_know_of_it() {
    let server = Server::start();
    let first = in_production(&server, 1_000_000).await;
    first.visit(SHARED).await.unwrap();
    first.set_time(1_061_000);
    granted(&first, 1).await;
    let second = in_production(&server, 1_061_000).await;
    assert_eq!(redeem(&second).await, Ok(Charge::Wait(Duration::from_secs(2))), "the first doesn't know of it");
    look_twice(&first).await;
    granted(&second, 1).await;
    // One that ends in order keeps nobody waiting...
    first.leave(SHARED).await.unwrap();
    let third = in_production(&server, 1_062_000).await;
    second.visit(SHARED).await.unwrap();
    assert_eq!(redeem(&third).await, Ok(Charge::Wait(Duration::from_secs(2))));
    look_twice(&second).await;
    granted(&third, 1).await;
    // ...and one that was killed does so for half a minute.
    drop(second);
    let fourth = in_production(&server, 1_080_000).await;
    assert!(matches!(redeem(&fourth).await, Ok(Charge::Wait(_))));
    third.set_time(1_080_000);
    look_twice(&third).await;
    assert_eq!(redeem(&fourth).await, Ok(Charge::Wait(Duration::from_secs(11))), "thirty seconds after it was seen");
    fourth.set_time(1_091_000);
    granted(&fourth, 1).await;
}

#[tokio::test]
async fn in_production_a_restart_in_good_order_costs_nothing() {
    let server = Server::start();
    let before = in_production(&server, 1_000_000).await;
    before.visit(SHARED).await.unwrap();
    before.set_time(1_061_000);
    granted(&before, 6).await;
    before.leave(SHARED).await.unwrap();
    let after = in_production(&server, 1_062_000).await;
    granted(&after, 2).await;
    assert!(matches!(redeem(&after).await, Ok(Charge::Wait(_))), "what the one before sent counts");
}

/// What happens to three instances and their store.
#[derive(Debug, Clone)]
enum Event {
    Call(usize, Kind),
    Visit(usize),
    /// All data are gone: emptied, or by a restart without persistence.
    Emptied {
        restarted: bool,
    },
    /// A replica takes over that lacks so many of the last writes. Its clock differs by so much.
    Failover {
        behind: usize,
        skew: i64,
    },
    /// An instance is killed, and another begins in its place.
    Killed(usize),
    /// The same in good order.
    Restarted(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![Just(Kind::Redeem), Just(Kind::Refresh)];
    prop_oneof![
        16 => (0_usize..3, kind).prop_map(|(at, kind)| Event::Call(at, kind)),
        8 => (0_usize..3).prop_map(Event::Visit),
        1 => any::<bool>().prop_map(|restarted| Event::Emptied { restarted }),
        2 => (0_usize..12, -8_000_i64..8_000).prop_map(|(behind, skew)| Event::Failover { behind, skew }),
        1 => (0_usize..3).prop_map(Event::Killed),
        1 => (0_usize..3).prop_map(Event::Restarted),
    ]
}

/// Pauses: mostly short, so that most of it happens within one minute.
fn pause() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0_u64..800, 3 => 0_u64..6_000, 1 => 0_u64..70_000]
}

proptest! {
    // Each case is many round trips to a real server.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.min(64), ..ProptestConfig::default() })]
    #[test]
    fn no_minute_sees_more_calls_than_allowed_however_the_store_loses_data_and_instances_come_and_go(
        total in 2_u32..16,
        events in prop::collection::vec((event(), pause()), 1..140),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::start();
            let limits = Limits::new(NonZeroU32::new(total).unwrap(), None);
            let (mut now, mut skew, mut run) = (10_000_000_u64, 0_i64, 1_u64);
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
                    store.pretend(Pretended { store: now.saturating_add_signed(skew), own: now, server: run });
                }
                match event.clone() {
                    Event::Call(at, kind) => {
                        if stores[at].apply(SHARED, reserve(kind), limits).await.unwrap() == Charge::Granted {
                            sent.push(now);
                        }
                    }
                    Event::Visit(at) => stores[at].visit(SHARED).await.unwrap(),
                    Event::Emptied { restarted } => {
                        flush(&stores[0]).await;
                        run += u64::from(restarted);
                    }
                    Event::Failover { behind, skew: another } => {
                        (run, skew) = (run + 1, another);
                        written.truncate(written.len().saturating_sub(behind).max(1));
                        match written.last().unwrap() {
                            Some(value) => tell(&stores[0], &["SET", &name, value]).await,
                            None => tell(&stores[0], &["DEL", &name]).await,
                        };
                    }
                    Event::Killed(at) => stores[at] = in_production(&server, now).await,
                    Event::Restarted(at) => {
                        stores[at].leave(SHARED).await.unwrap();
                        stores[at] = in_production(&server, now).await;
                    }
                }
                let value: Option<String> = redis::from_redis_value(tell(&stores[0], &["GET", &name]).await).unwrap();
                if written.last() != Some(&value) {
                    written.push(value);
                }
                let minute = sent.iter().filter(|at| **at + 60_000 > now).count();
                prop_assert!(minute <= total as usize, "{} of {} after {:?}", minute, total, event);
            }
            Ok(())
        })?;
    }
}
