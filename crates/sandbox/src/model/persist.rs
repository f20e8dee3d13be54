//! The state file: readable by its owner alone, and with hashes where secrets would be. Its first line is a whole state, each further line what
//! changed since, so that a change costs the same however much there is. When the changes outgrow the state, the file is written anew.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::grants::{Changes, Grants};
use crate::options::SandboxError;

/// Number of the file's format; files of the earlier one are read, too. A file of another number is refused.
const VERSION: u32 = 2;
/// The format before it: the first line alone.
const EARLIER: u32 = 1;
/// A state larger than this is not one of ours: 256 MiB.
const MAX_LEN: u64 = 256 * 1024 * 1024;
/// The file isn't written anew for fewer bytes of changes: 256 KiB.
const LEAST_CHANGES: u64 = 256 * 1024;

#[derive(Serialize, Deserialize)]
struct File<G> {
    monei_sandbox_state: u32,
    grants: G,
}

/// A state file that is in use.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    /// Bytes of the whole state at its beginning.
    whole: u64,
    /// Bytes of the changes behind it; `None` where the file's end can't be trusted.
    changes: Option<u64>,
}

impl StateFile {
    /// Reads the state; an absent file is an empty state.
    pub(crate) fn open(path: &Path) -> Result<(StateFile, Grants), SandboxError> {
        let io = |source| SandboxError::StateFile { path: path.to_owned(), source };
        let file = StateFile { path: path.to_owned(), whole: 0, changes: None };
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((file, Grants::default())),
            Err(error) => return Err(io(error)),
            Ok(metadata) if metadata.len() > MAX_LEN => {
                return Err(SandboxError::StateShape { path: path.to_owned(), reason: "it is too large".into() });
            }
            Ok(_) => {}
        }
        let text = fs::read(path).map_err(io)?;
        let grants = read(&text).map_err(|reason| SandboxError::StateShape { path: path.to_owned(), reason })?;
        Ok((file, grants))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Saves what changed.
    pub(crate) fn save(&mut self, grants: &mut Grants) -> io::Result<()> {
        match self.changes {
            Some(changes) if !grants.changed_as_a_whole() && changes <= self.whole.max(LEAST_CHANGES) => match self.append(grants) {
                Ok(length) => self.changes = Some(changes + length),
                // What was written of the line stays behind: nothing may follow it.
                Err(error) => {
                    self.changes = None;
                    if error.kind() != io::ErrorKind::NotFound {
                        return Err(error);
                    }
                    // Somebody took the file away.
                    self.rewrite(grants)?;
                }
            },
            _ => self.rewrite(grants)?,
        }
        grants.saved();
        Ok(())
    }

    fn append(&self, grants: &Grants) -> io::Result<u64> {
        let mut line = serde_json::to_vec(&grants.changes())?;
        line.push(b'\n');
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        // Written, but not synced to the disk: it outlives the program, though perhaps not a power cut. Nothing in a sandbox is worth that wait.
        file.write_all(&line)?;
        Ok(line.len() as u64)
    }

    fn rewrite(&mut self, grants: &Grants) -> io::Result<()> {
        let mut text = serde_json::to_vec(&File { monei_sandbox_state: VERSION, grants })?;
        text.push(b'\n');
        write_private(&self.path, &text)?;
        (self.whole, self.changes) = (text.len() as u64, Some(0));
        Ok(())
    }
}

/// Reads a state file. A last line without its end was never confirmed to anybody, and is left out.
///
/// # Errors
/// What is wrong with it. serde_json's messages quote no content but a field's name and a position.
pub(crate) fn read(text: &[u8]) -> Result<Grants, String> {
    let end = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
    let (first, rest) = text.split_at(end);
    let file: File<Grants> = serde_json::from_slice(first).map_err(|error| error.to_string())?;
    let mut grants = file.grants;
    let rest = rest.strip_prefix(b"\n").unwrap_or(rest);
    match file.monei_sandbox_state {
        EARLIER if rest.iter().all(u8::is_ascii_whitespace) => return Ok(grants),
        VERSION => {}
        other => return Err(format!("its format is {other}, this program writes {VERSION}")),
    }
    for (line, number) in rest.split_inclusive(|byte| *byte == b'\n').zip(2..) {
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let changes: Changes = serde_json::from_slice(line).map_err(|error| format!("line {number}: {error}"))?;
        grants.replay(changes);
    }
    Ok(grants)
}

