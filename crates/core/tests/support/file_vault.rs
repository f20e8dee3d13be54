//! A keychain for processes that are killed: one file per entry, replaced by renaming. For tests alone; the program keeps no token in a file.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use connect_core::vault::{Vault, VaultError, VaultFuture};
use secrecy::{ExposeSecret as _, SecretString};

/// So long a file may be read by others before it is replaced.
const FREE_WITHIN: Duration = Duration::from_secs(5);

pub struct FileVault(PathBuf);

impl FileVault {
    pub fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        Self(folder.to_owned())
    }

    pub fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with(".new")).collect()
    }

    /// The names of the grants' entries.
    pub fn records(&self) -> Vec<String> {
        let mut names = self.names();
        names.retain(|name| !name.starts_with(connect_core::vault::PENDING));
        names
    }

    fn put(&self, name: &str, value: &SecretString) -> std::io::Result<()> {
        let fresh = self.0.join(format!("{name}.{}.new", std::process::id()));
        let mut file = fs::File::create(&fresh)?;
        file.write_all(value.expose_secret().as_bytes())?;
        file.sync_all()?;
        #[cfg(debug_assertions)]
        if !name.contains('.') {
            connect_core::failpoint::reach("keychain.writing");
        }
        // Under Wine 8 a file could not be replaced while another process had it open, and whoever reads has it open for a moment.
        let began = Instant::now();
        loop {
            match fs::rename(&fresh, self.0.join(name)) {
                Err(error) if cfg!(windows) && error.kind() == ErrorKind::PermissionDenied && began.elapsed() < FREE_WITHIN => {
                    std::thread::yield_now();
                }
                done => return done,
            }
        }
    }
}

impl Vault for FileVault {
    fn read<'a>(&'a self, name: &'a str) -> VaultFuture<'a, Option<SecretString>> {
        Box::pin(async move { Ok(fs::read_to_string(self.0.join(name)).ok().map(SecretString::from)) })
    }

    fn write<'a>(&'a self, name: &'a str, value: SecretString) -> VaultFuture<'a, ()> {
        Box::pin(async move { self.put(name, &value).map_err(|_| VaultError::Refused) })
    }

    fn delete<'a>(&'a self, name: &'a str) -> VaultFuture<'a, ()> {
        Box::pin(async move {
            drop(fs::remove_file(self.0.join(name)));
            Ok(())
        })
    }

    fn list(&self) -> VaultFuture<'_, Vec<String>> {
        Box::pin(async move { Ok(self.names()) })
    }
}
