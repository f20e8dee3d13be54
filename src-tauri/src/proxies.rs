//! The proxies that the person's desktop is set up with. On Linux GIO tells them: GNOME's settings and those that are like them, KDE's by
//! libproxy, and inside of a Flatpak the portal's. It notices changes while the program runs.

use std::sync::Arc;

use connect_core::DesktopProxies;

/// The desktop's own, whichever that is.
pub fn of_the_desktop() -> Arc<dyn DesktopProxies> {
    #[cfg(target_os = "linux")]
    let desktop = linux::Gio;
    #[cfg(not(target_os = "linux"))]
    let desktop = connect_core::SystemProxies;
    Arc::new(desktop)
}

#[cfg(target_os = "linux")]
mod linux {
    use connect_core::DesktopProxies;
    use gtk::gio;
    use gtk::gio::prelude::ProxyResolverExt as _;
    use url::Url;

    pub(super) struct Gio;

    impl DesktopProxies for Gio {
        fn ways_to(&self, url: &Url) -> Vec<String> {
            let mut ways = told(url.as_str());
            if ways.iter().any(|way| way.starts_with("http://")) {
                // GNOME keeps one user name and password, and tells it for addresses without encryption alone.
                let plain = told(&url.as_str().replacen("https:", "http:", 1));
                for way in &mut ways {
                    if let Some(known) = plain.iter().find(|known| without_password(known) == *way) {
                        way.clone_from(known);
                    }
                }
            }
            ways
        }
    }

    /// GIO's own answer. It may take a while: a script may have to be fetched and run by another process.
    fn told(address: &str) -> Vec<String> {
        // One object for the whole process, made to be asked from any thread.
        match gio::ProxyResolver::default().lookup(address, gio::Cancellable::NONE) {
            Ok(ways) => ways.into_iter().map(String::from).collect(),
            Err(error) => {
                // Its words may hold the proxy's address.
                tracing::warn!(kind = ?error.kind::<gio::IOErrorEnum>(), "the desktop can't tell its proxy");
                Vec::new()
            }
        }
    }

    fn without_password(way: &str) -> String {
        match way.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
            Some((scheme, place)) => format!("{scheme}://{place}"),
            None => way.to_owned(),
        }
    }

    #[cfg(test)]
    mod tests {
        use std::path::Path;
        use std::process::Command;
        use std::time::{Duration, Instant};

        use super::*;

        const PLACE: &str = "CONNECT_TEST_DESKTOP";
        const ADDRESS: &str = "https://connect.corporate.test/";

        /// Writes GNOME's settings, as its keyfile backend keeps them.
        fn gnome(place: &Path, port: u16, password: bool) {
            let settings = place.join("glib-2.0/settings");
            std::fs::create_dir_all(&settings).unwrap();
            let manual = "[system/proxy]\nmode='manual'\nignore-hosts=['*.inside.test']\n";
            let https = format!("[system/proxy/https]\nhost='proxy.example'\nport={port}\n");
            let http = format!("[system/proxy/http]\nhost='proxy.example'\nport={port}\n");
            let user = "use-authentication=true\nauthentication-user='ada'\nauthentication-password='geheim'\n";
            let text = format!("{manual}{https}{http}{}", if password { user } else { "" });
            // As a whole: it is read as soon as it changes.
            std::fs::write(settings.join("next"), text).unwrap();
            std::fs::rename(settings.join("next"), settings.join("keyfile")).unwrap();
        }

        /// KDE's settings.
        fn kde(place: &Path) {
            let text = "[Proxy Settings]\nProxyType=1\nhttpsProxy=http://kde.example 3128\nhttpProxy=http://kde.example 3128\n";
            std::fs::write(place.join("kioslaverc"), text).unwrap();
        }

        /// Runs `child` as the program of a person with this desktop.
        fn on(desktop: &str, place: &Path) {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "proxies::linux::tests::child", "--nocapture"]);
            for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
                command.env_remove(name);
            }
            command.env(PLACE, place).env("HOME", place).env("XDG_CONFIG_HOME", place).env("GSETTINGS_BACKEND", "keyfile");
            command.env("XDG_CURRENT_DESKTOP", desktop).env_remove("DESKTOP_SESSION");
            if desktop == "KDE" {
                command.env("KDE_FULL_SESSION", "true").env("KDE_SESSION_VERSION", "5");
            }
            let output = command.output().unwrap();
            let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success() && told.contains("child done"), "{desktop}: {told}");
        }

        /// Not a test of its own: what the program on that desktop is told.
        #[test]
        fn child() {
            let Ok(place) = std::env::var(PLACE) else { return };
            let url = Url::parse(ADDRESS).unwrap();
            if std::env::var("XDG_CURRENT_DESKTOP").unwrap() == "KDE" {
                assert_eq!(Gio.ways_to(&url), ["http://kde.example:3128"]);
            } else {
                assert_eq!(Gio.ways_to(&url), ["http://proxy.example:3128"]);
                assert_eq!(Gio.ways_to(&Url::parse("https://a.inside.test/").unwrap()), ["direct://"]);
                // Changed while it runs. The window's own loop does what is done here.
                gnome(Path::new(&place), 3129, true);
                let began = Instant::now();
                while Gio.ways_to(&url) != ["http://ada:geheim@proxy.example:3129"] {
                    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", Gio.ways_to(&url));
                    gtk::glib::MainContext::default().iteration(false);
                }
            }
            println!("child done");
        }

        #[test]
        fn gnomes_own_proxy_is_told_with_its_password_and_seen_when_it_changes() {
            let place = tempfile::tempdir().unwrap();
            gnome(place.path(), 3128, false);
            on("GNOME", place.path());
        }

        #[test]
        fn kdes_own_proxy_is_told() {
            let place = tempfile::tempdir().unwrap();
            kde(place.path());
            on("KDE", place.path());
        }
    }
}
