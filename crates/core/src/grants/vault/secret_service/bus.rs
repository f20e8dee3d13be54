//! The session bus, and who is the Secret Service on it. A service that can be started is started, which neither prompts nor writes.

use std::time::Duration;

use futures_util::StreamExt as _;
use zbus::fdo::{DBusProxy, Error as BusError};
use zbus::names::{BusName, OwnedUniqueName, WellKnownName};

use super::interfaces::SECRETS;
use crate::grants::vault::VaultError;

/// KWallet is the Secret Service once it runs, but nothing starts it by the service's name.
const KWALLETS: [&str; 2] = ["org.kde.kwalletd6", "org.kde.kwalletd5"];
/// How long a service that was started has until it is the Secret Service.
const TAKES_THE_NAME: Duration = Duration::from_secs(5);

/// Connects to the session bus.
///
/// # Errors
/// [`VaultError::NoBus`].
pub async fn connect() -> Result<zbus::Connection, VaultError> {
    let no_bus = |error: zbus::Error| {
        tracing::info!(%error, "there is no session bus");
        VaultError::NoBus
    };
    zbus::connection::Builder::session().map_err(no_bus)?.build().await.map_err(no_bus)
}

/// Who is the Secret Service now, if anybody.
pub async fn owner(connection: &zbus::Connection) -> Result<Option<OwnedUniqueName>, VaultError> {
    owner_of(connection, SECRETS).await
}

/// Who has `name` now, if anybody.
pub async fn owner_of(connection: &zbus::Connection, name: &'static str) -> Result<Option<OwnedUniqueName>, VaultError> {
    let bus = DBusProxy::new(connection).await.map_err(|_| VaultError::NoBus)?;
    match bus.get_name_owner(BusName::WellKnown(WellKnownName::from_static_str_unchecked(name))).await {
        Ok(owner) => Ok(Some(owner)),
        Err(BusError::NameHasNoOwner(_)) => Ok(None),
        Err(_) => Err(VaultError::NoBus),
    }
}

/// Starts the Secret Service: whoever answers to its name, or KWallet by its own where `kwallet`.
///
/// # Errors
/// [`VaultError::Absent`] if none is installed, [`VaultError::Failed`] if one is and doesn't work.
pub async fn start(connection: &zbus::Connection, kwallet: bool) -> Result<OwnedUniqueName, VaultError> {
    let bus = DBusProxy::new(connection).await.map_err(|_| VaultError::NoBus)?;
    let mut changes = bus.receive_name_owner_changed_with_args(&[(0, SECRETS)]).await.map_err(|_| VaultError::NoBus)?;
    match bus.start_service_by_name(secrets(), 0).await {
        Ok(_) => {}
        Err(error) => {
            let unknown = matches!(error, BusError::ServiceUnknown(_));
            if !unknown {
                tracing::warn!(%error, "the Secret Service can't be started");
            }
            match if kwallet { start_kwallet(&bus).await } else { None } {
                Some(Ok(())) => {}
                Some(Err(error)) => return Err(error),
                None => return Err(if unknown { VaultError::Absent } else { VaultError::Failed }),
            }
        }
    }
    let takes_it = async {
        loop {
            if let Some(owner) = owner(connection).await? {
                return Ok(owner);
            }
            changes.next().await.ok_or(VaultError::NoBus)?;
        }
    };
    tokio::time::timeout(TAKES_THE_NAME, takes_it).await.unwrap_or(Err(VaultError::Failed))
}

/// `None` if no KWallet is installed.
async fn start_kwallet(bus: &DBusProxy<'_>) -> Option<Result<(), VaultError>> {
    let names = bus.list_activatable_names().await.ok()?;
    let name = KWALLETS.into_iter().find(|kwallet| names.iter().any(|name| name.as_str() == *kwallet))?;
    tracing::info!(name, "KWallet is started");
    Some(match bus.start_service_by_name(WellKnownName::from_static_str_unchecked(name), 0).await {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, name, "KWallet can't be started");
            Err(VaultError::Failed)
        }
    })
}

/// Resolves once `owner` isn't the Secret Service any more.
pub async fn ends(connection: &zbus::Connection, owner: &OwnedUniqueName) -> VaultError {
    let gone = async {
        let bus = DBusProxy::new(connection).await?;
        let mut changes = bus.receive_name_owner_changed_with_args(&[(0, SECRETS)]).await?;
        while bus.get_name_owner(BusName::WellKnown(secrets())).await.is_ok_and(|present| present == *owner) {
            if changes.next().await.is_none() {
                break;
            }
        }
        Ok::<_, zbus::Error>(())
    };
    drop(gone.await);
    VaultError::Stopped
}

fn secrets() -> WellKnownName<'static> {
    WellKnownName::from_static_str_unchecked(SECRETS)
}

/// What an error of the bus says of the Secret Service. The kind alone: messages may carry attributes.
pub fn of_bus(error: &zbus::Error) -> VaultError {
    match error {
        zbus::Error::MethodError(name, ..) => match name.as_str() {
            "org.freedesktop.Secret.Error.IsLocked" => VaultError::Locked,
            "org.freedesktop.DBus.Error.ServiceUnknown"
            | "org.freedesktop.DBus.Error.NameHasNoOwner"
            | "org.freedesktop.DBus.Error.NoReply"
            | "org.freedesktop.DBus.Error.Disconnected" => VaultError::Stopped,
            _ => VaultError::Refused,
        },
        zbus::Error::FDO(error) => of_standard(error),
        // The session bus itself.
        zbus::Error::InputOutput(_) => VaultError::Stopped,
        _ => VaultError::Refused,
    }
}

/// The same of one of D-Bus' own.
pub fn of_standard(error: &zbus::fdo::Error) -> VaultError {
    use zbus::fdo::Error as E;
    match error {
        E::ServiceUnknown(_) | E::NameHasNoOwner(_) | E::NoReply(_) | E::Disconnected(_) => VaultError::Stopped,
        E::ZBus(error) => of_bus(error),
        _ => VaultError::Refused,
    }
}
