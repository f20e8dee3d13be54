//! The words of a diagnosis, for a person who asks for help: what was tried, and what came of it. No account, secret or file of the
//! person is in it. The web view never gets it and never says where it goes.

use std::io::Write as _;
use std::path::Path;

use connect_core::view::Environment;
use connect_core::{Check, ProxySetting};

/// Name of the first report in a folder; later ones are numbered.
const NAME: &str = "monei-connections-report";
/// Most reports in one folder.
const MOST: u32 = 99;

/// The whole report, one line per check.
pub fn text(environment: Environment, backend: &str, checks: &[Check]) -> String {
    let lines = checks.iter().map(line).collect::<Vec<_>>().join("\n");
    let (version, system) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    format!("Monei Connections {version} ({system}), {environment:?}, backend {backend}\n{lines}")
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

fn line(check: &Check) -> String {
    let name = check.name.word().replace('_', " ");
    let mark = if check.ok { "ok" } else { "NOT OK" };
    let why = check.problem.map(|code| format!(": {}{}", code.name(), check.proxy.as_ref().map(set_in).unwrap_or_default()));
    let why = why.unwrap_or_default();
    let skew = check.skew_s.map(|seconds| format!(", its clock is {seconds} s ahead of this computer's")).unwrap_or_default();
    format!("  {name:<18} {mark}{why} ({} ms{skew})", check.took_ms)
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
    fn a_line_says_what_is_wrong_and_how_far_the_clock_is_off() {
        let (problem, name) = (Some(ProblemCode::DeepLinkUnavailable), CheckName::LinkHandler);
        let check = Check { name, ok: false, problem, proxy: None, took_ms: 3, skew_s: None };
        assert_eq!(line(&check), "  link handler       NOT OK: deep_link_unavailable (3 ms)");
        let check = Check { name: CheckName::Monei, ok: true, problem: None, proxy: None, took_ms: 3, skew_s: Some(-600) };
        assert!(line(&check).contains("-600 s"), "{}", line(&check));
        let proxy = Some(ProxySetting { variable: Some("ALL_PROXY".into()), scheme: Some("gopher".into()) });
        let unusable =
            Check { name: CheckName::Backend, ok: false, problem: Some(ProblemCode::ProxySetting), proxy, took_ms: 0, skew_s: None };
        assert_eq!(line(&unusable), "  backend            NOT OK: proxy_setting (set in ALL_PROXY, gopher://) (0 ms)");
        let whole = text(Environment::Sandbox, "http://127.0.0.1:1", &[check]);
        assert!(whole.starts_with("Monei Connections ") && whole.lines().count() == 2, "{whole}");
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
