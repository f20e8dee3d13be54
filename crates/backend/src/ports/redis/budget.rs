//! Budgets in Redis: each is one value, replaced as a whole if nobody replaced it meanwhile. The model is the same as in memory.
//!
//! A store may lose calls of the last minute: emptied, restarted, or by a failover to a replica that lacked the last writes. Then no token call is
//! sent for a minute. Each value names the server's replication history and its replicas, so that everybody sees when another server took over,
//! and when a replica left that may be about to. Each instance also remembers the last value that it wrote, and notices an older one or none.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::Script;
use sha2::{Digest, Sha256};

use super::{RedisStore, millis, scripts, unavailable};
use crate::domain::budget::Id;
use crate::domain::budget::{Budget, Charge, Limits, Op};
use crate::ports::{Scope, StoreUnavailable};

/// How long the budget of one grant is kept: longer than anything in it matters.
const GRANT_KEPT: Duration = Duration::from_secs(1_500);
/// How often a replacement is tried while others replace the same budget.
const TRIES: u32 = 100;

/// What this instance knows about the budgets.
pub(super) struct Budgets {
    pub(super) read: Script,
    replace: Script,
    /// Whether a store without data may have had some. In development both are begun anew all the time, and a 429 harms nobody else.
    pub(super) may_have_lost: bool,
    /// The head of each shared budget that was seen last.
    seen: Mutex<HashMap<Id, Head>>,
    /// One at a time, so that requests of this instance don't get in each other's way.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// In place of Redis' clock, where it isn't 0.
    #[cfg(test)]
    time: std::sync::atomic::AtomicU64,
}

/// Names a state of a budget: the data it is in, how many states came before, and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    generation: u64,
    /// When these data began, by Redis' clock, in milliseconds.
    began: u64,
    count: u64,
    standing: Standing,
}

/// A server, as far as it says whether calls can be missing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    /// The history of replication that it writes. No server that was promoted or restarted goes on with the one before.
    history: u64,
    /// The replicas that follow it.
    replicas: BTreeSet<u64>,
}

/// A budget as it was read.
pub(super) struct Read {
    pub(super) budget: Budget,
    /// By Redis' clock, in milliseconds.
    pub(super) now: u64,
    /// Of what was read, as it stands in the store; empty if there was nothing.
    head: String,
    /// Of the server that it was read from, in its own words.
    standing: String,
    /// What it is to be replaced with.
    next: Head,
}

impl Head {
    fn text(&self) -> String {
        let Standing { history, replicas } = &self.standing;
        let replicas: Vec<_> = replicas.iter().map(|replica| format!("{replica:x}")).collect();
        format!("{:016x}.{}.{}.{history:016x}.{}", self.generation, self.began, self.count, replicas.join("-"))
    }

    fn parse(text: &str) -> Option<Self> {
        let hex = |text: &str| u64::from_str_radix(text, 16).ok();
        let [generation, began, count, history, replicas] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
        let replicas = replicas.split('-').filter(|replica| !replica.is_empty()).map(hex).collect::<Option<_>>()?;
        let standing = Standing { history: hex(history)?, replicas };
        Some(Self { generation: hex(generation)?, began: began.parse().ok()?, count: count.parse().ok()?, standing })
    }
}

impl Standing {
    /// Reads the words of `STANDING` in `scripts.rs`; `None` if the server doesn't name its history.
    fn parse(words: &str) -> Option<Self> {
        let mut words = words.split('/');
        let history = words.next().and_then(|history| history.get(..16))?;
        Some(Self { history: u64::from_str_radix(history, 16).ok()?, replicas: words.map(digest).collect() })
    }
}

