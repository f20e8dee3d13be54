//! Which process has a grant in its memory alone: it holds a second lock file of the grant for as long. The first one is held only while the
//! grant is used or decided about.

use super::lock::take;
use super::{Grants, held, log_id};
use crate::model::GrantId;

/// What the file's name ends in.
const ENDING: &str = ".memory";

impl Grants {
    /// Tells other processes of a new grant that this one has in memory alone: its tokens aren't lost for as long as this one lives.
    pub(super) async fn mark_in_memory(&self, grant: &GrantId) {
        if !self.is_only_here(grant) {
            return;
        }
        let Some(path) = self.lock_path(&mark(grant)) else { return };
        match take(path).await {
            Ok(Some(lock)) => drop(held(&self.inner.memory_marks).insert(grant.clone(), lock)),
            Ok(None) | Err(_) => tracing::warn!(grant = log_id(grant), "other processes don't see that a grant is in this one's memory"),
        }
    }

    /// Whether another process that lives has the grant in its memory alone.
    pub(super) async fn is_in_memory_elsewhere(&self, grant: &GrantId) -> bool {
        if held(&self.inner.memory_marks).contains_key(grant) {
            return false;
        }
        let Some(path) = self.lock_path(&mark(grant)).filter(|path| path.exists()) else { return false };
        match take(path).await {
            Ok(None) => true,
            Ok(Some(lock)) => {
                lock.remove();
                false
            }
            Err(_) => false,
        }
    }

    /// Takes back what was told of grants that are in memory no more.
    pub(super) fn sweep_memory_marks(&self) {
        held(&self.inner.memory_marks).extract_if(|grant, _| !self.is_only_here(grant)).for_each(|(_, lock)| lock.remove());
    }

    fn is_only_here(&self, grant: &GrantId) -> bool {
        self.inner.vault.only_here().iter().any(|name| **name == **grant)
    }
}

fn mark(grant: &GrantId) -> GrantId {
    format!("{}{ENDING}", &**grant).into()
}
