//! What a start says apart from the window: on the terminal. On Windows a program with windows has none unless another program reads its words,
//! as `src-tauri/console` does; there a message box says it.

use std::io::{self, Write as _};

/// An answer that was asked for.
///
/// # Errors
/// Standard output didn't take everything, which [`cut_off`] says. A reader that has gone, such as `head`, has what it wanted.
pub fn say(text: &str) -> io::Result<()> {
    #[cfg(windows)]
    if windows::nobody_reads(io::stdout()) {
        windows::show(text, rfd::MessageLevel::Info);
        return Ok(());
    }
    let mut out = io::stdout();
    match writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// What is told where an answer isn't whole.
pub fn cut_off(error: &io::Error) -> String {
    format!("Standard output didn’t take everything, so a part is missing: {error}.")
}

/// Why `program` ends, in one line.
pub fn complain(program: &str, sentence: &str) {
    let line = sentence.replace('\n', " ");
    #[cfg(windows)]
    if windows::nobody_reads(std::io::stderr()) {
        return windows::show(&line, rfd::MessageLevel::Error);
    }
    // Where nobody reads it, there is nobody to tell.
    drop(writeln!(std::io::stderr(), "{program}: {line}"));
}

#[cfg(windows)]
mod windows {
    use std::os::windows::io::AsRawHandle;

    /// Whether what is written there goes nowhere.
    pub fn nobody_reads(stream: impl AsRawHandle) -> bool {
        stream.as_raw_handle().is_null()
    }

    /// Waits until the person has closed it.
    pub fn show(text: &str, level: rfd::MessageLevel) {
        rfd::MessageDialog::new().set_title(crate::settings::PRODUCT_NAME).set_description(text).set_level(level).show();
    }

    #[cfg(test)]
    mod tests {
        use std::os::windows::io::RawHandle;

        use super::*;

        struct Handle(RawHandle);
        impl AsRawHandle for Handle {
            fn as_raw_handle(&self) -> RawHandle {
                self.0
            }
        }

        #[test]
        fn a_start_without_a_terminal_is_told_from_one_that_is_read() {
            assert!(nobody_reads(Handle(std::ptr::null_mut())));
            // The runner of these tests reads this one.
            assert!(!nobody_reads(std::io::stdout()));
        }
    }
}
