//! The sandbox on a real port, seen from outside: what it answers, what it keeps to, and what it is steered by.

mod authorize;
mod clients;
mod conformance;
mod control;
mod hostile;
mod kit;
mod program;
mod reads;
mod revoke;
mod scenarios;
mod shapes;
mod state_file;
mod steering;
mod switches;
mod token;
mod writes;
