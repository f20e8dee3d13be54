//! A payment that the person confirmed.

use monei::Payment;
use serde::Serialize;

/// A payment that stands in the ledger as begun: it may be sent, this once. Only the ledger makes one.
#[derive(Debug)]
pub struct Begun {
    id: String,
    payment: Payment,
}

/// What became of a payment. As text it is the word of a payment with it in an exported history, such as `payment_done`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", prefix = "payment_")]
pub enum PaymentOutcome {
    /// Monei carried it out.
    Done,
    /// Monei refused it.
    Refused,
    /// Nothing was sent to Monei.
    NotSent,
    /// It was sent, and nobody can tell whether Monei carried it out.
    Unknown,
}

impl Begun {
    /// For the ledger, once the payment is written down.
    pub(crate) fn new(id: String, payment: Payment) -> Self {
        Self { id, payment }
    }

    /// Its id in the ledger.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is paid.
    pub fn payment(&self) -> &Payment {
        &self.payment
    }
}
