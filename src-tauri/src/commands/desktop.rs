//! What the window knows of the desktop around it, and the start at login.

use connect_app::login;
use connect_core::problem::ProblemCode;

use crate::host::Host;
use crate::view::{DesktopView, Problem};
use crate::{notify, tray};

/// What this desktop has now.
pub async fn view(host: &Host) -> DesktopView {
    let settings = host.settings().clone();
    let at_login = tokio::task::spawn_blocking(move || login::is_on(&settings));
    let (tray, notifications, at_login) = tokio::join!(tray::is_there(), notify::is_there(), at_login);
    DesktopView { tray, notifications, starts_at_login: at_login.unwrap_or(false) }
}

/// Has the program start at login, or not any more. Once the person has left this computer, nothing is written.
pub async fn set_start_at_login(host: &Host, on: bool) -> Result<(), Problem> {
    if on && host.connections().await?.view().left.is_some() {
        return Err(ProblemCode::InvalidInput.into());
    }
    let settings = host.settings().clone();
    let set = tokio::task::spawn_blocking(move || login::set(&settings, on));
    set.await.map_err(|_| ProblemCode::FileUnsaved)?.map_err(|error| {
        tracing::warn!(kind = ?error.kind(), "the start at login can't be changed");
        ProblemCode::FileUnsaved.into()
    })
}
