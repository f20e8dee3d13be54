//! What Monei's own SDKs and MCP server send and read: every form that they use is taken, and every field that they declare is there.
//! The published Python package runs against the sandbox itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::kit::{World, nest_error};

const ALL: &str = "profile:read kyc:read wallet:read wallet:deposit wallet:send wallet:withdraw swap:execute bills:pay offramp:execute";
/// USDT and USDC on the BNB Smart Chain.
const BSC: [&str; 2] = ["0x55d398326f99059fF775485246999027B3197955", "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d"];

struct Ada {
    world: World,
    access: String,
}

impl Ada {
    async fn new() -> Ada {
        let world = World::new().await;
        let access = world.connect("ada", ALL).await.access;
        Ada { world, access }
    }

    #[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
    async fn get(&self, path: &str) -> Value {
        let answer = self.world.get(path, &self.access).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    #[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
    async fn send(&self, path: &str, body: &Value) -> reqwest::Response {
        self.world.http.post(format!("{}/api/v1{path}", self.world.base)).bearer_auth(&self.access).json(body).send().await.unwrap()
    }

    #[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.send(path, &body).await;
        let (status, answer): (_, Value) = (answer.status(), answer.json().await.unwrap());
        assert!(status.is_success(), "{path} {body}: {status} {answer}");
        answer
    }
}

/// Asserts that each of these fields is there: `s`tring, `n`umber, whole number `i`, `b`oolean, `o`bject, `l`ist, `z` for null.
#[expect(clippy::panic, reason = "a test's own plumbing: a panic is its way to fail")]
fn fields(of: &Value, kinds: &str) {
    for field in kinds.split_whitespace() {
        let (name, kinds) = field.split_once(':').unwrap_or_else(|| panic!("{field}"));
        let found = of.get(name).unwrap_or_else(|| panic!("{name} is missing in {of}"));
        let fits = kinds.chars().any(|kind| match kind {
            's' => found.is_string(),
            'n' => found.is_number(),
            'i' => found.is_i64() || found.is_u64(),
            'b' => found.is_boolean(),
            'o' => found.is_object(),
            'l' => found.is_array(),
            _ => found.is_null(),
        });
        assert!(fits, "{name} is {found}, not one of {kinds}");
    }
}

#[tokio::test]
async fn bills_are_paid_by_the_paths_of_the_documentation_and_by_those_of_the_node_sdk() {
    let ada = Ada::new().await;
    for (one, other, body) in [
        ("/bills/pay/airtime", "/bills/buy-airtime", json!({"phoneNumber": "08000000101", "biller": "airtel", "amount": 350})),
        ("/bills/pay/data", "/bills/buy-mobile-data", json!({"phoneNumber": "08000000101", "biller": "airtel", "itemCode": "MD136"})),
        (
            "/bills/pay/electricity",
            "/bills/buy-electricity",
            json!({"meterNumber": "45083311550", "disco": "IBADAN DISCO ELECTRICITY", "amount": 100}),
        ),
        (
            "/bills/pay/cable-tv",
            "/bills/subscribe-cable-tv",
            json!({"smartcardNumber": "1000000001", "biller": "DSTV", "itemCode": "CB141"}),
        ),
    ] {
        for path in [one, other] {
            let paid = ada.post(path, body.clone()).await["data"].clone();
            fields(
                &paid,
                "id:s createdAt:s userId:s reference:s billerCode:s itemCode:s customer:s amount:n type:s status:s txRef:s billerName:s metadata:z",
            );
            for record_only in ["updatedAt", "deletedDate", "providerData"] {
                assert!(paid.get(record_only).is_none(), "{record_only} in {paid}");
            }
        }
    }
    let record = ada.get("/bills/records?limit=1").await["data"]["bills"][0].clone();
    fields(&record, "amount:s metadata:o updatedAt:s deletedDate:z");
    assert_eq!(
        ada.send("/bills/buy-airtime", &json!({"phoneNumber": "08000000101", "biller": "glo", "amount": 50_001})).await.status(),
        400
    );
}

