//! What leaves the disk when a person leaves this computer: every file and folder of this environment.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use connect_core::{INDEX_FILE, LOCK_FILE};

use crate::settings::Settings;
use crate::{login, registration};

/// Removes all that this environment has on the disk: index, locks, log, the web view's folder, the window's place, the start at login, and
/// what was registered for links; and `shared`, a folder that all environments use, once it is empty. Gives what couldn't be removed. Another
/// environment's stays. `release_index` is called when only the index's lock is left of the data folder: until then no other process may
/// begin there.
pub fn erase(settings: &Settings, shared: Option<&Path>, release_index: impl FnOnce()) -> Vec<PathBuf> {
    remove_the_rest(settings, shared, remove_data(&settings.data_dir, release_index))
}

/// As [`erase`], once more at the end of the process that called that: for what it still had open then. A data folder with an index stays
/// as it is: another process has begun there since.
pub fn erase_again(settings: &Settings, shared: Option<&Path>) -> Vec<PathBuf> {
    remove_the_rest(settings, shared, remove_data_again(&settings.data_dir))
}

/// `data`: what came of removing the data folder.
fn remove_the_rest(settings: &Settings, shared: Option<&Path>, data: io::Result<()>) -> Vec<PathBuf> {
    let mut left = Vec::new();
    let mut gone = |path: &Path, removed: io::Result<()>| match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => left.push(path.to_owned()),
        _ => {}
    };
    gone(&settings.data_dir, data);
    let window = settings.window_state();
    for file in [window.with_extension("new"), window.clone()] {
        gone(&file, std::fs::remove_file(&file));
    }
    if settings.registers_links {
        gone(&settings.data_dir, registration::unregister(&settings.link_scheme));
    }
    if let Some(entry) = login::entry(settings) {
        gone(&entry, login::set(settings, false));
    }
    // Shared with the other environments: removed with the last of them.
    let shared = [shared, settings.data_dir.parent(), window.parent().filter(|folder| settings.data_dir.parent() != Some(*folder))];
    for folder in shared.into_iter().flatten() {
        match std::fs::remove_dir(folder) {
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => gone(folder, Err(error)),
            _ => {}
        }
    }
    left
}

fn remove_data(folder: &Path, release_index: impl FnOnce()) -> io::Result<()> {
    let (index, lock) = (folder.join(INDEX_FILE), folder.join(LOCK_FILE));
    let removed = entries(folder).and_then(|mut entries| {
        entries.retain(|path| *path != lock);
        // First: an index that is there when this is done is another process's.
        entries.sort_by_key(|path| *path != index);
        remove(&entries)
    });
    release_index();
    removed?;
    remove(&[lock])?;
    remove_empty(folder)
}

fn remove_data_again(folder: &Path) -> io::Result<()> {
    // Listed once: what another process makes from now on stays.
    let entries = entries(folder)?;
    if entries.contains(&folder.join(INDEX_FILE)) {
        tracing::info!("another process has begun in the data folder: it stays");
        return Ok(());
    }
    remove(&entries)?;
    remove_empty(folder)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

/// Removes what can be removed of `paths`, each with all that is in it.
fn remove(paths: &[PathBuf]) -> io::Result<()> {
    let mut outcome = Ok(());
    for path in paths {
        let is_folder = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
        match if is_folder { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) } {
            Err(error) if error.kind() != ErrorKind::NotFound => outcome = Err(error),
            _ => {}
        }
    }
    outcome
}

/// Removes the folder, unless another process has made an index in it meanwhile.
fn remove_empty(folder: &Path) -> io::Result<()> {
    match std::fs::remove_dir(folder) {
        Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty && folder.join(INDEX_FILE).exists() => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const FILES: [&str; 5] = ["index.sqlite", "in-use.lock", "index.lock", "desktop.log", "web/page"];

    fn begin(folder: &Path) {
        fs::create_dir_all(folder.join("web")).unwrap();
        for file in FILES {
            fs::write(folder.join(file), "x").unwrap();
        }
    }

    #[test]
    fn a_data_folder_in_which_another_process_has_begun_stays() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("sandbox");
        begin(&folder);
        remove_data(&folder, || {}).unwrap();
        assert!(!folder.exists());
        begin(&folder);
        remove_data_again(&folder).unwrap();
        assert!(FILES.iter().all(|file| folder.join(file).exists()));
        // What the process that left had open is no index.
        fs::remove_file(folder.join(INDEX_FILE)).unwrap();
        remove_data_again(&folder).unwrap();
        assert!(!folder.exists());
    }

    #[test]
    fn the_index_is_released_when_only_its_lock_is_left() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("sandbox");
        begin(&folder);
        let mut left = Vec::new();
        remove_data(&folder, || {
            left = entries(&folder).unwrap();
            // Another process begins at once.
            fs::write(folder.join(INDEX_FILE), "y").unwrap();
        })
        .unwrap();
        assert_eq!(left, [folder.join(LOCK_FILE)]);
        assert_eq!(fs::read_to_string(folder.join(INDEX_FILE)).unwrap(), "y");
        // What isn't there needs no removal, and the lock is released all the same.
        let mut released = false;
        let missing = remove_data(&home.path().join("production"), || released = true).unwrap_err();
        assert!(released && missing.kind() == ErrorKind::NotFound);
    }
}
