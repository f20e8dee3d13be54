//! Each switch either way: what Monei leaves open, the sandbox does in every way that is on offer.

use crate::kit::{self, Browser, CALLBACK, CLIENT_ID, SECRET, Tokens, World, exchange_body, nest_error, parameter};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn json_of(world: &World, access: &str, path: &str) -> Value {
    world.get(path, access).await.json().await.unwrap()
}

/// What one setting of a switch comes to, told apart from the others by what an app or a person sees of it.
#[expect(clippy::panic, clippy::unwrap_used, reason = "a switch that nothing shows is what this looks for")]
async fn effect(world: &World, name: &str) -> String {
    const ALL: &str = "profile:read kyc:read wallet:read wallet:deposit wallet:send bills:pay swap:execute offramp:execute";
    let json = async |answer: reqwest::Response| -> Value {
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap_or(Value::Null);
        json!({"status": status, "body": body})
    };
    let ada = async || world.connect("ada", ALL).await;
    let get = async |path: &str, user: &str| json(world.get(path, &world.connect(user, ALL).await.access).await).await;
    let post = async |path: &str, body: Value| {
        let access = ada().await.access;
        json(world.http.post(format!("{}/api/v1{path}", world.base)).bearer_auth(access).json(&body).send().await.unwrap()).await
    };
    let keys = |value: &Value| value.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>().join(" ")).unwrap_or_default();
    let statuses = async |bodies: Vec<Value>| {
        let mut seen = Vec::new();
        for body in bodies {
            seen.push(world.token(body).await.status().as_u16());
        }
        format!("{seen:?}")
    };
    let refresh = |token: &str| json!({"grant_type": "refresh_token", "refresh_token": token});
    match name {
        "denial_description" => format!("{:?}", parameter(&world.decide("ada", "wallet:read", json!([])).await, "error_description")),
        "none_granted" => {
            let mut browser = Browser::new();
            let page = browser.consent(&world.authorize_url("wallet:read"), "ada").await;
            format!("{:?}", parameter(&browser.submit(&page, &[("decision", "allow")]).await.location(), "error"))
        }
        "upgrade_scopes" => {
            world.connect("ada", "profile:read").await;
            format!("{:?}", world.connect("ada", "kyc:read").await.scopes)
        }
        "old_pair_after_upgrade" => {
            let old = world.connect("ada", "profile:read").await;
            world.connect("ada", "kyc:read").await;
            world.get("/user/me", &old.access).await.status().to_string()
        }
        "single_grant" => {
            let old = world.connect("ada", "profile:read").await;
            world.connect("ada", "profile:read").await;
            world.get("/user/me", &old.access).await.status().to_string()
        }
        "iss" => format!("{:?}", parameter(&world.decide("ada", "wallet:read", json!([])).await, "iss")),
        "consent_form_action" => {
            let page = Browser::new().open(&world.authorize_url("wallet:read")).await;
            page.header("content-security-policy").to_owned()
        }
        "custom_scheme_redirect" => {
            let own = [("client_id", CLIENT_ID), ("redirect_uri", "com.example.app:/callback"), ("scope", "wallet:read")];
            Browser::new().open(&world.authorize_with(&own)).await.status.to_string()
        }
        "exchange_encoding" => {
            let form = "grant_type=refresh_token&refresh_token=mcr_sim_junk";
            let request = world.http.post(format!("{}/api/v1/connect/token", world.base));
            request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap().status().to_string()
        }
        "token_status" => world.exchange(&world.code("ada", "wallet:read").await).await.status().to_string(),
        "unknown_fields" => post("/wallet/deposit/payment-link", json!({"amount": 500, "colour": 1})).await["status"].to_string(),
        "refresh_secret" => {
            let with = |token: &str| json!({"grant_type": "refresh_token", "refresh_token": token, "client_id": CLIENT_ID, "client_secret": SECRET});
            let (one, other) = (ada().await.refresh, ada().await.refresh);
            statuses(vec![refresh(&one), with(&other)]).await
        }
        "refresh_scopes" => keys(&json(world.refresh(&ada().await.refresh).await).await["body"]),
        "bad_refresh_status" => world.refresh("mcr_sim_junk").await.status().to_string(),
        "reuse_revokes_family" => {
            let old = world.connect("ada", "profile:read").await;
            let new = Tokens::of(world.refresh(&old.refresh).await).await;
            world.refresh(&old.refresh).await;
            world.get("/user/me", &new.access).await.status().to_string()
        }
        "revoke_response" => world.revoke(&ada().await.access).await.status().to_string(),
        "revoke_by_refresh_token" => world.revoke(&ada().await.refresh).await.status().to_string(),
        "revoke_expired" => {
            let access = ada().await.access;
            world.control("expire", json!({})).await;
            world.revoke(&access).await.status().to_string()
        }
        "revoke_forgets_consent" => {
            world.revoke(&world.connect("ada", "kyc:read").await.access).await;
            let page = Browser::new().consent(&world.authorize_url("kyc:read"), "ada").await;
            format!("{:?}", page.offered())
        }
        "secret_overlap" => {
            let code = world.code("ada", "wallet:read").await;
            world.control("secret", json!({"client_id": CLIENT_ID, "client_secret": "mcs_sim_next"})).await;
            world.exchange(&code).await.status().to_string()
        }
        "transactions_path" => {
            format!("{} {}", get("/transactions", "ada").await["status"], get("/transactions/user", "ada").await["status"])
        }
        "bill_paths" => {
            let body = json!({"phoneNumber": "08000000101", "biller": "glo", "amount": 500});
            format!("{} {}", post("/bills/pay/airtime", body.clone()).await["status"], post("/bills/buy-airtime", body).await["status"])
        }
        "old_paths" => post("/wallet/user/fund-wallet", json!({"amount": 500})).await["status"].to_string(),
        "bank_list" => world.http.get(format!("{}/api/v1/wallet/utils/banks", world.base)).send().await.unwrap().status().to_string(),
        "quote_shape" => {
            let quote = get("/offramp/exchange/quote?token=USDT&network=base&amount=10", "ada").await["body"]["data"].clone();
            format!("{} {} {}", quote.is_string(), quote.is_number(), quote.is_object())
        }
        "sale_status_shape" => keys(&get("/offramp/ledger/status/OFF-A1B2C3D4", "ada").await["body"]),
        "history_status" => keys(&get("/offramp/ledger/history", "ada").await["body"]),
        "token_type" => get("/evm/portfolio/1", "ada").await["body"]["data"]["tokens"][0]["type"].to_string(),
        "write_status" => post("/wallet/deposit/payment-link", json!({"amount": 500})).await["status"].to_string(),
        "write_body_status" => post("/wallet/deposit/payment-link", json!({"amount": 500})).await["body"]["statusCode"].to_string(),
        "kyc_limits_shape" => keys(&get("/kyc/limits", "ada").await["body"]["data"]),
        "profile_shape" => keys(&get("/user/me", "ada").await["body"]["data"]),
        "money_types" => {
            let wallet = get("/wallet/me", "ada").await["body"]["data"].clone();
            format!("{} {}", wallet["nairaBalance"].is_string(), wallet["subwallets"][0]["balance"].is_string())
        }
        "envelope" => keys(&get("/user/me", "ada").await["body"]),
        "kyc_blocks" => get("/wallet/me", "blocked").await["status"].to_string(),
        "long_names" => {
            (get("/user/me", "markup").await["body"]["data"]["firstName"].as_str().unwrap_or_default().len() > 10_000).to_string()
        }
        "token_length" => ada().await.access.len().to_string(),
        "quota_key" => {
            // One call for each of two people, grants and addresses, of one client: which of them are counted together.
            let (first, second, third) = (ada().await.refresh, ada().await.refresh, world.connect("tunde", "kyc:read").await.refresh);
            world.control("reset", json!({"what": "quotas"})).await;
            world.switch("token_calls_per_minute", "1").await;
            let mut seen = Vec::new();
            for (token, from) in [(&first, "127.0.0.1"), (&first, "127.0.0.2"), (&second, "127.0.0.3"), (&third, "127.0.0.4")] {
                let http = kit::http_from(from);
                let sent = http.post(format!("{}/api/v1/connect/token", world.base)).json(&refresh(token)).send().await.unwrap();
                seen.push(sent.status().as_u16());
            }
            format!("{seen:?}")
        }
        "refused_calls_count" => {
            world.switch("token_calls_per_minute", "1").await;
            world.refresh("x").await;
            world.control("clock", json!({"offset_s": 30})).await;
            world.refresh("x").await;
            world.control("clock", json!({"offset_s": 65})).await;
            world.refresh("x").await.status().to_string()
        }
        "retry_after" => {
            world.switch("token_calls_per_minute", "1").await;
            world.refresh("x").await;
            let header = world.refresh("x").await.headers().get("retry-after").map(|value| value.to_str().unwrap().len() > 6);
            format!("{header:?}")
        }
        "token_calls_per_minute" => {
            let tried = vec![refresh("x"), refresh("x")];
            statuses(tried).await
        }
        "authorize_per_minute" => {
            let url = world.authorize_url("wallet:read");
            format!("{} {}", Browser::new().open(&url).await.status, Browser::new().open(&url).await.status)
        }
        "state_max_len" => Browser::new().open(&world.authorize_url("wallet:read")).await.status.to_string(),
        _ => panic!("nothing shows what the switch {name} does"),
    }
}