#[tokio::test]
async fn biller_items_have_all_their_fields_and_an_operators_code_pays() {
    let ada = Ada::new().await;
    for path in ["/bills/discovery/biller-items/MOBILEDATA/mtn", "/bills/get-biller-items/MOBILEDATA/mtn"] {
        for item in ada.get(path).await["data"].as_array().unwrap() {
            fields(
                item,
                "id:i biller_code:s name:s default_commission:n date_added:s country:s is_airtime:b biller_name:s item_code:s short_name:s fee:n \
                 commission_on_fee:b reg_expression:s label_name:s amount:n is_resolvable:b group_name:s category_name:s is_data:b \
                 default_commission_on_amount:n commission_on_fee_or_amount:i validity_period:sz",
            );
        }
    }
    for path in ["/bills/discovery/electricity", "/bills/discovery/electricity-operators"] {
        let operators = ada.get(path).await;
        fields(&operators, "StatusCode:n message:s data:l");
        for operator in operators["data"].as_array().unwrap() {
            fields(operator, "name:s code:s billerCode:s");
            let body = json!({"meterNumber": "45083311550", "disco": operator["code"], "amount": 100});
            assert_eq!(ada.post("/bills/pay/electricity", body).await["data"]["billerName"], operator["name"]);
        }
    }
    for body in [json!({"billerCode": "BIL114", "itemCode": "UB161"}), json!({"billerCode": "BIL114"}), json!({"itemCode": "UB161"})] {
        let mut body = body;
        body["customer"] = json!("45083311550");
        assert_eq!(ada.post("/bills/validation/customer", body).await["data"]["item_code"], "UB161");
    }
}

#[tokio::test]
async fn a_payment_link_needs_no_customer_and_takes_one_of_any_form() {
    let ada = Ada::new().await;
    for customer in [
        Value::Null,
        json!({}),
        json!({"email": "a@example.com", "name": "A", "phone": "1"}),
        json!({"email": "", "phoneNumber": "", "name": ""}),
    ] {
        let answer =
            ada.post("/wallet/deposit/payment-link", json!({"amount": 500, "customer": customer, "reference": "", "currency": ""})).await;
        assert!(answer["data"]["link"].as_str().unwrap().starts_with(&ada.world.base), "{answer}");
    }
    ada.post("/wallet/deposit/payment-link", json!({"amount": 500})).await;
}

#[tokio::test]
async fn a_deposit_says_what_is_credited_and_where_to_go_on() {
    let ada = Ada::new().await;
    let card = json!({"cardNumber": "4000 0000 0000 0002", "cvv": "123", "expiryMonth": "09", "expiryYear": "32", "cardHolderName": "A"});
    let deposit = ada.post("/wallet/deposit?method=CARD", json!({"amount": 5000, "card": card})).await["data"].clone();
    assert_eq!(deposit["feeBreakdown"]["amountToCredit"], 5000);
    assert_eq!(deposit["nextAction"]["type"], "redirect_url");
    assert!(deposit["nextAction"]["redirect_url"]["url"].as_str().unwrap().starts_with(&ada.world.base), "absolute: {deposit}");
    for reference in ["DEP-ada-1", "DEP-ada-2", deposit["reference"].as_str().unwrap()] {
        let status = ada.get(&format!("/wallet/deposit/status/{reference}")).await["data"].clone();
        fields(&status["nextAction"], "type:s redirect_url:o payment_instruction:o");
        fields(&status["feeBreakdown"], "amountToCredit:n");
    }
}

