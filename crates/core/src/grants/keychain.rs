//! How the keychain stands, and what may open its dialog: only what a person asked for. Everything else reads its state.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::vault::{self, Dialogs, PROBE, Probe, VaultError};
use super::{Grants, held};
use crate::model::problem::Problem;

/// A keychain that takes longer than this without a dialog is said to take its time.
const SHOWN_AFTER: Duration = Duration::from_millis(800);
/// A younger entry of a probe may be of another process that still needs it.
const PROBE_LIFE_MS: i64 = 600_000;

/// How the keychain stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeychainStatus {
    /// Not tried yet.
    #[default]
    Unknown,
    /// Its own dialog is open, and waits for the person.
    Asking,
    /// What it last answered: open, or why it can't be used.
    Told(Option<VaultError>),
}

/// What is known of the keychain.
#[derive(Default)]
pub(super) struct Keychain {
    status: KeychainStatus,
    /// Its own dialogs.
    dialogs: Arc<Dialogs>,
    /// Whether this run has looked for what earlier ones left in it.
    swept: bool,
    /// Names of probes whose entries may still be there.
    probes_left: HashSet<String>,
}

impl Grants {
    /// Runs `call` as something that the person asked for. While the keychain's dialog is open the view says so.
    pub async fn asked<T>(&self, call: impl Future<Output = T>) -> T {
        let dialogs = self.dialogs();
        let mut open = dialogs.subscribe();
        let call = vault::asked(&dialogs, call);
        tokio::pin!(call);
        loop {
            tokio::select! {
                biased;
                done = &mut call => {
                    self.inner.changed.tell();
                    return done;
                }
                // The sender lives as long as `dialogs`.
                _ = open.changed() => self.inner.changed.tell(),
            }
        }
    }

    /// The person doesn't want to answer the keychain's dialog: it is closed, and what it was for ends as if it had been cancelled there.
    pub fn close_dialogs(&self) {
        self.dialogs().close();
    }

    /// Reads how the keychain stands, without a dialog and without writing; and removes what earlier probes left in an open one.
    pub async fn look_at_keychain(&self) -> Result<(), Problem> {
        if self.in_memory() {
            // The person chose to go on without it.
            return Ok(());
        }
        self.shown(self.inner.vault.keychain().look()).await?;
        self.sweep().await;
        Ok(())
    }

    /// Proves that entries can be kept, by writing one. Only for what a person asked for.
    pub async fn check_keychain(&self) -> Result<(), Problem> {
        if self.in_memory() {
            return Ok(());
        }
        let keychain = self.inner.vault.keychain();
        let probe = Probe::new();
        let outcome = self.shown(probe.run(keychain)).await;
        if outcome.is_err() {
            // It may be carried out late.
            held(&self.inner.keychain).probes_left.insert(probe.name().to_owned());
        }
        outcome?;
        self.sweep().await;
        Ok(())
    }

    /// Removes entries of probes that were interrupted, here or in an earlier run, where that needs no dialog.
    async fn sweep(&self) {
        vault::unasked(self.sweep_unasked()).await;
    }

    async fn sweep_unasked(&self) {
        let keychain = self.inner.vault.keychain();
        let first = !std::mem::replace(&mut held(&self.inner.keychain).swept, true);
        if first {
            match keychain.list_older(PROBE, self.now() - PROBE_LIFE_MS).await {
                Ok(names) => held(&self.inner.keychain).probes_left.extend(names),
                Err(error) => tracing::info!(%error, "the keychain can't be searched for entries of earlier probes"),
            }
        }
        let names: Vec<String> = held(&self.inner.keychain).probes_left.iter().cloned().collect();
        for name in names {
            match keychain.delete(&name).await {
                Ok(()) => drop(held(&self.inner.keychain).probes_left.remove(&name)),
                Err(error) => tracing::info!(%error, "the entry of an earlier probe could not be removed"),
            }
        }
    }

    /// Does what is asked of the keychain, and shows how it stands: afterwards, and meanwhile where it takes its time (T-03).
    pub(super) async fn shown<T>(&self, call: impl Future<Output = Result<T, VaultError>>) -> Result<T, VaultError> {
        tokio::pin!(call);
        let result = match tokio::time::timeout(SHOWN_AFTER, &mut call).await {
            Ok(result) => result,
            Err(_) => {
                self.show_keychain(Some(VaultError::Timeout));
                call.await
            }
        };
        self.show_keychain(match &result {
            // Too long is its answer to one record; it works.
            Ok(_) | Err(VaultError::TooLong) => None,
            Err(error) => Some(*error),
        });
        result
    }

    fn show_keychain(&self, trouble: Option<VaultError>) {
        let changed = {
            let mut keychain = held(&self.inner.keychain);
            // A cancelled dialog stays what the person last did about a locked or missing keyring.
            let cancelled = keychain.status == KeychainStatus::Told(Some(VaultError::Dismissed));
            let same = cancelled && matches!(trouble, Some(VaultError::Locked | VaultError::NotSetUp));
            let status = KeychainStatus::Told(trouble);
            !same && std::mem::replace(&mut keychain.status, status) != status
        };
        if changed {
            self.inner.changed.tell();
        }
    }

    /// How the keychain stands.
    pub fn keychain_status(&self) -> KeychainStatus {
        let keychain = held(&self.inner.keychain);
        if keychain.dialogs.any_open() { KeychainStatus::Asking } else { keychain.status }
    }

    /// Whether it was open when it was last used.
    pub fn is_keychain_open(&self) -> bool {
        held(&self.inner.keychain).status == KeychainStatus::Told(None)
    }

    /// Why no record can be read, as far as is known.
    pub fn keychain_trouble(&self) -> Option<Problem> {
        match held(&self.inner.keychain).status {
            _ if self.in_memory() => None,
            // A refusal may be of one record.
            KeychainStatus::Told(Some(VaultError::Refused | VaultError::Forgets)) => None,
            KeychainStatus::Told(Some(error)) => Some(error.into()),
            KeychainStatus::Told(None) | KeychainStatus::Asking | KeychainStatus::Unknown => None,
        }
    }

    /// Whether the keychain, which couldn't be used when last looked at, can be now. Reading that costs nothing and disturbs nobody.
    pub async fn was_unlocked_elsewhere(&self) -> bool {
        let waits = !self.in_memory() && self.keychain_trouble().is_some();
        waits && !self.dialogs().any_open() && self.look_at_keychain().await.is_ok()
    }

    fn dialogs(&self) -> Arc<Dialogs> {
        Arc::clone(&held(&self.inner.keychain).dialogs)
    }

    /// Proves that the keychain keeps entries, before `witness`, which says whether another process finds the entry that it is named
    /// (T-04). What that says is of this check alone: the window shows how the keychain answers here.
    ///
    /// # Errors
    /// Why it can't be used.
    pub async fn probe_before(&self, witness: impl AsyncFnOnce(&str) -> Option<bool>) -> Result<(), VaultError> {
        let keychain = self.inner.vault.keychain();
        let probe = Probe::new();
        self.shown(probe.write(keychain)).await?;
        let seen = witness(probe.name()).await;
        self.shown(probe.remove(keychain)).await?;
        if seen == Some(false) { Err(VaultError::Forgets) } else { Ok(()) }
    }
}
