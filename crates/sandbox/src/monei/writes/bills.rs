//! `/bills/validation/customer` and `/bills/pay/…`. No PIN: the consent alone authorises these.

use serde_json::json;

use super::dto::is_digits;
use super::order::{Done, Order, Sort};
use crate::model::ledger::Bill;
use crate::monei::data::billers::{self, ITEMS, Item};
use crate::monei::data::bills::receipt;
use crate::web::nest::NestError;

/// Least airtime or electricity: 50 naira. Inferred.
const LEAST: i64 = 5_000;
/// Most airtime: 50,000 naira (Monei: airtime).
const MOST_AIRTIME: i64 = 5_000_000;

/// `POST /bills/validation/customer`: what it answers is inferred.
pub(super) fn validate(mut order: Order<'_>) -> Done {
    let body = &mut order.body;
    // The Node SDK may leave the item out, the Python package 0.1.3 the biller.
    let (biller, item) = (body.optional_text("billerCode", 32), body.optional_text("itemCode", 32));
    if biller.is_none() && item.is_none() {
        body.complain("billerCode should not be empty");
    }
    let customer = body.text("customer", 32);
    order.checked()?;
    let fits = |wanted: &Option<String>, code: &str| wanted.as_ref().is_none_or(|wanted| wanted == code);
    let known = ITEMS.iter().find(|known| fits(&biller, known.biller_code) && fits(&item, known.item_code));
    let known = known.ok_or_else(|| NestError::bad_request("Invalid biller or item code"))?;
    if !is_digits(&customer, 8..=13) {
        return Err(NestError::bad_request("Customer could not be validated"));
    }
    let data = json!({"biller_code": known.biller_code, "item_code": known.item_code, "customer": customer, "name": "SANDBOX CUSTOMER",
                      "response_code": "00", "response_message": "Successful"});
    Ok(Sort::Looked.with("Customer validated successfully", data))
}

/// `POST /bills/pay/airtime`
pub(super) fn airtime(mut order: Order<'_>) -> Done {
    let phone = phone(&mut order);
    let biller = order.body.text("biller", 64);
    let kobo = order.body.kobo("amount");
    pay(order, billers::find("AIRTIME", &biller, None), phone, Some(kobo))
}

/// `POST /bills/pay/data`
pub(super) fn data(mut order: Order<'_>) -> Done {
    let phone = phone(&mut order);
    let (biller, item) = (order.body.text("biller", 64), order.body.text("itemCode", 32));
    pay(order, billers::find("MOBILEDATA", &biller, Some(&item)), phone, None)
}

/// `POST /bills/pay/electricity`
pub(super) fn electricity(mut order: Order<'_>) -> Done {
    let meter = order.body.matching("meterNumber", |text| is_digits(text, 10..=13), "a number string of 10 to 13 digits");
    let disco = order.body.text("disco", 64);
    let kobo = order.body.kobo("amount");
    pay(order, billers::find("UTILITYBILLS", &disco, None), meter, Some(kobo))
}

/// `POST /bills/pay/cable-tv`
pub(super) fn cable_tv(mut order: Order<'_>) -> Done {
    let card = order.body.matching("smartcardNumber", |text| is_digits(text, 10..=12), "a number string of 10 to 12 digits");
    let (biller, item) = (order.body.text("biller", 64), order.body.text("itemCode", 32));
    pay(order, billers::find("CABLEBILLS", &biller, Some(&item)), card, None)
}

fn phone(order: &mut Order<'_>) -> String {
    let fits = |text: &str| is_digits(text.strip_prefix('+').unwrap_or(text), 11..=13);
    order.body.matching("phoneNumber", fits, "a valid phone number")
}

fn pay(mut order: Order<'_>, item: Option<Item>, customer: String, chosen: Option<i64>) -> Done {
    order.body.ignore(&["scheduleData", "isSchedule", "saveBeneficiary", "beneficiaryName"]);
    if chosen.is_some_and(|kobo| kobo > 0 && kobo < LEAST) {
        order.body.complain("amount must not be less than 50");
    }
    let airtime = item.is_some_and(|item| item.category == "AIRTIME");
    if airtime && chosen.is_some_and(|kobo| kobo > MOST_AIRTIME) {
        order.body.complain("amount must not be greater than 50000");
    }
    order.checked()?;
    let item = item.ok_or_else(|| NestError::bad_request("Invalid biller or item code"))?;
    let kobo = chosen.unwrap_or(item.kobo);
    order.pay(kobo)?;
    let reference = format!("bill{}-{}", order.now, order.ledger.number());
    let power = item.category == "UTILITYBILLS";
    let bill = Bill {
        person: order.person.id,
        at: order.now,
        kind: item.category,
        biller: item.biller,
        biller_code: item.biller_code,
        item: item.item_code.to_owned(),
        customer,
        kobo,
        reference: reference.clone(),
        token: power.then(|| grouped_digits(&order.ledger.random_hex())),
        // A made-up tariff: 240 naira for a unit.
        units: power.then(|| format!("{}.{}", kobo / 24_000, kobo % 24_000 / 2_400)),
    };
    let sent = order.debit(kobo, "DEBIT", "FIAT_TRANSFER", Some(item.name.to_owned()), &reference);
    order.ledger.record(sent);
    let shown = receipt(order.person, &bill, order.switches);
    order.ledger.keep_bill(bill);
    Ok(Sort::Written.with("Bill payment successful", shown))
}

/// Twenty digits in groups of four, as on a prepaid meter's receipt.
fn grouped_digits(hex: &str) -> String {
    let digits: Vec<char> = hex.bytes().take(20).map(|byte| char::from(b'0' + byte % 10)).collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}