fn digest(text: &str) -> u64 {
    let bytes: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    bytes.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl Budgets {
    pub(super) fn new(may_have_lost: bool) -> Self {
        let (read, replace) = (Script::new(&scripts::read_budget()), Script::new(&scripts::replace_budget()));
        Self {
            read,
            replace,
            may_have_lost,
            seen: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            #[cfg(test)]
            time: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// Since when calls may be missing, and why: data are gone that this instance has seen or that may have been there before it began, or another
    /// server may have taken calls.
    fn lost_at(&self, budget: Id, found: Option<&Head>, here: &Standing, now: u64) -> Option<(u64, &'static str)> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match (seen.get(&budget), found) {
            (None, None) => self.may_have_lost.then_some((now, "empty")),
            (Some(_), None) => Some((now, "emptied")),
            (_, Some(found)) if found.standing.history != here.history => Some((now, "another_primary")),
            // A replica that left may have been promoted; then this server is no longer the one that counts.
            (_, Some(found)) if !found.standing.replicas.is_subset(&here.replicas) => Some((now, "replica_left")),
            (None, Some(_)) => None,
            // Others may have noticed long ago: what was lost was sent before the new data began.
            (Some(seen), Some(found)) if seen.began > found.began => Some((now, "went_back")),
            (Some(seen), Some(found)) if seen.generation != found.generation => Some((found.began, "another_generation")),
            (Some(seen), Some(found)) => (seen.count > found.count).then_some((now, "went_back")),
        }
    }

    #[cfg(not(test))]
    fn time(&self, by_redis: u64) -> u64 {
        by_redis
    }

    #[cfg(test)]
    fn time(&self, by_redis: u64) -> u64 {
        match self.time.load(std::sync::atomic::Ordering::Relaxed) {
            0 => by_redis,
            set => set,
        }
    }

    fn remember(&self, budget: Id, head: Head) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(budget, head);
    }
}

impl RedisStore {
    pub(super) fn budget_name(&self, scope: Scope) -> String {
        match scope {
            Scope::Shared(id) => format!("{{{}:{id:016x}}}:budget", self.prefix),
            Scope::Grant(id) => format!("{{{}:{id:016x}}}:budget-of-grant", self.prefix),
        }
    }

    /// The budget as it is, with what is known to be lost; or why it can't be read, in words.
    pub(super) async fn read(&self, scope: Scope) -> Result<Read, String> {
        let script = self.budgets.read.key(self.budget_name(scope));
        let script = &script;
        let (seconds, micros, standing, value): (u64, u64, String, Option<String>) =
            self.try_ask(|mut connection, _| async move { script.invoke_async(&mut connection).await }).await?;
        let now = self.budgets.time(seconds * 1_000 + micros / 1_000);
        let here = Standing::parse(&standing).ok_or("it does not say which primary it is (INFO replication)")?;
        let parsed = value.as_deref().and_then(|value| {
            let (head, json) = value.split_once(':')?;
            Some((Head::parse(head)?, serde_json::from_str::<Budget>(json).ok()?))
        });
        let (head, budget) = parsed.map_or((None, None), |(head, budget)| (Some(head), Some(budget)));
        let lost = match scope {
            // Of another version, or damaged.
            Scope::Shared(_) if value.is_some() && head.is_none() => Some((now, "unreadable")),
            Scope::Shared(_) if budget.as_ref().is_some_and(|budget| budget.is_ahead_of(now)) => Some((now, "clock_went_back")),
            Scope::Shared(id) => self.budgets.lost_at(id, head.as_ref(), &here, now),
            Scope::Grant(_) => None,
        };
        // What lies in the future would hold calls until then.
        let mut budget = budget.filter(|budget| !budget.is_ahead_of(now)).unwrap_or_else(|| Budget::new(now, false));
        if let Some((at, reason)) = lost {
            tracing::warn!(event = "budget_unknown", reason);
            budget.lost(at);
        }
        let next = match head {
            Some(head) if lost.is_none_or(|(at, _)| at == head.began) => Head { count: head.count + 1, standing: here, ..head },
            _ => Head { generation: rand::random(), began: now, count: 0, standing: here },
        };
        let head = value.as_deref().map(|value| value.split(':').next().unwrap_or_default().to_owned()).unwrap_or_default();
        Ok(Read { budget, now, head, standing, next })
    }

    pub(super) async fn apply_op(&self, scope: Scope, op: Op, limits: Limits) -> Result<Charge, StoreUnavailable> {
        let turn = tokio::time::timeout(super::PATIENCE, self.budgets.turn.lock()).await;
        let _turn = turn.map_err(|_| unavailable("other requests of this instance wait for it".to_owned()))?;
        for _ in 0..TRIES {
            let Read { mut budget, now, head, standing, next } = self.read(scope).await.map_err(unavailable)?;
            let charge = budget.apply(op, limits, now);
            let json = serde_json::to_string(&budget).map_err(|_| StoreUnavailable)?;
            let kept = match scope {
                Scope::Shared(_) => 0,
                Scope::Grant(_) => millis(GRANT_KEPT),
            };
            let mut script = self.budgets.replace.key(self.budget_name(scope));
            script.arg(head).arg(format!("{}:{json}", next.text())).arg(kept).arg(standing);
            // Asked again after a lost answer it finds its own value, and the call is counted twice: too careful, never too many.
            let script = &script;
            let replaced: u8 = self.ask(|mut connection, _| async move { script.invoke_async(&mut connection).await }).await?;
            if replaced == 1 {
                if let Scope::Shared(id) = scope {
                    self.budgets.remember(id, next);
                }
                return Ok(charge);
            }
        }
        tracing::error!(event = "budget_contended");
        Err(StoreUnavailable)
    }

    /// Has it be `now`, whatever Redis' clock says.
    #[cfg(all(test, unix))]
    pub(crate) fn set_time(&self, now: u64) {
        self.budgets.time.store(now, std::sync::atomic::Ordering::Relaxed);
    }
}
