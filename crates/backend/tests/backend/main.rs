//! The backend over real HTTP, against the sandbox.

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
