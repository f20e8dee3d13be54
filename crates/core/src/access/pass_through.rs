//! A call that a program of the person makes: Monei's status and body as they came. What moves money is never sent from here.

use bytes::Bytes;
use monei::permission::{self, Effect, Endpoint, Method};
use monei::{ErrorBody, Permission, ScopeSet};

use super::{Access, Accesses, Request};
use crate::grants::Lease;
use crate::ledger::{GrantRow, StoredHealth};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::{AccountId, Caller, Denied, Permit};
use crate::provider::{Body, RawVerdict};

/// One call below the API base, as a program asks for it.
pub struct PassThrough<'a> {
    /// How.
    pub method: Method,
    /// Path below the API base, with its parameters filled in.
    pub path: &'a str,
    /// Query.
    pub query: &'a [(&'a str, &'a str)],
    /// JSON, in which no object has a key twice; the caller sees to that.
    pub body: Option<Bytes>,
}

/// Monei's answer.
pub struct Passed {
    /// Its status; 401 never.
    pub status: u16,
    /// Its body, JSON.
    pub body: Body,
}

/// What sending a call came to: Monei's answer with the seconds that it asks to wait, or why there is none.
pub(super) type Sent = Result<(Passed, Option<u64>), Problem>;

/// The status of a payment that Monei refused with 401 though its token is good.
const REFUSED: u16 = 400;

impl Accesses {
    /// Passes the call on for a program of the person, and records it, also where it is refused here.
    ///
    /// # Errors
    /// Why there is no answer: what [`Accesses::access`] says; [`ProblemCode::InvalidInput`] for what no permission opens;
    /// [`ProblemCode::ConfirmationNeeded`] for what moves money, [`ProblemCode::AccessRevoked`] where Monei refuses the token also after a
    /// refresh, [`ProblemCode::AnswerUnreadable`] for an answer that isn't JSON, redirects or is too long, and
    /// [`ProblemCode::OutcomeUnknown`] where Monei may have carried out what can't be repeated. [`ProblemCode::ProgramEnding`] for what does
    /// more than read once the program is about to end; that isn't recorded.
    pub async fn pass_through(&self, caller: &Caller, account: &AccountId, call: PassThrough<'_>) -> Result<Passed, Problem> {
        let _under_way = if call.method == Method::Get { None } else { Some(self.work.enter()?) };
        let (permission, endpoint) = permission::find(call.method, call.path).ok_or(Denied::NotListed)?;
        let outcome = self.pass_on(caller, account, permission, endpoint, &call).await;
        let code = match &outcome {
            Ok((passed, retry_after_s)) => meaning(passed, *retry_after_s),
            Err(problem) => Some(problem.clone()),
        };
        let told = code.map_or(Ok(()), Err);
        self.provider.record_retry_after(account, &told);
        self.record_use(caller, account, permission, endpoint, told.as_ref().err().map(|problem| problem.code)).await;
        self.show_change(account, told.as_ref().map(drop)).await;
        outcome.map(|(passed, _)| passed)
    }

    async fn pass_on(
        &self,
        caller: &Caller,
        account: &AccountId,
        permission: &'static Permission,
        endpoint: &'static Endpoint,
        call: &PassThrough<'_>,
    ) -> Sent {
        let access = self.access(caller, account, permission).await?;
        if needs_confirmation(endpoint, call) {
            return Err(Denied::NeedsConfirmation.into());
        }
        let &PassThrough { method, path, query, ref body } = call;
        let request = Request { method, path, query };
        access.pass(&|scopes| access.permit(scopes, &request), query, body.clone()).await
    }

    /// Shows on the account how the call went, where that differs from what is shown: a program may call often.
    pub(super) async fn show_change(&self, account: &AccountId, outcome: Result<(), &Problem>) {
        let is_of_app = |code| {
            use ProblemCode as P;
            matches!(code, P::NoSuchApp | P::PermissionNotGiven | P::PermissionSetAside | P::ConfirmationNeeded)
        };
        let is_of_call = |code| matches!(code, ProblemCode::InvalidInput | ProblemCode::OutcomeUnknown);
        if outcome.is_err_and(|problem| is_of_app(problem.code) || is_of_call(problem.code)) {
            return;
        }
        let known = self.ledger.known();
        let connected = known.iter().any(|known| known.row.id == *account && known.row.health == StoredHealth::Connected);
        if outcome.is_err() || !connected {
            self.note(account, outcome).await;
        }
    }
}

/// Gives the permit to make a call with a token of these scopes.
pub(super) type PermitFor<'a> = &'a (dyn Fn(&ScopeSet) -> Result<Permit, Denied> + Sync);

