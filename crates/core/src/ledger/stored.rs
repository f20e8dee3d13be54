//! What stands in settings as JSON, as types of the ledger's own: their fields are what is on disk, whatever the rest of the program calls
//! them.

use serde::{Deserialize, Serialize};

use crate::clock::{Moment, Uptime};
use crate::model::operator::{Agreed, Claim};

/// A moment by both clocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMoment {
    /// Milliseconds since the Unix epoch.
    at: i64,
    /// By the clock that nobody can set. Not told by the first versions of this program.
    #[serde(default)]
    up: Option<StoredUptime>,
}

/// Time since a start of the computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct StoredUptime {
    /// Which start.
    boot: String,
    /// Milliseconds since then.
    ms: i64,
}

impl StoredMoment {
    /// As [`Moment::age_ms`].
    pub fn age_ms(&self, now: &Moment) -> i64 {
        Moment::from(self.clone()).age_ms(now)
    }
}

impl From<Moment> for StoredMoment {
    fn from(Moment { at, up }: Moment) -> Self {
        Self { at, up: up.map(|Uptime { boot, ms }| StoredUptime { boot, ms }) }
    }
}

impl From<StoredMoment> for Moment {
    fn from(StoredMoment { at, up }: StoredMoment) -> Self {
        Self { at, up: up.map(|StoredUptime { boot, ms }| Uptime { boot, ms }) }
    }
}

/// What a backend said of itself when the person agreed to it.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredClaim {
    name: String,
    host: Option<String>,
}

/// What the person agreed to, of one backend. `None`: an earlier version kept no names.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct StoredAgreed(Option<StoredClaim>);

impl From<&Agreed> for StoredAgreed {
    fn from(Agreed(claim): &Agreed) -> Self {
        Self(claim.clone().map(|Claim { name, host }| StoredClaim { name, host }))
    }
}

impl From<StoredAgreed> for Agreed {
    fn from(StoredAgreed(claim): StoredAgreed) -> Self {
        Self(claim.map(|StoredClaim { name, host }| Claim { name, host }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_of_the_first_versions_is_read() {
        assert_eq!(serde_json::from_str::<StoredMoment>(r#"{"at":7}"#).unwrap(), Moment { at: 7, up: None }.into());
    }
}
