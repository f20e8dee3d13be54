//! What must finish before the program ends: requests that have no answer yet, and calls to Monei, which outlive the requests they were made for.

use tokio::sync::watch;

/// How many are under way. Clones count together.
#[derive(Clone, Default)]
pub(crate) struct UnderWay(watch::Sender<u32>);

/// One of them; over when dropped.
pub(crate) struct Piece(watch::Sender<u32>);

impl UnderWay {
    /// Counts one more, until the piece is dropped.
    pub(crate) fn enter(&self) -> Piece {
        self.0.send_modify(|count| *count += 1);
        Piece(self.0.clone())
    }

    /// Waits until nothing is under way.
    pub(crate) async fn over(&self) {
        // Fails only without a sender, and this is one.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
