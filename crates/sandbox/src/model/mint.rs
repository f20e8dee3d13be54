//! Secrets: made here, recognisable by their prefix and the run's marker, and kept by everyone else as a hash only.

use sha2::{Digest, Sha256};

/// SHA-256 of a secret, in lower-case hex: all that the sandbox keeps of it.
pub(crate) type Hash = String;

/// What a minted text is for; it shows in the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Access,
    Refresh,
    Code,
}

/// Makes `mct_sim_CNRY<run>_<random>`, padded with randomness to `length` characters where that is longer.
pub(crate) fn mint(kind: Kind, run: &str, length: usize, random: &mut Random) -> String {
    let prefix = match kind {
        Kind::Access => "mct",
        Kind::Refresh => "mcr",
        Kind::Code => "mcc",
    };
    let mut text = format!("{prefix}_sim_CNRY{run}_{}", random.hex());
    while text.len() < length {
        text.push_str(&random.hex());
    }
    if length > 0 && text.len() > length {
        // At least 32 random characters stay: the shortest length on offer is far above the prefix.
        text.truncate(length.max(prefix.len() + run.len() + 10 + 64));
    }
    text
}

/// Where random texts come from: the system, or a seed from which they follow, so that a run can be repeated letter by letter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Random(Option<Seeded>);

#[derive(Clone)]
struct Seeded {
    seed: String,
    count: u64,
}

impl std::fmt::Debug for Seeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Random {
    /// From this seed, or from the system.
    pub(crate) fn new(seed: Option<u64>) -> Random {
        Random(seed.map(|seed| Seeded { seed: seed.to_string(), count: 0 }))
    }

    /// One of its own for `purpose`: what one draws changes nothing of what another does.
    pub(crate) fn fork(&self, purpose: &str) -> Random {
        Random(self.0.as_ref().map(|seeded| Seeded { seed: format!("{} {purpose}", seeded.seed), count: 0 }))
    }

    /// 256 bits as 64 hex characters.
    pub(crate) fn hex(&mut self) -> String {
        match &mut self.0 {
            None => random_hex(),
            Some(seeded) => {
                seeded.count += 1;
                hash(&format!("{} {}", seeded.seed, seeded.count))
            }
        }
    }
}

/// 256 random bits as 64 hex characters.
pub(crate) fn random_hex() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// Sixteen bytes that depend on `seed` alone, shaped as a UUID: ids that stay the same from run to run.
pub(crate) fn stable_uuid(seed: &str) -> String {
    let digest = hash(seed);
    format!("{}-{}-4{}-a{}-{}", &digest[0..8], &digest[8..12], &digest[13..16], &digest[17..20], &digest[20..32])
}

/// The hash under which a secret is kept and looked up.
pub(crate) fn hash(secret: &str) -> Hash {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// Compares two secrets by their hashes, so that the time taken tells nothing about their text.
pub(crate) fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one.as_bytes()) == Sha256::digest(other.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_secrets_carry_prefix_and_marker_and_reach_the_length_asked_for() {
        let mut random = Random::default();
        let access = mint(Kind::Access, "R7", 0, &mut random);
        assert!(access.starts_with("mct_sim_CNRYR7_"), "{access}");
        assert_eq!(mint(Kind::Refresh, "R7", 900, &mut random).len(), 900);
        assert_ne!(mint(Kind::Code, "R7", 0, &mut random), mint(Kind::Code, "R7", 0, &mut random));
    }

    #[test]
    fn the_same_seed_gives_the_same_texts_and_another_others() {
        let texts = |seed| {
            let mut random = Random::new(Some(seed)).fork("x");
            [random.hex(), random.hex()]
        };
        assert_eq!(texts(7), texts(7));
        assert_ne!(texts(7), texts(8));
        assert_ne!(texts(7)[0], texts(7)[1]);
        assert_ne!(Random::new(Some(7)).fork("x").hex(), Random::new(Some(7)).fork("y").hex());
    }

    #[test]
    fn stable_ids_depend_on_the_seed_alone() {
        assert_eq!(stable_uuid("ada"), stable_uuid("ada"));
        assert_ne!(stable_uuid("ada"), stable_uuid("tunde"));
        assert_eq!(stable_uuid("ada").len(), 36);
    }
}
