//! What the read endpoints answer, field by field, and what their filters do (Monei: account management, wallets, API reference).

use crate::kit::{World, nest_error};
use serde_json::{Value, json};

const ALL_READS: &str = "profile:read kyc:read wallet:read";

/// Ada's answer of one endpoint, whole.
#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn answer(world: &World, access: &str, path: &str) -> Value {
    let answer = world.get(path, access).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

/// Asserts that each of these fields is there and of its kind: `s`tring, `n`umber, `b`oolean, `o`bject, `l`ist, `z` for null; several
/// letters for one of several.
#[expect(clippy::panic, reason = "a test's own plumbing: a panic is its way to fail")]
fn fields(of: &Value, kinds: &str) {
    for field in kinds.split_whitespace() {
        let (name, kinds) = field.split_once(':').unwrap_or_else(|| panic!("{field}"));
        let found = of.get(name).unwrap_or_else(|| panic!("{name} is missing in {of}"));
        let kind = match found {
            Value::String(_) => 's',
            Value::Number(_) => 'n',
            Value::Bool(_) => 'b',
            Value::Object(_) => 'o',
            Value::Array(_) => 'l',
            Value::Null => 'z',
        };
        assert!(kinds.contains(kind), "{name} is {found}, not one of {kinds}");
    }
}

const LIMITS: &str = "maxSingleTransaction:n dailyTransactionLimit:n monthlyTransactionLimit:n maxWalletBalance:n cryptoDailyLimit:n \
                      cryptoAllowed:b crossBorderAllowed:b p2pAllowed:b withdrawalAllowed:b";

#[tokio::test]
async fn the_envelope_has_status_message_and_data_and_errors_only_where_it_is_switched_on() {
    let world = World::new().await;
    let ada = world.connect("ada", ALL_READS).await.access;
    let plain = answer(&world, &ada, "/user/me").await;
    fields(&plain, "statusCode:n message:s data:o");
    assert_eq!(plain.as_object().unwrap().len(), 3);
    world.switch("envelope", "with_errors").await;
    fields(&answer(&world, &ada, "/user/me").await, "statusCode:n message:s data:o errors:o");
    world.switch("envelope", "plain").await;
    let operators = world.connect("ada", "bills:pay").await.access;
    fields(&answer(&world, &operators, "/bills/discovery/electricity-operators").await, "StatusCode:n message:s");
}

#[tokio::test]
async fn the_profile_has_the_fields_of_the_sdks_of_the_guides_or_the_least() {
    let world = World::new().await;
    let ada = world.connect("ada", ALL_READS).await.access;
    let me = answer(&world, &ada, "/user/me").await;
    assert_eq!(me["message"], "User retrieved successfully");
    fields(
        &me["data"],
        "id:s createdAt:s updatedAt:s deletedDate:z firstName:s lastName:s name:s email:s phone:s haveTransactionPin:b verified:b dob:s \
         isAdmin:b onboardingState:s kycInfo:o",
    );
    fields(
        &me["data"]["kycInfo"],
        "id:s currentTier:s status:s ninVerified:b bvnVerified:b governmentIdVerified:b selfieVerified:b addressVerified:b canUpgrade:b limits:o",
    );
    world.switch("profile_shape", "guide").await;
    let guide = answer(&world, &ada, "/user/me").await["data"].clone();
    fields(&guide, "id:s email:s phoneNumber:s firstName:s lastName:s dateOfBirth:s status:s kycInfo:o createdAt:s updatedAt:s");
    fields(&guide["kycInfo"], "currentTier:s verified:b limits:o");
    fields(&guide["kycInfo"]["limits"], "dailyTransactionLimit:n monthlyTransactionLimit:n cryptoAllowed:b");
    world.switch("profile_shape", "minimal").await;
    fields(&answer(&world, &ada, "/user/me").await["data"], "id:s email:s firstName:s lastName:s status:s createdAt:s");
}

#[tokio::test]
async fn kyc_status_and_limits_tell_the_tier_and_a_new_person_has_tier_1() {
    let world = World::new().await;
    let tunde = world.connect("tunde", ALL_READS).await.access;
    let status = answer(&world, &tunde, "/kyc/status").await["data"].clone();
    fields(&status, "currentTier:s status:s canUpgrade:b limits:o verified:o requirements:s");
    fields(&status["verified"], "nin:b bvn:b governmentId:b selfie:b biometric:b address:b");
    fields(&status["limits"], LIMITS);
    let limits = answer(&world, &tunde, "/kyc/limits").await["data"].clone();
    assert_eq!(limits, status["limits"]);
    let tier_1 = ("maxSingleTransaction", 200_000, "dailyTransactionLimit", 200_000, "monthlyTransactionLimit", 2_000_000);
    assert_eq!((&limits[tier_1.0], &limits[tier_1.2], &limits[tier_1.4]), (&json!(tier_1.1), &json!(tier_1.3), &json!(tier_1.5)));
    assert_eq!(limits["cryptoAllowed"], true);
}

