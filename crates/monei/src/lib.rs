//! Monei's contract as types: what it documents, and every variation that was observed. No policy, no network.
//!
//! Start at [`permission`] (what a person can allow, and which calls that opens), [`TokenResponse`] (what one approval gave) and [`read`]
//! (what the reading endpoints answer).

pub mod error_body;
pub mod money;
pub mod payment;
pub mod permission;
pub mod read;
pub mod scope;
pub mod secret;
pub mod token;

pub use error_body::{ErrorBody, tells_an_error};
pub use money::{Amount, Money};
pub use payment::Payment;
pub use permission::{Endpoint, Method, Permission};
pub use scope::{Scope, ScopeSet};
pub use secret::{AccessToken, AuthorizationCode, ClientSecret, RefreshToken};
pub use token::TokenResponse;