#[tokio::test]
async fn an_offramp_order_names_bank_and_transaction_and_pays_out_in_four_currencies() {
    let ada = Ada::new().await;
    let order = |fiat: Value, bank: &str| {
        json!({"amount": 10, "token": "USDT", "network": "ethereum", "fiatCurrency": fiat, "bankCode": bank, "accountNumber": "0000000101",
               "accountName": "ADA OKAFOR"})
    };
    for (fiat, bank) in [("NGN", "058"), ("NGN", "GTBINGLA"), ("GHS", "058"), ("KES", "058"), ("USD", "058")] {
        let answer = ada.post("/offramp/exchange/initiate", order(json!(fiat), bank)).await;
        assert_eq!(answer["statusCode"], 201);
        let made = answer["data"].clone();
        fields(&made["beneficiary"], "bankCode:s bankName:s accountNumber:s accountName:s");
        fields(&made["onChain"], "depositAddress:s txHash:s sourceWallet:s");
        let amounts = &made["amounts"];
        assert_eq!(amounts["fiat"]["currency"], fiat);
        let number = |value: &Value| value.as_f64().unwrap();
        let (rate, fee, paid) = (number(&amounts["exchangeRate"]), number(&amounts["totalFee"]), number(&amounts["fiat"]["value"]));
        assert!((rate * 10.0 - fee - paid).abs() < 0.01, "what is kept is told: {amounts}");
    }
    assert_eq!(ada.post("/offramp/exchange/initiate", order(Value::Null, "058")).await["data"]["amounts"]["fiat"]["currency"], "NGN");
    for (fiat, bank) in [("EUR", "058"), ("NGN", "100004"), ("NGN", "999")] {
        nest_error_or_list(ada.send("/offramp/exchange/initiate", &order(json!(fiat), bank)).await).await;
    }
    let history = ada.get("/offramp/ledger/history?limit=2").await;
    fields(&history, "statusCode:i message:s data:l meta:o");
    fields(&history["data"][0], "cryptoAmount:i fiatAmount:i exchangeRate:i fiatCurrency:s beneficiary:o");
    for bank in ada.get("/offramp/payouts/banks").await["data"].as_array().unwrap() {
        fields(bank, "name:s code:s type:s");
    }
}

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn nest_error_or_list(answer: reqwest::Response) {
    assert_eq!(answer.status(), 400);
    let body: Value = answer.json().await.unwrap();
    assert!(body["message"].is_string() || body["message"].is_array(), "{body}");
}

#[tokio::test]
async fn assets_and_quotes_are_as_the_node_sdk_reads_them() {
    let ada = Ada::new().await;
    for asset in ada.get("/offramp/exchange/assets").await["data"].as_array().unwrap() {
        fields(asset, "symbol:s name:s networks:l");
        for network in asset["networks"].as_array().unwrap() {
            fields(network, "network:s contractAddress:s decimals:i baseCurrency:s");
        }
    }
    for fiat in ["", "&fiat=undefined", "&fiat=", "&fiat=NGN", "&fiat=KES"] {
        let quote = ada.get(&format!("/offramp/exchange/quote?token=USDT&network=bnb-smart-chain&amount=100{fiat}")).await["data"].clone();
        assert!(quote.as_str().unwrap().parse::<f64>().unwrap() > 0.0, "{quote}");
    }
}

#[tokio::test]
async fn writes_say_200_in_the_body_and_201_outside() {
    let ada = Ada::new().await;
    let answer =
        ada.send("/evm/send/native", &json!({"to": "0x00000000000000000000000000000000000000aa", "amount": "0.01", "chainId": 1})).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.json::<Value>().await.unwrap()["statusCode"], 200);
    let paid = json!({"amount": 100, "bank": "100004", "accountNumber": "0000000101", "transactionPin": "2468"});
    assert_eq!(ada.post("/wallet/payout/bank-transfer", paid).await["statusCode"], 200);
}

