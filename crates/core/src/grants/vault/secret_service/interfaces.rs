//! The calls of the Secret Service that are needed beside what the `secret-service` crate does: those that may open a dialog, which must be
//! closable, and those that tell how a keyring stands without opening one (Secret Service API 0.2, freedesktop.org).

use std::collections::HashMap;

use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

/// The name of the service on the session bus.
pub const SECRETS: &str = "org.freedesktop.secrets";

/// The property that names a new collection.
pub const LABEL: &str = "org.freedesktop.Secret.Collection.Label";

/// The whole service.
#[zbus::proxy(
    interface = "org.freedesktop.Secret.Service",
    default_service = "org.freedesktop.secrets",
    default_path = "/org/freedesktop/secrets",
    gen_blocking = false
)]
pub trait Service {
    /// The collection behind an alias, or `/`.
    fn read_alias(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    /// What could be unlocked without a prompt, and the prompt for the rest or `/`.
    fn unlock(&self, objects: &[ObjectPath<'_>]) -> zbus::Result<(Vec<OwnedObjectPath>, OwnedObjectPath)>;
    /// The new collection, or `/` and a prompt.
    fn create_collection(&self, properties: HashMap<&str, Value<'_>>, alias: &str) -> zbus::Result<(OwnedObjectPath, OwnedObjectPath)>;
}

/// One keyring.
#[zbus::proxy(interface = "org.freedesktop.Secret.Collection", default_service = "org.freedesktop.secrets", gen_blocking = false)]
pub trait Collection {
    /// Whether it is locked.
    #[zbus(property(emits_changed_signal = "false"))]
    fn locked(&self) -> zbus::Result<bool>;
}

/// One entry.
#[zbus::proxy(interface = "org.freedesktop.Secret.Item", default_service = "org.freedesktop.secrets", gen_blocking = false)]
pub trait Item {
    /// A prompt, or `/` if it is done.
    fn delete(&self) -> zbus::Result<OwnedObjectPath>;
}

/// A dialog of the service.
#[zbus::proxy(interface = "org.freedesktop.Secret.Prompt", default_service = "org.freedesktop.secrets", gen_blocking = false)]
pub trait Prompt {
    /// Opens it.
    fn prompt(&self, window_id: &str) -> zbus::Result<()>;
    /// Closes it.
    fn dismiss(&self) -> zbus::Result<()>;
    /// It was answered or cancelled.
    #[zbus(signal)]
    fn completed(&self, dismissed: bool, result: OwnedValue) -> zbus::Result<()>;
}
