//! The store of several instances: Redis or Valkey. What is kept there is digests, sealed answers and counts.
//!
//! It fails closed: where it can't be asked, the request is refused. The connection comes back by itself.

mod scripts;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, ErrorKind, RedisError, Script};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{Claim, Key, Reply, Store, StoreUnavailable};
use crate::budget::{Charge, Endpoint, Lane, Limits, Usage, WINDOW};
use crate::config::{Config, ConfigError, Environment};

/// How long one question may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a released value can still be had by those who wait for it.
const TOLD: Duration = Duration::from_secs(20);
/// How often whoever waits looks, at first and at most. Asking again needs nothing but the one connection, and survives its loss.
const LOOK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));

/// Entries in Redis, under a prefix of the environment and the client.
pub(crate) struct RedisStore {
    connection: ConnectionManager,
    prefix: String,
    claim: Script,
    charge: Script,
    usage: Script,
    hold: Script,
    /// Whether a store without data may have had some. In development both are begun anew all the time, and a 429 harms nobody else.
    may_have_lost: bool,
    /// Names the data that this instance has counted in. Another name means that they were lost.
    generation: Mutex<String>,
}

impl RedisStore {
    /// Doesn't connect yet: an instance may start before its store.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] when the address can't be used.
    pub(crate) fn new(url: &SecretString, config: &Config) -> Result<Self, ConfigError> {
        let invalid = |error: RedisError| ConfigError::invalid("CONNECT_REDIS_URL", error.category().to_owned());
        let client = redis::Client::open(url.expose_secret()).map_err(invalid)?;
        let settings = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_min_delay(Duration::from_millis(50))
            .set_connection_timeout(Some(Duration::from_secs(2)))
            .set_response_timeout(Some(Duration::from_secs(2)));
        let client_name = hex::encode(&Sha256::digest(config.client_id.as_bytes())[..4]);
        Ok(Self {
            connection: client.get_connection_manager_lazy(settings).map_err(invalid)?,
            // In braces, so that a cluster keeps all of it in one place: scripts touch several keys.
            prefix: format!("{{connect:{}:{client_name}}}", config.environment.as_str()),
            claim: Script::new(scripts::CLAIM),
            charge: Script::new(scripts::CHARGE),
            usage: Script::new(scripts::USAGE),
            hold: Script::new(scripts::HOLD),
            may_have_lost: config.environment == Environment::Production,
            generation: Mutex::default(),
        })
    }

    fn name(&self, kind: &str, key: &Key) -> String {
        format!("{}:{kind}:{}", self.prefix, hex::encode(key))
    }

    fn common(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Tells `value` and forgets the entry, both at once.
    fn released(&self, key: &Key, value: &[u8]) -> redis::Pipeline {
        let mut both = redis::pipe();
        both.atomic().pset_ex(self.name("told", key), value, millis(TOLD)).ignore().del(self.name("entry", key)).ignore();
        both
    }

    fn calls(&self, lane: Lane) -> String {
        self.common(match lane.endpoint() {
            Endpoint::Token => "token-calls",
            Endpoint::Authorize => "authorize-calls",
            Endpoint::Revoke => "revoke-calls",
        })
    }

    async fn charge_one(&self, lane: Lane, limits: Limits) -> Result<Charge, StoreUnavailable> {
        let seen = self.generation.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut script = self.charge.prepare_invoke();
        script
            .key(self.calls(lane))
            .key(self.common("generation"))
            .key(self.common("hold"))
            .arg(millis(WINDOW))
            .arg(letter(lane))
            .arg(limits.of_endpoint(lane))
            .arg(limits.of(lane))
            .arg(seen)
            .arg(hex::encode(rand::random::<[u8; 16]>()))
            .arg(u8::from(self.may_have_lost));
        let (generation, left, hold): (String, u64, String) = ask(script.invoke_async(&mut self.connection.clone())).await?;
        *self.generation.lock().unwrap_or_else(PoisonError::into_inner) = generation;
        let left = Duration::from_millis(left);
        if hold == "lost" {
            tracing::warn!(event = "budget_unknown", wait_s = left.as_secs());
        }
        Ok(match hold.as_str() {
            "busy" => Charge::Paused(left),
            _ if left.is_zero() => Charge::Granted,
            _ => Charge::Wait(left),
        })
    }
}

/// Asks, with a limit of time; says in the log why there is no answer.
async fn ask<T>(question: impl Future<Output = Result<T, RedisError>>) -> Result<T, StoreUnavailable> {
    within(question).await.map_err(|reason| {
        tracing::error!(event = "store_unavailable", reason);
        StoreUnavailable
    })
}

/// The answer within [`PATIENCE`], or why there is none.
async fn within<T>(question: impl Future<Output = Result<T, RedisError>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, question).await {
        Ok(answer) => answer.map_err(|error| words(&error)),
        Err(_) => Err("it does not answer in time".to_owned()),
    }
}

