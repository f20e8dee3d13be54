//! Write endpoints: bodies, scopes, PIN, KYC limits, and what they move.

use crate::kit::{self, World, nest_error};
use reqwest::Response;
use serde_json::{Value, json};

const USDT: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
const USDC_MINT: &str = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v";
const TO: &str = "0x00000000000000000000000000000000000000aa";
const TO_SOLANA: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";

/// Every write endpoint with its scope and a body that works for Ada.
fn writes() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("/wallet/deposit?method=BANK_TRANSFER", "wallet:deposit", json!({"amount": 5000})),
        ("/wallet/deposit/payment-link", "wallet:deposit", json!({"amount": 1500})),
        (
            "/wallet/payout/transfer",
            "wallet:send",
            json!({"receiver": "tunde.bello@example.net", "amount": 10.5, "transactionPin": "2468"}),
        ),
        (
            "/wallet/payout/bank-transfer",
            "wallet:withdraw",
            json!({"amount": "250.00", "bank": "058", "accountNumber": "0000000101", "transactionPin": "2468"}),
        ),
        ("/evm-exchange/native-to-token", "swap:execute", json!({"amount": 0.1, "tokenOut": USDT, "chainId": 1})),
        (
            "/evm-exchange/token-to-token",
            "swap:execute",
            json!({"amount": 1, "tokenIn": "0x55d398326f99059fF775485246999027B3197955",
                   "tokenOut": "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d", "chainId": 56}),
        ),
        (
            "/evm-exchange/token-to-native",
            "swap:execute",
            json!({"amount": "2", "tokenIn": "0xc2132D05D31c914a87C6611C10748AEb04B58e8F", "chainId": 137}),
        ),
        ("/evm-exchange/price/native-to-token", "swap:execute", json!({"amount": 0.1, "tokenOut": USDT, "chainId": 1})),
        ("/evm-exchange/price/token-to-native", "swap:execute", json!({"amount": 2, "tokenIn": USDT, "chainId": 1})),
        ("/evm/send/native", "swap:execute", json!({"to": TO, "amount": "0.01", "chainId": 10})),
        ("/evm/send/token", "swap:execute", json!({"to": TO, "amount": "1", "chainId": 1, "tokenAddress": USDT})),
        ("/solana/transfer", "swap:execute", json!({"to": TO_SOLANA, "amount": "0.2"})),
        ("/solana/transfer-token", "swap:execute", json!({"to": TO_SOLANA, "amount": "1.5", "tokenMintAddress": USDC_MINT})),
        ("/solana-exchange/swap-sol-to-token", "swap:execute", json!({"outputMint": USDC_MINT, "amount": 0.1, "slippageBps": 50})),
        ("/solana-exchange/swap-token-to-sol", "swap:execute", json!({"inputMint": USDC_MINT, "amount": 1})),
        ("/bills/validation/customer", "bills:pay", json!({"customer": "45700000001", "billerCode": "BIL113"})),
        ("/bills/pay/airtime", "bills:pay", json!({"phoneNumber": "08000000101", "biller": "glo", "amount": 500})),
        ("/bills/pay/data", "bills:pay", json!({"phoneNumber": "08000000101", "biller": "mtn", "itemCode": "MD104"})),
        ("/bills/pay/electricity", "bills:pay", json!({"meterNumber": "45700000001", "disco": "Ikeja Electric", "amount": 2400})),
        ("/bills/pay/cable-tv", "bills:pay", json!({"smartcardNumber": "1000000001", "biller": "DSTV", "itemCode": "CB141"})),
        (
            "/offramp/exchange/initiate",
            "offramp:execute",
            json!({"amount": 10, "token": "USDT", "network": "bnb-smart-chain", "fiatCurrency": "NGN", "bankCode": "GTBINGLA",
                   "accountNumber": "0000000101", "accountName": "ADA OKAFOR"}),
        ),
        ("/offramp/payouts/verify", "offramp:execute", json!({"bankCode": "GTBINGLA", "accountNumber": "0000000101"})),
    ]
}

