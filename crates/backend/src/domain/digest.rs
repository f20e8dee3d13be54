//! Names made from what they name: digests, so that neither a store nor a log learns what they are about.

use sha2::{Digest, Sha256};

/// Names an entry of a store.
pub(crate) type Key = [u8; 32];

/// A key from its parts, each with its length, so that no two lists of parts give the same.
pub(crate) fn digest(parts: &[&[u8]]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The first half of [`digest`].
pub(crate) fn fingerprint(parts: &[&[u8]]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest(parts)[..16]);
    half
}

/// The beginning of [`digest`]: names something in a budget.
pub(crate) fn id(parts: &[&[u8]]) -> u64 {
    let mut eighth = [0; 8];
    eighth.copy_from_slice(&digest(parts)[..8]);
    u64::from_be_bytes(eighth)
}

/// A name for logs, from which what it names can't be had.
pub(crate) fn log_id(parts: &[&[u8]]) -> String {
    hex::encode(&digest(parts)[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
