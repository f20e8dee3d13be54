//! Monei's contract as types: what it documents, and every variation that was observed. No policy, no network.
//!
//! Start at [`Scope`] (what a person can allow), [`TokenResponse`] (what one approval gave), [`Endpoint`] (what a scope opens)
//! and [`read`] (what those endpoints answer).

pub mod endpoint;
pub mod error_body;
pub mod money;
pub mod read;
pub mod scope;
pub mod secret;
pub mod token;

pub use endpoint::Endpoint;
pub use error_body::ErrorBody;
pub use money::{Amount, Money};
pub use scope::{Scope, ScopeSet};
pub use secret::{AccessToken, AuthorizationCode, ClientSecret, RefreshToken};
pub use token::TokenResponse;
