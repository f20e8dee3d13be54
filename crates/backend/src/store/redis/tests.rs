//! Against a real server. What several instances make of it is tested from outside (`tests/backend/instances.rs`).

use std::num::NonZeroU32;
use std::process::{Child, Command, Stdio};

use super::*;

const TTL: Duration = Duration::from_secs(120);
const KEY: Key = [7; 32];

struct Server {
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
    fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(folder.path().join("socket"))
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is needed for this test: install Debian's package redis-server");
        Server { process, folder }
    }

    fn store(&self) -> RedisStore {
        let url = format!("redis+unix://{}", self.folder.path().join("socket").display());
        let values = [
            ("MONEI_ENVIRONMENT", "sandbox"),
            ("MONEI_CLIENT_ID", "mc_sim_app"),
            ("MONEI_CLIENT_SECRET", "mcs_sim_secret"),
            ("CONNECT_SEALING_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        ];
        let find = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        RedisStore::new(&SecretString::from(url), &Config::from_lookup(&find).unwrap()).unwrap()
    }

    /// A store that answers.
    async fn ready(&self) -> RedisStore {
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

async fn flush(store: &RedisStore) {
    redis::cmd("FLUSHALL").exec_async(&mut store.connection.clone()).await.unwrap();
}

#[tokio::test]
async fn the_first_claim_wins_and_entries_have_an_end() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    assert_eq!(one.claim(KEY, vec![1, 0, 255], TTL).await, Ok(Claim::Ours));
    assert_eq!(two.claim(KEY, vec![2], TTL).await, Ok(Claim::Taken(vec![1, 0, 255])));
    one.put(KEY, vec![3], Duration::from_millis(40)).await.unwrap();
    assert_eq!(two.get(KEY).await, Ok(Some(vec![3])));
    tokio::time::timeout(Duration::from_secs(5), async { while two.get(KEY).await != Ok(None) {} }).await.expect("it expires");
    assert_eq!(two.claim(KEY, vec![4], TTL).await, Ok(Claim::Ours));
    let names: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut one.connection.clone()).await.unwrap();
    for name in names {
        let left: i64 = one.connection.clone().pttl(&name).await.unwrap();
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
            if release { one.release(KEY, vec![9]).await.unwrap() } else { one.put(KEY, vec![9], TTL).await.unwrap() }
        });
        assert_eq!(told, Ok(Some(vec![9])));
        assert_eq!(two.get(KEY).await, Ok(if release { None } else { Some(vec![9]) }));
        one.release(KEY, vec![]).await.unwrap();
    }
}

#[tokio::test]
async fn the_lanes_are_shared_and_never_exceeded() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    let mut granted = [0; 4];
    for (at, lane) in [Lane::Refresh, Lane::Redeem, Lane::Authorize, Lane::Revoke].into_iter().enumerate() {
        for round in 0..40 {
            match [&one, &two][round % 2].charge(lane, limits()).await.unwrap() {
                Charge::Granted => granted[at] += 1,
                Charge::Wait(wait) => assert!(wait <= WINDOW && wait > Duration::from_secs(30)),
                Charge::Paused(_) => panic!("nobody asked to pause"),
            }
        }
    }
    assert_eq!(granted, [6, 4, 20, 30]);
    assert_eq!(two.usage().await, Ok(Usage { redeem: 4, refresh: 6, authorize: 20, revoke: 30, ..Usage::default() }));
}

#[tokio::test]
async fn a_pause_that_monei_asked_for_holds_everywhere() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    one.pause(Duration::from_secs(40)).await.unwrap();
    assert!(matches!(two.charge(Lane::Refresh, limits()).await, Ok(Charge::Paused(wait)) if wait <= Duration::from_secs(40)));
    for other in [Lane::Authorize, Lane::Revoke] {
        assert_eq!(two.charge(other, limits()).await, Ok(Charge::Granted), "{other:?} is another endpoint");
    }
    let usage = two.usage().await.unwrap();
    assert!(usage.busy > Duration::from_secs(10) && usage.unknown == [Duration::ZERO; 3], "and operators are told: {usage:?}");
}

