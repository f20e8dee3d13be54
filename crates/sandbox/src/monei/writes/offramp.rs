//! `/offramp/exchange/initiate` and `/offramp/payouts/verify`. A sale stays in processing until the control page settles it.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::dto::is_digits;
use super::order::{Done, Order, Sort};
use crate::model::clock::{HOUR, iso};
use crate::model::coins::{CHAINS, Chain, TOKENS};
use crate::model::ledger::Sale;
use crate::model::mint::{hash, stable_uuid};
use crate::monei::data::banks;
use crate::monei::data::crypto::evm_address;
use crate::monei::data::offramp_market::{ASSETS, FIATS, Payout, networks};
use crate::web::nest::NestError;

/// `POST /offramp/exchange/initiate`: 201 with the order, or with instructions for a deposit where the coins don't suffice.
pub(super) fn initiate(mut order: Order<'_>) -> Done {
    let body = &mut order.body;
    let crypto = body.coins("amount");
    let asset = body.one_of("token", &ASSETS);
    let network = body.one_of("network", &networks());
    let fiat = body.optional_one_of("fiatCurrency", &FIATS);
    let bank = body.text("bankCode", 16);
    // Nigerian accounts have ten digits; the other countries' differ.
    let (fits, described): (fn(&str) -> bool, _) = if fiat == "NGN" {
        (|text| is_digits(text, 10..=10), "a number string of 10 digits")
    } else {
        (|text| is_digits(text, 6..=20), "a number string of 6 to 20 digits")
    };
    let account = body.matching("accountNumber", fits, described);
    let name = body.text("accountName", 100);
    order.checked()?;
    if order.person.blocked {
        return Err(NestError::forbidden("Withdrawals are not allowed at your KYC tier"));
    }
    let Some(bank_name) = banks::offramp_name(&bank) else { return Err(NestError::bad_request("Invalid bank code")) };
    let beneficiary = json!({"bankCode": bank, "bankName": bank_name, "accountNumber": account, "accountName": name});
    let payout = Payout::of(asset, fiat, crypto);
    let chain = CHAINS.into_iter().find(|chain| chain.slug == network);
    let coin = chain.zip(TOKENS.into_iter().find(|token| token.symbol == asset)).map(|(chain, token)| chain.coin(token));
    let held = coin.map_or(Decimal::ZERO, |coin| order.ledger.coin(order.person, coin));
    let enough = coin.filter(|_| held >= crypto);
    let reference = format!("OFF-{}", order.ledger.random_hex()[..8].to_uppercase());
    let sale = Sale {
        person: order.person.id,
        at: order.now,
        reference,
        status: if enough.is_some() { "processing" } else { "awaiting_deposit" },
        asset,
        network,
        crypto,
        fiat,
        paid_out: payout.paid,
        fee: payout.fee,
        rate: payout.rate,
        beneficiary,
    };
    let data = match enough {
        Some(coin) => {
            order.take(coin, crypto)?;
            order.crypto(coin, crypto, "DEBIT", "CRYPTO_TRADE_SELL", format!("Sold {} {asset}", crypto.normalize()));
            whole_order(&order, &sale)
        }
        None => instructions(&order, &sale, chain, held),
    };
    order.ledger.keep_sale(sale);
    Ok(Sort::Ordered.with("Offramp initiated successfully", data))
}

fn whole_order(order: &Order<'_>, sale: &Sale) -> Value {
    let at = iso(sale.at);
    json!({
        "id": stable_uuid(&sale.reference), "reference": sale.reference, "status": sale.status,
        "amounts": {"crypto": {"value": order.plain(sale.crypto), "asset": sale.asset, "network": sale.network},
                    "fiat": {"value": order.plain(sale.paid_out), "currency": sale.fiat},
                    "exchangeRate": order.plain(sale.rate), "totalFee": order.plain(sale.fee)},
        "beneficiary": sale.beneficiary,
        "onChain": {"depositAddress": evm_address(order.person), "txHash": format!("0x{}", hash(&sale.reference)), "sourceWallet": "MONEI_WALLET"},
        "provider": "paycrest", "providerReference": stable_uuid(&format!("p {}", sale.reference)), "meta": {},
        "timestamps": {"created": at, "updated": at, "depositExpires": iso(sale.at + HOUR / 2)},
    })
}

fn instructions(order: &Order<'_>, sale: &Sale, chain: Option<Chain>, held: Decimal) -> Value {
    let address = evm_address(order.person);
    json!({
        "transaction": whole_order(order, sale),
        "depositInstructions": {"address": address, "amount": order.plain(sale.crypto), "token": sale.asset, "network": sale.network,
                                "chainId": chain.map(|chain| chain.id), "expiresAt": iso(sale.at + HOUR / 2),
                                "displayNetwork": chain.map_or("Starknet", |chain| chain.name), "qrCodeData": address},
        "currentBalance": {"amount": order.plain(held), "token": sale.asset, "network": sale.network,
                           "shortfall": order.plain(sale.crypto - held)},
        "warnings": ["Nothing here is real: don't send anything to this address"],
        "nextSteps": ["Settle pending payments on the control page, or start again with a smaller amount"],
    })
}

/// `POST /offramp/payouts/verify`: body and answer are inferred from the other verification.
pub(super) fn verify(mut order: Order<'_>) -> Done {
    // The Node SDK's type says that the code is a number; as one it has lost its leading zeros.
    let bank = order.body.text_or_number("bankCode", 16, 3);
    let account = order.body.matching("accountNumber", |text| is_digits(text, 10..=10), "a number string of 10 digits");
    order.checked()?;
    let Some(name) = banks::offramp_name(&bank) else { return Err(NestError::bad_request("Invalid bank code")) };
    let data = json!({"accountName": "SANDBOX ACCOUNT", "accountNumber": account, "bankCode": bank, "bankName": name});
    Ok(Sort::Looked.with("Account verified successfully", data))
}
