//! A question in a dialog of GTK's: the page can neither answer it nor draw over it. And what is told in one, where there is no page any more.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use connect_app::catalogue::{QuestionWords, ToldWords};
use gtk::glib;
use gtk::prelude::*;
use tauri::WebviewWindow;
use tokio::sync::oneshot;

/// How long the program stays for what it tells at its end.
const STAYS: Duration = Duration::from_secs(60);

/// Whether the person says yes. The button `cancel` has the focus and is what Enter does.
///
/// # Errors
/// [`tauri::Error`] where the window is gone.
pub async fn agrees(
    window: &WebviewWindow,
    QuestionWords { title, text, agree }: QuestionWords,
    cancel: &'static str,
) -> tauri::Result<bool> {
    let (told, answer) = oneshot::channel();
    window.with_webview(move |view| {
        let top = view.inner().toplevel().and_then(|top| top.downcast::<gtk::Window>().ok());
        let (kind, none) = (gtk::MessageType::Warning, gtk::ButtonsType::None);
        let dialog = gtk::MessageDialog::new(top.as_ref(), gtk::DialogFlags::MODAL, kind, none, &title);
        // For window managers and screen readers that say it.
        dialog.set_title(&title);
        dialog.set_secondary_text(Some(text));
        dialog.add_button(&format!("_{cancel}"), gtk::ResponseType::Cancel).grab_focus();
        dialog.add_button(&format!("_{agree}"), gtk::ResponseType::Accept).style_context().add_class("destructive-action");
        dialog.set_default_response(gtk::ResponseType::Cancel);
        let told = Cell::new(Some(told));
        // Nobody else holds the dialog while it is open.
        let held = Rc::new(RefCell::new(Some(dialog.clone())));
        dialog.connect_response(move |dialog, response| {
            if let Some(told) = told.take()
                && told.send(response == gtk::ResponseType::Accept).is_err()
            {
                tracing::info!("whoever asked is gone");
            }
            dialog.close();
            held.borrow_mut().take();
        });
        dialog.show();
    })?;
    // The program ends with the dialog open: nobody said yes.
    Ok(answer.await.unwrap_or_default())
}

/// Tells it, in a dialog with a loop of its own.
pub fn tell(ToldWords { title, text, close }: &ToldWords) {
    let (kind, none) = (gtk::MessageType::Warning, gtk::ButtonsType::None);
    let dialog = gtk::MessageDialog::new(gtk::Window::NONE, gtk::DialogFlags::empty(), kind, none, title);
    dialog.set_title(title);
    dialog.set_secondary_text(Some(text));
    dialog.add_button(&format!("_{close}"), gtk::ResponseType::Close);
    dialog.set_default_response(gtk::ResponseType::Close);
    let unread = dialog.clone();
    glib::timeout_add_local_once(STAYS, move || unread.response(gtk::ResponseType::Close));
    dialog.run();
    dialog.hide();
}
