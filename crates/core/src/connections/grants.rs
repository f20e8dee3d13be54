//! A grant's record in the vault, and what happens to the index when it comes, goes or dies.

use std::fs::File;

use monei::{Scope, ScopeSet};

use super::Connections;
use crate::failpoint::failpoint;
use crate::index::{GrantRow, IndexError, ScopeMark, StoredHealth, Tables};
use crate::problem::{Problem, ProblemCode};
use crate::vault::{GrantRecord, RecordError};
use crate::view::ActivityEvent;

/// Setting that lists grants which are in the vault but belong to no account yet.
const UNASSIGNED: &str = "unassigned_grants";

/// A grant in the vault that belongs to no account yet, with its lock: while this lives, no look of any process takes it for left over.
pub(super) struct Unassigned {
    pub(super) grant: String,
    #[expect(dead_code, reason = "held until this is dropped, or the process ends")]
    lock: File,
}

impl Connections {
    /// The account's grants from the present backend, newest first.
    pub(super) async fn grants_of(&self, account: &str) -> Result<Vec<GrantRow>, Problem> {
        let mut grants = self.all_grants_of(account).await?;
        let here = self.state().origin();
        grants.retain(|grant| Some(&grant.backend) == here.as_ref());
        Ok(grants)
    }

    /// The account's grants from whichever backend, newest first.
    pub(super) async fn all_grants_of(&self, account: &str) -> Result<Vec<GrantRow>, Problem> {
        let account = account.to_owned();
        self.index(move |index| {
            if !index.accounts()?.iter().any(|row| row.id == account) {
                return Ok(None);
            }
            let mut grants = index.grants()?;
            grants.retain(|grant| grant.account == account);
            // Of two given at the same time the one that covers more.
            grants.sort_by_key(|grant| std::cmp::Reverse((grant.granted_at, grant.scopes.len())));
            Ok(Some(grants))
        })
        .await?
        .ok_or_else(|| ProblemCode::NoSuchAccount.into())
    }

    /// The record of a grant.
    pub(super) async fn read_record(&self, grant: &str) -> Result<GrantRecord, Problem> {
        let read = self.vault().read(grant);
        // What is in memory alone says nothing of the keychain.
        let read = if self.inner.vault.in_memory() { read.await } else { self.shown(read).await };
        let decoded = match read? {
            None => {
                self.missed(grant);
                return Err(ProblemCode::RecordMissing.into());
            }
            Some(text) => GrantRecord::decode(&text),
        };
        match decoded {
            Ok(record) => {
                self.state().missing.remove(grant);
                Ok(record)
            }
            Err(RecordError::Damaged) => {
                tracing::warn!("a stored record is damaged");
                self.missed(grant);
                Err(ProblemCode::RecordUnreadable.into())
            }
            Err(RecordError::Newer(version)) => {
                tracing::warn!(version, "a stored record is of a newer version");
                Err(ProblemCode::RecordUnreadable.into())
            }
        }
    }

    fn missed(&self, grant: &str) {
        let now = self.now();
        self.state().missing.entry(grant.to_owned()).or_insert(now);
    }

    /// Notes that `grant` is about to be written to the vault without an account, and holds it.
    pub(super) async fn note_unassigned(&self, grant: String) -> Result<Unassigned, Problem> {
        let lock = self.lock(&grant).await?;
        let noted = grant.clone();
        self.index(move |index| note_leftover(index, &noted)).await?;
        Ok(Unassigned { grant, lock })
    }

    /// Revokes and removes what was approved but never decided about, because the program ended in between.
    pub(super) async fn discard_leftovers(&self) {
        let Ok(list) = self.index(unassigned).await else { return };
        for grant in list {
            // Held: it is being stored, or a person decides about it, perhaps in another process.
            let Some(lock) = self.try_lock(&grant).await else { continue };
            let id = grant.clone();
            let left_over = self
                .index(move |index| {
                    if index.grants()?.iter().any(|row| row.id == id) {
                        // It got its account; only the note is left.
                        forget_unassigned(index, &id)?;
                    }
                    // Whoever held it may have discarded it just now.
                    Ok(unassigned(index)?.contains(&id))
                })
                .await;
            if left_over == Ok(true) {
                self.discard(&Unassigned { grant, lock }).await;
            }
        }
    }

