//! Scopes as text and as sets. Those of the [table](crate::permission) are known; any other is kept as it is.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::permission::Permission;
pub use crate::permission::Scope;

/// The text of a scope that is none of the table: 1 to 64 printable characters that RFC 6749 §3.3 allows in a scope.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OtherScope(String);

impl OtherScope {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Longest scope accepted, in bytes. The longest known one has 15.
pub const MAX_SCOPE_LEN: usize = 64;

/// Not a scope: empty, too long, or with a character outside of RFC 6749 §3.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a scope: 1 to 64 printable ASCII characters without space, quote or backslash")]
pub struct InvalidScope;

impl Scope {
    /// Whether this version knows it.
    pub fn is_known(&self) -> bool {
        !matches!(self, Scope::Other(_))
    }

    /// Whether Monei's consent page warns about it. An unknown one isn't known to.
    pub fn is_sensitive(&self) -> bool {
        Permission::of(self).is_some_and(|permission| permission.sensitive)
    }

    /// Whether whoever holds it can move the person's money, as far as is known.
    pub fn spends(&self) -> bool {
        Permission::of(self).is_some_and(Permission::spends)
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(text: &str) -> Result<Self, InvalidScope> {
        if let Some(known) = Scope::KNOWN.iter().find(|scope| scope.as_str() == text) {
            return Ok(known.clone());
        }
        let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
        if text.is_empty() || text.len() > MAX_SCOPE_LEN || !text.bytes().all(allowed) {
            return Err(InvalidScope);
        }
        Ok(Scope::Other(OtherScope(text.to_owned())))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of scopes in a stable order.
#[derive(Clone, Default, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a space-separated list as in an authorization request (RFC 6749 §3.3).
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        text.split(' ').filter(|part| !part.is_empty()).map(str::parse).collect::<Result<BTreeSet<_>, _>>().map(Self)
    }

    /// Whether `scope` is in it.
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.contains(scope)
    }

    /// Adds `scope`; false if it was there already.
    pub fn insert(&mut self, scope: Scope) -> bool {
        self.0.insert(scope)
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every scope of this set is in `other`.
    pub fn is_subset(&self, other: &ScopeSet) -> bool {
        self.0.is_subset(&other.0)
    }

    /// The scopes of this set that are not in `other`.
    pub fn difference(&self, other: &ScopeSet) -> ScopeSet {
        ScopeSet(self.0.difference(&other.0).cloned().collect())
    }

    /// The scopes of either.
    pub fn union(&self, other: &ScopeSet) -> ScopeSet {
        ScopeSet(self.0.union(&other.0).cloned().collect())
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl IntoIterator for ScopeSet {
    type Item = Scope;
    type IntoIter = std::collections::btree_set::IntoIter<Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for ScopeSet {
    /// Space-separated, as an authorization request wants it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, scope) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_scope_survives_a_round_trip() {
        for scope in Scope::KNOWN {
            assert_eq!(scope.as_str().parse::<Scope>(), Ok(scope.clone()));
            assert!(scope.is_known());
        }
    }

    #[test]
    fn an_unknown_scope_is_kept_as_it_is() {
        let scope: Scope = "cards:freeze".parse().unwrap();
        assert!(!scope.is_known());
        assert_eq!(scope.to_string(), "cards:freeze");
    }

    #[test]
    fn hostile_scopes_are_refused() {
        for text in ["", "a b", "a\"b", "a\\b", "a\nb", "naïve", &"x".repeat(65)] {
            assert_eq!(text.parse::<Scope>(), Err(InvalidScope), "{text:?}");
        }
    }

    #[test]
    fn a_list_is_deduplicated_and_printed_in_order() {
        let set = ScopeSet::parse("wallet:read  profile:read wallet:read").unwrap();
        assert_eq!(set.len(), 2);
        assert_eq!(set.to_string(), "profile:read wallet:read");
    }
}
