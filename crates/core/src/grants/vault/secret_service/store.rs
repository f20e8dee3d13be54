//! The Secret Service as it was found: one connection, one encrypted session, until the service has a new owner.

use std::collections::HashMap;

use secrecy::{ExposeSecret as _, SecretString};
use secret_service::{EncryptionType, Error, Item, SecretService};
use zbus::names::OwnedUniqueName;
use zbus::proxy::CacheProperties;
use zbus::zvariant::{OwnedObjectPath, Value};
use zeroize::Zeroizing;

use super::bus::{of_bus, of_standard};
use super::interfaces::{CollectionProxy, ItemProxy, LABEL, ServiceProxy};
use super::{bus, dialog, limited};
use crate::grants::vault::VaultError;
use crate::grants::vault::asked::Ask;

/// What a person sees as the name of our entries. No account is in it.
const ENTRY_LABEL: &str = "Monei Connections";
/// The name of a keyring that is set up here; it is what libsecret calls it.
const KEYRING_LABEL: &str = "Default keyring";

/// How the default collection stands.
pub enum Keyring {
    /// It is open.
    Open(OwnedObjectPath),
    /// It is locked.
    Locked(OwnedObjectPath),
    /// There is none.
    Missing,
}

/// The service, with a session of ours.
pub struct Store {
    connection: zbus::Connection,
    owner: OwnedUniqueName,
    service: SecretService<'static>,
    prompts: ServiceProxy<'static>,
    namespace: String,
}

impl Store {
    /// Opens a session, encrypted by Diffie-Hellman keys (T-05).
    ///
    /// # Errors
    /// [`VaultError::Failed`] if the service gives none.
    pub async fn open(connection: zbus::Connection, owner: OwnedUniqueName, namespace: &str) -> Result<Self, VaultError> {
        let failed = |error: &Error| match classify(error) {
            VaultError::Stopped => VaultError::Stopped,
            _ => {
                tracing::warn!(%error, "the keychain opens no session");
                VaultError::Failed
            }
        };
        let service = SecretService::connect_with_existing(EncryptionType::Dh, connection.clone()).await.map_err(|error| failed(&error))?;
        let prompts = ServiceProxy::new(&connection).await.map_err(|error| failed(&error.into()))?;
        Ok(Self { connection, owner, service, prompts, namespace: namespace.to_owned() })
    }

    /// Its connection to the session bus.
    pub fn connection(&self) -> &zbus::Connection {
        &self.connection
    }

    /// Who was the service then.
    pub fn owner(&self) -> &OwnedUniqueName {
        &self.owner
    }

    /// How the default collection stands. Asks for nothing and changes nothing.
    ///
    /// # Errors
    /// Why the service doesn't tell.
    pub async fn keyring(&self) -> Result<Keyring, VaultError> {
        limited(async {
            let path = self.prompts.read_alias("default").await.map_err(|error| of_bus(&error))?;
            if path.as_str() == "/" {
                return Ok(Keyring::Missing);
            }
            let collection = async {
                let built = CollectionProxy::builder(&self.connection).path(path.clone())?.cache_properties(CacheProperties::No);
                built.build().await?.locked().await
            };
            let locked = collection.await.map_err(|error| of_bus(&error))?;
            Ok(if locked { Keyring::Locked(path) } else { Keyring::Open(path) })
        })
        .await?
    }

    /// Makes a default collection. The keyring asks for its password itself.
    ///
    /// # Errors
    /// As [`dialog::run`].
    pub async fn set_up(&self, ask: &Ask) -> Result<(), VaultError> {
        let properties = HashMap::from([(LABEL, Value::from(KEYRING_LABEL))]);
        let (_, prompt) = limited(self.prompts.create_collection(properties, "default")).await?.map_err(|error| of_bus(&error))?;
        self.run(&prompt, true, ask).await
    }

    /// Unlocks `paths`.
    ///
    /// # Errors
    /// As [`dialog::run`].
    pub async fn unlock(&self, paths: &[OwnedObjectPath], ask: &Ask) -> Result<(), VaultError> {
        let paths: Vec<_> = paths.iter().map(|path| path.as_ref()).collect();
        let (_, prompt) = limited(self.prompts.unlock(&paths)).await?.map_err(|error| of_bus(&error))?;
        let closable = prompt.as_str() == "/" || !self.is_gnome_keyring().await?;
        self.run(&prompt, closable, ask).await
    }

    async fn run(&self, prompt: &OwnedObjectPath, closable: bool, ask: &Ask) -> Result<(), VaultError> {
        dialog::run(&self.connection, &self.owner, prompt, closable, ask).await
    }

    async fn is_gnome_keyring(&self) -> Result<bool, VaultError> {
        Ok(limited(bus::owner_of(&self.connection, "org.gnome.keyring")).await??.as_ref() == Some(&self.owner))
    }

