//! The store of several instances: Redis or Valkey. What is kept there is digests, sealed answers and counts.
//!
//! It fails closed: where it can't be asked, the request is refused. The connection comes back by itself.

mod budget;
mod connection;
mod link;
mod scripts;
// With a redis-server that listens on a socket in the file system.
#[cfg(unix)]
#[cfg(test)]
pub(super) mod tests;

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::{AsyncCommands, ErrorKind, RedisError, Script};
use sha2::{Digest, Sha256};

use super::{Budgets, Claim, Later, Marks, Replays, Reply, Scope, Store, StoreUnavailable};
use crate::config::store::StoreSettings;
use crate::config::{Config, ConfigError};
use crate::domain::budget::{Charge, Limits, Op, Usage};
use crate::domain::digest::Key;
use crate::domain::settings::Environment;
use connection::{Connection, Source};
use link::{Attempt, Link};

/// How long one question may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a released value can still be had by those who wait for it.
const TOLD: Duration = Duration::from_secs(20);
/// How often whoever waits looks, at first and at most. Asking again needs nothing but the one connection, and survives its loss.
const LOOK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));

/// Entries in Redis, under a prefix of the environment and the client.
pub(crate) struct RedisStore {
    used: RwLock<Used>,
    prefix: String,
    claim: Script,
    settle: Script,
    release: Script,
    budgets: budget::Budgets,
}

/// The connection, and what it is made with.
struct Used {
    settings: StoreSettings,
    link: Arc<Link>,
}

impl RedisStore {
    /// Doesn't connect yet: an instance may start before its store.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when the address can't be used.
    pub(crate) fn new(settings: &StoreSettings, config: &Config) -> Result<Self, ConfigError> {
        let shows_certificates = settings.ca.is_some() || settings.client.is_some();
        let invalid = |error: RedisError| match error.kind() {
            ErrorKind::Io if shows_certificates => {
                let names = "CONNECT_REDIS_CA_FILE, CONNECT_REDIS_CERTIFICATE_FILE or CONNECT_REDIS_KEY";
                ConfigError::invalid("CONNECT_REDIS_URL", format!("a certificate or key can't be used; look at what {names} holds"))
            }
            _ => ConfigError::invalid("CONNECT_REDIS_URL", error.category().to_owned()),
        };
        let source = Source::new(settings).map_err(invalid)?;
        let client_name = hex::encode(&Sha256::digest(config.registrations.first().client_id.as_bytes())[..4]);
        Ok(Self {
            used: RwLock::new(Used { settings: settings.clone(), link: Arc::new(Link::new(source)) }),
            prefix: format!("connect:{}:{client_name}", config.environment.as_str()),
            claim: Script::new(&scripts::claim()),
            settle: Script::new(scripts::SETTLE),
            release: Script::new(scripts::RELEASE),
            budgets: budget::Budgets::new(config.environment == Environment::Production),
        })
    }

    /// Uses another user, password or certificate of the same store from now on, if the store takes them; else says why not. False if they are those
    /// in use. Questions under way keep the connection that they began with.
    pub(crate) async fn replace_link(&self, settings: &StoreSettings, config: &Config) -> Result<bool, String> {
        if self.used.read().unwrap_or_else(PoisonError::into_inner).settings.same_as(settings) {
            return Ok(false);
        }
        let other = Self::new(settings, config).map_err(|error| error.to_string())?;
        other.check().await?;
        *self.used.write().unwrap_or_else(PoisonError::into_inner) = other.used.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(true)
    }

    fn link(&self) -> Arc<Link> {
        self.used.read().unwrap_or_else(PoisonError::into_inner).link.clone()
    }

    /// The braces have a cluster keep all names of one entry in one place, since scripts touch several; entries are spread over it.
    fn name(&self, kind: &str, key: &Key) -> String {
        format!("{{{}:{}}}:{kind}", self.prefix, hex::encode(key))
    }
}

impl RedisStore {
    /// Asks, with a limit of time; says in the log why there is no answer.
    async fn ask<T, F>(&self, question: impl Fn(Connection, Attempt) -> F) -> Result<T, StoreUnavailable>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        self.try_ask(question).await.map_err(unavailable)
    }

    /// The answer within [`PATIENCE`], or why there is none.
    async fn try_ask<T, F>(&self, question: impl Fn(Connection, Attempt) -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        match tokio::time::timeout(PATIENCE, self.link().ask(question)).await {
            Ok(answer) => answer.map_err(|error| words(&error)),
            Err(_) => Err("it does not answer in time".to_owned()),
        }
    }

    /// Takes an entry unless somebody has it; the value that is there if so. Asked again, what is there may be the caller's own.
    async fn try_claim(&self, key: &Key, value: &[u8], ttl: Duration) -> Result<Option<Vec<u8>>, String> {
        let mut script = self.claim.key(self.name("entry", key));
        script.key(self.name("told", key)).arg(value).arg(millis(ttl));
        let script = &script;
        self.try_ask(|mut connection, attempt| async move {
            let held: Option<Vec<u8>> = script.invoke_async(&mut connection).await?;
            Ok(held.filter(|held| attempt == Attempt::First || held != value))
        })
        .await
    }

    /// Tells `value` and forgets the entry, both at once, if it holds `own`. Asked again, it may be gone already.
    async fn try_release(&self, key: &Key, own: &[u8], value: &[u8]) -> Result<bool, String> {
        let mut script = self.release.key(self.name("told", key));
        script.key(self.name("entry", key)).arg(value).arg(millis(TOLD)).arg(own);
        let script = &script;
        self.try_ask(|mut connection, _| async move { script.invoke_async(&mut connection).await }).await
    }
}

fn unavailable(reason: String) -> StoreUnavailable {
    tracing::error!(event = "store_unavailable", reason);
    StoreUnavailable
}

