//! What GTK and WebKitGTK are told directly, where Tauri has no word for it.

mod appearance;
mod face;
mod geometry;
mod kept;
mod keys;
mod menu;
mod painting;
mod question;
mod save;
mod web_process;

use std::path::PathBuf;
use std::rc::Rc;

use gtk::prelude::*;
use tauri::{Manager as _, WebviewWindow};

pub use self::appearance::{Appearance, is_dark};
use self::kept::Kept;
pub use self::painting::{not_inherited, without_gpu};
pub use self::question::{agrees, tell};
pub use self::save::choose;

/// Sends what was asked of the display so far, for when the event loop doesn't run any more.
pub fn flush() {
    if let Some(display) = gtk::gdk::Display::default() {
        display.flush();
    }
}

/// Gives `window`, which isn't shown yet, its size and place, its keys and menu, and the desktop's look. `state` is where they are kept.
///
/// # Errors
/// [`tauri::Error`] where the window is gone.
pub fn attach(window: &WebviewWindow, appearance: Appearance, state: PathBuf) -> tauri::Result<()> {
    let shell = window.clone();
    window.with_webview(move |view| {
        let view = view.inner();
        web_process::watch(shell.app_handle(), &view);
        menu::limit(&view);
        face::follow(&view);
        let Some(top) = view.toplevel().and_then(|top| top.downcast::<gtk::Window>().ok()) else {
            tracing::error!("the page is in no window");
            return;
        };
        let kept = Rc::new(Kept::read(state));
        geometry::restore(&top, kept.geometry());
        kept.follow(&top);
        keys::bind(shell.app_handle(), &top, &view, &kept);
        appearance.follow(move |dark| {
            if let Err(error) = shell.set_background_color(Some(super::background(dark))) {
                tracing::warn!(%error, "the window's background can't be changed");
            }
        });
    })
}
