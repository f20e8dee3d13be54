//! Where a value comes from: a systemd credential, a file named by `…_FILE`, or the environment; never an argument.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::ConfigError;

/// Longest file read for a secret, in bytes.
const MAX_FILE: u64 = 4096;
/// What some editors put before a text in UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
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
            (Some(path), None) if name.ends_with("_PREVIOUS") && is_missing(Path::new(&path)) => Ok(None),
            (Some(path), None) => match read_secret(Path::new(&path), &file_name)? {
                None if name.ends_with("_PREVIOUS") => Ok(None),
                text => filled(text, Path::new(&path), &file_name).map(Some),
            },
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
                let told = format!("The credential {spelling}");
                return filled(read_credential(&path, &told)?, &path, &told).map(Some);
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
        filled(self.read_either(path, name)?, path, name)
    }

    /// The same of a secret that is there during a rotation alone: `None` where its file is missing or empty.
    pub(super) fn previous_secret_file(&self, path: &Path, name: &str) -> Result<Option<Zeroizing<String>>, ConfigError> {
        if is_missing(path) { Ok(None) } else { self.read_either(path, name) }
    }

    fn read_either(&self, path: &Path, name: &str) -> Result<Option<Zeroizing<String>>, ConfigError> {
        match self.value("CREDENTIALS_DIRECTORY") {
            Some(folder) if path.parent() == Some(Path::new(&folder)) => read_credential(path, name),
            _ => read_secret(path, name),
        }
    }
}

fn is_missing(path: &Path) -> bool {
    path.metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn filled(text: Option<Zeroizing<String>>, path: &Path, name: &str) -> Result<Zeroizing<String>, ConfigError> {
    text.ok_or_else(|| ConfigError::File { name: name.to_owned(), reason: format!("{} is empty", told(path)) })
}

/// How a file is told. What isn't a path from the root on may be the secret itself, put where its file is named.
fn told(path: &Path) -> String {
    if shows(path) { path.display().to_string() } else { "it".to_owned() }
}

fn shows(path: &Path) -> bool {
    let text = path.to_string_lossy();
    path.is_absolute() && !text.contains("mcs_") && !text.contains(char::is_control)
}

/// Reads a secret from a file that nobody but this process' user can read, or nobody but it and a group of its own: so Kubernetes mounts secrets.
fn read_secret(path: &Path, name: &str) -> Result<Option<Zeroizing<String>>, ConfigError> {
    read(path, name, |about| match mode(about) & 0o777 {
        0o440 => is_of_own_group(about),
        mode => mode & 0o077 == 0,
    })
}

/// Reads a credential: systemd lets the service's user in by an access list, which shows as a group's right to read.
fn read_credential(path: &Path, name: &str) -> Result<Option<Zeroizing<String>>, ConfigError> {
    read(path, name, |about| mode(about) & 0o037 == 0)
}

/// Reads what isn't secret.
pub(super) fn read_public(path: &Path, name: &str) -> Result<Vec<u8>, ConfigError> {
    let fail = |reason: String| ConfigError::File { name: name.to_owned(), reason };
    let (file, _) = open(path, MAX_PUBLIC).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(MAX_PUBLIC).read_to_end(&mut bytes).map_err(|error| fail(format!("{} ({error})", told(path))))?;
    if bytes.starts_with(BYTE_ORDER_MARK.as_bytes()) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
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
    let (file, about) = opened.map_err(|error| match shows(path) {
        true => format!("{} ({error})", path.display()),
        // The error says as much as may be said of the value.
        false => format!("there is none of that name ({error}); write the file's whole path here, and what it is to hold into the file"),
    })?;
    if !about.is_file() {
        return Err(format!("{} is not a regular file", told(path)));
    }
    if about.len() > most {
        return Err(format!("{} is longer than {most} bytes", told(path)));
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

/// Reads one secret; refuses a file that others can read. `None`: it is empty.
fn read(path: &Path, name: &str, is_closed: impl Fn(&Metadata) -> bool) -> Result<Option<Zeroizing<String>>, ConfigError> {
    let fail = |reason: String| ConfigError::File { name: name.to_owned(), reason };
    let (file, about) = open(path, MAX_FILE).map_err(fail)?;
    if about.len() == 0 {
        return Ok(None);
    }
    if !is_closed(&about) {
        let modes = "0400 or 0600, or 0440 with a group of this program's";
        return Err(fail(format!("{} is open to other users; its mode must be {modes}", told(path))));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_FILE).read_to_string(&mut text).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => fail(format!("{} is not text in UTF-8; write it anew as such", told(path))),
        _ => fail(format!("{} ({error})", told(path))),
    })?;
    // Editors of Windows write the mark.
    let trimmed = text.trim_start_matches(BYTE_ORDER_MARK).trim();
    Ok((!trimmed.is_empty()).then(|| Zeroizing::new(trimmed.to_owned())))
}
