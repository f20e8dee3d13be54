//! The proof that the app which redeems is the one that started: verifier and challenge (RFC 7636 §4.1, §4.2), `S256` alone.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// How many characters of the challenge name the transaction in a deep link.
const TX_LEN: usize = 22;

/// `BASE64URL(SHA256(verifier))`: public.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Challenge([u8; 32]);

impl Challenge {
    /// Reads the 43 characters of a challenge.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The transaction's name in a deep link: the first characters of the challenge.
    pub(crate) fn tx(&self) -> String {
        let mut text = URL_SAFE_NO_PAD.encode(self.0);
        text.truncate(TX_LEN);
        text
    }

    /// A name for logs, from which the challenge can't be had.
    pub(crate) fn log_id(&self) -> String {
        hex::encode(&Sha256::digest(self.0)[..6])
    }
}

/// The secret half, kept by the app until it redeems.
#[derive(Clone, Deserialize)]
pub(crate) struct Verifier(SecretString);

impl Verifier {
    /// Whether it is the challenge's: right shape (RFC 7636 §4.1) and right digest, compared in constant time.
    pub(crate) fn proves(&self, challenge: &Challenge) -> bool {
        let text = self.0.expose_secret();
        let shape = (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        shape && bool::from(digest.ct_eq(&challenge.0))
    }

    /// Its bytes, to derive the key of a replay from.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(text: &str) -> Verifier {
        Verifier(text.to_owned().into())
    }

    #[test]
    fn the_example_of_rfc_7636_proves() {
        let challenge = Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").proves(&challenge));
        assert!(!verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl").proves(&challenge));
        assert_eq!(challenge.tx(), "E9Melhoa2OwvFrEMTJguCH");
    }

    #[test]
    fn a_short_verifier_proves_nothing_even_with_the_right_digest() {
        let challenge = Challenge(Sha256::digest(b"short").into());
        assert!(!verifier("short").proves(&challenge));
    }

    #[test]
    fn only_43_characters_of_base64url_are_a_challenge() {
        for text in ["", "a", &"A".repeat(42), &"A".repeat(44), &"+".repeat(43), &format!("{}=", "A".repeat(42)), &"B".repeat(43)] {
            assert!(Challenge::parse(text).is_none(), "{text}");
        }
    }
}
