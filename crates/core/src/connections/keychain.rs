//! How the keychain stands, and what may open its dialog: only what a person asked for. Everything else reads its state.

use std::sync::Arc;
use std::time::Duration;

use super::Connections;
use crate::problem::{Problem, ProblemCode};
use crate::vault::{self, PROBE, Probe, VaultError};
use crate::view::{Health, KeychainState};

/// A keychain that takes longer than this without a dialog is said to take its time.
const SHOWN_AFTER: Duration = Duration::from_millis(800);
/// A younger entry of a probe may be of another process that still needs it.
const PROBE_LIFE_MS: i64 = 600_000;

impl Connections {
    /// Runs `call` as something that the person asked for. While the keychain's dialog is open the view says so.
    pub(super) async fn asked<T>(&self, call: impl Future<Output = T>) -> T {
        let dialogs = Arc::clone(&self.state().dialogs);
        let mut open = dialogs.subscribe();
        let call = vault::asked(&dialogs, call);
        tokio::pin!(call);
        loop {
            tokio::select! {
                biased;
                done = &mut call => {
                    self.publish();
                    return done;
                }
                // The sender lives as long as `dialogs`.
                _ = open.changed() => self.publish(),
            }
        }
    }

    /// The person doesn't want to answer the keychain's dialog: it is closed, and what it was for ends as if it had been cancelled there.
    pub fn close_keychain_dialog(&self) {
        self.state().dialogs.close();
    }

    /// Reads how the keychain stands, without a dialog and without writing; and removes what earlier probes left in an open one.
    pub(super) async fn look_at_keychain(&self) -> Result<(), Problem> {
        if self.inner.vault.in_memory() {
            // The person chose to go on without it.
            return Ok(());
        }
        self.shown(self.inner.vault.keychain().look()).await?;
        self.sweep().await;
        Ok(())
    }

    /// Proves that entries can be kept, by writing one. Only for what a person asked for.
    pub(super) async fn check_keychain(&self) -> Result<(), Problem> {
        if self.inner.vault.in_memory() {
            return Ok(());
        }
        let keychain = self.inner.vault.keychain();
        let probe = Probe::new();
        let outcome = self.shown(probe.run(keychain)).await;
        if outcome.is_err() {
            // It may be carried out late.
            self.state().probes_left.insert(probe.name().to_owned());
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
        let first = !std::mem::replace(&mut self.state().swept, true);
        if first {
            match keychain.list_older(PROBE, self.now() - PROBE_LIFE_MS).await {
                Ok(names) => self.state().probes_left.extend(names),
                Err(error) => tracing::info!(%error, "the keychain can't be searched for entries of earlier probes"),
            }
        }
        let names: Vec<String> = self.state().probes_left.iter().cloned().collect();
        for name in names {
            match keychain.delete(&name).await {
                Ok(()) => drop(self.state().probes_left.remove(&name)),
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
                self.show_keychain(KeychainState::Timeout);
                call.await
            }
        };
        self.show_keychain(match &result {
            // Too long is its answer to one record; it works.
            Ok(_) | Err(VaultError::TooLong) => KeychainState::Ready,
            Err(VaultError::Locked) => KeychainState::Locked,
            Err(VaultError::Dismissed) => KeychainState::Dismissed,
            Err(VaultError::NotSetUp) => KeychainState::NotSetUp,
            Err(VaultError::Absent) => KeychainState::Absent,
            Err(VaultError::NoBus) => KeychainState::NoBus,
            Err(VaultError::Failed) => KeychainState::Failed,
            Err(VaultError::Stopped) => KeychainState::Stopped,
            Err(VaultError::Timeout) => KeychainState::Timeout,
            Err(VaultError::Refused | VaultError::Forgets) => KeychainState::Refused,
        });
        result
    }

    fn show_keychain(&self, keychain: KeychainState) {
        let changed = {
            let mut state = self.state();
            // A cancelled dialog stays what the person last did about a locked or missing keyring.
            let cancelled = state.keychain == KeychainState::Dismissed;
            let same = cancelled && matches!(keychain, KeychainState::Locked | KeychainState::NotSetUp);
            !same && std::mem::replace(&mut state.keychain, keychain) != keychain
        };
        if changed {
            self.publish();
        }
    }

    /// Why no record can be read, as far as is known.
    pub(super) fn keychain_trouble(&self) -> Option<Problem> {
        let code = match self.state().keychain {
            _ if self.inner.vault.in_memory() => return None,
            KeychainState::Locked => ProblemCode::KeychainLocked,
            KeychainState::Dismissed => ProblemCode::KeychainDismissed,
            KeychainState::NotSetUp => ProblemCode::KeychainNotSetUp,
            KeychainState::Absent => ProblemCode::KeychainAbsent,
            KeychainState::NoBus => ProblemCode::KeychainNoBus,
            KeychainState::Failed => ProblemCode::KeychainFailed,
            KeychainState::Stopped => ProblemCode::KeychainStopped,
            KeychainState::Timeout => ProblemCode::KeychainTimeout,
            KeychainState::Unknown | KeychainState::Ready | KeychainState::Asking | KeychainState::Refused => return None,
        };
        Some(code.into())
    }

    /// The accounts whose records couldn't be read.
    pub(super) fn locked_out(&self) -> Vec<String> {
        let view = self.view();
        let locked = view.accounts.iter().filter(|account| matches!(account.health, Health::Locked { .. }) && account.checkable);
        locked.map(|account| account.id.clone()).collect()
    }
}
