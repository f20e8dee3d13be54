//! At most one call to Monei per key. A code and a refresh token can each be used once, and an answer that got lost on the way to the app must
//! be had again without asking Monei again: so the first request claims the key and calls, others wait for its answer, and whoever presents
//! the same proof within two minutes gets the same answer (C-15, T-10).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Instrument;
use zeroize::Zeroizing;

use crate::domain::digest::Key;
use crate::domain::outcome::{Outcome, Settled};
use crate::domain::problem::{Code, Problem};
use crate::domain::seal::Sealer;
use crate::flow::under_way::UnderWay;
use crate::ports::{Claim, Replays, StoreUnavailable};

/// How long an answer is kept.
pub(crate) const REPLAY_LIFETIME: Duration = Duration::from_secs(120);
/// How long a request waits for an answer before it says that the outcome is unknown. The call itself goes on, and its answer is kept.
const PATIENCE: Duration = Duration::from_secs(13);
/// How often an answer is tried to be kept while the store is away.
const KEEP_AGAIN: Duration = Duration::from_secs(1);
/// Until when after the claim, at most: less than it lives.
const KEEP_WITHIN: Duration = Duration::from_secs(110);

/// So often a store that answers again is asked whether it made the claim after all: it may still come to what it was asked before.
const LOOK_AGAIN: u32 = 5;

/// Seconds after which whoever waited for a claim that vanished asks again.
const VANISHED_AGAIN: u64 = 1;

/// What identifies a piece of work.
pub(crate) struct Slot {
    /// Under which the answer is kept.
    pub(crate) key: Key,
    /// Of what was presented: the same key with another fingerprint is a conflict.
    pub(crate) fingerprint: [u8; 16],
    /// What the caller must present to read a kept answer; its key is derived from it.
    pub(crate) proof: Zeroizing<Vec<u8>>,
}

const PENDING: u8 = 0;
const DONE: u8 = 1;

fn record(state: u8, fingerprint: &[u8; 16], sealed: &[u8]) -> Vec<u8> {
    [&[state][..], fingerprint, sealed].concat()
}

/// When a piece of work was claimed.
#[derive(Clone, Copy)]
pub(crate) struct Claimed(Instant);

impl Claimed {
    fn now() -> Self {
        Self(Instant::now())
    }

    /// Checked right before a call to Monei: whoever asked has given up after [`PATIENCE`], and a call that began much later would outlast the
    /// claim.
    pub(crate) fn check_in_time(self) -> Result<(), Problem> {
        match self.0.elapsed() < PATIENCE {
            true => Ok(()),
            false => {
                tracing::warn!(event = "too_late_to_call");
                Err(StoreUnavailable.into())
            }
        }
    }
}

/// Does work once, and remembers what came of it.
#[derive(Clone)]
pub(crate) struct Once {
    pub(crate) replays: Arc<dyn Replays>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) under_way: UnderWay,
}

impl Once {
    /// Gives the answer for `slot`: a kept one, that of a request already on its way, or that of `work`.
    ///
    /// `ahead` is what the work has to ask the store first. It is asked together with the claim, and what the work has to keep (`besides`)
    /// is kept together with the answer: on a way to the store and back each costs nothing more.
    ///
    /// The caller has the answer before it is kept: whoever asks meanwhile finds the claim, and waits.
    ///
    /// The work runs to its end even when the caller goes away or loses patience, and is under way until its answer is kept.
    pub(crate) async fn run<A, W, B>(
        &self,
        slot: Slot,
        ahead: impl Future<Output = A> + Send + 'static,
        work: impl FnOnce(A, Claimed) -> W + Send + 'static,
    ) -> Outcome
    where
        A: Send,
        W: Future<Output = (Settled, B)> + Send,
        B: Future<Output = ()> + Send,
    {
        let (once, under_way) = (self.clone(), self.under_way.enter());
        let (tell, told) = oneshot::channel();
        let work = async move {
            once.claim_or_join(slot, ahead, work, tell).await;
            drop(under_way);
        };
        tokio::spawn(work.in_current_span());
        match tokio::time::timeout(PATIENCE, told).await {
            Ok(Ok(outcome)) => outcome,
            // The work panicked.
            Ok(Err(_)) => Code::Internal.into(),
            Err(_) => Code::OutcomeUnknown.into(),
        }
    }

