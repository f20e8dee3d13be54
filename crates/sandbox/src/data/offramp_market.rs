//! `/offramp/exchange/…` and `/offramp/payouts/banks`: what can be sold, for how much, and paid out where. Inferred, but for the quote's
//! parameters and that it lasts 30 seconds.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

use crate::api::{Answer, Call};
use crate::clock::{SECOND, iso};
use crate::coins::{CHAINS, NAIRA_A_DOLLAR};
use crate::data::{Usually, amount};
use crate::nest::NestError;

/// What can be sold.
pub(crate) const ASSETS: [&str; 3] = ["USDT", "USDC", "CNGN"];
/// Bank codes of the offramp: another namespace than that of bank payouts.
pub(crate) const BANKS: [(&str, &str); 4] = [
    ("GTBINGLA", "Guaranty Trust Bank (made up)"),
    ("ABNGNGLA", "Access Bank (made up)"),
    ("UNAFNGLA", "United Bank for Africa (made up)"),
    ("ZEIBNGLA", "Zenith Bank (made up)"),
];
/// What Monei takes of a sale, in hundredths of a percent.
const FEE_BASIS_POINTS: i64 = 50;

/// The networks by the names that the offramp has for them.
pub(crate) fn networks() -> Vec<&'static str> {
    CHAINS.iter().map(|chain| chain.slug).chain(["starknet"]).collect()
}

/// Naira for an amount of an asset, after the fee.
pub(crate) fn naira_for(asset: &str, crypto: Decimal) -> Decimal {
    // CNGN is naira itself.
    let rate = if asset == "CNGN" { Decimal::ONE } else { Decimal::from(NAIRA_A_DOLLAR) };
    let kept = Decimal::new(10_000 - FEE_BASIS_POINTS, 4);
    crypto.checked_mul(rate * kept).unwrap_or(Decimal::MAX).round_dp_with_strategy(2, RoundingStrategy::ToZero)
}

/// `GET /offramp/exchange/assets`
pub(crate) fn assets(_: &Call<'_>) -> Result<Answer, NestError> {
    let assets: Vec<Value> = ASSETS.iter().map(|asset| json!({"asset": asset, "networks": networks()})).collect();
    Ok(Answer::Usual("Assets retrieved successfully", json!(assets)))
}

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
    if !matches!(call.query.get("fiat"), None | Some("NGN")) {
        wrong.push("fiat must be one of the following values: NGN".to_owned());
    }
    let crypto = call.query.get("amount").and_then(|text| text.parse::<Decimal>().ok()).filter(|crypto| *crypto > Decimal::ZERO);
    let Some(crypto) = crypto.filter(|_| wrong.is_empty()) else {
        if crypto.is_none() {
            wrong.push("amount must be a positive number".to_owned());
        }
        return Err(NestError::invalid(wrong));
    };
    let number = |value: Decimal| amount(&value.to_string(), Usually::Number, call.switches);
    Ok(Answer::Usual(
        "Quote retrieved successfully",
        json!({"token": token, "network": network, "amount": number(crypto), "fiat": "NGN", "rate": number(Decimal::from(NAIRA_A_DOLLAR)),
               "fiatAmount": number(naira_for(&token, crypto)), "expiresAt": iso(call.now + 30 * SECOND)}),
    ))
}

/// `GET /offramp/payouts/banks`
pub(crate) fn banks(_: &Call<'_>) -> Result<Answer, NestError> {
    let banks: Vec<Value> = BANKS.iter().map(|(code, name)| json!({"code": code, "name": name})).collect();
    Ok(Answer::Usual("Banks retrieved successfully", json!(banks)))
}
