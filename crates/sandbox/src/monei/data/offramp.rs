//! `/offramp/ledger/…`: what was sold, and how far it is.

use serde_json::{Value, json};

use crate::model::clock::{DAY, HOUR, MINUTE, iso};
use crate::model::ledger::Sale;
use crate::model::mint::stable_uuid;
use crate::model::switches::{HistoryStatus, SaleStatusShape};
use crate::monei::call::{Answer, Call};
use crate::monei::data::paging::Page;
use crate::monei::data::{Usually, amount};
use crate::web::nest::NestError;

/// Who pays the naira out.
const PROVIDER: &str = "paycrest";
/// Where the coins go.
const WALLET: &str = "0x0000000000000000000000000000000000000101";
/// A sale before this run.
struct Earlier {
    reference: &'static str,
    status: &'static str,
    asset: &'static str,
    network: &'static str,
    crypto: &'static str,
    naira: &'static str,
}

const fn earlier(
    reference: &'static str,
    status: &'static str,
    asset: &'static str,
    network: &'static str,
    crypto: &'static str,
    naira: &'static str,
) -> Earlier {
    Earlier { reference, status, asset, network, crypto, naira }
}

/// The verified trader's, one a day back. Each of Monei's ways to end is among them.
const ORDERS: [Earlier; 7] = [
    earlier("OFF-A1B2C3D4", "completed", "USDT", "bnb-smart-chain", "100", "145800"),
    earlier("OFF-E5F6A7B8", "processing", "USDT", "bnb-smart-chain", "20", "29160"),
    earlier("OFF-C9D0E1F2", "expired", "USDT", "bnb-smart-chain", "5", "7290"),
    earlier("OFF-13572468", "failed", "USDC", "base", "250.5", "365229"),
    earlier("OFF-24681357", "refunded", "USDC", "base", "250.5", "365229"),
    earlier("OFF-0F1E2D3C", "fiat_sent", "USDT", "polygon", "12.345678", "18000"),
    earlier("OFF-99AA88BB", "awaiting_deposit", "USDC", "arbitrum-one", "40", "58320"),
];

/// `GET /offramp/ledger/history`: `data` and `meta` beside the message.
pub(crate) fn history(call: &Call<'_>) -> Result<Answer, NestError> {
    let page = Page::read(&call.query)?;
    let mine = call.ledger.sales.iter().rev().filter(|sale| sale.person == call.person.id);
    let mut orders: Vec<Value> = mine.map(|sale| line(sale, call)).collect();
    let earlier = ORDERS.iter().filter(|_| call.person.tier >= 3).zip(1_i64..).map(
        |(Earlier { reference, status, asset, network, crypto, naira: fiat }, step)| {
            let at = call.now - call.now % DAY - step * DAY;
            json!({
                "id": stable_uuid(reference), "reference": reference, "status": status, "asset": asset, "network": network,
                "cryptoAmount": amount(crypto, Usually::Number, call.switches), "fiatAmount": amount(fiat, Usually::Number, call.switches),
                "fiatCurrency": "NGN", "exchangeRate": amount("1458", Usually::Number, call.switches),
                "beneficiary": {"bankCode": "GTBINGLA", "accountNumber": "0000000101"}, "createdAt": iso(at),
                "completedAt": (*status == "completed").then(|| iso(at + HOUR)), "failedAt": (*status == "failed").then(|| iso(at + HOUR)),
                // The Node SDK's names for the same.
                "provider": PROVIDER, "fromCurrency": asset, "toCurrency": "NGN", "updatedAt": iso(at), "expiresAt": iso(at + HOUR / 2),
            })
        },
    );
    orders.extend(earlier);
    let (orders, place) = page.cut(orders);
    // Sent as a query parameter, the page comes back as text.
    let current = call.query.get("page").map_or(json!(page.page), |text| json!(text));
    let meta = json!({"totalItems": place.total, "itemCount": orders.len(), "itemsPerPage": page.limit, "totalPages": place.pages, "currentPage": current});
    let mut body = json!({"message": "Transactions retrieved successfully", "data": orders, "meta": meta});
    if call.switches.history_status == HistoryStatus::Present {
        body["statusCode"] = json!(200);
    }
    Ok(Answer::Bare(body))
}

/// `GET /offramp/ledger/status/:reference`: without an envelope, or in one.
pub(crate) fn status(call: &Call<'_>) -> Result<Answer, NestError> {
    let mut sale = sale(call)?;
    Ok(match call.switches.sale_status_shape {
        SaleStatusShape::Bare => Answer::Bare(sale),
        SaleStatusShape::Wrapped => {
            sale["reference"] = json!(call.param());
            Answer::Usual("Transaction status retrieved successfully", sale)
        }
    })
}

