//! What is tried in each kind of place.

use anyhow::{Context, Result, ensure};
use e2e::{Display, Keychain, Surroundings};

use crate::desk::Desk;
use crate::table::{Activation, Case, Place, Unasked, Window};
use crate::words;
use crate::{activation, environments, first_minutes, keychains, looks, networks, start_time, unasked, web_process};

/// Tries one place, and leaves a picture of it.
pub async fn try_place(place: &Place) -> Result<()> {
    let mut surroundings = Surroundings::default();
    match place.case {
        Case::Journey(display) | Case::Window(display, _) | Case::WebProcess(display) => surroundings.display = display,
        Case::Activation(Activation::Token) => surroundings.display = Display::Sway,
        Case::Unasked(Unasked::LockedKeychain) => surroundings.keychain = Keychain::Locked,
        Case::Keychain(secrets) => surroundings.keychain = secrets.keychain(),
        Case::Look(_)
        | Case::Network(_)
        | Case::Environment(_)
        | Case::FirstMinutes(_)
        | Case::Activation(Activation::StartupNotification)
        | Case::Unasked(Unasked::UnlockedKeychain | Unasked::Offline)
        | Case::StartTime => {}
    }
    let mut desk = Desk::set_up(&place.name, surroundings).await?;
    let tried = match place.case {
        Case::Journey(_) => journey(&mut desk).await,
        Case::Window(_, window) => window_case(&mut desk, window).await,
        Case::Keychain(secrets) => keychains::try_keychain(&mut desk, secrets).await,
        Case::Look(look) => looks::try_look(&mut desk, look).await,
        Case::Network(network) => networks::try_network(&mut desk, network).await,
        Case::Environment(environment) => environments::try_environment(&mut desk, environment).await,
        Case::FirstMinutes(case) => first_minutes::try_first_minutes(&mut desk, case).await,
        Case::Activation(activation) => activation::try_activation(&mut desk, activation).await,
        Case::WebProcess(_) => web_process::try_faults(&mut desk).await,
        Case::Unasked(unasked) => unasked::try_unasked(&mut desk, unasked).await,
        Case::StartTime => start_time::try_starts(&mut desk).await,
    };
    desk.finish(tried).await
}

/// The page with `heading` is seen, also with another size and after a restart. Begins with the program running.
pub async fn seen_again(desk: &mut Desk, heading: &str) -> Result<()> {
    desk.sees(heading).await?;
    desk.leave_picture("")?;
    let size = another_size(desk).await?;
    desk.resize(size, heading).await?;
    desk.quit().await?;
    desk.start()?;
    desk.sees(heading).await?;
    desk.quit().await?;
    desk.check_log()
}

/// First run, a partial grant, the dashboard, another size, closed, started again.
async fn journey(desk: &mut Desk) -> Result<()> {
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    desk.leave_picture("first-run")?;
    desk.connect().await?;
    desk.sees(words::PERSON_NAME).await?;
    desk.reads(words::BALANCE).await?;
    let size = another_size(desk).await?;
    desk.resize(size, words::PERSON_NAME).await?;
    desk.quit().await?;
    desk.start()?;
    desk.sees(words::PERSON_NAME).await?;
    desk.reads(words::BALANCE).await?;
    desk.leave_picture("")?;
    desk.quit().await?;
    desk.check_log()
}

/// A size that differs from the present one and fits the screen.
pub async fn another_size(desk: &Desk) -> Result<(i32, i32)> {
    let (width, height) = desk.page_size().await?;
    // A little smaller, unless the window would be smaller than it can be.
    let other = |side: i32, by: i32, least: i32| if side - by >= least { side - by } else { side + by / 2 };
    Ok((other(width, 40, 360), other(height, 20, 320)))
}

