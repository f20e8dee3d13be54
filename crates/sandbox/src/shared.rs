//! The one state, behind one lock, as every face of the sandbox holds it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::access::Gate;
use crate::script::Stage;

/// Clones share one state.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    gate: Gate,
    stage: Mutex<Stage>,
}

impl Shared {
    pub(crate) fn new(stage: Stage, gate: Gate) -> Shared {
        Shared { inner: Arc::new(Inner { gate, stage: Mutex::new(stage) }) }
    }

    /// Locks the state. Nothing waits while holding it but for the state file.
    pub(crate) fn world(&self) -> MutexGuard<'_, Stage> {
        self.inner.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who may come in.
    pub(crate) fn gate(&self) -> &Gate {
        &self.inner.gate
    }
}
