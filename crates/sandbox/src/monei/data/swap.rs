//! What a swap of one coin for another gives, at prices that never move.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::model::coins::Coin;
use crate::web::nest::NestError;

/// What remains of a swap after its fee: 99.7 %.
const KEPT: Decimal = Decimal::from_parts(997, 0, 0, false, 3);
/// The least that a swap gives: half a percent below what was quoted.
const LEAST: Decimal = Decimal::from_parts(995, 0, 0, false, 3);
/// Decimal places of rates.
const PLACES: u32 = 12;

/// One swap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Swap {
    pub(crate) from: Coin,
    pub(crate) to: Coin,
    pub(crate) paid: Decimal,
    pub(crate) got: Decimal,
}

impl Swap {
    /// What `paid` of `from` gives.
    ///
    /// # Errors
    /// 400 for a coin with itself, and for amounts that can't be reckoned with.
    pub(crate) fn of(from: Coin, to: Coin, paid: Decimal) -> Result<Swap, NestError> {
        if from == to {
            return Err(NestError::bad_request("A token cannot be swapped for itself"));
        }
        let got = paid
            .checked_mul(from.price() * KEPT)
            .and_then(|dollars| dollars.checked_div(to.price()))
            .ok_or_else(|| NestError::bad_request("The amount is too large"))?;
        // Twelve places suffice for any coin here, and keep the answer readable.
        Ok(Swap { from, to, paid, got: got.round_dp_with_strategy(to.decimals().min(PLACES), RoundingStrategy::ToZero).normalize() })
    }

    /// The least that it gives, with half a percent of slippage.
    pub(crate) fn least(&self) -> Decimal {
        (self.got * LEAST).round_dp_with_strategy(self.to.decimals().min(PLACES), RoundingStrategy::ToZero)
    }

    /// How much of `to` one of `from` gives.
    pub(crate) fn rate(&self) -> Decimal {
        self.from.price().checked_div(self.to.price()).unwrap_or_default().round_dp(PLACES)
    }

    /// How much of `from` one of `to` is.
    pub(crate) fn reverse_rate(&self) -> Decimal {
        self.to.price().checked_div(self.from.price()).unwrap_or_default().round_dp(PLACES)
    }

    /// What is kept of `from`.
    pub(crate) fn fee(&self) -> Decimal {
        (self.paid * (Decimal::ONE - KEPT)).round_dp(PLACES)
    }
}
