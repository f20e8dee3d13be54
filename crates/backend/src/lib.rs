//! The confidential backend: it alone holds Monei's client secret. It sends a person to Monei's consent page, receives the code there, hands
//! it sealed to the app that asked, and exchanges, refreshes and revokes on the app's behalf. It keeps no account and no token.
//!
//! [`Config`] is read from the environment, [`Backend`] is made from it, [`serve`] serves it. [`Backend::router`] is the service itself, for
//! programs that embed it. Four layers, each of which knows those before it alone: rules (`domain`), what they need of the world (`ports`), what
//! can be asked for (`flow`), and how it is asked for (`http`). Nothing is sent to Monei before the caller has proven that it may.

mod backend;
mod config;
mod domain;
mod flow;
mod http;
mod metrics;
mod ports;
#[cfg(test)]
mod secrets;
#[cfg(any(test, feature = "simulation"))]
pub mod simulation;

pub use crate::http::routes::{Audience, Route, routes};
pub use crate::http::server::Listener;
pub use backend::{Backend, Reloaded, serve};
pub use config::{Config, ConfigError, Environment, RefreshAuth};
pub use domain::problem::Code;
pub use ports::clock;
