//! Light or dark, and how much contrast: what the person chose for the desktop. GNOME and KDE tell it by the settings portal, others by the
//! GTK theme. Both end up in GTK's settings of this process, which WebKit passes on to the page (`prefers-color-scheme`,
//! `prefers-contrast`) and which dialogs follow.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use gtk::prelude::*;
use gtk::{gio, glib};

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const SETTINGS: &str = "org.freedesktop.portal.Settings";
const NAMESPACE: &str = "org.freedesktop.appearance";

/// How long the start waits for the portal, in milliseconds. A later answer is followed as a change is.
const PATIENCE: i32 = 250;

/// What the portal says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `None` where it is left to programs.
    dark: Option<bool>,
    contrast: bool,
}

impl Wishes {
    fn with(self, key: &str, value: &glib::Variant) -> Self {
        // The older call wraps a value twice.
        let value = if value.is::<glib::Variant>() { value.as_variant() } else { None }.unwrap_or_else(|| value.clone());
        match (key, value.get::<u32>()) {
            ("color-scheme", Some(1)) => Self { dark: Some(true), ..self },
            ("color-scheme", Some(2)) => Self { dark: Some(false), ..self },
            ("color-scheme", _) => Self { dark: None, ..self },
            ("contrast", value) => Self { contrast: value == Some(1), ..self },
            _ => self,
        }
    }
}

/// What the portal answers to `ReadAll`: values by name, by namespace.
fn understood(answer: &glib::Variant) -> Wishes {
    let all = answer.get::<(HashMap<String, HashMap<String, glib::Variant>>,)>().map(|(all,)| all).unwrap_or_default();
    all.get(NAMESPACE).into_iter().flatten().fold(Wishes::default(), |wishes, (key, value)| wishes.with(key, value))
}

/// Follows the desktop's appearance for as long as the program runs.
pub struct Appearance {
    wishes: Cell<Wishes>,
    /// GTK's settings that were set here, and are to be left to the desktop again.
    set: Cell<Set>,
    /// While settings are being set here, their changes are no news.
    setting: Cell<bool>,
}

#[derive(Clone, Copy, Default)]
struct Set {
    theme: bool,
    dark: bool,
}

impl Appearance {
    /// Asks the portal, and has GTK and web views of this process look accordingly. GTK must have been started.
    pub fn read() -> Self {
        let appearance = Self { wishes: Cell::default(), set: Cell::default(), setting: Cell::new(false) };
        if let Some(bus) = session_bus() {
            match bus.call_sync(
                Some(PORTAL),
                PATH,
                SETTINGS,
                "ReadAll",
                Some(&question()),
                None,
                gio::DBusCallFlags::NONE,
                PATIENCE,
                gio::Cancellable::NONE,
            ) {
                Ok(answer) => appearance.wishes.set(understood(&answer)),
                Err(error) => tracing::debug!(%error, "no settings portal yet"),
            }
        }
        appearance.apply();
        appearance
    }

    /// Calls `changed` with [`is_dark`] after each change.
    pub fn follow(self, changed: impl Fn(bool) + 'static) {
        let (this, changed) = (Rc::new(self), Rc::new(changed));
        let renew = {
            let appearance = Rc::clone(&this);
            move || {
                if !appearance.setting.get() {
                    appearance.apply();
                    changed(is_dark());
                }
            }
        };
        if let Some(settings) = gtk::Settings::default() {
            let again = renew.clone();
            settings.connect_gtk_theme_name_notify(move |_| again());
            let again = renew.clone();
            settings.connect_gtk_application_prefer_dark_theme_notify(move |_| again());
        }
        let Some(bus) = session_bus() else { return };
        let (appearance, again) = (Rc::clone(&this), renew.clone());
        // Until the program ends.
        let _subscription = bus.signal_subscribe(
            Some(PORTAL),
            Some(SETTINGS),
            Some("SettingChanged"),
            Some(PATH),
            Some(NAMESPACE),
            gio::DBusSignalFlags::NONE,
            move |_, _, _, _, _, news| {
                if let Some((_, key, value)) = news.get::<(String, String, glib::Variant)>() {
                    appearance.wishes.set(appearance.wishes.get().with(&key, &value));
                    again();
                }
            },
        );
        // Once more: it may have been too slow for the start, or have changed since.
        let appearance = this;
        bus.call(
            Some(PORTAL),
            PATH,
            SETTINGS,
            "ReadAll",
            Some(&question()),
            None,
            gio::DBusCallFlags::NONE,
            -1,
            gio::Cancellable::NONE,
            move |answer| {
                if let Ok(answer) = answer {
                    let wishes = understood(&answer);
                    if appearance.wishes.replace(wishes) != wishes {
                        renew();
                    }
                }
            },
        );
    }