    async fn claim_or_join<A, W, B>(
        &self,
        slot: Slot,
        ahead: impl Future<Output = A> + Send,
        work: impl FnOnce(A, Claimed) -> W + Send,
        tell: oneshot::Sender<Outcome>,
    ) where
        A: Send,
        W: Future<Output = (Settled, B)> + Send,
        B: Future<Output = ()> + Send,
    {
        // With a name of this try's own, so that it knows its claim again where the store's answer got lost.
        let claimed = Claimed::now();
        let own = record(PENDING, &slot.fingerprint, &rand::random::<[u8; 16]>());
        let claim = self.replays.claim(slot.key, own.clone(), REPLAY_LIFETIME);
        let (claim, ahead) = tokio::join!(claim, ahead);
        // Below, a caller who doesn't wait any more needs no answer.
        match claim {
            Err(unavailable) => {
                let outcome = Outcome::Problem(unavailable.into());
                let done = self.done(&slot, &outcome);
                drop(tell.send(outcome));
                self.take_back(claimed, slot.key, own, done).await;
            }
            Ok(Claim::Taken(present)) => drop(tell.send(self.join(&slot, present).await.unwrap_or_else(Outcome::Problem))),
            Ok(Claim::Ours) => {
                let (settled, besides) = work(ahead, claimed).await;
                let (outcome, stands) = match settled {
                    Settled::Final(outcome) => (outcome, true),
                    Settled::Void(problem) => (Outcome::Problem(problem), false),
                };
                let done = self.done(&slot, &outcome);
                drop(tell.send(outcome));
                let (kept, ()) = tokio::join!(self.keep(slot.key, own.clone(), done.clone(), stands), besides);
                if kept.is_err() {
                    tracing::error!(event = "replay_not_kept", reason = "the store is tried again");
                    self.keep_later(claimed, slot.key, own, done, stands).await;
                }
            }
        }
    }

    /// An outcome as it is kept.
    fn done(&self, slot: &Slot, outcome: &Outcome) -> Vec<u8> {
        record(DONE, &slot.fingerprint, &self.sealer.seal_replay(&slot.proof, &outcome.to_bytes()))
    }

    /// Keeps what came of a piece of work, or forgets that it was begun; neither where the key is somebody else's by now.
    async fn keep(&self, key: Key, own: Vec<u8>, done: Vec<u8>, stands: bool) -> Result<(), StoreUnavailable> {
        if !stands {
            return self.replays.release(key, own, done).await.map(drop);
        }
        if !self.replays.settle(key, own, done, REPLAY_LIFETIME).await? {
            tracing::error!(event = "replay_not_kept", reason = "its claim is somebody else's");
        }
        Ok(())
    }

    /// Takes back a claim that the store may have made without saying so: a store that gave no answer may carry out later what it was asked. Whoever
    /// waits for the claim is told `done`.
    async fn take_back(&self, claimed: Claimed, key: Key, own: Vec<u8>, done: Vec<u8>) {
        let tries = async {
            let mut absent = 0;
            while absent < LOOK_AGAIN {
                tokio::time::sleep(KEEP_AGAIN).await;
                match self.replays.release(key, own.clone(), done.clone()).await {
                    Ok(true) => return tracing::info!(event = "claim_taken_back"),
                    Ok(false) => absent += 1,
                    Err(StoreUnavailable) => {}
                }
            }
        };
        // Then the claim's own end is near.
        let _ = tokio::time::timeout_at(claimed.0 + KEEP_WITHIN, tries).await;
    }