impl Access {
    /// Calls, with whichever grant has the permission. Monei's answer comes back as it came; whoever asks records it.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(super) async fn pass(&self, permit: PermitFor<'_>, query: &[(&str, &str)], body: Option<Bytes>) -> Sent {
        let mut outcome = Err(ProblemCode::ScopeMissing.into());
        for grant in &self.grants {
            outcome = self.pass_with(permit, grant, query, body.clone()).await;
            if !makes_room(&outcome) {
                break;
            }
        }
        outcome
    }

    /// Calls with one grant, whose token's scopes must allow it.
    async fn pass_with(&self, permit: PermitFor<'_>, grant: &GrantRow, query: &[(&str, &str)], body: Option<Bytes>) -> Sent {
        let Accesses { grants, provider, .. } = &self.of;
        let mut refused: Option<Lease> = None;
        loop {
            let lease = grants.lease(grant, refused.as_ref()).await?;
            let permit = permit(lease.scopes())?;
            match provider.call_raw(&permit, lease.backend(), lease.token(), query, body.clone()).await? {
                RawVerdict::Answer { status, body, retry_after_s } => {
                    grants.was_taken(&lease);
                    return Ok((Passed { status: status.as_u16(), body }, retry_after_s));
                }
                RawVerdict::Unauthorized(body) => {
                    let is_fresh = refused.is_some();
                    if is_fresh {
                        grants.was_refused_fresh(&lease);
                    }
                    let says_nothing = is_fresh || grants.are_all_refused(&lease);
                    // Each try sends the PIN, which may be what is refused: never one more than what an old token costs.
                    if permit.endpoint().effect == Effect::Spends && (says_nothing || grants.was_taken_lately(&lease)) {
                        let body = body.unwrap_or_else(|| b"{}".to_vec().into());
                        return Ok((Passed { status: REFUSED, body }, None));
                    }
                    if says_nothing {
                        return Err(ProblemCode::AccessRevoked.into());
                    }
                    // Expired, stale or revoked: one refresh tells which. Monei has carried out nothing.
                    refused = Some(lease);
                }
                RawVerdict::Failed(problem) => return Err(problem),
            }
        }
    }
}

/// Whether the next grant may be tried: this one is gone, or has lost the scope. Monei has carried out nothing then.
fn makes_room(outcome: &Sent) -> bool {
    match outcome {
        Ok((passed, _)) => meaning(passed, None).is_some_and(|problem| problem.code == ProblemCode::ScopeMissing),
        Err(problem) => problem.code.is_of_one_record() || problem.code == ProblemCode::AccessRevoked,
    }
}

/// What an answer says of the connection; `None` where it works.
pub(super) fn meaning(passed: &Passed, retry_after_s: Option<u64>) -> Option<Problem> {
    match passed.status {
        // 404: there is no such thing, which is an answer.
        200..300 | 404 => None,
        403 => {
            let message = ErrorBody::parse(&passed.body).message.map(|message| message.to_ascii_lowercase());
            let scope = message.is_some_and(|message| message.contains("scope"));
            Some(if scope { ProblemCode::ScopeMissing } else { ProblemCode::LimitReached }.into())
        }
        429 => Some(retry_after_s.map_or_else(|| ProblemCode::Busy.into(), Problem::busy)),
        500.. => Some(ProblemCode::ProviderUnavailable.into()),
        _ => Some(ProblemCode::InvalidInput.into()),
    }
}

/// Whether the person confirms the call before it is sent: whatever spends, and a deposit that charges a card, or may.
fn needs_confirmation(endpoint: &Endpoint, call: &PassThrough<'_>) -> bool {
    match endpoint.effect {
        Effect::Reads => false,
        Effect::Spends => true,
        Effect::Receives => endpoint.path == DEPOSIT && !is_deposit_without_card(call),
    }
}

/// `POST /wallet/deposit?method=BANK_TRANSFER|USSD|CARD` (Monei: deposit).
const DEPOSIT: &str = "/wallet/deposit";

/// Certain to charge no card: exactly one method, one of those that charge none, and no card in the body.
fn is_deposit_without_card(call: &PassThrough<'_>) -> bool {
    let mut methods = call.query.iter().filter(|(name, _)| name.to_ascii_lowercase().contains("method"));
    let method = methods.next().filter(|(name, value)| *name == "method" && matches!(*value, "BANK_TRANSFER" | "USSD"));
    let body = call.body.as_ref().map(|body| serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body));
    let plain = match body {
        None => true,
        Some(Ok(fields)) => !fields.keys().any(|name| name.to_ascii_lowercase().contains("card")),
        Some(Err(_)) => false,
    };
    method.is_some() && methods.next().is_none() && plain
}
