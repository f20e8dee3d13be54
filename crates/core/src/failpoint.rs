//! Named points at which a test stops a process for good, to kill it there, or has it panic.
//!
//! Compiled with the feature `failpoints` of a development build only: a release build has nothing of it, whatever features it is given.

#[cfg(all(feature = "failpoints", debug_assertions))]
pub use active::{PANIC_VARIABLE, VARIABLE, reach};

/// Stops here if the test around this process asks for it.
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(all(feature = "failpoints", debug_assertions))]
        $crate::failpoint::reach($name);
    };
}
pub(crate) use failpoint;

#[cfg(all(feature = "failpoints", debug_assertions))]
mod active {
    use std::io::Write as _;

    /// The environment variable that names the point.
    pub const VARIABLE: &str = "CONNECT_FAILPOINT";

    /// The environment variable that names the point at which to panic.
    pub const PANIC_VARIABLE: &str = "CONNECT_PANICPOINT";

    /// Where `name` is the point asked for: says so on stdout, and goes no further until the process is killed; or panics.
    pub fn reach(name: &str) {
        assert!(std::env::var(PANIC_VARIABLE).as_deref() != Ok(name), "forced at {name}");
        if std::env::var(VARIABLE).as_deref() != Ok(name) {
            return;
        }
        let mut out = std::io::stdout();
        // A parent that has gone away kills nobody; waiting for ever is right all the same.
        drop(writeln!(out, "\nreached {name}").and_then(|()| out.flush()));
        loop {
            std::thread::park();
        }
    }
}
