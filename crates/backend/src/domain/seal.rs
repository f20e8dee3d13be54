//! Sealing: what this backend hands out and takes back (state, handoffs, refresh tokens) or keeps for two minutes (replays).
//!
//! XChaCha20-Poly1305 with a random nonce, a key of its own per purpose (HKDF-SHA256), the key's id in front, and the environment and
//! the purpose as associated data, so that nothing sealed for one use opens in another.

#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::settings::Environment;

const KEY_ID_LEN: usize = 4;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;
/// Names this format in every derived key and in the associated data.
const FORMAT: &str = "monei-connections/seal/1";

/// `CONNECT_SEALING_KEY`: 32 random bytes from which every other key is derived.
#[derive(Clone)]
pub(crate) struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl PartialEq for MasterKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

/// What a sealed text is for. One can't be used as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The `state` of an authorization request.
    State,
    /// The code on its way to the app.
    Handoff,
    /// A refresh token as the app stores it.
    RefreshToken,
    /// An answer kept so that it can be given again.
    Replay,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Purpose::State => "state",
            Purpose::Handoff => "handoff",
            Purpose::RefreshToken => "refresh-token",
            Purpose::Replay => "replay",
        }
    }
}

/// It doesn't open: tampered with, sealed with another key, for another purpose or by another environment. Deliberately no more is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed text does not open")]
pub(crate) struct Unreadable;

/// A key in use, with what is derived from it alone: deriving costs more than sealing.
struct Derived {
    master: MasterKey,
    id: [u8; KEY_ID_LEN],
    /// The key of each purpose that needs no proof.
    keys: [(Purpose, Zeroizing<[u8; 32]>); 3],
}

impl Derived {
    fn of(master: MasterKey, environment: Environment) -> Self {
        let keys =
            [Purpose::State, Purpose::Handoff, Purpose::RefreshToken].map(|purpose| (purpose, derive(&master.0[..], environment, purpose)));
        Self { id: key_id(&master), keys, master }
    }
}

impl PartialEq for Derived {
    fn eq(&self, other: &Self) -> bool {
        self.master == other.master
    }
}

/// The present key seals, either opens.
#[derive(PartialEq)]
struct Keys {
    present: Derived,
    previous: Option<Derived>,
}

impl Keys {
    fn of(environment: Environment, present: MasterKey, previous: Option<MasterKey>) -> Arc<Self> {
        let derived = |master| Derived::of(master, environment);
        Arc::new(Self { present: derived(present), previous: previous.map(derived) })
    }
}

/// Seals and opens with the keys in use, which can be replaced while it is used.
pub(crate) struct Sealer {
    environment: Environment,
    keys: RwLock<Arc<Keys>>,
}

impl Sealer {
    pub(crate) fn new(environment: Environment, present: MasterKey, previous: Option<MasterKey>) -> Self {
        Self { environment, keys: RwLock::new(Keys::of(environment, present, previous)) }
    }

    /// Uses these keys from now on. False if they are those in use.
    pub(crate) fn replace(&self, present: MasterKey, previous: Option<MasterKey>) -> bool {
        let keys = Keys::of(self.environment, present, previous);
        let mut used = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let others = *used != keys;
        *used = keys;
        others
    }

    fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Seals `plain` as base64url text.
    pub(crate) fn seal(&self, purpose: Purpose, plain: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.seal_with(purpose, &[], plain))
    }

    /// Opens what [`Sealer::seal`] made.
    pub(crate) fn open(&self, purpose: Purpose, text: &str) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Unreadable)?;
        self.open_with(purpose, &[], &bytes)
    }

    /// Seals an answer so that only who presents `proof` again can have it: the key depends on it.
    pub(crate) fn seal_replay(&self, proof: &[u8], plain: &[u8]) -> Vec<u8> {
        self.seal_with(Purpose::Replay, proof, plain)
    }

    /// Opens what [`Sealer::seal_replay`] made with the same `proof`.
    pub(crate) fn open_replay(&self, proof: &[u8], bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        self.open_with(Purpose::Replay, proof, bytes)
    }

    fn seal_with(&self, purpose: Purpose, proof: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0u8; NONCE_LEN];
        rand::fill(&mut nonce);
        self.seal_with_nonce(purpose, proof, plain, nonce)
    }

    fn seal_with_nonce(&self, purpose: Purpose, proof: &[u8], plain: &[u8], nonce: [u8; NONCE_LEN]) -> Vec<u8> {
        let keys = self.keys();
        let id = keys.present.id;
        let aad = self.associated_data(purpose, id);
        let cipher = self.cipher(&keys.present, purpose, proof);
        #[expect(clippy::expect_used, reason = "the cipher fails only for plaintexts of more than 256 GiB")]
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad }).expect("plaintexts here are small");
        [&id[..], &nonce, &sealed].concat()
    }

    fn open_with(&self, purpose: Purpose, proof: &[u8], bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        if bytes.len() < KEY_ID_LEN + NONCE_LEN + TAG_LEN {
            return Err(Unreadable);
        }
        let (id, rest) = bytes.split_first_chunk::<KEY_ID_LEN>().ok_or(Unreadable)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Unreadable)?;
        let keys = self.keys();
        let key = [Some(&keys.present), keys.previous.as_ref()].into_iter().flatten().find(|key| key.id == *id).ok_or(Unreadable)?;
        let aad = self.associated_data(purpose, *id);
        let payload = Payload { msg: sealed, aad: &aad };
        self.cipher(key, purpose, proof).decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| Unreadable)
    }

    fn associated_data(&self, purpose: Purpose, id: [u8; KEY_ID_LEN]) -> Vec<u8> {
        [FORMAT.as_bytes(), b"/", self.environment.as_str().as_bytes(), b"/", purpose.label().as_bytes(), b"/", &id].concat()
    }

    fn cipher(&self, key: &Derived, purpose: Purpose, proof: &[u8]) -> XChaCha20Poly1305 {
        if proof.is_empty()
            && let Some((_, key)) = key.keys.iter().find(|(of, _)| *of == purpose)
        {
            return XChaCha20Poly1305::new(&Key::from(**key));
        }
        // The proof enters as a digest, so that where the key ends and the proof begins is never in doubt.
        let digest = Zeroizing::new(if proof.is_empty() { Vec::new() } else { Sha256::digest(proof).to_vec() });
        let material = Zeroizing::new([&key.master.0[..], &digest].concat());
        XChaCha20Poly1305::new(&Key::from(*derive(&material, self.environment, purpose)))
    }
}

fn derive(material: &[u8], environment: Environment, purpose: Purpose) -> Zeroizing<[u8; 32]> {
    expand(material, &[FORMAT, "/", environment.as_str(), "/", purpose.label()].concat())
}

/// The first bytes of a value derived from the key: names it without telling anything about it.
fn key_id(master: &MasterKey) -> [u8; KEY_ID_LEN] {
    let [a, b, c, d, ..] = *expand(&master.0[..], &[FORMAT, "/key-id"].concat());
    [a, b, c, d]
}

fn expand(material: &[u8], info: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0u8; 32]);
    #[expect(clippy::expect_used, reason = "HKDF-SHA256 gives up to 8160 bytes")]
    Hkdf::<Sha256>::new(None, material).expand(info.as_bytes(), key.as_mut()).expect("32 bytes are within HKDF's limit");
    key
}
