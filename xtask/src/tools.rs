//! Tools of other projects, pinned, built from their registry packages into `target/tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::licences;
use crate::step::{command, giving_way, output, succeed};

/// Bans, licences and sources; see `deny.toml`.
const CARGO_DENY: (&str, &str) = ("cargo-deny", "0.20.2");
/// Known vulnerabilities.
const CARGO_AUDIT: (&str, &str) = ("cargo-audit", "0.22.2");
/// Tauri's bundler; its npm package names binaries for platforms that not every registry carries.
const TAURI_CLI: (&str, &str) = ("tauri-cli", "2.12.4");
/// Debian packages of single programs.
const CARGO_DEB: (&str, &str) = ("cargo-deb", "3.8.0");
/// Lists of what programs are made of.
const CARGO_CYCLONEDX: (&str, &str) = ("cargo-cyclonedx", "0.5.9");
/// Folder of a local copy of the RustSec database, for machines that can't fetch it.
const ADVISORY_DB: &str = "MONEI_ADVISORY_DB";

/// Builds what the next two checks run.
///
/// # Errors
/// Where one can't be built.
pub fn install_for_checks() -> Result<()> {
    [CARGO_DENY, CARGO_AUDIT].into_iter().try_for_each(|tool| installed(tool).map(drop))
}

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

/// The desktop program's packages, as `tauri.conf.json` lists them, with what `settings` says otherwise.
pub fn desktop_packages(settings: &serde_json::Value) -> Result<()> {
    desktop(settings, &[])
}

/// The same program without packages.
pub fn desktop_program(settings: &serde_json::Value) -> Result<()> {
    desktop(settings, &["--no-bundle"])
}

/// Tauri's own tool.
pub fn tauri() -> Result<Command> {
    Ok(Command::new(installed(TAURI_CLI)?))
}

fn desktop(settings: &serde_json::Value, more: &[&str]) -> Result<()> {
    let mut build = tauri()?;
    build.args(["build", "--ci", "--config", &settings.to_string()]).args(more);
    if cfg!(target_os = "macos") {
        // Among the program's resources. Not in the systems' own configuration, since development builds have no such file.
        build.args([
            "--config",
            r#"{"bundle": {"resources": {"target/monei-connections/third-party-licences.txt": "third-party-licences.txt"}}}"#,
        ]);
    }
    build.args(["--", "--locked", "--package", "monei-connect"]);
    succeed(without_builders_paths(&mut build)?)
}

/// A Debian package of one of the programs, into `folder`.
pub fn debian_package(package: &str, profile: &str, folder: &str) -> Result<()> {
    let deb = installed(CARGO_DEB)?;
    let mut build = Command::new(deb);
    build.args(["--locked", "--package", package, "--profile", profile, "--output", folder]);
    succeed(without_builders_paths(&mut build)?)
}

/// Has the compiler leave the builder's own paths out of the programs, so that the same source gives the same program on every computer.
pub fn without_builders_paths(build: &mut Command) -> Result<&mut Command> {
    // Microsoft's C library is not on every Windows.
    let more: &[&str] = if cfg!(all(windows, target_env = "msvc")) { &["-Ctarget-feature=+crt-static"] } else { &[] };
    without_builders_paths_and(build, more)
}

/// The same, with more flags for the compiler.
pub fn without_builders_paths_and<'a>(build: &'a mut Command, more: &[&str]) -> Result<&'a mut Command> {
    let here = std::env::current_dir()?;
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo_home = cargo_home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).context("no home folder")?;
    let paths = [(here, "/src"), (cargo_home, "/cargo")].map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let flags: Vec<&str> = paths.iter().map(|flag| &**flag).chain(more.iter().copied()).collect();
    // Separated by the character that cargo wants between them, since folders may have spaces in their names.
    Ok(build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}")))
}

