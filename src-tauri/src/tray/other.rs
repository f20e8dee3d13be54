//! The tray of Windows and macOS, which are always there.

use connect_app::attention::Matter;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry};
use tokio::sync::{mpsc, watch};

use super::{Act, Face, NAME};

/// The icon's name within this program.
const ID: &str = "tray";
const OPEN: &str = "open";
const QUIT: &str = "quit";
/// Precedes an entry's number.
const ENTRY: &str = "entry-";

/// The tray, shown or not.
pub struct Tray {
    app: AppHandle,
    acts: mpsc::UnboundedSender<Act>,
    there: watch::Sender<bool>,
    shown: Option<(Face, TrayIcon)>,
    /// It couldn't be shown; said once.
    failed: bool,
}

impl Tray {
    /// Not shown yet. What the person does in it goes to `acts`; `there` is told whether anything shows it.
    pub fn new(app: &AppHandle, acts: mpsc::UnboundedSender<Act>, there: watch::Sender<bool>) -> Self {
        Self { app: app.clone(), acts, there, shown: None, failed: false }
    }

    /// Shows this from now on; `None`: nothing.
    pub async fn set(&mut self, face: Option<Face>) {
        if face.as_ref() == self.shown.as_ref().map(|(face, _)| face) || (face.is_some() && self.failed) {
            return;
        }
        let Some(face) = face else {
            self.shown = None;
            drop(self.app.remove_tray_by_id(ID));
            self.there.send_replace(false);
            return;
        };
        match self.show(&face) {
            Ok(icon) => {
                self.shown = Some((face, icon));
                self.there.send_replace(true);
            }
            Err(error) => {
                tracing::warn!(%error, "there is no tray");
                self.failed = true;
            }
        }
    }

    fn show(&self, face: &Face) -> tauri::Result<TrayIcon> {
        let menu = self.menu(face)?;
        let entries: Vec<Matter> = face.entries.iter().map(|(matter, _)| matter.clone()).collect();
        let (chosen, pressed) = (self.acts.clone(), self.acts.clone());
        let on_menu = move |id: &str| {
            let entry = id.strip_prefix(ENTRY).and_then(|number| entries.get(number.parse::<usize>().ok()?).cloned());
            let act = match (id, entry) {
                (OPEN, _) => Act::Open(None),
                (QUIT, _) => Act::Quit,
                (_, Some(matter)) => Act::Deal(matter, None),
                (_, None) => return,
            };
            drop(chosen.send(act));
        };
        // One that is there keeps the handlers of an earlier face: it is made anew.
        drop(self.app.remove_tray_by_id(ID));
        let builder = TrayIconBuilder::with_id(ID)
            .menu(&menu)
            .show_menu_on_left_click(false)
            .tooltip(format!("{NAME}: {}", face.standing))
            .on_menu_event(move |_, event| on_menu(event.id().as_ref()))
            .on_tray_icon_event(move |_, event| {
                if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                    drop(pressed.send(Act::Open(None)));
                }
            });
        let builder = match self.app.default_window_icon() {
            Some(icon) => builder.icon(icon.clone()),
            None => builder,
        };
        builder.build(&self.app)
    }

    fn menu(&self, face: &Face) -> tauri::Result<Menu<Wry>> {
        let item = |id: &str, label: &str, enabled| MenuItem::with_id(&self.app, id, label.replace('&', "&&"), enabled, None::<&str>);
        let menu = Menu::new(&self.app)?;
        menu.append(&item("standing", &face.standing, false)?)?;
        menu.append(&PredefinedMenuItem::separator(&self.app)?)?;
        menu.append(&item(OPEN, face.words.open, true)?)?;
        for (number, (_, label)) in face.entries.iter().enumerate() {
            menu.append(&item(&format!("{ENTRY}{number}"), label, true)?)?;
        }
        menu.append(&PredefinedMenuItem::separator(&self.app)?)?;
        menu.append(&item(QUIT, face.words.quit, true)?)?;
        Ok(menu)
    }
}

/// Windows and macOS have one.
pub async fn is_there() -> bool {
    true
}
