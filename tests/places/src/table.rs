//! The table of places: every value of every axis, under its name, and whether it belongs to the part that every test run takes.
//! docs/places.md describes each; a test keeps the two alike.

use e2e::{Display, Keychain, Manager};

use crate::ways::Kind;

/// The displays. The whole journey is taken on each, always.
pub const DISPLAYS: [(&str, Display); 7] = [
    ("openbox", Display::X11 { size: (1440, 1000), manager: Manager::Openbox, scale: 1 }),
    ("i3", Display::X11 { size: (1440, 1000), manager: Manager::I3, scale: 1 }),
    ("weston", Display::Weston { scale: 1 }),
    ("weston-scale-2", Display::Weston { scale: 2 }),
    ("sway", Display::Sway),
    ("gdk-scale-2-on-1366x768", Display::X11 { size: (1366, 768), manager: Manager::Openbox, scale: 2 }),
    ("1280x720", Display::X11 { size: (1280, 720), manager: Manager::Openbox, scale: 1 }),
];

/// What happens to the window: each is tried on each display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Nothing is saved.
    First,
    /// The size that it was closed with, in logical pixels.
    Saved(i32, i32),
    /// It was closed while it covered the screen.
    Maximised,
    /// It was closed on a monitor that is no longer there.
    MonitorGone,
    /// It gets another size before its page is there.
    ResizedWhileLoading,
    /// It is closed and started four times.
    FourRestarts,
}

/// The values of that axis.
pub const WINDOWS: [(&str, Window); 9] = [
    ("first-start", Window::First),
    ("saved-1081x720", Window::Saved(1081, 720)),
    ("saved-1000x700", Window::Saved(1000, 700)),
    ("saved-720x520", Window::Saved(720, 520)),
    ("saved-1300x850", Window::Saved(1300, 850)),
    ("maximised", Window::Maximised),
    ("monitor-gone", Window::MonitorGone),
    ("resized-while-loading", Window::ResizedWhileLoading),
    ("four-restarts", Window::FourRestarts),
];

/// Where approvals are kept, and what happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Unlocked all the time.
    Unlocked,
    /// Locked; the person takes 15 seconds to answer its dialog.
    AnsweredLate,
    /// Locked; the person cancels its dialog.
    Cancelled,
    /// Never set up; the person chooses a password.
    NeverSetUp,
    /// Its service is another one between two calls.
    Restarted,
    /// Its service ends while its dialog is open.
    Killed,
    /// KeePassXC, whose database is locked, and which asks about each entry of an earlier run.
    KeePassXc,
    /// KWallet, installed and not running, never set up.
    KWallet,
    /// There is none.
    Absent,
    /// There is no session bus, so none can be reached.
    NoBus,
}

/// The values of that axis. The whole journey is taken with each, always.
pub const KEYCHAINS: [(&str, Secrets); 10] = [
    ("unlocked", Secrets::Unlocked),
    ("locked-answered-after-15-s", Secrets::AnsweredLate),
    ("locked-cancelled", Secrets::Cancelled),
    ("never-set-up", Secrets::NeverSetUp),
    ("restarted-between-two-calls", Secrets::Restarted),
    ("killed-with-its-dialog-open", Secrets::Killed),
    ("keepassxc", Secrets::KeePassXc),
    ("kwallet-not-running-never-set-up", Secrets::KWallet),
    ("no-service", Secrets::Absent),
    ("no-session-bus", Secrets::NoBus),
];

impl Secrets {
    /// The keychain that the session begins with.
    pub fn keychain(self) -> Keychain {
        match self {
            Self::Unlocked | Self::Restarted | Self::NoBus => Keychain::Unlocked,
            Self::AnsweredLate | Self::Cancelled | Self::Killed => Keychain::Locked,
            Self::NeverSetUp => Keychain::NeverSetUp,
            Self::KeePassXc => Keychain::KeePassXc,
            Self::KWallet => Keychain::KWallet,
            Self::Absent => Keychain::Absent,
        }
    }
}

/// How the desktop looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing is set.
    Light,
    /// A dark GTK theme.
    Dark,
    /// The settings portal says dark.
    DarkByPortal,
    /// The portal changes while the program runs, there and back.
    Switched,
    /// The portal asks for high contrast.
    HighContrast,
    /// Letters half as large again.
    TextScaling,
}

/// The values of that axis.
pub const LOOKS: [(&str, Look); 6] = [
    ("light", Look::Light),
    ("dark", Look::Dark),
    ("dark-by-portal", Look::DarkByPortal),
    ("switched-live", Look::Switched),
    ("high-contrast", Look::HighContrast),
    ("text-150-percent", Look::TextScaling),
];

