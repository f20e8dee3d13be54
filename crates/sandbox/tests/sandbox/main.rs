//! The sandbox on a real port, seen from outside: what it answers, what it keeps to, and what it is steered by.

mod apps;
mod authorize;
mod bad_input;
mod clients;
mod conformance;
mod control;
mod editor;
mod faults;
mod hostile;
mod kit;
mod layers;
mod matrix;
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
mod timeline;
mod token;
mod writes;