    /// Keeps an answer while the store is away, which must not make an answer that is known an unknown one. Ends before the claim does, since after
    /// that the key may be somebody else's.
    async fn keep_later(&self, claimed: Claimed, key: Key, own: Vec<u8>, done: Vec<u8>, stands: bool) {
        let tries = async {
            loop {
                tokio::time::sleep(KEEP_AGAIN).await;
                if self.keep(key, own.clone(), done.clone(), stands).await.is_ok() {
                    return;
                }
            }
        };
        match tokio::time::timeout_at(claimed.0 + KEEP_WITHIN, tries).await {
            Ok(()) => tracing::info!(event = "replay_kept_later"),
            Err(_) => tracing::error!(event = "replay_not_kept", reason = "the store stayed away"),
        }
    }

    /// The kept answer for `slot`, if there is one; never calls Monei.
    pub(crate) async fn kept(&self, slot: &Slot) -> Result<Option<Outcome>, Problem> {
        match self.replays.get(slot.key).await? {
            Some(present) => self.join(slot, present).await.map(Some),
            None => Ok(None),
        }
    }

    /// The answer of whoever has the claim. Where that try was put off and another began meanwhile, the answer of that one.
    async fn join(&self, slot: &Slot, present: Vec<u8>) -> Result<Outcome, Problem> {
        let until = Instant::now() + PATIENCE;
        let mut present = present;
        while present.first() == Some(&PENDING) && present.get(1..17) == Some(&slot.fingerprint[..]) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Code::OutcomeUnknown.into());
            }
            present = match self.replays.wait(slot.key, present, left).await? {
                Some(settled) => settled,
                // Settled between the two questions, or still on its way; or nobody has it any more, and nothing was done.
                None => match self.replays.get(slot.key).await? {
                    Some(present) => present,
                    None => return Err(Problem::from(Code::ServiceUnavailable).retry_after(VANISHED_AGAIN)),
                },
            };
        }
        match present.split_first_chunk::<17>() {
            Some(([_, presented @ ..], _)) if *presented != slot.fingerprint => Err(Code::IdempotencyConflict.into()),
            Some(([DONE, ..], sealed)) => {
                let plain = self.sealer.open_replay(&slot.proof, sealed).map_err(|_| Problem::from(Code::OutcomeUnknown))?;
                Outcome::from_bytes(&plain).ok_or(Code::Internal.into())
            }
            _ => Err(Code::OutcomeUnknown.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use tokio::sync::Semaphore;

    use super::*;
    use crate::domain::seal::MasterKey;
    use crate::domain::settings::Environment;
    use crate::ports::memory::MemoryStore;
    use crate::ports::{Marks, Reply};

    fn once() -> Once {
        let clock = Arc::new(crate::ports::clock::ManualClock::new(1_000));
        let sealer = Sealer::new(Environment::Sandbox, MasterKey::new([3; 32]), None);
        Once { replays: Arc::new(MemoryStore::new(clock, false)), sealer: Arc::new(sealer), under_way: UnderWay::default() }
    }

    fn slot(proof: &[u8]) -> Slot {
        Slot { key: [1; 32], fingerprint: [2; 16], proof: Zeroizing::new(proof.to_vec()) }
    }

    fn canary() -> (Settled, std::future::Ready<()>) {
        (Settled::Final(Outcome::Tokens(Zeroizing::new(b"mct_CNRY_and_mcr_CNRY".to_vec()))), ready(()))
    }

    async fn never(_: (), _: Claimed) -> (Settled, std::future::Ready<()>) {
        panic!("must not work twice")
    }

    #[tokio::test]
    async fn the_store_holds_nothing_that_can_be_read_without_the_proof() {
        let once = once();
        once.run(slot(b"proof"), ready(()), |(), _| async { canary() }).await;
        let kept = once.replays.get([1; 32]).await.unwrap().unwrap();
        assert!(!kept.windows(4).any(|window| window == b"CNRY"));
        let other = once.run(slot(b"another"), ready(()), |(), _| async { canary() }).await;
        assert!(matches!(other, Outcome::Problem(problem) if problem.code == Code::OutcomeUnknown));
        let same = once.run(slot(b"proof"), ready(()), never).await;
        assert!(matches!(same, Outcome::Tokens(body) if *body == b"mct_CNRY_and_mcr_CNRY"));
    }

    /// Keeps nothing until it is told to.
    struct Slow {
        store: MemoryStore,
        go: Semaphore,
    }

    impl Marks for Slow {
        fn claim(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, Claim> {
            self.store.claim(key, value, ttl)
        }

        fn get(&self, key: Key) -> Reply<'_, Option<Vec<u8>>> {
            self.store.get(key)
        }

        fn put(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, ()> {
            self.store.put(key, value, ttl)
        }
    }

    impl Replays for Slow {
        fn settle(&self, key: Key, own: Vec<u8>, value: Vec<u8>, ttl: Duration) -> Reply<'_, bool> {
            Box::pin(async move {
                self.go.acquire().await.unwrap().forget();
                self.store.settle(key, own, value, ttl).await
            })
        }

        fn release(&self, key: Key, own: Vec<u8>, value: Vec<u8>) -> Reply<'_, bool> {
            self.store.release(key, own, value)
        }

        fn wait(&self, key: Key, seen: Vec<u8>, limit: Duration) -> Reply<'_, Option<Vec<u8>>> {
            self.store.wait(key, seen, limit)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_given_before_it_is_kept_and_who_asks_meanwhile_waits_for_it() {
        let clock = Arc::new(crate::ports::clock::ManualClock::new(1_000));
        let slow = Arc::new(Slow { store: MemoryStore::new(clock, false), go: Semaphore::new(0) });
        let once = Once { replays: slow.clone(), ..once() };
        let first = once.run(slot(b"proof"), ready(()), |(), _| async { canary() }).await;
        assert!(matches!(first, Outcome::Tokens(body) if *body == b"mct_CNRY_and_mcr_CNRY"));
        let again = once.run(slot(b"proof"), ready(()), never);
        tokio::pin!(again);
        assert!(tokio::time::timeout(Duration::from_secs(5), &mut again).await.is_err(), "nothing is kept yet");
        slow.go.add_permits(1);
        assert!(matches!(again.await, Outcome::Tokens(body) if *body == b"mct_CNRY_and_mcr_CNRY"));
        once.under_way.over().await;
    }

    /// Tells whoever waits something else first: `None` that the entry vanished.
    struct Passing {
        store: MemoryStore,
        first: std::sync::Mutex<Option<Option<Vec<u8>>>>,
    }

    impl Marks for Passing {
        fn claim(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, Claim> {
            self.store.claim(key, value, ttl)
        }

        fn get(&self, key: Key) -> Reply<'_, Option<Vec<u8>>> {
            self.store.get(key)
        }

        fn put(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, ()> {
            self.store.put(key, value, ttl)
        }
    }

    impl Replays for Passing {
        fn settle(&self, key: Key, own: Vec<u8>, value: Vec<u8>, ttl: Duration) -> Reply<'_, bool> {
            self.store.settle(key, own, value, ttl)
        }

        fn release(&self, key: Key, own: Vec<u8>, value: Vec<u8>) -> Reply<'_, bool> {
            self.store.release(key, own, value)
        }

        fn wait(&self, key: Key, seen: Vec<u8>, limit: Duration) -> Reply<'_, Option<Vec<u8>>> {
            let first = self.first.lock().unwrap().take();
            Box::pin(async move {
                match first {
                    Some(Some(value)) => Ok(Some(value)),
                    Some(None) => self.store.release(key, seen, Vec::new()).await.map(|_| None),
                    None => self.store.wait(key, seen, limit).await,
                }
            })
        }
    }

    async fn waiting_on(first: Option<Vec<u8>>) -> (Arc<Passing>, Once) {
        let clock = Arc::new(crate::ports::clock::ManualClock::new(1_000));
        let first = std::sync::Mutex::new(Some(first));
        let passing = Arc::new(Passing { store: MemoryStore::new(clock, false), first });
        passing.claim([1; 32], record(PENDING, &[2; 16], &[1; 16]), REPLAY_LIFETIME).await.unwrap();
        (passing.clone(), Once { replays: passing, ..once() })
    }

    /// The first try was put off and another began before the waiter looked.
    #[tokio::test(start_paused = true)]
    async fn who_waits_goes_on_waiting_for_a_try_that_began_meanwhile() {
        let (passing, once) = waiting_on(Some(record(PENDING, &[2; 16], &[9; 16]))).await;
        let answer = once.run(slot(b"proof"), ready(()), never);
        tokio::pin!(answer);
        assert!(tokio::time::timeout(Duration::from_secs(5), &mut answer).await.is_err(), "it is under way");
        let done = record(DONE, &[2; 16], &once.sealer.seal_replay(b"proof", &[0, 7]));
        passing.put([1; 32], done, REPLAY_LIFETIME).await.unwrap();
        assert!(matches!(answer.await, Outcome::Tokens(body) if *body == [7]));
    }

    #[tokio::test]
    async fn a_claim_that_vanished_is_a_reason_to_ask_again() {
        let (_, once) = waiting_on(None).await;
        let Outcome::Problem(problem) = once.run(slot(b"proof"), ready(()), never).await else { panic!("nothing was done") };
        assert_eq!((problem.code, problem.retry_after), (Code::ServiceUnavailable, Some(1)));
    }

    /// A store that came back late may have lost the claim, and somebody else has the key.
    #[tokio::test]
    async fn an_answer_is_kept_in_its_own_claim_alone() {
        for settled in [canary().0, Settled::Void(Code::RateLimited.into())] {
            let once = once();
            let (replays, theirs) = (once.replays.clone(), record(PENDING, &[2; 16], &[9; 16]));
            let claimed = theirs.clone();
            once.run(slot(b"proof"), ready(()), |(), _| async move {
                replays.put([1; 32], claimed, REPLAY_LIFETIME).await.unwrap();
                (settled, ready(()))
            })
            .await;
            once.under_way.over().await;
            assert_eq!(once.replays.get([1; 32]).await, Ok(Some(theirs)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_call_is_made_for_whoever_has_given_up() {
        let once = once();
        let calls = Arc::new(std::sync::atomic::AtomicU32::new(0));
        for (waits, made) in [(12, 1), (14, 1)] {
            let counted = calls.clone();
            once.run(slot(b"proof"), ready(()), move |(), claimed: Claimed| async move {
                tokio::time::sleep(Duration::from_secs(waits)).await;
                let settled = match claimed.check_in_time() {
                    Ok(()) => {
                        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                        Settled::Void(Code::RateLimited.into())
                    }
                    Err(problem) => Settled::Void(problem),
                };
                (settled, ready(()))
            })
            .await;
            once.under_way.over().await;
            assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), made, "after {waits} seconds");
            assert_eq!(once.replays.get([1; 32]).await, Ok(None), "it can be tried again");
        }
    }

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits_for_it_any_more() {
        let once = once();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let waiting = tokio::spawn({
            let once = once.clone();
            async move {
                once.run(slot(b"proof"), ready(()), |(), _| async {
                    gone.await.ok();
                    canary()
                })
                .await
            }
        });
        while once.replays.get([1; 32]).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        go.send(()).unwrap();
        let answer = once.run(slot(b"proof"), ready(()), never).await;
        assert!(matches!(answer, Outcome::Tokens(_)));
    }
}