#[tokio::test]
async fn a_longer_pause_is_not_cut_short_by_a_later_one() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    one.pause(Duration::from_secs(200)).await.unwrap();
    two.pause(Duration::from_secs(3)).await.unwrap();
    assert!(matches!(one.charge(Lane::Redeem, limits()).await, Ok(Charge::Paused(wait)) if wait > Duration::from_secs(190)));
    two.pause(Duration::from_secs(300)).await.unwrap();
    assert!(matches!(one.charge(Lane::Redeem, limits()).await, Ok(Charge::Paused(wait)) if wait > Duration::from_secs(290)));
}

#[tokio::test]
async fn a_loss_of_data_holds_everybody_once_however_late_an_instance_notices() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    for store in [&one, &two] {
        assert_eq!(store.charge(Lane::Redeem, limits()).await, Ok(Charge::Granted));
    }
    flush(&one).await;
    assert!(matches!(one.charge(Lane::Redeem, limits()).await, Ok(Charge::Wait(wait)) if wait > Duration::from_secs(30)));
    // As if it had been two minutes ago: the new data began then, and the hold is long over.
    let (name, began): (String, u64) = {
        let text: String = one.connection.clone().get(one.common("generation")).await.unwrap();
        let (name, began) = text.split_once(':').unwrap();
        (name.to_owned(), began.parse().unwrap())
    };
    let earlier = format!("{name}:{}", began - 120_000);
    let () = one.connection.clone().set(one.common("generation"), earlier).await.unwrap();
    let () = one.connection.clone().del(one.common("hold")).await.unwrap();
    assert_eq!(two.charge(Lane::Redeem, limits()).await, Ok(Charge::Granted), "who notices now has nothing to wait for");
    assert_eq!(one.charge(Lane::Redeem, limits()).await, Ok(Charge::Granted));
}

#[tokio::test]
async fn in_production_a_store_without_data_may_have_lost_them() {
    let server = Server::start();
    let mut store = server.ready().await;
    store.may_have_lost = true;
    assert!(matches!(store.charge(Lane::Redeem, limits()).await, Ok(Charge::Wait(wait)) if wait > Duration::from_secs(30)));
    let newcomer = server.ready().await;
    assert!(matches!(newcomer.charge(Lane::Redeem, limits()).await, Ok(Charge::Wait(_))), "for everybody");
}

#[tokio::test]
async fn after_a_loss_of_data_nothing_is_sent_until_the_minute_is_over() {
    let server = Server::start();
    let (one, two) = (server.ready().await, server.ready().await);
    assert_eq!(one.charge(Lane::Redeem, limits()).await, Ok(Charge::Granted), "a new store needs no wait");
    assert_eq!(two.charge(Lane::Redeem, limits()).await, Ok(Charge::Granted));
    flush(&one).await;
    // The newcomer can't know; whoever counted before does, and then all wait.
    let newcomer = server.ready().await;
    assert_eq!(newcomer.charge(Lane::Redeem, limits()).await, Ok(Charge::Granted));
    for store in [&one, &two, &newcomer, &one] {
        assert!(matches!(store.charge(Lane::Refresh, limits()).await, Ok(Charge::Wait(wait)) if wait > Duration::from_secs(30)));
    }
    let usage = newcomer.usage().await.unwrap();
    assert!(usage.unknown.iter().all(|left| *left > Duration::from_secs(30)) && usage.busy.is_zero(), "{usage:?}");
}

#[tokio::test]
async fn a_store_that_is_gone_is_said_to_be_in_time_and_comes_back() {
    let mut server = Server::start();
    let store = server.ready().await;
    server.process.kill().unwrap();
    server.process.wait().unwrap();
    let began = std::time::Instant::now();
    assert_eq!(store.claim(KEY, vec![1], TTL).await, Err(StoreUnavailable));
    assert_eq!(store.charge(Lane::Redeem, limits()).await, Err(StoreUnavailable));
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
