//! Files and folders for their owner alone, and whether a folder is on a file system that several computers write to: SQLite's write-ahead log
//! doesn't work across them.

use std::fs;
use std::path::Path;

/// Whether `path` lies on a network file system. False where that can't be told.
#[cfg(target_os = "linux")]
pub(super) fn is_shared_by_computers(path: &Path) -> bool {
    // NFS, SMB (two), CIFS, AFS, Coda, Ceph, 9P, and FUSE, by which SSHFS and the like come (statfs(2)).
    const NUMBERS: [u64; 9] = [0x6969, 0x517B, 0xFE53_4D42, 0xFF53_4D42, 0x5346_414F, 0x7375_7245, 0x00C3_6400, 0x0102_1997, 0x6573_5546];
    rustix::fs::statfs(path).is_ok_and(|found| NUMBERS.contains(&((found.f_type as u64) & 0xFFFF_FFFF)))
}

/// Elsewhere SQLite finds out by itself.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_shared_by_computers(_: &Path) -> bool {
    false
}

/// Makes the folder, and those above it, for its owner alone.
pub(super) fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// Opens or makes the file for its owner alone. SQLite gives its log the same mode.
pub(super) fn private_file(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    make_private(path)?;
    Ok(file)
}

/// Takes everybody else's rights away.
#[cfg(unix)]
pub(super) fn make_private(path: &Path) -> std::io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

/// Elsewhere the person's own profile folder keeps others out.
#[cfg(not(unix))]
pub(super) fn make_private(_: &Path) -> std::io::Result<()> {
    Ok(())
}
