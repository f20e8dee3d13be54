//! What this front end brings along for the core: the person's browser, in front of the window where there is one, and the desktop's
//! proxies.

use std::sync::Arc;

use connect_app::browser::{SystemBrowser, Variables};
use connect_app::settings::Settings;
use connect_app::start::Platform;
use tauri::AppHandle;

use crate::window;

/// For a diagnosis.
pub fn without_window(settings: &Settings) -> Platform {
    let browser = SystemBrowser::new(settings.link_scheme.clone()).with_variables(not_inherited);
    with_browser(Arc::new(browser))
}

/// The browser that opens in front of the window of `app`, as far as the desktop lets it.
pub fn browser_of(app: AppHandle, settings: &Settings) -> SystemBrowser {
    SystemBrowser::new(settings.link_scheme.clone()).with_variables(move || not_inherited().into_iter().chain(tokens(&app)).collect())
}

/// What lets the browser come to the front of the window.
#[cfg(target_os = "linux")]
fn tokens(app: &AppHandle) -> Variables {
    crate::activation::for_browser(app).into_iter().map(|(name, token)| (name, Some(token))).collect()
}

/// Elsewhere nothing has to be given for that.
#[cfg(not(target_os = "linux"))]
fn tokens(_: &AppHandle) -> Variables {
    Vec::new()
}

/// With a browser that is there already.
pub fn with_browser(browser: Arc<SystemBrowser>) -> Platform {
    Platform { browser, proxies: crate::proxies::of_the_desktop(), loopback_port: None, in_memory: false }
}

/// What was set for this program's own window alone.
fn not_inherited() -> Variables {
    window::not_inherited().map(|name| (name, None)).into_iter().collect()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use connect_core::Browser as _;
    use url::Url;

    use super::*;

    #[test]
    fn the_browser_inherits_nothing_that_was_set_for_the_window() {
        let folder = tempfile::tempdir().unwrap();
        let (browser, seen) = (folder.path().join("a-browser"), folder.path().join("environment"));
        std::fs::write(&browser, format!("#!/bin/sh\nenv > '{}'\n", seen.display())).unwrap();
        std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o700)).unwrap();
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "platform::tests::child_that_opens_a_browser", "--nocapture"])
            .env("BROWSER", &browser)
            .env("CONNECT_TEST_OPENS", "1")
            .env_remove("WEBKIT_DISABLE_COMPOSITING_MODE")
            .env_remove("TAURI_WEBVIEW_AUTOMATION")
            .status()
            .unwrap();
        assert!(child.success());
        let environment = std::fs::read_to_string(seen).unwrap();
        assert!(environment.contains("PATH=") && !environment.contains("WEBKIT_"), "{environment}");
    }

    /// Not a test of its own: what [`the_browser_inherits_nothing_that_was_set_for_the_window`] starts.
    #[test]
    fn child_that_opens_a_browser() {
        if std::env::var_os("CONNECT_TEST_OPENS").is_none() {
            return;
        }
        window::prepare();
        assert!(std::env::var_os("WEBKIT_DISABLE_COMPOSITING_MODE").is_some());
        let browser = SystemBrowser::new("org.example.test".to_owned()).with_variables(not_inherited);
        browser.open(&Url::parse("http://127.0.0.1:1/").unwrap()).unwrap();
    }
}
