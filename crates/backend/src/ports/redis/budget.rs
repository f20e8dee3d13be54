//! Budgets in Redis: each is one value, replaced as a whole if nobody replaced it meanwhile. The model is the same as in memory.
//!
//! A store that lost data, as in a failover, may have lost calls of the last minute with them. Each instance remembers the last value that it
//! wrote or read, and where the store holds an older one or another, nothing is sent for a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::Script;

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
    read: Script,
    replace: Script,
    /// Whether a store without data may have had some. In development both are begun anew all the time, and a 429 harms nobody else.
    pub(super) may_have_lost: bool,
    /// The head of each shared budget that was seen last.
    seen: Mutex<HashMap<Id, Head>>,
    /// One at a time, so that requests of this instance don't get in each other's way.
    turn: tokio::sync::Mutex<()>,
    /// In place of Redis' clock, where it isn't 0.
    #[cfg(test)]
    time: std::sync::atomic::AtomicU64,
}

/// Names a state of a budget: the data it is in, and how many states came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    generation: u64,
    /// When these data began, by Redis' clock, in milliseconds.
    began: u64,
    count: u64,
}

/// A budget as it was read.
pub(super) struct Read {
    pub(super) budget: Budget,
    /// By Redis' clock, in milliseconds.
    pub(super) now: u64,
    /// Of what was read, as it stands in the store; empty if there was nothing.
    head: String,
    /// What it is to be replaced with.
    next: Head,
}

impl Head {
    fn text(self) -> String {
        format!("{:016x}.{}.{}", self.generation, self.began, self.count)
    }

    fn parse(text: &str) -> Option<Self> {
        let (generation, rest) = text.split_once('.')?;
        let (began, count) = rest.split_once('.')?;
        Some(Self { generation: u64::from_str_radix(generation, 16).ok()?, began: began.parse().ok()?, count: count.parse().ok()? })
    }
}

impl Budgets {
    pub(super) fn new(may_have_lost: bool) -> Self {
        let (read, replace) = (Script::new(scripts::READ_BUDGET), Script::new(scripts::REPLACE_BUDGET));
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

    /// Since when data are missing that this instance has seen, or that may have been there before it began.
    fn lost_at(&self, budget: Id, found: Option<Head>, now: u64) -> Option<u64> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&budget).copied();
        match (seen, found) {
            (None, None) => self.may_have_lost.then_some(now),
            (None, Some(_)) => None,
            (Some(_), None) => Some(now),
            // Others may have noticed long ago: what was lost was sent before the new data began.
            (Some(seen), Some(found)) if seen.generation != found.generation => Some(found.began),
            (Some(seen), Some(found)) => (seen.count > found.count).then_some(now),
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
    fn budget_name(&self, scope: Scope) -> String {
        match scope {
            Scope::Shared(id) => format!("{{{}:{id:016x}}}:budget", self.prefix),
            Scope::Grant(id) => format!("{{{}:{id:016x}}}:budget-of-grant", self.prefix),
        }
    }

    /// The budget as it is, with what is known to be lost; or why it can't be read, in words.
    pub(super) async fn read(&self, scope: Scope) -> Result<Read, String> {
        let script = self.budgets.read.key(self.budget_name(scope));
        let script = &script;
        let (seconds, micros, value): (u64, u64, Option<String>) =
            self.try_ask(|mut connection, _| async move { script.invoke_async(&mut connection).await }).await?;
        let now = self.budgets.time(seconds * 1_000 + micros / 1_000);
        let parsed = value.as_deref().and_then(|value| {
            let (head, json) = value.split_once(':')?;
            Some((Head::parse(head)?, serde_json::from_str::<Budget>(json).ok()?))
        });
        // Of another version, or damaged: what it says is lost.
        let unreadable = value.is_some() && parsed.is_none();
        if unreadable {
            tracing::error!(event = "budget_unreadable");
        }
        let head = parsed.as_ref().map(|(head, _)| *head);
        let lost_at = match scope {
            Scope::Shared(_) if unreadable => Some(now),
            Scope::Shared(id) => self.budgets.lost_at(id, head, now),
            Scope::Grant(_) => None,
        };
        let mut budget = parsed.map_or_else(|| Budget::new(now, false), |(_, budget)| budget);
        if let Some(at) = lost_at {
            tracing::warn!(event = "budget_unknown");
            budget.lost(at);
        }
        let next = match head {
            Some(head) if lost_at.is_none_or(|at| at == head.began) => Head { count: head.count + 1, ..head },
            _ => Head { generation: rand::random(), began: now, count: 0 },
        };
        let head = value.as_deref().map(|value| value.split(':').next().unwrap_or_default().to_owned()).unwrap_or_default();
        Ok(Read { budget, now, head, next })
    }

    pub(super) async fn apply_op(&self, scope: Scope, op: Op, limits: Limits) -> Result<Charge, StoreUnavailable> {
        let _turn = self.budgets.turn.lock().await;
        for _ in 0..TRIES {
            let Read { mut budget, now, head, next } = self.read(scope).await.map_err(unavailable)?;
            let charge = budget.apply(op, limits, now);
            let json = serde_json::to_string(&budget).map_err(|_| StoreUnavailable)?;
            let kept = match scope {
                Scope::Shared(_) => 0,
                Scope::Grant(_) => millis(GRANT_KEPT),
            };
            let mut script = self.budgets.replace.key(self.budget_name(scope));
            script.arg(head).arg(format!("{}:{json}", next.text())).arg(kept);
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
    #[cfg(test)]
    pub(crate) fn set_time(&self, now: u64) {
        self.budgets.time.store(now, std::sync::atomic::Ordering::Relaxed);
    }
}
