//! `updates.json`: the newest version, what changed, and its packages with their signatures. It is signed itself, in `updates.json.minisig`.

use std::collections::BTreeMap;

use semver::Version;
use serde::Deserialize;

use super::fetch::Http;
use super::{Source, UpdateFailure, signature};

/// The manifest's name in the folder.
const NAME: &str = "updates.json";
/// And its signature's.
const SIGNATURE: &str = "updates.json.minisig";
/// Longest manifest, in bytes.
const MAX_MANIFEST: usize = 64 * 1024;
/// Longest signature, in bytes.
const MAX_SIGNATURE: usize = 2 * 1024;
/// Largest package, in bytes.
const MAX_PACKAGE: u64 = 512 * 1024 * 1024;
/// Most characters of what changed.
const MAX_NOTES: usize = 4000;
/// Longest name of a package.
const MAX_NAME: usize = 120;
/// The language in which there must be notes for somebody whose own isn't there.
const DEFAULT_LANGUAGE: &str = "en";

/// As it is in the file. An unknown field is refused: it may limit what the others say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) version: Version,
    /// By language, such as `en`.
    notes: BTreeMap<String, String>,
    /// By system, such as `linux-x86_64`.
    packages: BTreeMap<String, Package>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    /// A name in the same folder.
    pub(super) file: String,
    /// In bytes.
    pub(super) size: u64,
    /// What minisign wrote for it: four lines.
    pub(super) signature: String,
}

impl Manifest {
    /// Fetches it, and checks that the publisher signed it.
    pub(super) async fn fetch(http: &Http, source: &Source) -> Result<Self, UpdateFailure> {
        let address = |name: &str| source.file(name).ok_or(UpdateFailure::Unusable);
        let text = http.text(address(NAME)?, MAX_MANIFEST).await?.ok_or(UpdateFailure::Unusable)?;
        // A server without one has an unsigned manifest.
        let signed = http.text(address(SIGNATURE)?, MAX_SIGNATURE).await?.ok_or(UpdateFailure::NotGenuine)?;
        let signed = str::from_utf8(&signed).map_err(|_| UpdateFailure::NotGenuine)?;
        let comment = signature::verified(&source.key, signed, text.as_slice())?;
        let manifest = Self::read(&text)?;
        signature::is_for(&comment, &manifest.version, NAME)?;
        Ok(manifest)
    }

    fn read(text: &[u8]) -> Result<Self, UpdateFailure> {
        let manifest: Self = serde_json::from_slice(text).map_err(|_| UpdateFailure::Unusable)?;
        let sound = |package: &Package| is_name(&package.file) && (1..=MAX_PACKAGE).contains(&package.size);
        if manifest.packages.values().all(sound) { Ok(manifest) } else { Err(UpdateFailure::Unusable) }
    }

    /// What changed, in this language if it is there.
    pub(super) fn notes(&self, language: &str) -> String {
        let notes = self.notes.get(language).or_else(|| self.notes.get(DEFAULT_LANGUAGE));
        notes.map(|text| plain(text)).unwrap_or_default()
    }

    /// The package for this system.
    pub(super) fn package(&self) -> Option<Package> {
        self.packages.get(&format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)).cloned()
    }
}

/// A plain name of a file: no folder, nothing hidden, nothing that an address reads otherwise.
fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Lines of text, without control characters and without marks that turn the direction of what follows.
fn plain(text: &str) -> String {
    let steers = |letter: char| matches!(letter, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|&letter| letter == '\n' || !(letter.is_control() || steers(letter))).take(MAX_NOTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(change: impl FnOnce(&mut serde_json::Value)) -> Result<Manifest, UpdateFailure> {
        let package = serde_json::json!({"file": "monei-connections-0.3.0-x86_64.AppImage", "size": 3, "signature": "…"});
        let mut value =
            serde_json::json!({"version": "0.3.0", "notes": {"en": "New.", "fr": "Nouveau."}, "packages": {"linux-x86_64": package}});
        change(&mut value);
        Manifest::read(value.to_string().as_bytes())
    }

    #[test]
    fn what_is_not_exactly_a_manifest_is_refused() {
        assert!(manifest(|_| {}).is_ok());
        let package = |value: &mut serde_json::Value, field: &str, to: serde_json::Value| value["packages"]["linux-x86_64"][field] = to;
        for name in ["", "../a", "a/b", ".hidden", "-o", "a b", "a?b", "https:x", "a\\b", "é", &"a".repeat(121)] {
            assert!(manifest(|value| package(value, "file", name.into())).is_err(), "{name}");
        }
        for size in [serde_json::json!(0), (-1).into(), 1.5.into(), "3".into(), (MAX_PACKAGE + 1).into()] {
            assert!(manifest(|value| package(value, "size", size.clone())).is_err(), "{size}");
        }
        assert!(manifest(|value| package(value, "url", "https://example.org/".into())).is_err());
        assert!(manifest(|value| value["more"] = 1.into()).is_err());
        for version in ["", "1", "v0.3.0", "0.3", "0.3.0.1", "00.3.0"] {
            assert!(manifest(|value| value["version"] = version.into()).is_err(), "{version}");
        }
        for text in ["", "[]", "null", "<html>", "{\"version\":\"1.0.0\"}"] {
            assert!(Manifest::read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn notes_are_plain_lines_in_the_persons_language_or_english() {
        let both = manifest(|_| {}).unwrap();
        assert_eq!((both.notes("fr"), both.notes("yo")), ("Nouveau.".to_owned(), "New.".to_owned()));
        let steering = manifest(|value| value["notes"]["en"] = "a\u{202e}b\r\nc\u{7}\t<b>d</b>".into()).unwrap();
        assert_eq!(steering.notes("en"), "ab\nc<b>d</b>");
        let long = manifest(|value| value["notes"]["en"] = "é".repeat(9000).into()).unwrap();
        assert_eq!(long.notes("en").chars().count(), MAX_NOTES);
        assert_eq!(manifest(|value| value["notes"] = serde_json::json!({})).unwrap().notes("en"), "");
    }
}
