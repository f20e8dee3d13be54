//! A strict Monei on loopback, for people and tests that have no other: login as one of four made-up people, a consent page with a
//! switch per scope, the token and revoke endpoints, every endpoint of the nine scopes as Monei documents them, and the person's page
//! of connected apps. What Monei leaves open is a switch; faults, the clock and the state are driven at `/sandbox` and
//! `/sandbox/api/…`. A [`Scenario`] plays a whole course of events, with or without a person.
//! Nothing in it is real, it keeps tokens as hashes only, and it refuses any address but loopback.
//!
//! Made to judge other programs, it shares no code with them but Monei's names for scopes.
//!
//! [`Sandbox::new`] takes [`Options`]; [`serve`] runs it.

mod api;
mod approval;
mod authorize;
mod body;
mod clock;
mod coins;
mod consent_page;
mod control;
mod control_page;
mod data;
mod entry;
mod faults;
mod fields;
mod grants;
mod home;
mod journal;
mod ledger;
mod mask;
mod mint;
mod nest;
mod options;
mod page;
mod pay_page;
mod people;
mod persist;
mod plan;
mod presets;
mod quota;
mod revoke;
mod sandbox;
mod scenario;
mod script;
mod serve;
mod sessions;
mod settings;
mod style;
mod switches;
mod token;
mod wording;
mod writes;

pub use options::{Client, Options, SandboxError};
pub use sandbox::Sandbox;
pub use scenario::{Scenario, ScenarioError};
pub use serve::serve;
