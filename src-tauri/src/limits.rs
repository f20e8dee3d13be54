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
}
