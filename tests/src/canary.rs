//! The canary sweep: every secret that the sandbox mints carries a marker of the run, so that a leak can be found wherever it ends up.
//!
//! Allowed, and nothing else: codes in the browser's own profile, for the browser carried them; and the same for the handoff. A path nonce
//! may be in arguments and with the browser, which is opened with it; the key of a refresh in the index.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;
use url::Url;

use crate::Samples;

/// What to look for.
pub struct Canaries {
    /// `CNRY` and a run's id, for each start of the sandbox: part of every token, code and client secret.
    markers: Vec<String>,
    /// The sealed codes that travelled through the browser, read from its history.
    handoffs: BTreeSet<String>,
    /// What the keychain keeps: tokens, sealed refresh tokens, verifiers. Nothing else may hold any of them, the browser's profile included.
    stored: BTreeSet<String>,
    /// The path nonces of the loopback listener.
    nonces: BTreeSet<String>,
    /// The idempotency keys of refreshes that have had no answer.
    refresh_keys: BTreeSet<String>,
}

/// The prefix of codes; the only marked secrets that a browser may have seen.
const CODE: &str = "mcc_sim_";
/// What a handoff stands behind in an address.
const HANDOFF: &[u8] = b"handoff=";
/// How the names of the index's files begin.
const INDEX: &str = "index.sqlite";
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
        let (stored, nonces, refresh_keys) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Ok(Self { markers: runs.iter().map(|run| format!("CNRY{run}")).collect(), handoffs, stored, nonces, refresh_keys })
    }

    /// Looks for these too, read from the keychain with [`secrets_of`].
    pub fn with_stored(mut self, stored: BTreeSet<String>) -> Self {
        self.stored = stored;
        self
    }

    /// Looks for the nonces in the addresses that the browser was `opened` with, too.
    pub fn with_nonces(mut self, opened: &[String]) -> Self {
        self.nonces = opened.iter().filter_map(|address| nonce(address)).collect();
        self
    }

    /// Looks for the keys in the index at `path`, too.
    pub fn with_refresh_keys(mut self, path: &Path) -> Result<Self> {
        let index = rusqlite::Connection::open(path)?;
        let mut marks = index.prepare("SELECT json_extract(value, '$.key') FROM settings WHERE key LIKE 'refresh:%'")?;
        self.refresh_keys = marks.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// How many path nonces are looked for.
    pub fn nonces(&self) -> usize {
        self.nonces.len()
    }

    /// How many keys of refreshes are looked for.
    pub fn refresh_keys(&self) -> usize {
        self.refresh_keys.len()
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
            let mut leaks = self.leaks(bytes, browsers_own);
            // Beside the profile lies what the browser was started with.
            if !path.starts_with(profile.parent().unwrap_or(profile)) {
                leaks.extend(found("path nonce", &self.nonces, bytes));
            }
            if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(INDEX)) {
                leaks.extend(found("key of a refresh", &self.refresh_keys, bytes));
            }
            findings.extend(leaks.into_iter().map(|leak| format!("{}: {leak}", path.display())));
        })?;
        Ok(findings)
    }

    /// Searches argument lists and environments.
    pub fn sweep_samples(&self, samples: &Samples) -> Vec<String> {
        let in_sample = |(pid, text): &(u32, String)| {
            let mut leaks = self.leaks(text.as_bytes(), false);
            leaks.extend(found("key of a refresh", &self.refresh_keys, text.as_bytes()));
            leaks.into_iter().map(|leak| format!("process {pid}: {leak}")).collect::<Vec<_>>()
        };
        samples.texts.iter().flat_map(in_sample).collect()
    }

    /// Searches messages between the web view and Rust, which may not carry so much as the name of a secret.
    pub fn sweep_messages(&self, messages: &[String]) -> Vec<String> {
        let mut findings = Vec::new();
        for message in messages {
            findings.extend(self.leaks(message.as_bytes(), false));
            findings.extend(found("path nonce", &self.nonces, message.as_bytes()));
            findings.extend(found("key of a refresh", &self.refresh_keys, message.as_bytes()));
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
        leaks.extend(found("from the keychain", &self.stored, bytes));
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

/// The nonce in the way back that an address names; `None` where that is by a link.
fn nonce(address: &str) -> Option<String> {
    let back = Url::parse(address).ok()?.query_pairs().find(|(name, _)| name == "return")?.1.into_owned();
    Url::parse(&back).ok()?.path_segments()?.next().map(str::to_owned)
}

/// Where any of the `secrets` is, also in two-byte units.
fn found(what: &str, secrets: &BTreeSet<String>, bytes: &[u8]) -> Vec<String> {
    let mut leaks = Vec::new();
    for secret in secrets {
        leaks.extend(positions(bytes, secret.as_bytes()).map(|at| format!("{what}: {}", excerpt(bytes, at))));
        leaks.extend(positions(bytes, &two_byte(secret)).map(|_| format!("{what}, in two-byte units")));
    }
    leaks
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
        Canaries {
            markers: vec!["CNRYrun7".to_owned()],
            handoffs: BTreeSet::from(["h".repeat(50)]),
            stored: secrets_of(ENTRY),
            nonces: BTreeSet::from(["n".repeat(22)]),
            refresh_keys: BTreeSet::from(["i".repeat(32)]),
        }
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
    #[test]
    fn a_nonce_may_be_with_the_browser_and_the_key_of_a_refresh_in_the_index_and_neither_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path().join("browser/profile");
        fs::create_dir_all(&profile).unwrap();
        let (nonce, key) = ("n".repeat(22), "i".repeat(32));
        let places = [("browser/opened", &nonce), ("browser/profile/history", &nonce), ("index.sqlite-wal", &key)];
        let leaks = [("log", &nonce), ("index.sqlite", &nonce), ("desktop.log", &key), ("browser/profile/cache", &key)];
        for (name, text) in places.into_iter().chain(leaks) {
            fs::write(folder.path().join(name), format!("x {text} y")).unwrap();
        }
        let findings = canaries().sweep(folder.path(), &profile).unwrap();
        assert_eq!(findings.len(), leaks.len(), "{findings:?}");
        assert_eq!(canaries().sweep_messages(&[nonce, key.clone()]).len(), 2);
        assert_eq!(canaries().sweep_samples(&Samples { texts: vec![(1, format!("{} {key}", "n".repeat(22)))] }).len(), 1);
    }

    #[test]
    fn a_nonce_is_found_in_the_address_that_the_browser_is_opened_with() {
        let start = "http://127.0.0.1:5/v1/start?challenge=c&return=http%3A%2F%2F127.0.0.1%3A40000%2Fabc-_1&scope=profile%3Aread";
        let opened = [start.to_owned(), "http://127.0.0.1:5/v1/start?return=deep-link".to_owned(), "http://127.0.0.1:5/".to_owned()];
        let profile = tempfile::tempdir().unwrap();
        let canaries = Canaries::new(&[], profile.path()).unwrap().with_nonces(&opened);
        assert_eq!(canaries.nonces, BTreeSet::from(["abc-_1".to_owned()]));
    }

    #[test]
    fn the_key_of_a_refresh_is_read_from_the_index() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(INDEX);
        let index = rusqlite::Connection::open(&path).unwrap();
        let rows = r#"CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
            INSERT INTO settings VALUES ('refresh:g', '{"key":"k1","generation":0}'), ('backend', 'x');"#;
        index.execute_batch(rows).unwrap();
        let canaries = Canaries::new(&[], folder.path()).unwrap().with_refresh_keys(&path).unwrap();
        assert_eq!(canaries.refresh_keys, BTreeSet::from(["k1".to_owned()]));
    }
}
