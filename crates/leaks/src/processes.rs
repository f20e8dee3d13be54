//! `/proc`: arguments and environments of the processes that run as the same user.

use super::{Report, Search, Unread};

#[cfg(target_os = "linux")]
pub(super) fn search(search: &Search, report: &mut Report) {
    use std::fs;
    use std::io;

    use super::Place;

    // Not the owner of the folder: that is root where a process forbids core dumps.
    let user = |folder: &str| {
        let status = fs::read_to_string(format!("/proc/{folder}/status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("Uid:")).and_then(|ids| ids.split_whitespace().next().map(str::to_owned))
    };
    let entries = match fs::read_dir("/proc") {
        Ok(entries) => entries,
        Err(error) => return report.unread.push(Unread { subject: "/proc".to_owned(), reason: error.to_string() }),
    };
    let own = user("self");
    for entry in entries.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if id == std::process::id() || own.is_none() || user(&id.to_string()) != own {
            continue;
        }
        let name = fs::read_to_string(entry.path().join("comm")).unwrap_or_default().trim().to_owned();
        for part in ["cmdline", "environ"] {
            match fs::read(entry.path().join(part)) {
                Ok(bytes) => {
                    report.read += u64::from(part == "cmdline");
                    let place =
                        |_| if part == "cmdline" { Place::Arguments(id, name.clone()) } else { Place::Environment(id, name.clone()) };
                    search.note(&search.count(&bytes), report, place);
                }
                // Ended meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(3) => {}
                Err(error) => {
                    report.unread.push(Unread { subject: format!("process:{name}"), reason: format!("{part} of process {id}: {error}") });
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn search(_: &Search, report: &mut Report) {
    let reason = "their arguments and environments can be searched on Linux alone".to_owned();
    report.unread.push(Unread { subject: "process:*".to_owned(), reason });
}
