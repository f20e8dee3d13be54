//! A grant that waits for the person's word on where it belongs.

use monei::ScopeSet;

use crate::grants::Orphan;
use crate::model::problem::ProblemCode;
use crate::model::snapshot::{Conflict, Decision};
use crate::model::{AccountId, Caller, Identity};

/// A stored grant that waits for the person's decision.
pub struct Undecided {
    pub(super) orphan: Orphan,
    pub(super) run: u64,
    pub(super) caller: Caller,
    pub(super) requested: ScopeSet,
    pub(super) target: Option<AccountId>,
    pub(super) who: Identity,
    /// Why a person has to decide.
    pub conflict: Conflict,
}

impl Undecided {
    /// Which account the decision gives the grant to; `None` for a new one.
    pub(super) fn account(&self, decision: Decision) -> Result<Option<AccountId>, ProblemCode> {
        match (decision, &self.conflict) {
            (Decision::Merge, Conflict::AlreadyConnected { existing, .. } | Conflict::OtherUser { existing: Some(existing), .. }) => {
                Ok(Some(existing.as_str().into()))
            }
            (Decision::Merge, Conflict::UnknownUser { .. }) => Ok(self.target.clone()),
            (
                Decision::AddAsAccount,
                Conflict::NewUser { .. } | Conflict::UnknownUser { .. } | Conflict::OtherUser { existing: None, .. },
            ) => Ok(None),
            _ => Err(ProblemCode::InvalidInput),
        }
    }
}
