//! Where a value comes from: a systemd credential, a file named by `…_FILE`, or the environment; never an argument.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::ConfigError;

/// Longest file read for a secret, in bytes.
const MAX_FILE: u64 = 4096;
/// Longest other file: a list of registrations, or certificates. Debian's own certificates of the world are a fifth of it.
const MAX_PUBLIC: u64 = 1024 * 1024;

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
            (Some(path), None) => read_secret(Path::new(&path), &file_name).map(Some),
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
                return read_credential(&path, &format!("The credential {spelling}")).map(Some);
            }
        }
        Ok(None)
    }

    /// Where a file is that another value names: a relative path is a credential's name, where there are credentials.
    pub(super) fn path(&self, named: &str) -> PathBuf {
        self.value("CREDENTIALS_DIRECTORY").map(PathBuf::from).unwrap_or_default().join(named)
    }

    /// Reads a secret from a file, which may be a credential.
    pub(super) fn secret_file(&self, path: &Path, name: &str) -> Result<Zeroizing<String>, ConfigError> {
        match self.value("CREDENTIALS_DIRECTORY") {
            Some(folder) if path.parent() == Some(Path::new(&folder)) => read_credential(path, name),
            _ => read_secret(path, name),
        }
    }
}

pub(super) fn is_missing_or_empty(path: &Path) -> bool {
    match path.metadata() {
        Ok(about) => about.is_file() && about.len() == 0,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Reads a secret from a file that nobody but this process' user can read, or nobody but it and a group of its own: so Kubernetes mounts secrets.
fn read_secret(path: &Path, name: &str) -> Result<Zeroizing<String>, ConfigError> {
    read(path, name, |about| match mode(about) & 0o777 {
        0o440 => is_of_own_group(about),
        mode => mode & 0o077 == 0,
    })
}

/// Reads a credential: systemd lets the service's user in by an access list, which shows as a group's right to read.
fn read_credential(path: &Path, name: &str) -> Result<Zeroizing<String>, ConfigError> {
    read(path, name, |about| mode(about) & 0o037 == 0)
}

/// Reads what isn't secret.
pub(super) fn read_public(path: &Path, name: &str) -> Result<Vec<u8>, ConfigError> {
    let fail = |reason: String| ConfigError::File { name: name.to_owned(), reason };
    let (file, _) = open(path, MAX_PUBLIC).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(MAX_PUBLIC).read_to_end(&mut bytes).map_err(|error| fail(format!("{} ({error})", path.display())))?;
    Ok(bytes)
}

/// Opens a regular file of at most `most` bytes, or says why it can't be used. Waits for nobody: a pipe without a writer would keep the program
/// from starting without a word.
fn open(path: &Path, most: u64) -> Result<(File, Metadata), String> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let opened = options.open(path).and_then(|file| file.metadata().map(|about| (file, about)));
    let (file, about) = opened.map_err(|error| format!("{} ({error})", path.display()))?;
    if !about.is_file() {
        return Err(format!("{} is not a regular file", path.display()));
    }
    if about.len() > most {
        return Err(format!("{} is longer than {most} bytes", path.display()));
    }
    Ok((file, about))
}

#[cfg(unix)]
fn mode(about: &Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&about.permissions())
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0
}

/// Whether the file's group is one that this process runs in.
#[cfg(unix)]
fn is_of_own_group(about: &Metadata) -> bool {
    let group = std::os::unix::fs::MetadataExt::gid(about);
    let others = rustix::process::getgroups().unwrap_or_default();
    others.into_iter().chain([rustix::process::getegid()]).any(|own| own.as_raw() == group)
}

#[cfg(not(unix))]
fn is_of_own_group(_: &Metadata) -> bool {
    true
}

/// Reads one secret; refuses a file that others can read.
fn read(path: &Path, name: &str, is_closed: impl Fn(&Metadata) -> bool) -> Result<Zeroizing<String>, ConfigError> {
    let fail = |reason: String| ConfigError::File { name: name.to_owned(), reason };
    let (file, about) = open(path, MAX_FILE).map_err(fail)?;
    if !is_closed(&about) {
        let modes = "0400 or 0600, or 0440 with a group of this program's";
        return Err(fail(format!("{} is open to other users; its mode must be {modes}", path.display())));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE).read_to_string(&mut text).map_err(|error| fail(format!("{} ({error})", path.display())))?;
    let trimmed = Zeroizing::new(text.trim().to_owned());
    if trimmed.is_empty() {
        return Err(fail(format!("{} is empty", path.display())));
    }
    Ok(trimmed)
}
