//! The backend over real HTTP, against the sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod abuse;
mod answers;
mod budget;
mod callback;
mod documents;
#[cfg(unix)]
mod fleet;
#[cfg(unix)]
mod flood;
mod headers;
#[cfg(unix)]
mod instances;
mod layers;
#[cfg(unix)]
mod logs;
mod openapi;
#[cfg(unix)]
mod pages;
mod proxies;
mod redeem;
mod refresh;
#[cfg(unix)]
mod reload;
mod requests;
mod revoke;
mod server;
#[cfg(unix)]
mod shards;
mod sharing;
mod start;
#[cfg(unix)]
mod stores;
mod support;
#[cfg(unix)]
mod tls;
mod truth;
