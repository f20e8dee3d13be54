//! How the desktop looks: the page follows it.

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
    // Half as many dots an inch again, where GTK reads them on X11: what GNOME's setting comes to.
    let set = desk.session.run("xprop", &["-root", "-f", "RESOURCE_MANAGER", "8s", "-set", "RESOURCE_MANAGER", "Xft.dpi:\t144\n"])?;
    ensure!(set.status.success(), "the dots an inch can't be set: {}", String::from_utf8_lossy(&set.stderr));
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    let now = desk.height_of(words::WELCOME).await?;
    ensure!(now * 10 >= usual * 13, "the heading was {usual} high and is {now}");
    seen_again(desk, words::WELCOME).await
}
