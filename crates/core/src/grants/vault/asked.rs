//! What a person asked for, as the keychain sees it. Only within [`asked`] may a keychain open its own dialog; whatever runs outside of
//! it reads and writes where no dialog is needed, and is told [`VaultError::Locked`] otherwise.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::VaultError;

tokio::task_local! {
    static ASK: Option<Arc<Ask>>;
}

/// The keychain's dialogs that are open, and the way to close them.
#[derive(Default)]
pub struct Dialogs {
    open: watch::Sender<usize>,
    closings: watch::Sender<u64>,
}

impl Dialogs {
    /// Whether one is open.
    pub fn any_open(&self) -> bool {
        *self.open.borrow() > 0
    }

    /// Resolves with each change of [`Dialogs::any_open`], beginning with the next one.
    pub fn subscribe(&self) -> watch::Receiver<usize> {
        self.open.subscribe()
    }

    /// Closes those that are open, and keeps what was asked for so far from opening another. It ends with [`VaultError::Dismissed`].
    pub fn close(&self) {
        self.closings.send_modify(|closings| *closings += 1);
    }
}

/// Runs `call` as something that a person asked for: the keychain may open its dialog, and waits for it as long as the person does. A
/// dialog that was cancelled isn't opened a second time for the same `call`. Tasks that `call` spawns are outside.
pub async fn asked<T>(dialogs: &Arc<Dialogs>, call: impl Future<Output = T>) -> T {
    let ask = Ask { dialogs: Arc::clone(dialogs), closings: dialogs.closings.subscribe(), ended: Mutex::default() };
    ASK.scope(Some(Arc::new(ask)), call).await
}

/// Runs `call` as something that nobody asked for, within [`asked`] too.
pub async fn unasked<T>(call: impl Future<Output = T>) -> T {
    ASK.scope(None, call).await
}

/// Runs `call` in a task of its own, for whoever the present one works: it goes on to its end where whoever waits for it goes away.
pub async fn to_its_end<T: Send + 'static>(call: impl Future<Output = T> + Send + 'static) -> T {
    match tokio::spawn(ASK.scope(Ask::current(), call)).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and with it whoever waits here.
            Err(_) => std::future::pending().await,
        },
    }
}

/// One thing that a person asked for.
pub struct Ask {
    dialogs: Arc<Dialogs>,
    closings: watch::Receiver<u64>,
    /// How its dialog ended, where it did without success.
    ended: Mutex<Option<VaultError>>,
}

impl Ask {
    /// What the present task does for a person, if it does.
    pub fn current() -> Option<Arc<Self>> {
        ASK.try_with(Clone::clone).ok().flatten()
    }

    /// Opens a dialog: `dialog` runs until it is answered; dropping it must close the dialog.
    ///
    /// # Errors
    /// [`VaultError::Dismissed`] if it was cancelled here, else what `dialog` came to. After a failure the same ask opens no other.
    pub async fn open<T>(&self, dialog: impl Future<Output = Result<T, VaultError>>) -> Result<T, VaultError> {
        self.may_open()?;
        let _open = Open::count(&self.dialogs);
        let mut closings = self.closings.clone();
        let outcome = tokio::select! {
            biased;
            // The sender lives as long as `self.dialogs`.
            _ = closings.changed() => Err(VaultError::Dismissed),
            outcome = dialog => outcome,
        };
        *self.ended() = outcome.as_ref().err().copied();
        outcome
    }

    /// Whether it may open a dialog.
    ///
    /// # Errors
    /// How its dialog has ended already.
    pub fn may_open(&self) -> Result<(), VaultError> {
        self.ended().map_or(Ok(()), Err)
    }

    fn ended(&self) -> std::sync::MutexGuard<'_, Option<VaultError>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts as an open dialog until it is dropped.
struct Open<'a>(&'a Dialogs);

impl<'a> Open<'a> {
    fn count(dialogs: &'a Dialogs) -> Self {
        dialogs.open.send_modify(|open| *open += 1);
        Self(dialogs)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open = open.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn waits() -> Result<(), VaultError> {
        std::future::pending().await
    }

    #[tokio::test]
    async fn nothing_is_asked_for_outside_of_it() {
        assert!(Ask::current().is_none());
        let dialogs = Arc::default();
        asked(&dialogs, async {
            assert!(Ask::current().is_some());
            assert!(unasked(async { Ask::current().is_none() }).await);
            assert!(tokio::spawn(async { Ask::current().is_none() }).await.unwrap(), "a task of its own is outside");
        })
        .await;
    }

    #[tokio::test]
    async fn a_cancelled_dialog_is_not_opened_again_by_the_same_ask_but_by_the_next_one() {
        let dialogs: Arc<Dialogs> = Arc::default();
        let mut open = dialogs.subscribe();
        let call = asked(&dialogs, async {
            let ask = Ask::current().unwrap();
            let first = ask.open(waits()).await;
            (first, ask.open(async { panic!("opened again") }).await)
        });
        let closes = async {
            open.wait_for(|open| *open == 1).await.unwrap();
            dialogs.close();
        };
        let (outcome, ()) = tokio::join!(call, closes);
        assert_eq!(outcome, (Err(VaultError::Dismissed), Err::<(), _>(VaultError::Dismissed)));
        assert!(!dialogs.any_open());
        asked(&dialogs, async { Ask::current().unwrap().open(async { Ok(()) }).await }).await.unwrap();
    }

    #[tokio::test]
    async fn what_was_cancelled_before_its_dialog_opened_opens_none() {
        let dialogs: Arc<Dialogs> = Arc::default();
        let outcome = asked(&dialogs, async {
            dialogs.close();
            Ask::current().unwrap().open(waits()).await
        });
        assert_eq!(outcome.await, Err(VaultError::Dismissed));
    }
}
