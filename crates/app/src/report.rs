//! The words of a diagnosis, for a person who asks for help: what was tried, and what came of it. No account, secret or file of the
//! person is in it. The web view never gets it and never says where it goes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use connect_core::snapshot::{Environment, Language};
use connect_core::{Check, ProxySetting};

use crate::catalogue;
use crate::settings::PRODUCT_NAME;

/// Name of the first report in a folder; later ones are numbered.
const NAME: &str = "monei-connections-report";
/// Most reports in one folder.
const MOST: u32 = 99;

/// The whole report: a line per check, with its `reason` where something isn't well, and what it comes to.
pub fn text(environment: Environment, backend: Option<&str>, checks: &[Check], reason: fn(&Check) -> Option<String>) -> String {
    let lines = checks.iter().map(|check| line(check, reason)).collect::<Vec<_>>().join("\n");
    let (version, system) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    let address = backend.unwrap_or("not set");
    let sum = if connects(checks) { "Connections can be made." } else { "No connection can be made." };
    format!("{PRODUCT_NAME} {version} ({system}), {environment:?}, connection service: {address}\n{lines}\n{sum}")
}

/// Whether everything works that a connection needs.
pub fn connects(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.ok || !check.needed)
}

/// Writes `text` to a new file in the Downloads folder, or where that isn't there or can't be written in the home folder. Gives the path, with
/// `~` for the home folder.
///
/// # Errors
/// Why it can't be written to the last folder that was tried.
pub fn save_for(downloads: Option<PathBuf>, home: Option<PathBuf>, text: &str) -> std::io::Result<String> {
    let mut failed = std::io::ErrorKind::NotFound.into();
    for folder in downloads.into_iter().chain(home.clone()) {
        match save(&folder, text) {
            Ok(name) => {
                let path = folder.join(name);
                let below_home = home.as_deref().and_then(|home| path.strip_prefix(home).ok());
                return Ok(below_home.map_or_else(|| path.display().to_string(), |below| Path::new("~").join(below).display().to_string()));
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Writes `text` to a new file in `folder`, for this user alone, and gives the file's name. Nothing that is there is touched.
///
/// # Errors
/// Why it can't be written.
pub fn save(folder: &Path, text: &str) -> std::io::Result<String> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for number in 1..=MOST {
        let name = if number == 1 { format!("{NAME}.txt") } else { format!("{NAME}-{number}.txt") };
        match options.open(folder.join(&name)) {
            Ok(mut file) => return writeln!(file, "{text}").map(|()| name),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}

fn line(check: &Check, reason: fn(&Check) -> Option<String>) -> String {
    let mark = match check {
        Check { ok: true, .. } => "ok",
        Check { needed: true, .. } => "NOT OK",
        _ => "note",
    };
    let set = check.proxy.as_ref().map(set_in).unwrap_or_default();
    let why = reason(check).map(|why| format!("\n         {why}{set}")).unwrap_or_default();
    let skew = check.skew_s.map(|seconds| format!(", its clock is {seconds} s ahead of this computer's")).unwrap_or_default();
    format!("  {mark:<6} {} ({} ms{skew}){why}", catalogue::check(Language::English, check.name), check.took_ms)
}

/// Where a proxy was set, and of which kind it is.
fn set_in(proxy: &ProxySetting) -> String {
    let place = proxy.variable.as_deref().unwrap_or("the desktop's settings");
    let kind = proxy.scheme.as_deref().map(|scheme| format!(", {scheme}://")).unwrap_or_default();
    format!(" (set in {place}{kind})")
}

#[cfg(test)]
mod tests {
    use connect_core::CheckName;
    use connect_core::problem::ProblemCode;

    use super::*;

    #[test]
    fn a_line_says_in_words_what_is_wrong_and_how_far_the_clock_is_off() {
        let line = |check| super::line(check, catalogue::reason);
        let (problem, name) = (Some(ProblemCode::DeepLinkUnavailable), CheckName::LinkHandler);
        let mut links = Check { name, ok: false, needed: false, problem, proxy: None, took_ms: 3, skew_s: None };
        assert_eq!(
            line(&links),
            "  note   The way back through an app link (3 ms)\n         App links don’t come back to this program. The system hands this program’s links to \
             something else, or to nothing. Choose “Through this computer” in Settings, or install the program anew."
        );
        let proxy = Some(ProxySetting { variable: Some("ALL_PROXY".into()), scheme: Some("gopher".into()) });
        let problem = Some(ProblemCode::ProxySetting);
        let unusable = Check { name: CheckName::Backend, ok: false, needed: true, problem, proxy, took_ms: 0, skew_s: None };
        assert!(line(&unusable).ends_with(" (set in ALL_PROXY, gopher://)"), "{}", line(&unusable));
        let clock = Check { name: CheckName::Clock, ok: false, needed: false, problem: None, proxy: None, took_ms: 3, skew_s: Some(-600) };
        assert!(line(&clock).contains("-600 s") && line(&clock).contains("10 minutes behind"), "{}", line(&clock));
        // A fallback and a clock stop nobody.
        let whole = text(Environment::Sandbox, Some("http://127.0.0.1:1"), &[links.clone(), clock], catalogue::reason);
        assert!(whole.starts_with("Monei Connections ") && whole.ends_with("\nConnections can be made."), "{whole}");
        links.needed = true;
        let whole = text(Environment::Production, None, &[links], catalogue::reason);
        assert!(
            whole.contains("connection service: not set") && whole.contains("NOT OK") && whole.ends_with("No connection can be made."),
            "{whole}"
        );
    }

    #[test]
    fn without_a_downloads_folder_a_report_goes_to_the_home_folder() {
        let home = tempfile::tempdir().unwrap();
        let at = |folder: &str| Some(home.path().join(folder));
        std::fs::create_dir(home.path().join("Downloads")).unwrap();
        let home = Some(home.path().to_owned());
        let saved = |downloads| save_for(downloads, home.clone(), "x").unwrap().replace('\\', "/");
        assert_eq!(saved(at("Downloads")), "~/Downloads/monei-connections-report.txt");
        assert_eq!(saved(at("gone")), "~/monei-connections-report.txt");
        assert_eq!(saved(None), "~/monei-connections-report-2.txt");
        assert!(save_for(at("gone"), at("gone too"), "x").is_err());
        assert!(save_for(None, None, "x").is_err());
    }

    #[test]
    fn a_report_never_writes_over_what_is_there_or_follows_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        #[cfg(unix)]
        std::os::unix::fs::symlink(&elsewhere, folder.path().join("monei-connections-report-2.txt")).unwrap();
        #[cfg(not(unix))]
        std::fs::write(folder.path().join("monei-connections-report-2.txt"), "").unwrap();
        assert_eq!(save(folder.path(), "first").unwrap(), "monei-connections-report.txt");
        assert_eq!(save(folder.path(), "second").unwrap(), "monei-connections-report-3.txt");
        let first = folder.path().join("monei-connections-report.txt");
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "first\n");
        assert!(!elsewhere.exists());
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(first).unwrap().permissions()) & 0o777, 0o600);
        assert!(save(&folder.path().join("missing"), "x").is_err());
    }
}
