//! A token that can be used now: checked before each call, refreshed from five minutes before its end, never while nobody asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use monei::{AccessToken, ScopeSet};

use super::lock::lock_end;
use super::vault::{GrantRecord, to_its_end};
use super::{Grants, expiry, held, log_id};
use crate::clock::{Clock, Since};
use crate::failpoint::failpoint;
use crate::ledger::{GrantRow, Refreshed};
use crate::model::GrantId;
use crate::model::problem::{Problem, ProblemCode};
use crate::provider::backend::{BackendClient, TokenError, Tokens};

/// A token is refreshed from this long before its end, in milliseconds (Monei: security, "five minutes before expiry").
const REFRESH_BEFORE_MS: i64 = 300_000;

/// A clock that is corrected by less than this is left out of account, in milliseconds.
const CLOCK_TOLERANCE_MS: i64 = 60_000;

/// How long the backend replays the answer to a refresh, in milliseconds. After that a new key is needed.
pub(super) const REPLAY_MS: i64 = 120_000;

/// After Monei has refused a token that it had just given, another refresh would bring only another such token: none for this long.
const REFUSES_ALL: Duration = Duration::from_secs(300);

/// A token that Monei took so short a while ago is good: a payment that is refused with it is refused for another reason.
const TAKEN_LATELY: Duration = Duration::from_secs(60);

/// A refresh that failed while the token was still good isn't tried again for this long.
const PUT_OFF: Duration = Duration::from_secs(10);

/// One grant's token, good for a call. It names the rotation, so that a refusal can be told from one of an older token.
pub struct Lease {
    grant: GrantId,
    record: GrantRecord,
}

impl Lease {
    /// The grant.
    pub fn grant(&self) -> &GrantId {
        &self.grant
    }

    /// The token.
    pub fn token(&self) -> &AccessToken {
        &self.record.access
    }

    /// What it allows.
    pub fn scopes(&self) -> &ScopeSet {
        &self.record.scopes
    }

    /// Origin of the backend that gave it.
    pub fn backend(&self) -> &str {
        &self.record.backend
    }
}

/// One refresh at a time per grant within this process; a file lock sees to other processes.
#[derive(Default)]
pub(super) struct SingleFlight {
    locks: Mutex<HashMap<GrantId, Arc<tokio::sync::Mutex<()>>>>,
    /// When Monei refused a token that it had just given, by grant.
    refused: Mutex<HashMap<GrantId, Since>>,
    /// When Monei last took a token, and of which rotation that was, by grant.
    taken: Mutex<HashMap<GrantId, (u64, Since)>>,
    /// How the last refresh failed, by grant.
    failed: Mutex<HashMap<GrantId, Failure>>,
}

struct Failure {
    problem: Problem,
    /// To tell whether a caller began before it.
    at: Instant,
    /// To tell how long ago it was.
    since: Since,
}

impl SingleFlight {
    pub(super) async fn enter(&self, grant: &GrantId) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = Arc::clone(held(&self.locks).entry(grant.clone()).or_default());
        lock.lock_owned().await
    }

    fn keep_in_mind(&self, grant: &GrantId, outcome: &Result<GrantRecord, Problem>, clock: &dyn Clock) {
        let failure =
            outcome.as_ref().err().map(|problem| Failure { problem: problem.clone(), at: Instant::now(), since: Since::now(clock) });
        match failure {
            Some(failure) => drop(held(&self.failed).insert(grant.clone(), failure)),
            None => drop(held(&self.failed).remove(grant)),
        }
    }

    /// What another refresh would come to, where that is known: the last one failed while this caller, who began at `began`, waited for
    /// it; or the other side asked for a pause; or it failed a moment ago, and the token is `good` all the same.
    fn known_failure(&self, grant: &GrantId, began: Instant, good: bool, clock: &dyn Clock) -> Option<Problem> {
        let failed = held(&self.failed);
        let Failure { problem, at, since } = failed.get(grant)?;
        let wanted = Duration::from_secs(problem.retry_after_s.unwrap_or(0).into());
        if let Some(left) = since.left(wanted, clock) {
            let seconds = u32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u32::MAX);
            return Some(Problem { retry_after_s: Some(seconds), ..problem.clone() });
        }
        (began < *at || (good && since.age(clock) < PUT_OFF)).then(|| problem.clone())
    }
}

impl Grants {
    /// A token that can be used now. `refused` is the lease whose token Monei has just answered 401 to.
    ///
    /// # Errors
    /// [`ProblemCode::AccessRevoked`] when the grant is gone; else a problem that may pass, with nothing changed.
    pub async fn lease(&self, grant: &GrantRow, refused: Option<&Lease>) -> Result<Lease, Problem> {
        let refused = refused.map(|lease| lease.record.generation);
        let record = self.usable(grant, refused).await?;
        Ok(Lease { grant: grant.id.clone(), record })
    }

