//! The life of a token: checked before each call, refreshed from five minutes before its end, never while nobody asks.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Connections;
use super::grants::display_name;
use crate::backend::{BackendClient, TokenError, Tokens};
use crate::clock::{Clock, Moment, Since};
use crate::failpoint::failpoint;
use crate::index::{AccountRow, GrantRow, StoredHealth};
use crate::problem::{Problem, ProblemCode};
use crate::proof::random_text;
use crate::vault::GrantRecord;
use crate::view::ActivityEvent;

/// A token is refreshed from this long before its end, in milliseconds (Monei: security, "five minutes before expiry").
const REFRESH_BEFORE_MS: i64 = 300_000;

/// A clock that is corrected by less than this is left out of account, in milliseconds.
const CLOCK_TOLERANCE_MS: i64 = 60_000;

/// How long the backend replays the answer to a refresh, in milliseconds. After that a new key is needed.
const REPLAY_MS: i64 = 120_000;

/// After Monei has refused a token that it had just given, another refresh would bring only another such token: none for this long.
const REFUSES_ALL: Duration = Duration::from_secs(300);

/// A refresh that failed while the token was still good isn't tried again for this long.
const PUT_OFF: Duration = Duration::from_secs(10);

/// One refresh at a time per grant within this process; a file lock sees to other processes.
#[derive(Default)]
pub(super) struct SingleFlight {
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// When Monei refused a token that it had just given, by grant.
    refused: Mutex<HashMap<String, Since>>,
    /// How the last refresh failed, by grant.
    failed: Mutex<HashMap<String, Failure>>,
}

struct Failure {
    problem: Problem,
    /// To tell whether a caller began before it.
    at: Instant,
    /// To tell how long ago it was.
    since: Since,
}

impl SingleFlight {
    pub(super) async fn enter(&self, grant: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = Arc::clone(held(&self.locks).entry(grant.to_owned()).or_default());
        lock.lock_owned().await
    }

    /// Monei has refused a token that it had just given.
    pub(super) fn fresh_one_refused(&self, grant: &str, clock: &dyn Clock) {
        held(&self.refused).insert(grant.to_owned(), Since::now(clock));
    }

    /// Monei has taken a token of this grant.
    pub(super) fn one_taken(&self, grant: &str) {
        held(&self.refused).remove(grant);
    }

    /// Whether a refusal says nothing of the token: one given a short while ago was refused too.
    pub(super) fn all_refused(&self, grant: &str, clock: &dyn Clock) -> bool {
        held(&self.refused).get(grant).is_some_and(|since| since.age(clock) < REFUSES_ALL)
    }

    fn keep_in_mind(&self, grant: &str, outcome: &Result<GrantRecord, Problem>, clock: &dyn Clock) {
        let failure =
            outcome.as_ref().err().map(|problem| Failure { problem: problem.clone(), at: Instant::now(), since: Since::now(clock) });
        match failure {
            Some(failure) => drop(held(&self.failed).insert(grant.to_owned(), failure)),
            None => drop(held(&self.failed).remove(grant)),
        }
    }

    /// What another refresh would come to, where that is known: the last one failed while this caller, who began at `began`, waited for
    /// it; or the other side wants to be left alone; or it failed a moment ago, and the token is `good` all the same.
    fn known_failure(&self, grant: &str, began: Instant, good: bool, clock: &dyn Clock) -> Option<Problem> {
        let failed = held(&self.failed);
        let Failure { problem, at, since } = failed.get(grant)?;
        let wanted = Duration::from_secs(problem.retry_after_s.unwrap_or(0).into());
        if let Some(left) = since.left(wanted, clock) {
            return Some(Problem::busy(left.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)));
        }
        (began < *at || (good && since.age(clock) < PUT_OFF)).then(|| problem.clone())
    }
}

fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A refresh that was sent and not answered: asked again under the same key, Monei is never called twice for it.
#[derive(Serialize, Deserialize)]
struct Unanswered {
    key: String,
    generation: u64,
    #[serde(flatten)]
    since: Moment,
}

