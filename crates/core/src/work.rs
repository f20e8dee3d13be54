//! Work whose answer would be lost with the process: the program's end waits for it, and none begins after that.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::model::problem::{Problem, ProblemCode};

/// What is under way. Cheap to clone.
#[derive(Clone, Default)]
pub struct Work {
    tracker: TaskTracker,
    ending: CancellationToken,
}

/// One piece of it; over when dropped.
pub type Piece = TaskTrackerToken;

impl Work {
    /// Counts one more piece, until it is dropped.
    ///
    /// # Errors
    /// [`ProblemCode::ProgramEnding`] when the program is about to end: nothing is sent whose answer nobody would store.
    pub fn enter(&self) -> Result<Piece, Problem> {
        // In this order: what is counted before the end begins is waited for.
        let piece = self.tracker.token();
        if self.tracker.is_closed() { Err(ProblemCode::ProgramEnding.into()) } else { Ok(piece) }
    }

    /// Returns once the program is about to end.
    pub async fn ending(&self) {
        self.ending.cancelled().await;
    }

    /// Whether the program is about to end.
    pub fn is_ending(&self) -> bool {
        self.ending.is_cancelled()
    }

    /// The program is about to end: no piece begins any more.
    pub fn close(&self) {
        self.tracker.close();
        self.ending.cancel();
    }

    /// Closes, and waits for the pieces under way; false if they took longer than `limit`.
    pub async fn end(&self, limit: Duration) -> bool {
        self.close();
        tokio::time::timeout(limit, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_what_began_before_it_and_nothing_begins_after_it() {
        let work = Work::default();
        let piece = work.enter().unwrap();
        assert!(!work.end(Duration::from_millis(10)).await);
        assert_eq!(work.enter().err(), Some(ProblemCode::ProgramEnding.into()));
        drop(piece);
        assert!(work.end(Duration::from_secs(10)).await);
    }
}