#[tokio::test]
async fn every_value_of_every_switch_makes_a_difference_that_can_be_seen() {
    let world = World::new().await;
    let table: Value = world.http.get(format!("{}/sandbox/api/switches", world.base)).send().await.unwrap().json().await.unwrap();
    for row in table.as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        assert_eq!(row["value"], row["default"]);
        let values: Vec<String> = match row["choices"].as_array().unwrap().as_slice() {
            [] => vec!["1".to_owned(), "0".to_owned()],
            choices => choices.iter().map(|choice| choice.as_str().unwrap().to_owned()).collect(),
        };
        let mut effects = std::collections::BTreeMap::new();
        for value in values {
            let world = World::new().await;
            if name != "token_calls_per_minute" {
                world.switch("token_calls_per_minute", "0").await;
            }
            world.switch(name, &value).await;
            let effect = effect(&world, name).await;
            if let Some(other) = effects.insert(effect.clone(), value.clone()) {
                panic!("{name}: {other} and {value} both come to {effect}");
            }
        }
    }
}

#[tokio::test]
async fn denial_description() {
    let world = World::new().await;
    assert_eq!(parameter(&world.decide("ada", "wallet:read", json!([])).await, "error_description"), None);
    world.switch("denial_description", "on").await;
    assert!(parameter(&world.decide("ada", "wallet:read", json!([])).await, "error_description").is_some());
}

