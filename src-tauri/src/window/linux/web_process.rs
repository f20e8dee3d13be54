//! WebKitGTK runs the page in a process of its own. Where that one ends, the window is blank: the page is loaded anew once, and after
//! that the person is told and decides.

use std::cell::Cell;
use std::sync::Arc;

use connect_app::catalogue::{self, DialogWords};
use connect_app::language;
use gtk::prelude::*;
use tauri::{AppHandle, Manager as _};
use webkit2gtk::{WebProcessTerminationReason, WebView, WebViewExt as _};

use crate::host::Host;

/// Notices from now on when the web process of `view` ends.
pub fn watch(app: &AppHandle, view: &WebView) {
    let (app, ended_before) = (app.clone(), Cell::new(false));
    view.connect_web_process_terminated(move |view, reason| {
        if ended_before.replace(true) {
            tracing::error!(?reason, "the window's page ended again");
            ask(&app, view, reason);
        } else {
            tracing::error!(?reason, "the window's page ended; it is loaded anew");
            view.reload();
        }
    });
}

/// Says that the page ended, natively, since there is no page that could.
fn ask(app: &AppHandle, view: &WebView, reason: WebProcessTerminationReason) {
    let language = app.try_state::<Arc<Host>>().map_or_else(language::of_desktop, |host| host.language());
    let words = catalogue::dialogs(language);
    let window = view.toplevel().and_then(|top| top.downcast::<gtk::Window>().ok());
    let dialog = gtk::MessageDialog::builder()
        .message_type(gtk::MessageType::Error)
        .modal(true)
        .title(connect_app::settings::PRODUCT_NAME)
        .text(words.page_ended)
        .secondary_text(explanation(words, reason))
        .build();
    dialog.set_transient_for(window.as_ref());
    dialog.add_button(words.quit, gtk::ResponseType::Close);
    dialog.add_button(words.show_again, gtk::ResponseType::Accept);
    dialog.set_default_response(gtk::ResponseType::Accept);
    let (app, view) = (app.clone(), view.clone());
    dialog.connect_response(move |dialog, response| {
        dialog.close();
        if response == gtk::ResponseType::Close {
            app.exit(0);
        } else {
            view.reload();
        }
    });
    dialog.show();
}

/// What happened, in words for a person.
fn explanation(words: &DialogWords, reason: WebProcessTerminationReason) -> &'static str {
    match reason {
        WebProcessTerminationReason::ExceededMemoryLimit => words.page_ended_memory,
        _ => words.page_ended_why,
    }
}
