//! What a person sees instead of scopes: one feature per row of Monei's [table of permissions](monei::permission). The words for each are
//! in the catalogue of `connect-app`, keyed by the same table.

use std::fmt;

use monei::permission::{Group, PERMISSIONS};
use monei::{Permission, Scope};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a connection can be used for: one permission, under its short name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FeatureId(&'static Permission);

/// Where a feature stands on the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureGroup {
    /// Reading only.
    See,
    /// Money coming in.
    Receive,
    /// Money going out. Nothing in this program spends.
    Spend,
}

/// One entry of the catalogue, as the web view gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// Which one.
    pub id: FeatureId,
    /// Where it stands.
    pub group: FeatureGroup,
    /// The one scope it needs, in Monei's words.
    pub scope: String,
    /// Monei's consent page warns about it.
    pub sensitive: bool,
    /// Whoever holds the scope can move money.
    pub spends: bool,
}

impl FeatureId {
    /// Every feature, in the order of the dashboard.
    pub fn all() -> impl Iterator<Item = FeatureId> {
        PERMISSIONS.iter().map(FeatureId)
    }

    /// The feature that needs `scope`; `None` for a scope that this version doesn't know.
    pub fn of(scope: &Scope) -> Option<FeatureId> {
        Permission::of(scope).map(FeatureId)
    }

    /// Its short name.
    pub fn name(self) -> &'static str {
        self.0.feature
    }

    /// What it opens at Monei.
    pub fn endpoints(self) -> &'static [monei::Endpoint] {
        self.0.endpoints
    }

    /// The one scope it needs.
    pub fn scope(self) -> &'static Scope {
        &self.0.scope
    }
}

impl fmt::Debug for FeatureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.feature)
    }
}

impl Serialize for FeatureId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.feature)
    }
}

impl<'de> Deserialize<'de> for FeatureId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Permission::named(&name).map(FeatureId).ok_or_else(|| serde::de::Error::custom("no such feature"))
    }
}

impl From<Group> for FeatureGroup {
    fn from(group: Group) -> Self {
        match group {
            Group::See => FeatureGroup::See,
            Group::Receive => FeatureGroup::Receive,
            Group::Spend => FeatureGroup::Spend,
        }
    }
}

/// The whole catalogue.
pub fn catalogue() -> Vec<Feature> {
    let entry = |permission: &'static Permission| Feature {
        id: FeatureId(permission),
        group: permission.group.into(),
        scope: permission.scope.to_string(),
        sensitive: permission.sensitive,
        spends: permission.spends(),
    };
    PERMISSIONS.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_written_and_read_by_its_name_alone() {
        for id in FeatureId::all() {
            let text = serde_json::to_string(&id).unwrap();
            assert_eq!(serde_json::from_str::<FeatureId>(&text).unwrap(), id);
            assert_eq!(FeatureId::of(id.scope()), Some(id));
        }
        assert!(serde_json::from_str::<FeatureId>("\"cards\"").is_err());
    }

    #[test]
    fn everything_that_spends_stands_under_spend() {
        for feature in catalogue() {
            assert_eq!(feature.spends, feature.group == FeatureGroup::Spend, "{:?}", feature.id);
        }
    }
}
