//! `/offramp/exchange/…`: what can be sold and for how much. Rates are made up; a quote lasts 30 seconds.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::model::clock::{SECOND, iso};
use crate::model::coins::{CHAINS, NAIRA_A_DOLLAR, TOKENS};
use crate::model::switches::QuoteShape;
use crate::monei::call::{Answer, Call};
use crate::monei::data::{Usually, amount};
use crate::web::nest::NestError;

/// What can be sold.
pub(crate) const ASSETS: [&str; 3] = ["USDT", "USDC", "CNGN"];
/// What it can be paid out in (Monei: offramp-exchange/initiate); the first where nothing is said.
pub(crate) const FIATS: [&str; 4] = ["NGN", "GHS", "KES", "USD"];
/// What Monei takes of a sale, in hundredths of a percent.
const FEE_BASIS_POINTS: i64 = 50;

/// The networks by the names that the offramp has for them.
pub(crate) fn networks() -> Vec<&'static str> {
    CHAINS.iter().filter(|chain| chain.sells()).map(|chain| chain.slug).chain(["starknet"]).collect()
}

/// What a sale comes to. What is paid out and the fee add up to the amount at the rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Payout {
    /// Whole units of the currency, as are paid out.
    pub(crate) paid: Decimal,
    /// What Monei keeps, in the currency.
    pub(crate) fee: Decimal,
    /// Units of the currency for one of the asset.
    pub(crate) rate: Decimal,
}

impl Payout {
    /// For an amount of an asset.
    pub(crate) fn of(asset: &str, fiat: &str, crypto: Decimal) -> Payout {
        // For a dollar.
        let a_dollar = match fiat {
            "GHS" => Decimal::new(155, 1),
            "KES" => Decimal::from(129),
            "USD" => Decimal::ONE,
            _ => Decimal::from(NAIRA_A_DOLLAR),
        };
        // CNGN is naira itself.
        let rate =
            if asset == "CNGN" { a_dollar.checked_div(Decimal::from(NAIRA_A_DOLLAR)).unwrap_or_default().round_dp(6) } else { a_dollar };
        let whole = crypto.checked_mul(rate).unwrap_or(Decimal::MAX).round_dp_with_strategy(2, RoundingStrategy::ToZero);
        let kept = Decimal::new(10_000 - FEE_BASIS_POINTS, 4);
        let paid = whole.checked_mul(kept).unwrap_or(whole).round_dp_with_strategy(0, RoundingStrategy::ToZero);
        Payout { paid, fee: whole - paid, rate }
    }
}

/// `GET /offramp/exchange/assets`
pub(crate) fn assets(_: &Call<'_>) -> Result<Answer, NestError> {
    let assets = ASSETS.iter().map(|asset| {
        let token = TOKENS.into_iter().find(|token| token.symbol == *asset);
        let networks: Vec<Value> = CHAINS
            .iter()
            .filter(|chain| chain.sells())
            .map(|chain| {
                json!({"network": chain.slug, "contractAddress": token.and_then(|token| chain.contract(token)).unwrap_or(UNKNOWN),
                       "decimals": token.map_or(6, |token| chain.coin(token).decimals()), "baseCurrency": asset})
            })
            .collect();
        json!({"symbol": asset, "name": token.map_or("Compliant Naira", |token| token.name), "asset": asset, "networks": networks,
               "minAmount": 1, "maxAmount": 100_000, "fiatCurrencies": FIATS})
    });
    Ok(Answer::Usual("Assets retrieved successfully", json!(assets.collect::<Vec<_>>())))
}

/// Where a contract isn't known.
const UNKNOWN: &str = "0x0000000000000000000000000000000000000000";

/// `GET /offramp/exchange/quote?token=&network=&amount=&fiat=`
pub(crate) fn quote(call: &Call<'_>) -> Result<Answer, NestError> {
    let mut wrong = Vec::new();
    let token = call.query.get("token").unwrap_or_default().to_uppercase();
    let network = call.query.get("network").unwrap_or_default();
    if !ASSETS.contains(&token.as_str()) {
        wrong.push(format!("token must be one of the following values: {}", ASSETS.join(", ")));
    }
    if !networks().contains(&network) {
        wrong.push(format!("network must be one of the following values: {}", networks().join(", ")));
    }
    // The Node SDK writes `undefined` where none was chosen.
    let fiat = call.query.get("fiat").filter(|fiat| *fiat != "undefined").unwrap_or(FIATS[0]);
    if !FIATS.contains(&fiat) {
        wrong.push(format!("fiat must be one of the following values: {}", FIATS.join(", ")));
    }
    let crypto = call.query.get("amount").and_then(|text| text.parse::<Decimal>().ok()).filter(|crypto| *crypto > Decimal::ZERO);
    let Some(crypto) = crypto.filter(|_| wrong.is_empty()) else {
        if crypto.is_none() {
            wrong.push("amount must be a positive number".to_owned());
        }
        return Err(NestError::invalid(wrong));
    };
    let payout = Payout::of(&token, fiat, crypto);
    let number = |value: Decimal| amount(&value.normalize().to_string(), Usually::Number, call.switches);
    let data = match call.switches.quote_shape {
        QuoteShape::Text => json!(payout.paid.normalize().to_string()),
        QuoteShape::Number => number(payout.paid),
        QuoteShape::Object => {
            json!({"token": token, "network": network, "amount": number(crypto), "fiat": fiat, "rate": number(payout.rate),
                   "fiatAmount": number(payout.paid), "fee": number(payout.fee), "expiresAt": iso(call.now + 30 * SECOND)})
        }
    };
    Ok(Answer::Usual("Quote retrieved successfully", data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_paid_out_and_the_fee_add_up_to_the_amount_at_the_rate() {
        for (asset, fiat, crypto) in
            [("USDT", "NGN", "10"), ("USDC", "GHS", "3.37"), ("CNGN", "NGN", "1000"), ("CNGN", "USD", "100000"), ("USDT", "KES", "0.5")]
        {
            let crypto: Decimal = crypto.parse().unwrap();
            let payout = Payout::of(asset, fiat, crypto);
            assert_eq!(
                payout.paid + payout.fee,
                (crypto * payout.rate).round_dp_with_strategy(2, RoundingStrategy::ToZero),
                "{asset} {fiat}"
            );
            assert!(payout.paid.fract().is_zero() && payout.fee > Decimal::ZERO);
        }
    }
}
