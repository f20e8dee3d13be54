//! The tray of Linux desktops: a StatusNotifierItem on the session bus, while there is something that shows it.

use ksni::menu::StandardItem;
use ksni::{Category, Handle, Icon, MenuItem, OfflineReason, Status, ToolTip, TrayMethods as _};
use tauri::async_runtime::JoinHandle;
use tokio::sync::{mpsc, watch};

use super::{Act, Face, NAME, host, icon};
use crate::bus;

/// The tray, shown or not.
pub struct Tray {
    acts: mpsc::UnboundedSender<Act>,
    there: watch::Sender<bool>,
    shown: Option<Shown>,
    /// It couldn't be shown; said once.
    failed: bool,
}

struct Shown {
    face: Face,
    item: Handle<Item>,
    following: JoinHandle<()>,
}

impl Tray {
    /// Not shown yet. What the person does in it goes to `acts`; `there` is told whether anything shows it.
    pub fn new(_: &tauri::AppHandle, acts: mpsc::UnboundedSender<Act>, there: watch::Sender<bool>) -> Self {
        Self { acts, there, shown: None, failed: false }
    }

    /// Shows this from now on; `None`: nothing.
    pub async fn set(&mut self, face: Option<Face>) {
        match (face, &mut self.shown) {
            (Some(face), Some(shown)) => {
                if shown.face != face {
                    shown.face = face.clone();
                    shown.item.update(|item| item.face = face).await;
                }
            }
            (Some(face), None) if !self.failed => match self.show(face).await {
                Ok(shown) => self.shown = Some(shown),
                Err(error) => {
                    tracing::warn!(%error, "there is no tray");
                    self.failed = true;
                }
            },
            (None, Some(_)) => self.end().await,
            (Some(_) | None, None) => {}
        }
    }

    async fn show(&self, face: Face) -> Result<Shown, Box<dyn std::error::Error + Send + Sync>> {
        let bus = bus::session().await?;
        let item = Item { face: face.clone(), acts: self.acts.clone() };
        // One that isn't there yet is waited for.
        let item = item.assume_sni_available(true).spawn().await?;
        let there = self.there.clone();
        let following = tauri::async_runtime::spawn(async move {
            if let Err(error) = host::follow(bus, &there).await {
                tracing::warn!(%error, "trays can't be followed");
            }
            there.send_replace(false);
        });
        Ok(Shown { face, item, following })
    }

    async fn end(&mut self) {
        let Some(Shown { item, following, .. }) = self.shown.take() else { return };
        following.abort();
        self.there.send_replace(false);
        item.shutdown().await;
    }
}

/// Whether a desktop is there that shows such icons.
pub async fn is_there() -> bool {
    let asked = async { host::is_there(&bus::session().await?).await };
    asked.await.unwrap_or_else(|error: zbus::Error| {
        tracing::info!(%error, "trays can't be asked for");
        false
    })
}

struct Item {
    face: Face,
    acts: mpsc::UnboundedSender<Act>,
}

impl Item {
    fn act(&self, act: Act) {
        if self.acts.send(act).is_err() {
            tracing::debug!("the program is ending");
        }
    }
}

impl ksni::Tray for Item {
    fn id(&self) -> String {
        "monei-connect".to_owned()
    }

    fn category(&self) -> Category {
        Category::ApplicationStatus
    }

    /// Desktops without hints show or read this.
    fn title(&self) -> String {
        format!("{NAME}: {}", self.face.standing)
    }

    fn status(&self) -> Status {
        if self.face.waits { Status::NeedsAttention } else { Status::Active }
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        icon::pictures(self.face.waits)
    }

    fn attention_icon_pixmap(&self) -> Vec<Icon> {
        icon::pictures(true)
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip { title: NAME.to_owned(), description: self.face.standing.clone(), ..ToolTip::default() }
    }

    fn activate(&mut self, _: i32, _: i32) {
        self.act(Act::Open(ksni::current_xdg_activation_token()));
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let item = |label: &str, act: fn(Option<String>) -> Act| {
            let activate = Box::new(move |item: &mut Self| item.act(act(ksni::current_xdg_activation_token())));
            MenuItem::from(StandardItem { label: literal(label), activate, ..StandardItem::default() })
        };
        let standing = StandardItem { label: literal(&self.face.standing), enabled: false, ..StandardItem::default() };
        let mut menu = vec![MenuItem::from(standing), MenuItem::Separator, item(self.face.words.open, Act::Open)];
        menu.extend(self.face.entries.iter().map(|(matter, label)| {
            let matter = matter.clone();
            let activate = Box::new(move |item: &mut Self| item.act(Act::Deal(matter.clone(), ksni::current_xdg_activation_token())));
            MenuItem::from(StandardItem { label: literal(label), activate, ..StandardItem::default() })
        }));
        menu.extend([MenuItem::Separator, item(self.face.words.quit, |_| Act::Quit)]);
        menu
    }

    /// Goes on: another may come.
    fn watcher_offline(&self, _: OfflineReason) -> bool {
        true
    }
}

/// A label as it is: an underscore would mark the next letter as the entry's key.
fn literal(text: &str) -> String {
    text.replace('_', "__")
}