const READS: [(&str, &str); 5] = [
    ("/bills/discovery/biller-items/MOBILEDATA/mtn", "bills:pay"),
    ("/bills/discovery/electricity-operators", "bills:pay"),
    ("/offramp/exchange/assets", "offramp:execute"),
    ("/offramp/exchange/quote?token=USDT&network=base&amount=10&fiat=NGN", "offramp:execute"),
    ("/offramp/payouts/banks", "offramp:execute"),
];

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn post(world: &World, access: &str, path: &str, body: &Value) -> Response {
    world.http.post(format!("{}/api/v1{path}", world.base)).bearer_auth(access).json(body).send().await.unwrap()
}

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn made(world: &World, access: &str, path: &str, body: &Value) -> Value {
    let answer = post(world, access, path, body).await;
    let (status, body): (_, Value) = (answer.status(), answer.json().await.unwrap());
    assert!(status.is_success(), "{path}: {status} {body}");
    assert_eq!(body["statusCode"], if path == "/offramp/exchange/initiate" { 201 } else { 200 });
    body["data"].clone()
}

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn read(world: &World, access: &str, path: &str) -> Value {
    world.get(path, access).await.json().await.unwrap()
}

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn messages(answer: Response) -> Vec<String> {
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"], "Bad Request");
    body["message"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_write_works_with_its_scope_and_is_403_without_it() {
    let world = World::new().await;
    world.switch("token_calls_per_minute", "0").await;
    world.switch("unknown_fields", "rejected").await;
    let all = "wallet:deposit wallet:send wallet:withdraw swap:execute bills:pay offramp:execute";
    for scope in all.split(' ') {
        world.control("revoke", json!({})).await;
        let with = world.connect("ada", scope).await.access;
        for (path, needed, body) in writes() {
            if needed == scope {
                made(&world, &with, path, &body).await;
            } else {
                assert!(nest_error(post(&world, &with, path, &body).await, 403).await.contains(needed), "{path} with {scope}");
            }
        }
        for (path, needed) in READS {
            assert_eq!(world.get(path, &with).await.status() == 200, needed == scope, "{path} with {scope}");
        }
    }
    let strange = world.connect("ada", all).await.access;
    nest_error(post(&world, &strange, "/wallet/utils/verify-bank-account", &json!({})).await, 403).await;
    nest_error(post(&world, "mct_sim_nobody", "/wallet/payout/transfer", &json!({})).await, 401).await;
}

#[tokio::test]
async fn a_body_that_does_not_validate_is_refused_field_by_field() {
    let world = World::new().await;
    world.switch("unknown_fields", "rejected").await;
    let access = world.connect("ada", "wallet:send wallet:withdraw wallet:deposit swap:execute bills:pay offramp:execute").await.access;
    for (path, _, body) in writes() {
        let every = messages(post(&world, &access, path, &json!({})).await).await;
        assert!(!every.is_empty(), "{path}");
        let optional = |field: &str| {
            let swap = path.starts_with("/evm-exchange/") && field == "chainId";
            swap || field == "slippageBps" || field == "fiatCurrency"
        };
        for field in body.as_object().unwrap().keys().filter(|field| !optional(field)) {
            let mut without = body.clone();
            without.as_object_mut().unwrap().remove(field);
            let wrong = messages(post(&world, &access, path, &without).await).await;
            assert!(wrong.iter().all(|text| text.starts_with(field.as_str())), "{path} without {field}: {wrong:?}");
        }
        let mut extra = body.clone();
        extra["colour"] = json!("blue");
        assert_eq!(messages(post(&world, &access, path, &extra).await).await, ["property colour should not exist"], "{path}");
    }
    let negative = json!({"receiver": "x", "amount": -1, "transactionPin": 2468});
    assert_eq!(
        messages(post(&world, &access, "/wallet/payout/transfer", &negative).await).await,
        ["amount must be a positive number", "transactionPin must be a string"]
    );
    let long = json!({"amount": 1, "bank": "058", "accountNumber": "0000000101", "transactionPin": "2468", "narration": "x".repeat(101)});
    let refused = messages(post(&world, &access, "/wallet/payout/bank-transfer", &long).await).await;
    assert!(refused.len() == 1 && refused[0].starts_with("narration"), "{refused:?}");
    let text = world.http.post(format!("{}/api/v1/wallet/payout/transfer", world.base)).bearer_auth(&access).body("amount=1").send().await;
    assert!(!messages(text.unwrap()).await.is_empty());
    assert_eq!(world.state().await["balances_kobo"]["ada"], 184_250_075, "nothing moved");
}

#[tokio::test]
async fn a_transfer_moves_money_between_two_people_and_shows_in_both_histories() {
    let world = World::new().await;
    let ada = world.connect("ada", "wallet:send wallet:read").await.access;
    let tunde = world.connect("tunde", "wallet:read").await.access;
    let sent =
        made(&world, &ada, "/wallet/payout/transfer", &json!({"receiver": "+2348000000102", "amount": "100.25", "transactionPin": "2468"}))
            .await;
    assert_eq!(read(&world, &ada, "/wallet/me").await["data"]["nairaBalance"], "1842400.50");
    assert_eq!(read(&world, &tunde, "/wallet/me").await["data"]["nairaBalance"], "1905.25");
    for (access, kind) in [(&ada, "PEER-TRANSFER"), (&tunde, "CREDIT")] {
        let newest = read(&world, access, "/transactions?limit=1").await["data"]["transactions"][0].clone();
        assert_eq!((&newest["reference"], &newest["type"]), (&sent["reference"], &json!(kind)));
    }
    for (receiver, status) in [("ada.okafor@example.com", 400), ("nobody@example.com", 404)] {
        let body = json!({"receiver": receiver, "amount": 1, "transactionPin": "2468"});
        nest_error(post(&world, &ada, "/wallet/payout/transfer", &body).await, status).await;
    }
}

#[tokio::test]
async fn a_wrong_pin_a_small_balance_and_a_kyc_limit_move_nothing() {
    let world = World::new().await;
    let scope = "wallet:withdraw wallet:read";
    let out = |amount: i64, pin: &str| json!({"amount": amount, "bank": "058", "accountNumber": "0000000101", "transactionPin": pin});
    let path = "/wallet/payout/bank-transfer";
    let tunde = world.connect("tunde", scope).await.access;
    assert!(nest_error(post(&world, &tunde, path, &out(1, "1111")).await, 400).await.contains("pin"));
    let poor: Value = post(&world, &tunde, path, &out(5000, "2468")).await.json().await.unwrap();
    assert_eq!(poor["message"], "Insufficient balance for transaction");
    assert_eq!(poor["error"]["details"], json!({"required": 5000, "available": 1805, "currency": "NGN"}));
    assert!(nest_error(post(&world, &tunde, path, &out(200_001, "2468")).await, 403).await.contains("KYC"));
    let blocked = world.connect("blocked", scope).await.access;
    nest_error(post(&world, &blocked, path, &out(1, "2468")).await, 403).await;
    let markup = world.connect("markup", scope).await.access;
    for _ in 0..2 {
        made(&world, &markup, path, &out(1_000_000, "2468")).await;
    }
    assert!(nest_error(post(&world, &markup, path, &out(1, "2468")).await, 403).await.contains("of a day"));
    let balances = world.state().await["balances_kobo"].clone();
    assert_eq!((&balances["tunde"], &balances["blocked"]), (&json!(180_500), &json!(5_000_000)));
}

#[tokio::test]
async fn a_deposit_waits_until_it_is_settled_and_a_payment_link_until_it_is_paid() {
    let world = World::new().await;
    let access = world.connect("tunde", "wallet:deposit wallet:read").await.access;
    let body = json!({"amount": 500, "reference": "mine-1"});
    assert_eq!(
        made(&world, &access, "/wallet/deposit?method=USSD", &json!({"amount": 500, "ussd": {"bankCode": "058"}})).await["status"],
        "PENDING"
    );
    assert_eq!(made(&world, &access, "/wallet/deposit?method=BANK_TRANSFER", &body).await["reference"], "mine-1");
    nest_error(post(&world, &access, "/wallet/deposit?method=BANK_TRANSFER", &body).await, 400).await;
    messages(post(&world, &access, "/wallet/deposit?method=CARD", &json!({"amount": 500})).await).await;
    messages(post(&world, &access, "/wallet/deposit", &body).await).await;
    assert_eq!(read(&world, &access, "/wallet/me").await["data"]["nairaBalance"], "1805.00");
    assert_eq!(world.control("settle", json!({"reference": "mine-1"})).await["settled"], 1);
    assert_eq!(read(&world, &access, "/wallet/deposit/status/mine-1").await["data"]["status"], "SUCCESS");
    assert_eq!(read(&world, &access, "/wallet/me").await["data"]["nairaBalance"], "2305.00");
    let customer = json!({"email": "a@example.com", "phoneNumber": "1", "name": "A"});
    let link = made(&world, &access, "/wallet/deposit/payment-link", &json!({"amount": 1000, "customer": customer})).await;
    let mut browser = kit::Browser::new();
    let page = browser.open(link["link"].as_str().unwrap()).await;
    assert!(page.text.contains("₦1,000.00"));
    assert_eq!(browser.submit(&page, &[]).await.status, 303);
    assert_eq!(read(&world, &access, "/wallet/me").await["data"]["nairaBalance"], "3305.00");
    assert_eq!(read(&world, &access, "/transactions").await["data"]["pagination"]["total"], 5);
    assert_eq!(browser.open(&format!("{}/pay/none", world.base)).await.status, 404);
}

#[tokio::test]
async fn bills_swaps_and_sales_show_where_monei_lists_them() {
    let world = World::new().await;
    let access = world.connect("ada", "bills:pay swap:execute offramp:execute wallet:read").await.access;
    let bill =
        made(&world, &access, "/bills/pay/electricity", &json!({"meterNumber": "45700000001", "disco": "BIL113", "amount": 2400})).await;
    assert!(bill["token"].is_string() && bill["units"] == "10.0");
    let bills = read(&world, &access, "/bills/records?type=UTILITYBILLS").await;
    assert_eq!((&bills["data"]["bills"][0]["reference"], &bills["data"]["total"]), (&bill["reference"], &json!(2)));

    let swap = json!({"amount": 0.1, "tokenOut": USDT, "chainId": 1});
    let quote = made(&world, &access, "/evm-exchange/price/native-to-token", &swap).await;
    assert_eq!(quote["amountOut"], "264.205");
    assert!(made(&world, &access, "/evm-exchange/native-to-token", &swap).await["txHash"].as_str().unwrap().len() == 66);
    assert_eq!(read(&world, &access, "/evm/balance/native?chainId=1").await["data"]["balance"], "0.742");
    assert_eq!(read(&world, &access, &format!("/evm/balance/token?chainId=1&tokenAddress={USDT}")).await["data"]["balance"], "384.205");
    let too_much: Value =
        post(&world, &access, "/evm/send/native", &json!({"to": TO, "amount": "9", "chainId": 1})).await.json().await.unwrap();
    assert_eq!(too_much["error"]["details"]["currency"], "ETH");
    messages(post(&world, &access, "/evm/send/native", &json!({"to": TO, "amount": 1, "chainId": 1})).await).await;

    let sale = |amount: i64| {
        json!({"amount": amount, "token": "USDT", "network": "base", "fiatCurrency": "NGN", "bankCode": "GTBINGLA",
               "accountNumber": "0000000101", "accountName": "ADA OKAFOR"})
    };
    let order = made(&world, &access, "/offramp/exchange/initiate", &sale(100)).await;
    assert_eq!((&order["status"], &order["amounts"]["fiat"]["value"]), (&json!("processing"), &json!(145_071)));
    assert_eq!((&order["amounts"]["totalFee"], &order["amounts"]["exchangeRate"]), (&json!(729), &json!(1458)));
    let reference = order["reference"].as_str().unwrap();
    world.control("settle", json!({})).await;
    assert_eq!(read(&world, &access, &format!("/offramp/ledger/status/{reference}")).await["status"], "completed");
    assert_eq!(read(&world, &access, "/offramp/ledger/history").await["data"][0]["reference"], *reference);
    let short = made(&world, &access, "/offramp/exchange/initiate", &sale(100)).await;
    assert_eq!(short["currentBalance"]["shortfall"], 80);
    world.control("reset", json!({"what": "money"})).await;
    assert_eq!(read(&world, &access, "/evm/balance/native?chainId=1").await["data"]["balance"], "0.842");
}
