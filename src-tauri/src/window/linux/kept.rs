//! What is kept of the window from one start to the next: its geometry and its zoom, in one small file of this environment.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use gtk::glib;
use gtk::prelude::*;
use serde::{Deserialize, Serialize};

use super::geometry::{self, Geometry};

/// A change is written once the window has been left as it is for so long. Shorter, and the size of a window that is just being maximised
/// would be taken for its own.
const SETTLED: Duration = Duration::from_millis(300);

/// The file's content, by the window's name.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Content {
    main: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct State {
    #[serde(flatten)]
    geometry: Geometry,
    zoom: f64,
}

impl Default for State {
    fn default() -> Self {
        Self { geometry: Geometry::default(), zoom: 1.0 }
    }
}

/// The kept state, and where it is written.
pub struct Kept {
    path: PathBuf,
    state: RefCell<State>,
    waiting: Cell<Option<glib::SourceId>>,
}

impl Kept {
    /// What the last run left. A file that is missing or unusable is as a first start.
    pub fn read(path: PathBuf) -> Self {
        let state = read(&path);
        Self { path, state: RefCell::new(state), waiting: Cell::new(None) }
    }

    /// The window's geometry.
    pub fn geometry(&self) -> Geometry {
        self.state.borrow().geometry
    }

    /// 1.0 is the page's own size.
    pub fn zoom(&self) -> f64 {
        self.state.borrow().zoom
    }

    /// Keeps another zoom.
    pub fn set_zoom(&self, zoom: f64) {
        self.change(|state| state.zoom = zoom);
    }

    /// Keeps the window's geometry as it is at this moment.
    pub fn take(&self, window: &gtk::Window) {
        self.change(|state| state.geometry = geometry::of(window, state.geometry));
    }

    /// Keeps the window's geometry from now on.
    pub fn follow(self: &Rc<Self>, window: &gtk::Window) {
        let kept = Rc::clone(self);
        window.connect_configure_event(move |window, _| {
            kept.take_once_settled(window);
            false
        });
        let kept = Rc::clone(self);
        window.connect_window_state_event(move |window, _| {
            kept.take_once_settled(window);
            glib::Propagation::Proceed
        });
        let kept = Rc::clone(self);
        window.connect_delete_event(move |window, _| {
            kept.take(window);
            glib::Propagation::Proceed
        });
        // One that comes back from the tray would be placed anew by X11's window managers.
        let kept = Rc::clone(self);
        window.connect_hide(move |window| geometry::place(window, kept.geometry()));
    }

    fn take_once_settled(self: &Rc<Self>, window: &gtk::Window) {
        let (kept, window) = (Rc::clone(self), window.downgrade());
        let later = glib::timeout_add_local_once(SETTLED, move || {
            kept.waiting.set(None);
            if let Some(window) = window.upgrade() {
                kept.take(&window);
            }
        });
        if let Some(sooner) = self.waiting.replace(Some(later)) {
            sooner.remove();
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let before = *self.state.borrow();
        change(&mut self.state.borrow_mut());
        let now = *self.state.borrow();
        if now != before
            && let Err(error) = write(&self.path, now)
        {
            tracing::warn!(kind = ?error.kind(), "the window's size and place can't be kept");
        }
    }
}

fn read(path: &Path) -> State {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                tracing::warn!(kind = ?error.kind(), "the window's last size and place can't be read");
            }
            return State::default();
        }
    };
    match serde_json::from_slice::<Content>(&text) {
        Ok(content) => content.main,
        Err(_) => {
            tracing::warn!("the window's last size and place can't be understood");
            State::default()
        }
    }
}

/// Replaces the file as a whole: one that is cut off would lose everything.
fn write(path: &Path, main: State) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("new");
    std::fs::write(&beside, serde_json::to_vec(&Content { main })?)?;
    std::fs::rename(beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config/.window-state.json");
        assert_eq!(read(&path), State::default());
        let geometry = Geometry { width: 1000, height: 700, x: Some(-20), y: None, maximized: true };
        let state = State { geometry, zoom: 1.25 };
        write(&path, state).unwrap();
        assert_eq!(read(&path), state);
    }

    #[test]
    fn an_unusable_file_is_a_first_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        for text in ["", "{", "[]", r#"{"main":{"width":"wide"}}"#, r#"{"main":null}"#, "\u{0}"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(&path), State::default(), "{text}");
        }
        std::fs::write(&path, r#"{"main":{"width":900,"height":600,"visible":true},"other":{}}"#).unwrap();
        assert_eq!(read(&path).geometry, Geometry { width: 900, height: 600, ..Geometry::default() });
    }
}