#[tokio::test]
async fn none_granted() {
    let world = World::new().await;
    world.switch("none-granted", "empty").await;
    let mut browser = Browser::new();
    let consent = browser.consent(&world.authorize_url("wallet:read"), "ada").await;
    let back = browser.submit(&consent, &[("decision", "allow")]).await.location();
    let tokens = Tokens::of(world.exchange(&parameter(&back, "code").unwrap()).await).await;
    assert!(tokens.scopes.is_empty());
    nest_error(world.get("/wallet/me", &tokens.access).await, 403).await;
    world.switch("none_granted", "error").await;
    let consent = browser.open(consent.url.as_str()).await;
    let back = browser.submit(&consent, &[("decision", "allow")]).await.location();
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn upgrade_scopes() {
    for (value, expected) in [("cumulative", vec!["profile:read", "wallet:read"]), ("only_new", vec!["wallet:read"])] {
        let world = World::new().await;
        world.switch("upgrade_scopes", value).await;
        world.connect("ada", "profile:read").await;
        assert_eq!(world.connect("ada", "wallet:read").await.scopes, expected, "{value}");
    }
}

#[tokio::test]
async fn old_pair_after_upgrade() {
    for (value, status) in [("alive", 200), ("dead", 401)] {
        let world = World::new().await;
        world.switch("old_pair_after_upgrade", value).await;
        let old = world.connect("ada", "profile:read").await;
        let other = world.connect("tunde", "profile:read").await;
        let again = world.connect("ada", "profile:read").await;
        assert_eq!(world.get("/user/me", &old.access).await.status(), 200, "the same scopes again are no upgrade");
        world.connect("ada", "wallet:read").await;
        assert_eq!(world.get("/user/me", &old.access).await.status(), status, "{value}");
        assert_eq!(world.get("/user/me", &again.access).await.status(), status, "{value}");
        assert_eq!(world.get("/user/me", &other.access).await.status(), 200);
    }
}

#[tokio::test]
async fn single_grant() {
    for (value, status) in [("off", 200), ("on", 401)] {
        let world = World::new().await;
        world.switch("single_grant", value).await;
        let old = world.connect("ada", "profile:read").await;
        world.connect("ada", "profile:read").await;
        assert_eq!(world.get("/user/me", &old.access).await.status(), status, "{value}");
    }
}

#[tokio::test]
async fn iss() {
    let world = World::new().await;
    for (value, expected) in [("absent", None), ("present", Some(world.base.as_str())), ("wrong", Some("https://issuer.invalid"))] {
        world.switch("iss", value).await;
        assert_eq!(parameter(&world.decide("ada", "wallet:read", json!([])).await, "iss").as_deref(), expected);
    }
}

#[tokio::test]
async fn custom_scheme_redirect() {
    let world = World::new().await;
    let url = world.authorize_with(&[("client_id", CLIENT_ID), ("redirect_uri", "com.example.app:/callback"), ("scope", "wallet:read")]);
    for (value, status) in [("accepted", 200), ("rejected", 400)] {
        world.switch("custom_scheme_redirect", value).await;
        assert_eq!(Browser::new().open(&url).await.status, status, "{value}");
    }
}

#[tokio::test]
async fn consent_form_action() {
    let world = World::new().await;
    for (value, leads_on) in [("chain", true), ("app_only", false)] {
        world.switch("consent_form_action", value).await;
        let page = Browser::new().open(&world.authorize_url("wallet:read")).await;
        let policy = page.header("content-security-policy");
        assert!(policy.ends_with(" http://127.0.0.1:43117"), "{policy}");
        assert_eq!(policy.contains("http://127.0.0.1:* "), leads_on, "{policy}");
    }
}

#[tokio::test]
async fn exchange_encoding() {
    let world = World::new().await;
    let form = |code: &str| {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("client_id", CLIENT_ID),
            ("client_secret", SECRET),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        world
            .http
            .post(format!("{}/api/v1/connect/token", world.base))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
    };
    let code = world.code("ada", "wallet:read").await;
    nest_error(form(&code).send().await.unwrap(), 400).await;
    world.switch("exchange_encoding", "form_too").await;
    assert_eq!(form(&code).send().await.unwrap().status(), 200);
    assert_eq!(world.exchange(&world.code("ada", "wallet:read").await).await.status(), 200);
}

#[tokio::test]
async fn token_status() {
    let world = World::new().await;
    for (value, status) in [("200", 200), ("201", 201)] {
        world.switch("token_status", value).await;
        assert_eq!(world.exchange(&world.code("ada", "wallet:read").await).await.status(), status);
    }
}

#[tokio::test]
async fn refresh_secret() {
    let world = World::new().await;
    let refresh = world.connect("ada", "wallet:read").await.refresh;
    let with = |refresh: &str, secret: &str| json!({"grant_type": "refresh_token", "refresh_token": refresh, "client_id": CLIENT_ID, "client_secret": secret});
    let refresh = Tokens::of(world.token(with(&refresh, "wrong")).await).await.refresh;
    world.switch("refresh_secret", "required").await;
    nest_error(world.refresh(&refresh).await, 400).await;
    nest_error(world.token(with(&refresh, "wrong")).await, 401).await;
    let refresh = Tokens::of(world.token(with(&refresh, SECRET)).await).await.refresh;
    world.switch("refresh_secret", "rejected").await;
    nest_error(world.token(with(&refresh, SECRET)).await, 400).await;
    assert_eq!(world.refresh(&refresh).await.status(), 200);
}

#[tokio::test]
async fn refresh_scopes() {
    let world = World::new().await;
    let tokens = world.connect("ada", "wallet:read").await;
    world.switch("refresh_scopes", "absent").await;
    let body: Value = world.refresh(&tokens.refresh).await.json().await.unwrap();
    assert!(body.get("scopes").is_none());
    world.switch("refresh_scopes", "present").await;
    let body: Value = world.refresh(body["refresh_token"].as_str().unwrap()).await.json().await.unwrap();
    assert_eq!(body["scopes"], json!(["wallet:read"]));
}

#[tokio::test]
async fn bad_refresh_status() {
    let world = World::new().await;
    for status in [401, 404, 400] {
        world.switch("bad_refresh_status", &status.to_string()).await;
        nest_error(world.refresh("mcr_sim_junk").await, status).await;
    }
}

#[tokio::test]
async fn reuse_revokes_family() {
    for (value, status) in [("off", 200), ("on", 401)] {
        let world = World::new().await;
        world.switch("reuse_revokes_family", value).await;
        let old = world.connect("ada", "profile:read").await;
        let new = Tokens::of(world.refresh(&old.refresh).await).await;
        nest_error(world.refresh(&old.refresh).await, 401).await;
        assert_eq!(world.get("/user/me", &new.access).await.status(), status, "{value}");
    }
}

#[tokio::test]
async fn revoke_response() {
    let world = World::new().await;
    for status in [200, 204, 404] {
        world.switch("revoke_response", &status.to_string()).await;
        let tokens = world.connect("ada", "profile:read").await;
        assert_eq!(world.revoke(&tokens.access).await.status(), status);
        assert_eq!(world.get("/user/me", &tokens.access).await.status(), 401);
    }
}

#[tokio::test]
async fn revoke_by_refresh_token() {
    for (value, status, left) in [("accepted", 200, 401), ("404", 404, 200)] {
        let world = World::new().await;
        world.switch("revoke_by_refresh_token", value).await;
        let tokens = world.connect("ada", "profile:read").await;
        assert_eq!(world.revoke(&tokens.refresh).await.status(), status);
        assert_eq!(world.get("/user/me", &tokens.access).await.status(), left, "{value}");
    }
}

#[tokio::test]
async fn revoke_expired() {
    for (value, status, left) in [("accepted", 200, 401), ("404", 404, 200)] {
        let world = World::new().await;
        world.switch("revoke_expired", value).await;
        let tokens = world.connect("ada", "profile:read").await;
        world.control("expire", json!({"user": "ada"})).await;
        assert_eq!(world.revoke(&tokens.access).await.status(), status);
        assert_eq!(world.refresh(&tokens.refresh).await.status(), left, "{value}");
    }
}

#[tokio::test]
async fn secret_overlap() {
    let world = World::new().await;
    world.control("secret", json!({"client_id": CLIENT_ID, "client_secret": "mcs_sim_second"})).await;
    let with = |code: &str, secret: &str| {
        let mut body = exchange_body(code);
        body["client_secret"] = json!(secret);
        world.token(body)
    };
    assert_eq!(with(&world.code("ada", "wallet:read").await, SECRET).await.status(), 200);
    world.switch("secret_overlap", "off").await;
    let code = world.code("ada", "wallet:read").await;
    nest_error(with(&code, SECRET).await, 401).await;
    assert_eq!(with(&code, "mcs_sim_second").await.status(), 200);
}

#[tokio::test]
async fn transactions_path() {
    let world = World::new().await;
    let access = world.connect("ada", "wallet:read").await.access;
    for (value, first, second) in [("both", 200, 200), ("transactions", 200, 404), ("user", 404, 200)] {
        world.switch("transactions_path", value).await;
        assert_eq!(world.get("/transactions", &access).await.status(), first, "{value}");
        assert_eq!(world.get("/transactions/user", &access).await.status(), second, "{value}");
    }
}

#[tokio::test]
async fn kyc_limits_shape() {
    let world = World::new().await;
    let access = world.connect("ada", "kyc:read").await.access;
    for (value, pointer) in [("flat", "/data/dailyTransactionLimit"), ("nested", "/data/limits/dailyTransactionLimit")] {
        world.switch("kyc_limits_shape", value).await;
        assert_eq!(json_of(&world, &access, "/kyc/limits").await.pointer(pointer), Some(&json!(10_000_000)), "{value}");
    }
}

#[tokio::test]
async fn profile_shape() {
    let world = World::new().await;
    let access = world.connect("ada", "profile:read").await.access;
    for (value, has, lacks) in [("sdk", "phone", "phoneNumber"), ("guide", "phoneNumber", "phone"), ("minimal", "status", "kycInfo")] {
        world.switch("profile_shape", value).await;
        let me = json_of(&world, &access, "/user/me").await["data"].clone();
        assert!(me.get(has).is_some() && me.get(lacks).is_none() && me["id"].is_string(), "{value} {me}");
    }
}

#[tokio::test]
async fn money_types() {
    let world = World::new().await;
    let access = world.connect("ada", "wallet:read").await.access;
    for (value, total, part) in [("mixed", true, false), ("strings", true, true), ("numbers", false, false)] {
        world.switch("money_types", value).await;
        let wallet = json_of(&world, &access, "/wallet/me").await["data"].clone();
        assert_eq!(wallet["nairaBalance"].is_string(), total, "{value}");
        assert_eq!(wallet["subwallets"][0]["balance"].is_string(), part, "{value}");
    }
}

#[tokio::test]
async fn envelope() {
    let world = World::new().await;
    let access = world.connect("ada", "profile:read").await.access;
    for (value, has) in [("plain", "statusCode"), ("with_errors", "errors"), ("capital", "StatusCode"), ("bare", "email")] {
        world.switch("envelope", value).await;
        assert!(json_of(&world, &access, "/user/me").await.get(has).is_some(), "{value}");
    }
}

#[tokio::test]
async fn kyc_blocks() {
    let world = World::new().await;
    let (blocked, ada) = (world.connect("blocked", "wallet:read").await.access, world.connect("ada", "wallet:read").await.access);
    assert_eq!(world.get("/wallet/me", &blocked).await.status(), 200);
    world.switch("kyc_blocks", "wallet_reads").await;
    assert!(nest_error(world.get("/wallet/me", &blocked).await, 403).await.contains("KYC"));
    assert_eq!(world.get("/wallet/me", &ada).await.status(), 200);
    world.switch("kyc_blocks", "withdrawals").await;
    assert_eq!(world.get("/wallet/me", &blocked).await.status(), 200);
}

#[tokio::test]
async fn long_names() {
    let world = World::new().await;
    let access = world.connect("markup", "profile:read").await.access;
    for (value, long) in [("off", false), ("on", true)] {
        world.switch("long_names", value).await;
        let name = json_of(&world, &access, "/user/me").await["data"]["firstName"].as_str().unwrap().len();
        assert_eq!(name >= 10 * 1024, long, "{value}");
    }
}

#[tokio::test]
async fn token_length() {
    let world = World::new().await;
    for (value, length) in [("default", 15 + 64), ("900", 900), ("1500", 1500)] {
        world.switch("token_length", value).await;
        let tokens = world.connect("ada", "profile:read").await;
        assert_eq!((tokens.access.len(), tokens.refresh.len()), (length, length), "{value}");
        assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);
    }
}

