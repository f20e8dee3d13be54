//! At most one call to Monei per key. A code and a refresh token can each be used once, and an answer that got lost on the way to the app must
//! be had again without asking Monei again: so the first request claims the key and calls, others wait for its answer, and whoever presents
//! the same proof within two minutes gets the same answer (C-15, T-10).

use std::future::Future;
use std::time::Duration;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Backend;
use crate::problem::{Code, Problem};
use crate::store::{Claim, Key, StoreUnavailable};

/// How long an answer is kept.
pub(crate) const REPLAY_LIFETIME: Duration = Duration::from_secs(120);
/// How long a request waits for an answer before it says that the outcome is unknown. The call itself goes on, and its answer is kept.
const PATIENCE: Duration = Duration::from_secs(13);
/// How often, and for how long, an answer is tried to be kept while the store is away. With the longest call before it, less than a claim's life.
const KEEP_AGAIN: Duration = Duration::from_secs(1);
const KEEP_FOR: Duration = Duration::from_secs(90);

/// What identifies a piece of work.
pub(crate) struct Slot {
    /// Under which the answer is kept.
    pub(crate) key: Key,
    /// Of what was presented: the same key with another fingerprint is a conflict.
    pub(crate) fingerprint: [u8; 16],
    /// What the caller must present to read a kept answer; its key is derived from it.
    pub(crate) proof: Zeroizing<Vec<u8>>,
}

/// A key from its parts, each with its length, so that no two lists of parts give the same.
pub(crate) fn digest(parts: &[&[u8]]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The first half of [`digest`].
pub(crate) fn fingerprint(parts: &[&[u8]]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&digest(parts)[..16]);
    half
}

/// The beginning of [`digest`]: names something in a budget.
pub(crate) fn id(parts: &[&[u8]]) -> u64 {
    let mut eighth = [0; 8];
    eighth.copy_from_slice(&digest(parts)[..8]);
    u64::from_be_bytes(eighth)
}

/// What is answered.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// The body of an answer to the app: tokens, or why there are none.
    Tokens(Zeroizing<Vec<u8>>),
    /// Done, and there is nothing to say about it.
    Done,
    /// A refusal.
    Problem(Problem),
}

impl From<Code> for Outcome {
    fn from(code: Code) -> Self {
        Outcome::Problem(code.into())
    }
}

/// An outcome, and whether it stands.
pub(crate) enum Settled {
    /// Monei decided, or may have: the same request gets the same answer, and Monei isn't asked again.
    Final(Outcome),
    /// Monei was not asked or did nothing: the same request may be tried anew.
    Void(Problem),
}

impl Outcome {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Outcome::Tokens(body) => [&[0][..], body].concat(),
            Outcome::Done => vec![2],
            Outcome::Problem(problem) => {
                let position = Code::ALL.iter().position(|code| *code == problem.code).and_then(|at| u8::try_from(at).ok());
                let status = problem.status.as_u16().to_be_bytes();
                let retry_after = problem.retry_after.unwrap_or(0).to_be_bytes();
                [&[1, position.unwrap_or(u8::MAX)][..], &status, &retry_after].concat()
            }
        })
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0, body @ ..] => Some(Outcome::Tokens(Zeroizing::new(body.to_vec()))),
            [2] => Some(Outcome::Done),
            [1, position, high, low, rest @ ..] => {
                let retry_after = u32::from_be_bytes(rest.try_into().ok()?);
                Some(Outcome::Problem(Problem {
                    code: *Code::ALL.get(usize::from(*position))?,
                    status: http::StatusCode::from_u16(u16::from_be_bytes([*high, *low])).ok()?,
                    retry_after: (retry_after > 0).then_some(retry_after),
                }))
            }
            _ => None,
        }
    }
}

const PENDING: u8 = 0;
const DONE: u8 = 1;

fn record(state: u8, fingerprint: &[u8; 16], sealed: &[u8]) -> Vec<u8> {
    [&[state][..], fingerprint, sealed].concat()
}

impl Backend {
    /// Gives the answer for `slot`: a kept one, that of a request already on its way, or that of `work`.
    ///
    /// The work runs to its end even when the caller goes away or loses patience.
    pub(crate) async fn once<W>(&self, slot: Slot, work: impl FnOnce(Backend) -> W + Send + 'static) -> Outcome
    where
        W: Future<Output = Settled> + Send,
    {
        let (backend, under_way) = (self.clone(), self.inner().under_way.enter());
        let task = tokio::spawn(async move {
            let outcome = backend.claim_or_join(slot, work).await.unwrap_or_else(Outcome::Problem);
            drop(under_way);
            outcome
        });
        match tokio::time::timeout(PATIENCE, task).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Code::Internal.into(),
            Err(_) => Code::OutcomeUnknown.into(),
        }
    }

    async fn claim_or_join<W>(&self, slot: Slot, work: impl FnOnce(Backend) -> W + Send) -> Result<Outcome, Problem>
    where
        W: Future<Output = Settled> + Send,
    {
        let store = &self.inner().store;
        // With a name of this try's own, so that it knows its claim again where the store's answer got lost.
        match store.claim(slot.key, record(PENDING, &slot.fingerprint, &rand::random::<[u8; 16]>()), REPLAY_LIFETIME).await? {
            Claim::Taken(present) => self.join(&slot, present).await,
            Claim::Ours => {
                let (outcome, stands) = match work(self.clone()).await {
                    Settled::Final(outcome) => (outcome, true),
                    Settled::Void(problem) => (Outcome::Problem(problem), false),
                };
                let sealed = self.inner().sealer.seal_replay(&slot.proof, &outcome.to_bytes());
                let done = record(DONE, &slot.fingerprint, &sealed);
                if self.keep(slot.key, done.clone(), stands).await.is_err() {
                    tracing::error!(event = "replay_not_kept", reason = "the store is tried again");
                    tokio::spawn(self.clone().keep_later(slot.key, done, stands));
                }
                Ok(outcome)
            }
        }
    }

