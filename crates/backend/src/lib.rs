//! The confidential backend: it alone holds Monei's client secret. It sends a person to Monei's consent page, receives the code there, hands
//! it sealed to the app that asked, and exchanges, refreshes and revokes on the app's behalf. It keeps no account and no token.
//!
//! [`Config`] is read from the environment, [`Backend`] is made from it, [`serve`] serves it. [`Backend::router`] is the service itself, for
//! programs that embed it. What is handed out is sealed (`seal`), what may happen once happens once (`once`), and nothing is sent to Monei
//! before the caller has proven that it may (`routes`).

mod backend;
pub mod clock;
mod config;
mod cookie;
mod domain;
mod guard;
mod metrics;
mod once;
mod pages;
mod problem;
mod proof;
mod provider;
mod query;
mod refusals;
mod return_target;
mod routes;
mod seal;
#[cfg(test)]
mod secrets;
mod server;
mod standing;
mod store;
mod tokens;
mod transaction;
mod under_way;

pub use backend::{Backend, Reloaded};
pub use config::{Config, ConfigError, Environment, RefreshAuth};
pub use problem::Code;
pub use routes::ROUTES;
pub use server::serve;
