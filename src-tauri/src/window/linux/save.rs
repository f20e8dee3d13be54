//! The desktop's own dialog for where a file goes.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;

use connect_app::catalogue::DialogWords;
use gtk::prelude::*;
use tauri::WebviewWindow;
use tokio::sync::oneshot;

/// Asks in a dialog with this title where to save a file that is called `name` unless the person says otherwise; the Downloads folder is offered first. `None` where
/// they cancel.
///
/// # Errors
/// [`tauri::Error`] where the window is gone.
pub async fn choose(
    window: &WebviewWindow,
    words: &'static DialogWords,
    title: &'static str,
    name: String,
) -> tauri::Result<Option<PathBuf>> {
    let (told, chosen) = oneshot::channel();
    window.with_webview(move |view| {
        let top = view.inner().toplevel().and_then(|top| top.downcast::<gtk::Window>().ok());
        let [save, cancel] = [words.save, words.cancel].map(|word| format!("_{word}"));
        let (action, save, cancel) = (gtk::FileChooserAction::Save, Some(save.as_str()), Some(cancel.as_str()));
        let dialog = gtk::FileChooserNative::new(Some(title), top.as_ref(), action, save, cancel);
        dialog.set_do_overwrite_confirmation(true);
        dialog.set_local_only(true);
        dialog.set_modal(true);
        if let Some(folder) = dirs::download_dir().filter(|folder| folder.is_dir()).or_else(dirs::home_dir) {
            dialog.set_current_folder(folder);
        }
        dialog.set_current_name(&name);
        let told = Cell::new(Some(told));
        // Nobody else holds the dialog while it is open.
        let held = Rc::new(RefCell::new(Some(dialog.clone())));
        dialog.connect_response(move |dialog, response| {
            let path = if response == gtk::ResponseType::Accept { dialog.filename() } else { None };
            // Whoever asked may be gone by now.
            if let Some(told) = told.take() {
                drop(told.send(path));
            }
            dialog.destroy();
            held.borrow_mut().take();
        });
        dialog.show();
    })?;
    // The program ends with the dialog open: nothing was chosen.
    Ok(chosen.await.unwrap_or_default())
}
