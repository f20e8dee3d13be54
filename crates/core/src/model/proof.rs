//! The secrets that tie a browser's answer to the program that asked: verifier, challenge and path nonce.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::TransactionId;
use crate::wiped;

/// 32 random bytes, base64url (RFC 7636 §4.1). Known to this process alone until it redeems.
pub struct Verifier(SecretString);

/// `BASE64URL(SHA256(verifier))` (RFC 7636 §4.2), 43 characters. Public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(String);

/// 128 random bits in the path of the loopback address, 22 characters, so that nothing else on this machine can guess it.
#[derive(Clone)]
pub struct PathNonce(SecretString);

impl Verifier {
    /// A fresh one from the system's generator.
    pub fn generate() -> Self {
        Self(SecretString::from(random_text::<32>()))
    }

    /// One that this program stored earlier; `None` for what [`Verifier::generate`] never gives.
    pub(crate) fn restore(text: SecretString) -> Option<Self> {
        let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (text.expose_secret().len() == 43 && text.expose_secret().bytes().all(is_base64url)).then_some(Self(text))
    }

    /// Its public half.
    pub fn challenge(&self) -> Challenge {
        Challenge(URL_SAFE_NO_PAD.encode(wiped::sha256(self.0.expose_secret().as_bytes())))
    }

    /// The text, for the one request that redeems.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl Challenge {
    /// The 43 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What a deep link names its transaction by: the first 22 characters.
    pub fn transaction(&self) -> TransactionId {
        self.0[..22].into()
    }
}

impl PathNonce {
    /// A fresh one from the system's generator.
    pub fn generate() -> Self {
        Self(SecretString::from(random_text::<16>()))
    }

    /// The 22 characters.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// `N` random bytes as unpadded base64url: for ids, nonces and idempotency keys.
pub fn random_text<const N: usize>() -> String {
    let mut bytes = [0u8; N];
    rand::fill(&mut bytes);
    let text = URL_SAFE_NO_PAD.encode(bytes);
    zeroize::Zeroize::zeroize(&mut bytes);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_the_one_of_rfc_7636_appendix_b() {
        let verifier = Verifier(SecretString::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
        assert_eq!(verifier.challenge().as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn lengths_are_as_the_backend_wants_them() {
        let verifier = Verifier::generate();
        assert_eq!(verifier.expose().len(), 43);
        assert_eq!(verifier.challenge().as_str().len(), 43);
        assert_eq!(verifier.challenge().transaction().len(), 22);
        assert_eq!(PathNonce::generate().expose().len(), 22);
        assert_ne!(Verifier::generate().expose(), verifier.expose());
    }
}
