//! The backend over real HTTP, against the sandbox.

#![expect(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]

mod abuse;
mod callback;
mod headers;
mod logs;
mod redeem;
mod refresh;
mod requests;
mod revoke;
mod server;
mod start;
mod support;