    /// Revokes a grant that belongs to no account, and removes it. True if Monei confirmed.
    pub(super) async fn discard(&self, Unassigned { grant, .. }: &Unassigned) -> bool {
        let confirmed = match self.read_record(grant).await {
            Ok(record) => self.revoke_record(&record).await,
            Err(_) => false,
        };
        if let Err(error) = self.vault().delete(grant).await {
            // Kept in the list, so that the next start tries again.
            tracing::warn!(%error, "an undecided grant could not be removed");
            return confirmed;
        }
        let id = grant.clone();
        drop(self.index(move |index| forget_unassigned(index, &id)).await);
        // Only an empty file; whoever opens it from now on finds nothing left over.
        drop(std::fs::remove_file(self.lock_path(grant)));
        confirmed
    }

    /// Monei has definitely ended this grant: its tokens go, and with them the scopes that no other grant of the account holds.
    pub(super) async fn remove_revoked_grant(&self, grant: &GrantRow) -> Result<(), Problem> {
        tracing::info!(grant = super::tokens::log_id(&grant.id), "Monei has ended this grant");
        self.vault().delete(&grant.id).await?;
        failpoint!("revoked.removed");
        let at = self.now();
        let grant = grant.clone();
        self.index(move |index| {
            index.remove_grant(&grant.id)?;
            index.remove_setting(&super::tokens::pending_name(&grant.id))?;
            let rest: Vec<GrantRow> = index.grants()?.into_iter().filter(|row| row.account == grant.account).collect();
            let held = rest.iter().fold(ScopeSet::new(), |held, row| held.union(&row.scopes));
            let lost = grant.scopes.difference(&held);
            for scope in lost.iter() {
                index.put_scope_state(&grant.account, scope.as_str(), ScopeMark::Lost, at)?;
            }
            let Some(mut row) = index.accounts()?.into_iter().find(|row| row.id == grant.account) else { return Ok(()) };
            if rest.is_empty() {
                row.health = StoredHealth::NeedsReconnect("access_revoked".into());
                index.put_account(&row)?;
            }
            if !lost.is_empty() {
                let event = ActivityEvent::Revoked { scopes: lost.iter().map(Scope::to_string).collect() };
                index.log(at, Some(&row.id), display_name(&row).as_deref(), &event)?;
            }
            Ok(())
        })
        .await?;
        self.reload().await
    }
}

/// The grants without an account.
pub(super) fn unassigned(index: &Tables<'_>) -> Result<Vec<String>, IndexError> {
    Ok(index.setting(UNASSIGNED)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Takes `grant` off the list.
pub(super) fn forget_unassigned(index: &Tables<'_>, grant: &str) -> Result<(), IndexError> {
    let mut list = unassigned(index)?;
    list.retain(|listed| listed != grant);
    put_unassigned(index, &list)
}

/// Lists a grant without an account, so that a look discards it once nobody holds it.
pub(super) fn note_leftover(index: &Tables<'_>, grant: &str) -> Result<(), IndexError> {
    let mut list = unassigned(index)?;
    if !list.iter().any(|listed| listed == grant) {
        list.push(grant.to_owned());
    }
    put_unassigned(index, &list)
}

fn put_unassigned(index: &Tables<'_>, list: &[String]) -> Result<(), IndexError> {
    index.set_setting(UNASSIGNED, &serde_json::to_string(list).unwrap_or_default())
}

/// What a person calls the account.
pub(super) fn display_name(row: &crate::index::AccountRow) -> Option<String> {
    row.label.clone().or_else(|| row.name.clone()).or_else(|| row.email.clone())
}