    fn apply(&self) {
        let Some(settings) = gtk::Settings::default() else { return };
        self.setting.set(true);
        let (wishes, mut set) = (self.wishes.get(), self.set.get());
        // What was set here hides what the desktop says.
        if set.dark && wishes.dark.is_none() {
            settings.reset_property("gtk-application-prefer-dark-theme");
            set.dark = false;
        }
        if set.theme {
            settings.reset_property("gtk-theme-name");
            set.theme = false;
        }
        match wishes.dark {
            Some(dark) => {
                set.dark = true;
                settings.set_gtk_application_prefer_dark_theme(dark);
            }
            // WebKit knows a dark theme by its name alone.
            None if theme_is_dark() => {
                set.dark = true;
                settings.set_gtk_application_prefer_dark_theme(true);
            }
            None => {}
        }
        // WebKit knows high contrast by the theme's name, which `GTK_THEME` doesn't change.
        let named = std::env::var("GTK_THEME").is_ok_and(|theme| theme.starts_with("HighContrast"));
        let has_contrast = settings.gtk_theme_name().is_some_and(|theme| theme.starts_with("HighContrast"));
        if (wishes.contrast || named) && !has_contrast {
            set.theme = true;
            settings.set_gtk_theme_name(Some(if is_dark() { "HighContrastInverse" } else { "HighContrast" }));
        }
        self.set.set(set);
        self.setting.set(false);
    }
}

/// Whether the page is dark, by the rules that WebKit has for it.
pub fn is_dark() -> bool {
    gtk::Settings::default().is_some_and(|settings| {
        let theme = settings.gtk_theme_name().unwrap_or_default().to_lowercase();
        settings.is_gtk_application_prefer_dark_theme() || theme.ends_with("-dark")
    })
}

fn session_bus() -> Option<gio::DBusConnection> {
    match gio::bus_get_sync(gio::BusType::Session, gio::Cancellable::NONE) {
        Ok(bus) => {
            // A bus that ends must not end this program.
            bus.set_exit_on_close(false);
            Some(bus)
        }
        Err(error) => {
            tracing::debug!(%error, "no session bus: the GTK theme alone says how the desktop looks");
            None
        }
    }
}

fn question() -> glib::Variant {
    (vec![NAMESPACE],).to_variant()
}

/// Whether the theme's text is lighter than what is behind it.
fn theme_is_dark() -> bool {
    let style = gtk::Label::new(None).style_context();
    let light = |name| style.lookup_color(name).map(|colour| 0.2126 * colour.red() + 0.7152 * colour.green() + 0.0722 * colour.blue());
    matches!((light("theme_bg_color"), light("theme_fg_color")), (Some(behind), Some(text)) if behind < text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(scheme: u32, contrast: u32) -> glib::Variant {
        let values = HashMap::from([("color-scheme", scheme.to_variant()), ("contrast", contrast.to_variant())]);
        (HashMap::from([(NAMESPACE, values)]),).to_variant()
    }

    #[test]
    fn the_portals_words_are_understood() {
        assert_eq!(understood(&answer(0, 0)), Wishes { dark: None, contrast: false });
        assert_eq!(understood(&answer(1, 0)), Wishes { dark: Some(true), contrast: false });
        assert_eq!(understood(&answer(2, 1)), Wishes { dark: Some(false), contrast: true });
        assert_eq!(understood(&answer(9, 9)), Wishes::default());
    }

    #[test]
    fn an_answer_of_another_form_asks_for_nothing() {
        assert_eq!(understood(&().to_variant()), Wishes::default());
        assert_eq!(understood(&("x", 1u32).to_variant()), Wishes::default());
        assert_eq!(Wishes::default().with("color-scheme", &"dark".to_variant()), Wishes::default());
        assert_eq!(Wishes::default().with("accent-color", &1u32.to_variant()), Wishes::default());
    }

    #[test]
    fn a_value_that_is_wrapped_once_more_is_the_same() {
        let wrapped = glib::Variant::from_variant(&1u32.to_variant());
        assert_eq!(Wishes::default().with("color-scheme", &wrapped).dark, Some(true));
    }
}
