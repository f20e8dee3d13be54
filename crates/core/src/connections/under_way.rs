//! Refreshes that are under way: the program's end waits for them, and none begins after that.

use std::time::Duration;

use tokio::sync::watch;

use crate::problem::{Problem, ProblemCode};

#[derive(Clone, Copy, Default)]
struct Now {
    count: usize,
    ending: bool,
}

/// How many are under way.
#[derive(Default)]
pub(super) struct UnderWay(watch::Sender<Now>);

/// One of them; over when dropped.
pub(super) struct Piece(watch::Sender<Now>);

impl UnderWay {
    /// Counts one more, until the piece is dropped.
    ///
    /// # Errors
    /// [`ProblemCode::BackendUnreachable`] when the program is about to end: nothing is sent whose answer nobody would store.
    pub(super) fn enter(&self) -> Result<Piece, Problem> {
        let begun = self.0.send_if_modified(|now| {
            now.count += usize::from(!now.ending);
            !now.ending
        });
        if begun { Ok(Piece(self.0.clone())) } else { Err(ProblemCode::BackendUnreachable.into()) }
    }

    /// Lets none begin any more, and waits for those under way; false if they took longer than `limit`.
    pub(super) async fn end(&self, limit: Duration) -> bool {
        self.0.send_modify(|now| now.ending = true);
        let mut count = self.0.subscribe();
        tokio::time::timeout(limit, count.wait_for(|now| now.count == 0)).await.is_ok()
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.0.send_modify(|now| now.count -= 1);
    }
}
