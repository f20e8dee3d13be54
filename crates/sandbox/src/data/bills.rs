//! `/bills/records`.

use serde_json::{Value, json};

use crate::api::{Answer, Call};
use crate::clock::{DAY, iso};
use crate::data::paging::Page;
use crate::data::{Usually, amount, naira, profile};
use crate::ledger::Bill;
use crate::mint::stable_uuid;
use crate::nest::NestError;
use crate::people::Person;
use crate::switches::Switches;

/// Type, biller, biller code, item code, customer, amount, status.
const BILLS: [(&str, &str, &str, &str, &str, &str, &str); 4] = [
    ("AIRTIME", "glo", "BIL102", "AT133", "08000000101", "500.00", "SUCCESS"),
    ("UTILITYBILLS", "Ikeja Electric", "BIL113", "UB159", "45700000001", "15000.00", "SUCCESS"),
    ("CABLEBILLS", "DSTV", "BIL119", "CB141", "1000000001", "12500.00", "FAILED"),
    ("MOBILEDATA", "mtn", "BIL104", "MD104", "08000000102", "1500.50", "PENDING"),
];

/// `GET /bills/records`
pub(crate) fn records(call: &Call<'_>) -> Result<Answer, NestError> {
    let page = Page::read(&call.query)?;
    let same = |name: &str, value: &str| call.query.get(name).is_none_or(|wanted| wanted.eq_ignore_ascii_case(value));
    let paid = call.ledger.bills.iter().rev().filter(|bill| bill.person == call.person.id);
    let mut bills: Vec<Value> = paid
        .filter(|bill| {
            same("type", bill.kind) && same("billerCode", bill.biller_code) && same("customer", &bill.customer) && same("status", "SUCCESS")
        })
        .filter(|bill| call.query.get("billerName").is_none_or(|part| bill.biller.to_lowercase().contains(&part.to_lowercase())))
        .map(|bill| record(call.person, bill, call.switches))
        .collect();
    let earlier = BILLS
        .iter()
        .enumerate()
        .filter(|_| call.person.tier > 1)
        .filter(|(_, bill)| same("type", bill.0) && same("billerCode", bill.2) && same("customer", bill.4) && same("status", bill.6))
        .filter(|(_, bill)| call.query.get("billerName").is_none_or(|part| bill.1.to_lowercase().contains(&part.to_lowercase())))
        .zip(0_i64..)
        .map(|((position, (kind, biller, biller_code, item, customer, price, status)), step)| {
            let at = iso(call.now - call.now % DAY - (step + 2) * DAY);
            let power = *kind == "UTILITYBILLS";
            json!({
                "id": stable_uuid(&format!("bill {} {position}", call.person.id)), "createdAt": at, "updatedAt": at, "deletedDate": null,
                "userId": profile::id(call.person), "reference": format!("bill{position}-{}", profile::id(call.person)), "billerCode": biller_code,
                "itemCode": item, "customer": customer, "amount": amount(price, Usually::Text, call.switches), "type": kind, "status": status,
                "providerData": null, "txRef": format!("CF-FLYAPI-{position:04}"), "billerName": biller, "validityPeriod": null,
                "metadata": {"phoneNumber": customer}, "token": power.then_some("1234-5678-9012-3456"), "units": power.then_some("62.4"),
            })
        });
    bills.extend(earlier);
    let (bills, place) = page.cut(bills);
    let data = json!({"bills": bills, "page": page.page, "limit": page.limit, "total": place.total, "totalPages": place.pages,
                      "hasNext": place.next, "hasPrev": place.previous});
    Ok(Answer::Usual("Bill records retrieved successfully", data))
}

/// A bill of this run.
pub(crate) fn record(person: &Person, bill: &Bill, switches: &Switches) -> Value {
    let at = iso(bill.at);
    json!({
        "id": stable_uuid(&format!("bill {}", bill.reference)), "createdAt": at, "updatedAt": at, "deletedDate": null,
        "userId": profile::id(person), "reference": bill.reference, "billerCode": bill.biller_code, "itemCode": bill.item,
        "customer": bill.customer, "amount": amount(&naira(bill.kobo), Usually::Text, switches), "type": bill.kind, "status": "SUCCESS",
        "providerData": null, "txRef": format!("CF-FLYAPI-{}", bill.reference), "billerName": bill.biller, "validityPeriod": null,
        "metadata": {"phoneNumber": bill.customer}, "token": bill.token, "units": bill.units,
    })
}
