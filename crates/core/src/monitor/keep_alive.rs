//! Keeping connections alive that nobody uses, where the person wants it: each is refreshed once a week, so that it doesn't end unseen.

use super::{Monitor, is_everybodys};
use crate::ledger::{GrantRow, Known, StoredHealth};
use crate::model::problem::ProblemCode;

/// How long after the end of its access token a connection counts as resting, in milliseconds: a week.
const RESTS_AFTER_MS: i64 = 7 * 86_400_000;

impl Monitor {
    /// Refreshes what rests, one after the other, where the person has chosen that. Opens no dialog. Ends at the first trouble that the next
    /// one would have too, a rate limit among that.
    pub async fn keep_alive(&self) {
        if !self.ledger.choices().preferences.keep_alive || self.grants.keychain_trouble().is_some() {
            return;
        }
        // Another process may have refreshed them.
        drop(self.ledger.reload().await);
        let now = self.clock.now_ms();
        let (here, missing) = (self.provider.origin(), self.grants.missing());
        let known = self.ledger.known();
        for Known { row, grants, .. } in known.iter().filter(|known| !matches!(known.row.health, StoredHealth::NeedsReconnect(_))) {
            let rests = |grant: &&GrantRow| {
                let covers = |other: &GrantRow| {
                    let can_be_used = other.backend == grant.backend && !missing.contains_key(&other.id);
                    can_be_used && other.granted_at > grant.granted_at && grant.scopes.is_subset(&other.scopes)
                };
                let covered = grants.iter().any(covers);
                now.saturating_sub(grant.expires_at) >= RESTS_AFTER_MS && Some(&grant.backend) == here.as_ref() && !covered
            };
            for grant in grants.iter().filter(rests) {
                if self.provider.backoff_s(&row.id).is_some() {
                    continue;
                }
                match self.grants.lease(grant, None).await {
                    Ok(_) => tracing::info!("a resting connection is kept alive"),
                    Err(problem) => {
                        tracing::info!(code = ?problem.code, "a resting connection could not be kept alive");
                        if is_everybodys(problem.code) || problem.code == ProblemCode::Busy {
                            return;
                        }
                    }
                }
            }
        }
    }
}
