//! The heart of Monei Connections, without any window: accounts and their grants, the connect transaction through the system browser,
//! the life of tokens, where they are kept, and what a person is shown of it.
//!
//! [`Connections`] is the whole public face. What it shows is an [`snapshot::Snapshot`], published anew after each change; what it can be
//! told are its methods. It takes the platform through four traits: [`vault::Vault`], [`clock::Clock`], [`Browser`] and
//! [`DesktopProxies`].
//!
//! Behind it each part owns what it is about: [`approval`] one run through the browser, [`grants`] the token pairs, [`ledger`] the index,
//! [`provider`] the network, [`access`] the use of a connection, [`monitor`] what is checked unasked. They know only parts further down in
//! that order of `tests/layers.rs`, and [`model`].

mod access;
mod accounts;
mod approval;
mod apps;
mod aside;
mod changed;
pub mod clock;
mod connections;
mod diagnose;
#[doc(hidden)]
pub mod failpoint;
mod grants;
mod leaving;
mod ledger;
mod looking;
mod model;
mod monitor;
mod preferences;
mod provider;
mod publish;
mod reviews;
#[cfg(test)]
mod secrets;
mod service;
#[cfg(feature = "tester")]
mod tester;
mod wiped;
mod work;

pub use access::{PassThrough, Passed};
#[cfg(target_os = "linux")]
pub use approval::own_peers;
pub use approval::{Browser, OpenFailed};
pub use apps::NewApp;
pub use connections::{Connections, Options};
pub use diagnose::{Check, CheckName};
pub use grants::vault;
pub use ledger::{INDEX_FILE, LOCK_FILE, UseRow};
pub use model::answer::{NotAnAnswer, parse_deep_link};
pub use model::app::{App, AppKey, AppName};
pub use model::payment::PaymentOutcome;
pub use model::text::clean as clean_name;
pub use model::{AccountId, AppId, Caller, ProxySetting, feature, problem, snapshot};
pub use provider::backend::{self, parse_address};
pub use provider::http::{DesktopProxies, Http, SystemProxies};
