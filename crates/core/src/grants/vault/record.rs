//! One grant as the vault keeps it: short JSON text, replaced as a whole, versioned.

use monei::{AccessToken, ScopeSet};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::provider::backend::SealedRefreshToken;

/// Version of the record that this program writes.
const VERSION: u32 = 1;

/// One access/refresh pair with what it is good for.
#[derive(Clone)]
pub struct GrantRecord {
    /// Counts the rotations, so that a newer pair is told from an older one.
    pub generation: u64,
    /// Origin of the backend that gave it. No other backend ever receives it.
    pub backend: String,
    /// The account it belongs to; empty while a person still has to decide.
    pub account: String,
    /// The access token.
    pub access: AccessToken,
    /// The refresh token, sealed by the backend.
    pub refresh: SealedRefreshToken,
    /// When the access token ends, in milliseconds since the Unix epoch.
    pub expires_at: i64,
    /// How long it was good for when it was given, in seconds. More time left than that means that the clock was set back.
    pub lifetime: u64,
    /// Exactly what its own token response granted.
    pub scopes: ScopeSet,
}

/// Why a stored record can't be used. It is left where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Not a record.
    #[error("the stored record is damaged")]
    Damaged,
    /// Written by a later version of the program.
    #[error("the stored record is of version {0}, which this program does not know")]
    Newer(u32),
}

#[derive(Serialize)]
struct Out<'a> {
    v: u32,
    g: u64,
    b: &'a str,
    a: &'a str,
    t: &'a str,
    r: &'a str,
    e: i64,
    l: u64,
    s: &'a ScopeSet,
}

#[derive(Deserialize)]
struct In {
    v: u32,
    g: u64,
    b: String,
    a: String,
    t: AccessToken,
    r: SealedRefreshToken,
    e: i64,
    /// Not told by the first records.
    #[serde(default = "documented_lifetime")]
    l: u64,
    s: ScopeSet,
}

/// An hour (Monei: tokens).
fn documented_lifetime() -> u64 {
    3600
}

impl GrantRecord {
    /// The text to store.
    pub fn encode(&self) -> SecretString {
        let out = Out {
            v: VERSION,
            g: self.generation,
            b: &self.backend,
            a: &self.account,
            t: self.access.expose(),
            r: self.refresh.expose(),
            e: self.expires_at,
            l: self.lifetime,
            s: &self.scopes,
        };
        #[expect(clippy::expect_used, reason = "a struct of short strings and numbers always serialises")]
        let text = crate::wiped::json(&out).expect("plain data");
        SecretString::from(String::from_utf8_lossy(&text).as_ref())
    }

    /// Reads a stored text.
    ///
    /// # Errors
    /// [`RecordError`] for anything that [`GrantRecord::encode`] of this version didn't write.
    pub fn decode(text: &SecretString) -> Result<Self, RecordError> {
        check_version(text, VERSION)?;
        let record: In = serde_json::from_str(text.expose_secret()).map_err(|_| RecordError::Damaged)?;
        debug_assert_eq!(record.v, VERSION);
        Ok(Self {
            generation: record.g,
            backend: record.b,
            account: record.a,
            access: record.t,
            refresh: record.r,
            expires_at: record.e,
            lifetime: record.l,
            scopes: record.s,
        })
    }
}

/// Tells a record of version `known` from damaged and newer ones.
pub(super) fn check_version(text: &SecretString, known: u32) -> Result<(), RecordError> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    match serde_json::from_str(text.expose_secret()) {
        Ok(Version { v }) if v == known => Ok(()),
        Ok(Version { v }) if v > known => Err(RecordError::Newer(v)),
        _ => Err(RecordError::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::super::MAX_ENTRY_LEN;
    use super::*;
    use monei::Scope;

    fn record(access_len: usize) -> GrantRecord {
        GrantRecord {
            generation: u64::MAX,
            backend: "https://connect.a-rather-long-host-name.example.org:65535".into(),
            account: "A".repeat(22),
            access: AccessToken::new("a".repeat(access_len)),
            // A sealed token of 900 characters: nonce, tag and key id added, base64url.
            refresh: SealedRefreshToken::new("r".repeat((900 + 60) * 4 / 3)),
            expires_at: i64::MAX,
            lifetime: 31_536_000,
            scopes: Scope::KNOWN.into_iter().collect(),
        }
    }

    #[test]
    fn a_record_survives_a_round_trip() {
        let read = GrantRecord::decode(&record(40).encode()).unwrap();
        assert_eq!(read.generation, u64::MAX);
        assert_eq!(read.access.expose(), "a".repeat(40));
        assert_eq!(read.scopes.len(), 9);
    }

    #[test]
    fn a_record_with_tokens_of_900_characters_fits_the_smallest_keychain() {
        assert!(record(900).encode().expose_secret().len() <= MAX_ENTRY_LEN);
    }

    #[test]
    fn damaged_and_newer_records_are_told_apart() {
        for text in ["", "{}", "null", "{\"v\":0}", "{\"v\":1}", "{\"v\":\"1\"}", "\u{0}"] {
            assert_eq!(GrantRecord::decode(&SecretString::from(text)).err(), Some(RecordError::Damaged), "{text:?}");
        }
        assert_eq!(GrantRecord::decode(&SecretString::from("{\"v\":2}")).err(), Some(RecordError::Newer(2)));
    }
}
