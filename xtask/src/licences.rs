//! The licences of everything that the programs and the window's page are made of, as one text. Each package brings its own.
//! Which licences are allowed is cargo-deny's part.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::step::{command, output, succeed};

/// What the names of files with a licence begin with, in small letters.
const NAMES: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];

/// The text's name in every package.
pub const FILE: &str = "third-party-licences.txt";
/// What Vite collects of the page's packages.
const PAGE: &str = "ui/node_modules/.licences/licences.md";

/// Writes the text to `to`.
///
/// # Errors
/// What can't be read, or where the packages aren't there.
pub fn write(to: &Path) -> Result<()> {
    let metadata = output(&mut command("cargo", &["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in shipped(&metadata)? {
        let text = |name: &str| package[name].as_str().unwrap_or_default();
        let folder = Path::new(text("manifest_path")).parent().context("a manifest without a folder")?;
        let title = format!("{} {} ({})", text("name"), text("version"), text("license"));
        let found = licences_in(folder)?;
        if found.is_empty() {
            // It says only by its name which licence it has, whose text others bring.
            texts.entry(format!("{}\n", text("license"))).or_default().push(title);
        } else {
            found.into_iter().for_each(|licence| texts.entry(licence).or_default().push(title.clone()));
        }
    }
    // Vite collects what is in the page.
    succeed(command("npx", &["--no-install", "vite", "build", "--mode", "licences"]).current_dir("ui"))?;
    let page = fs::read_to_string(PAGE).context(PAGE)?;
    let line = "=".repeat(80);
    let mut all = "Monei Connections is licensed under the MIT or the Apache 2.0 licence. It is made of the packages below.\n".to_owned();
    for (licence, packages) in texts {
        all += &format!("\n{line}\n{}\n\n{}\n", packages.join("\n"), licence.trim_end());
    }
    Ok(fs::write(to, format!("{all}\n{line}\nIn the window's page\n\n{page}"))?)
}

/// Name and version of each package that is in the window's page, once [`write`] has had Vite collect them.
///
/// # Errors
/// Where it hasn't, or nothing is in the list.
pub fn in_page() -> Result<Vec<(String, String)>> {
    let found = packages_in(&fs::read_to_string(PAGE).context(PAGE)?);
    ensure!(!found.is_empty(), "{PAGE} names no package");
    Ok(found)
}

/// Each has a heading: `## svelte - 5.57.3 (MIT)`.
fn packages_in(list: &str) -> Vec<(String, String)> {
    let headings =
        list.lines().filter_map(|line| line.strip_prefix("## ")?.rsplit_once(" (")).filter_map(|(package, _)| package.split_once(" - "));
    headings.map(|(name, version)| (name.to_owned(), version.to_owned())).collect()
}

/// The packages of others that end in a program: what the workspace's members depend on, without what only builds or tests them.
fn shipped(metadata: &Value) -> Result<Vec<&Value>> {
    let list = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    let packages: HashMap<&str, &Value> = metadata["packages"]
        .as_array()
        .context("packages")?
        .iter()
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let nodes: HashMap<&str, &Value> =
        metadata["resolve"]["nodes"].as_array().context("nodes")?.iter().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let mut open: Vec<String> = list(&metadata["workspace_members"]).iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
    let mut seen: HashSet<String> = open.iter().cloned().collect();
    let members = seen.clone();
    while let Some(id) = open.pop() {
        let node = nodes.get(&*id).context("a package outside of the graph")?;
        for dependency in list(&node["deps"]) {
            let ships = list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
            if let Some(id) = dependency["pkg"].as_str().filter(|_| ships)
                && seen.insert(id.to_owned())
            {
                open.push(id.to_owned());
            }
        }
    }
    let mut found: Vec<&Value> = seen.difference(&members).filter_map(|id| packages.get(&**id).copied()).collect();
    found.sort_by_key(|package| (package["name"].as_str(), package["version"].as_str()));
    Ok(found)
}

fn licences_in(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if NAMES.iter().any(|begin| name.starts_with(begin)) && entry.file_type()?.is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).replace("\r\n", "\n");
            found.push(text);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_packages_are_read_from_the_headings() {
        let list = "# Licenses\n\nThe app bundles:\n\n## @lucide/svelte - 1.48.0 (ISC)\n\n## not a package\n\n## svelte - 5.57.3 (MIT)\n";
        assert_eq!(
            packages_in(list),
            [("@lucide/svelte", "1.48.0"), ("svelte", "5.57.3")].map(|(name, version)| (name.to_owned(), version.to_owned()))
        );
    }

    #[test]
    fn only_what_ends_in_a_program_is_listed() {
        let package = |name: &str| serde_json::json!({"id": name, "name": name, "version": "1.0.0"});
        let packages = ["ours", "used", "deep", "tests", "builds"].map(package);
        let on = |name: &str, kind: Option<&str>| serde_json::json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let metadata = serde_json::json!({
            "packages": packages,
            "workspace_members": ["ours"],
            "resolve": {"nodes": [
                {"id": "ours", "deps": [on("used", None), on("tests", Some("dev")), on("builds", Some("build"))]},
                {"id": "used", "deps": [on("deep", None)]},
                {"id": "deep", "deps": []}, {"id": "tests", "deps": []}, {"id": "builds", "deps": []},
            ]},
        });
        let names: Vec<_> = shipped(&metadata).unwrap().iter().map(|package| package["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["deep", "used"]);
    }
}
