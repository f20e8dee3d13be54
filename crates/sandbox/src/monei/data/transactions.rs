//! `/transactions` and `/transactions/user`: made up from the person's id and the position, so that they stay the same all day.

use std::cmp::Reverse;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::model::clock::{DAY, HOUR, Millis, iso};
use crate::model::fields::Fields;
use crate::model::ledger::Moved;
use crate::model::mint::stable_uuid;
use crate::model::people::Person;
use crate::monei::call::{Answer, Call};
use crate::monei::data::filters::{Bounds, one_of};
use crate::monei::data::paging::Page;
use crate::monei::data::{Usually, amount, profile};
use crate::web::nest::NestError;

struct Entry {
    id: String,
    at: Millis,
    amount: Decimal,
    kind: &'static str,
    nature: &'static str,
    status: &'static str,
    narration: Option<String>,
    reference: String,
    /// Monei sometimes leaves it out.
    currency: Option<&'static str>,
}

impl Entry {
    /// What was moved in this run.
    fn of(moved: &Moved) -> Entry {
        Entry {
            id: moved.id(),
            at: moved.at,
            amount: moved.amount,
            kind: moved.kind,
            nature: moved.nature,
            status: moved.status,
            narration: moved.narration.clone(),
            reference: moved.reference.clone(),
            currency: Some(moved.currency),
        }
    }
}

/// Type, nature, narration and kobo: what repeats through a history.
const PATTERN: [(&str, &str, Option<&str>, i64); 9] = [
    ("CREDIT", "FIAT_DEPOSIT", Some("Salary, October"), 45_000_000),
    ("DEBIT", "FIAT_WITHDRAWAL", Some("Rent, Yaba"), 18_000_000),
    ("DEBIT", "FIAT_TRANSFER", Some("MTN airtime"), 100_000),
    ("PEER-TRANSFER", "FIAT_P2P", Some("Lunch with Chidi"), 750_050),
    ("CREDIT", "CRYPTO_TRADE_SELL", Some("Sold 120 USDT"), 17_496_000),
    ("DEBIT", "FIAT_TRANSFER", None, 2_350_025),
    ("DEBIT", "FIAT_WITHDRAWAL", Some("School fees, 2nd instalment"), 9_500_000),
    ("CREDIT", "FIAT_DEPOSIT", Some("Transfer from GTBank"), 3_000_000),
    ("DEBIT", "FIAT_TRANSFER", Some("Ikeja Electric, prepaid"), 1_500_000),
];

/// `nature` of naira that was paid in.
const DEPOSIT: &str = "FIAT_DEPOSIT";

/// A deposit of somebody's earlier transactions, as asking for its status shows it.
pub(crate) struct EarlierDeposit {
    pub(crate) at: Millis,
    pub(crate) amount: Decimal,
    pub(crate) status: &'static str,
    pub(crate) narration: Option<String>,
}

/// The earlier deposit of this reference.
pub(crate) fn earlier_deposit(person: &Person, reference: &str, now: Millis) -> Option<EarlierDeposit> {
    let found = (0..person.transactions).map(|position| entry(person, position, now)).find(|entry| entry.reference == reference)?;
    let Entry { at, amount, status, narration, nature, .. } = found;
    (nature == DEPOSIT).then_some(EarlierDeposit { at, amount, status, narration })
}

/// `GET /transactions`
pub(crate) fn list(call: &Call<'_>) -> Result<Answer, NestError> {
    let page = Page::read(&call.query)?;
    let mut entries: Vec<Entry> = (0..call.person.transactions).map(|position| entry(call.person, position, call.now)).collect();
    entries.extend(call.ledger.moved.iter().rev().filter(|moved| moved.person == call.person.id).map(Entry::of));
    filter(&mut entries, &call.query)?;
    sort(&mut entries, &call.query)?;
    let (entries, place) = page.cut(entries);
    let transactions: Vec<Value> = entries.iter().map(|entry| show(entry, call)).collect();
    let data = json!({
        "transactions": transactions,
        "pagination": {"page": page.page, "limit": page.limit, "total": place.total, "totalPages": place.pages,
                       "hasNextPage": place.next, "hasPreviousPage": place.previous},
    });
    Ok(Answer::Usual("Transactions retrieved successfully", data))
}