/// What is wrong. Never the error's own text, which may hold what was asked.
fn words(error: &RedisError) -> String {
    let text = match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) | (_, Some("WRONGPASS")) => "it refuses the user name or the password",
        (_, Some("NOAUTH")) => "it wants a password",
        (_, Some("NOPERM")) => "the user may not run scripts, or not use the keys that begin with {connect:",
        (_, Some("TOOOLD")) => "it is older than Redis 7.0 and Valkey",
        (_, Some("READONLY")) => "it is a replica that can't be written to",
        (_, Some("OOM")) => "it is full",
        (_, Some("NOREPLICAS")) => "too few replicas follow it: see its min-replicas-to-write",
        (_, Some("CLUSTERDOWN")) => "its cluster lacks a master",
        (ErrorKind::MasterNameNotFoundBySentinel, _) => "its sentinels know no primary of that name that can be reached",
        (ErrorKind::Io, _) => return io_words(error),
        (ErrorKind::InvalidClientConfig, _) => {
            "what CONNECT_REDIS_CERTIFICATE_FILE, CONNECT_REDIS_KEY or CONNECT_REDIS_CA_FILE holds can't be used"
        }
        // The library has no other sign for these.
        _ if error.to_string().contains("can't run this command") => {
            "the user may not run TIME, INFO or what else the scripts need: give it +@read +@write +@scripting +time +info"
        }
        _ if error.to_string().contains("switch database") => "it has no database of that number, or not for this user",
        (_, code) => return format!("it refuses ({})", code.unwrap_or(error.category())),
    };
    text.to_owned()
}

/// Why it can't be reached: trouble with certificates and file permissions is told apart from a server that isn't there.
fn io_words(error: &RedisError) -> String {
    let shared = std::error::Error::source(error).and_then(|source| source.downcast_ref::<Arc<dyn std::error::Error + Send + Sync>>());
    let Some(io) = shared.and_then(|shared| shared.downcast_ref::<std::io::Error>()) else { return "it can't be reached".to_owned() };
    if let Some(tls) = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return match tls {
            rustls::Error::InvalidCertificate(reason) => {
                format!("its certificate is not accepted ({reason:?}); CONNECT_REDIS_CA_FILE names whom to trust")
            }
            rustls::Error::AlertReceived(alert) => {
                format!("it refuses the TLS connection ({alert:?}); it may want CONNECT_REDIS_CERTIFICATE_FILE")
            }
            _ => "it can't be reached over TLS: it may not speak it".to_owned(),
        };
    }
    match io.kind() {
        std::io::ErrorKind::PermissionDenied => "this program may not open its socket: look at the socket's permissions".to_owned(),
        std::io::ErrorKind::NotFound => "there is no socket at that path".to_owned(),
        _ => "it can't be reached".to_owned(),
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX).max(1)
}

impl Marks for RedisStore {
    fn claim(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, Claim> {
        Box::pin(async move {
            let held = self.try_claim(&key, &value, ttl).await.map_err(unavailable)?;
            Ok(held.map_or(Claim::Ours, Claim::Taken))
        })
    }

    fn get(&self, key: Key) -> Reply<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let name = &self.name("entry", &key);
            self.ask(|mut connection, _| async move { connection.get(name).await }).await
        })
    }

    fn put(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, ()> {
        Box::pin(async move {
            let (name, value) = (&self.name("entry", &key), &value);
            self.ask(|mut connection, _| async move { connection.pset_ex(name, value, millis(ttl)).await }).await
        })
    }
}

impl Replays for RedisStore {
    fn settle(&self, key: Key, own: Vec<u8>, value: Vec<u8>, ttl: Duration) -> Reply<'_, bool> {
        Box::pin(async move {
            let mut script = self.settle.key(self.name("entry", &key));
            script.arg(own).arg(value).arg(millis(ttl));
            let script = &script;
            self.ask(|mut connection, _| async move { script.invoke_async(&mut connection).await }).await
        })
    }

    fn release(&self, key: Key, own: Vec<u8>, value: Vec<u8>) -> Reply<'_, bool> {
        Box::pin(async move { self.try_release(&key, &own, &value).await.map_err(unavailable) })
    }

    fn wait(&self, key: Key, seen: Vec<u8>, limit: Duration) -> Reply<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let look = async {
                let mut pause = LOOK.0;
                loop {
                    match self.get(key).await? {
                        Some(value) if value == seen => {}
                        Some(value) => return Ok(Some(value)),
                        None => {
                            let name = &self.name("told", &key);
                            return self.ask(|mut connection, _| async move { connection.get(name).await }).await;
                        }
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LOOK.1);
                }
            };
            tokio::time::timeout(limit, look).await.unwrap_or(Ok(None))
        })
    }
}

impl Store for RedisStore {
    fn check(&self) -> Later<'_, Result<(), String>> {
        Box::pin(async move {
            for _ in 0..self.link().parts() {
                // A key that nothing else uses, for a second.
                let key = rand::random();
                self.try_claim(&key, b"check", Duration::from_secs(1)).await?;
                self.try_release(&key, b"check", b"check").await?;
            }
            // A budget that nothing else uses: it takes more rights than a key.
            self.read(Scope::Grant(rand::random())).await.map(|_| ())
        })
    }
}

impl Budgets for RedisStore {
    fn apply(&self, scope: Scope, op: Op, limits: Limits) -> Reply<'_, Charge> {
        Box::pin(self.apply_op(scope, op, limits))
    }

    fn usage(&self, scope: Scope) -> Reply<'_, Usage> {
        Box::pin(async move {
            let read = self.read(scope).await.map_err(unavailable)?;
            Ok(read.budget.usage(read.now))
        })
    }
}
