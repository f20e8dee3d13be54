//! The canary sweep: every secret that the sandbox mints carries a marker of the run, so that a leak can be found wherever it ends up.
//!
//! Allowed, and nothing else: codes in the browser's own profile, for the browser carried them; and the same for the handoff.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::Samples;

/// What to look for.
pub struct Canaries {
    /// `CNRY` and a run's id, for each start of the sandbox: part of every token, code and client secret.
    markers: Vec<String>,
    /// The sealed codes that travelled through the browser, read from its history.
    handoffs: BTreeSet<String>,
    /// What the keychain keeps: tokens, sealed refresh tokens, verifiers. Nothing else may hold any of them, the browser's profile included.
    stored: BTreeSet<String>,
}

/// The prefix of codes; the only marked secrets that a browser may have seen.
const CODE: &str = "mcc_sim_";
/// What a handoff stands behind in an address.
const HANDOFF: &[u8] = b"handoff=";
/// Shortest text of a keychain entry that is a secret: a verifier has 43 characters, an account's id 22.
const SHORTEST_SECRET: usize = 40;
/// Shortest value that counts as a handoff: a sealed code is longer than its code.
const SHORTEST_HANDOFF: usize = 40;

impl Canaries {
    /// For the sandbox's runs, and for the handoffs in the browser's profile.
    pub fn new(runs: &[String], profile: &Path) -> Result<Self> {
        let mut handoffs = BTreeSet::new();
        for_each_file(profile, &mut |_, bytes| {
            for at in positions(bytes, HANDOFF) {
                let value = &bytes[at + HANDOFF.len()..];
                let end = value.iter().position(|byte| !is_base64url(*byte)).unwrap_or(value.len());
                if end >= SHORTEST_HANDOFF {
                    handoffs.insert(String::from_utf8_lossy(&value[..end]).into_owned());
                }
            }
        })?;
        // The browser's files break texts off where a block ends: the beginning of one is no other.
        let whole = |value: &String| !handoffs.iter().any(|other| other != value && other.starts_with(value.as_str()));
        let handoffs = handoffs.iter().filter(|value| whole(value)).cloned().collect();
        Ok(Self { markers: runs.iter().map(|run| format!("CNRY{run}")).collect(), handoffs, stored: BTreeSet::new() })
    }

    /// Looks for these too, read from the keychain with [`secrets_of`].
    pub fn with_stored(mut self, stored: BTreeSet<String>) -> Self {
        self.stored = stored;
        self
    }

    /// How many handoffs the browser has seen.
    pub fn handoffs(&self) -> usize {
        self.handoffs.len()
    }

    /// Searches every file below `folder`; `profile` is the browser's.
    pub fn sweep(&self, folder: &Path, profile: &Path) -> Result<Vec<String>> {
        let mut findings = Vec::new();
        for_each_file(folder, &mut |path, bytes| {
            let browsers_own = path.starts_with(profile);
            findings.extend(self.leaks(bytes, browsers_own).into_iter().map(|leak| format!("{}: {leak}", path.display())));
        })?;
        Ok(findings)
    }

    /// Searches argument lists and environments.
    pub fn sweep_samples(&self, samples: &Samples) -> Vec<String> {
        let found = |(pid, text): &(u32, String)| {
            self.leaks(text.as_bytes(), false).into_iter().map(|leak| format!("process {pid}: {leak}")).collect::<Vec<_>>()
        };
        samples.texts.iter().flat_map(found).collect()
    }

    /// Searches messages between the web view and Rust, which may not carry so much as the name of a secret.
    pub fn sweep_messages(&self, messages: &[String]) -> Vec<String> {
        let mut findings = Vec::new();
        for message in messages {
            findings.extend(self.leaks(message.as_bytes(), false));
            if message.contains("handoff") || message.contains("code_verifier") || holds_verifier(message) {
                findings.push(format!("handoff or verifier in {}", excerpt(message.as_bytes(), 0)));
            }
        }
        findings
    }

    fn leaks(&self, bytes: &[u8], browsers_own: bool) -> Vec<String> {
        let mut leaks = Vec::new();
        for marker in &self.markers {
            for at in positions(bytes, marker.as_bytes()) {
                if !(browsers_own && bytes[..at].ends_with(CODE.as_bytes())) {
                    leaks.push(excerpt(bytes, at));
                }
            }
            // The web view's and the browser's databases hold text in two-byte units too.
            for at in positions(bytes, &two_byte(marker)) {
                if !(browsers_own && bytes[..at].ends_with(&two_byte(CODE))) {
                    leaks.push(format!("in two-byte units: {marker}"));
                }
            }
        }
        for secret in &self.stored {
            leaks.extend(positions(bytes, secret.as_bytes()).map(|at| format!("from the keychain: {}", excerpt(bytes, at))));
            leaks.extend(positions(bytes, &two_byte(secret)).map(|_| "from the keychain, in two-byte units".to_owned()));
        }
        if !browsers_own {
            for handoff in &self.handoffs {
                leaks.extend(positions(bytes, handoff.as_bytes()).map(|at| format!("handoff: {}", excerpt(bytes, at))));
            }
        }
        leaks
    }
}

