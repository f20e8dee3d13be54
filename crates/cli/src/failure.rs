//! Why a command ends without what was wanted.

use connect_app::catalogue;
use connect_core::problem::{Problem, ProblemCode};

use crate::exit::Exit;

/// Why, and with which code.
#[derive(Debug)]
pub enum Failure {
    /// A problem of the core's.
    Problem(Problem),
    /// Something that only a command line can have: a sentence that says what to do.
    Said(Exit, String),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ProblemCode> for Failure {
    fn from(code: ProblemCode) -> Self {
        Self::Problem(code.into())
    }
}

impl Failure {
    /// A sentence of the command line's own.
    pub fn said(exit: Exit, sentence: impl Into<String>) -> Self {
        Self::Said(exit, sentence.into())
    }

    /// What a person reads.
    pub fn sentence(&self) -> String {
        match self {
            Self::Problem(Problem { code, retry_after_s: Some(seconds), .. }) => {
                format!("{} Try again in {seconds} s.", catalogue::sentence_in_a_terminal(*code))
            }
            Self::Problem(problem) => {
                let sentence = catalogue::sentence_in_a_terminal(problem.code);
                let without = if has_none(problem.code) { " Or keep accounts in memory alone, with: moneictl serve --memory" } else { "" };
                sentence + without
            }
            Self::Said(_, sentence) => sentence.clone(),
        }
    }

    /// With which code the program ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Problem(problem) => problem.code.into(),
            Self::Said(exit, _) => *exit,
        }
    }
}

/// Whether there is no keychain to speak of, where there is another way.
fn has_none(code: ProblemCode) -> bool {
    use ProblemCode as P;
    cfg!(unix) && matches!(code, P::KeychainAbsent | P::KeychainNoBus | P::KeychainNotSetUp | P::KeychainFailed)
}
