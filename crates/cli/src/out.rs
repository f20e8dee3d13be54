//! Where a command's words go: to this process's terminal, or to the process that asked for the command, where that is another one
//! (`serve --memory`).

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::NAME;

tokio::task_local! {
    static ASKER: Asker;
}

/// Some words of a command.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// For standard output, with colours.
    Out(String),
    /// For standard error.
    Err(String),
}

/// Another process, which a command is run for.
#[derive(Default)]
pub struct Asker {
    /// Whether its standard output is a terminal.
    pub is_terminal: bool,
    output: Mutex<Vec<Output>>,
    /// Each with its question.
    answers: Mutex<Vec<(String, bool)>>,
    question: Mutex<Option<String>>,
}

#[cfg(unix)]
impl Asker {
    /// One that has answered these questions.
    pub fn new(is_terminal: bool, answers: Vec<(String, bool)>) -> Self {
        Self { is_terminal, answers: Mutex::new(answers), ..Self::default() }
    }

    /// Runs `command` for it. Gives what came of it, what was said, and the question that it hasn't answered yet.
    pub async fn run<T>(self, command: impl Future<Output = T>) -> (T, Vec<Output>, Option<String>) {
        let told = async {
            let outcome = command.await;
            ASKER.with(|asker| (outcome, std::mem::take(&mut *held(&asker.output)), held(&asker.question).take()))
        };
        ASKER.scope(self, told).await
    }
}

/// The answer of the process that asked, to this very question: `None` where the question is for this process's own terminal; `Some(None)`
/// where it first has to be asked.
pub fn answer(question: &str) -> Option<Option<bool>> {
    ASKER
        .try_with(|asker| {
            let mut answers = held(&asker.answers);
            let answer = answers.iter().position(|(asked, _)| asked == question).map(|index| answers.remove(index).1);
            if answer.is_none() {
                *held(&asker.question) = Some(question.to_owned());
            }
            answer
        })
        .ok()
}

/// Why standard output didn't take everything.
static LOST: Mutex<Option<io::Error>> = Mutex::new(None);

/// Words for standard output; colours are left out where they aren't wanted. What can't be written is [`lost`].
pub fn say(words: &str) {
    if for_asker(Output::Out(words.to_owned())) {
        return;
    }
    let mut out = anstream::stdout();
    match out.write_all(words.as_bytes()).and_then(|()| out.flush()) {
        // A reader that has gone, such as `head`, has what it wanted.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            held(&LOST).get_or_insert(error);
        }
        _ => {}
    }
}

/// Why standard output didn't take everything, where it didn't.
pub fn lost() -> Option<io::Error> {
    held(&LOST).take()
}

/// Words for standard error; colours are left out where they aren't wanted. A write that fails is not reported.
pub fn note(words: &str) {
    if !for_asker(Output::Err(words.to_owned())) {
        drop(anstream::stderr().write_all(words.as_bytes()));
    }
}

/// Why something isn't done, in one line on standard error.
pub fn complain(sentence: &str) {
    let line = sentence.replace('\n', " ");
    if !for_asker(Output::Err(format!("{NAME}: {line}\n"))) {
        connect_app::terminal::complain(NAME, &line);
    }
}

/// What another process said for this one.
#[cfg(unix)]
pub fn repeat(said: &[Output]) {
    for words in said {
        match words {
            Output::Out(words) => say(words),
            Output::Err(words) => note(words),
        }
    }
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    ASKER.try_with(|asker| asker.is_terminal).unwrap_or_else(|_| io::stdout().is_terminal())
}

/// Whether how far something is can be shown on a line of its own.
pub fn shows_progress() -> bool {
    ASKER.try_with(|_| ()).is_err() && io::stderr().is_terminal()
}

fn for_asker(said: Output) -> bool {
    ASKER.try_with(|asker| held(&asker.output).push(said)).is_ok()
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A line on standard output.
macro_rules! outln {
    ($($part:tt)*) => { $crate::out::say(&format!("{}\n", format_args!($($part)*))) };
}

/// Words on standard output.
macro_rules! out {
    ($($part:tt)*) => { $crate::out::say(&format!($($part)*)) };
}

/// A line on standard error.
macro_rules! errln {
    ($($part:tt)*) => { $crate::out::note(&format!("{}\n", format_args!($($part)*))) };
}

pub(crate) use {errln, out, outln};

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_for_another_process_says_everything_to_that_one_and_asks_it() {
        let command = async || {
            outln!("a {}", 1);
            errln!("b");
            complain("c\nd");
            let answers = [answer("first?"), answer("second?")];
            (is_terminal(), answers)
        };
        let ((terminal, answers), said, question) = Asker::new(true, vec![("first?".to_owned(), true)]).run(command()).await;
        assert!(terminal);
        assert_eq!(answers, [Some(Some(true)), Some(None)]);
        assert_eq!(said, [Output::Out("a 1\n".into()), Output::Err("b\n".into()), Output::Err("moneictl: c d\n".into())]);
        assert_eq!(question.as_deref(), Some("second?"));
        // An answer is to the question that was asked, and to it once.
        let command = async || [answer("Disconnect B?"), answer("Disconnect A?"), answer("Disconnect A?")];
        let (answers, _, _) = Asker::new(true, vec![("Disconnect A?".to_owned(), true)]).run(command()).await;
        assert_eq!(answers, [Some(None), Some(Some(true)), Some(None)]);
        assert_eq!(answer("here?"), None, "this process's own terminal");
    }
}
