//! What a packager sets (`packaging/settings.toml`), as the packages get it: the programs by their build script, the rest here.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

// The same rules as the build script of the program.
#[allow(dead_code, reason = "what only that build script asks")]
#[path = "../../crates/app/src/packaging.rs"]
mod packaging;

pub use packaging::Packaging;

/// From the top of the project.
pub const FILE: &str = "packaging/settings.toml";
/// What stands in the files that packages are made of.
const OWN_NAME: &str = "Monei Connections";
const OWN_IDENTIFIER: &str = "org.moneiconnections.manager";
/// Files with the name or the identifier in them, and where the packages' own are made.
const DESKTOP: (&str, &str) = ("src-tauri/bundle/monei-connect.desktop", "target/monei-connections/monei-connect.desktop");
const METAINFO: (&str, &str) =
    ("packaging/monei-connections/org.moneiconnections.manager.metainfo.xml", "target/monei-connections/metainfo.xml");

/// Reads the file and the environment.
///
/// # Errors
/// One sentence about what can't be in a package.
pub fn read() -> Result<Packaging> {
    check(&fs::read_to_string(FILE).context(FILE)?)
}

/// What such a file sets, the environment in its place.
///
/// # Errors
/// One sentence about what can't be in a package.
pub fn check(text: &str) -> Result<Packaging> {
    let read = Packaging::read(text, &|name| std::env::var(name).ok());
    match read.and_then(|read| read.check().map(|()| read)) {
        Ok(read) => Ok(read),
        Err(why) => bail!("{FILE}, or the environment in its place: {why}"),
    }
}

/// Writes the desktop entry and the metadata with the product's name and identifier, and gives what Tauri's configuration says otherwise.
pub fn apply(settings: &Packaging) -> Result<Value> {
    for (from, to) in [DESKTOP, METAINFO] {
        let text = fs::read_to_string(from).context(from)?;
        fs::write(to, with_names(&text, settings)).context(to)?;
    }
    Ok(configuration(settings))
}

/// `text` with the product's name and identifier in place of this project's.
pub fn with_names(text: &str, settings: &Packaging) -> String {
    // The makers keep their name.
    let makers = format!("{OWN_NAME} contributors");
    let kept = text.replace(&makers, "\0").replace(OWN_NAME, &settings.product_name).replace('\0', &makers);
    kept.replace(OWN_IDENTIFIER, &settings.identifier)
}

/// A merge patch (RFC 7396) for Tauri's configuration.
fn configuration(settings: &Packaging) -> Value {
    let Packaging { product_name, identifier, .. } = settings;
    let mut configuration = json!({
        "identifier": identifier,
        "plugins": {"deep-link": {"desktop": {"schemes": [identifier]}}},
    });
    if cfg!(target_os = "linux") {
        // There the package's own name is `monei-connections`, whatever the product is called.
        let place = |identifier: &str| format!("/usr/share/metainfo/{identifier}.metainfo.xml");
        let mut files = serde_json::Map::new();
        files.insert(place(OWN_IDENTIFIER), Value::Null);
        files.insert(place(identifier), METAINFO.1.into());
        let package = json!({"desktopTemplate": DESKTOP.1, "files": files});
        configuration["bundle"] = json!({"linux": {"deb": package, "rpm": package}});
    } else {
        configuration["productName"] = product_name.as_str().into();
    }
    configuration
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(name: &str, identifier: &str) -> Packaging {
        Packaging::read(&format!("product_name = '{name}'\nidentifier = '{identifier}'"), &|_| None).unwrap()
    }

    #[test]
    fn the_file_as_it_is_says_what_tauris_own_configuration_says() {
        let read = Packaging::read(include_str!("../../packaging/settings.toml"), &|_| None).unwrap();
        let config: Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
        assert_eq!((config["productName"].as_str(), config["identifier"].as_str()), (Some(&*read.product_name), Some(&*read.identifier)));
        assert_eq!((read.product_name.as_str(), read.identifier.as_str()), (OWN_NAME, OWN_IDENTIFIER));
    }

    #[test]
    fn the_flatpak_is_of_this_identifier_and_version_and_may_do_no_more_than_is_said() {
        let manifest: Value = serde_json::from_str(include_str!("../../packaging/flatpak/org.moneiconnections.manager.json")).unwrap();
        let read = Packaging::read(include_str!("../../packaging/settings.toml"), &|_| None).unwrap();
        let config: Value = serde_json::from_str(include_str!("../../tauri.conf.json")).unwrap();
        // The link scheme is in the desktop entry, which is the other packages'; a Flatpak must be named after what it owns on the bus.
        assert_eq!(manifest["id"], *read.identifier);
        assert_eq!(manifest["command"], config["mainBinaryName"]);
        let archive = format!("monei-connections-{}-linux-x86_64.tar.gz", env!("CARGO_PKG_VERSION"));
        let source = manifest["modules"][0]["sources"][0]["path"].as_str().unwrap();
        assert_eq!(source, format!("../../target/release/bundle/tar/{archive}"));
        let documented = include_str!("../../docs/packaging.md");
        for word in manifest["finish-args"].as_array().unwrap() {
            let word = word.as_str().unwrap();
            assert!(documented.contains(&format!("`{word}`")), "docs/packaging.md doesn't say what {word} is for");
            assert!(!["host", "home", "session-bus", "system-bus", "=all"].iter().any(|most| word.contains(most)), "{word}");
        }
    }

    #[test]
    fn a_changed_name_and_scheme_arrive_in_the_desktop_entry_the_metadata_and_the_bundle() {
        let changed = settings("Purse", "org.example.purse");
        let entry = with_names(include_str!("../../src-tauri/bundle/monei-connect.desktop"), &changed);
        assert!(entry.contains("\nName=Purse\n") && !entry.contains(OWN_NAME), "{entry}");
        let data = with_names(include_str!("../../packaging/monei-connections/org.moneiconnections.manager.metainfo.xml"), &changed);
        assert!(data.contains("<id>org.example.purse</id>") && data.contains("<name>Purse</name>"), "{data}");
        assert!(data.contains("Monei Connections contributors") && !data.contains(OWN_IDENTIFIER), "{data}");
        let configuration = configuration(&changed);
        assert_eq!(configuration["identifier"], "org.example.purse");
        assert_eq!(configuration["plugins"]["deep-link"]["desktop"]["schemes"], json!(["org.example.purse"]));
        if cfg!(target_os = "linux") {
            let files = &configuration["bundle"]["linux"]["deb"]["files"];
            assert_eq!(files["/usr/share/metainfo/org.example.purse.metainfo.xml"], METAINFO.1);
            assert_eq!(files["/usr/share/metainfo/org.moneiconnections.manager.metainfo.xml"], Value::Null);
        }
        // Unchanged, the file is packaged under the name that it has.
        let own = super::configuration(&settings(OWN_NAME, OWN_IDENTIFIER));
        if cfg!(target_os = "linux") {
            let files = &own["bundle"]["linux"]["rpm"]["files"];
            assert_eq!(files["/usr/share/metainfo/org.moneiconnections.manager.metainfo.xml"], METAINFO.1);
        }
    }
}
