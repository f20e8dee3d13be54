//! Tools of other projects, pinned, built from their registry packages into `target/tools`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{command, succeed};

/// Bans, licences and sources; see `deny.toml`.
const CARGO_DENY: (&str, &str) = ("cargo-deny", "0.20.2");
/// Known vulnerabilities.
const CARGO_AUDIT: (&str, &str) = ("cargo-audit", "0.22.2");
/// Tauri's bundler; its npm package names binaries for platforms that not every registry carries.
const TAURI_CLI: (&str, &str) = ("tauri-cli", "2.12.4");
/// Debian packages of single programs.
const CARGO_DEB: (&str, &str) = ("cargo-deb", "3.8.0");
/// Folder of a local copy of the RustSec database, for machines that can't fetch it.
const ADVISORY_DB: &str = "MONEI_ADVISORY_DB";

/// Which crates, licences and sources are allowed.
pub fn check_dependencies() -> Result<()> {
    let deny = installed(CARGO_DENY)?;
    succeed(Command::new(deny).args(["--all-features", "--locked", "check", "bans", "licenses", "sources"]))
}

/// Known vulnerabilities in `Cargo.lock`.
pub fn audit() -> Result<()> {
    let audit = installed(CARGO_AUDIT)?;
    let mut check = Command::new(audit);
    check.arg("audit");
    match std::env::var_os(ADVISORY_DB) {
        Some(folder) => {
            eprintln!("From the local database in {ADVISORY_DB}.");
            check.args(["--no-fetch", "--stale", "--db"]).arg(folder);
        }
        None => {
            // No database is no pass: a check that did not happen must not look like one that did.
            return succeed(&mut check).with_context(|| {
                format!("vulnerabilities found, or ADVISORIES NOT CHECKED because the database can't be fetched; {ADVISORY_DB} takes a local copy")
            });
        }
    }
    succeed(&mut check)
}

/// The desktop program's packages, as `tauri.conf.json` lists them.
pub fn desktop_packages() -> Result<()> {
    let tauri = installed(TAURI_CLI)?;
    succeed(Command::new(tauri).args(["build", "--ci", "--", "--locked"]))
}

/// A Debian package of one of the programs, into `folder`.
pub fn debian_package(package: &str, profile: &str, folder: &str) -> Result<()> {
    let deb = installed(CARGO_DEB)?;
    succeed(Command::new(deb).args(["--locked", "--package", package, "--profile", profile, "--output", folder]))
}

/// The cargo profile of a service: as a release, but a fault in one exchange doesn't end the others under way.
pub const SERVICE_PROFILE: &str = "service";

fn installed((name, version): (&str, &str)) -> Result<String> {
    // Tauri's program is a subcommand of cargo by another name than its package's.
    let program = format!("target/tools/bin/{}", if name == "tauri-cli" { "cargo-tauri" } else { name });
    let stamp = format!("target/tools/{name}.version");
    if Path::new(&program).exists() && std::fs::read_to_string(&stamp).is_ok_and(|text| text == version) {
        return Ok(program);
    }
    // Unoptimised: it runs for a second or two, and would build for minutes.
    let words = ["install", "--locked", "--force", "--debug", "--root", "target/tools", "--target-dir", "target/tools/build", "--version"];
    let mut install = command("cargo", &words);
    install.args([version, name]).env("CARGO_PROFILE_DEV_DEBUG", "0");
    succeed(&mut install)?;
    if !Path::new(&program).exists() {
        bail!("{name} was not installed");
    }
    std::fs::write(stamp, version)?;
    Ok(program)
}
