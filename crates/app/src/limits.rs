//! A crash must not write the process's memory, with its tokens, to disk.

/// Sets the size of core dumps to nothing, for this process and its children.
#[cfg(unix)]
pub fn no_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        eprintln!("monei-connect: core dumps can't be switched off: {error}");
    }
}

/// Windows writes none unless somebody asked it to for this program.
#[cfg(not(unix))]
pub fn no_core_dumps() {}

#[cfg(all(test, unix))]
mod tests {
    #[test]
    fn core_dumps_are_off_afterwards_and_stay_off() {
        super::no_core_dumps();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    }

    /// Not a test of its own: a process that crashes.
    #[test]
    fn crashing_child() {
        if std::env::var_os("CONNECT_TEST_CRASH").is_some() {
            super::no_core_dumps();
            std::process::abort();
        }
    }

    #[test]
    fn a_crash_writes_no_memory_to_disk() {
        use std::os::unix::process::ExitStatusExt as _;
        let folder = tempfile::tempdir().unwrap();
        let child = module_path!().split_once("::").unwrap().1;
        let ended = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{child}::crashing_child"), "--nocapture"])
            .env("CONNECT_TEST_CRASH", "1")
            .current_dir(folder.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .unwrap();
        assert_eq!(ended.signal(), Some(6), "it did not crash: {ended}");
        // Where the system hands crashes to a program, that one keeps to the limit by itself.
        let handed_on = std::fs::read_to_string("/proc/sys/kernel/core_pattern").is_ok_and(|pattern| pattern.starts_with('|'));
        assert!(handed_on || !ended.core_dumped(), "{ended}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a file was left");
    }
}
