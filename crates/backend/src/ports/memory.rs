//! The store of a single instance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::clock::Clock;
use super::{Budgets, Claim, Later, Marks, Replays, Reply, Scope, Store, StoreUnavailable};
use crate::domain::budget::{Budget, Charge, Limits, Op, Usage};
use crate::domain::digest::Key;

/// Most entries at a time. An entry of a callback lives ten minutes, so this is far above what per-address limits let one caller make.
const MAX_ENTRIES: usize = 200_000;

struct Entry {
    value: Box<[u8]>,
    expires: Duration,
    /// Made when somebody waits for another value: it takes half a kilobyte.
    told: Option<watch::Sender<Vec<u8>>>,
}

impl Entry {
    /// Tells whoever waits.
    fn tell(&self, value: &[u8]) {
        if let Some(told) = &self.told {
            told.send_replace(value.to_vec());
        }
    }
}

#[derive(Default)]
struct Inner {
    entries: HashMap<Key, Entry>,
    budgets: HashMap<Scope, Budget>,
    swept: Duration,
}

/// Entries in a map, gone when the program ends.
pub(crate) struct MemoryStore {
    clock: Arc<dyn Clock>,
    /// When it was made, if an earlier process may have sent calls just before.
    lost: Option<Duration>,
    inner: Mutex<Inner>,
}

impl MemoryStore {
    /// With `hold`, an earlier process may have sent calls just before this one began.
    pub(crate) fn new(clock: Arc<dyn Clock>, hold: bool) -> Self {
        let lost = hold.then(|| clock.steady());
        Self { clock, lost, inner: Mutex::default() }
    }

    /// The entries, without those past their time.
    fn lock(&self) -> (MutexGuard<'_, Inner>, Duration) {
        let now = self.clock.steady();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= inner.swept + Duration::from_secs(5) {
            inner.entries.retain(|_, entry| entry.expires > now);
            inner.budgets.retain(|_, budget| !budget.is_idle(millis(now)));
            inner.swept = now;
        }
        (inner, now)
    }
}

impl MemoryStore {
    /// A budget that nobody used yet.
    fn fresh(&self, scope: Scope, now: Duration) -> Budget {
        match (scope, self.lost) {
            // What is unknown ends a minute after the process began, not after its first call.
            (Scope::Shared(_), Some(began)) => Budget::new(millis(began), true),
            _ => Budget::new(millis(now), false),
        }
    }
}

impl Inner {
    fn live(&self, key: &Key, now: Duration) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| entry.expires > now)
    }

    fn insert(&mut self, key: Key, value: Vec<u8>, expires: Duration) -> Result<(), StoreUnavailable> {
        if self.entries.len() >= MAX_ENTRIES && !self.entries.contains_key(&key) {
            return Err(StoreUnavailable);
        }
        self.entries.insert(key, Entry { value: value.into(), expires, told: None });
        Ok(())
    }
}

impl Marks for MemoryStore {
    fn claim(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, Claim> {
        Box::pin(async move {
            let (mut inner, now) = self.lock();
            if let Some(entry) = inner.live(&key, now) {
                return Ok(Claim::Taken(entry.value.to_vec()));
            }
            inner.insert(key, value, now + ttl).map(|()| Claim::Ours)
        })
    }

    fn get(&self, key: Key) -> Reply<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let (inner, now) = self.lock();
            Ok(inner.live(&key, now).map(|entry| entry.value.to_vec()))
        })
    }

    fn put(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, ()> {
        Box::pin(async move {
            let (mut inner, now) = self.lock();
            match inner.entries.get_mut(&key) {
                Some(entry) => {
                    entry.expires = now + ttl;
                    entry.tell(&value);
                    entry.value = value.into();
                    Ok(())
                }
                None => inner.insert(key, value, now + ttl),
            }
        })
    }
}

impl Replays for MemoryStore {
    fn settle(&self, key: Key, own: Vec<u8>, value: Vec<u8>, ttl: Duration) -> Reply<'_, bool> {
        Box::pin(async move {
            let is_anothers = {
                let (inner, now) = self.lock();
                inner.live(&key, now).is_some_and(|entry| *entry.value != *own && *entry.value != *value)
            };
            match is_anothers {
                true => Ok(false),
                false => self.put(key, value, ttl).await.map(|()| true),
            }
        })
    }

    fn release(&self, key: Key, own: Vec<u8>, value: Vec<u8>) -> Reply<'_, bool> {
        Box::pin(async move {
            let (mut inner, _) = self.lock();
            if inner.entries.get(&key).is_none_or(|entry| *entry.value != *own) {
                return Ok(false);
            }
            if let Some(entry) = inner.entries.remove(&key) {
                entry.tell(&value);
            }
            Ok(true)
        })
    }

    fn wait(&self, key: Key, seen: Vec<u8>, limit: Duration) -> Reply<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let mut receiver = {
                let (mut inner, now) = self.lock();
                match inner.entries.get_mut(&key).filter(|entry| entry.expires > now) {
                    Some(entry) => entry.told.get_or_insert_with(|| watch::Sender::new(entry.value.to_vec())).subscribe(),
                    None => return Ok(None),
                }
            };
            match tokio::time::timeout(limit, receiver.wait_for(|value| *value != seen)).await {
                Ok(Ok(value)) => Ok(Some(value.clone())),
                Ok(Err(_)) | Err(_) => Ok(None),
            }
        })
    }
}

