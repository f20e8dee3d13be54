//! `/wallet/deposit` and `/wallet/deposit/payment-link`. Nothing arrives by itself: the control page or the link's own page pays.

use serde_json::{Map, Value, json};

use super::order::{Done, Order, Sort};
use crate::model::ledger::Deposit;
use crate::monei::data::wallet::payment;
use crate::web::nest::NestError;

/// Least deposit: 100 naira. Inferred.
const LEAST: i64 = 10_000;

/// `POST /wallet/deposit?method=`
pub(super) fn start(mut order: Order<'_>) -> Done {
    let method = match order.query.get("method") {
        Some("BANK_TRANSFER") => "BANK_TRANSFER",
        Some("USSD") => "USSD",
        Some("CARD") => "CARD",
        _ => return Err(NestError::invalid(vec!["method must be one of the following values: BANK_TRANSFER, USSD, CARD".into()])),
    };
    let body = &mut order.body;
    let kobo = body.kobo("amount");
    let reference = body.optional_text("reference", 64);
    let narration = body.optional_text("narration", 100);
    currency(&mut order);
    let body = &mut order.body;
    let (card, ussd) = (body.object("card"), body.object("ussd"));
    if method == "CARD" {
        for field in ["cardNumber", "cvv", "expiryMonth", "expiryYear", "cardHolderName"] {
            if !card.as_ref().is_some_and(|card| has_text(card, field)) {
                body.complain(format!("card.{field} should not be empty"));
            }
        }
    }
    if method == "USSD" && !ussd.as_ref().is_some_and(|ussd| has_text(ussd, "bankCode")) {
        body.complain("ussd.bankCode should not be empty");
    }
    let (own, now) = (order.own.clone(), order.now);
    let deposit = keep(order, kobo, reference, method, narration)?;
    Ok(Sort::Written.with("Deposit initiated successfully", payment(deposit.0, &deposit.1, &deposit.2, &own, now)))
}

/// `POST /wallet/deposit/payment-link`
pub(super) fn link(mut order: Order<'_>) -> Done {
    let body = &mut order.body;
    let kobo = body.kobo("amount");
    let reference = body.optional_text("reference", 64);
    let narration = body.optional_text("narration", 100);
    let reference = reference.filter(|text| !text.is_empty());
    body.optional_text("redirectUrl", 512);
    body.ignore(&["customization"]);
    // The clients send it with these fields, with `phone`, empty, or not at all.
    body.object("customer");
    currency(&mut order);
    let own = order.own.clone();
    let (_, deposit, _) = keep(order, kobo, reference, "LINK", narration)?;
    Ok(Sort::Written.with("Payment link created successfully", json!({"link": format!("{own}/pay/{}", deposit.reference)})))
}

fn has_text(object: &Map<String, Value>, field: &str) -> bool {
    object.get(field).and_then(Value::as_str).is_some_and(|text| !text.is_empty())
}

fn currency(order: &mut Order<'_>) {
    if order.body.optional_text("currency", 8).is_some_and(|currency| !currency.is_empty() && currency != "NGN") {
        order.body.complain("currency must be one of the following values: NGN");
    }
}

type Kept = (&'static crate::model::people::Person, Deposit, crate::model::switches::Switches);

fn keep(
    mut order: Order<'_>,
    kobo: i64,
    reference: Option<String>,
    method: &'static str,
    narration: Option<String>,
) -> Result<Kept, NestError> {
    if kobo > 0 && kobo < LEAST {
        order.body.complain("amount must not be less than 100");
    }
    // The reference becomes part of an address.
    if reference.as_ref().is_some_and(|text| text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'))
    {
        order.body.complain("reference must match /^[A-Za-z0-9_-]+$/ regular expression");
    }
    order.checked()?;
    let reference = order.reference(reference, "DEP")?;
    let deposit = Deposit { person: order.person.id, at: order.now, kobo, reference, method, narration, paid: false };
    order.ledger.await_deposit(deposit.clone());
    Ok((order.person, deposit, order.switches.clone()))
}