/// How the program gets out to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Nothing in between.
    Direct,
    /// Through this.
    Through(Kind),
    /// Through the HTTP proxy of GNOME's settings.
    Gnome,
    /// Through the HTTP proxy that a script tells, which GNOME's settings name (proxy auto-configuration).
    GnomeScript,
    /// There is none at all.
    None,
}

/// The values of that axis.
pub const NETWORKS: [(&str, Network); 8] = [
    ("direct", Network::Direct),
    ("http-proxy", Network::Through(Kind::HttpProxy)),
    ("socks5-proxy", Network::Through(Kind::Socks5)),
    ("proxy-wants-a-password", Network::Through(Kind::HttpProxyWithPassword)),
    ("gnome-proxy", Network::Gnome),
    ("gnome-proxy-script", Network::GnomeScript),
    ("captive-portal", Network::Through(Kind::Portal)),
    ("no-network", Network::None),
];

/// What the program finds in its environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// `LANG`, and whether its letters run from right to left.
    Language(&'static str),
    /// No `XDG_*` variable is set.
    NoXdg,
    /// They hold relative paths, which the specification has programs ignore.
    RelativeXdg,
    /// Nothing can be written below `HOME`.
    HomeNotWritable,
    /// Nothing opens an address.
    NoBrowser,
    /// `BROWSER` names a program in quotes, with arguments.
    BrowserWithArguments,
    /// There is no folder for downloads.
    NoDownloads,
    /// Neither a tray nor a notification service is at the bus.
    NoTray,
}

/// The values of that axis.
pub const ENVIRONMENTS: [(&str, Environment); 10] = [
    ("lang-c", Environment::Language("C")),
    ("lang-fr", Environment::Language("fr_FR.UTF-8")),
    ("lang-ar", Environment::Language("ar_EG.UTF-8")),
    ("no-xdg-variables", Environment::NoXdg),
    ("relative-xdg-variables", Environment::RelativeXdg),
    ("home-not-writable", Environment::HomeNotWritable),
    ("no-browser", Environment::NoBrowser),
    ("browser-with-quotes-and-arguments", Environment::BrowserWithArguments),
    ("no-downloads-folder", Environment::NoDownloads),
    ("no-tray-no-notifications", Environment::NoTray),
];

/// What somebody finds who has just installed the package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstMinutes {
    /// No environment and no service is set.
    NothingSet,
    /// What is set is a program of this computer that says it is Monei.
    PosesAsMonei,
    /// A packager has set another name, identifier and connection service, and built the program with them.
    AnotherName,
}

/// The values of that axis.
pub const FIRST_MINUTES: [(&str, FirstMinutes); 3] = [
    ("nothing-set", FirstMinutes::NothingSet),
    ("service-poses-as-monei", FirstMinutes::PosesAsMonei),
    ("another-name", FirstMinutes::AnotherName),
];

/// How windows come to the front by the desktop's permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Activation tokens of Wayland, both ways.
    Token,
    /// X11's startup notification.
    StartupNotification,
}

/// The values of that axis.
pub const ACTIVATIONS: [(&str, Activation); 2] =
    [("tokens-on-sway", Activation::Token), ("startup-notification-on-openbox", Activation::StartupNotification)];

/// The displays on which the web process is ended.
pub const WEB_PROCESSES: [(&str, Display); 2] = [("killed-on-openbox", DISPLAYS[0].1), ("killed-on-weston", DISPLAYS[2].1)];

/// The state in which the program is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// A keychain that is locked, and whose dialog was cancelled.
    LockedKeychain,
    /// A keychain that is unlocked, and an account in it.
    UnlockedKeychain,
    /// No network.
    Offline,
}

/// The values of that axis.
pub const UNASKED: [(&str, Unasked); 3] = [
    ("dialog-cancelled-for-120-s", Unasked::LockedKeychain),
    ("an-account-for-95-s", Unasked::UnlockedKeychain),
    ("offline-for-65-s", Unasked::Offline),
];

/// What is tried in a place.
#[derive(Clone, Copy, Debug)]
pub enum Case {
    /// First run, a partial grant through a real browser, the dashboard, another size, closed, started again.
    Journey(Display),
    /// Started, seen, given another size, closed, started again.
    Window(Display, Window),
    /// The same journey with another keychain.
    Keychain(Secrets),
    /// Started, seen in the right colours, given another size, closed, started again.
    Look(Look),
    /// The same, with the right words about the network.
    Network(Network),
    /// The same, with what the environment calls for.
    Environment(Environment),
    /// Nothing is set, or the wrong thing.
    FirstMinutes(FirstMinutes),
    /// Windows come to the front.
    Activation(Activation),
    /// The web process is ended, three times.
    WebProcess(Display),
    /// Left alone: nothing is asked, written or said again and again.
    Unasked(Unasked),
    /// Started several times with a saved size; none takes over a second.
    StartTime,
}