#[tokio::test]
async fn the_wallet_is_in_naira_with_its_sub_wallets_and_monei_s_own_spelling() {
    let world = World::new().await;
    let ada = world.connect("ada", ALL_READS).await.access;
    let wallet = answer(&world, &ada, "/wallet/me?chainId=1").await;
    assert_eq!(wallet["message"], "User wallet retreived succesfully");
    fields(&wallet["data"], "nairaBalance:s subwallets:l");
    let subwallets = wallet["data"]["subwallets"].as_array().unwrap();
    for subwallet in subwallets {
        fields(subwallet, "id:s type:s balance:n chain:sz publicAddress:sz virtualAccount:oz createdAt:s updatedAt:s deletedDate:z");
    }
    let kinds: Vec<_> = subwallets.iter().map(|one| (&one["type"], &one["chain"])).collect();
    assert_eq!(kinds, [(&json!("FIAT"), &Value::Null), (&json!("CRYPTO"), &json!("EVM")), (&json!("CRYPTO"), &json!("SOLANA"))]);
    let account = "id:s accountNumber:s bankName:s accountName:s reference:s status:s isActive:b createdAt:s updatedAt:s deletedDate:z";
    fields(&subwallets[0]["virtualAccount"], account);
    let naira = answer(&world, &ada, "/wallet/naira-wallet").await["data"].clone();
    fields(&naira, "id:s type:s currency:s balance:n virtualAccount:o createdAt:s updatedAt:s");
    assert_eq!((&naira["balance"], &wallet["data"]["nairaBalance"]), (&json!(1_842_500.75), &json!("1842500.75")), "major units");
}

#[tokio::test]
async fn transactions_and_deposits_have_their_documented_fields() {
    let world = World::new().await;
    let ada = world.connect("ada", ALL_READS).await.access;
    let data = answer(&world, &ada, "/transactions?limit=100").await["data"].clone();
    fields(&data["pagination"], "page:n limit:n total:n totalPages:n hasNextPage:b hasPreviousPage:b");
    for one in data["transactions"].as_array().unwrap() {
        fields(one, "id:s createdAt:s updatedAt:s deletedDate:z userId:s amount:ns type:s status:s reference:s narration:sz");
    }
    let deposit = answer(&world, &ada, "/wallet/deposit/status/DEP-ada-1").await["data"].clone();
    fields(&deposit["feeBreakdown"], "amountToCredit:n");
    fields(&deposit, "amount:n reference:s currency:s accountNumber:s bankName:s accountName:s expiry_datetime:s note:s status:s");
    nest_error(world.get("/wallet/deposit/status/none", &ada).await, 404).await;
}

#[tokio::test]
async fn portfolios_write_money_as_monei_does() {
    let world = World::new().await;
    let ada = world.connect("ada", ALL_READS).await.access;
    let evm = answer(&world, &ada, "/evm/portfolio/1").await["data"].clone();
    fields(&evm, "userId:s walletAddress:s network:s totalPortfolioValueUSD:s nativeToken:o tokens:l updatedAt:s");
    let token = "name:s symbol:s decimals:n type:s balance:s balanceUSD:s priceUSD:s rawBalance:s network:s";
    fields(&evm["nativeToken"], token);
    fields(&evm["tokens"][0], &format!("{token} contractAddress:s"));
    let solana = answer(&world, &ada, "/solana/portfolio?network=mainnet-beta").await["data"].clone();
    fields(&solana, "userId:s address:s nativeBalance:s nativeBalanceLamports:s tokens:l");
    fields(&solana["tokens"][0], "mintAddress:s name:s symbol:s balance:sn rawBalance:s decimals:n");
    nest_error(world.get("/solana/portfolio?network=moon", &ada).await, 400).await;
    for path in ["/evm/balance/native?chainId=1", "/solana/balance"] {
        fields(&answer(&world, &ada, path).await["data"], "balance:s");
    }
    fields(&answer(&world, &ada, "/solana/address").await["data"], "address:s");
    for chain in [1, 56, 137, 42161, 10, 8453, 534_352, 1135] {
        answer(&world, &ada, &format!("/evm/portfolio/{chain}")).await;
    }
}

