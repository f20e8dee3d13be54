//! Scopes open exactly their endpoints (Monei: scopes), and these answer in the documented shapes.

use crate::kit::{World, nest_error};
use serde_json::{Value, json};

const READS: [(&str, &str); 17] = [
    ("/user/me", "profile:read"),
    ("/kyc/status", "kyc:read"),
    ("/kyc/limits", "kyc:read"),
    ("/wallet/me", "wallet:read"),
    ("/wallet/naira-wallet", "wallet:read"),
    ("/transactions", "wallet:read"),
    ("/transactions/user", "wallet:read"),
    ("/wallet/deposit/status/DEP-ada-1", "wallet:read"),
    ("/evm/portfolio/1", "wallet:read"),
    ("/evm/balance/native?chainId=56", "wallet:read"),
    ("/evm/balance/token?chainId=1&tokenAddress=0xdAC17F958D2ee523a2206206994597C13D831ec7", "wallet:read"),
    ("/solana/portfolio", "wallet:read"),
    ("/solana/balance", "wallet:read"),
    ("/solana/address", "wallet:read"),
    ("/bills/records", "wallet:read"),
    ("/offramp/ledger/history", "wallet:read"),
    ("/offramp/ledger/status/OFF-A1B2C3D4", "wallet:read"),
];
const SCOPES: [&str; 9] = [
    "profile:read",
    "kyc:read",
    "wallet:read",
    "wallet:deposit",
    "wallet:send",
    "wallet:withdraw",
    "bills:pay",
    "swap:execute",
    "offramp:execute",
];

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn data(world: &World, access: &str, path: &str) -> Value {
    let answer = world.get(path, access).await;
    assert_eq!(answer.status(), 200, "{path}");
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["statusCode"], 200, "{path}");
    assert!(body["message"].is_string());
    body["data"].clone()
}

#[tokio::test]
async fn each_endpoint_opens_with_its_scope_and_with_no_other() {
    let world = World::new().await;
    world.switch("token_calls_per_minute", "0").await;
    let mut refused = 0;
    for scope in SCOPES {
        world.control("revoke", json!({})).await;
        let tokens = world.connect("ada", scope).await;
        for (path, needed) in READS {
            let answer = world.get(path, &tokens.access).await;
            if scope == needed {
                assert_eq!(answer.status(), 200, "{path} with {scope}");
            } else {
                assert!(nest_error(answer, 403).await.contains(needed), "{path} with {scope}");
                refused += 1;
            }
        }
    }
    assert_eq!(world.state().await["counters"]["forbidden"], refused);
}

#[tokio::test]
async fn without_a_good_token_everything_is_401() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    let url = format!("{}/api/v1/user/me", world.base);
    let headers = [
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "Bearer mct_sim_nobody",
        &format!("Bearer {}", tokens.refresh),
        &format!("Bearer {}x", tokens.access),
    ];
    for header in headers {
        nest_error(world.http.get(&url).header("authorization", header).send().await.unwrap(), 401).await;
    }
    nest_error(world.http.get(&url).send().await.unwrap(), 401).await;
    nest_error(world.http.get(format!("{url}?access_token={}", tokens.access)).send().await.unwrap(), 401).await;
    let twice = world.http.get(&url).bearer_auth(&tokens.access).bearer_auth(&tokens.access).send().await.unwrap();
    nest_error(twice, 401).await;
    let lower_case = world.http.get(&url).header("authorization", format!("bearer {}", tokens.access)).send().await.unwrap();
    assert_eq!(lower_case.status(), 200);
}

#[tokio::test]
async fn endpoints_in_no_scopes_list_are_403_and_unknown_ones_404() {
    let world = World::new().await;
    let tokens = world.connect("ada", &SCOPES.join(" ")).await;
    for (method, path) in [
        ("GET", "/evm/networks"),
        ("GET", "/wallet/utils/banks"),
        ("POST", "/wallet/utils/verify-bank-account"),
        ("POST", "/wallet/virtual-account"),
        ("POST", "/wallet/deposit/authorize"),
        ("POST", "/wallet/deposit/payment-method"),
        ("GET", "/transactions/6f1c"),
        ("GET", "/transactions/reference/x"),
        ("GET", "/bills/records/reference/x"),
        ("GET", "/bills/records/receipt/x"),
        ("GET", "/solana/token-balance/x"),
        ("GET", "/payment-methods"),
        ("POST", "/payment-methods"),
        ("GET", "/payment-methods/x"),
        ("DELETE", "/payment-methods/x"),
        ("PATCH", "/payment-methods/x/default"),
        ("PATCH", "/user/update/x"),
    ] {
        let ask = || world.http.request(method.parse().unwrap(), format!("{}/api/v1{path}", world.base));
        nest_error(ask().bearer_auth(&tokens.access).send().await.unwrap(), 403).await;
        nest_error(ask().send().await.unwrap(), 401).await;
    }
    assert_eq!(nest_error(world.get("/nothing", &tokens.access).await, 404).await, "Cannot GET /api/v1/nothing");
    let posted = world.http.post(format!("{}/api/v1/user/me", world.base)).send().await.unwrap();
    assert_eq!(nest_error(posted, 404).await, "Cannot POST /api/v1/user/me");
}