/// What is wrong. Never the error's own text, which may hold what was asked.
fn words(error: &RedisError) -> String {
    let text = match (error.kind(), error.code()) {
        (ErrorKind::AuthenticationFailed, _) | (_, Some("WRONGPASS")) => "it refuses the user name or the password",
        (_, Some("NOAUTH")) => "it wants a password",
        (_, Some("NOPERM")) => "the user may not run scripts, or not use the keys that begin with {connect:",
        (_, Some("READONLY")) => "it is a replica that can't be written to",
        (_, Some("OOM")) => "it is full",
        (ErrorKind::Io, _) => "it can't be reached",
        // The library has no other sign for it.
        _ if error.to_string().contains("switch database") => "it has no database of that number, or not for this user",
        (_, code) => return format!("it refuses ({})", code.unwrap_or(error.category())),
    };
    text.to_owned()
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX).max(1)
}

fn letter(lane: Lane) -> &'static str {
    match lane {
        Lane::Redeem => "r",
        Lane::Refresh => "f",
        Lane::Authorize => "a",
        Lane::Revoke => "v",
    }
}

impl Store for RedisStore {
    fn claim(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, Claim> {
        Box::pin(async move {
            let mut script = self.claim.key(self.name("entry", &key));
            script.key(self.name("told", &key)).arg(value).arg(millis(ttl));
            let held: Option<Vec<u8>> = ask(script.invoke_async(&mut self.connection.clone())).await?;
            Ok(held.map_or(Claim::Ours, Claim::Taken))
        })
    }

    fn get(&self, key: Key) -> Reply<'_, Option<Vec<u8>>> {
        Box::pin(async move { ask(self.connection.clone().get(self.name("entry", &key))).await })
    }

    fn put(&self, key: Key, value: Vec<u8>, ttl: Duration) -> Reply<'_, ()> {
        Box::pin(async move { ask(self.connection.clone().pset_ex(self.name("entry", &key), value, millis(ttl))).await })
    }

    fn release(&self, key: Key, value: Vec<u8>) -> Reply<'_, ()> {
        Box::pin(async move { ask(self.released(&key, &value).query_async(&mut self.connection.clone())).await })
    }

    fn wait(&self, key: Key, seen: Vec<u8>, limit: Duration) -> Reply<'_, Option<Vec<u8>>> {
        Box::pin(async move {
            let look = async {
                let mut pause = LOOK.0;
                loop {
                    match self.get(key).await? {
                        Some(value) if value == seen => {}
                        Some(value) => return Ok(Some(value)),
                        None => return ask(self.connection.clone().get(self.name("told", &key))).await,
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LOOK.1);
                }
            };
            tokio::time::timeout(limit, look).await.unwrap_or(Ok(None))
        })
    }

    fn charge(&self, lane: Lane, limits: Limits) -> Reply<'_, Charge> {
        Box::pin(self.charge_one(lane, limits))
    }

    fn check(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(async move {
            // A key of nobody's, for a second.
            let key = rand::random();
            let mut script = self.claim.key(self.name("entry", &key));
            script.key(self.name("told", &key)).arg("check").arg(1_000);
            within(script.invoke_async::<Option<Vec<u8>>>(&mut self.connection.clone())).await?;
            within(self.released(&key, b"check").query_async(&mut self.connection.clone())).await
        })
    }

    fn pause(&self, length: Duration) -> Reply<'_, ()> {
        Box::pin(async move {
            let mut script = self.hold.key(self.common("hold"));
            ask(script.arg("busy").arg(millis(length)).invoke_async(&mut self.connection.clone())).await
        })
    }

    fn usage(&self) -> Reply<'_, Usage> {
        Box::pin(async move {
            let mut script = self.usage.key(self.calls(Lane::Redeem));
            script.key(self.calls(Lane::Authorize)).key(self.calls(Lane::Revoke)).key(self.common("hold")).arg(millis(WINDOW));
            type Counted = (u32, u32, u32, u32, String, u64);
            let (redeem, refresh, authorize, revoke, hold, left): Counted = ask(script.invoke_async(&mut self.connection.clone())).await?;
            let held = |why: &str| Duration::from_millis(if hold == why { left } else { 0 });
            Ok(Usage { redeem, refresh, authorize, revoke, busy: held("busy"), unknown: [held("lost"); 3] })
        })
    }
}