impl Connections {
    /// A record whose access token can be used now. `refused` is the generation that Monei has just answered 401 to.
    ///
    /// # Errors
    /// [`ProblemCode::AccessRevoked`] when the grant is gone; else a problem that may pass, with nothing changed.
    pub(super) async fn usable(&self, grant: &GrantRow, refused: Option<u64>) -> Result<GrantRecord, Problem> {
        let began = Instant::now();
        let record = self.read_record(&grant.id).await?;
        if record.generation == grant.generation && !self.needs_refresh(&record, refused) {
            return Ok(record);
        }
        let _in_process = self.inner.refreshing.enter(&grant.id).await;
        // The grant has ended while this caller waited, and its record went with it.
        let ended = |problem: &Problem| problem.code == ProblemCode::AccessRevoked;
        if let Some(problem) = self.inner.refreshing.known_failure(&grant.id, began, false, self.clock()).filter(ended) {
            return Err(problem);
        }
        let _across_processes = self.lock(&grant.id).await?;
        self.keep_unsaved(&grant.id).await?;
        // Another task or process may have refreshed meanwhile; or one that was killed before it could tell the index.
        let record = self.read_record(&grant.id).await?;
        self.settle(&record, &grant.id).await?;
        if !self.needs_refresh(&record, refused) {
            return Ok(record);
        }
        let flights = &self.inner.refreshing;
        let good = refused.is_none() && self.now() < record.expires_at;
        let outcome = match flights.known_failure(&grant.id, began, good, self.clock()) {
            Some(problem) => Err(problem),
            None => {
                let outcome = self.refresh(grant, &record).await;
                flights.keep_in_mind(&grant.id, &outcome, self.clock());
                outcome
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

    pub(super) async fn refresh(&self, grant: &GrantRow, record: &GrantRecord) -> Result<GrantRecord, Problem> {
        // A grant goes to nobody but the backend that gave it.
        let backend = self.backend()?;
        if backend.origin() != record.backend {
            return Err(ProblemCode::BackendUnconfirmed.into());
        }
        let _under_way = self.inner.under_way.enter()?;
        failpoint!("refresh.unmarked");
        let key = self.idempotency_key(grant, record.generation).await?;
        failpoint!("refresh.marked");
        let began = Instant::now();
        let answer = self.send(&backend, &key, record).await;
        let outcome = match &answer {
            Ok(_) => "refreshed".to_owned(),
            Err(TokenError::Undecided(problem)) => problem.code.name(),
            Err(error) => format!("{error:?}"),
        };
        let (id, generation) = (log_id(&grant.id), record.generation);
        tracing::info!(grant = id, generation, outcome, took_ms = crate::http::took_ms(began), "refresh");
        match answer {
            Ok(tokens) => {
                failpoint!("refresh.answered");
                self.rotate(grant, record, tokens).await
            }
            Err(TokenError::Refused) => {
                self.remove_revoked_grant(grant).await?;
                Err(ProblemCode::AccessRevoked.into())
            }
            // The backend can't open its own seal (a lost key, say). The tokens stay: the key may come back.
            Err(TokenError::Unreadable) => Err(ProblemCode::ServiceUnavailable.into()),
            Err(TokenError::Undecided(problem)) => Err(problem),
        }
    }

    /// Asks, and where no answer came asks once more under the same key: the backend replays what it has.
    async fn send(&self, backend: &BackendClient, key: &str, record: &GrantRecord) -> Result<Tokens, TokenError> {
        match backend.refresh(key, &record.refresh, self.now()).await {
            Err(TokenError::Undecided(Problem { code: ProblemCode::BackendUnreachable, .. })) => {
                backend.refresh(key, &record.refresh, self.now()).await
            }
            outcome => outcome,
        }
    }

    /// The key of an unanswered refresh of this generation, or a new one; on disk before anything is sent.
    async fn idempotency_key(&self, grant: &GrantRow, generation: u64) -> Result<String, Problem> {
        let (name, now) = (pending_name(&grant.id), Moment::now(self.clock()));
        self.index(move |index| {
            let earlier: Option<Unanswered> = index.setting(&name)?.and_then(|text| serde_json::from_str(&text).ok());
            // Where only the wall clock tells, one set back makes it look younger: the same key is never wrong, only perhaps of no use.
            let same = |earlier: &Unanswered| earlier.generation == generation && earlier.since.age_ms(&now) < REPLAY_MS;
            if let Some(earlier) = earlier.filter(same) {
                return Ok(earlier.key);
            }
            let fresh = Unanswered { key: random_text::<24>(), generation, since: now };
            index.set_setting(&name, &serde_json::to_string(&fresh).unwrap_or_default())?;
            Ok(fresh.key)
        })
        .await
    }

    /// Stores the new pair, then tells of it (T-08). The old pair is dead at Monei already.
    async fn rotate(&self, grant: &GrantRow, old: &GrantRecord, tokens: Tokens) -> Result<GrantRecord, Problem> {
        let now = self.now();
        let record = GrantRecord {
            generation: old.generation + 1,
            backend: old.backend.clone(),
            account: old.account.clone(),
            access: tokens.access,
            refresh: tokens.refresh,
            expires_at: expiry(now, tokens.expires_in),
            lifetime: tokens.expires_in,
            // Monei leaves open whether a refresh tells the scopes.
            scopes: tokens.scopes.unwrap_or_else(|| old.scopes.clone()),
        };
        self.unsaved().insert(grant.id.clone(), record.clone());
        self.keep_unsaved(&grant.id).await?;
        failpoint!("refresh.kept");
        self.settle(&record, &grant.id).await?;
        failpoint!("refresh.told");
        Ok(record)
    }

    /// Writes a rotated pair that the keychain didn't take so far. It is used nowhere before that, and the pair it replaces is dead.
    pub(super) async fn keep_unsaved(&self, grant: &str) -> Result<(), Problem> {
        let Some(record) = self.unsaved().get(grant).cloned() else { return Ok(()) };
        let vault = self.vault();
        // Another process may have had the same answer replayed, and be further on.
        let kept = vault.read(grant).await?.and_then(|text| GrantRecord::decode(&text).ok()).map(|kept| kept.generation);
        if kept.is_none_or(|generation| generation < record.generation) {
            vault.write(grant, record.encode()).await?;
        }
        self.unsaved().remove(grant);
        Ok(())
    }

    /// The record with the pair that is alive at Monei: the keychain's, or one that the keychain hasn't taken.
    pub(super) async fn newest_record(&self, grant: &str) -> Result<GrantRecord, Problem> {
        let kept = self.read_record(grant).await;
        let unsaved = self.unsaved().get(grant).cloned();
        match (kept, unsaved) {
            (Ok(kept), Some(unsaved)) if kept.generation < unsaved.generation => Ok(unsaved),
            (Err(Problem { code: ProblemCode::RecordUnreadable | ProblemCode::RecordMissing, .. }), Some(unsaved)) => Ok(unsaved),
            (kept, _) => kept,
        }
    }

    pub(super) fn unsaved(&self) -> MutexGuard<'_, HashMap<String, GrantRecord>> {
        held(&self.inner.unsaved)
    }

    /// Brings the index to what the keychain says of a grant that was refreshed.
    async fn settle(&self, record: &GrantRecord, grant: &str) -> Result<(), Problem> {
        let (now, id) = (self.now(), grant.to_owned());
        let (scopes, expires_at, generation) = (record.scopes.clone(), record.expires_at, record.generation);
        let told = self
            .index(move |index| {
                let Some(row) = index.grants()?.into_iter().find(|row| row.id == id && row.generation < generation) else {
                    return Ok(false);
                };
                let others = index.grants()?.into_iter().filter(|other| other.account == row.account && other.id != row.id);
                let held = others.fold(scopes.clone(), |held, other| held.union(&other.scopes));
                let lost = row.scopes.difference(&held);
                index.remove_setting(&pending_name(&row.id))?;
                for scope in lost.iter() {
                    index.put_scope_state(&row.account, scope.as_str(), crate::index::ScopeMark::Lost, now)?;
                }
                let account = index.accounts()?.into_iter().find(|account| account.id == row.account);
                let name = account.as_ref().and_then(display_name);
                index.log(now, Some(&row.account), name.as_deref(), &ActivityEvent::Refreshed)?;
                // A pair that allows nothing, and no other: that is the end, whatever it is called.
                if let Some(account) = account.filter(|_| held.is_empty()) {
                    let health = StoredHealth::NeedsReconnect(ProblemCode::AccessRevoked.name());
                    index.put_account(&AccountRow { health, ..account })?;
                }
                index.put_grant(&GrantRow { scopes, expires_at, generation, ..row })?;
                Ok(true)
            })
            .await?;
        if told { self.reload().await } else { Ok(()) }
    }

    pub(super) async fn lock(&self, grant: &str) -> Result<File, Problem> {
        self.lock_by(grant, File::lock).await?.map_err(|_| ProblemCode::IndexUnavailable.into())
    }

    /// The grant's lock, unless somebody has it, here or in another process.
    pub(super) async fn try_lock(&self, grant: &str) -> Option<File> {
        self.lock_by(grant, File::try_lock).await.ok()?.ok()
    }

    async fn lock_by<E: Send + 'static>(
        &self,
        grant: &str,
        lock: impl FnOnce(&File) -> Result<(), E> + Send + 'static,
    ) -> Result<Result<File, E>, Problem> {
        let path = self.lock_path(grant);
        let locked = tokio::task::spawn_blocking(move || {
            if let Some(directory) = path.parent() {
                std::fs::create_dir_all(directory)?;
            }
            let file = File::options().create(true).truncate(false).write(true).open(&path)?;
            Ok::<_, std::io::Error>(lock(&file).map(|()| file))
        });
        match locked.await {
            Ok(Ok(locked)) => Ok(locked),
            _ => Err(ProblemCode::IndexUnavailable.into()),
        }
    }

    /// Where a grant's lock file is. Grant ids are our own base64url, so no name can lead elsewhere.
    pub(super) fn lock_path(&self, grant: &str) -> std::path::PathBuf {
        self.inner.options.data_dir.join("locks").join(grant)
    }
}

/// A grant as the log names it: the same one each time, and nothing that leads to its entry in the keychain.
pub(super) fn log_id(grant: &str) -> String {
    hex::encode(&Sha256::digest(grant.as_bytes())[..4])
}

/// Name of the setting that keeps an unanswered refresh.
pub(super) fn pending_name(grant: &str) -> String {
    format!("refresh:{grant}")
}

/// When a token of `expires_in` seconds ends, in milliseconds since the Unix epoch.
pub(super) fn expiry(now_ms: i64, expires_in: u64) -> i64 {
    now_ms.saturating_add(i64::try_from(expires_in.saturating_mul(1000)).unwrap_or(i64::MAX))
}