    /// The token as the keychain has it, where it can be used without a refresh; else `None`. Nothing is refreshed or written.
    ///
    /// # Errors
    /// Why the record can't be read.
    pub async fn lease_as_it_is(&self, grant: &GrantRow) -> Result<Option<Lease>, Problem> {
        let record = self.read_record(&grant.id).await?;
        let usable = !self.needs_refresh(&record, None);
        Ok(usable.then(|| Lease { grant: grant.id.clone(), record }))
    }

    /// Monei has taken the token.
    pub fn was_taken(&self, lease: &Lease) {
        held(&self.inner.flights.refused).remove(&lease.grant);
        let now = Since::now(self.inner.clock.as_ref());
        held(&self.inner.flights.taken).insert(lease.grant.clone(), (lease.record.generation, now));
    }

    /// Whether Monei took this very token a moment ago.
    pub fn was_taken_lately(&self, lease: &Lease) -> bool {
        let taken = held(&self.inner.flights.taken);
        let is_lately = |(generation, since): &(u64, Since)| {
            *generation == lease.record.generation && since.age(self.inner.clock.as_ref()) < TAKEN_LATELY
        };
        taken.get(&lease.grant).is_some_and(is_lately)
    }

    /// Monei has refused a token that it had just given.
    pub fn was_refused_fresh(&self, lease: &Lease) {
        held(&self.inner.flights.refused).insert(lease.grant.clone(), Since::now(self.inner.clock.as_ref()));
    }

    /// Whether a refusal says nothing of the token: one given a short while ago was refused too.
    pub fn are_all_refused(&self, lease: &Lease) -> bool {
        held(&self.inner.flights.refused).get(&lease.grant).is_some_and(|since| since.age(self.inner.clock.as_ref()) < REFUSES_ALL)
    }

    async fn usable(&self, grant: &GrantRow, refused: Option<u64>) -> Result<GrantRecord, Problem> {
        let began = Instant::now();
        let clock = self.inner.clock.as_ref();
        let record = self.read_record(&grant.id).await?;
        if record.generation == grant.generation && !self.needs_refresh(&record, refused) {
            return Ok(record);
        }
        let (flights, end) = (&self.inner.flights, lock_end());
        let in_process = flights.enter(&grant.id).await;
        // The grant has ended while this caller waited, and its record went with it.
        let ended = |problem: &Problem| problem.code == ProblemCode::AccessRevoked;
        if let Some(problem) = flights.known_failure(&grant.id, began, false, clock).filter(ended) {
            return Err(problem);
        }
        let across_processes = self.lock(&grant.id, end).await?;
        self.keep_unsaved(&grant.id).await?;
        // Another task or process may have refreshed meanwhile; or one that was killed before it could tell the index.
        let record = self.read_record(&grant.id).await?;
        self.sync_ledger(&record, &grant.id).await?;
        if !self.needs_refresh(&record, refused) {
            return Ok(record);
        }
        let good = refused.is_none() && self.now() < record.expires_at;
        let outcome = match flights.known_failure(&grant.id, began, good, clock) {
            Some(problem) => Err(problem),
            None => {
                let (grants, id, old) = (self.clone(), grant.id.clone(), record.clone());
                // Once Monei has answered, the old pair is dead: the new one is stored, also where the caller has gone meanwhile.
                to_its_end(async move {
                    let _locks = (in_process, across_processes);
                    let outcome = grants.refresh(&id, &old, Duration::MAX).await;
                    grants.inner.flights.keep_in_mind(&id, &outcome, grants.inner.clock.as_ref());
                    outcome
                })
                .await
            }
        };
        match outcome {
            // Still good for some minutes: an outage in the meantime is no reason to stop.
            Err(problem) if problem.code != ProblemCode::AccessRevoked && good && self.now() < record.expires_at => {
                tracing::info!(grant = log_id(&grant.id), code = ?problem.code, "refresh put off");
                Ok(record)
            }
            outcome => outcome,
        }
    }

    fn needs_refresh(&self, record: &GrantRecord, refused: Option<u64>) -> bool {
        // A token that lives shorter than twice the buffer is used for half of its life all the same.
        let buffer = REFRESH_BEFORE_MS.min(expiry(0, record.lifetime) / 2);
        let left = record.expires_at.saturating_sub(self.now());
        // More left than it ever had: the clock was set back, and nobody knows how old the token is.
        let set_back = left > expiry(CLOCK_TOLERANCE_MS, record.lifetime);
        refused.is_some_and(|generation| record.generation <= generation) || left <= buffer || set_back
    }

    /// Replaces the pair, or removes the grant where Monei refuses. The caller has the grant's locks. What came to nothing `in_time` is asked
    /// once more.
    pub(super) async fn refresh(&self, grant: &GrantId, record: &GrantRecord, in_time: Duration) -> Result<GrantRecord, Problem> {
        let _under_way = self.inner.work.enter()?;
        let outcome = self.replace(grant, record, in_time).await;
        if outcome.as_ref().is_err_and(|problem| problem.code == ProblemCode::AccessRevoked) {
            let may_live = !self.says_the_end(grant, record).await;
            self.remove_revoked_grant(grant, may_live).await?;
        }
        outcome
    }

