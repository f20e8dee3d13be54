//! The file of an AppImage, and how a new one takes its place: all at once, or not at all.

use std::fs::{File, Metadata, Permissions};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::UpdateFailure;
use super::fetch::of_disk;
use super::place::Part;

/// How each AppImage of the present kind begins: an ELF program, with a mark where ELF leaves room.
const ELF: &[u8] = b"\x7fELF";
const MARK: &[u8] = b"AI\x02";
const MARK_AT: usize = 8;

/// The file that this program came from, as it was when the program began to look after it.
#[derive(Debug)]
pub struct Target {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Target {
    /// The file at `path`, unless there is none.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let now = std::fs::symlink_metadata(path).ok().filter(Metadata::is_file)?;
        Some(Self { path: path.to_owned(), device: now.dev(), inode: now.ino() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file is still the one that was there, and the person's own. Gives its mode.
    ///
    /// # Errors
    /// [`UpdateFailure::Moved`] also where a link has taken its place; [`UpdateFailure::NotWritable`].
    pub(super) fn check(&self) -> Result<u32, UpdateFailure> {
        let now = std::fs::symlink_metadata(&self.path).map_err(|_| UpdateFailure::Moved)?;
        if !now.is_file() || (now.dev(), now.ino()) != (self.device, self.inode) {
            return Err(UpdateFailure::Moved);
        }
        if now.uid() != rustix::process::geteuid().as_raw() {
            return Err(UpdateFailure::NotWritable);
        }
        Ok(now.mode() & 0o777)
    }

    /// Puts `part` in the file's place, with its mode. Whoever has the old file open goes on with it.
    ///
    /// # Errors
    /// As [`Target::check`]; [`UpdateFailure::Unusable`] where `part` is no AppImage. The file is as it was then.
    pub(super) fn replace(&self, part: Part) -> Result<(), UpdateFailure> {
        let Part::Beside(part) = part else { return Err(UpdateFailure::NotWritable) };
        let mut head = [0; MARK_AT + MARK.len()];
        let whole = part.as_file().read_exact_at(&mut head, 0);
        if whole.is_err() || !head.starts_with(ELF) || !head.ends_with(MARK) {
            return Err(UpdateFailure::Unusable);
        }
        let mode = self.check()?;
        part.as_file().set_permissions(Permissions::from_mode(mode)).map_err(|error| of_disk(&error))?;
        part.as_file().sync_all().map_err(|error| of_disk(&error))?;
        // A rename puts another file under the name and follows no link, whatever comes under that name meanwhile.
        self.check()?;
        part.persist(&self.path).map_err(|error| of_disk(&error.error))?;
        // So that the name outlives a crash of the computer, too. Not every file system can.
        if let Some(folder) = self.path.parent() {
            drop(File::open(folder).and_then(|folder| folder.sync_all()));
        }
        Ok(())
    }
}