/// The secrets in an entry of the keychain: its longer texts without a colon, a slash or a space, which the addresses and scopes beside them have.
pub fn secrets_of(entry: &str) -> BTreeSet<String> {
    let Ok(Value::Object(fields)) = serde_json::from_str(entry) else { return BTreeSet::new() };
    let texts = fields.values().filter_map(Value::as_str);
    texts.filter(|text| text.len() >= SHORTEST_SECRET && !text.contains([':', '/', ' '])).map(str::to_owned).collect()
}

fn two_byte(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Whether a text holds a run of exactly 43 base64url characters: a verifier (or a challenge) has that shape.
fn holds_verifier(text: &str) -> bool {
    text.as_bytes().split(|byte| !is_base64url(*byte)).any(|run| run.len() == 43)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn positions<'a>(bytes: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = wanted.first().copied();
    bytes
        .iter()
        .enumerate()
        .filter(move |(_, byte)| Some(**byte) == first)
        .map(|(at, _)| at)
        .filter(move |at| bytes[*at..].starts_with(wanted))
}

/// The surroundings of a finding, so that one sees whose it is; the secrets of a sandbox are worth nothing.
fn excerpt(bytes: &[u8], at: usize) -> String {
    let around = &bytes[at.saturating_sub(60)..bytes.len().min(at + 60)];
    String::from_utf8_lossy(around).chars().map(|letter| if letter.is_control() { '·' } else { letter }).collect()
}

/// Reads every plain file below `folder`. A file that vanishes meanwhile was temporary; sockets and links are passed over.
fn for_each_file(folder: &Path, see: &mut dyn FnMut(&Path, &[u8])) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            for_each_file(&entry.path(), see)?;
        } else if kind.is_file()
            && let Ok(bytes) = fs::read(entry.path())
        {
            see(&entry.path(), &bytes);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canaries() -> Canaries {
        Canaries { markers: vec!["CNRYrun7".to_owned()], handoffs: BTreeSet::from(["h".repeat(50)]), stored: secrets_of(ENTRY) }
    }

    const ENTRY: &str = r#"{"v":1,"b":"https://connect.example/a/long/path/with/many/parts/in/it","s":["wallet:read"],"a":"an account's id",
        "p":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}"#;

    #[test]
    fn what_the_keychain_keeps_is_found_in_every_place() {
        let verifier = "k".repeat(43);
        assert_eq!(secrets_of(ENTRY), BTreeSet::from([verifier.clone()]));
        for browsers_own in [true, false] {
            assert_eq!(canaries().leaks(format!("x{verifier}y").as_bytes(), browsers_own).len(), 1);
            assert_eq!(canaries().leaks(&two_byte(&verifier), browsers_own).len(), 1);
        }
    }

    #[test]
    fn a_token_is_found_in_every_place_and_a_code_everywhere_but_in_the_browsers_profile() {
        for secret in ["mct_sim_CNRYrun7_x", "mcr_sim_CNRYrun7_x", "mcs_sim_CNRYrun7_x"] {
            assert_eq!(canaries().leaks(secret.as_bytes(), true).len(), 1, "{secret}");
        }
        assert_eq!(canaries().leaks(b"?code=mcc_sim_CNRYrun7_x", true).len(), 0);
        assert_eq!(canaries().leaks(b"?code=mcc_sim_CNRYrun7_x", false).len(), 1);
        assert_eq!(canaries().leaks(&two_byte("mct_sim_CNRYrun7"), true).len(), 1);
    }

    #[test]
    fn a_handoff_may_be_in_the_browsers_profile_only() {
        let text = format!("/t?handoff={}#_", "h".repeat(50));
        assert_eq!(canaries().leaks(text.as_bytes(), true).len(), 0);
        assert_eq!(canaries().leaks(text.as_bytes(), false).len(), 1);
    }

    #[test]
    fn a_handoff_that_a_block_of_the_browsers_file_breaks_off_is_not_another_one() {
        let profile = tempfile::tempdir().unwrap();
        let handoff = "a".repeat(50) + &"b".repeat(50);
        fs::write(profile.path().join("history"), format!("?handoff={handoff}#\0?handoff={}\0", &handoff[..70])).unwrap();
        fs::write(profile.path().join("session"), format!("?handoff={}#", "c".repeat(100))).unwrap();
        assert_eq!(Canaries::new(&["run7".to_owned()], profile.path()).unwrap().handoffs(), 2);
    }

    #[test]
    fn a_message_with_a_verifier_or_a_handoff_is_found() {
        let verifier = "v".repeat(43);
        assert_eq!(canaries().sweep_messages(&[format!("{{\"a\":\"{verifier}\"}}")]).len(), 1);
        assert_eq!(canaries().sweep_messages(&["{\"handoff\":1}".to_owned()]).len(), 1);
        assert_eq!(canaries().sweep_messages(&["{\"kind\":\"waiting\"}".to_owned()]).len(), 0);
    }

    #[test]
    fn files_in_subfolders_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("browser");
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/log"), "x mct_sim_CNRYrun7_y").unwrap();
        let findings = canaries().sweep(folder.path(), &profile).unwrap();
        assert_eq!(findings.len(), 1, "{findings:?}");
    }
}
