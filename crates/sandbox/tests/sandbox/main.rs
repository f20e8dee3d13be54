//! The sandbox on a real port, seen from outside: what it answers, what it keeps to, and what it is steered by.

mod authorize;
mod clients;
mod conformance;
mod control;
mod faults;
mod hostile;
mod kit;
mod layers;
mod program;
mod reads;
mod replay;
mod revoke;
mod scenarios;
mod service;
mod shapes;
mod state_file;
mod steering;
mod switches;
mod token;
mod writes;
