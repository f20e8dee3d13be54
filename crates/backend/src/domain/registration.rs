//! The registrations of this operator at Monei. One is usual; several are shards, each with a limit of its own where Monei counts by client.

use super::budget::Id;
use super::digest::id;

/// Which registration, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shard(usize);

impl Shard {
    /// Whether it is the one that tokens belong to which name none.
    pub(crate) fn is_first(self) -> bool {
        self.0 == 0
    }

    /// Its place in the configuration, from 0.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}

/// A registration, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registration {
    /// Monei's name of it.
    pub(crate) client_id: String,
    /// As it was registered, character for character.
    pub(crate) redirect_uri: String,
}

impl Registration {
    /// Its name in what is sealed and in the store: it stays the same wherever the configuration lists it.
    pub(crate) fn name(&self) -> Id {
        id(&[b"registration", self.client_id.as_bytes()])
    }
}

/// All of them, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Registrations {
    first: Registration,
    others: Vec<Registration>,
}

impl Registrations {
    pub(crate) fn new(first: Registration, others: Vec<Registration>) -> Self {
        Self { first, others }
    }

    pub(crate) fn first(&self) -> &Registration {
        &self.first
    }

    pub(crate) fn get(&self, shard: Shard) -> &Registration {
        shard.0.checked_sub(1).and_then(|at| self.others.get(at)).unwrap_or(&self.first)
    }

    /// Every one of them.
    pub(crate) fn shards(&self) -> impl Iterator<Item = Shard> + use<> {
        (0..=self.others.len()).map(Shard)
    }

    /// The one of this name; the first where there is no name, as in what was sealed before there were several. `None`: it is no longer listed.
    pub(crate) fn named(&self, name: Option<Id>) -> Option<Shard> {
        match name {
            None => Some(Shard(0)),
            Some(name) => self.shards().find(|shard| self.get(*shard).name() == name),
        }
    }

    /// Whether there is more than one.
    pub(crate) fn are_several(&self) -> bool {
        !self.others.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_keeps_its_name_when_others_are_added() {
        let one = |id: &str| Registration { client_id: id.to_owned(), redirect_uri: String::new() };
        let before = Registrations::new(one("mc_a1b2"), vec![]);
        let after = Registrations::new(one("mc_c3d4"), vec![one("mc_a1b2")]);
        let name = before.first().name();
        assert_eq!(before.named(Some(name)), Some(Shard(0)));
        assert_eq!(after.named(Some(name)), Some(Shard(1)));
        assert_eq!(after.get(Shard(1)).client_id, "mc_a1b2");
        assert_eq!(after.named(None), Some(Shard(0)));
        assert_eq!(before.named(Some(after.first().name())), None, "not listed");
    }
}
