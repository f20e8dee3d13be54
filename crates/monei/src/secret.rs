//! Secrets as types of their own: no `Display`, no `Serialize`, a `Debug` that tells nothing, wiped when dropped.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Wraps `text`.
            pub fn new(text: impl Into<String>) -> Self {
                Self(SecretString::from(text.into()))
            }

            /// The text itself, for the one place that must send or store it.
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "([redacted])"))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self(SecretString::deserialize(deserializer)?))
            }
        }
    };
}

secret!(
    /// An access token (`mct_…`), good for `expires_in` seconds (Monei: tokens).
    AccessToken
);
secret!(
    /// Monei's refresh token (`mcr_…`). Only the backend and the sandbox ever see one in the clear.
    RefreshToken
);
secret!(
    /// An authorization code: ten minutes, single use (Monei: oauth-flow).
    AuthorizationCode
);
secret!(
    /// The client secret (`mcs_…`). Only the backend holds it.
    ClientSecret
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_tells_nothing() {
        let token = AccessToken::new("mct_very_secret");
        assert_eq!(format!("{token:?}"), "AccessToken([redacted])");
    }
}
