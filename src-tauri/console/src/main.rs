//! For terminals on Windows, where a program with windows has no terminal: `--version`, `diagnose` and what else the desktop program prints would go
//! nowhere. This one has a terminal, starts the desktop program beside it with the same words, and prints what that one says.
//!
//! Installed as `monei-connect.com` beside `monei-connect.exe`, it is what `monei-connect` starts in a terminal: `.COM` comes first there.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// The desktop program, in the same folder.
const PROGRAM: &str = if cfg!(windows) { "monei-connect.exe" } else { "monei-connect" };
/// Exit code where the desktop program can't be started. As its own where no window can be opened.
const NOT_STARTED: i32 = 1;

fn main() {
    let started = std::env::current_exe().and_then(|own| {
        let words: Vec<OsString> = std::env::args_os().skip(1).collect();
        run(&own.with_file_name(PROGRAM), &words, io::stdout(), io::stderr())
    });
    let code = started.unwrap_or_else(|error| {
        // Where nobody reads it, there is nobody to tell.
        drop(writeln!(io::stderr(), "monei-connect: {PROGRAM} beside this program can't be started: {error}"));
        NOT_STARTED
    });
    std::process::exit(code);
}

/// Starts `program` and passes on what it prints, as it prints it. Gives its exit code.
///
/// # Errors
/// Why it can't be started or waited for.
fn run(program: &Path, words: &[OsString], out: impl Write, err: impl Write + Send) -> io::Result<i32> {
    let mut child = Command::new(program).args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (printed, complained) = (child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        scope.spawn(move || pass_on(complained, err));
        pass_on(printed, out);
    });
    Ok(child.wait()?.code().unwrap_or(NOT_STARTED))
}

/// Until its end. Where nobody reads it any more it is still taken, so that the program isn't held up.
fn pass_on(from: Option<impl Read>, mut to: impl Write) {
    let Some(mut from) = from else { return };
    let (mut piece, mut is_read) = ([0; 4096], true);
    loop {
        match from.read(&mut piece) {
            Ok(0) => return,
            Ok(length) => is_read = is_read && to.write_all(piece.get(..length).unwrap_or_default()).and_then(|()| to.flush()).is_ok(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (i32, String, String) {
        let (program, option) = if cfg!(windows) { ("cmd.exe", "/C") } else { ("sh", "-c") };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = run(Path::new(program), &[option.into(), script.into()], &mut out, &mut err).unwrap();
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn words_and_exit_code_are_passed_on() {
        let (code, out, err) = shell("echo printed&& echo complained>&2&& exit 3");
        assert_eq!((code, out.trim(), err.trim()), (3, "printed", "complained"));
        assert_eq!(shell("exit 0"), (0, String::new(), String::new()));
    }

    #[test]
    fn a_long_answer_is_passed_on_whole() {
        let line = "x".repeat(100);
        let script = if cfg!(windows) { format!("for /L %i in (1,1,1000) do @echo {line}") } else { format!("yes {line} | head -n 1000") };
        let (code, out, _) = shell(&script);
        assert_eq!((code, out.lines().count()), (0, 1000));
        assert!(out.lines().all(|passed| passed.trim_end() == line));
    }

    #[test]
    fn a_reader_that_is_gone_does_not_hold_the_program_up() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (program, option) = if cfg!(windows) { ("cmd.exe", "/C") } else { ("sh", "-c") };
        let script = format!("echo {}&& exit 3", "x".repeat(1000));
        assert_eq!(run(Path::new(program), &[option.into(), script.into()], Closed, Closed).unwrap(), 3);
    }

    #[test]
    fn a_program_that_is_missing_is_told() {
        assert!(run(Path::new("no-such-program-anywhere"), &[], io::sink(), io::sink()).is_err());
    }
}
