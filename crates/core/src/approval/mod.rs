//! One run through the browser: from the checks beforehand to the stored grant, or to an end without effect.
//!
//! [`Approval`] is where the run is; [`Approvals`] takes it from one step to the next.

mod link;
mod loopback;
mod place;
mod redeem;
mod run;
mod state;
mod taken_up;
mod undecided;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::task::TaskTracker;
use url::Url;

use crate::changed::Changed;
use crate::clock::Clock;
use crate::grants::Grants;
use crate::ledger::Ledger;
use crate::model::{Channel, Environment, Language};
use crate::provider::Provider;
use crate::work::Work;

pub use loopback::Loopback;
#[cfg(target_os = "linux")]
pub use loopback::own_peers;
pub use state::{Approval, Shown};

use state::Runs;

/// Opens pages in the person's own browser.
pub trait Browser: Send + Sync {
    /// Opens `url`. May block for a while; called off the async runtime.
    ///
    /// # Errors
    /// [`OpenFailed`] when no browser could be started.
    fn open(&self, url: &Url) -> Result<(), OpenFailed>;

    /// Whether the system brings links of this program's scheme back to this program.
    fn handles_links(&self) -> bool {
        true
    }

    /// Whether there is a browser to open, as far as that can be told without opening it.
    fn is_there(&self) -> bool {
        true
    }
}

/// No browser could be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no browser could be started")]
pub struct OpenFailed;

/// Runs through the browser, one at a time. Cheap to clone.
#[derive(Clone)]
pub struct Approvals {
    inner: Arc<Inner>,
}

/// What approvals need of the rest.
pub struct Needs {
    /// The index.
    pub ledger: Ledger,
    /// The network.
    pub provider: Provider,
    /// Token pairs.
    pub grants: Grants,
    /// Opens pages.
    pub browser: Arc<dyn Browser>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Which Monei.
    pub environment: Environment,
    /// Scheme of this program's links.
    pub link_scheme: String,
    /// The port of 127.0.0.1 for answers; 0 for one that the system chooses.
    pub loopback_port: u16,
    /// How the browser's answer comes back first.
    pub channel: Channel,
    /// What the desktop speaks.
    pub language: Language,
    /// What the program's end waits for.
    pub work: Work,
    /// Tells the facade.
    pub changed: Changed,
}

struct Inner {
    needs: Needs,
    runs: Mutex<Runs>,
    /// The tasks of runs: that of one which was cancelled may go on for a while.
    tasks: TaskTracker,
}

impl Approvals {
    /// Begins nothing yet.
    pub fn new(needs: Needs) -> Self {
        let runs = Mutex::new(Runs::new(needs.channel));
        Self { inner: Arc::new(Inner { needs, runs, tasks: TaskTracker::new() }) }
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.inner.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.inner.needs.changed.tell();
    }

    fn grants(&self) -> &Grants {
        &self.inner.needs.grants
    }

    fn ledger(&self) -> &Ledger {
        &self.inner.needs.ledger
    }

    fn provider(&self) -> &Provider {
        &self.inner.needs.provider
    }

    fn clock(&self) -> &dyn Clock {
        self.inner.needs.clock.as_ref()
    }

    fn now(&self) -> i64 {
        self.clock().now_ms()
    }
}
