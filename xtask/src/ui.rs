//! The web view's packages and bundle.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::gates::files;
use crate::step::{command, succeed};

/// `npm` in the web view's folder.
pub fn npm(arguments: &[&str]) -> Command {
    let mut npm = command("npm", arguments);
    npm.current_dir("ui");
    npm
}

/// Installs exactly what the lock file names, unless that is installed already.
pub fn install() -> Result<()> {
    check_node()?;
    let lock = std::fs::read("ui/package-lock.json").context("ui/package-lock.json")?;
    let stamp = Path::new("ui/node_modules/.installed-lock");
    if std::fs::read(stamp).is_ok_and(|installed| installed == lock) {
        eprintln!("Up to date.");
        return Ok(());
    }
    // No install scripts: nothing is downloaded but the packages themselves.
    succeed(&mut npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund"]))?;
    std::fs::write(stamp, lock).context("ui/node_modules")
}

/// Bundles the web view: into `ui/dist` as packages carry it, and into `ui/dist-tester` with the tester's panel.
pub fn build() -> Result<()> {
    succeed(&mut npm(&["run", "--silent", "build"]))
}

/// What only the tester's panel says, names or calls.
const PANEL: [&str; 4] = ["tester-open", "tester_order", "Have it go wrong", "TesterPanel"];

/// Nothing of the tester's panel is in the bundle that packages carry. That the marks are found in the other one shows that the search works.
pub fn check_release_bundle() -> Result<()> {
    for mark in PANEL {
        let found_in = |bundle: &str| found(Path::new(bundle), mark);
        if found_in("ui/dist-tester")?.is_none() {
            bail!("\"{mark}\" is not in ui/dist-tester: the search for the tester's panel is out of date");
        }
        if let Some(path) = found_in("ui/dist")? {
            bail!("{path} has \"{mark}\" of the tester's panel");
        }
    }
    check_sources("ui/dist")
}

/// What tells of the page's sources, is an address for development, or begins a client secret. The program holds the page compressed, so it is
/// searched before that.
const SOURCES: [&str; 5] = ["sourceMappingURL=", "webpack://", "http://127.0.0.1:", "http://localhost", "mcs_"];

fn check_sources(bundle: &str) -> Result<()> {
    if let Some(map) = files(Path::new(bundle))?.iter().find(|path| path.extension().is_some_and(|ending| ending == "map")) {
        bail!("{} is a source map", map.display());
    }
    for mark in SOURCES {
        if let Some(path) = found(Path::new(bundle), mark)? {
            bail!("{path} has \"{mark}\"");
        }
    }
    Ok(())
}

/// The first file of a folder that has `mark` in its name or text.
fn found(folder: &Path, mark: &str) -> Result<Option<String>> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.display().to_string();
        if path.is_dir() {
            if let Some(inside) = found(&path, mark)? {
                return Ok(Some(inside));
            }
        } else if name.contains(mark) || String::from_utf8_lossy(&std::fs::read(&path)?).contains(mark) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn check_node() -> Result<()> {
    let output = command("node", &["--version"]).output().context("Node is missing: install Node 20 or later")?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major: u32 = text.trim_start_matches('v').split('.').next().and_then(|part| part.parse().ok()).unwrap_or(0);
    if major < 20 {
        bail!("Node 20 or later is needed; this is {text}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_map_or_an_address_for_development_in_the_page_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("assets")).unwrap();
        let bundle = folder.path().to_str().unwrap();
        let script = folder.path().join("assets/index.js");
        std::fs::write(&script, "run()").unwrap();
        check_sources(bundle).unwrap();
        for text in ["run()\n//# sourceMappingURL=index.js.map", "//# sourceMappingURL=data:", "fetch('http://127.0.0.1:43117')"] {
            std::fs::write(&script, text).unwrap();
            assert!(check_sources(bundle).is_err(), "{text}");
        }
        std::fs::remove_file(&script).unwrap();
        std::fs::write(folder.path().join("assets/index.js.map"), "{}").unwrap();
        assert!(check_sources(bundle).is_err());
    }
}
