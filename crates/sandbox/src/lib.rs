//! A strict Monei on loopback, for people and tests that have no other: login as one of four made-up people, a consent page with a
//! switch per scope, the token, revoke and read endpoints as Monei documents them, and the person's page of connected apps.
//! What Monei leaves open is a switch; faults, the clock and the state are driven at `/sandbox` and `/sandbox/api/…`.
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
mod mint;
mod nest;
mod options;
mod page;
mod people;
mod persist;
mod quota;
mod revoke;
mod sandbox;
mod serve;
mod sessions;
mod settings;
mod style;
mod switches;
mod token;
mod wording;

pub use options::{Client, Options, SandboxError};
pub use sandbox::Sandbox;
pub use serve::serve;
