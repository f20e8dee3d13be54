//! Without notifications: the program's sign in the taskbar or dock asks for attention.

use connect_app::catalogue::NotificationWords;
use tauri::{AppHandle, Manager as _, UserAttentionType};
use tokio::sync::mpsc;

use super::Outcome;
use crate::window;

/// Asks for attention, or doesn't.
pub struct Notifier {
    app: AppHandle,
}

impl Notifier {
    /// Nothing is asked for yet.
    pub fn new(app: &AppHandle, _: mpsc::UnboundedSender<(u32, Outcome)>) -> Self {
        Self { app: app.clone() }
    }

    /// Asks for attention. False: the window isn't there, or the system doesn't know of that.
    pub async fn show(&mut self, _: &NotificationWords) -> bool {
        self.ask(Some(UserAttentionType::Critical))
    }

    /// Asks no more.
    pub async fn withdraw(&mut self) {
        self.ask(None);
    }

    /// There is none that could be.
    pub fn shows(&self, _: u32) -> bool {
        false
    }

    /// Nothing is kept.
    pub fn forget(&mut self) {}

    fn ask(&self, attention: Option<UserAttentionType>) -> bool {
        let Some(window) = self.app.get_webview_window(window::MAIN) else { return false };
        match window.request_user_attention(attention) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(%error, "attention can't be asked for");
                false
            }
        }
    }
}

/// This program shows none there.
pub async fn is_there() -> bool {
    false
}
