//! Where a value comes from: a systemd credential, a file named by `…_FILE`, or the environment; never an argument.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use super::ConfigError;

/// Longest file read for a secret, in bytes.
const MAX_FILE: u64 = 4096;

/// Looks values up; an empty one counts as absent.
pub(super) struct Source<'a> {
    get: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Source<'a> {
    pub(super) fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { get }
    }

    /// A plain value, without surrounding space.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        (self.get)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// A secret: the systemd credential first, then the file, then the environment.
    pub(super) fn secret(&self, name: &'static str) -> Result<Option<Zeroizing<String>>, ConfigError> {
        if let Some(text) = self.credential(name)? {
            return Ok(Some(text));
        }
        let file_name = format!("{name}_FILE");
        let plain = (self.get)(name).map(Zeroizing::new).filter(|text| !text.trim().is_empty());
        match (self.value(&file_name), plain) {
            (Some(_), Some(_)) => Err(ConfigError::invalid(name, format!("{file_name} is set as well, and only one of them may be"))),
            // So that a rotation can begin and end by a reload: the file is there while it lasts.
            (Some(path), None) if name.ends_with("_PREVIOUS") && is_missing_or_empty(Path::new(&path)) => Ok(None),
            (Some(path), None) => read(Path::new(&path), &file_name, 0o077).map(Some),
            (None, Some(text)) => Ok(Some(Zeroizing::new(text.trim().to_owned()))),
            (None, None) => Ok(None),
        }
    }

    /// `$CREDENTIALS_DIRECTORY/<name>`, the name as it is, in lower case, or with dashes (systemd.exec, LoadCredential=).
    fn credential(&self, name: &'static str) -> Result<Option<Zeroizing<String>>, ConfigError> {
        let Some(folder) = self.value("CREDENTIALS_DIRECTORY") else { return Ok(None) };
        let lower = name.to_ascii_lowercase();
        for spelling in [name.to_owned(), lower.clone(), lower.replace('_', "-")] {
            let path = Path::new(&folder).join(&spelling);
            if path.exists() {
                // systemd lets the service's user in by an access list, which shows as a group's right to read.
                return read(&path, &format!("The credential {spelling}"), 0o037).map(Some);
            }
        }
        Ok(None)
    }
}

fn is_missing_or_empty(path: &Path) -> bool {
    match path.metadata() {
        Ok(about) => about.len() == 0,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Reads one secret; refuses a file whose mode grants any of `forbidden`.
fn read(path: &Path, name: &str, forbidden: u32) -> Result<Zeroizing<String>, ConfigError> {
    let fail = |reason: String| ConfigError::File { name: name.to_owned(), reason };
    let file = File::open(path).map_err(|error| fail(format!("{} ({error})", path.display())))?;
    let about = file.metadata().map_err(|error| fail(format!("{} ({error})", path.display())))?;
    if !about.is_file() {
        return Err(fail(format!("{} is not a regular file", path.display())));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if about.permissions().mode() & forbidden != 0 {
            return Err(fail(format!("{} is open to other users; its mode must be 0400 or 0600", path.display())));
        }
    }
    #[cfg(not(unix))]
    let _ = forbidden;
    if about.len() > MAX_FILE {
        return Err(fail(format!("{} is longer than {MAX_FILE} bytes", path.display())));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE).read_to_string(&mut text).map_err(|error| fail(format!("{} ({error})", path.display())))?;
    let trimmed = Zeroizing::new(text.trim().to_owned());
    if trimmed.is_empty() {
        return Err(fail(format!("{} is empty", path.display())));
    }
    Ok(trimmed)
}