/// Replaces `path` with `bytes` in one step, readable and writable by its owner alone.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use monei::ScopeSet;

    use super::*;
    use crate::model::grants::{Code, Ended, Pair};

    fn grant(grants: &mut Grants, number: u64) -> u64 {
        let scopes = ScopeSet::parse("profile:read").unwrap();
        let code = Code {
            user: "ada".into(),
            client_id: "mc_x".into(),
            redirect_uri: "http://a/".into(),
            scopes: scopes.clone(),
            issued: 0,
            upgrade: false,
            used: None,
        };
        let text = format!("code {number}");
        grants.approve(&text, code, &scopes);
        let (key, code) = grants.take_code(&text, "mc_x", "http://a/", 1).unwrap();
        grants.open(&key, &code, &Pair { access: &format!("a{number}"), refresh: &format!("r{number}") }, 1)
    }

    /// As a sandbox that starts with the file finds them.
    fn reopened(path: &Path) -> Vec<(u64, bool, bool)> {
        let (_, mut grants) = StateFile::open(path).unwrap();
        grants.keep_clients(&|_| true);
        grants.all().map(|grant| (grant.id, grant.alive(), grants.by_access(&format!("a{}", grant.id)).is_some())).collect()
    }

    #[test]
    fn an_absent_file_is_an_empty_state_and_a_broken_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert_eq!(StateFile::open(&path).unwrap().1.all().count(), 0);
        let empty = r#"{"monei_sandbox_state":2,"grants":{"consents":[],"codes":{},"pairs":{},"next":0}}"#;
        for broken in
            ["", "{}", "[1]", &empty.replace(":2,", ":9,"), &format!("{empty}\n{{}}\n"), &format!("{empty}\nnonsense\n{{\"next\":1}}\n")]
        {
            fs::write(&path, broken).unwrap();
            assert!(matches!(StateFile::open(&path), Err(SandboxError::StateShape { .. })), "{broken}");
        }
        for good in [empty.to_owned(), empty.replace(":2,", ":1,"), format!("{empty}\n{{\"next\":1}}\n")] {
            fs::write(&path, &good).unwrap();
            assert!(StateFile::open(&path).is_ok(), "{good}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_readable_by_its_owner_alone_and_leaves_nothing_beside() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, mut grants) = StateFile::open(&path).unwrap();
        file.save(&mut grants).unwrap();
        grant(&mut grants, 1);
        file.save(&mut grants).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_change_is_a_line_and_the_file_is_written_anew_before_it_grows_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, mut grants) = StateFile::open(&path).unwrap();
        file.save(&mut grants).unwrap();
        let id = grant(&mut grants, 1);
        file.save(&mut grants).unwrap();
        let before = fs::metadata(&path).unwrap().len();
        grants.end(id, Ended::ByApp);
        file.save(&mut grants).unwrap();
        assert!(fs::metadata(&path).unwrap().len() - before < 1_000);
        assert_eq!(reopened(&path), [(1, false, true)]);
        grant(&mut grants, 2);
        file.save(&mut grants).unwrap();
        for round in 0..2_000 {
            let (access, refresh) = (if round % 2 == 0 { "x" } else { "a2" }, format!("r{round}"));
            grants.rotate(2, &Pair { access, refresh: &refresh }, 2);
            file.save(&mut grants).unwrap();
        }
        assert!(fs::metadata(&path).unwrap().len() < 2 * LEAST_CHANGES);
        assert_eq!(reopened(&path), [(1, false, true), (2, true, true)]);
    }

    #[test]
    fn a_line_that_was_cut_off_is_left_out_and_a_file_that_was_taken_away_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mut file, mut grants) = StateFile::open(&path).unwrap();
        file.save(&mut grants).unwrap();
        grant(&mut grants, 1);
        file.save(&mut grants).unwrap();
        grant(&mut grants, 2);
        file.save(&mut grants).unwrap();
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        assert_eq!(reopened(&path), [(1, true, true)]);
        fs::remove_file(&path).unwrap();
        grants.end(1, Ended::ByPerson);
        file.save(&mut grants).unwrap();
        assert_eq!(reopened(&path), [(1, false, true), (2, true, true)]);
    }

    proptest! {
        #[test]
        fn a_file_cut_off_anywhere_is_an_earlier_state_and_no_byte_of_it_brings_the_start_down(
            steps in proptest::collection::vec(0_u8..3, 1..6), cut in any::<proptest::sample::Index>(), at in any::<proptest::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut grants = Grants::default();
            let mut text = serde_json::to_vec(&File { monei_sandbox_state: VERSION, grants: &grants }).unwrap();
            text.push(b'\n');
            let mut counts = vec![(text.len(), 0)];
            for (step, number) in steps.iter().zip(1..) {
                match step {
                    0 => drop(grants.end(number - 1, Ended::ByApp)),
                    _ => drop(grant(&mut grants, number)),
                }
                text.extend(serde_json::to_vec(&grants.changes()).unwrap());
                text.push(b'\n');
                grants.saved();
                counts.push((text.len(), grants.all().count()));
            }
            let end = cut.index(text.len() + 1);
            let earlier = counts.iter().rev().find(|(length, _)| *length <= end).map(|(_, count)| *count);
            match read(&text[..end]) {
                Ok(grants) => prop_assert_eq!(grants.all().count(), earlier.unwrap_or_default()),
                Err(_) => prop_assert!(end < counts[0].0),
            }
            let place = at.index(text.len());
            text[place] = byte;
            if let Ok(mut grants) = read(&text) {
                grants.keep_clients(&|_| true);
            }
        }
    }
}