#[tokio::test]
async fn people_differ_as_they_are_described() {
    let world = World::new().await;
    let scope = "profile:read kyc:read wallet:read";
    let ada = world.connect("ada", scope).await.access;
    let me = data(&world, &ada, "/user/me").await;
    assert_eq!((&me["firstName"], &me["kycInfo"]["currentTier"]), (&json!("Ada"), &json!("tier_3")));
    let wallet = data(&world, &ada, "/wallet/me?chainId=1").await;
    assert_eq!(wallet["nairaBalance"], "1842500.75");
    assert_eq!(wallet["subwallets"][0]["balance"], 1_842_500.75);
    assert_eq!(wallet["subwallets"].as_array().unwrap().len(), 3);
    assert!(wallet["evmPortfolio"]["totalPortfolioValueUSD"].is_string());

    let tunde = world.connect("tunde", scope).await.access;
    assert_eq!(data(&world, &tunde, "/kyc/status").await["currentTier"], "tier_1");
    let wallet = data(&world, &tunde, "/wallet/me").await;
    assert_eq!(wallet["nairaBalance"], "1805.00");
    assert!(wallet["subwallets"][0]["virtualAccount"].is_null());
    assert_eq!(data(&world, &tunde, "/transactions").await["pagination"]["total"], 3);

    let markup = world.connect("markup", scope).await.access;
    let name = data(&world, &markup, "/user/me").await["firstName"].as_str().unwrap().to_owned();
    assert_eq!(name, "<img src=x onerror=alert(1)>");

    let blocked = world.connect("blocked", scope).await.access;
    assert_eq!(data(&world, &blocked, "/kyc/limits").await["withdrawalAllowed"], false);
}

#[tokio::test]
async fn transactions_come_in_pages_newest_first_and_can_be_filtered() {
    let world = World::new().await;
    let access = world.connect("ada", "wallet:read").await.access;
    let mut ids = Vec::new();
    for page in 1..=5 {
        let found = data(&world, &access, &format!("/transactions?page={page}&limit=10")).await;
        let pagination = &found["pagination"];
        assert_eq!((&pagination["total"], &pagination["totalPages"]), (&json!(42), &json!(5)));
        assert_eq!(pagination["hasNextPage"], page < 5);
        ids.extend(found["transactions"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!(ids.len(), 42);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 42);
    let credits = data(&world, &access, "/transactions/user?type=CREDIT&limit=100").await;
    assert!(credits["transactions"].as_array().unwrap().iter().all(|one| one["type"] == "CREDIT"));
    let all = data(&world, &access, "/transactions?limit=100").await["transactions"].as_array().unwrap().clone();
    assert!(all.iter().any(|one| one["amount"].is_string()) && all.iter().any(|one| one["amount"].is_number()));
    assert!(all.iter().any(|one| one.get("currency").is_none()) && all.iter().any(|one| one["narration"].is_null()));
    assert!(all.windows(2).all(|pair| pair[0]["createdAt"].as_str() >= pair[1]["createdAt"].as_str()));
    for wrong in ["page=0", "limit=1000", "minAmount=lots", "startDate=yesterday", "sortBy=colour", "sortOrder=up"] {
        nest_error(world.get(&format!("/transactions?{wrong}"), &access).await, 400).await;
    }
}

#[tokio::test]
async fn the_offramp_ledger_deviates_as_monei_does() {
    let world = World::new().await;
    let access = world.connect("ada", "wallet:read").await.access;
    let history: Value = world.get("/offramp/ledger/history?page=1&limit=2", &access).await.json().await.unwrap();
    assert!(history["message"].is_string());
    world.switch("history_status", "absent").await;
    let history: Value = world.get("/offramp/ledger/history?page=1&limit=2", &access).await.json().await.unwrap();
    assert!(history.get("statusCode").is_none() && history["message"].is_string());
    assert_eq!((&history["meta"]["currentPage"], &history["meta"]["totalItems"]), (&json!("1"), &json!(7)));
    let status: Value = world.get("/offramp/ledger/status/OFF-A1B2C3D4", &access).await.json().await.unwrap();
    assert_eq!(status["internalReference"], "OFF-A1B2C3D4");
    nest_error(world.get("/offramp/ledger/status/OFF-NONE", &access).await, 404).await;
    nest_error(world.get("/evm/portfolio/999999", &access).await, 400).await;
}
