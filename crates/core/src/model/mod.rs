//! Plain data that every other part speaks of: it calls nobody and keeps nothing.

pub mod answer;
pub mod app;
mod caller;
mod choice;
pub mod feature;
mod id;
mod identity;
pub mod label;
pub mod operator;
pub mod payment;
mod permit;
pub mod problem;
pub mod proof;
pub mod scopes;
pub mod snapshot;
pub mod text;

pub use caller::Caller;
pub use choice::{Channel, Environment, Language, ProxySetting, Theme};
pub use id::{AccountId, AppId, GrantId, TransactionId};
pub use identity::Identity;
pub use permit::{Denied, Permit};