#[tokio::test]
async fn prices_and_solana_quotes_have_the_fields_of_both_sdks() {
    let ada = Ada::new().await;
    let price = ada
        .post("/evm-exchange/price/token-to-token", json!({"amount": "1.5", "tokenIn": BSC[0], "tokenOut": BSC[1], "chainId": 56}))
        .await;
    let price = price["data"].clone();
    fields(
        &price,
        "quoteId:s fromToken:o toToken:o fromAmount:s toAmount:s rate:s reverseRate:s minToAmount:s protocolFee:s protocolFeeToken:o \
         estimatedGas:s priceImpact:s liquidityAvailable:b expiryTimestamp:i blockNumber:s chainId:i transaction:o",
    );
    fields(&price["fromToken"], "address:s symbol:s decimals:i");
    assert_eq!(
        (&price["fromToken"]["decimals"], &price["fromAmount"]),
        (&json!(18), &json!("1500000000000000000")),
        "18 places on that chain"
    );
    // Without a chain, as the Node SDK's type allows.
    ada.post("/evm-exchange/price/native-to-token", json!({"amount": "0.1", "tokenOut": "0xdAC17F958D2ee523a2206206994597C13D831ec7"}))
        .await;
    let (usdt, usdc) = ("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");
    for query in [
        format!("sol-to-token?outputMint={usdc}&amount=0.1"),
        format!("token-to-sol?inputMint={usdc}&amount=5"),
        format!("token-to-token?inputMint={usdc}&outputMint={usdt}&amount=5"),
    ] {
        let quote = ada.get(&format!("/solana-exchange/quote/{query}")).await["data"].clone();
        fields(
            &quote,
            "quoteId:s swapMode:s fromToken:o froTtoken:o toToken:o amounts:o rates:o fees:o route:o priceImpact:s usdValues:o \
             slippageTolerance:s expiryTimestamp:i expiresIn:i estimatedSwapTime:i network:s executable:b warnings:l",
        );
        fields(&quote["amounts"], "inputAmount:s outputAmount:s minOutputAmount:s inputAmountRaw:s outputAmountRaw:s");
        fields(&quote["fees"], "protocolFeePercent:s protocolFeeAmount:s totalFeePercent:s totalFeeAmount:s gasFee:s totalCost:s");
        fields(&quote["route"], "hops:i dexes:l tokens:l efficiencyScore:i");
        fields(&quote["usdValues"], "inputValue:n outputValue:n netValue:n");
        fields(&quote["toToken"], "address:s symbol:s name:s decimals:i");
    }
}

