//! The window in which a payment of an app is confirmed: its own page, store and capability.

use std::sync::Arc;

use connect_app::catalogue;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, UserAttentionType, WebviewUrl, WebviewWindowBuilder, WindowEvent};

use super::{CONFIRM, is_driven, is_own_page};
use crate::host::Host;

/// Size, in logical pixels.
const SIZE: (f64, f64) = (460.0, 640.0);

/// Opens it, as window number `number`.
///
/// # Errors
/// [`tauri::Error`] where the system gives no window or no web view.
pub fn open(app: &AppHandle, number: u64) -> tauri::Result<()> {
    let known = app.try_state::<Arc<Host>>().map(|host| (host.data_dir().to_owned(), host.language()));
    let Some((data_dir, language)) = known else { return Ok(()) };
    let window = WebviewWindowBuilder::new(app, CONFIRM, WebviewUrl::App("confirm.html".into()))
        .title(catalogue::dialogs(language).confirm_payment)
        .inner_size(SIZE.0, SIZE.1)
        .min_inner_size(360.0, 320.0)
        .center()
        .focused(true)
        .incognito(!is_driven())
        .data_directory(super::web_dir(&data_dir))
        .on_navigation(is_own_page)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .on_download(|_, _| false)
        .build()?;
    let app = app.clone();
    window.on_window_event(move |event| {
        if matches!(event, WindowEvent::Destroyed)
            && let Some(host) = app.try_state::<Arc<Host>>()
        {
            host.confirming().closed(number);
        }
    });
    window.request_user_attention(Some(UserAttentionType::Critical))
}

/// Brings it to the front.
pub fn raise(app: &AppHandle) {
    let Some(window) = app.get_webview_window(CONFIRM) else { return };
    for step in [window.unminimize(), window.set_focus(), window.request_user_attention(Some(UserAttentionType::Critical))] {
        if let Err(error) = step {
            tracing::warn!(%error, "the window for confirming a payment can't be raised");
        }
    }
}

/// Closes it, if it is open.
pub fn close(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(CONFIRM)
        && let Err(error) = window.destroy()
    {
        tracing::warn!(%error, "the window for confirming a payment can't be closed");
    }
}
