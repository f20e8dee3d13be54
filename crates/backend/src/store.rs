//! What instances must agree on: answers to give again, single-use marks, and the budget of token calls. In memory, or shared.

pub(crate) mod memory;
pub(crate) mod redis;
#[cfg(all(test, unix))]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::domain::budget::{Charge, Id, Limits, Op, Usage};

/// Names an entry: a digest, so that a store never sees what it is about.
pub(crate) type Key = [u8; 32];

/// The store can't be asked, or is full. Whoever needs it must refuse: forgetting a single-use mark isn't an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store is unavailable or full")]
pub(crate) struct StoreUnavailable;

/// What one of Monei's limits counts, and so one budget: see `MONEI_BUDGET_SCOPE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// All calls of this client, or of this egress address.
    Shared(Id),
    /// The calls of one grant.
    Grant(Id),
}

/// What a store's operation gives, later.
pub(crate) type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreUnavailable>> + Send + 'a>>;

/// Who holds an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nobody did: it is the caller's now, with the value offered.
    Ours,
    /// Somebody did, with this value.
    Taken(Vec<u8>),
}

/// Small values under digests, each for a limited time.
pub(crate) trait Store: Send + Sync {
    /// Puts `value` under `key` for `ttl` unless there is one already; atomic.
    fn claim(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, Claim>;
    /// What is under `key`.
    fn get(&self, key: Key) -> Reply<'_, Option<Vec<u8>>>;
    /// Replaces what is under `key`, for `ttl` from now, and tells those who wait.
    fn put(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, ()>;
    /// Tells those who wait `value`, and forgets the entry.
    fn release(&self, key: Key, value: Vec<u8>) -> Reply<'_, ()>;
    /// Waits until what is under `key` is no longer `seen`, and gives the new value; `None` when it vanished or `limit` has passed.
    fn wait(&self, key: Key, seen: Vec<u8>, limit: Duration) -> Reply<'_, Option<Vec<u8>>>;
    /// Applies `op` to the budget of `scope`; atomic.
    fn budget(&self, scope: Scope, op: Op, limits: Limits) -> Reply<'_, Charge>;
    /// Tries what is needed of it; what is wrong, in words without a password. For a person who asks.
    fn check(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>>;
    /// How much of the budget of `scope` is used.
    fn usage(&self, scope: Scope) -> Reply<'_, Usage>;
}
