//! What the types that hold a secret must not be able to do: be printed, written out as data, or copied by chance (T-19). A type that
//! learns one of it doesn't compile here.

use std::fmt::{Debug, Display};

use serde::Serialize;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use zeroize::ZeroizeOnDrop;

use crate::config::Config;
use crate::domain::outcome::Outcome;
use crate::domain::proof::Verifier;
use crate::domain::seal::{MasterKey, Sealer};
use crate::flow::once::Slot;

assert_not_impl_any!(Slot: Debug, Display, Serialize, Clone);
// Copied where a replay or a change of keys needs it; each copy is wiped.
assert_not_impl_any!(Verifier: Debug, Display, Serialize);
assert_not_impl_any!(MasterKey: Debug, Display, Serialize);
assert_not_impl_any!(Sealer: Debug, Display, Serialize);
assert_not_impl_any!(Outcome: Debug, Display, Serialize);
assert_not_impl_any!(Config: Display, Serialize);
// Their `Debug` tells nothing, which `monei` tests.
assert_not_impl_any!(monei::ClientSecret: Display, Serialize);
assert_not_impl_any!(monei::AuthorizationCode: Display, Serialize);
assert_not_impl_any!(monei::AccessToken: Display, Serialize);
assert_not_impl_any!(monei::RefreshToken: Display, Serialize);

// Wiped when dropped.
assert_impl_all!(secrecy::SecretString: ZeroizeOnDrop);
