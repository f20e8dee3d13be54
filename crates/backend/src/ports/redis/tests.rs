//! Against a real server. What several instances make of it is tested from outside (`tests/backend/instances.rs`).

mod lost;

use std::num::NonZeroU32;
use std::process::{Child, Command, Stdio};

use secrecy::SecretString;

use super::*;
use crate::config::store::StoreAddress;
use crate::domain::budget::{Call, Kind};

const TTL: Duration = Duration::from_secs(120);
const KEY: Key = [7; 32];

pub(in crate::ports) struct Server {
    process: Child,
    folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    pub(in crate::ports) fn start() -> Server {
        Server::start_with(&["--port", "0"])
    }

    fn start_with(settings: &[&str]) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new("redis-server")
            .args(["--save", "", "--unixsocket"])
            .arg(folder.path().join("socket"))
            .args(settings)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is needed for this test: install Debian's package redis-server");
        Server { process, folder }
    }

    fn store(&self) -> RedisStore {
        let url = format!("redis+unix://{}", self.folder.path().join("socket").display());
        let settings = StoreSettings { address: StoreAddress::One(SecretString::from(url)), ca: None, client: None };
        let values = [
            ("MONEI_ENVIRONMENT", "sandbox"),
            ("MONEI_CLIENT_ID", "mc_sim_app"),
            ("MONEI_CLIENT_SECRET", "mcs_sim_secret"),
            ("CONNECT_SEALING_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        ];
        let find = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        RedisStore::new(&settings, &Config::from_lookup(&find).unwrap()).unwrap()
    }

    /// A store that answers.
    pub(in crate::ports) async fn ready(&self) -> RedisStore {
        let store = self.store();
        let answers = async {
            while store.get(KEY).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), answers).await.expect("redis-server answers");
        store
    }
}

fn limits() -> Limits {
    Limits::new(NonZeroU32::new(10).unwrap(), NonZeroU32::new(20))
}

/// Sends a command by the store's own connection.
async fn tell(store: &RedisStore, words: &[&str]) -> redis::Value {
    let mut command = redis::cmd(words[0]);
    for word in &words[1..] {
        command.arg(*word);
    }
    let command = &command;
    store.link().ask(|mut connection, _| async move { command.query_async(&mut connection).await }).await.unwrap()
}

fn texts(value: redis::Value) -> Vec<String> {
    redis::from_redis_value(value).unwrap()
}

pub(in crate::ports) async fn flush(store: &RedisStore) {
    tell(store, &["FLUSHALL"]).await;
}

#[tokio::test]
async fn the_first_claim_wins_and_entries_have_an_end() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    assert_eq!(one.claim(KEY, vec![1, 0, 255], TTL).await, Ok(Claim::Ours));
    assert_eq!(two.claim(KEY, vec![2], TTL).await, Ok(Claim::Taken(vec![1, 0, 255])));
    one.put(KEY, vec![3], Duration::from_millis(800)).await.unwrap();
    assert_eq!(two.get(KEY).await, Ok(Some(vec![3])));
    tokio::time::timeout(Duration::from_secs(5), async { while two.get(KEY).await != Ok(None) {} }).await.expect("it expires");
    assert_eq!(two.claim(KEY, vec![4], TTL).await, Ok(Claim::Ours));
    let names = texts(tell(&one, &["KEYS", "*"]).await);
    for name in names {
        let left: i64 = redis::from_redis_value(tell(&one, &["PTTL", &name]).await).unwrap();
        assert!((1..=120_000).contains(&left), "{name} has no end");
    }
}

#[tokio::test]
async fn whoever_waits_elsewhere_is_told_the_value_even_when_the_entry_is_released() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    for release in [false, true] {
        one.claim(KEY, vec![0], TTL).await.unwrap();
        let (told, ()) = tokio::join!(two.wait(KEY, vec![0], Duration::from_secs(5)), async {
            match release {
                true => assert_eq!(one.release(KEY, vec![0], vec![9]).await, Ok(true)),
                false => one.put(KEY, vec![9], TTL).await.unwrap(),
            }
        });
        assert_eq!(told, Ok(Some(vec![9])));
        assert_eq!(two.get(KEY).await, Ok(if release { None } else { Some(vec![9]) }));
        assert_eq!(one.release(KEY, vec![9], vec![]).await, Ok(!release), "only what is there can be released");
    }
}

const SHARED: Scope = Scope::Shared(7);

/// It waited for as long as others took, and its caller had given up long before.
#[tokio::test]
async fn who_waits_for_others_of_its_instance_waits_a_few_seconds() {
    let server = Server::start();
    let store = server.ready().await;
    let _turn = store.budgets.turn.lock().await;
    let refused = tokio::time::timeout(PATIENCE * 2, redeem(&store)).await.expect("it gives up");
    assert_eq!(refused, Err(StoreUnavailable));
}

