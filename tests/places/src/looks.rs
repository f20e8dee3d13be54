//! How the desktop looks: the page follows it.

use anyhow::{Result, ensure};

use crate::cases::seen_again;
use crate::desk::{Desk, Scheme};
use crate::picture::{DESKTOP, lightness};
use crate::portal::Portal;
use crate::screen::Screen;
use crate::table::Look;
use crate::words;

/// The ground of a page in high contrast: white itself, and no shade of it.
const WHITE: [u8; 3] = [0xff, 0xff, 0xff];

/// Pictures of the window while it starts that are enough to have seen a flash.
const LEAST_PICTURES: usize = 50;

/// Tries one look.
pub async fn try_look(desk: &mut Desk, look: Look) -> Result<()> {
    match look {
        Look::Light => without_a_flash(desk).await,
        Look::Dark => {
            desk.session.set("GTK_THEME", "Adwaita:dark");
            desk.scheme = Scheme::Dark;
            without_a_flash(desk).await
        }
        Look::DarkByPortal => {
            let _portal = Portal::start(&desk.session_bus()?, &[("color-scheme", 1)]).await?;
            desk.scheme = Scheme::Dark;
            without_a_flash(desk).await
        }
        Look::HighContrast => {
            let _portal = Portal::start(&desk.session_bus()?, &[("color-scheme", 0), ("contrast", 1)]).await?;
            desk.ground = Some(WHITE);
            desk.start()?;
            seen_again(desk, words::WELCOME).await
        }
        Look::Switched => switched(desk).await,
        Look::TextScaling => scaled(desk).await,
    }
}

/// The window never shows the other scheme, from its first picture on.
async fn without_a_flash(desk: &mut Desk) -> Result<()> {
    let watch = Screen::watch(&desk.session)?;
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    let shown: Vec<[u8; 3]> = watch.end()?.into_iter().filter(|colour| *colour != DESKTOP).collect();
    let seen = shown.len();
    ensure!(seen >= LEAST_PICTURES, "only {seen} pictures of the window");
    let fits = |colour: [u8; 3]| match desk.scheme {
        Scheme::Light => lightness(colour) > 128,
        Scheme::Dark => lightness(colour) < 128,
    };
    let others = shown.iter().filter(|colour| !fits(**colour)).count();
    ensure!(others == 0, "{others} of {seen} pictures were not {:?}", desk.scheme);
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