#[tokio::test]
async fn quota_key() {
    let mut second = kit::client();
    second.client_id = "mc_sim_second".into();
    let world = World::with(monei_sandbox::Options { clients: vec![kit::client(), second], ..Default::default() }).await;
    world.switch("token_calls_per_minute", "1").await;
    let call = |id: &str| {
        let mut body = exchange_body("mcc_sim_junk");
        body["client_id"] = json!(id);
        world.token(body)
    };
    assert_eq!(call(CLIENT_ID).await.status(), 400);
    assert_eq!(call(CLIENT_ID).await.status(), 429);
    assert_eq!(call("mc_sim_second").await.status(), 400);
    world.control("reset", json!({"what": "quotas"})).await;
    world.switch("quota_key", "address").await;
    assert_eq!(call(CLIENT_ID).await.status(), 400);
    assert_eq!(call("mc_sim_second").await.status(), 429, "one address");
    let elsewhere = kit::http_from("127.0.0.9").post(format!("{}/api/v1/connect/token", world.base)).json(&exchange_body("x"));
    assert_eq!(elsewhere.send().await.unwrap().status(), 400, "another address");
}

#[tokio::test]
async fn a_person_or_a_grant_can_be_what_the_quota_is_counted_by() {
    for (value, same_person, other_person) in [("client", 429, 429), ("user", 429, 200), ("grant", 200, 200)] {
        let world = World::new().await;
        let first = world.connect("ada", "kyc:read").await.refresh;
        let second = world.connect("ada", "kyc:read").await.refresh;
        let third = world.connect("tunde", "kyc:read").await.refresh;
        world.control("reset", json!({"what": "quotas"})).await;
        world.switch("quota_key", value).await;
        world.switch("token_calls_per_minute", "1").await;
        let first = Tokens::of(world.refresh(&first).await).await.refresh;
        assert_eq!(world.refresh(&first).await.status(), 429, "{value}");
        assert_eq!(world.refresh(&second).await.status(), same_person, "{value}");
        assert_eq!(world.refresh(&third).await.status(), other_person, "{value}");
    }
}

