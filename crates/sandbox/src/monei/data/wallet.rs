//! `/wallet/me`, `/wallet/naira-wallet`, `/wallet/deposit/status/:reference`.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::model::clock::{DAY, HOUR, Millis, iso};
use crate::model::ledger::Deposit;
use crate::model::mint::stable_uuid;
use crate::model::people::Person;
use crate::model::switches::Switches;
use crate::monei::call::{Answer, Call};
use crate::monei::data::transactions::{EarlierDeposit, earlier_deposit};
use crate::monei::data::{Usually, amount, crypto, naira as naira_text};
use crate::web::nest::NestError;

/// `GET /wallet/me`
pub(crate) fn me(call: &Call<'_>) -> Result<Answer, NestError> {
    let person = call.person;
    let chain = match call.query.get("chainId") {
        None => None,
        Some(text) => Some(crypto::chain(text)?),
    };
    let mut data = json!({
        "nairaBalance": amount(&naira_text(call.ledger.kobo(person)), Usually::Text, call.switches),
        "subwallets": [
            fiat(call),
            crypto_wallet(call, "EVM", &crypto::evm_address(person)),
            crypto_wallet(call, "SOLANA", &crypto::solana_address_of(person)),
        ],
    });
    if let Some(chain) = chain {
        data["evmPortfolio"] = crypto::portfolio(call, chain);
    }
    // Monei spells it so.
    Ok(Answer::Usual("User wallet retreived succesfully", data))
}

/// `GET /wallet/naira-wallet`
pub(crate) fn naira(call: &Call<'_>) -> Result<Answer, NestError> {
    Ok(Answer::Usual("Naira wallet retrieved successfully", fiat(call)))
}

/// `GET /wallet/deposit/status/:reference`; each person has made the deposits `DEP-<id>-1` to `-3`, those among their transactions, and
/// those of this run.
pub(crate) fn deposit_status(call: &Call<'_>) -> Result<Answer, NestError> {
    let person = call.person;
    let mine = |deposit: &&Deposit| deposit.person == person.id && deposit.reference == call.param();
    if let Some(deposit) = call.ledger.deposits.iter().rev().find(mine) {
        return Ok(Answer::Usual("Deposit status retrieved successfully", payment(person, deposit, call.switches, &call.own, call.now)));
    }
    let today = call.now - call.now % DAY;
    let example =
        |status| EarlierDeposit { at: today, amount: Decimal::new(500_000, 2), status, narration: Some("Wallet top-up".to_owned()) };
    let found = match call.param().strip_prefix(&format!("DEP-{}-", person.id)) {
        Some("1") => Some(example("SUCCESS")),
        Some("2") => Some(example("PENDING")),
        Some("3") => Some(example("FAILED")),
        _ => earlier_deposit(person, call.param(), call.now),
    };
    let Some(EarlierDeposit { at, amount: paid, status, narration }) = found else { return Err(NestError::not_found("Deposit not found")) };
    // As for a deposit of this run.
    let fee = (paid * Decimal::new(22, 3)).ceil();
    let money = |value: Decimal| amount(&format!("{value:.2}"), Usually::Number, call.switches);
    let data = json!({
        "amount": money(paid), "totalAmount": money(paid + fee), "moneiFee": money(fee),
        "feeBreakdown": {"amountToCredit": money(paid), "fee": money(fee)},
        "reference": call.param(), "currency": "NGN", "narration": narration, "accountNumber": account_number(person.id),
        "bankName": "Sandbox MFB", "accountName": account_name(person), "expiry_datetime": iso(at + DAY), "note": "Sandbox deposit",
        "status": status,
        "nextAction": next_action("payment_Instructions", &call.own, call.param(), if status == "PENDING" { "Pay into this account" } else { "Nothing is left to do" }),
    });
    Ok(Answer::Usual("Deposit status retrieved successfully", data))
}

fn fiat(call: &Call<'_>) -> Value {
    let person = call.person;
    let opened = iso(call.now - call.now % DAY - 9 * DAY);
    let account = person.has_virtual_account.then(|| {
        json!({"id": stable_uuid(&format!("account {}", person.id)), "createdAt": opened, "updatedAt": opened, "deletedDate": null,
               "accountNumber": account_number(person.id), "bankName": "Sandbox MFB", "accountName": account_name(person),
               "reference": format!("VA-{}", person.id), "status": "active", "isActive": true})
    });
    json!({
        "id": stable_uuid(&format!("fiat {}", person.id)), "parentWalletId": stable_uuid(&format!("wallet {}", person.id)), "type": "FIAT",
        "currency": "NGN", "balance": amount(&naira_text(call.ledger.kobo(person)), Usually::Number, call.switches), "chain": null, "publicAddress": null,
        "virtualAccount": account, "createdAt": opened, "updatedAt": iso(call.now - call.now % HOUR), "deletedDate": null,
    })
}

fn crypto_wallet(call: &Call<'_>, chain: &str, address: &str) -> Value {
    let opened = iso(call.now - call.now % DAY - 9 * DAY);
    json!({
        "id": stable_uuid(&format!("{chain} {}", call.person.id)), "parentWalletId": stable_uuid(&format!("wallet {}", call.person.id)),
        "type": "CRYPTO", "currency": "CRYPTO", "balance": amount("0", Usually::Number, call.switches), "chain": chain, "publicAddress": address,
        "virtualAccount": null, "createdAt": opened, "updatedAt": opened, "deletedDate": null,
    })
}

fn account_number(id: &str) -> String {
    let digits: String =
        stable_uuid(&format!("number {id}")).bytes().filter(u8::is_ascii_digit).map(char::from).chain("0000000".chars()).take(7).collect();
    format!("990{digits}")
}

fn account_name(person: &Person) -> String {
    format!("{} - SANDBOX", person.name().to_uppercase())
}

/// A deposit of this run, as starting it and asking for its status show it.
pub(crate) fn payment(person: &Person, deposit: &Deposit, switches: &Switches, own: &str, now: Millis) -> Value {
    let money = |kobo: i64| amount(&naira_text(kobo), Usually::Number, switches);
    // 2.2 %, rounded up to whole naira: the newer Python SDK reads the total as a whole number.
    let fee = deposit.kobo.saturating_mul(22).saturating_add(99_999) / 100_000 * 100;
    let (kind, note) = match (deposit.waits(now), deposit.method) {
        (false, _) => ("payment_Instructions", "Nothing is left to do"),
        (true, "CARD" | "LINK") => ("redirect_url", "Pay on the page"),
        (true, "USSD") => ("payment_Instructions", "Dial *000*1# (made up)"),
        (true, _) => ("payment_Instructions", "Pay into this account"),
    };
    json!({
        "amount": money(deposit.kobo), "totalAmount": money(deposit.kobo.saturating_add(fee)), "moneiFee": money(fee),
        "feeBreakdown": {"amountToCredit": money(deposit.kobo), "fee": money(fee)},
        "reference": deposit.reference, "currency": "NGN", "narration": deposit.narration.as_deref().unwrap_or("Wallet deposit"), "accountNumber": account_number(person.id),
        "bankName": "Sandbox MFB", "accountName": account_name(person), "expiry_datetime": iso(deposit.expires()), "note": "Sandbox deposit",
        "status": deposit.status(now),
        "nextAction": next_action(kind, own, &deposit.reference, note),
    })
}

/// What comes next, always with both of its members: one SDK demands them, the others ignore what they don't need.
fn next_action(kind: &str, own: &str, reference: &str, note: &str) -> Value {
    json!({"type": kind, "redirect_url": {"url": format!("{own}/pay/{reference}")}, "payment_instruction": {"note": note}})
}