#[tokio::test]
async fn bill_records_are_paged_in_their_own_way_and_can_be_filtered() {
    let world = World::new().await;
    let ada = world.connect("ada", ALL_READS).await.access;
    let all = answer(&world, &ada, "/bills/records").await["data"].clone();
    fields(&all, "bills:l page:n limit:n total:n totalPages:n hasNext:b hasPrev:b");
    let fields_of_a_bill = "id:s createdAt:s updatedAt:s deletedDate:z userId:s reference:s billerCode:s itemCode:s customer:s amount:s type:s \
                            status:s providerData:z txRef:s billerName:s metadata:o";
    for bill in all["bills"].as_array().unwrap() {
        fields(bill, fields_of_a_bill);
    }
    let day = |bill: usize| all["bills"][bill]["createdAt"].as_str().unwrap()[..10].to_owned();
    for (filter, total) in [
        ("type=AIRTIME".to_owned(), 1),
        ("status=FAILED".to_owned(), 1),
        ("billerName=ikeja".to_owned(), 1),
        ("billerCode=BIL104".to_owned(), 1),
        ("customer=1000000001".to_owned(), 1),
        ("search=flyapi-0002".to_owned(), 1),
        ("minAmount=1500.5&maxAmount=12500".to_owned(), 2),
        (format!("startDate={}", day(1)), 2),
        (format!("startDate={}&endDate={}", day(2), day(1)), 2),
        ("limit=1&page=2".to_owned(), 4),
    ] {
        assert_eq!(answer(&world, &ada, &format!("/bills/records?{filter}")).await["data"]["total"], total, "{filter}");
    }
    for wrong in ["type=RENT", "status=success", "minAmount=-1", "maxAmount=x", "startDate=soon", "endDate=2026-13-01", "page=0", "limit=0"]
    {
        nest_error(world.get(&format!("/bills/records?{wrong}"), &ada).await, 400).await;
    }
}

#[tokio::test]
async fn every_filter_of_the_transactions_filters() {
    let world = World::new().await;
    let ada = world.connect("ada", ALL_READS).await.access;
    let all = answer(&world, &ada, "/transactions?limit=100").await["data"]["transactions"].as_array().unwrap().clone();
    let amount = |one: &Value| one["amount"].as_f64().or_else(|| one["amount"].as_str().and_then(|text| text.parse().ok())).unwrap();
    let third = all[2].clone();
    let day = third["createdAt"].as_str().unwrap()[..10].to_owned();
    let listed = async |filter: &str| -> Vec<Value> {
        let found = answer(&world, &ada, &format!("/transactions?limit=100&{filter}")).await;
        found["data"]["transactions"].as_array().unwrap().clone()
    };
    let count = |holds: &dyn Fn(&Value) -> bool| all.iter().filter(|one| holds(one)).count();
    for (filter, expected) in [
        ("status=PENDING".to_owned(), count(&|one| one["status"] == "PENDING")),
        ("type=CREDIT".to_owned(), count(&|one| one["type"] == "CREDIT")),
        ("minAmount=30000&maxAmount=100000".to_owned(), count(&|one| (30_000.0..=100_000.0).contains(&amount(one)))),
        ("narration=lunch".to_owned(), count(&|one| one["narration"].as_str().is_some_and(|text| text.contains("Lunch")))),
        (format!("reference={}", third["reference"].as_str().unwrap()), 1),
        ("currency=USD".to_owned(), count(&|one| one.get("currency").is_none())),
        ("fincraReference=x".to_owned(), 0),
        ("flutterwaveReference=x".to_owned(), 0),
        (format!("startDate={day}"), count(&|one| one["createdAt"].as_str().unwrap()[..10] >= *day)),
        (format!("endDate={day}"), count(&|one| one["createdAt"].as_str().unwrap()[..10] <= *day)),
    ] {
        assert_eq!(listed(&filter).await.len(), expected, "{filter}");
    }
    let oldest_first = listed("sortBy=createdAt&sortOrder=asc").await;
    assert_eq!(oldest_first.first(), all.last());
    let by_amount = listed("sortBy=amount").await;
    assert!(by_amount.windows(2).all(|pair| amount(&pair[0]) >= amount(&pair[1])));
    for wrong in ["status=DONE", "type=credit", "sortOrder=up"] {
        nest_error(world.get(&format!("/transactions?{wrong}"), &ada).await, 400).await;
    }
}

#[tokio::test]
async fn the_offramp_ledger_has_its_observed_and_its_documented_fields() {
    let world = World::new().await;
    let ada = world.connect("ada", ALL_READS).await.access;
    let history = answer(&world, &ada, "/offramp/ledger/history").await;
    fields(&history["meta"], "totalItems:n itemCount:n itemsPerPage:n totalPages:n currentPage:n");
    assert_eq!(history["meta"]["itemsPerPage"], 10);
    let order =
        "id:s reference:s status:s asset:s network:s cryptoAmount:n fiatAmount:n fiatCurrency:s exchangeRate:n beneficiary:o createdAt:s";
    fields(&history["data"][0], order);
    fields(&history["data"][0]["beneficiary"], "bankCode:s accountNumber:s");
    let status = answer(&world, &ada, "/offramp/ledger/status/OFF-A1B2C3D4").await;
    fields(
        &status,
        "id:s internalReference:s provider:s providerTransactionId:s status:s cryptoAmount:n fiatAmount:n exchangeRate:n fromCurrency:s \
         toCurrency:s createdAt:s updatedAt:s expiresAt:s providerStatus:s fees:o debitPaymentDetails:o creditPaymentDetails:o",
    );
    fields(&status["fees"], "providerFee:n networkFee:n serviceFee:n");
    fields(&status["debitPaymentDetails"], "paymentMethod:s currency:s network:s walletAddress:s");
    fields(&status["creditPaymentDetails"], "paymentMethod:s currency:s accountName:s accountNumber:s bankCode:s");
}
