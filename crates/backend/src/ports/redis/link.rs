//! The connection to Redis. Whatever ends it, the next question makes a new one; a question that an old connection failed is asked once more.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use redis::{ErrorKind, RedisError, RetryMethod};
use tokio::sync::Mutex;

use super::connection::{Connection, Source};

pub(super) struct Link {
    source: Source,
    held: Mutex<Option<Held>>,
    made: AtomicU64,
}

#[derive(Clone)]
struct Held {
    number: u64,
    connection: Connection,
}

/// Whether a question is asked for the first time, or again because the answer to the first may have been lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    First,
    Again,
}

impl Link {
    /// Doesn't connect yet.
    pub(super) fn new(source: Source) -> Self {
        Self { source, held: Mutex::default(), made: AtomicU64::new(0) }
    }

    /// How many keys by chance a check should try: a cluster keeps them in several places, any of which may be lost.
    pub(super) fn parts(&self) -> usize {
        match self.source {
            Source::Cluster(_) => 6,
            Source::One(_) | Source::Sentinel(_) => 1,
        }
    }

    /// The answer to `question`. It must be one that may be asked twice.
    pub(super) async fn ask<T, F>(&self, question: impl Fn(Connection, Attempt) -> F) -> Result<T, RedisError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let (held, fresh) = self.connection().await?;
        let answer = question(held.connection, Attempt::First).await;
        if !answer.as_ref().is_err_and(ends) {
            return answer;
        }
        self.drop_connection(held.number).await;
        if fresh {
            return answer;
        }
        let (held, _) = self.connection().await?;
        let answer = question(held.connection, Attempt::Again).await;
        if answer.as_ref().is_err_and(ends) {
            self.drop_connection(held.number).await;
        }
        answer
    }

    /// The connection, and whether it was made just now.
    async fn connection(&self) -> Result<(Held, bool), RedisError> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref() {
            return Ok((held.clone(), false));
        }
        let connection = self.source.connect().await?;
        let made = Held { number: self.made.fetch_add(1, Ordering::Relaxed), connection };
        *held = Some(made.clone());
        Ok((made, true))
    }

    async fn drop_connection(&self, number: u64) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.number == number) {
            *held = None;
        }
    }
}

/// Whether a connection that gave this error is of no more use: it broke, it went silent, or it leads to a server that is not the primary or
/// doesn't know us any more.
fn ends(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Io | ErrorKind::AuthenticationFailed | ErrorKind::ClusterConnectionNotFound)
        || matches!(error.retry_method(), RetryMethod::Reconnect | RetryMethod::ReconnectFromInitialConnections)
        || matches!(
            error.code(),
            Some("READONLY" | "NOREPLICAS" | "NOAUTH" | "WRONGPASS" | "MASTERDOWN" | "CLUSTERDOWN" | "LOADING" | "UNBLOCKED" | "TOOOLD")
        )
}
