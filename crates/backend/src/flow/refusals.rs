//! Refused refresh tokens, as all instances remember them: which are believed, and which are answered without asking Monei.

use std::sync::Arc;
use std::time::Duration;

use monei::RefreshToken;

use crate::domain::digest::{Key, digest, fingerprint};
use crate::domain::outcome::Settled;
use crate::domain::problem::{Code, Problem};
use crate::domain::refusal::{Before, KEPT, Policy, RUN, Refusal};
use crate::domain::registration::{Registrations, Shard};
use crate::ports::clock::Clock;
use crate::ports::{Claim, Marks};

/// How long the last success is remembered: no refusal is kept for longer.
const SUCCESS_KEPT: Duration = Duration::from_secs(2 * KEPT);

/// What is known of refused tokens.
pub(crate) struct Refusals {
    pub(crate) marks: Arc<dyn Marks>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) policy: Policy,
    pub(crate) registrations: Registrations,
}

fn key_of(token: &RefreshToken) -> Key {
    digest(&[b"refused", token.expose().as_bytes()])
}

impl Refusals {
    /// What to answer without asking Monei, if the token was refused before.
    pub(crate) async fn known(&self, shard: Shard, token: &RefreshToken) -> Result<Option<Settled>, Problem> {
        let Some(known) = self.refusal_of(token).await? else { return Ok(None) };
        let succeeded = if known.believed { None } else { self.last_success(shard).await?.map(|(_, at)| at) };
        Ok(match known.before(succeeded, self.clock.unix()) {
            Before::Ask => None,
            Before::Refused => Some(Settled::Final(Code::GrantRefused.into())),
            Before::Wait(seconds) => Some(Settled::Void(Problem::from(Code::ServiceUnavailable).retry_after(seconds))),
        })
    }

    /// Monei refused the token in words about it. Whether that is believed is decided here, for all instances alike.
    pub(crate) async fn judge(&self, shard: Shard, token: &RefreshToken) -> Result<Refusal, Problem> {
        let known = self.refusal_of(token).await?;
        let success = self.last_success(shard).await?;
        let place = self.place_in_run(token, success.map_or([0; 8], |(run, _)| run)).await?;
        let refusal = Refusal::after(self.policy, known, success.map(|(_, at)| at), place, self.clock.unix());
        self.marks.put(key_of(token), refusal.to_bytes(), Duration::from_secs(KEPT)).await?;
        Ok(refusal)
    }

    /// How many other tokens were refused before this one since the last success, at most [`RUN`]. `run` names what came after that success.
    async fn place_in_run(&self, token: &RefreshToken, run: [u8; 8]) -> Result<u8, Problem> {
        let mine = fingerprint(&[b"refused", token.expose().as_bytes()]).to_vec();
        for place in 0..RUN {
            let key = digest(&[b"refused in a run", &run, &[place]]);
            match self.marks.claim(key, mine.clone(), Duration::from_secs(KEPT)).await? {
                Claim::Taken(other) if other != mine => {}
                _ => return Ok(place),
            }
        }
        Ok(RUN)
    }

    /// Refreshes of a registration: what is refused to one of them may be granted to another.
    fn key_of_success(&self, shard: Shard) -> Key {
        digest(&[b"a refresh succeeded", &self.registrations.get(shard).name().to_be_bytes()])
    }

    /// Monei's refreshes work for this registration. A failure to say so only makes refusals less believed, so it fails nothing.
    pub(crate) async fn refresh_succeeded(&self, shard: Shard) {
        let value = [&rand::random::<[u8; 8]>()[..], &self.clock.unix().to_be_bytes()].concat();
        if self.marks.put(self.key_of_success(shard), value, SUCCESS_KEPT).await.is_err() {
            tracing::warn!(event = "success_not_shared");
        }
    }

    /// A name of the run of refusals that began with the last success, and when that was.
    async fn last_success(&self, shard: Shard) -> Result<Option<([u8; 8], u64)>, Problem> {
        let value = self.marks.get(self.key_of_success(shard)).await?;
        Ok(value.and_then(|value| {
            let (run, at) = value.split_first_chunk::<8>()?;
            Some((*run, u64::from_be_bytes(at.try_into().ok()?)))
        }))
    }

    async fn refusal_of(&self, token: &RefreshToken) -> Result<Option<Refusal>, Problem> {
        Ok(self.marks.get(key_of(token)).await?.and_then(|bytes| Refusal::from_bytes(&bytes)))
    }
}
