//! The heart of Monei Connections, without any window: accounts and their grants, the connect transaction through the system browser,
//! the life of tokens, where they are kept, and what a person is shown of it.
//!
//! [`Connections`] is the whole public face. What it shows is an [`view::AppView`], published anew after each change; what it can be
//! told are its methods. It takes the platform through four traits: [`vault::Vault`], [`clock::Clock`], [`Browser`] and
//! [`DesktopProxies`].

mod answer;
mod api;
pub mod backend;
pub mod clock;
mod connections;
#[doc(hidden)]
pub mod failpoint;
pub mod feature;
mod http;
mod index;
mod loopback;
mod operator;
pub mod problem;
mod proof;
mod reads;
#[cfg(test)]
mod secrets;
pub mod vault;
pub mod view;
mod wiped;

pub use answer::{NotAnAnswer, parse_deep_link};
pub use backend::parse_address;
pub use connections::{Browser, Check, CheckName, Connections, OpenFailed, Options};
pub use http::{DesktopProxies, Http, ProxySetting, SystemProxies};