#[tokio::test]
async fn each_chain_has_its_own_token_addresses() {
    let ada = Ada::new().await;
    let swap = |token: &str, chain: u64| json!({"amount": "1", "tokenIn": token, "chainId": chain});
    ada.post("/evm-exchange/token-to-native", swap(BSC[0], 56)).await;
    ada.post("/evm-exchange/token-to-native", swap("0x7169D38820dfd117C3FA1f22a697dBA58d90BA06", 11_155_111)).await;
    for (token, chain) in [(BSC[0], 1), ("0xdAC17F958D2ee523a2206206994597C13D831ec7", 56)] {
        let refused = nest_error(ada.send("/evm-exchange/token-to-native", &swap(token, chain)).await, 400).await;
        assert_eq!(refused, "Unsupported token", "another chain's address");
    }
    let portfolio = ada.get("/evm/portfolio/56").await["data"].clone();
    assert_eq!(portfolio["tokens"][0]["contractAddress"], BSC[0]);
    for entry in [&portfolio["nativeToken"], &portfolio["tokens"][0]] {
        let logo = ada.world.http.get(entry["logoUrl"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(logo.headers()["content-type"], "image/svg+xml");
    }
    ada.world.switch("money_types", "numbers").await;
    fields(&ada.get("/evm/portfolio/1").await["data"], "totalPortfolioValueUSD:s");
    fields(&ada.get("/solana/balance").await["data"], "balance:s");
}

#[tokio::test]
async fn a_receiver_is_known_by_every_way_of_writing_a_phone_number() {
    let ada = Ada::new().await;
    for receiver in ["+2348000000102", "2348000000102", "08000000102", "0800 000 0102", "tunde.bello@example.net"] {
        let sent = ada.post("/wallet/payout/transfer", json!({"receiver": receiver, "amount": 10, "transactionPin": "2468"})).await;
        fields(&sent["data"], "createdAt:s reference:s");
    }
    let wrong = json!({"receiver": "09000000102", "amount": 10, "transactionPin": "2468"});
    assert_eq!(ada.send("/wallet/payout/transfer", &wrong).await.status(), 404);
    let without = json!({"receiver": "08000000102", "amount": 10});
    assert_eq!(ada.send("/wallet/payout/transfer", &without).await.status(), 400, "a Connect token is not exempt from the PIN");
}

#[tokio::test]
async fn the_list_of_banks_can_be_open_to_everybody() {
    let ada = Ada::new().await;
    ada.world.switch("bank_list", "public").await;
    let address = |path: &str| format!("{}/api/v1/wallet/utils/{path}", ada.world.base);
    let banks: Value = ada.world.http.get(address("banks")).send().await.unwrap().json().await.unwrap();
    for bank in banks["data"].as_array().unwrap() {
        fields(bank, "id:i code:s name:s");
    }
    let check = json!({"accountNumber": "0000000101", "bank": "058"});
    let account: Value = ada.world.http.post(address("verify-bank-account")).json(&check).send().await.unwrap().json().await.unwrap();
    fields(&account["data"], "accountName:s accountNumber:s bankCode:s bankName:s");
}

/// `monei-sdk` 0.1.3 from PyPI, in an environment of its own that is kept below `target/`.
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test's own plumbing: a panic is its way to fail")]
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("monei-sdk-0.1.3");
    let python = folder.join("bin/python");
    let run = |command: &mut Command| {
        let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; python3-venv is needed"));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    if !folder.join("installed").exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "monei-sdk==0.1.3"]));
        std::fs::write(folder.join("installed"), "").unwrap();
    }
    python
}

/// What each method came to, by its name: `ok`, or the class of the exception.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn run_package(world: &World, access: String) -> std::collections::BTreeMap<String, (String, String)> {
    let (base, script) = (world.base.clone(), concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/pypi.py"));
    let output = tokio::task::spawn_blocking(move || {
        // The token goes in by the environment of this process alone.
        Command::new(python()).arg(script).env("SANDBOX", base).env("TOKEN", access).output().unwrap()
    });
    let output = output.await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    lines.map(|line| (text(&line["method"]), (text(&line["scope"]), text(&line["result"])))).collect()
}

/// These six can't work against any Monei: they read a wrapped answer bare, expect a list, or send another endpoint's fields.
const OWN_FAULT: [&str; 6] = [
    "wallet.get_wallet",
    "transactions.get_user_transactions",
    "evm.get_portfolio",
    "solana.get_portfolio",
    "exchange.swap_token_to_token",
    "exchange.swap_token_to_sol",
];

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(windows, ignore = "Wine has no Python")]
async fn the_published_python_package_runs_with_all_scopes_and_with_each_alone() {
    let world = World::new().await;
    world.switch("old_paths", "on").await;
    world.switch("token_calls_per_minute", "0").await;
    let whole = run_package(&world, world.connect("ada", ALL).await.access).await;
    assert_eq!(whole.len(), 31);
    for (method, (_, result)) in &whole {
        assert_eq!(result == "ok", !OWN_FAULT.contains(&method.as_str()), "{method}: {result}");
    }
    for scope in ALL.split(' ') {
        world.control("revoke", json!({})).await;
        world.control("reset", json!({"what": "money"})).await;
        let alone = run_package(&world, world.connect("ada", scope).await.access).await;
        for (method, (needed, result)) in alone {
            if needed == scope {
                assert_eq!(result == "ok", !OWN_FAULT.contains(&method.as_str()), "{method} with {scope}: {result}");
            } else {
                assert_eq!(result, "MoneiAPIError 403", "{method} with {scope}");
            }
        }
    }
}
