//! `/proc`: arguments and environments of the processes that run as the same user.

use super::{Report, Search};

#[cfg(target_os = "linux")]
pub(super) fn search(search: &Search, report: &mut Report) {
    use std::fs;
    use std::io;
    use std::os::unix::fs::MetadataExt;

    use super::Place;

    let (own, entries) = match (fs::metadata("/proc/self"), fs::read_dir("/proc")) {
        (Ok(own), Ok(entries)) => (own.uid(), entries),
        (Err(error), _) | (_, Err(error)) => return report.unread.push(format!("/proc: {error}")),
    };
    for entry in entries.flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if id == std::process::id() || entry.metadata().map_or(true, |metadata| metadata.uid() != own) {
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
                Err(error) => report.unread.push(format!("{part} of process {id} ({name}): {error}")),
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn search(_: &Search, report: &mut Report) {
    report.unread.push("processes: their arguments and environments can be searched on Linux alone".to_owned());
}
