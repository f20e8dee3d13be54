//! Activation tokens: the desktop's permission for one program to bring a window of another to the front, as long as a person's act is the
//! reason. Wayland's xdg-activation and X11's startup notification both hand it over in the environment of the started program.
//!
//! One direction: a start that finds the program running gives its token to it, since that one's window is to come to the front. The other:
//! the browser that this program opens gets a token of this window.

use std::sync::mpsc;
use std::time::Duration;

use connect_app::browser::ACTIVATION;
use gtk::gio::prelude::*;
use gtk::prelude::*;
use gtk::{gdk, gio, glib};
use tauri::{AppHandle, Manager as _};

/// Precedes the token among the words that a second start hands over. No start takes it from a person ([`crate::cli`]).
const WORD: &str = "--activation-token=";

/// Longest token taken, in bytes.
const MAX_LEN: usize = 512;

/// Longest wait for the running program to take the words, and for the window to give a token.
const RUNNING_ANSWERS: Duration = Duration::from_secs(5);
const WINDOW_ANSWERS: Duration = Duration::from_secs(1);

/// The token that this start was given, if it has the form of one. To be read before GTK starts, which takes the variables away.
pub fn of_this_start() -> Option<String> {
    ACTIVATION.iter().find_map(|name| std::env::var(name).ok().filter(|token| is_well_formed(token)))
}

/// Printable ASCII without spaces: what compositors and X11's startup notification make.
fn is_well_formed(token: &str) -> bool {
    (1..=MAX_LEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Gives the words of this start and its token to the program that runs already, in the same way as the single-instance plugin does, which
/// knows no tokens. Tells whether one runs and has taken them.
pub fn hand_over(single_instance: &str, token: &str) -> bool {
    let name = format!("{single_instance}.SingleInstance");
    let path = format!("/{}", name.replace('.', "/").replace('-', "_"));
    let words: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).chain([format!("{WORD}{token}")]).collect();
    let given = gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE).and_then(|bus| {
        bus.call_sync(
            Some(&name),
            &path,
            "org.SingleInstance.DBus",
            "ExecuteCallback",
            Some(&(words, String::new()).to_variant()),
            None,
            gio::DBusCallFlags::NO_AUTO_START,
            i32::try_from(RUNNING_ANSWERS.as_millis()).unwrap_or(i32::MAX),
            gio::Cancellable::NONE,
        )
    });
    match given {
        Ok(_) => true,
        // Nothing runs, mostly. Else the plugin finds out what is the matter.
        Err(error) => {
            tracing::debug!(%error, "no program takes this start's token");
            false
        }
    }
}

/// Takes the token out of the words that a second start has handed over.
pub fn taken_from(words: Vec<String>) -> (Vec<String>, Option<String>) {
    let (tokens, words): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| word.starts_with(WORD));
    let token = tokens.first().and_then(|word| word.strip_prefix(WORD)).filter(|token| is_well_formed(token)).map(str::to_owned);
    (words, token)
}

/// Brings the window of this label to the front with the permission of `token`, on the thread of the windows.
pub fn use_token(app: &AppHandle, label: &'static str, token: String) {
    let of_window = app.clone();
    let asked = app.run_on_main_thread(move || {
        let Some(top) = of_window.get_webview_window(label).and_then(|window| window.gtk_window().ok()) else { return };
        let display = top.display();
        if native::is_wayland(&display) {
            native::set_activation_token(&display, &token);
        } else {
            // Ends the desktop's sign that a program is starting, too.
            top.set_startup_id(&token);
        }
        top.present_with_time(time_of(&token));
    });
    if let Err(error) = asked {
        tracing::warn!(%error, "the window can't be brought to the front");
    }
}

/// When the person acted, in the X server's milliseconds, which an X11 token ends with; else 0, for now.
fn time_of(token: &str) -> u32 {
    token.rsplit_once("_TIME").and_then(|(_, time)| time.parse().ok()).unwrap_or(0)
}

/// The environment that lets the browser come to the front, from the window that the person is looking at. Empty where the desktop
/// gives no token.
pub fn for_browser(app: &AppHandle) -> Vec<(&'static str, String)> {
    let (give, given) = mpsc::channel();
    if app.run_on_main_thread(move || drop(give.send(new_token()))).is_err() {
        return Vec::new();
    }
    match given.recv_timeout(WINDOW_ANSWERS) {
        Ok(Some((token, true))) => ACTIVATION.map(|name| (name, token.clone())).into(),
        Ok(Some((token, false))) => vec![(ACTIVATION[1], token)],
        Ok(None) => Vec::new(),
        Err(_) => {
            tracing::info!("the window gave no activation token in time");
            Vec::new()
        }
    }
}

/// A token of this window, and whether it is Wayland's.
fn new_token() -> Option<(String, bool)> {
    let display = gdk::Display::default()?;
    let on_wayland = native::is_wayland(&display);
    let browser = gio::AppInfo::default_for_uri_scheme("https");
    // On X11 a browser that doesn't say that it has started would leave the desktop waiting for it.
    let says_so =
        browser.as_ref().and_then(|browser| browser.downcast_ref::<gio::DesktopAppInfo>()).is_some_and(|it| it.boolean("StartupNotify"));
    if !on_wayland && !says_so {
        return None;
    }
    let browser = browser.or_else(|| gio::AppInfo::create_from_commandline("browser", None, gio::AppInfoCreateFlags::NONE).ok())?;
    let token = display.app_launch_context()?.startup_notify_id(&browser, &[])?;
    Some((glib::GString::into(token), on_wayland))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn the_token_is_taken_out_of_the_words_and_the_link_stays_alone() {
        let link = "org.moneiconnections.manager:/callback?tx=a&handoff=b";
        let (words, token) = taken_from(owned(&["monei-connect", link, "--activation-token=abc-1_TIME77"]));
        assert_eq!((words, token.as_deref()), (owned(&["monei-connect", link]), Some("abc-1_TIME77")));
        assert_eq!(taken_from(owned(&["monei-connect"])), (owned(&["monei-connect"]), None));
    }

    #[test]
    fn what_is_no_token_is_not_used() {
        let long = "x".repeat(MAX_LEN + 1);
        for token in ["", "with space", "line\nbreak", "nul\0", "ümlaut", &long] {
            assert!(!is_well_formed(token), "{token:?}");
            let (words, taken) = taken_from(vec!["monei-connect".to_owned(), format!("{WORD}{token}")]);
            assert_eq!((words.len(), taken), (1, None), "{token:?}");
        }
        assert!(is_well_formed("gnome-shell/Firefox/2104-3-host_TIME3921441"));
    }

    #[test]
    fn an_x11_token_tells_when_the_person_acted() {
        assert_eq!(time_of("gnome-shell/Firefox/2104-3-host_TIME3921441"), 3_921_441);
        for without in ["8c7cb6e4", "a_TIME", "a_TIMEx", "a_TIME-1", "a_TIME99999999999"] {
            assert_eq!(time_of(without), 0, "{without}");
        }
    }
}