fn reserve(kind: Kind) -> Op {
    Op::Reserve(Call { kind, ticket: rand::random(), network: None })
}

async fn redeem(store: &RedisStore) -> Result<Charge, StoreUnavailable> {
    store.apply(SHARED, reserve(Kind::Redeem), limits()).await
}

#[tokio::test]
async fn the_shares_of_each_kind_are_shared_and_never_exceeded() {
    let server = Server::start();
    let stores = [server.ready().await, server.ready().await];
    let mut granted = [0; 4];
    for round in 0..40 {
        let start = Op::Start { id: rand::random(), network: None };
        let revoke = Op::Revoke { grant: rand::random(), network: None };
        for (at, op) in [reserve(Kind::Refresh), reserve(Kind::Redeem), start, revoke].into_iter().enumerate() {
            match stores[round % 2].apply(SHARED, op, limits()).await.unwrap() {
                Charge::Granted => granted[at] += 1,
                Charge::Wait(_) => {}
                Charge::Paused(_) => panic!("nobody asked to pause"),
            }
        }
    }
    assert_eq!(granted, [5, 5, 20, 30]);
    let usage = stores[1].usage(SHARED).await.unwrap();
    assert_eq!((usage.redeem, usage.refresh, usage.authorize, usage.revoke), (5, 5, 20, 30));
}

#[tokio::test]
async fn requests_at_once_at_several_instances_are_all_counted() {
    let server = Server::start();
    let stores = std::sync::Arc::new([server.ready().await, server.ready().await, server.ready().await]);
    let tasks = (0..60).map(|round| {
        let stores = stores.clone();
        async move { redeem(&stores[round % 3]).await.unwrap() == Charge::Granted }
    });
    let granted = tokio::task::JoinSet::from_iter(tasks).join_all().await.into_iter().filter(|granted| *granted).count();
    assert_eq!(granted, 8);
}

#[tokio::test]
async fn a_loss_of_data_holds_everybody_once_however_late_an_instance_notices() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    for (store, now) in [(&one, 1_000_000), (&two, 1_000_001)] {
        store.set_time(now);
        assert_eq!(redeem(store).await, Ok(Charge::Granted), "a new store needs no wait");
    }
    flush(&one).await;
    // The newcomer can't know; whoever counted before does, and then all wait.
    let newcomer = server.ready().await;
    newcomer.set_time(1_000_500);
    assert_eq!(redeem(&newcomer).await, Ok(Charge::Granted));
    for (store, now) in [(&one, 1_010_000), (&newcomer, 1_020_000)] {
        store.set_time(now);
        assert_eq!(redeem(store).await, Ok(Charge::Wait(Duration::from_millis(1_061_500 - now))));
    }
    assert_eq!(newcomer.usage(SHARED).await.unwrap().unknown, Duration::from_millis(41_500));
    two.set_time(1_061_500);
    assert_eq!(redeem(&two).await, Ok(Charge::Granted), "who notices now has nothing to wait for");
}

/// As a replica that becomes primary without the last writes.
#[tokio::test]
async fn a_store_that_went_back_in_time_holds_everybody_for_a_minute() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    one.set_time(1_000_000);
    two.set_time(1_000_000);
    redeem(&one).await.unwrap();
    let name = texts(tell(&one, &["KEYS", "*budget*"]).await).remove(0);
    let earlier: String = redis::from_redis_value(tell(&one, &["GET", &name]).await).unwrap();
    for store in [&one, &two, &one] {
        assert_eq!(redeem(store).await, Ok(Charge::Granted));
    }
    tell(&one, &["SET", &name, &earlier]).await;
    one.set_time(1_005_000);
    assert_eq!(redeem(&one).await, Ok(Charge::Wait(Duration::from_secs(61))));
    two.set_time(1_030_000);
    assert_eq!(redeem(&two).await, Ok(Charge::Wait(Duration::from_secs(36))), "and not longer for who notices later");
}

/// It made every request fail for ever.
#[tokio::test]
async fn a_budget_that_cannot_be_read_counts_as_lost_and_is_replaced() {
    let server = Server::start();
    let store = server.ready().await;
    store.set_time(1_000_000);
    redeem(&store).await.unwrap();
    let name = texts(tell(&store, &["KEYS", "*budget*"]).await).remove(0);
    for (round, damaged) in ["", "nonsense", "0.0.0:{\"of\":\"another version\"}"].into_iter().enumerate() {
        tell(&store, &["SET", &name, damaged]).await;
        let now = 2_000_000 + round as u64 * 100_000;
        store.set_time(now);
        assert_eq!(redeem(&store).await, Ok(Charge::Wait(Duration::from_secs(61))), "{damaged}");
        store.set_time(now + 61_000);
        assert_eq!(redeem(&store).await, Ok(Charge::Granted), "{damaged}");
    }
}

