//! Questions that are answered in the system's own dialog: what runs in the page can't say yes for the person. One is open at a time, and
//! after several noes the page has to wait, so that it can't have the person press yes to be left in peace.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use connect_app::catalogue::{self, QuestionWords};
use connect_core::problem::{Problem, ProblemCode};

use crate::host::Host;
use crate::window;

/// After so many noes within [`WHILE`] nobody is asked.
const NOES: usize = 5;
const WHILE: Duration = Duration::from_secs(60);

/// What was asked lately.
#[derive(Default)]
pub struct Questions {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_open: bool,
    noes: VecDeque<Instant>,
}

/// A question that is open. It isn't any more when this is dropped.
struct Open<'a>(&'a Questions);

impl Questions {
    fn open(&self, now: Instant) -> Result<Open<'_>, Problem> {
        let mut state = self.state();
        state.noes.retain(|at| now.duration_since(*at) < WHILE);
        if state.is_open {
            return Err(ProblemCode::QuestionOpen.into());
        }
        if let Some(first) = state.noes.front().filter(|_| state.noes.len() >= NOES) {
            let wait = WHILE.saturating_sub(now.duration_since(*first)).as_secs() + 1;
            return Err(Problem { code: ProblemCode::AskedTooOften, ..Problem::busy(wait) });
        }
        state.is_open = true;
        Ok(Open(self))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open<'_> {
    fn answered(self, yes: bool, now: Instant) {
        let mut state = self.0.state();
        if yes {
            state.noes.clear();
        } else {
            state.noes.push_back(now);
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.state().is_open = false;
    }
}

/// Whether the person says yes.
///
/// # Errors
/// [`ProblemCode::QuestionOpen`] while another question is open, [`ProblemCode::AskedTooOften`] after several noes,
/// [`ProblemCode::DialogUnavailable`] where nobody can be asked.
pub async fn agrees(host: &Host, question: QuestionWords) -> Result<bool, Problem> {
    let open = host.questions().open(Instant::now())?;
    let answer = window::agrees(host.app(), question, catalogue::dialogs(host.language()).cancel).await;
    let yes = answer.map_err(|error| {
        tracing::warn!(%error, "nobody could be asked");
        Problem::from(ProblemCode::DialogUnavailable)
    })?;
    open.answered(yes, Instant::now());
    Ok(yes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(questions: &Questions, now: Instant) -> Option<ProblemCode> {
        questions.open(now).err().map(|problem| problem.code)
    }

    #[test]
    fn one_question_is_open_at_a_time() {
        let (questions, now) = (Questions::default(), Instant::now());
        let open = questions.open(now).unwrap();
        for _ in 0..100 {
            assert_eq!(code(&questions, now), Some(ProblemCode::QuestionOpen));
        }
        open.answered(true, now);
        assert_eq!(code(&questions, now), None);
        // One that nobody could be asked is over, too.
        assert_eq!(code(&questions, now), None);
    }

    #[test]
    fn after_several_noes_nobody_is_asked_for_a_minute_and_a_yes_forgets_them() {
        let (questions, now) = (Questions::default(), Instant::now());
        let no = |at| questions.open(at).unwrap().answered(false, at);
        (0..NOES).for_each(|_| no(now));
        let refused = questions.open(now + Duration::from_secs(20)).err().unwrap();
        assert_eq!((refused.code, refused.retry_after_s), (ProblemCode::AskedTooOften, Some(41)));
        assert_eq!(code(&questions, now + WHILE), None);
        (1..NOES).for_each(|_| no(now + WHILE));
        questions.open(now + WHILE).unwrap().answered(true, now + WHILE);
        no(now + WHILE);
        assert_eq!(code(&questions, now + WHILE), None);
    }
}