    /// Keeps what came of a piece of work, or forgets that it was begun.
    async fn keep(&self, key: Key, done: Vec<u8>, stands: bool) -> Result<(), StoreUnavailable> {
        match stands {
            true => self.inner().store.put(key, done, REPLAY_LIFETIME).await,
            false => self.inner().store.release(key, done).await,
        }
    }

    /// The same while the store is away, which must not make an answer that is known an unknown one. Ends before the claim does, since after
    /// that the key may be somebody else's.
    async fn keep_later(self, key: Key, done: Vec<u8>, stands: bool) {
        let tries = async {
            loop {
                tokio::time::sleep(KEEP_AGAIN).await;
                if self.keep(key, done.clone(), stands).await.is_ok() {
                    return;
                }
            }
        };
        match tokio::time::timeout(KEEP_FOR, tries).await {
            Ok(()) => tracing::info!(event = "replay_kept_later"),
            Err(_) => tracing::error!(event = "replay_not_kept", reason = "the store stayed away"),
        }
    }

    /// The kept answer for `slot`, if there is one; never calls Monei.
    pub(crate) async fn kept(&self, slot: &Slot) -> Result<Option<Outcome>, Problem> {
        match self.inner().store.get(slot.key).await? {
            Some(present) => self.join(slot, present).await.map(Some),
            None => Ok(None),
        }
    }

    async fn join(&self, slot: &Slot, present: Vec<u8>) -> Result<Outcome, Problem> {
        let mut present = present;
        if present.first() == Some(&PENDING) && present.get(1..17) == Some(&slot.fingerprint[..]) {
            present = match self.inner().store.wait(slot.key, present, PATIENCE).await? {
                Some(settled) => settled,
                // Settled between the two questions, or still on its way.
                None => self.inner().store.get(slot.key).await?.unwrap_or_default(),
            };
        }
        match present.split_first_chunk::<17>() {
            Some(([_, presented @ ..], _)) if *presented != slot.fingerprint => Err(Code::IdempotencyConflict.into()),
            Some(([DONE, ..], sealed)) => {
                let plain = self.inner().sealer.open_replay(&slot.proof, sealed).map_err(|_| Problem::from(Code::OutcomeUnknown))?;
                Outcome::from_bytes(&plain).ok_or(Code::Internal.into())
            }
            _ => Err(Code::OutcomeUnknown.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_survive_being_kept() {
        for code in Code::ALL {
            let problem = Problem::from(*code).retry_after(7);
            let Some(Outcome::Problem(back)) = Outcome::from_bytes(&Outcome::Problem(problem).to_bytes()) else { panic!("{code:?}") };
            assert_eq!(back, problem);
        }
        let tokens = Outcome::Tokens(Zeroizing::new(b"{}".to_vec()));
        assert!(matches!(Outcome::from_bytes(&tokens.to_bytes()), Some(Outcome::Tokens(body)) if *body == b"{}"));
        assert!(matches!(Outcome::from_bytes(&Outcome::Done.to_bytes()), Some(Outcome::Done)));
        for bytes in [&b""[..], &[2, 0], &[1], &[1, 0], &[9, 9], &[1, 255, 0, 200, 0, 0, 0, 0]] {
            assert!(Outcome::from_bytes(bytes).is_none());
        }
    }

    fn backend() -> Backend {
        let values = [
            ("MONEI_ENVIRONMENT", "sandbox"),
            ("MONEI_CLIENT_ID", "mc_sim_app"),
            ("MONEI_CLIENT_SECRET", "mcs_sim_secret"),
            ("CONNECT_SEALING_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        ];
        let find = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Backend::new(crate::Config::from_lookup(&find).unwrap()).unwrap()
    }

    fn slot(proof: &[u8]) -> Slot {
        Slot { key: [1; 32], fingerprint: [2; 16], proof: Zeroizing::new(proof.to_vec()) }
    }

    fn canary() -> Settled {
        Settled::Final(Outcome::Tokens(Zeroizing::new(b"mct_CNRY_and_mcr_CNRY".to_vec())))
    }

    #[tokio::test]
    async fn the_store_holds_nothing_that_can_be_read_without_the_proof() {
        let backend = backend();
        backend.once(slot(b"proof"), |_| async { canary() }).await;
        let kept = backend.inner().store.get([1; 32]).await.unwrap().unwrap();
        assert!(!kept.windows(4).any(|window| window == b"CNRY"));
        let other = backend.once(slot(b"another"), |_| async { canary() }).await;
        assert!(matches!(other, Outcome::Problem(problem) if problem.code == Code::OutcomeUnknown));
        let same = backend.once(slot(b"proof"), |_| async { panic!("must not work twice") }).await;
        assert!(matches!(same, Outcome::Tokens(body) if *body == b"mct_CNRY_and_mcr_CNRY"));
    }

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits_for_it_any_more() {
        let backend = backend();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let waiting = tokio::spawn({
            let backend = backend.clone();
            async move {
                backend
                    .once(slot(b"proof"), |_| async {
                        gone.await.ok();
                        canary()
                    })
                    .await
            }
        });
        while backend.inner().store.get([1; 32]).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        go.send(()).unwrap();
        let answer = backend.once(slot(b"proof"), |_| async { panic!("must not work twice") }).await;
        assert!(matches!(answer, Outcome::Tokens(_)));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