async fn window_case(desk: &mut Desk, window: Window) -> Result<()> {
    let display = desk.session.display();
    desk.start()?;
    if window == Window::ResizedWhileLoading {
        resize_while_loading(desk).await?;
    }
    desk.sees(words::WELCOME).await?;
    match window {
        Window::First | Window::ResizedWhileLoading => {}
        Window::Saved(width, height) => saved(desk, (width, height)).await?,
        Window::Maximised => {
            let before = desk.page_size().await?;
            desk.screen.maximise(&desk.session, desk.program()?.pid())?;
            desk.wait_for_other_size(before).await?;
            desk.sees(words::WELCOME).await?;
            restart(desk).await?;
            if !display.tiles() {
                desk.wait_for_other_size(before).await?;
                // Given back, it can have any size again.
                let covering = desk.page_size().await?;
                desk.screen.restore(&desk.session, desk.program()?.pid())?;
                desk.wait_for_other_size(covering).await?;
                desk.sees(words::WELCOME).await?;
            }
        }
        Window::MonitorGone => monitor_gone(desk).await?,
        Window::FourRestarts => {
            let size = desk.page_size().await?;
            let place = desk.window_place().await?;
            for _ in 0..4 {
                restart(desk).await?;
                desk.has_size(size).await?;
                // Wayland tells no program where its window is, so none can keep it.
                let now = desk.window_place().await?;
                ensure!(display.is_wayland() || now == place, "the window moved from {place:?} to {now:?}");
            }
        }
    }
    desk.leave_picture("")?;
    let size = another_size(desk).await?;
    let size = desk.resize(size, words::WELCOME).await?;
    restart(desk).await?;
    if !display.tiles() {
        desk.has_size(size).await?;
    }
    desk.quit().await?;
    desk.check_log()
}

async fn restart(desk: &mut Desk) -> Result<()> {
    desk.quit().await?;
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    Ok(())
}

/// Closed with this size, as far as it fits the screen, and started again.
async fn saved(desk: &mut Desk, wanted: (i32, i32)) -> Result<()> {
    let display = desk.session.display();
    let (width, height) = (i32::from(display.size().0), i32::from(display.size().1));
    // A frame needs room beside the page.
    let size = (wanted.0.min(width - 40), wanted.1.min(height - 60));
    if display.tiles() {
        desk.screen.float(&desk.session, size)?;
        let now = desk.page_size().await?;
        ensure!(now.0 > 0, "no page");
        desk.sees(words::WELCOME).await?;
        return restart(desk).await;
    }
    if desk.page_size().await? != size {
        desk.resize(size, words::WELCOME).await?;
    }
    restart(desk).await?;
    desk.has_size(size).await
}

async fn resize_while_loading(desk: &mut Desk) -> Result<()> {
    let pid = desk.program()?.pid();
    desk.screen.wait_for_window(&desk.session, pid).await?;
    let (width, height) = match desk.session.display() {
        Display::X11 { scale: 2, .. } => (600, 330),
        _ => (900, 600),
    };
    desk.screen.resize(&desk.session, pid, (1080, 720), (width, height)).await
}

/// Closed on the right one of two monitors; there is only the left one at the next start.
async fn monitor_gone(desk: &mut Desk) -> Result<()> {
    let one = desk.session.display();
    desk.quit().await?;
    desk.change_display(twice_as_wide(one)).await?;
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    if let Display::X11 { size: (width, _), .. } = one
        && !one.tiles()
    {
        let pid = desk.program()?.pid();
        desk.screen.move_to(&desk.session, pid, i32::from(width) + 60, 60)?;
        desk.wait_until_right_of(i32::from(width)).await?;
    }
    desk.quit().await?;
    desk.change_display(one).await?;
    desk.start()?;
    desk.sees(words::WELCOME).await.context("started where the monitor is gone")?;
    Ok(())
}

fn twice_as_wide(display: Display) -> Display {
    match display {
        Display::X11 { size: (width, height), manager, scale } => Display::X11 { size: (2 * width, height), manager, scale },
        // Wayland tells no program where its window is: another, larger screen is what it can notice.
        Display::Weston { scale: 1 } => Display::Weston { scale: 2 },
        other => other,
    }
}