#[tokio::test]
async fn in_production_a_store_without_data_may_have_lost_them() {
    let server = Server::start();
    let mut store = server.ready().await;
    store.budgets.may_have_lost = true;
    assert!(matches!(redeem(&store).await, Ok(Charge::Wait(wait)) if wait > Duration::from_secs(30)));
    let newcomer = server.ready().await;
    assert!(matches!(redeem(&newcomer).await, Ok(Charge::Wait(_))), "for everybody");
}

#[tokio::test]
async fn a_store_that_is_gone_is_said_to_be_in_time_and_comes_back() {
    let mut server = Server::start();
    let store = server.ready().await;
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    let began = std::time::Instant::now();
    assert_eq!(store.claim(KEY, vec![1], TTL).await, Err(StoreUnavailable));
    assert_eq!(redeem(&store).await, Err(StoreUnavailable));
    assert!(began.elapsed() < Duration::from_secs(7));
    let again = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--unixsocket"])
        .arg(server.folder.path().join("socket"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    server.process = again;
    let back = async { while store.claim(KEY, vec![1], TTL).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(10), back).await.expect("it comes back by itself");
}

/// Before Redis 7 the error of a script is wrapped in another, so that it was not seen that a server is a replica now.
#[tokio::test]
async fn a_server_older_than_redis_7_is_refused_in_words() {
    let server = Server::start();
    let mut store = server.ready().await;
    // What a script finds there.
    let old = "local redis = {call = redis.call, error_reply = redis.error_reply}\n";
    store.claim = Script::new(&format!("{old}{}", scripts::claim()));
    store.budgets.read = Script::new(&format!("{old}{}", scripts::read_budget()));
    assert!(store.check().await.unwrap_err().contains("7.0"));
    assert_eq!(store.claim(KEY, vec![1], TTL).await, Err(StoreUnavailable));
    assert_eq!(redeem(&store).await, Err(StoreUnavailable));
    assert!(texts(tell(&store, &["KEYS", "*"]).await).is_empty(), "nothing is written");
}

/// One refused log-in, and the instance never tried again.
#[tokio::test]
async fn a_log_in_that_was_refused_is_tried_again() {
    let server = Server::start();
    let operator = server.ready().await;
    tell(&operator, &["CONFIG", "SET", "requirepass", "first"]).await;
    let store = server.store();
    for _ in 0..3 {
        assert_eq!(store.claim(KEY, vec![1], TTL).await, Err(StoreUnavailable));
        assert!(store.check().await.unwrap_err().contains("password"));
    }
    tell(&operator, &["CONFIG", "SET", "requirepass", ""]).await;
    assert_eq!(store.claim(KEY, vec![1], TTL).await, Ok(Claim::Ours));
}

/// The first request after Redis closed an idle connection got a 503.
#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_nobody_a_request() {
    let server = Server::start();
    let (store, operator) = (server.ready().await, server.ready().await);
    for round in 0..20_u8 {
        tell(&operator, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        assert_eq!(store.claim([round; 32], vec![round], TTL).await, Ok(Claim::Ours), "{round}");
        tell(&operator, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
        assert!(redeem(&store).await.is_ok(), "{round}");
    }
}

/// Reported ready and up, so that people approved and the callback answered 503.
#[tokio::test]
async fn a_replica_and_a_full_store_are_not_healthy_and_heal_by_themselves() {
    let (server, primary) = (Server::start(), Server::start());
    let (store, operator) = (server.ready().await, server.ready().await);
    store.check().await.unwrap();
    tell(&operator, &["REPLICAOF", "127.0.0.1", "1"]).await;
    assert!(store.check().await.unwrap_err().contains("replica"));
    assert_eq!(store.claim(KEY, vec![1], TTL).await, Err(StoreUnavailable));
    tell(&operator, &["REPLICAOF", "NO", "ONE"]).await;
    store.check().await.unwrap();
    assert_eq!(store.claim(KEY, vec![1], TTL).await, Ok(Claim::Ours));

    let (full, operator) = (primary.ready().await, primary.ready().await);
    tell(&operator, &["CONFIG", "SET", "maxmemory", "1"]).await;
    assert!(full.check().await.unwrap_err().contains("full"));
    tell(&operator, &["CONFIG", "SET", "maxmemory", "0"]).await;
    full.check().await.unwrap();
}
