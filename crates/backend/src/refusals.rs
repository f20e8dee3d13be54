//! Refused refresh tokens, as all instances remember them: which are believed, and which are answered without asking Monei.

use std::time::Duration;

use http::StatusCode;
use monei::RefreshToken;

use crate::Backend;
use crate::domain::refusal::{Before, KEPT, RUN, Refusal};
use crate::once::{Settled, digest, fingerprint};
use crate::problem::{Code, Problem};
use crate::routes::not_believed;
use crate::store::{Claim, Key};

/// How long the last success is remembered: no refusal is kept for longer.
const SUCCESS_KEPT: Duration = Duration::from_secs(2 * KEPT);

fn key_of(token: &RefreshToken) -> Key {
    digest(&[b"refused", token.expose().as_bytes()])
}

fn key_of_success() -> Key {
    digest(&[b"a refresh succeeded"])
}

impl Backend {
    /// What to answer without asking Monei, if the token was refused before.
    pub(crate) async fn known_refusal(&self, token: &RefreshToken) -> Result<Option<Settled>, Problem> {
        let Some(known) = self.refusal_of(token).await? else { return Ok(None) };
        let succeeded = if known.believed { None } else { self.last_success().await?.map(|(_, at)| at) };
        Ok(match known.before(succeeded, self.inner().clock.unix()) {
            Before::Ask => None,
            Before::Refused => Some(Settled::Final(Code::GrantRefused.into())),
            Before::Wait(seconds) => Some(Settled::Void(Problem::from(Code::ServiceUnavailable).retry_after(seconds))),
        })
    }

    /// Monei refused the token in words about it. Whether that is believed is decided here, for all instances alike.
    pub(crate) async fn refusal(&self, token: &RefreshToken, status: StatusCode) -> Settled {
        match self.judge(token).await {
            Ok(refusal) if refusal.believed => Settled::Final(Code::GrantRefused.into()),
            Ok(_) => not_believed(self, "refresh", status, true),
            // Without the store nobody knows what else was refused.
            Err(problem) => Settled::Void(problem),
        }
    }

    async fn judge(&self, token: &RefreshToken) -> Result<Refusal, Problem> {
        let inner = self.inner();
        let known = self.refusal_of(token).await?;
        let success = self.last_success().await?;
        let place = self.place_in_run(token, success.map_or([0; 8], |(run, _)| run)).await?;
        let refusal = Refusal::after(inner.config.refusals, known, success.map(|(_, at)| at), place, inner.clock.unix());
        inner.store.put(key_of(token), refusal.to_bytes(), Duration::from_secs(KEPT)).await?;
        Ok(refusal)
    }

    /// How many other tokens were refused before this one since the last success, at most [`RUN`]. `run` names what came after that success.
    async fn place_in_run(&self, token: &RefreshToken, run: [u8; 8]) -> Result<u8, Problem> {
        let mine = fingerprint(&[b"refused", token.expose().as_bytes()]).to_vec();
        for place in 0..RUN {
            let key = digest(&[b"refused in a run", &run, &[place]]);
            match self.inner().store.claim(key, mine.clone(), Duration::from_secs(KEPT)).await? {
                Claim::Taken(other) if other != mine => {}
                _ => return Ok(place),
            }
        }
        Ok(RUN)
    }

    /// Monei's refreshes work. A failure to say so only makes refusals less believed, so it fails nothing.
    pub(crate) async fn refresh_succeeded(&self) {
        let value = [&rand::random::<[u8; 8]>()[..], &self.inner().clock.unix().to_be_bytes()].concat();
        if self.inner().store.put(key_of_success(), value, SUCCESS_KEPT).await.is_err() {
            tracing::warn!(event = "success_not_shared");
        }
    }

    /// A name of the run of refusals that began with the last success, and when that was.
    async fn last_success(&self) -> Result<Option<([u8; 8], u64)>, Problem> {
        let value = self.inner().store.get(key_of_success()).await?;
        Ok(value.and_then(|value| {
            let (run, at) = value.split_first_chunk::<8>()?;
            Some((*run, u64::from_be_bytes(at.try_into().ok()?)))
        }))
    }

    async fn refusal_of(&self, token: &RefreshToken) -> Result<Option<Refusal>, Problem> {
        Ok(self.inner().store.get(key_of(token)).await?.and_then(|bytes| Refusal::from_bytes(&bytes)))
    }
}
