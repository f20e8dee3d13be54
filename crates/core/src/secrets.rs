//! What the types that hold a secret must not be able to do: be printed, written out as data, or copied by chance (T-19). A type that
//! learns one of it doesn't compile here.

use std::fmt::{Debug, Display};

use serde::Serialize;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::grants::vault::{GrantRecord, PendingRecord};
use crate::model::answer::Handoff;
use crate::model::app::AppKey;
use crate::model::proof::{PathNonce, Verifier};
use crate::provider::Body;
use crate::provider::backend::{SealedRefreshToken, Tokens};

assert_not_impl_any!(Verifier: Debug, Display, Serialize, Clone);
// Copied to the listener that it is the path of.
assert_not_impl_any!(PathNonce: Debug, Display, Serialize);
assert_not_impl_any!(Tokens: Debug, Display, Serialize, Clone);
// Copied where a pair waits for the keychain; each copy is wiped.
assert_not_impl_any!(SealedRefreshToken: Debug, Display, Serialize);
assert_not_impl_any!(GrantRecord: Debug, Display, Serialize);
assert_not_impl_any!(AppKey: Debug, Display, Serialize, Clone);
assert_not_impl_any!(PendingRecord: Debug, Display, Serialize, Clone);
// Their `Debug` tells nothing, which is tested.
assert_not_impl_any!(Handoff: Display, Serialize, Clone);
assert_not_impl_any!(monei::AccessToken: Display, Serialize);
assert_not_impl_any!(crate::provider::Verdict: Debug, Display, Serialize, Clone);
assert_not_impl_any!(crate::provider::RawVerdict: Debug, Display, Serialize, Clone);

// Wiped when dropped.
assert_impl_all!(secrecy::SecretString: ZeroizeOnDrop);
assert_impl_all!(Body: Zeroize);

#[test]
fn the_debug_of_a_handoff_tells_nothing() {
    let answer = crate::model::answer::parse_query("handoff=a-very-secret-handoff").unwrap();
    assert_eq!(format!("{answer:?}"), "Handoff([redacted])");
}
