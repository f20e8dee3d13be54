//! A file with what is a person's own in it: for this user alone, and whole or not there.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// How many names are tried before giving up.
const MOST: u32 = 100;

/// Writes `text` to `path`, in place of what is there. Until it is whole, what was there stays.
///
/// # Errors
/// Why the folder takes no file.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    whole(path, text)?.persist(path).map(drop).map_err(|error| error.error)
}

/// Writes `text` to `path`, where nothing may be yet: not even a link that leads nowhere.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`], or why the folder takes no file.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    whole(path, text)?.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

/// Writes `text` to a new file in `folder`, called `name` with a number where that is taken, and says where.
///
/// # Errors
/// Why the folder takes no file.
pub fn new_in(folder: &Path, name: &str, extension: &str, text: &str) -> io::Result<PathBuf> {
    let mut file = whole(&folder.join(name), text)?;
    for number in 1..=MOST {
        let last = if number == 1 { format!("{name}.{extension}") } else { format!("{name}-{number}.{extension}") };
        let path = folder.join(last);
        match file.persist_noclobber(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => file = error.file,
            Err(error) => return Err(error.error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A file beside `path` that has everything in it and is on the disk. It is readable for this user alone. Errors name no path: whoever chose
/// one knows nothing of the file beside it.
fn whole(path: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).ok_or(io::ErrorKind::InvalidInput)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = tempfile::Builder::new().make_in(folder, |path| options.open(path))?;
    // By itself the file would tell its path with an error.
    file.as_file_mut().write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}
