//! Each switch either way: what Monei leaves open, the sandbox does in every way that is on offer.

mod kit;

use kit::{Browser, CALLBACK, CLIENT_ID, SECRET, Tokens, World, exchange_body, nest_error, parameter};
use reqwest::StatusCode;
use serde_json::{Value, json};

#[expect(clippy::unwrap_used, reason = "a test's own plumbing: a panic is its way to fail")]
async fn json_of(world: &World, access: &str, path: &str) -> Value {
    world.get(path, access).await.json().await.unwrap()
}

#[tokio::test]
async fn every_switch_that_exists_is_tried_in_this_file() {
    let world = World::new().await;
    let table: Value = world.http.get(format!("{}/sandbox/api/switches", world.base)).send().await.unwrap().json().await.unwrap();
    let source = include_str!("switches.rs").to_owned() + include_str!("revoke.rs") + include_str!("token.rs");
    for row in table.as_array().unwrap() {
        let name = row["name"].as_str().unwrap();
        assert!(source.contains(&format!("\"{name}\"")), "no test for the switch {name}");
        let values = row["choices"].as_array().unwrap();
        assert!(values.len() >= 2 || row["max"].is_number(), "{name}");
        assert_eq!(row["value"], row["default"]);
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
    let world = World::with(monei_sandbox::Options { clients: vec![kit::client(), second], run: None, state_file: None }).await;
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
    assert_eq!(call("mc_sim_second").await.status(), 429);
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
