//! What Monei's answers mean that are treated alike in an exchange and a refresh: accepted and refused credentials, refusals that nobody should
//! believe, calls whose outcome is open, and tokens.

use std::sync::Arc;

use http::StatusCode;
use monei::TokenResponse;

use crate::domain::outcome::{Outcome, Settled};
use crate::domain::problem::{Code, Problem};
use crate::domain::registration::Shard;
use crate::domain::seal::Sealer;
use crate::domain::tokens::{self, Owner};
use crate::domain::words::Words;
use crate::flow::standing::{Credentials, Standing};
use crate::metrics::{Counter, Metrics};
use crate::ports::provider::{Answer, Which};

/// Seconds after which the call is worth another try where a refusal isn't believed.
const NOT_BELIEVED_AGAIN: u64 = 5;

/// Turns answers into outcomes.
pub(crate) struct Answers {
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) standing: Arc<Standing>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Answers {
    /// What an answer of Monei's that decides nothing means.
    pub(crate) fn unsettled(&self, answer: &Answer) -> Settled {
        match answer {
            Answer::Busy(seconds) => Settled::Void(Problem::from(Code::ProviderBusy).retry_after(*seconds)),
            Answer::NotSent => Settled::Void(Code::ProviderUnavailable.into()),
            // An error of Monei's own: it may have been done.
            Answer::Failed(seconds) => {
                let problem = Problem::from(Code::ProviderUnavailable).with_status(StatusCode::BAD_GATEWAY);
                Settled::Final(Outcome::Problem(problem.retry_after_if(*seconds)))
            }
            Answer::Lost | Answer::Success(_) | Answer::Refused { .. } => Settled::Final(Code::OutcomeUnknown.into()),
        }
    }

    /// The answer for the app, from the body of Monei's. Both tokens are kept whatever else is odd about it; that is counted, for an alert.
    pub(crate) fn tokens(&self, call: &'static str, owner: Owner, body: &[u8], complete: impl FnOnce(&mut TokenResponse)) -> Outcome {
        match TokenResponse::parse(body) {
            Ok(mut response) => {
                if !response.oddities.is_empty() {
                    let odd: Vec<_> = response.oddities.iter().map(|oddity| oddity.as_str()).collect();
                    self.metrics.count(Counter::OddAnswer(call));
                    tracing::error!(event = "token_answer_odd", call, odd = odd.join(","));
                }
                complete(&mut response);
                tokens::body(&self.sealer, owner, &response).map_or_else(Outcome::from, Outcome::Tokens)
            }
            Err(monei::token::NoTokens) => Code::OutcomeUnknown.into(),
        }
    }

    /// Monei took the credentials of a call.
    pub(crate) fn credentials_accepted(&self, shard: Shard, which: Which) {
        self.standing.set_credentials(shard, Credentials::Accepted);
        if which == Which::Previous {
            self.metrics.count(Counter::PreviousSecret);
            tracing::warn!(event = "previous_secret_used", registration = shard.index());
        }
    }

    /// Monei took none of the credentials. Never about the person: they are this backend's own (C-16). Without a time to try again: that is how an app
    /// tells it from trouble that passes.
    pub(crate) fn credentials_refused(&self, shard: Shard) -> Settled {
        self.standing.set_credentials(shard, Credentials::Refused);
        tracing::error!(event = "credentials_refused", registration = shard.index());
        Settled::Void(Code::ServiceUnavailable.into())
    }

    /// A refusal that can't be about a person's approval, and so is trouble with the service (C-16). What a redirect hides may have been done, so
    /// the same request isn't sent again. Words about the client mean that this backend isn't set up as Monei wants it, which doesn't pass.
    pub(crate) fn not_believed(&self, call: &'static str, status: StatusCode, words: Words, in_a_run: bool) -> Settled {
        self.metrics.count(Counter::NotBelieved);
        tracing::error!(event = "refusals_not_believed", call, status = status.as_u16(), in_a_run);
        match status.is_redirection() {
            true => Settled::Final(Code::ServiceUnavailable.into()),
            false if words == Words::Client => Settled::Void(Code::ServiceUnavailable.into()),
            false => Settled::Void(Problem::from(Code::ServiceUnavailable).retry_after(NOT_BELIEVED_AGAIN)),
        }
    }

    /// What is presented was made as a registration that is no longer listed. Nothing is lost: listing it again makes it work again.
    pub(crate) fn registration_unknown(&self) -> Problem {
        tracing::error!(event = "registration_not_listed");
        Code::ServiceUnavailable.into()
    }
}