impl Budgets for MemoryStore {
    fn apply(&self, scope: Scope, op: Op, limits: Limits) -> Reply<'_, Charge> {
        Box::pin(async move {
            let (mut inner, now) = self.lock();
            let budget = inner.budgets.entry(scope).or_insert_with(|| self.fresh(scope, now));
            Ok(budget.apply(op, limits, millis(now)))
        })
    }

    fn usage(&self, scope: Scope) -> Reply<'_, Usage> {
        Box::pin(async move {
            let (inner, now) = self.lock();
            Ok(inner.budgets.get(&scope).map_or_else(|| self.fresh(scope, now).usage(millis(now)), |budget| budget.usage(millis(now))))
        })
    }
}

impl Store for MemoryStore {
    fn check(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::budget::{Call, Kind};
    use crate::ports::clock::ManualClock;

    const TTL: Duration = Duration::from_secs(120);
    const KEY: Key = [7; 32];

    fn store() -> (Arc<ManualClock>, MemoryStore) {
        let clock = Arc::new(ManualClock::new(1_000));
        (clock.clone(), MemoryStore::new(clock, false))
    }

    #[tokio::test]
    async fn the_first_claim_wins_until_its_time_is_over() {
        let (clock, store) = store();
        assert_eq!(store.claim(KEY, vec![1], TTL).await, Ok(Claim::Ours));
        clock.advance(TTL - Duration::from_millis(1));
        assert_eq!(store.claim(KEY, vec![2], TTL).await, Ok(Claim::Taken(vec![1])));
        clock.advance(Duration::from_millis(1));
        assert_eq!(store.claim(KEY, vec![3], TTL).await, Ok(Claim::Ours));
    }

    #[tokio::test]
    async fn whoever_waits_is_told_the_value_even_when_the_entry_is_released() {
        for release in [false, true] {
            let (_, store) = store();
            store.claim(KEY, vec![0], TTL).await.unwrap();
            let (told, ()) = tokio::join!(store.wait(KEY, vec![0], Duration::from_secs(5)), async {
                tokio::task::yield_now().await;
                match release {
                    true => assert_eq!(store.release(KEY, vec![0], vec![9]).await, Ok(true)),
                    false => store.put(KEY, vec![9], TTL).await.unwrap(),
                }
            });
            assert_eq!(told, Ok(Some(vec![9])));
            assert_eq!(store.get(KEY).await, Ok(if release { None } else { Some(vec![9]) }));
        }
    }

    #[tokio::test]
    async fn after_a_start_token_calls_wait_a_minute_from_then_and_nothing_else_does() {
        let clock = Arc::new(ManualClock::new(1_000));
        let store = MemoryStore::new(clock.clone(), true);
        let limits = Limits::new(std::num::NonZeroU32::new(10).unwrap(), None);
        let scope = Scope::Shared(0);
        let redeem = Op::Reserve(Call { kind: Kind::Redeem, ticket: 1, network: None });
        clock.advance(Duration::from_secs(20));
        for op in [Op::Start { id: 1, network: None }, Op::Revoke { grant: 1, network: None }] {
            assert_eq!(store.apply(scope, op, limits).await, Ok(Charge::Granted), "{op:?}");
        }
        assert_eq!(store.apply(scope, redeem, limits).await, Ok(Charge::Wait(Duration::from_secs(41))));
        assert_eq!(store.usage(scope).await.unwrap().unknown, Duration::from_secs(41));
        clock.advance(Duration::from_secs(41));
        assert_eq!(store.apply(scope, redeem, limits).await, Ok(Charge::Granted));
    }

    #[tokio::test]
    async fn old_entries_are_swept_away() {
        let (clock, store) = store();
        for n in 0..100 {
            store.claim([n; 32], vec![], TTL).await.unwrap();
        }
        clock.advance(TTL + Duration::from_secs(10));
        store.claim([200; 32], vec![], TTL).await.unwrap();
        assert_eq!(store.inner.lock().unwrap().entries.len(), 1);
    }
}
