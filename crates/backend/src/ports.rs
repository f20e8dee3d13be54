//! What the rules need of the world: Monei, a memory that instances share, and the time. Here are the traits; below, what implements them.

pub mod clock;
pub(crate) mod memory;
pub(crate) mod monei;
pub(crate) mod provider;
pub(crate) mod redis;
// With a redis-server, as in `redis::tests`.
#[cfg(all(test, unix))]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::domain::budget::{Charge, Id, Limits, Op, Usage};
use crate::domain::digest::Key;
use crate::domain::problem::{Code, Problem};

/// The store can't be asked, or is full. Whoever needs it must refuse: forgetting a single-use mark isn't an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is unavailable or full")]
pub(crate) struct StoreUnavailable;

/// Seconds after which a store that was away is worth another try.
const STORE_AGAIN: u64 = 3;

impl From<StoreUnavailable> for Problem {
    fn from(_: StoreUnavailable) -> Self {
        Problem::from(Code::ServiceUnavailable).retry_after(STORE_AGAIN)
    }
}

/// What one of Monei's limits counts, and so one budget: see `MONEI_BUDGET_SCOPE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// All calls of one registration, or of one egress address.
    Shared(Id),
    /// The calls of one grant.
    Grant(Id),
}

/// What an operation gives, later.
pub(crate) type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// The same of a store, which may not answer.
pub(crate) type Reply<'a, T> = Later<'a, Result<T, StoreUnavailable>>;

/// Who holds an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nobody did: it is the caller's now, with the value offered.
    Ours,
    /// Somebody did, with this value.
    Taken(Vec<u8>),
}

/// Small values under digests, each for a limited time: what happened once, and must not happen again.
pub(crate) trait Marks: Send + Sync {
    /// Puts `value` under `key` for `ttl` unless there is one already; atomic.
    fn claim(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, Claim>;
    /// What is under `key`.
    fn get(&self, key: Key) -> Reply<'_, Option<Vec<u8>>>;
    /// Replaces what is under `key`, for `ttl` from now, and tells those who wait.
    fn put(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, ()>;
}

/// Marks that others can wait for: answers to give again.
pub(crate) trait Replays: Marks {
    /// Replaces what is under `key` as [`Marks::put`] does, unless somebody else has it: it holds neither `own` nor `value`. False if somebody has.
    fn settle(&self, key: Key, own: Vec<u8>, value: Vec<u8>, ttl: Duration) -> Reply<'_, bool>;
    /// Tells those who wait `value`, and forgets the entry, if it holds `own`. False if it doesn't.
    fn release(&self, key: Key, own: Vec<u8>, value: Vec<u8>) -> Reply<'_, bool>;
    /// Waits until what is under `key` is no longer `seen`, and gives the new value; `None` when it vanished or `limit` has passed.
    fn wait(&self, key: Key, seen: Vec<u8>, limit: Duration) -> Reply<'_, Option<Vec<u8>>>;
}

/// The budgets of calls to Monei.
pub(crate) trait Budgets: Send + Sync {
    /// Applies `op` to the budget of `scope`; atomic.
    fn apply(&self, scope: Scope, op: Op, limits: Limits) -> Reply<'_, Charge>;
    /// How much of the budget of `scope` is used.
    fn usage(&self, scope: Scope) -> Reply<'_, Usage>;
}

/// What instances must agree on, in one place.
pub(crate) trait Store: Replays + Budgets {
    /// Tries what is needed of it; what is wrong, in words without a password.
    fn check(&self) -> Later<'_, Result<(), String>>;
}
