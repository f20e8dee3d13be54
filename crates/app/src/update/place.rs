//! What brought this copy of the program here, and where a new version of it is put together.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::UpdateFailure;
#[cfg(target_os = "linux")]
use super::appimage::Target;
use super::fetch::of_disk;

/// What a folder with a downloaded installer begins with.
const FOLDER: &str = "update-";
/// What the file beside an AppImage begins with, while it is downloaded.
#[cfg(target_os = "linux")]
const PART: &str = ".monei-connections-update-";
/// Folders that package managers fill.
#[cfg(target_os = "linux")]
const OF_THE_SYSTEM: [&str; 6] = ["/usr", "/app", "/snap", "/nix", "/gnu", "/var/lib/flatpak"];
/// The part of them that they leave alone.
#[cfg(target_os = "linux")]
const NOT_OF_THE_SYSTEM: &str = "/usr/local";

/// What brought this copy of the program.
#[derive(Debug)]
pub enum Place {
    /// One file that the person keeps where they like.
    #[cfg(target_os = "linux")]
    AppImage(Target),
    /// The installer for Windows, for this user.
    Installer,
    /// A package manager.
    System,
    /// Something else: an archive, a build.
    Elsewhere,
}

impl Place {
    pub(super) fn of_this_program() -> Self {
        let Ok(program) = std::env::current_exe() else { return Self::Elsewhere };
        #[cfg(target_os = "linux")]
        return Self::on_linux(&program, &|name| std::env::var_os(name).map(PathBuf::from));
        #[cfg(windows)]
        // What the installer writes beside the program.
        return if program.with_file_name("uninstall.exe").is_file() { Self::Installer } else { Self::Elsewhere };
        #[cfg(not(any(target_os = "linux", windows)))]
        {
            drop(program);
            Self::Elsewhere
        }
    }

    /// An AppImage's runtime names its own file, and the folder in which it shows the content. A program that such a program starts inherits
    /// the names: so they count only where this one is in that folder.
    #[cfg(target_os = "linux")]
    fn on_linux(program: &Path, variable: &dyn Fn(&str) -> Option<PathBuf>) -> Self {
        let inside = variable("APPDIR").and_then(|folder| folder.canonicalize().ok()).is_some_and(|folder| program.starts_with(folder));
        if let Some(path) = variable("APPIMAGE").filter(|path| inside && path.is_absolute()) {
            return Target::at(&path).map_or(Self::Elsewhere, Self::AppImage);
        }
        let of_the_system = OF_THE_SYSTEM.iter().any(|folder| program.starts_with(folder)) && !program.starts_with(NOT_OF_THE_SYSTEM);
        if of_the_system { Self::System } else { Self::Elsewhere }
    }

    /// A private file for what is downloaded, on the file system where it will be used. What an earlier run left goes first.
    pub(super) fn part(&self, folder: &Path, name: &str) -> Result<Part, UpdateFailure> {
        match self {
            #[cfg(target_os = "linux")]
            Self::AppImage(target) => {
                target.check()?;
                let beside = target.path().parent().ok_or(UpdateFailure::NotWritable)?;
                sweep(beside, PART);
                let file = tempfile::Builder::new().prefix(PART).tempfile_in(beside).map_err(|error| of_disk(&error))?;
                Ok(Part::Beside(file))
            }
            Self::Installer => {
                sweep(folder, FOLDER);
                let made = tempfile::Builder::new().prefix(FOLDER).tempdir_in(folder).map_err(|error| of_disk(&error))?;
                let path = made.path().join(name);
                let file = File::options().read(true).write(true).create_new(true).open(&path).map_err(|error| of_disk(&error))?;
                Ok(Part::InFolder { folder: made, path, file })
            }
            Self::System | Self::Elsewhere => Err(UpdateFailure::NotWritable),
        }
    }
}

/// Removes what a run left that ended during a download.
fn sweep(folder: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix))) {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_folder { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
        if let Err(error) = removed {
            tracing::info!(kind = ?error.kind(), "an earlier download can't be removed yet");
        }
    }
}

/// What is being downloaded. It goes when this is dropped, unless it was put to use.
#[derive(Debug)]
pub(super) enum Part {
    #[cfg(target_os = "linux")]
    Beside(tempfile::NamedTempFile),
    InFolder {
        folder: tempfile::TempDir,
        path: PathBuf,
        file: File,
    },
}

impl Part {
    pub(super) fn file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Beside(file) => file.as_file(),
            Self::InFolder { file, .. } => file,
        }
    }

    /// All of it, from its beginning.
    pub(super) fn reader(&self) -> Result<&File, UpdateFailure> {
        let mut file = self.file();
        file.seek(SeekFrom::Start(0)).map_err(|error| of_disk(&error))?;
        Ok(file)
    }

    /// Closes it, and leaves it where it is.
    pub(super) fn kept(self) -> Result<PathBuf, UpdateFailure> {
        let kept = match self {
            #[cfg(target_os = "linux")]
            Self::Beside(file) => file.into_temp_path().keep().map_err(|error| error.error),
            Self::InFolder { folder, path, file } => {
                drop(file);
                let _ = folder.keep();
                Ok::<_, io::Error>(path)
            }
        };
        kept.map_err(|error| of_disk(&error))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn an_appimage_is_one_only_where_this_program_is_inside_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let (image, inside) = (folder.join("Monei.AppImage"), folder.join("mount"));
        std::fs::create_dir_all(inside.join("usr/bin")).unwrap();
        std::fs::write(&image, "x").unwrap();
        let place = |program: &Path, image: Option<&Path>| {
            Place::on_linux(program, &|name| match name {
                "APPIMAGE" => image.map(Path::to_owned),
                "APPDIR" => Some(inside.clone()),
                _ => None,
            })
        };
        let program = inside.join("usr/bin/monei-connect");
        assert!(matches!(place(&program, Some(&image)), Place::AppImage(_)));
        // The names are another program's, which started this one.
        assert!(matches!(place(Path::new("/usr/bin/monei-connect"), Some(&image)), Place::System));
        assert!(matches!(place(&folder.join("target/debug/monei-connect"), Some(&image)), Place::Elsewhere));
        assert!(matches!(place(&program, None), Place::Elsewhere));
        assert!(matches!(place(&program, Some(Path::new("Monei.AppImage"))), Place::Elsewhere));
        assert!(matches!(place(&program, Some(&folder.join("gone"))), Place::Elsewhere));
        assert!(matches!(place(Path::new("/usr/local/bin/monei-connect"), None), Place::Elsewhere));
    }
}
