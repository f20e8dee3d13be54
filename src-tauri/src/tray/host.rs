//! Whether a tray is there: something that owns the watcher's name on the session bus and says that it shows icons.

use futures_util::StreamExt as _;
use tokio::sync::watch;
use zbus::Connection;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::proxy::CacheProperties;

/// Its name, with which icons are registered.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

#[zbus::proxy(
    interface = "org.kde.StatusNotifierWatcher",
    default_service = "org.kde.StatusNotifierWatcher",
    default_path = "/StatusNotifierWatcher"
)]
trait Watcher {
    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> zbus::Result<bool>;

    #[zbus(signal)]
    fn status_notifier_host_registered(&self) -> zbus::Result<()>;

    #[zbus(signal)]
    fn status_notifier_host_unregistered(&self) -> zbus::Result<()>;
}

/// Whether one is there now. Nothing is started for it.
///
/// # Errors
/// The bus can't be asked.
pub async fn is_there(bus: &Connection) -> zbus::Result<bool> {
    let named = DBusProxy::new(bus).await?.name_has_owner(BusName::try_from(WATCHER)?).await?;
    // One that went a moment ago answers nothing.
    Ok(named && watcher(bus).await?.is_status_notifier_host_registered().await.unwrap_or(false))
}

/// Tells `there` whether one is there, now and after each change, until the bus has gone.
///
/// # Errors
/// The bus can't be followed.
pub async fn follow(bus: Connection, there: &watch::Sender<bool>) -> zbus::Result<()> {
    let (dbus, watcher) = (DBusProxy::new(&bus).await?, watcher(&bus).await?);
    let mut owners = dbus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    let mut came = watcher.receive_status_notifier_host_registered().await?;
    let mut went = watcher.receive_status_notifier_host_unregistered().await?;
    loop {
        let now = is_there(&bus).await?;
        there.send_if_modified(|before| std::mem::replace(before, now) != now);
        let more = tokio::select! {
            change = owners.next() => change.is_some(),
            change = came.next() => change.is_some(),
            change = went.next() => change.is_some(),
        };
        if !more {
            return Ok(());
        }
    }
}

async fn watcher(bus: &Connection) -> zbus::Result<WatcherProxy<'static>> {
    WatcherProxy::builder(bus).cache_properties(CacheProperties::No).build().await
}
