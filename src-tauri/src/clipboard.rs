//! An app's key on the clipboard: past the web view, marked to be left out of clipboard histories, for a minute at most.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[cfg(target_os = "macos")]
use arboard::SetExtApple as _;
#[cfg(target_os = "linux")]
use arboard::SetExtLinux as _;
#[cfg(windows)]
use arboard::SetExtWindows as _;
use arboard::{Clipboard, Error};
use connect_core::clock::{Since, SystemClock};
use secrecy::{ExposeSecret as _, SecretString};

/// How long a key stays.
const STAYS: Duration = Duration::from_secs(60);

/// The key that was copied last, while it may still be on the clipboard. Cheap to clone.
#[derive(Clone, Default)]
pub struct CopiedKey(Arc<Mutex<Option<SecretString>>>);

impl CopiedKey {
    /// Puts `key` on the clipboard, and takes it off again after a minute.
    ///
    /// # Errors
    /// [`Error`] where there is no clipboard.
    pub async fn put(&self, key: &str) -> Result<(), Error> {
        let (copied, secret) = (self.clone(), SecretString::from(key));
        let written = tauri::async_runtime::spawn_blocking(move || {
            write(secret.expose_secret())?;
            *copied.slot() = Some(secret);
            Ok(())
        });
        written.await.unwrap_or(Err(Error::ClipboardOccupied))?;
        let (copied, key) = (self.clone(), SecretString::from(key));
        tauri::async_runtime::spawn(async move {
            // Sleep of the computer included.
            Since::now(&SystemClock).passes(STAYS, &SystemClock, |_| ()).await;
            // Another key may have been copied since.
            let is_last = copied.slot().as_ref().is_some_and(|last| last.expose_secret() == key.expose_secret());
            if is_last {
                copied.clear();
            }
        });
        Ok(())
    }

    /// Takes the key off the clipboard, if it is still there. What the person copied meanwhile stays.
    pub fn clear(&self) {
        let Some(key) = self.slot().take() else { return };
        let cleared = Clipboard::new().and_then(|mut clipboard| match clipboard.get_text() {
            Ok(text) if text == key.expose_secret() => clipboard.clear(),
            Ok(_) | Err(Error::ContentNotAvailable) => Ok(()),
            Err(error) => Err(error),
        });
        if let Err(error) = cleared {
            tracing::warn!(%error, "a key can't be taken off the clipboard");
        }
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<SecretString>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(key: &str) -> Result<(), Error> {
    let mut clipboard = Clipboard::new()?;
    #[cfg(windows)]
    let set = clipboard.set().exclude_from_monitoring();
    #[cfg(not(windows))]
    let set = clipboard.set().exclude_from_history();
    set.text(key)
}
