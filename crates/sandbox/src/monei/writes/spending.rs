//! What stands before every payment: the PIN, the KYC limits, the balance.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::order::Order;
use crate::model::coins::Coin;
use crate::model::ledger::Moved;
use crate::model::people::PIN;
use crate::monei::data::profile::limits_of;
use crate::monei::data::{Usually, amount, naira};
use crate::web::nest::NestError;

impl Order<'_> {
    /// Checks the PIN that Monei wants for transfers and bank payouts. What a wrong one answers is inferred.
    pub(super) fn pin(&self, given: &str) -> Result<(), NestError> {
        if given == PIN { Ok(()) } else { Err(NestError::bad_request("Invalid transaction pin")) }
    }

    /// Checks an amount of naira against the KYC limits, then against the balance, and takes it away.
    pub(super) fn pay(&mut self, kobo: i64) -> Result<(), NestError> {
        let limits = limits_of(self.person);
        if kobo > limits.single {
            return Err(NestError::forbidden(format!(
                "KYC tier limit exceeded: a single transaction is limited to {} naira at tier_{}",
                naira(limits.single),
                self.person.tier
            )));
        }
        if self.ledger.spent_today(self.person, self.now).saturating_add(kobo) > limits.daily {
            return Err(NestError::forbidden(format!(
                "KYC tier limit exceeded: transactions of a day are limited to {} naira at tier_{}",
                naira(limits.daily),
                self.person.tier
            )));
        }
        let available = self.ledger.kobo(self.person);
        if kobo > available {
            return Err(NestError::insufficient(&self.naira(kobo), &self.naira(available), "NGN"));
        }
        self.ledger.add_kobo(self.person, -kobo);
        Ok(())
    }

    /// Takes an amount of a coin away.
    pub(super) fn take(&mut self, coin: Coin, wanted: Decimal) -> Result<(), NestError> {
        let available = self.ledger.coin(self.person, coin);
        if wanted > available {
            return Err(NestError::insufficient(&self.plain(wanted), &self.plain(available), coin.symbol));
        }
        self.ledger.add_coin(self.person, coin, -wanted);
        Ok(())
    }

    /// Refuses a reference that was used before, and makes one where none was chosen.
    pub(super) fn reference(&mut self, chosen: Option<String>, prefix: &str) -> Result<String, NestError> {
        match chosen {
            Some(reference) if self.ledger.knows(self.person, &reference) => Err(NestError::bad_request("Duplicate transaction reference")),
            Some(reference) => Ok(reference),
            None => Ok(format!("{prefix}-{}-{:04}", self.person.id.to_uppercase(), self.ledger.number())),
        }
    }

    /// A payment out of the naira wallet, as it shows in the transactions.
    pub(super) fn debit(&self, kobo: i64, kind: &'static str, nature: &'static str, narration: Option<String>, reference: &str) -> Moved {
        Moved {
            person: self.person.id,
            at: self.now,
            amount: Decimal::new(kobo, 2),
            currency: "NGN",
            kind,
            nature,
            status: "SUCCESS",
            narration,
            reference: reference.to_owned(),
            spent: kobo,
        }
    }

    /// A movement of a coin, as it shows in the transactions.
    pub(super) fn crypto(&mut self, coin: Coin, wanted: Decimal, kind: &'static str, nature: &'static str, narration: String) {
        let reference = format!("CRYPTO-{}-{:04}", self.person.id.to_uppercase(), self.ledger.number());
        self.ledger.record(Moved {
            person: self.person.id,
            at: self.now,
            amount: wanted.normalize(),
            currency: coin.symbol,
            kind,
            nature,
            status: "SUCCESS",
            narration: Some(narration),
            reference,
            spent: 0,
        });
    }

    /// Naira as an answer writes them.
    pub(super) fn naira(&self, kobo: i64) -> Value {
        amount(&naira(kobo), Usually::Number, self.switches)
    }

    /// An amount of a coin as an answer writes it where numbers are usual.
    pub(super) fn plain(&self, value: Decimal) -> Value {
        amount(&value.normalize().to_string(), Usually::Number, self.switches)
    }
}

/// What a chain would answer: `0x` and 64 hex digits.
pub(super) fn transaction_hash(order: &mut Order<'_>) -> Value {
    json!(format!("0x{}", order.ledger.random_hex()))
}
