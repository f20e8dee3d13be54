//! WebKitGTK runs the page in a process of its own. Where that one ends, the window is blank: the page is loaded anew once, and after
//! that the person is told and decides.

use std::cell::Cell;

use gtk::prelude::*;
use tauri::AppHandle;
use webkit2gtk::{WebProcessTerminationReason, WebView, WebViewExt as _};

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
    let window = view.toplevel().and_then(|top| top.downcast::<gtk::Window>().ok());
    let dialog = gtk::MessageDialog::builder()
        .message_type(gtk::MessageType::Error)
        .modal(true)
        .title("Monei Connections")
        .text("This window can't show its page")
        .secondary_text(explanation(reason))
        .build();
    dialog.set_transient_for(window.as_ref());
    dialog.add_button("Quit", gtk::ResponseType::Close);
    dialog.add_button("Show it again", gtk::ResponseType::Accept);
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
fn explanation(reason: WebProcessTerminationReason) -> &'static str {
    match reason {
        WebProcessTerminationReason::ExceededMemoryLimit => {
            "The system's web view ran out of memory, twice. Your accounts and what they allow are as they were."
        }
        _ => "The system's web view stopped working, twice. Your accounts and what they allow are as they were.",
    }
}