/// One place.
pub struct Place {
    /// Its name in the closing lines, and of its picture.
    pub name: String,
    /// Whether it belongs to every test run; else to `--all`.
    pub always: bool,
    /// What is tried.
    pub case: Case,
}

/// Every place.
pub fn places() -> Vec<Place> {
    let journeys =
        DISPLAYS.iter().map(|(name, display)| Place { name: format!("display::{name}"), always: true, case: Case::Journey(*display) });
    let windows = DISPLAYS.iter().flat_map(|(name, display)| {
        WINDOWS.iter().map(move |(state, window)| Place {
            name: format!("window::{name}::{state}"),
            // One display of each kind: windows whose frame the desktop draws, and windows that draw their own.
            always: matches!(*name, "openbox" | "weston"),
            case: Case::Window(*display, *window),
        })
    });
    let keychains =
        KEYCHAINS.iter().map(|(name, secrets)| Place { name: format!("keychain::{name}"), always: true, case: Case::Keychain(*secrets) });
    let looks = LOOKS.iter().map(|(name, look)| Place { name: format!("look::{name}"), always: true, case: Case::Look(*look) });
    let networks =
        NETWORKS.iter().map(|(name, network)| Place { name: format!("network::{name}"), always: true, case: Case::Network(*network) });
    let environments = ENVIRONMENTS.iter().map(|(name, environment)| Place {
        name: format!("environment::{name}"),
        always: true,
        case: Case::Environment(*environment),
    });
    let first_minutes = FIRST_MINUTES.iter().map(|(name, case)| Place {
        name: format!("first-minutes::{name}"),
        // The program of another packager is built for it.
        always: *case != FirstMinutes::AnotherName,
        case: Case::FirstMinutes(*case),
    });
    let activations = ACTIVATIONS.iter().map(|(name, activation)| Place {
        name: format!("activation::{name}"),
        always: true,
        case: Case::Activation(*activation),
    });
    let faults = WEB_PROCESSES.iter().map(|(name, display)| Place {
        name: format!("web-process::{name}"),
        always: true,
        case: Case::WebProcess(*display),
    });
    let unasked =
        UNASKED.iter().map(|(name, unasked)| Place { name: format!("unasked::{name}"), always: true, case: Case::Unasked(*unasked) });
    let start = Place { name: "start::within-a-second".to_owned(), always: true, case: Case::StartTime };
    // The long ones first: they wait beside the others.
    unasked
        .chain(journeys)
        .chain(windows)
        .chain(keychains)
        .chain(looks)
        .chain(networks)
        .chain(environments)
        .chain(first_minutes)
        .chain(activations)
        .chain(faults)
        .chain([start])
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_describes_each_place_and_no_other() {
        let text = include_str!("../../../docs/places.md");
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name));
        let described: BTreeSet<&str> = rows.collect();
        let there: BTreeSet<&str> = axes().into_iter().flatten().collect();
        assert_eq!(described, there);
    }

    #[test]
    fn each_place_has_a_name_of_its_own() {
        let names: Vec<String> = places().into_iter().map(|place| place.name).collect();
        let unique: BTreeSet<&String> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn every_display_and_keychain_is_in_every_test_run() {
        let always: Vec<String> = places().into_iter().filter(|place| place.always).map(|place| place.name).collect();
        for (name, _) in DISPLAYS {
            assert!(always.contains(&format!("display::{name}")), "{name}");
        }
        for (name, _) in KEYCHAINS {
            assert!(always.contains(&format!("keychain::{name}")), "{name}");
        }
    }

    fn axes() -> Vec<Vec<&'static str>> {
        vec![
            DISPLAYS.iter().map(|(name, _)| *name).collect(),
            WINDOWS.iter().map(|(name, _)| *name).collect(),
            KEYCHAINS.iter().map(|(name, _)| *name).collect(),
            LOOKS.iter().map(|(name, _)| *name).collect(),
            NETWORKS.iter().map(|(name, _)| *name).collect(),
            ENVIRONMENTS.iter().map(|(name, _)| *name).collect(),
            FIRST_MINUTES.iter().map(|(name, _)| *name).collect(),
            ACTIVATIONS.iter().map(|(name, _)| *name).collect(),
            WEB_PROCESSES.iter().map(|(name, _)| *name).collect(),
            UNASKED.iter().map(|(name, _)| *name).collect(),
            vec!["within-a-second"],
        ]
    }
}