/// What each program is made of for `target`, as CycloneDX, one file for each in `folder`; and what the web view is made of. Without a target: for
/// this system.
pub fn write_bills_of_materials(folder: &Path, packages: &[(&str, &str)], target: Option<&str>) -> Result<()> {
    let tool = installed(CARGO_CYCLONEDX)?;
    for (package, manifest) in packages {
        let name = format!("{package}.cdx");
        let words = ["cyclonedx", "--format", "json", "--spec-version", "1.5", "--no-build-deps", "--override-filename"];
        let mut list = Command::new(&tool);
        list.args(words).arg(&name).args(["--manifest-path", manifest]);
        if let Some(target) = target {
            list.args(["--target", target]);
        }
        succeed(&mut list)?;
        // The tool writes one beside each manifest of the workspace.
        let own = Path::new(manifest).with_file_name(format!("{name}.json"));
        std::fs::copy(&own, folder.join(format!("{name}.json"))).with_context(|| own.display().to_string())?;
        for written in written_beside_manifests(&format!("{name}.json"))? {
            std::fs::remove_file(written)?;
        }
    }
    let all = output(&mut crate::ui::npm(&["sbom", "--sbom-format", "cyclonedx"]))?;
    let web_view = in_page_alone(serde_json::from_str(&all)?, &licences::in_page()?)?;
    Ok(std::fs::write(folder.join("web-view.cdx.json"), serde_json::to_string_pretty(&web_view)?)?)
}

/// npm's list without what is in the folder of the web view for building and testing alone. npm itself can't leave that out: what the page needs
/// and a tool needs, too, goes with the tools.
fn in_page_alone(mut bill: Value, page: &[(String, String)]) -> Result<Value> {
    let mut references: Vec<Value> = vec![bill["metadata"]["component"]["bom-ref"].clone()];
    let components = bill["components"].as_array_mut().context("npm's list has no components")?;
    components.retain(|component| page.iter().any(|(name, version)| component["name"] == **name && component["version"] == **version));
    ensure!(components.len() == page.len(), "of {page:?} npm lists {components:?}");
    references.extend(components.iter().map(|component| component["bom-ref"].clone()));
    let dependencies = bill["dependencies"].as_array_mut().context("npm's list has no dependencies")?;
    dependencies.retain(|one| references.contains(&one["ref"]));
    for one in dependencies {
        if let Some(on) = one["dependsOn"].as_array_mut() {
            on.retain(|reference| references.contains(reference));
        }
    }
    Ok(bill)
}

/// Files of this name in the folders of the workspace's packages.
fn written_beside_manifests(name: &str) -> Result<Vec<PathBuf>> {
    let told = output(&mut command("cargo", &["metadata", "--locked", "--no-deps", "--format-version", "1"]))?;
    let told: serde_json::Value = serde_json::from_str(&told)?;
    let manifests = told["packages"].as_array().into_iter().flatten().filter_map(|package| package["manifest_path"].as_str());
    Ok(manifests.map(|manifest| Path::new(manifest).with_file_name(name)).filter(|path| path.exists()).collect())
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
    let mut install = giving_way("cargo", &words);
    install.args([version, name]).env("CARGO_PROFILE_DEV_DEBUG", "0");
    succeed(&mut install)?;
    if !Path::new(&program).exists() {
        bail!("{name} was not installed");
    }
    std::fs::write(stamp, version)?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_bill_has_what_is_in_the_page_and_nothing_else() {
        let part = |name: &str| serde_json::json!({"bom-ref": format!("{name}@1"), "name": name, "version": "1"});
        let bill = serde_json::json!({
            "metadata": {"component": part("ui")},
            "components": [part("svelte"), part("vite"), part("clsx")],
            "dependencies": [
                {"ref": "ui@1", "dependsOn": ["svelte@1", "vite@1"]},
                {"ref": "svelte@1", "dependsOn": ["clsx@1"]},
                {"ref": "vite@1", "dependsOn": []}
            ]
        });
        let page = ["svelte", "clsx"].map(|name| (name.to_owned(), "1".to_owned()));
        let made = in_page_alone(bill.clone(), &page).unwrap();
        assert_eq!(made["components"], serde_json::json!([part("svelte"), part("clsx")]));
        assert_eq!(
            made["dependencies"],
            serde_json::json!([{"ref": "ui@1", "dependsOn": ["svelte@1"]}, {"ref": "svelte@1", "dependsOn": ["clsx@1"]}])
        );
        let unknown = [("svelte".to_owned(), "2".to_owned())];
        assert!(in_page_alone(bill, &unknown).is_err());
    }
}
