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
    /// Why less was told than the scopes allow: the wallet alone, which can't be compared with who is known by their user id, or an answer that
    /// can't be read.
    pub in_part: Option<Problem>,
}

/// What came of one question.
#[derive(Default)]
struct Answer<T> {
    /// Nothing where the scopes don't allow it, or Monei doesn't tell.
    told: T,
    /// It came twice, and couldn't be read.
    unreadable: bool,
}

impl Provider {
    /// Asks Monei who the token belongs to. What its scopes don't allow to be told stays unknown.
    ///
    /// # Errors
    /// Why Monei couldn't be asked, after a few tries. Then nothing is known, which is another answer than "unknown".
    pub async fn identify(&self, caller: &Caller, origin: &str, token: &AccessToken, scopes: &ScopeSet) -> Result<Told, Problem> {
        let permit = |path| Permit::check(caller, scopes, Method::Get, path).ok();
        let (to_profile, to_wallet) = (permit(Profile::PATH), permit(Wallet::PATH));
        let profile = self.ask(to_profile.as_ref(), origin, token, Profile::parse, |profile| profile.id.is_some());
        // Who has no naira wallet has none to be known by.
        let wallet = self.ask(to_wallet.as_ref(), origin, token, Wallet::parse, |_| true);
        let (profile, wallet) = tokio::join!(profile, wallet);
        let unreadable = profile.as_ref().is_ok_and(|answer| answer.unreadable) || wallet.as_ref().is_ok_and(|answer| answer.unreadable);
        let wallet = wallet.map(|answer| answer.told.id().map(str::to_owned));
        let (profile, wallet_id, trouble) = match (profile.map(|answer| answer.told), wallet) {
            // One of the two may be enough to compare.
            (Err(problem), Ok(None) | Err(_)) => return Err(problem),
            (Ok(Profile { id: None, .. }), Err(problem)) => return Err(problem),
            (Err(problem), Ok(wallet_id)) => (Profile::default(), wallet_id, problem),
            (Ok(profile), wallet_id) => (profile, wallet_id.ok().flatten(), ProblemCode::ProviderUnavailable.into()),
        };
        let in_part = (profile.id.is_none() && (unreadable || (to_profile.is_some() && wallet_id.is_some()))).then_some(trouble);
        let who = Identity { name: profile.name(), user_id: profile.id, wallet_id, email: profile.email };
        Ok(Told { who, in_part })
    }

    /// Asks once more where the answer can't be read or isn't complete.
    async fn ask<T: Default>(
        &self,
        permit: Option<&Permit>,
        origin: &str,
        token: &AccessToken,
        parse: impl Fn(&[u8]) -> Result<T, ReadError>,
        is_complete: impl Fn(&T) -> bool,
    ) -> Result<Answer<T>, Problem> {
        let Some(permit) = permit else { return Ok(Answer::default()) };
        let mut pause = PAUSE;
        let mut tried = 0;
        let mut asked_again = false;
        loop {
            tried += 1;
            let problem = match self.try_once(permit, origin, token).await {
                Ok(None) => return Ok(Answer::default()),
                Ok(Some(body)) => match parse(&body) {
                    Ok(told) if is_complete(&told) => return Ok(Answer { told, unreadable: false }),
                    parsed => {
                        tracing::info!(path = permit.endpoint().path, error = ?parsed.as_ref().err(), "an answer doesn't tell whose a token is");
                        if asked_again {
                            return Ok(Answer { told: parsed.unwrap_or_default(), unreadable: true });
                        }
                        asked_again = true;
                        ProblemCode::ProviderUnavailable.into()
                    }
                },
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
