//! The program as a person uses it: the real window, the real keychain, a real browser, against the sandbox. Each test has a world of
//! its own. What is asserted can be seen from outside: in the window, in the browser, in the keychain, at the sandbox.

#![cfg(target_os = "linux")]

mod apps;
mod assistive;
mod command_line;
mod connecting;
mod consents;
mod disconnecting;
mod exercises;
mod language;
mod leaving;
mod looking;
mod memory_only;
mod neighbours;
mod page;
mod reconnecting;
mod secrets;
mod session;
mod starting_again;
mod testing;
mod tray;
