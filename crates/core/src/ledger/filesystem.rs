//! Whether a folder is on a file system that several computers write to: SQLite's write-ahead log doesn't work across them.

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
