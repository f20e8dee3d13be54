//! What differs between macOS and Windows, as plain values and functions that are tested on any system.

use std::sync::Arc;

use keyring_core::{CredentialStore, Error};

use crate::grants::vault::VaultError;

/// One system's keychain.
#[derive(Clone, Copy)]
pub struct Platform {
    /// Opens it.
    pub open: fn() -> Result<Arc<CredentialStore>, Error>,
    /// How entries are stored.
    pub modifiers: &'static [(&'static str, &'static str)],
    /// The system's own number for an error.
    pub status: fn(&Error) -> Option<i32>,
    /// What such a number means.
    pub meaning: fn(i32) -> Option<VaultError>,
    /// The names of the entries are searched by a pattern of the whole target, instead of by the service.
    pub by_target: bool,
}

/// The Windows crate stores with `Enterprise` by default, which goes with the person to other computers (T-06).
#[cfg(any(windows, test))]
pub const WINDOWS_MODIFIERS: &[(&str, &str)] = &[("persistence", "Local")];

impl Platform {
    /// The keychain of this system.
    #[cfg(target_os = "macos")]
    pub fn here() -> Self {
        Self { open: open_macos, modifiers: &[], status: macos_status, meaning: macos_meaning, by_target: false }
    }

    /// The keychain of this system.
    #[cfg(windows)]
    pub fn here() -> Self {
        Self { open: open_windows, modifiers: WINDOWS_MODIFIERS, status: |_| None, meaning: |_| None, by_target: true }
    }

    /// The kind alone: messages may carry attributes.
    pub fn classify(&self, error: &Error) -> VaultError {
        if let Some(meaning) = (self.status)(error).and_then(self.meaning) {
            return meaning;
        }
        match error {
            Error::TooLong(..) => VaultError::TooLong,
            // Windows: this logon session has no credentials, as in a service. macOS says more by its numbers.
            Error::NoDefaultStore | Error::NoStorageAccess(_) => VaultError::Absent,
            _ => VaultError::Refused,
        }
    }

    /// What to search for, to find the entries of `namespace`.
    pub fn search(&self, namespace: &str) -> [(&'static str, String); 1] {
        if self.by_target {
            // A regular expression; a namespace has letters, digits, dots and hyphens.
            [("pattern", format!("\\.{}$", namespace.replace('.', "\\.")))]
        } else {
            [("service", namespace.to_owned())]
        }
    }

    /// The name of a found entry, if it is of `namespace`. Windows keeps `name.service` as one text and splits it at the last dot.
    pub fn name(&self, namespace: &str, (service, user): &(String, String)) -> Option<String> {
        if self.by_target {
            format!("{user}.{service}").strip_suffix(namespace)?.strip_suffix('.').map(str::to_owned)
        } else {
            (service == namespace).then(|| user.clone())
        }
    }
}

/// Security framework, `SecBase.h`.
#[cfg(any(target_os = "macos", test))]
pub fn macos_meaning(status: i32) -> Option<VaultError> {
    match status {
        // errSecInteractionNotAllowed
        -25308 => Some(VaultError::Locked),
        // errSecUserCanceled; errSecAuthFailed, which is also what "Deny" gives.
        -128 | -25293 => Some(VaultError::Dismissed),
        // errSecNotAvailable
        -25291 => Some(VaultError::Absent),
        // errSecNoDefaultKeychain, errSecNoSuchKeychain
        -25307 | -25294 => Some(VaultError::NotSetUp),
        // errSecInvalidKeychain
        -25295 => Some(VaultError::Failed),
        // wrPermErr, errSecReadOnly, errSecInvalidOwnerEdit
        -61 | -25292 | -25244 => Some(VaultError::Refused),
        _ => None,
    }
}

#[cfg(target_os = "macos")]
fn open_macos() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = apple_native_keyring_store::keychain::Store::new()?;
    Ok(store)
}

#[cfg(target_os = "macos")]
fn macos_status(error: &Error) -> Option<i32> {
    match error {
        Error::PlatformFailure(inner) | Error::NoStorageAccess(inner) => {
            inner.downcast_ref::<security_framework::base::Error>().map(|error| error.code())
        }
        _ => None,
    }
}

#[cfg(windows)]
fn open_windows() -> Result<Arc<CredentialStore>, Error> {
    let store: Arc<CredentialStore> = windows_native_keyring_store::Store::new()?;
    Ok(store)
}
