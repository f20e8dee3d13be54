//! What went wrong, why, and what to do.

mod english;
mod french;
pub(crate) mod terminal;

use connect_core::problem::ProblemCode;
use connect_core::snapshot::Language;

use super::ProblemWords;

/// The sentences of a problem.
pub const fn words(language: Language, code: ProblemCode) -> ProblemWords {
    match language {
        Language::English => english::words(code),
        Language::French => french::words(code),
    }
}
