//! Notifications of Linux desktops (Desktop Notifications Specification 1.2).

use std::collections::HashMap;
use std::time::Duration;

use connect_app::catalogue::NotificationWords;
use connect_app::settings::PRODUCT_NAME;
use futures_util::StreamExt as _;
use tauri::async_runtime::JoinHandle;
use tokio::sync::mpsc;
use tokio::time::timeout;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::zvariant::{StructureBuilder, Value};

use super::Outcome;
use crate::{bus, tray};

const SERVER: &str = "org.freedesktop.Notifications";
/// The action of a press on the notification itself, and of its button.
const DEFAULT: &str = "default";
/// The desktop decides how long it stays in sight.
const ITS_OWN_TIME: i32 = -1;
/// Longest wait for the desktop, which may have to start its server.
const ANSWERS: Duration = Duration::from_secs(5);

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    #[zbus(name = "Notify")]
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    fn show(
        &self,
        program: &str,
        replaces: u32,
        icon: &str,
        title: &str,
        text: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        time_ms: i32,
    ) -> zbus::Result<u32>;

    #[zbus(name = "CloseNotification")]
    fn withdraw(&self, id: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    fn activation_token(&self, id: u32, token: &str) -> zbus::Result<()>;
}

/// The notification, shown or not.
pub struct Notifier {
    outcomes: mpsc::UnboundedSender<(u32, Outcome)>,
    shown: Option<Shown>,
}

struct Shown {
    id: u32,
    server: NotificationsProxy<'static>,
    listening: JoinHandle<()>,
}

impl Notifier {
    /// Nothing is shown yet. What becomes of a notification goes to `outcomes`, by its id.
    pub fn new(_: &tauri::AppHandle, outcomes: mpsc::UnboundedSender<(u32, Outcome)>) -> Self {
        Self { outcomes, shown: None }
    }

    /// Shows this, in place of what was shown. False: nothing shows notifications.
    pub async fn show(&mut self, words: &NotificationWords) -> bool {
        match timeout(ANSWERS, self.try_show(words)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "no notification can be shown");
                false
            }
            Err(_) => {
                tracing::warn!("the desktop doesn't answer a notification");
                self.forget();
                false
            }
        }
    }

    async fn try_show(&mut self, words: &NotificationWords) -> zbus::Result<()> {
        if self.shown.is_none() {
            let server = NotificationsProxy::new(&bus::session().await?).await?;
            // Before it is shown: no press is missed.
            let listening = listen(&server, self.outcomes.clone()).await?;
            self.shown = Some(Shown { id: 0, server, listening });
        }
        let Some(shown) = &mut self.shown else { return Ok(()) };
        let hints = HashMap::from([("desktop-entry", Value::from("monei-connections")), ("image-data", picture()?)]);
        let actions = [DEFAULT, words.open];
        let asked = shown.server.show(PRODUCT_NAME, shown.id, "", &words.title, &words.text, &actions, hints, ITS_OWN_TIME);
        match asked.await {
            Ok(id) => shown.id = id,
            Err(error) => {
                self.forget();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes back what is shown.
    pub async fn withdraw(&mut self) {
        let Some(Shown { id, server, listening }) = self.shown.take() else { return };
        listening.abort();
        match timeout(ANSWERS, server.withdraw(id)).await {
            Ok(Ok(())) => {}
            // It is gone already.
            Ok(Err(error)) => tracing::debug!(%error, "a notification isn't there any more"),
            Err(_) => tracing::warn!("the desktop doesn't answer about a notification"),
        }
    }

    /// Whether the notification of this id is the one that is shown.
    pub fn shows(&self, id: u32) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.id == id)
    }

    /// The desktop has taken it away.
    pub fn forget(&mut self) {
        if let Some(shown) = self.shown.take() {
            shown.listening.abort();
        }
    }
}

async fn listen(server: &NotificationsProxy<'static>, outcomes: mpsc::UnboundedSender<(u32, Outcome)>) -> zbus::Result<JoinHandle<()>> {
    let mut pressed = server.receive_action_invoked().await?;
    let mut closed = server.receive_notification_closed().await?;
    let mut tokens = server.receive_activation_token().await?;
    Ok(tauri::async_runtime::spawn(async move {
        let mut token: Option<(u32, String)> = None;
        loop {
            // The token comes before the press that it is for.
            let (id, outcome) = tokio::select! {
                biased;
                Some(signal) = tokens.next() => {
                    token = signal.args().ok().map(|told| (told.id, told.token.to_owned()));
                    continue;
                }
                Some(signal) = pressed.next() => match signal.args() {
                    Ok(told) => (told.id, Outcome::Pressed(token.take().filter(|(id, _)| *id == told.id).map(|(_, token)| token))),
                    Err(_) => continue,
                },
                Some(signal) = closed.next() => match signal.args() {
                    Ok(told) => (told.id, Outcome::Closed),
                    Err(_) => continue,
                },
                else => return,
            };
            if outcomes.send((id, outcome)).is_err() {
                return;
            }
        }
    }))
}

/// The program's icon: width, height, bytes a row, alpha, bits a sample, samples a pixel, and the pixels.
fn picture() -> zbus::Result<Value<'static>> {
    let side = |pixels: u32| i32::try_from(pixels).unwrap_or_default();
    let [_, picture] = &tray::ICONS;
    let (width, height) = (side(picture.width()), side(picture.height()));
    let fields = StructureBuilder::new()
        .add_field(width)
        .add_field(height)
        .add_field(width * 4)
        .add_field(true)
        .add_field(8_i32)
        .add_field(4_i32)
        .add_field(picture.rgba().to_vec());
    Ok(Value::from(fields.build()?))
}

/// Whether something shows notifications, or would be started for one.
pub async fn is_there() -> bool {
    let asked = async {
        let dbus = DBusProxy::new(&bus::session().await?).await?;
        if dbus.name_has_owner(BusName::try_from(SERVER)?).await? {
            return Ok(true);
        }
        Ok(dbus.list_activatable_names().await?.iter().any(|name| name.as_str() == SERVER))
    };
    asked.await.unwrap_or_else(|error: zbus::Error| {
        tracing::info!(%error, "notifications can't be asked for");
        false
    })
}