    /// The entry `name`; the first one where there are several. An entry can be locked by itself: KeePassXC asks about each one.
    async fn find(&self, name: &str) -> Result<Option<Item<'_>>, VaultError> {
        let attributes = HashMap::from([("service", self.namespace.as_str()), ("username", name)]);
        let mut found = limited(self.service.search_items(attributes.clone())).await?.map_err(|error| classify(&error))?;
        if found.unlocked.is_empty() && !found.locked.is_empty() {
            let ask = Ask::current().ok_or(VaultError::Locked)?;
            // All of ours at once, so that one dialog is enough.
            let ours = HashMap::from([("service", self.namespace.as_str())]);
            let all = limited(self.service.search_items(ours)).await?.map_err(|error| classify(&error))?;
            let paths: Vec<_> = all.locked.into_iter().map(|item| item.item_path).collect();
            self.unlock(&paths, &ask).await?;
            found = limited(self.service.search_items(attributes)).await?.map_err(|error| classify(&error))?;
            if found.unlocked.is_empty() && !found.locked.is_empty() {
                return Err(VaultError::Locked);
            }
        }
        Ok(found.unlocked.into_iter().next())
    }

    /// The entry's text.
    ///
    /// # Errors
    /// Why it can't be read.
    pub async fn read(&self, name: &str) -> Result<Option<SecretString>, VaultError> {
        let Some(item) = self.find(name).await? else { return Ok(None) };
        match limited(item.get_secret()).await? {
            Ok(bytes) => {
                let bytes = Zeroizing::new(bytes);
                std::str::from_utf8(&bytes).map(|text| Some(SecretString::from(text))).map_err(|_| VaultError::Refused)
            }
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(classify(&error)),
        }
    }

    /// Makes or replaces the entry in `collection`.
    ///
    /// # Errors
    /// Why it can't be written.
    pub async fn write(&self, collection: &OwnedObjectPath, name: &str, value: &SecretString) -> Result<(), VaultError> {
        // KWallet and KeePassXC keep anything but text as an attachment.
        let (secret, kind) = (value.expose_secret().as_bytes(), "text/plain");
        if let Some(item) = self.find(name).await? {
            return limited(item.set_secret(secret, kind)).await?.map_err(|error| classify(&error));
        }
        let attributes = HashMap::from([("service", self.namespace.as_str()), ("username", name)]);
        let made = async {
            let collection = self.service.get_collection_by_path(collection.clone()).await?;
            collection.create_item(ENTRY_LABEL, attributes, secret, true, kind).await.map(drop)
        };
        limited(made).await?.map_err(|error| classify(&error))
    }

    /// Removes the entry, if there is one.
    ///
    /// # Errors
    /// Why it can't be removed.
    pub async fn delete(&self, name: &str) -> Result<(), VaultError> {
        let Some(item) = self.find(name).await? else { return Ok(()) };
        let deletion = async { ItemProxy::builder(&self.connection).path(item.item_path.clone())?.build().await?.delete().await };
        let prompt = match limited(deletion).await? {
            Ok(prompt) => prompt,
            Err(error) if is_gone(&Error::Zbus(error.clone())) => return Ok(()),
            Err(error) => return Err(of_bus(&error)),
        };
        match Ask::current() {
            _ if prompt.as_str() == "/" => Ok(()),
            Some(ask) => self.run(&prompt, true, &ask).await,
            None => {
                dialog::refuse(&self.connection, &prompt).await;
                Err(VaultError::Locked)
            }
        }
    }

    /// The names of our entries.
    ///
    /// # Errors
    /// Why they can't be told.
    pub async fn list(&self) -> Result<Vec<String>, VaultError> {
        Ok(self.entries().await?.into_iter().map(|(name, _)| name).collect())
    }

    /// The names that begin with `prefix` of our entries last written before `than_ms`, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub async fn list_older(&self, prefix: &str, than_ms: i64) -> Result<Vec<String>, VaultError> {
        let mut names = Vec::new();
        for (name, item) in self.entries().await?.into_iter().filter(|(name, _)| name.starts_with(prefix)) {
            match limited(item.get_modified()).await? {
                Ok(seconds) if i64::try_from(seconds).is_ok_and(|seconds| seconds.saturating_mul(1000) < than_ms) => names.push(name),
                Ok(_) => {}
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(classify(&error)),
            }
        }
        Ok(names)
    }

    async fn entries(&self) -> Result<Vec<(String, Item<'_>)>, VaultError> {
        let ours = HashMap::from([("service", self.namespace.as_str())]);
        let found = limited(self.service.search_items(ours)).await?.map_err(|error| classify(&error))?;
        let mut entries = Vec::new();
        for item in found.unlocked.into_iter().chain(found.locked) {
            match limited(item.get_attributes()).await? {
                Ok(mut attributes) => entries.extend(attributes.remove("username").map(|name| (name, item))),
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(classify(&error)),
            }
        }
        Ok(entries)
    }
}

/// The kind alone: messages may carry attributes.
fn classify(error: &Error) -> VaultError {
    match error {
        Error::Locked => VaultError::Locked,
        Error::Prompt => VaultError::Dismissed,
        Error::PromptDisconnected => VaultError::Stopped,
        Error::NoResult => VaultError::NotSetUp,
        Error::Zbus(error) => of_bus(error),
        Error::ZbusFdo(error) => of_standard(error),
        _ => VaultError::Refused,
    }
}

/// Whether the entry was removed in the meantime.
fn is_gone(error: &Error) -> bool {
    let unknown = |name: &str| {
        matches!(
            name,
            "org.freedesktop.Secret.Error.NoSuchObject"
                | "org.freedesktop.DBus.Error.UnknownObject"
                | "org.freedesktop.DBus.Error.UnknownMethod"
        )
    };
    match error {
        Error::Zbus(zbus::Error::MethodError(name, ..)) => unknown(name.as_str()),
        Error::Zbus(zbus::Error::FDO(error)) => matches!(**error, zbus::fdo::Error::UnknownObject(_) | zbus::fdo::Error::UnknownMethod(_)),
        Error::ZbusFdo(error) => matches!(error, zbus::fdo::Error::UnknownObject(_) | zbus::fdo::Error::UnknownMethod(_)),
        _ => false,
    }
}
