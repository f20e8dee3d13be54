//! Questions to the person at the terminal. Where there is none, nobody says yes.

use std::io::{self, BufRead as _, IsTerminal as _};

use tokio::sync::oneshot;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::{out, signals};

/// Whether the person says yes to `question`; only a typed "y" or "yes" does.
///
/// # Errors
/// Nobody is there to be asked, or the person ends the program instead.
pub async fn agrees(question: &str) -> Result<bool, Failure> {
    if let Some(answer) = out::answer(question) {
        // The process that asked for the command asks the person, and runs it again with the answer.
        return answer.ok_or_else(|| Failure::said(Exit::Denied, "This asks a question, and nobody has answered it."));
    }
    check_that_somebody_is_there()?;
    anstream::eprint!("{question} [y/N] ");
    let signals = signals::follow();
    let (sender, answer) = oneshot::channel();
    // A thread of its own: nothing can end a read of the terminal, and the program's end must not wait for it.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        // Nobody waits any more once the program ends.
        drop(sender.send(read.map(|_| line)));
    });
    tokio::select! {
        line = answer => {
            let line = line.ok().and_then(Result::ok).unwrap_or_default();
            Ok(is_yes(&line))
        }
        _ = signals.next() => Err(Failure::said(Exit::Denied, "Ended before there was an answer.")),
    }
}

/// Refuses what ends in a question where there is no terminal to ask it on.
///
/// # Errors
/// There is none.
pub fn check_that_somebody_is_there() -> Result<(), Failure> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Failure::said(Exit::Denied, "This asks a question, and nobody can be asked here: run it in a terminal."))
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_alone_is_no() {
        for no in ["", "\n", "n\n", "no", "ja", "yess", "y e s"] {
            assert!(!is_yes(no), "{no:?}");
        }
        assert!(is_yes("y\n") && is_yes(" YES \r\n"));
    }
}