#[tokio::test]
async fn refused_calls_count() {
    for (value, later) in [("off", 401), ("on", 429)] {
        let world = World::new().await;
        world.switch("refused_calls_count", value).await;
        world.switch("token_calls_per_minute", "1").await;
        world.refresh("x").await;
        world.control("clock", json!({"offset_s": 30})).await;
        nest_error(world.refresh("x").await, 429).await;
        world.control("clock", json!({"offset_s": 65})).await;
        nest_error(world.refresh("x").await, later).await;
    }
}

#[tokio::test]
async fn retry_after() {
    let world = World::new().await;
    world.switch("token_calls_per_minute", "1").await;
    world.refresh("mcr_sim_junk").await;
    for (value, shape) in [("seconds", Some(false)), ("date", Some(true)), ("absent", None)] {
        world.switch("retry_after", value).await;
        let refused = world.refresh("mcr_sim_junk").await;
        assert_eq!(refused.status(), 429);
        let is_date = refused.headers().get("retry-after").map(|text| text.to_str().unwrap().ends_with(" GMT"));
        assert_eq!(is_date, shape, "{value}");
    }
}

#[tokio::test]
async fn token_and_authorize_calls_per_minute() {
    let world = World::new().await;
    world.switch("token_calls_per_minute", "2").await;
    let statuses = [world.refresh("x").await.status(), world.refresh("x").await.status(), world.refresh("x").await.status()];
    assert_eq!(statuses, [StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS]);
    world.switch("authorize_per_minute", "1").await;
    let url = world.authorize_url("wallet:read");
    assert_eq!(Browser::new().open(&url).await.status, 200);
    assert_eq!(Browser::new().open(&url).await.status, 429);
    world.switch("authorize_per_minute", "0").await;
    assert_eq!(Browser::new().open(&url).await.status, 200);
}

#[tokio::test]
async fn state_max_len() {
    let world = World::new().await;
    world.switch("state_max_len", "10").await;
    let with = |state: &str| {
        world.authorize_with(&[("client_id", CLIENT_ID), ("redirect_uri", CALLBACK), ("scope", "wallet:read"), ("state", state)])
    };
    assert_eq!(Browser::new().open(&with("0123456789")).await.status, 200);
    assert_eq!(Browser::new().open(&with("0123456789a")).await.status, 400);
    world.switch("state_max_len", "0").await;
    assert_eq!(Browser::new().open(&with(&"s".repeat(3_000))).await.status, 200);
}
