//! What the program finds in its environment.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context, Result, ensure};
use e2e::Browser;

use crate::cases::seen_again;
use crate::desk::Desk;
use crate::table::Environment;
use crate::words;

const XDG: [&str; 4] = ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"];

/// Tries one environment.
pub async fn try_environment(desk: &mut Desk, environment: Environment) -> Result<()> {
    match environment {
        Environment::Language(language) => desk.session.set("LANG", language),
        Environment::NoXdg => {
            XDG.iter().for_each(|name| desk.session.unset(name));
            desk.session.unset("XDG_RUNTIME_DIR");
        }
        Environment::RelativeXdg => XDG.iter().for_each(|name| desk.session.set(name, "somewhere/relative")),
        Environment::HomeNotWritable => {
            XDG.iter().for_each(|name| desk.session.unset(name));
            // Nobody can write there, an administrator neither.
            desk.session.set("HOME", "/proc/self");
        }
        Environment::NoBrowser => return no_browser(desk).await,
        Environment::BrowserWithArguments => return browser_with_arguments(desk).await,
        Environment::NoDownloads => return no_downloads(desk).await,
        Environment::NoTray => {}
    }
    let heading = match environment {
        Environment::HomeNotWritable => words::NO_DATA_FOLDER,
        Environment::Language(language) if language.starts_with("fr") => words::WELCOME_FRENCH,
        _ => words::WELCOME,
    };
    desk.start()?;
    desk.sees(heading).await?;
    if environment == Environment::RelativeXdg {
        let strayed = desk.session.folder().join("somewhere");
        ensure!(!strayed.exists(), "a relative path was taken: {}", strayed.display());
    }
    seen_again(desk, heading).await
}

/// The link can be copied where nothing opens it.
async fn no_browser(desk: &mut Desk) -> Result<()> {
    // `xdg-open` and its like are found by PATH. `env` itself is found by this test's.
    desk.wrapper = ["env", "PATH=/nowhere"].map(str::to_owned).to_vec();
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    desk.press(words::CONFIRM_SERVICE).await?;
    desk.press(words::CONNECT).await?;
    desk.choose(&words::ASKED).await?;
    desk.press(words::START).await?;
    desk.sees(words::OPEN_LINK_YOURSELF).await?;
    desk.leave_picture("")?;
    desk.quit().await?;
    desk.check_log()
}

/// `BROWSER="'/a path/launch' --new-window %s"` is started with its arguments, and the way through it leads back.
async fn browser_with_arguments(desk: &mut Desk) -> Result<()> {
    let browser = Browser::register(&mut desk.session).await?;
    let folder = desk.session.folder().join("my browser");
    fs::create_dir(&folder)?;
    let (launcher, words_file) = (folder.join("launch"), folder.join("words"));
    let inner = desk.session.folder().join("browser/launch");
    fs::write(
        &launcher,
        format!("#!/bin/sh\nprintf '%s\\n' \"$1\" \"$2\" > '{}'\nexec '{}' \"$3\"\n", words_file.display(), inner.display()),
    )?;
    fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755))?;
    desk.session.set("BROWSER", &format!("'{}' --profile \"my own\" %s", launcher.display()));
    desk.browser = Some(browser);
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    desk.connect().await?;
    let given = fs::read_to_string(&words_file).context("the program that BROWSER names was not started")?;
    ensure!(given == "--profile\nmy own\n", "it was started with {given:?}");
    seen_again(desk, words::PERSON_NAME).await
}

/// A report goes to the home folder where there is none for downloads.
async fn no_downloads(desk: &mut Desk) -> Result<()> {
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    desk.press(words::SETTINGS).await?;
    desk.press(words::CHECK_EVERYTHING).await?;
    desk.press(words::SAVE_REPORT).await?;
    desk.reads(words::REPORT_SAVED).await?;
    let home = fs::read_dir(desk.session.folder().join("home"))?.collect::<std::io::Result<Vec<_>>>()?;
    ensure!(home.iter().any(|entry| entry.path().is_file()), "no report is in the home folder");
    desk.leave_picture("")?;
    desk.quit().await?;
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    desk.quit().await?;
    desk.check_log()
}