fn sale(call: &Call<'_>) -> Result<Value, NestError> {
    if let Some(sale) = call.ledger.sales.iter().find(|sale| sale.person == call.person.id && sale.reference == call.param()) {
        return Ok(track(sale, call));
    }
    let order = ORDERS.iter().zip(1_i64..).find(|(order, _)| order.reference == call.param() && call.person.tier >= 3);
    let Some((Earlier { reference, status, asset, network, crypto, naira: fiat }, step)) = order else {
        return Err(NestError::not_found("Transaction not found"));
    };
    let at = call.now - call.now % DAY - step * DAY;
    let number = |text: &str| amount(text, Usually::Number, call.switches);
    Ok(json!({
        "id": stable_uuid(reference), "internalReference": reference, "provider": PROVIDER, "providerTransactionId": stable_uuid(&format!("p {reference}")),
        "status": status, "cryptoAmount": number(crypto), "fiatAmount": number(fiat), "exchangeRate": number("1458"), "fromCurrency": asset,
        "toCurrency": "NGN", "createdAt": iso(at), "updatedAt": iso(at), "expiresAt": iso(at + HOUR / 2), "providerStatus": status.to_uppercase(),
        "fees": {"providerFee": number("0.5"), "networkFee": number("0.1"), "serviceFee": number("0")},
        "debitPaymentDetails": {"paymentMethod": "STABLE_CURRENCY", "currency": asset, "network": if *network == "bnb-smart-chain" { "BEP20" } else { network }, "walletAddress": WALLET},
        "completedAt": (*status == "completed").then(|| iso(at + HOUR)),
        "creditPaymentDetails": {"paymentMethod": "BANK_TRANSFER", "currency": "NGN", "accountName": call.person.name(), "accountNumber": "0000000101", "bankCode": "GTBINGLA"},
    }))
}

fn line(sale: &Sale, call: &Call<'_>) -> Value {
    let number = |text: String| amount(&text, Usually::Number, call.switches);
    json!({
        "id": stable_uuid(&sale.reference), "reference": sale.reference, "status": sale.status, "asset": sale.asset, "network": sale.network,
        "cryptoAmount": number(sale.crypto.normalize().to_string()), "fiatAmount": number(sale.paid_out.normalize().to_string()),
        "fiatCurrency": sale.fiat, "exchangeRate": number(sale.rate.normalize().to_string()), "beneficiary": sale.beneficiary, "createdAt": iso(sale.at),
        "completedAt": completed(sale),
        "provider": PROVIDER, "fromCurrency": sale.asset, "toCurrency": sale.fiat, "updatedAt": iso(sale.at), "expiresAt": iso(sale.at + HOUR / 2),
    })
}

/// When a sale of this run came about.
fn completed(sale: &Sale) -> Option<String> {
    (sale.status == "completed").then(|| iso(sale.at + MINUTE))
}

fn track(sale: &Sale, call: &Call<'_>) -> Value {
    let number = |text: String| amount(&text, Usually::Number, call.switches);
    let at = iso(sale.at);
    json!({
        "id": stable_uuid(&sale.reference), "internalReference": sale.reference, "provider": PROVIDER,
        "providerTransactionId": stable_uuid(&format!("p {}", sale.reference)), "status": sale.status,
        "cryptoAmount": number(sale.crypto.normalize().to_string()), "fiatAmount": number(sale.paid_out.normalize().to_string()),
        "exchangeRate": number(sale.rate.normalize().to_string()), "fromCurrency": sale.asset, "toCurrency": sale.fiat, "createdAt": at, "updatedAt": at,
        "expiresAt": iso(sale.at + HOUR / 2), "providerStatus": sale.status.to_uppercase(),
        "fees": {"providerFee": 0, "networkFee": 0, "serviceFee": number(sale.fee.normalize().to_string())},
        "debitPaymentDetails": {"paymentMethod": "STABLE_CURRENCY", "currency": sale.asset, "network": sale.network, "walletAddress": WALLET},
        "completedAt": completed(sale),
        "creditPaymentDetails": {"paymentMethod": "BANK_TRANSFER", "currency": sale.fiat, "accountName": sale.beneficiary["accountName"],
                                 "accountNumber": sale.beneficiary["accountNumber"], "bankCode": sale.beneficiary["bankCode"]},
    })
}
