//! How the desktop looks: the page follows it.

use std::fs;

use anyhow::{Result, ensure};

use crate::cases::seen_again;
use crate::desk::{Desk, Scheme};
use crate::portal::Portal;
use crate::table::Look;
use crate::words;

/// The ground of a page in high contrast: white itself, and no shade of it.
const WHITE: [u8; 3] = [0xff, 0xff, 0xff];

/// Tries one look.
pub async fn try_look(desk: &mut Desk, look: Look) -> Result<()> {
    match look {
        Look::Light => {}
        Look::Dark => {
            desk.session.set("GTK_THEME", "Adwaita:dark");
            desk.scheme = Scheme::Dark;
        }
        Look::DarkByPortal => {
            let _portal = Portal::start(&desk.session_bus()?, &[("color-scheme", 1)]).await?;
            desk.scheme = Scheme::Dark;
            desk.start()?;
            return seen_again(desk, words::WELCOME).await;
        }
        Look::HighContrast => {
            let _portal = Portal::start(&desk.session_bus()?, &[("color-scheme", 0), ("contrast", 1)]).await?;
            desk.ground = Some(WHITE);
            desk.start()?;
            return seen_again(desk, words::WELCOME).await;
        }
        Look::Switched => return switched(desk).await,
        Look::TextScaling => return scaled(desk).await,
    }
    desk.start()?;
    seen_again(desk, words::WELCOME).await
}

/// The page follows while it is open, there and back, and is started in what was chosen last.
async fn switched(desk: &mut Desk) -> Result<()> {
    let portal = Portal::start(&desk.session_bus()?, &[("color-scheme", 0)]).await?;
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    for (value, scheme) in [(1, Scheme::Dark), (2, Scheme::Light), (1, Scheme::Dark)] {
        portal.change("color-scheme", value).await?;
        desk.scheme = scheme;
        desk.sees(words::WELCOME).await?;
    }
    seen_again(desk, words::WELCOME).await
}

/// Letters are half as large again, and everything is there all the same.
async fn scaled(desk: &mut Desk) -> Result<()> {
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    let usual = desk.height_of(words::WELCOME).await?;
    desk.quit().await?;
    let folder = desk.session.folder().join("config/gtk-3.0");
    fs::create_dir_all(&folder)?;
    // 96 dots an inch, half as many again, in 1024ths: what GNOME's setting comes to.
    fs::write(folder.join("settings.ini"), format!("[Settings]\ngtk-xft-dpi={}\n", 96 * 1024 * 3 / 2))?;
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    let now = desk.height_of(words::WELCOME).await?;
    ensure!(now * 10 >= usual * 13, "the heading was {usual} high and is {now}");
    seen_again(desk, words::WELCOME).await
}
