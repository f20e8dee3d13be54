//! A payment that the person confirmed for an app: written down as begun, sent at most once, and what became of it. Where nobody can tell
//! whether Monei carried it out, it counts as sent.

use bytes::Bytes;
use monei::payment::Answered;
use monei::permission::{self, Endpoint, Method};
use monei::{Payment, Permission};
use secrecy::SecretString;

use super::pass_through::{Sent, meaning};
use super::{Access, Accesses, Passed};
use crate::ledger::{OpenPaymentsClosed, PaymentBegun, PaymentEnded};
use crate::model::payment::{Begun, PaymentOutcome};
use crate::model::problem::{Problem, ProblemCode};
use crate::model::proof::random_text;
use crate::model::{AccountId, AppId, Caller, Denied, Permit};

impl Accesses {
    /// Whether the person may be asked to confirm a call to `path` that moves money. A refusal is recorded; nothing is sent.
    ///
    /// # Errors
    /// As [`Accesses::access`].
    pub async fn may_pay(&self, app: &AppId, account: &AccountId, path: &str) -> Result<(), Problem> {
        let (permission, endpoint) = permission::find(Method::Post, path).ok_or(Denied::NotListed)?;
        let caller = Caller::App(app.clone());
        match self.access(&caller, account, permission).await {
            Ok(_) => Ok(()),
            Err(problem) => {
                self.record_use(&caller, account, permission, endpoint, Some(problem.code)).await;
                Err(problem)
            }
        }
    }

    /// Counts a payment that was asked for and not sent: the person said no, or hasn't answered.
    pub async fn record_unpaid(&self, app: &AppId, account: &AccountId, payment: &Payment, code: ProblemCode) {
        if let Ok((permission, endpoint)) = of(payment) {
            self.record_use(&Caller::App(app.clone()), account, permission, endpoint, Some(code)).await;
        }
    }

    /// Sends a payment that the person has confirmed, once. The call isn't to be given up half-way: run it as a task of its own.
    ///
    /// # Errors
    /// [`ProblemCode::OutcomeUnknown`] where Monei may have carried it out. With every other one nothing was sent, or Monei refused an old
    /// token and gave no new one. Where it refuses a good one, that is its answer, with the status 400.
    pub async fn pay(&self, app: &AppId, account: &AccountId, payment: Payment, pin: Option<SecretString>) -> Result<Passed, Problem> {
        let _under_way = self.work.enter()?;
        let (permission, endpoint) = of(&payment)?;
        let caller = Caller::App(app.clone());
        let sent = self.pay_once(app, account, permission, payment, pin).await;
        let told = match &sent {
            Ok((passed, retry_after_s)) => meaning(passed, *retry_after_s).map_or(Ok(()), Err),
            Err(problem) => Err(problem.clone()),
        };
        self.provider.record_retry_after(account, &told);
        self.record_use(&caller, account, permission, endpoint, told.as_ref().err().map(|problem| problem.code)).await;
        self.show_change(account, told.as_ref().map(drop)).await;
        sent.map(|(passed, _)| passed)
    }

    /// Payments of an earlier run whose outcome nobody learnt become known as such. For whoever alone sends payments, before it sends one.
    ///
    /// # Errors
    /// [`ProblemCode::IndexUnavailable`].
    pub async fn close_open_payments(&self) -> Result<usize, Problem> {
        self.ledger.apply(OpenPaymentsClosed).await
    }

    async fn pay_once(
        &self,
        app: &AppId,
        account: &AccountId,
        permission: &'static Permission,
        payment: Payment,
        pin: Option<SecretString>,
    ) -> Sent {
        let access = self.access(&Caller::App(app.clone()), account, permission).await?;
        // Durable before the first byte goes out.
        let change = PaymentBegun { id: random_text::<16>(), app: app.clone(), account: account.clone(), permission, payment };
        let begun = self.ledger.apply(change).await??;
        let (sent, outcome) = judge(access.send_payment(app, &begun, pin).await);
        let ended = PaymentEnded { id: begun.id().to_owned(), outcome };
        if let Err(problem) = self.ledger.apply(ended).await {
            // It stays open in the ledger, and becomes unknown with the next start.
            tracing::warn!(code = ?problem.code, "what became of a payment could not be written down");
        }
        sent
    }
}

impl Access {
    async fn send_payment(&self, app: &AppId, begun: &Begun, pin: Option<SecretString>) -> Sent {
        let body = Bytes::from_owner(begun.payment().body(pin.as_ref()));
        drop(pin);
        self.pass(&|scopes| Permit::for_payment(app, scopes, begun), &[], Some(body)).await
    }
}

fn of(payment: &Payment) -> Result<(&'static Permission, &'static Endpoint), Denied> {
    permission::find(Method::Post, payment.form().path).ok_or(Denied::NotListed)
}

/// What an answer means for the money. A fault of Monei's, and an answer that can't be read, may hide that it was carried out.
fn judge(sent: Sent) -> (Sent, PaymentOutcome) {
    match sent {
        Ok((passed, _)) if passed.status == 408 || passed.status >= 500 => {
            (Err(ProblemCode::OutcomeUnknown.into()), PaymentOutcome::Unknown)
        }
        Ok(answer) if (200..300).contains(&answer.0.status) => match Answered::read(&answer.0.body) {
            Answered::CarriedOut => (Ok(answer), PaymentOutcome::Done),
            Answered::Refused => (Ok(answer), PaymentOutcome::Refused),
            Answered::Unclear => (Err(ProblemCode::OutcomeUnknown.into()), PaymentOutcome::Unknown),
        },
        Ok(answer) => (Ok(answer), PaymentOutcome::Refused),
        Err(problem) if matches!(problem.code, ProblemCode::OutcomeUnknown | ProblemCode::AnswerUnreadable) => {
            (Err(ProblemCode::OutcomeUnknown.into()), PaymentOutcome::Unknown)
        }
        Err(problem) => (Err(problem), PaymentOutcome::NotSent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_status_alone_does_not_make_a_payment_done() {
        let judged = |status, body: &str| judge(Ok((Passed { status, body: body.as_bytes().to_vec().into() }, None))).1;
        assert_eq!(judged(201, r#"{"statusCode":201,"data":{"status":"SUCCESS"},"errors":{}}"#), PaymentOutcome::Done);
        assert_eq!(judged(200, r#"{"statusCode":400,"message":"Insufficient balance"}"#), PaymentOutcome::Refused);
        assert_eq!(judged(200, r#"{"statusCode":503,"message":"Try again later"}"#), PaymentOutcome::Unknown);
        assert_eq!(judged(400, r#"{"statusCode":400}"#), PaymentOutcome::Refused);
        assert_eq!(judged(502, "{}"), PaymentOutcome::Unknown);
    }
}
