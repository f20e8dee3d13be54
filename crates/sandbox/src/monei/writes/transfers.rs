//! `/wallet/payout/transfer` and `/wallet/payout/bank-transfer`: both want the person's PIN.

use serde_json::json;

use super::dto::Dto;
use super::dto::is_digits;
use super::order::{Done, Order, Sort};
use crate::model::clock::iso;
use crate::model::ledger::Moved;
use crate::model::people::PEOPLE;
use crate::monei::data::banks::BANKS;
use crate::web::nest::NestError;

fn pin(body: &mut Dto) -> String {
    body.matching("transactionPin", |pin| is_digits(pin, 4..=6), "a number string of 4 to 6 digits")
}

/// A Nigerian phone number as the people's are kept: `0…` and `234…` are `+234…`.
fn international(text: &str) -> String {
    let digits: String = text.chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    match (digits.strip_prefix('0'), digits.strip_prefix("234")) {
        (Some(rest), _) | (None, Some(rest)) => format!("+234{rest}"),
        (None, None) => digits,
    }
}

/// `POST /wallet/payout/transfer`: free and instant, to another of the made-up people.
pub(super) fn transfer(mut order: Order<'_>) -> Done {
    let body = &mut order.body;
    let receiver = body.text("receiver", 128);
    let kobo = body.kobo("amount");
    let pin = pin(body);
    if body.optional_text("currency", 8).is_some_and(|currency| currency != "NGN") {
        body.complain("currency must be one of the following values: NGN");
    }
    order.checked()?;
    order.pin(&pin)?;
    let phone = international(&receiver);
    let to = PEOPLE.iter().find(|person| person.email.eq_ignore_ascii_case(&receiver) || person.phone == phone);
    let to = match to {
        Some(to) if to.id == order.person.id => return Err(NestError::bad_request("You cannot transfer to yourself")),
        Some(to) => to,
        None => return Err(NestError::not_found("Recipient not found")),
    };
    order.pay(kobo)?;
    order.ledger.add_kobo(to, kobo);
    let reference = order.reference(None, "P2P")?;
    let sent = order.debit(kobo, "PEER-TRANSFER", "FIAT_P2P", Some(format!("To {}", to.name())), &reference);
    let narration = Some(format!("From {}", order.person.name()));
    let received = Moved { person: to.id, kind: "CREDIT", narration, spent: 0, ..sent.clone() };
    order.ledger.record(sent);
    order.ledger.record(received);
    let data = json!({"reference": reference, "status": "SUCCESS", "amount": order.naira(kobo), "currency": "NGN", "receiver": receiver,
                      "createdAt": iso(order.now)});
    Ok(Sort::Written.with("Transfer successful", data))
}

/// `POST /wallet/payout/bank-transfer`
pub(super) fn bank_transfer(mut order: Order<'_>) -> Done {
    let body = &mut order.body;
    let kobo = body.kobo("amount");
    let bank = body.text("bank", 16);
    let account = body.matching("accountNumber", |text| is_digits(text, 10..=10), "a number string of 10 digits");
    let pin = pin(body);
    let reference = body.optional_text("reference", 64);
    let narration = body.optional_text("narration", 100);
    body.ignore(&["meta", "currency"]);
    order.checked()?;
    if order.person.blocked {
        return Err(NestError::forbidden("Withdrawals are not allowed at your KYC tier"));
    }
    order.pin(&pin)?;
    if !BANKS.iter().any(|known| known.code == bank) {
        return Err(NestError::bad_request("Invalid bank code"));
    }
    let reference = order.reference(reference, "PO")?;
    order.pay(kobo)?;
    let narration = narration.or_else(|| Some(format!("To account {account}")));
    let sent = order.debit(kobo, "DEBIT", "FIAT_WITHDRAWAL", narration, &reference);
    order.ledger.record(sent);
    Ok(Sort::Written.with("Payout successful", json!({"reference": reference, "status": "SUCCESS", "amount": order.naira(kobo)})))
}
