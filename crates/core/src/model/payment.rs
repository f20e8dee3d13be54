//! A payment that the person confirmed.

use monei::Payment;
use serde::{Deserialize, Serialize};

/// A payment that stands in the ledger as begun: it may be sent, this once. Only the ledger makes one.
#[derive(Debug)]
pub struct Begun {
    id: String,
    payment: Payment,
}

/// What became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

impl PaymentOutcome {
    /// Its word in the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
        }
    }

    /// The word of a payment with it in the history.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Done => "payment_done",
            Self::Refused => "payment_refused",
            Self::NotSent => "payment_not_sent",
            Self::Unknown => "payment_unknown",
        }
    }
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
