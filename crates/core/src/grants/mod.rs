//! Token pairs: where they are kept, who may use one when, and how one ends.
//!
//! [`Grants::lease`] gives a token that can be used now; [`Grants::hold`] and [`Grants::adopt`] take in a new pair; [`Grants::revoke_all`]
//! and [`Grants::discard`] end them. No token leaves this folder but in a [`Lease`].

mod answers;
mod keychain;
mod lease;
mod leaving;
mod lock;
mod memory_marks;
mod memory_only;
mod open_transactions;
mod orphans;
mod rebuild;
mod records;
mod revoke;
mod take_back;
pub mod vault;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use vault::GrantRecord;
use vault::{SessionVault, Vault};

use crate::changed::Changed;
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::model::{Environment, GrantId};
use crate::provider::Provider;
use crate::work::Work;

pub use answers::{Left, LeftAnswers, Redeeming, TimeLeft};
pub use keychain::KeychainStatus;
pub use lease::Lease;
pub use open_transactions::WAIT;
pub use orphans::{Discarded, Orphan};
pub use rebuild::SetAside;
pub use revoke::Revoked;

/// All token pairs. Cheap to clone.
#[derive(Clone)]
pub struct Grants {
    inner: Arc<Inner>,
}

/// What grants need of the rest.
pub struct Needs {
    /// The index.
    pub ledger: Ledger,
    /// The network.
    pub provider: Provider,
    /// Where tokens are kept.
    pub vault: Arc<dyn Vault>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Which Monei.
    pub environment: Environment,
    /// The data folder; `None`: nothing of this run is on disk, and no other process shares it.
    pub directory: Option<PathBuf>,
    /// New approvals are kept in memory alone from the start.
    pub in_memory: bool,
    /// What the program's end waits for.
    pub work: Work,
    /// Tells the facade.
    pub changed: Changed,
    /// Name of the damaged index that was set aside, whose accounts are to be found again.
    pub rebuild: Option<String>,
}

struct Inner {
    ledger: Ledger,
    provider: Provider,
    vault: SessionVault,
    clock: Arc<dyn Clock>,
    environment: Environment,
    /// Folder of the lock files, where other processes share the grants.
    locks: Option<PathBuf>,
    /// Locks that tell other processes which grants this one has in memory alone.
    memory_marks: Mutex<HashMap<GrantId, lock::Lock>>,
    work: Work,
    changed: Changed,
    flights: lease::SingleFlight,
    keychain: Mutex<keychain::Keychain>,
    /// Rotated pairs that the keychain has not taken yet.
    unsaved: Mutex<HashMap<GrantId, GrantRecord>>,
    /// Grants whose record is gone from the keychain or damaged, and when that was noticed. It may come back with another keychain.
    missing: Mutex<HashMap<GrantId, i64>>,
    /// Grants that Monei has ended, of accounts whose removal isn't through.
    ended: Mutex<HashSet<GrantId>>,
    /// The damaged index that was set aside when this run began.
    set_aside: Mutex<Option<SetAside>>,
    /// See [`Grants::take_lost`].
    lost: AtomicBool,
}

impl Grants {
    /// Opens nothing yet.
    pub fn new(needs: Needs) -> Self {
        let Needs { ledger, provider, vault, clock, environment, directory, in_memory, work, changed, rebuild } = needs;
        let vault = SessionVault::new(vault);
        if in_memory {
            vault.keep_in_memory();
        }
        let inner = Inner {
            ledger,
            provider,
            vault,
            clock,
            environment,
            locks: directory.map(|directory| directory.join("locks")),
            memory_marks: Mutex::default(),
            work,
            changed,
            flights: lease::SingleFlight::default(),
            keychain: Mutex::default(),
            unsaved: Mutex::default(),
            missing: Mutex::default(),
            ended: Mutex::default(),
            set_aside: Mutex::new(rebuild.map(|file| SetAside { file, recovered: None })),
            lost: AtomicBool::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Grants whose record is gone or damaged, and since when that is known, in milliseconds since the Unix epoch.
    pub fn missing(&self) -> HashMap<GrantId, i64> {
        held(&self.inner.missing).clone()
    }

    /// The damaged index that was set aside, and what was found again.
    pub fn set_aside(&self) -> Option<SetAside> {
        held(&self.inner.set_aside).clone()
    }

    fn missing_ids(&self) -> HashSet<GrantId> {
        held(&self.inner.missing).keys().cloned().collect()
    }

    fn vault(&self) -> &dyn Vault {
        &self.inner.vault
    }

    fn now(&self) -> i64 {
        self.inner.clock.now_ms()
    }
}

/// A grant as the log names it: the same one each time, and nothing that leads to its entry in the keychain.
fn log_id(grant: &str) -> String {
    use sha2::{Digest as _, Sha256};
    hex::encode(&Sha256::digest(grant.as_bytes())[..4])
}

/// When a token of `expires_in` seconds ends, in milliseconds since the Unix epoch.
fn expiry(now_ms: i64, expires_in: u64) -> i64 {
    now_ms.saturating_add(i64::try_from(expires_in.saturating_mul(1000)).unwrap_or(i64::MAX))
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
