//! A strict Monei on loopback, for people and tests that have no other: login as one of four made-up people, a consent page with a
//! switch per scope, the token and revoke endpoints, every endpoint of the nine scopes as Monei documents them, and the person's page
//! of connected apps. What Monei leaves open is a switch; faults, the clock and the state are driven at `/sandbox` and
//! `/sandbox/api/…`. A [`Scenario`] plays a whole course of events, with or without a person.
//! Nothing in it is real, it keeps tokens as hashes only, and it refuses any address but loopback.
//!
//! Made to judge other programs, it shares no code with them but Monei's names for scopes.
//!
//! [`Sandbox::new`] takes [`Options`]; [`serve()`] runs it.

mod access;
mod command;
mod control;
mod model;
mod monei;
mod options;
mod presets;
mod scenario;
mod script;
mod serve;
mod shared;
mod web;

pub use options::{Access, Client, Options, SandboxError};
pub use scenario::{Scenario, ScenarioError};
pub use serve::{Sandbox, remarks, serve};
