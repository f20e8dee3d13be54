//! The backend over real HTTP, against the sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a step of a test that fails is a failed test")]

mod abuse;
mod answers;
mod budget;
mod callback;
mod documents;
mod fleet;
#[cfg(unix)] // Beside other programs, Wine's one server has no time left for the login in a flood.
mod flood;
mod headers;
#[cfg(unix)] // A redis-server on a socket in the file system, and signals.
mod instances;
mod layers;
#[cfg(unix)] // A signal ends the program, so that it has logged all that it will.
mod logs;
mod openapi;
#[cfg(unix)] // Chromium.
mod pages;
mod proxies;
mod redeem;
mod refresh;
#[cfg(unix)] // SIGHUP, and file modes.
mod reload;
mod requests;
mod revoke;
mod server;
mod shards;
mod sharing;
mod start;
#[cfg(unix)] // Programs of Redis, and signals.
mod stores;
mod support;
mod tls;
mod truth;
