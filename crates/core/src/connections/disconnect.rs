//! Taking access away: revoked at Monei first, and removed here once Monei has confirmed, or on the person's choice.

use std::collections::HashMap;
use std::sync::Arc;

use super::grants::display_name;
use super::tokens::pending_name;
use super::{Connections, ProblemCode};
use crate::backend::{BackendClient, parse_address};
use crate::failpoint::failpoint;
use crate::index::GrantRow;
use crate::problem::Problem;
use crate::vault::{GrantRecord, VaultError};
use crate::view::{ActivityEvent, DisconnectOutcome, Unrevoked};

/// What came of one grant's revocation. The later the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Revoked {
    /// Monei confirmed.
    Confirmed,
    /// It didn't; asking again may help.
    Unconfirmed,
    /// There is nothing left to ask with.
    Impossible,
}

/// Name of the setting that says that Monei has ended a grant whose removal isn't through.
fn ended_name(grant: &str) -> String {
    format!("ended:{grant}")
}

impl Connections {
    /// Revokes every grant of the account, then removes it. Where Monei doesn't confirm, `unrevoked` decides: kept, only the grants that
    /// have ended are removed, so that the rest can be revoked later. If the keychain can't be opened nothing is done, since nothing could
    /// be removed.
    ///
    /// # Errors
    /// A keychain or index problem, with the account still there.
    pub async fn disconnect(&self, account: &str, unrevoked: Unrevoked) -> Result<DisconnectOutcome, Problem> {
        self.asked(self.disconnect_asked(account, unrevoked)).await
    }

    async fn disconnect_asked(&self, account: &str, unrevoked: Unrevoked) -> Result<DisconnectOutcome, Problem> {
        let mut revoked: HashMap<String, Revoked> = HashMap::new();
        // A refresh under way would bring back what is removed here: each grant is held until the end.
        let mut held = Vec::new();
        loop {
            for grant in self.all_grants_of(account).await?.into_iter().filter(|grant| !revoked.contains_key(&grant.id)).collect::<Vec<_>>()
            {
                let in_process = self.inner.refreshing.enter(&grant.id).await;
                let across_processes = self.lock(&grant.id).await?;
                let outcome = match self.newest_record(&grant.id).await {
                    // An earlier try came so far, and no further.
                    Err(Problem { code: ProblemCode::RecordMissing, .. }) if self.has_ended(&grant.id).await => Revoked::Confirmed,
                    Ok(record) if self.revoke_record(&record).await => Revoked::Confirmed,
                    Ok(record) => self.revoke_after_refresh(&grant, &record).await,
                    Err(Problem { code: ProblemCode::RecordUnreadable | ProblemCode::RecordMissing, .. }) => {
                        // Another process may have removed it while this one waited for its lock.
                        let there = self.all_grants_of(account).await?.iter().any(|row| row.id == grant.id);
                        if there { Revoked::Impossible } else { continue }
                    }
                    Err(problem) => return Err(problem),
                };
                revoked.insert(grant.id.clone(), outcome);
                held.push((grant, outcome, in_process, across_processes));
            }
            failpoint!("disconnect.revoked");
            let worst = revoked.values().copied().max().unwrap_or(Revoked::Confirmed);
            if worst != Revoked::Confirmed && unrevoked == Unrevoked::Keep {
                let left = self.all_grants_of(account).await?;
                for (grant, outcome, ..) in &held {
                    if *outcome == Revoked::Confirmed && left.iter().any(|row| row.id == grant.id) {
                        self.remove_revoked_grant(grant).await?;
                        self.unsaved().remove(&grant.id);
                    }
                }
                tracing::info!(grants = revoked.len(), ?worst, "not disconnected");
                return Ok(if worst == Revoked::Impossible { DisconnectOutcome::Unrevocable } else { DisconnectOutcome::Unconfirmed });
            }
            for (GrantRow { id, .. }, outcome, ..) in &held {
                if *outcome == Revoked::Confirmed {
                    self.note_ended(id).await;
                }
                self.vault().delete(id).await.map_err(|error: VaultError| Problem::from(error))?;
                self.unsaved().remove(id);
                // Only an empty file; a lock held by another process on it ends with that process.
                drop(std::fs::remove_file(self.lock_path(id)));
            }
            failpoint!("disconnect.removed");
            let confirmed = worst == Revoked::Confirmed;
            let (id, handled, at) = (account.to_owned(), revoked.clone(), self.now());
            let removed = self
                .index(move |index| {
                    // An approval given meanwhile would go with the account, and live on at Monei.
                    if index.grants()?.iter().any(|grant| grant.account == id && !handled.contains_key(&grant.id)) {
                        return Ok(false);
                    }
                    for grant in handled.keys() {
                        index.remove_setting(&pending_name(grant))?;
                        index.remove_setting(&ended_name(grant))?;
                    }
                    // Another process may have been quicker, and has told of it.
                    if let Some(row) = index.accounts()?.iter().find(|row| row.id == id) {
                        index.remove_account(&id)?;
                        index.log(at, None, display_name(row).as_deref(), &ActivityEvent::Disconnected { confirmed })?;
                    }
                    Ok(true)
                })
                .await?;
            if removed {
                tracing::info!(grants = revoked.len(), confirmed, "disconnected");
                self.sweep_transactions().await;
                self.reload().await?;
                return Ok(if confirmed { DisconnectOutcome::Revoked } else { DisconnectOutcome::Removed });
            }
        }
    }

    /// Monei may no longer know the pair: a refresh says whether the grant is over, and else gives a pair that Monei knows.
    async fn revoke_after_refresh(&self, grant: &GrantRow, record: &GrantRecord) -> Revoked {
        match self.refresh(grant, record).await {
            Err(Problem { code: ProblemCode::AccessRevoked, .. }) => Revoked::Confirmed,
            Ok(fresh) if self.revoke_record(&fresh).await => Revoked::Confirmed,
            _ => Revoked::Unconfirmed,
        }
    }

    /// Remembers that Monei has ended the grant, for a disconnection that is killed or meets a full disk before it is through.
    async fn note_ended(&self, grant: &str) {
        self.state().ended.insert(grant.to_owned());
        let name = ended_name(grant);
        if let Err(problem) = self.index(move |index| index.set_setting(&name, "")).await {
            tracing::warn!(code = ?problem.code, "the end of a grant is remembered in this run only");
        }
    }

    async fn has_ended(&self, grant: &str) -> bool {
        if self.state().ended.contains(grant) {
            return true;
        }
        let name = ended_name(grant);
        matches!(self.index(move |index| index.setting(&name)).await, Ok(Some(_)))
    }

    /// Revokes at the backend that gave the grant, never at another. True if Monei confirmed.
    pub(super) async fn revoke_record(&self, record: &GrantRecord) -> bool {
        let Ok(address) = parse_address(&record.backend) else { return false };
        BackendClient::new(address, Arc::clone(&self.inner.http)).revoke(&record.access, &record.refresh).await
    }
}