    /// Replaces the pair, also where the program is about to end: the caller sees to it that the end waits. Where Monei refuses, with
    /// [`ProblemCode::AccessRevoked`], nothing is removed.
    pub(super) async fn replace(&self, grant: &GrantId, record: &GrantRecord, in_time: Duration) -> Result<GrantRecord, Problem> {
        // A grant goes to nobody but the backend that gave it.
        let backend = self.inner.provider.backend()?;
        if backend.origin() != record.backend {
            return Err(ProblemCode::BackendUnconfirmed.into());
        }
        self.inner.provider.ask_backend_once().await?;
        failpoint!("refresh.unmarked");
        // On disk before anything is sent.
        let (key, is_first) = self.inner.ledger.refresh_key(grant.clone(), record.generation, REPLAY_MS).await?;
        failpoint!("refresh.marked");
        let began = Instant::now();
        let answer = self.send(&backend, &key, record, in_time).await;
        let outcome = match &answer {
            Ok(_) => "refreshed".to_owned(),
            Err(TokenError::Undecided(problem) | TokenError::Unsent(problem)) => problem.code.name(),
            Err(error) => format!("{error:?}"),
        };
        let (id, generation) = (log_id(grant), record.generation);
        tracing::info!(grant = id, generation, outcome, took_ms = crate::provider::http::took_ms(began), "refresh");
        match answer {
            Ok(tokens) => {
                failpoint!("refresh.answered");
                self.rotate(grant, record, tokens).await
            }
            Err(TokenError::Refused) => Err(ProblemCode::AccessRevoked.into()),
            // The backend can't open its own seal (a lost key, say). The tokens stay: the key may come back.
            Err(TokenError::Unreadable) => Err(ProblemCode::ServiceUnavailable.into()),
            Err(TokenError::Undecided(problem)) => Err(problem),
            Err(TokenError::Unsent(problem)) => {
                // Monei has been asked for nothing: no pair is in doubt.
                if is_first && let Err(problem) = self.inner.ledger.forget_refresh_key(grant.clone(), key).await {
                    tracing::warn!(grant = id, code = ?problem.code, "a refresh that wasn't sent counts as one without an answer");
                }
                Err(problem)
            }
        }
    }

    /// Asks, and where that ended `in_time` without an answer asks once more under the same key: the backend replays what it has.
    async fn send(&self, backend: &BackendClient, key: &str, record: &GrantRecord, in_time: Duration) -> Result<Tokens, TokenError> {
        let began = Instant::now();
        let first = backend.refresh(key, &record.refresh, self.now()).await;
        let Err(TokenError::Undecided(problem) | TokenError::Unsent(problem)) = &first else { return first };
        if problem.code != ProblemCode::BackendUnreachable || problem.retry_after_s.is_some() || began.elapsed() >= in_time {
            return first;
        }
        match backend.refresh(key, &record.refresh, self.now()).await {
            // The first one was.
            Err(TokenError::Unsent(problem)) if matches!(first, Err(TokenError::Undecided(_))) => Err(TokenError::Undecided(problem)),
            outcome => outcome,
        }
    }

    /// Stores the new pair, then tells of it (T-08). The old pair is dead at Monei already.
    async fn rotate(&self, grant: &GrantId, old: &GrantRecord, tokens: Tokens) -> Result<GrantRecord, Problem> {
        let now = self.now();
        let record = GrantRecord {
            generation: old.generation + 1,
            backend: old.backend.clone(),
            account: self.account_of(grant).unwrap_or_else(|| old.account.clone()),
            access: tokens.access,
            refresh: tokens.refresh,
            expires_at: expiry(now, tokens.expires_in),
            lifetime: tokens.expires_in,
            // Monei leaves open whether a refresh tells the scopes.
            scopes: tokens.scopes.unwrap_or_else(|| old.scopes.clone()),
        };
        held(&self.inner.unsaved).insert(grant.clone(), record.clone());
        self.keep_unsaved(grant).await?;
        failpoint!("refresh.kept");
        self.sync_ledger(&record, grant).await?;
        failpoint!("refresh.told");
        Ok(record)
    }

    /// The account that the index has a grant in.
    fn account_of(&self, grant: &GrantId) -> Option<String> {
        let known = self.inner.ledger.known();
        let account = known.iter().find(|account| account.grants.iter().any(|row| row.id == *grant));
        account.map(|account| account.row.id.to_string())
    }

    /// Brings the ledger to what the keychain says of a grant that was refreshed.
    async fn sync_ledger(&self, record: &GrantRecord, grant: &GrantId) -> Result<(), Problem> {
        let known = self.inner.ledger.known();
        let is_told = |row: &GrantRow| row.id == *grant && row.generation >= record.generation;
        if known.iter().flat_map(|account| &account.grants).any(is_told) {
            return Ok(());
        }
        let (scopes, expires_at, generation) = (record.scopes.clone(), record.expires_at, record.generation);
        self.inner.ledger.apply(Refreshed { grant: grant.clone(), scopes, expires_at, generation }).await
    }
}
