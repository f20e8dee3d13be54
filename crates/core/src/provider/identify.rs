//! Whose a token is, as far as its scopes let Monei tell.

use std::time::Duration;

use monei::permission::Method;
use monei::read::{Profile, ReadError, Wallet};
use monei::{AccessToken, ScopeSet};

use super::{Body, Provider, Verdict};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{Caller, Identity, Permit};

/// How often Monei is asked, where it doesn't answer or asks for patience.
const TRIES: u32 = 5;
/// The pause before the second try; it doubles each time.
const PAUSE: Duration = Duration::from_millis(500);
/// A person waits for this: a longer rate limit isn't waited for.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whose a token is.
pub struct Told {
    /// As far as Monei told.
    pub who: Identity,
    /// Why the wallet alone was told, where the scopes allow more: then it can't be compared with who is known by their user id.
    pub in_part: Option<Problem>,
}

impl Provider {
    /// Asks Monei who the token belongs to. What its scopes don't allow to be told stays unknown.
    ///
    /// # Errors
    /// Why Monei couldn't be asked, after a few tries. Then nothing is known, which is another answer than "unknown".
    pub async fn identify(&self, caller: &Caller, origin: &str, token: &AccessToken, scopes: &ScopeSet) -> Result<Told, Problem> {
        let profile = self.ask(caller, origin, token, scopes, Profile::PATH, Profile::parse);
        let wallet = self.ask(caller, origin, token, scopes, Wallet::PATH, Wallet::parse);
        let (profile, wallet) = tokio::join!(profile, wallet);
        let wallet = wallet.map(|wallet| wallet.and_then(|wallet| wallet.id().map(str::to_owned)));
        let (profile, wallet_id, trouble) = match (profile, wallet) {
            // One of the two may be enough to compare.
            (Err(problem), Ok(None)) | (Ok(None), Err(problem)) | (Err(problem), Err(_)) => return Err(problem),
            (Err(problem), Ok(wallet_id)) => (Profile::default(), wallet_id, problem),
            (Ok(profile), wallet_id) => (profile.unwrap_or_default(), wallet_id.ok().flatten(), ProblemCode::ProviderUnavailable.into()),
        };
        let may_tell = Permit::check(caller, scopes, Method::Get, Profile::PATH).is_ok();
        let in_part = (may_tell && profile.id.is_none() && wallet_id.is_some()).then_some(trouble);
        let who = Identity { name: profile.name(), user_id: profile.id, wallet_id, email: profile.email };
        Ok(Told { who, in_part })
    }

    /// `None` where the scopes don't allow it, or the answer doesn't tell.
    async fn ask<T>(
        &self,
        caller: &Caller,
        origin: &str,
        token: &AccessToken,
        scopes: &ScopeSet,
        path: &str,
        parse: impl Fn(&[u8]) -> Result<T, ReadError>,
    ) -> Result<Option<T>, Problem> {
        let Ok(permit) = Permit::check(caller, scopes, Method::Get, path) else { return Ok(None) };
        let mut pause = PAUSE;
        let mut tried = 0;
        loop {
            tried += 1;
            let problem = match self.try_once(&permit, origin, token).await {
                Ok(body) => return Ok(body.and_then(|body| parse(&body).ok())),
                Err(problem) => problem,
            };
            let wait = problem.retry_after_s.map_or(pause, |seconds| Duration::from_secs(seconds.into()));
            if tried == TRIES || wait > LONGEST_PAUSE || !(problem.code.may_pass() || problem.code == ProblemCode::Busy) {
                return Err(problem);
            }
            tokio::time::sleep(wait).await;
            pause *= 2;
        }
    }

    async fn try_once(&self, permit: &Permit, origin: &str, token: &AccessToken) -> Result<Option<Body>, Problem> {
        match self.call(permit, origin, token, &[]).await? {
            Verdict::Answer(body) => Ok(Some(body)),
            // Monei doesn't tell, though the scope is there.
            Verdict::NotFound | Verdict::Forbidden { .. } => Ok(None),
            // A token that Monei has just given: trouble of its own.
            Verdict::Unauthorized => Err(ProblemCode::ProviderUnavailable.into()),
            Verdict::Failed(problem) => Err(problem),
        }
    }
}
