//! The signals of one run. Each is for whoever waits for one at the innermost place, such as a question to the person. Where nobody does, the
//! command ends: what was sent gets its time, and a second signal ends the program at once.

use std::sync::Arc;

use connect_app::ending::{self, Signal};
use tokio::sync::watch;

tokio::task_local! {
    static SIGNALS: Signals;
}

/// Those of this run. Cheap to clone.
#[derive(Clone)]
pub struct Signals {
    state: Arc<watch::Sender<State>>,
}

#[derive(Default)]
struct State {
    /// One that nobody has taken yet.
    waiting: Option<Signal>,
    /// How many wait for one inside of the command.
    followers: usize,
    /// Whether there ever was one.
    heard: bool,
}

impl Signals {
    /// None of which ever comes by itself.
    fn none() -> Self {
        Self { state: Arc::new(watch::Sender::default()) }
    }

    /// This process's, from now on. Where they can't be followed, they end it as they would have. One that was started to outlive its
    /// terminal does, unless it `ends_with_session` all the same.
    pub fn of_this_process(ends_with_session: bool) -> Self {
        let lives_on = !ends_with_session && ending::outlives_its_terminal();
        let signals = Self::none();
        if let Ok(mut system) = ending::Signals::follow() {
            let heard = signals.clone();
            tokio::spawn(async move {
                loop {
                    let signal = system.next().await;
                    if !(lives_on && signal == Signal::HangUp) {
                        heard.hear(signal);
                    }
                }
            });
        }
        signals
    }

    fn hear(&self, signal: Signal) {
        self.state.send_modify(|state| (state.waiting, state.heard) = (Some(signal), true));
    }

    /// Runs `command`, inside of which [`follow`] gets these.
    pub async fn around<T>(&self, command: impl Future<Output = T>) -> T {
        SIGNALS.scope(self.clone(), command).await
    }

    /// The next signal that nobody inside of the command waits for.
    pub async fn unfollowed(&self) -> Signal {
        self.take(|state| state.followers == 0).await
    }

    /// The next signal.
    pub async fn next(&self) -> Signal {
        self.take(|_| true).await
    }

    async fn take(&self, mine: impl Fn(&State) -> bool) -> Signal {
        let mut changes = self.state.subscribe();
        loop {
            let mut taken = None;
            self.state.send_if_modified(|state| {
                if mine(state) {
                    taken = state.waiting.take();
                }
                false
            });
            match taken {
                Some(signal) => return signal,
                // `self` has the other end.
                None => drop(changes.changed().await),
            }
        }
    }
}

/// Gets the signals while it is there.
pub struct Follower {
    signals: Signals,
}

/// From now on the signals of this run are for the caller. For a command of another process there are none.
pub fn follow() -> Follower {
    let signals = SIGNALS.try_with(Clone::clone).unwrap_or_else(|_| Signals::none());
    signals.state.send_modify(|state| state.followers += 1);
    Follower { signals }
}

impl Follower {
    /// The next signal.
    pub async fn next(&self) -> Signal {
        self.signals.next().await
    }

    /// Returns once there is a signal, at once where there was one before in this run.
    pub async fn ever(&self) {
        let mut changes = self.signals.state.subscribe();
        // `self` has the other end.
        drop(changes.wait_for(|state| state.heard).await);
        self.signals.state.send_modify(|state| state.waiting = None);
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // Whoever waits outside may get what wasn't taken here.
        self.signals.state.send_modify(|state| state.followers -= 1);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Whether a signal that comes now is taken outside of `command`.
    async fn ends(signals: &Signals, command: impl Future<Output = ()>) -> bool {
        tokio::select! {
            biased;
            () = signals.around(command) => false,
            _ = signals.unfollowed() => true,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_is_for_who_waits_for_one_and_else_ends_the_command() {
        let signals = Signals::none();
        let question = async || {
            follow().next().await;
        };
        let comes = async |after: u64| {
            tokio::time::sleep(Duration::from_secs(after)).await;
            signals.hear(Signal::Interrupt);
            std::future::pending::<()>().await;
        };
        let (asks, waits) = (async { question().await }, std::future::pending::<()>());
        assert!(!tokio::select! { ended = ends(&signals, asks) => ended, () = comes(1) => true });
        // After a question that was answered, too.
        let asked = async {
            tokio::select! { () = question() => {}, () = tokio::time::sleep(Duration::from_secs(1)) => {} }
            waits.await;
        };
        assert!(tokio::select! { ended = ends(&signals, asked) => ended, () = comes(2) => false });
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_that_nobody_has_taken_is_not_lost() {
        let signals = Signals::none();
        signals.hear(Signal::Terminate);
        assert!(ends(&signals, std::future::pending()).await);
        // Its follower was doing something else.
        let busy = async {
            let follower = follow();
            signals.hear(Signal::HangUp);
            tokio::task::yield_now().await;
            drop(follower);
            std::future::pending().await
        };
        assert!(ends(&signals, busy).await);
        signals.around(async { follow().ever().await }).await;
    }
}