fn entry(person: &Person, position: usize, now: Millis) -> Entry {
    let (kind, nature, narration, kobo) = PATTERN[(position * 4 + person.id.len()) % PATTERN.len()];
    let step = i64::try_from(position).unwrap_or_default();
    let scale = if person.tier == 1 { 200 } else { 1 };
    let narration = match (person.id, narration) {
        ("markup", Some(_)) => Some("<script>alert('narration')</script> \u{202E}desrever".to_owned()),
        (_, narration) => narration.map(str::to_owned),
    };
    Entry {
        id: stable_uuid(&format!("transaction {} {position}", person.id)),
        at: now - now % DAY - DAY - step * (DAY + 5 * HOUR),
        amount: Decimal::new(kobo / scale + step * 125, 2),
        kind,
        nature,
        status: match position {
            // Of some people this is a deposit that waits, and one that failed.
            1 if nature == DEPOSIT => "PENDING",
            10 if nature == DEPOSIT => "FAILED",
            0 => "PENDING",
            5 => "FAILED",
            position if position % 7 == 3 => "COMPLETED",
            _ => "SUCCESS",
        },
        narration,
        reference: format!("TX-{}-{position:04}", person.id.to_uppercase()),
        currency: (position % 6 != 4).then_some("NGN"),
    }
}

fn show(entry: &Entry, call: &Call<'_>) -> Value {
    // Both types of amount in one list, as observed.
    let usually = if entry.reference.ends_with(['1', '4', '7']) { Usually::Text } else { Usually::Number };
    let mut shown = json!({
        "id": entry.id, "createdAt": iso(entry.at), "updatedAt": iso(entry.at), "deletedDate": null, "userId": profile::id(call.person),
        "amount": amount(&entry.amount.to_string(), usually, call.switches), "type": entry.kind, "nature": entry.nature, "status": entry.status,
        "reference": entry.reference, "narration": entry.narration,
    });
    if let Some(currency) = entry.currency {
        shown["currency"] = json!(currency);
    }
    shown
}

fn filter(entries: &mut Vec<Entry>, query: &Fields) -> Result<(), NestError> {
    if let Some(status) = one_of(query, "status", &["PENDING", "SUCCESS", "FAILED", "COMPLETED", "CANCELLED"])? {
        entries.retain(|entry| entry.status == status);
    }
    if let Some(kind) = one_of(query, "type", &["DEBIT", "CREDIT", "PEER-TRANSFER"])? {
        entries.retain(|entry| entry.kind == kind);
    }
    if let Some(currency) = query.get("currency") {
        entries.retain(|entry| entry.currency.is_none_or(|known| known.eq_ignore_ascii_case(currency)));
    }
    if let Some(part) = query.get("narration").map(str::to_lowercase) {
        entries.retain(|entry| entry.narration.as_ref().is_some_and(|narration| narration.to_lowercase().contains(&part)));
    }
    if let Some(reference) = query.get("reference") {
        entries.retain(|entry| entry.reference == reference);
    }
    // Nothing here came in through these providers.
    if query.get("fincraReference").or(query.get("flutterwaveReference")).is_some() {
        entries.clear();
    }
    let bounds = Bounds::read(query)?;
    entries.retain(|entry| bounds.hold(entry.at, entry.amount));
    Ok(())
}

fn sort(entries: &mut [Entry], query: &Fields) -> Result<(), NestError> {
    match one_of(query, "sortBy", &["createdAt", "amount", "updatedAt"])? {
        Some("amount") => entries.sort_by_key(|entry| Reverse(entry.amount)),
        _ => entries.sort_by_key(|entry| Reverse(entry.at)),
    }
    if one_of(query, "sortOrder", &["desc", "asc", "DESC", "ASC"])?.is_some_and(|order| order.eq_ignore_ascii_case("asc")) {
        entries.reverse();
    }
    Ok(())
}
