//! Memory that held tokens and keys is wiped (T-19): JSON of ours and the state of hashes when they are dropped, and whatever else the program
//! frees, since libraries copy what they send and receive.

use std::alloc::System;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;
use zeroizing_alloc::ZeroAlloc;

/// The allocator of every program that holds tokens by this crate. What GTK, WebKit and SQLite allocate is their own.
#[global_allocator]
static WIPED: ZeroAlloc<System> = ZeroAlloc(System);

/// Longer than any record or request of ours, in bytes, so that nothing is left behind by growing.
const ROOM: usize = 16 * 1024;

/// `value` as JSON.
///
/// # Errors
/// When it can't be written as JSON, or is longer than 16 KiB.
pub fn json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut bytes = Zeroizing::new(vec![0; ROOM]);
    let left = {
        let mut rest = &mut bytes[..];
        serde_json::to_writer(&mut rest, value)?;
        rest.len()
    };
    bytes.truncate(ROOM - left);
    Ok(bytes)
}

/// The hash of `secret`. A hash that is finished by value moves its state, which holds the text, and leaves a copy on the stack: this one stays
/// where it is until it is wiped.
pub fn sha256(secret: &[u8]) -> [u8; 32] {
    let mut state = Sha256::new();
    state.update(secret);
    state.finalize_reset().into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_same_json_and_never_cut() {
        assert_eq!(&super::json(&["a", "b"]).unwrap()[..], br#"["a","b"]"#);
        assert_eq!(super::json(&"x".repeat(16 * 1024 - 2)).unwrap().len(), 16 * 1024);
        assert!(super::json(&"x".repeat(16 * 1024)).is_err());
    }
}
