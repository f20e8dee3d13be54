//! The state file: replaced as a whole, readable by its owner alone, and with hashes where secrets would be.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::grants::Grants;
use crate::options::SandboxError;

/// Number of the file's format. A file of another number is refused.
const VERSION: u32 = 1;
/// A state larger than this is not one of ours: 64 MiB.
const MAX_LEN: u64 = 64 * 1024 * 1024;

#[derive(Serialize, Deserialize)]
struct File<G> {
    monei_sandbox_state: u32,
    grants: G,
}

/// Reads the state; an absent file is an empty state.
pub(crate) fn load(path: &Path) -> Result<Grants, SandboxError> {
    let io = |source| SandboxError::StateFile { path: path.to_owned(), source };
    let shape = |reason: String| SandboxError::StateShape { path: path.to_owned(), reason };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Grants::default()),
        Err(error) => return Err(io(error)),
        Ok(metadata) if metadata.len() > MAX_LEN => return Err(shape("it is too large".into())),
        Ok(_) => {}
    }
    let text = fs::read(path).map_err(io)?;
    // serde_json's messages quote no content but a field's name and a position.
    let file: File<Grants> = serde_json::from_slice(&text).map_err(|error| shape(error.to_string()))?;
    if file.monei_sandbox_state != VERSION {
        return Err(shape(format!("its format is {}, this program writes {VERSION}", file.monei_sandbox_state)));
    }
    Ok(file.grants)
}

/// Replaces the file with `grants`.
pub(crate) fn save(path: &Path, grants: &Grants) -> io::Result<()> {
    let text = serde_json::to_vec(&File { monei_sandbox_state: VERSION, grants })?;
    write_private(path, &text)
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
    use super::*;

    #[test]
    fn an_absent_file_is_an_empty_state_and_a_broken_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert_eq!(load(&path).unwrap().all().count(), 0);
        for broken in ["", "{}", "[1]", r#"{"monei_sandbox_state":9,"grants":{"consents":[],"codes":{},"pairs":{},"next":0}}"#] {
            fs::write(&path, broken).unwrap();
            assert!(matches!(load(&path), Err(SandboxError::StateShape { .. })), "{broken}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_file_is_readable_by_its_owner_alone_and_leaves_nothing_beside() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        save(&path, &Grants::default()).unwrap();
        save(&path, &Grants::default()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
