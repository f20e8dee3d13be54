//! One application for every front end: where its settings come from, how the core is started and ended, what a diagnosis tries, what is
//! logged, and every sentence that more than one front end says. No window and no GUI library: the desktop shell adds those, a command
//! line needs none.
//!
//! A front end reads [`settings::Settings`], starts the core with [`start::connections`], says what happens in the words of [`catalogue`],
//! and calls [`connect_core::Connections::shutdown`] at its end, also when [`ending::asked_to_end`].

pub mod attention;
pub mod browser;
pub mod catalogue;
pub mod diagnose;
pub mod ending;
pub mod export;
pub mod guide;
pub mod language;
pub mod leaving;
pub mod limits;
pub mod logging;
pub mod login;
pub mod naming;
#[cfg(test)]
mod packaging;
pub mod receipt;
pub mod registration;
pub mod report;
pub mod resting;
pub mod settings;
pub mod start;
pub mod terminal;
pub mod update;
pub mod witness;
