//! Monei, as the rules see it: a few calls, each with one of few outcomes.

use http::StatusCode;
use monei::{AccessToken, AuthorizationCode, RefreshToken};
use zeroize::Zeroizing;

use super::Later;
use crate::domain::registration::Shard;
use crate::domain::settings::RefreshAuth;
use crate::domain::words::Words;

/// Which of a registration's two secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// `MONEI_CLIENT_SECRET`.
    Present,
    /// `MONEI_CLIENT_SECRET_PREVIOUS`.
    Previous,
}

/// Monei's token and revoke endpoints, as the client of a registration.
pub(crate) trait Provider: Send + Sync {
    /// Exchanges a code (Monei: oauth-flow).
    fn exchange<'a>(&'a self, shard: Shard, code: &'a AuthorizationCode, which: Which) -> Later<'a, Answer>;
    /// Refreshes a pair (Monei: tokens).
    fn refresh<'a>(&'a self, shard: Shard, token: &'a RefreshToken, which: Which) -> Later<'a, Answer>;
    /// Revokes the pair that the access token belongs to (Monei: tokens).
    fn revoke_access<'a>(&'a self, token: &'a AccessToken) -> Later<'a, Answer>;
    /// The same by the refresh token, which Monei doesn't document but may accept.
    fn revoke_refresh<'a>(&'a self, token: &'a RefreshToken) -> Later<'a, Answer>;
    /// Whether there is a second secret to try.
    fn has_previous_secret(&self, shard: Shard) -> bool;
    /// Whether a refresh carries the secret.
    fn refresh_auth(&self) -> RefreshAuth;
    /// Whether Monei's host answers at all, whatever it answers. No token call, and no credentials. Else why not.
    fn greet(&self) -> Later<'_, Result<(), String>>;
}

/// The outcome of one call.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Done, with the body. Of a token call: any answer that holds both tokens, since the pair before it is dead then, and no other.
    Success(Zeroizing<Vec<u8>>),
    /// 3xx, or 4xx but for 429: Monei, or somebody on the way, refused.
    Refused {
        /// With this status.
        status: StatusCode,
        /// What its words are about. They are read for nothing else, and never passed on.
        words: Words,
    },
    /// 429: not done. Seconds to wait.
    Busy(u64),
    /// 5xx, or another answer that makes no sense here: it may have been done or not. Seconds to wait, where a 503 says so.
    Failed(Option<u64>),
    /// Sent, but no complete answer came, or one without tokens to a token call: it may have been done or not.
    Lost,
    /// Never sent: nothing was done.
    NotSent,
}

impl Answer {
    /// Every [`Answer::label`].
    pub(crate) const LABELS: [&str; 6] = ["success", "refused", "busy", "failed", "lost", "not_sent"];

    /// Seconds for which Monei asked for a pause.
    pub(crate) fn wait(&self) -> Option<u64> {
        match self {
            Answer::Busy(seconds) => Some(*seconds),
            Answer::Failed(seconds) => *seconds,
            Answer::Success(_) | Answer::Refused { .. } | Answer::Lost | Answer::NotSent => None,
        }
    }

    /// For logs and metrics.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Answer::Success(_) => "success",
            Answer::Refused { .. } => "refused",
            Answer::Busy(_) => "busy",
            Answer::Failed(_) => "failed",
            Answer::Lost => "lost",
            Answer::NotSent => "not_sent",
        }
    }
}
