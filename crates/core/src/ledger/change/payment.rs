//! Payments: written down before anything is sent, and what became of each.

use monei::payment::Meaning;
use monei::{Payment, Permission};

use super::Change;
use crate::ledger::error::IndexError;
use crate::ledger::event::{Event, StoredOutcome};
use crate::ledger::rows::{AccountRow, PaymentRow};
use crate::ledger::tables::{Tables, payment_endpoint};
use crate::model::payment::{Begun, PaymentOutcome};
use crate::model::problem::ProblemCode;
use crate::model::{AccountId, AppId};

/// The person confirmed a payment, and it is about to be sent.
pub struct PaymentBegun {
    /// A fresh id.
    pub id: String,
    /// For whom.
    pub app: AppId,
    /// From which account.
    pub account: AccountId,
    /// Under which permission.
    pub permission: &'static Permission,
    /// What is paid.
    pub payment: Payment,
}

impl Change for PaymentBegun {
    /// [`ProblemCode::NoSuchApp`], [`ProblemCode::PermissionNotGiven`] or [`ProblemCode::PermissionSetAside`] where the app may not pay any
    /// more.
    type Outcome = Result<Begun, ProblemCode>;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<Self::Outcome, IndexError> {
        let Self { id, app, account, permission, payment } = self;
        let Some(row) = tables.app(&app)?.filter(|row| row.is_allowed(now) && row.account == account) else {
            return Ok(Err(ProblemCode::NoSuchApp));
        };
        if !row.scopes.contains(&permission.scope) {
            return Ok(Err(ProblemCode::PermissionNotGiven));
        }
        if tables.is_aside(&account, &permission.scope)? {
            return Ok(Err(ProblemCode::PermissionSetAside));
        }
        tables.add_payment(&PaymentRow {
            id: id.clone(),
            app,
            account,
            endpoint: payment_endpoint(&payment),
            amount: payment.value(Meaning::Amount),
            currency: payment.currency(),
            receiver: payment.to(),
            reference: payment.value(Meaning::Reference),
            began_at: now,
        })?;
        Ok(Ok(Begun::new(id, payment)))
    }
}

/// What became of it.
pub struct PaymentEnded {
    /// Which payment.
    pub id: String,
    /// What.
    pub outcome: PaymentOutcome,
}

impl Change for PaymentEnded {
    /// False: it isn't under way.
    type Outcome = bool;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<bool, IndexError> {
        let Some(row) = tables.open_payments()?.into_iter().find(|row| row.id == self.id) else { return Ok(false) };
        end(tables, row, self.outcome.into(), now)?;
        Ok(true)
    }
}

/// Payments that another run began and whose outcome nobody learnt. To be applied by whoever alone sends payments, before it sends one.
pub struct OpenPaymentsClosed;

impl Change for OpenPaymentsClosed {
    /// How many there were.
    type Outcome = usize;

    fn apply(self, tables: &Tables<'_>, now: i64) -> Result<usize, IndexError> {
        let open = tables.open_payments()?;
        let count = open.len();
        open.into_iter().try_for_each(|row| end(tables, row, StoredOutcome::Unknown, now))?;
        Ok(count)
    }
}

fn end(tables: &Tables<'_>, row: PaymentRow, outcome: StoredOutcome, now: i64) -> Result<(), IndexError> {
    tables.end_payment(&row.id, outcome, now)?;
    let app = tables.app(&row.app)?.map(|app| app.name).unwrap_or_default();
    let account = tables.account(&row.account)?.as_ref().and_then(AccountRow::display_name);
    let event = Event::Payment { app, amount: row.amount, currency: row.currency, to: row.receiver, reference: row.reference, outcome };
    tables.log(now, Some(&row.account), account.as_deref(), &event)
}
