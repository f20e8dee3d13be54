//! The authorize endpoint and the consent page, sentence by sentence (Monei: oauth-flow, partial-grants, errors).

use crate::kit::{self, Browser, CALLBACK, CLIENT_ID, Tokens, World, parameter};
use serde_json::json;
use url::Url;

const ALL: &str = "profile:read kyc:read wallet:read wallet:deposit wallet:send wallet:withdraw bills:pay swap:execute offramp:execute";

#[tokio::test]
async fn who_is_not_logged_in_logs_in_first_and_then_sees_each_scope_switched_off() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let login = browser.open(&world.authorize_url(ALL)).await;
    assert_eq!(login.status, 200);
    for person in ["ada", "tunde", "markup", "blocked"] {
        assert!(login.text.contains(&format!(r#"name="user" value="{person}""#)), "{person}");
    }
    assert!(login.offered().is_empty());
    let answer = browser.submit(&login, &[("user", "ada")]).await;
    assert_eq!(answer.status, 303);
    let consent = browser.open(answer.location().as_str()).await;
    assert_eq!(consent.offered().len(), 9);
    assert!(!consent.text.contains(" checked"));
    assert_eq!(consent.text.matches(r#"data-testid="sensitive""#).count(), 4);
    for shown in [
        "Test &amp; &lt;App&gt;",
        "https://app.example",
        "Ada Okafor",
        r#"data-testid="switch-user""#,
        "Allow selected",
        r#"name="decision" value="deny""#,
    ] {
        assert!(consent.text.contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn any_part_of_what_was_asked_can_be_allowed_and_the_state_comes_back_unchanged() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let consent = browser.consent(&world.authorize_url("wallet:read wallet:send profile:read"), "ada").await;
    let answer = browser.submit(&consent, &[("scope", "wallet:read"), ("scope", "profile:read"), ("decision", "allow")]).await;
    assert_eq!(answer.status, 303);
    let back = answer.location();
    assert!(back.as_str().starts_with(&format!("{CALLBACK}?code=mcc_sim_")), "{back}");
    assert_eq!(parameter(&back, "state").as_deref(), Some("s+t/1"));
    let tokens = Tokens::of(world.exchange(&parameter(&back, "code").unwrap()).await).await;
    assert_eq!(tokens.scopes, ["profile:read", "wallet:read"]);
}

#[tokio::test]
async fn denying_comes_back_as_access_denied_with_the_state() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let consent = browser.consent(&world.authorize_url("wallet:read"), "ada").await;
    let denied = browser.submit(&consent, &[("scope", "wallet:read"), ("decision", "deny")]).await;
    assert_eq!(denied.location().as_str(), format!("{CALLBACK}?error=access_denied&state=s%2Bt%2F1"));
    let none = browser.submit(&consent, &[("decision", "allow")]).await;
    assert_eq!(none.location(), denied.location());
}

#[tokio::test]
async fn only_scopes_that_were_not_allowed_before_are_shown() {
    let world = World::new().await;
    world.connect("ada", "profile:read").await;
    let mut browser = Browser::new();
    let consent = browser.consent(&world.authorize_url("profile:read wallet:read"), "ada").await;
    assert_eq!(consent.offered(), ["wallet:read"]);
    let nothing_new = browser.open(&world.authorize_url("profile:read")).await;
    assert!(nothing_new.offered().is_empty());
    assert!(nothing_new.text.contains(">Confirm<"));
    let answer = browser.submit(&nothing_new, &[("decision", "allow")]).await;
    let tokens = Tokens::of(world.exchange(&parameter(&answer.location(), "code").unwrap()).await).await;
    assert_eq!(tokens.scopes, ["profile:read"]);
    let other = Browser::new().consent(&world.authorize_url("profile:read wallet:read"), "tunde").await;
    assert_eq!(other.offered(), ["profile:read", "wallet:read"]);
}

#[tokio::test]
async fn declining_a_further_scope_leaves_the_earlier_grant_alone() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    let back = world.decide("ada", "wallet:read", json!([])).await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);
}

#[tokio::test]
async fn a_wrong_client_or_redirect_uri_is_an_error_page_and_never_a_redirect() {
    let world = World::new().await;
    world.switch("authorize_per_minute", "0").await;
    let mut browser = Browser::new();
    let good = [("client_id", CLIENT_ID), ("redirect_uri", CALLBACK), ("scope", "profile:read"), ("state", "s")];
    let wrong = [
        ("client_id", "mc_other"),
        ("client_id", ""),
        ("redirect_uri", "http://127.0.0.1:43117/v1/callback/"),
        ("redirect_uri", "http://127.0.0.1:43118/v1/callback"),
        ("redirect_uri", "HTTP://127.0.0.1:43117/v1/callback"),
        ("redirect_uri", "http://localhost:43117/v1/callback"),
        ("redirect_uri", "http://127.0.0.1:43117/v1/callback?x"),
        ("redirect_uri", "http://evil.example/"),
        ("redirect_uri", ""),
        ("scope", "profile:read cards:freeze"),
        ("scope", "PROFILE:READ"),
        ("scope", " "),
        ("scope", ""),
    ];
    for (name, value) in wrong {
        let parameters: Vec<_> = good.iter().map(|&(other, text)| (other, if other == name { value } else { text })).collect();
        let page = browser.open(&world.authorize_with(&parameters)).await;
        assert_eq!(page.status, 400, "{name}={value}");
        assert!(!page.headers.contains_key("location"));
        assert!(page.text.contains(r#"data-testid="problem""#));
    }
    for (name, value) in good {
        let twice = format!("{}&{name}={value}", world.authorize_with(&good));
        assert_eq!(browser.open(&twice).await.status, 400, "{name} twice");
        let without: Vec<_> = good.into_iter().filter(|(other, _)| *other != name).collect();
        let expected = if name == "state" { 200 } else { 400 };
        assert_eq!(browser.open(&world.authorize_with(&without)).await.status, expected, "without {name}");
    }
}

#[tokio::test]
async fn unknown_parameters_and_pkce_are_ignored_and_both_spaces_are_read() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let base =
        format!("{}/connect/authorize?client_id={CLIENT_ID}&redirect_uri=http%3A%2F%2F127.0.0.1%3A43117%2Fv1%2Fcallback", world.base);
    for rest in [
        "&scope=wallet:read+profile:read",
        "&scope=wallet:read%20profile:read",
        "&scope=wallet:read profile:read&response_type=code&code_challenge=x&code_challenge_method=S256&nonce=1&resource=a%2Bb",
    ] {
        let consent = browser.consent_or_open(&format!("{base}{rest}")).await;
        assert_eq!(consent.offered(), ["profile:read", "wallet:read"], "{rest}");
    }
}

#[tokio::test]
async fn the_pages_refuse_frames_scripts_and_caches_and_let_forms_reach_the_app() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let page = browser.open(&world.authorize_url("wallet:read")).await;
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self' http://localhost:* http://127.0.0.1:* http://127.0.0.1:43117",
    ] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert!(!page.text.contains("<script") && !page.text.contains("style="));
    assert!(page.text.contains("nothing here is real"));
    assert!(page.text.contains("<title>Log in · Monei Sandbox</title>"));
    let other = browser
        .open(&world.authorize_with(&[
            ("client_id", CLIENT_ID),
            ("redirect_uri", "https://app.example/cb?keep=1"),
            ("scope", "wallet:read"),
        ]))
        .await;
    assert!(other.header("content-security-policy").ends_with(" https://app.example"));
}

#[tokio::test]
async fn a_registered_query_is_kept_and_added_to() {
    let world = World::new().await;
    let url = world.authorize_with(&[
        ("client_id", CLIENT_ID),
        ("redirect_uri", "https://app.example/cb?keep=1"),
        ("scope", "wallet:read"),
        ("state", "a b&c=é"),
    ]);
    let location = world.control("approve", json!({"url": url, "user": "ada"})).await["location"].as_str().unwrap().to_owned();
    assert!(location.starts_with("https://app.example/cb?keep=1&code=mcc_sim_"), "{location}");
    assert_eq!(parameter(&Url::parse(&location).unwrap(), "state").as_deref(), Some("a b&c=é"));
}

#[tokio::test]
async fn a_form_needs_the_session_and_the_token_it_was_made_with() {
    let world = World::new().await;
    let (mut ada, mut other) = (Browser::new(), Browser::new());
    let url = world.authorize_url("wallet:send");
    let consent = ada.consent(&url, "ada").await;
    let decision = |token: &str| format!("form_token={token}&decision=allow&scope=wallet%3Asend");
    let target = consent.url.join(&consent.action()).unwrap();
    assert_eq!(ada.post(&target, decision("wrong")).await.status, 403);
    assert_eq!(ada.post(&target, "decision=allow&scope=wallet%3Asend".into()).await.status, 403);
    assert_eq!(other.post(&target, decision(&consent.form_token())).await.status, 401);
    let foreign = other.consent(&url, "tunde").await;
    assert_eq!(other.post(&target, decision(&consent.form_token())).await.status, 403);
    assert_ne!(foreign.form_token(), consent.form_token());
    // The token from before the login is no longer good either.
    let mut fresh = Browser::new();
    let login = fresh.open(&url).await;
    fresh.submit(&login, &[("user", "ada")]).await;
    assert_eq!(fresh.post(&target, decision(&login.form_token())).await.status, 403);
    assert!(world.state().await["grants"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn an_expired_session_on_the_consent_page_is_401() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let consent = browser.consent(&world.authorize_url("wallet:read"), "ada").await;
    world.control("clock", json!({"offset_s": 3700})).await;
    let answer = browser.submit(&consent, &[("scope", "wallet:read"), ("decision", "allow")]).await;
    assert_eq!(answer.status, 401);
    assert!(!answer.headers.contains_key("location"));
}

#[tokio::test]
async fn a_decision_may_allow_only_what_was_asked() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let consent = browser.consent(&world.authorize_url("wallet:read"), "ada").await;
    for scope in ["wallet:send", "cards:freeze", "not a scope"] {
        assert_eq!(browser.submit(&consent, &[("scope", scope), ("decision", "allow")]).await.status, 400, "{scope}");
    }
    assert_eq!(browser.submit(&consent, &[("scope", "wallet:read"), ("decision", "perhaps")]).await.status, 400);
}

#[tokio::test]
async fn not_you_shows_the_login_page_and_another_person_can_log_in() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let consent = browser.consent(&world.authorize_url("wallet:read"), "ada").await;
    let link = consent.text.split(r#"data-testid="switch-user" href=""#).nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let login = browser.open(consent.url.join(&link).unwrap().as_str()).await;
    let answer = browser.submit(&login, &[("user", "tunde")]).await;
    let consent = browser.open(answer.location().as_str()).await;
    assert!(consent.text.contains("Tunde Bello"));
    assert!(!consent.text.contains("Ada Okafor"));
}

#[tokio::test]
async fn twenty_authorize_calls_a_minute_then_429_with_retry_after() {
    let world = World::new().await;
    let mut browser = Browser::new();
    for _ in 0..20 {
        assert_eq!(browser.open(&world.authorize_url("wallet:read")).await.status, 200);
    }
    let refused = browser.open(&world.authorize_url("wallet:read")).await;
    assert_eq!(refused.status, 429);
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    world.control("clock", json!({"offset_s": 61})).await;
    assert_eq!(browser.open(&world.authorize_url("wallet:read")).await.status, 200);
}

#[tokio::test]
async fn twenty_decisions_a_minute_then_429_with_retry_after() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let page = browser.consent(&world.authorize_url("wallet:read"), "ada").await;
    for _ in 0..20 {
        assert_eq!(browser.submit(&page, &[("decision", "perhaps")]).await.status, 400);
    }
    let refused = browser.submit(&page, &[("scope", "wallet:read"), ("decision", "allow")]).await;
    assert_eq!(refused.status, 429);
    assert!((1..=60).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    world.control("clock", json!({"offset_s": 61})).await;
    let allowed = browser.submit(&page, &[("scope", "wallet:read"), ("decision", "allow")]).await;
    assert_eq!(allowed.status, 303);
}

#[tokio::test]
async fn names_of_people_and_apps_are_text_and_never_markup() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let login = browser.open(&world.authorize_url("wallet:read")).await;
    let consent = browser.consent(&world.authorize_url("wallet:read"), "markup").await;
    for page in [login, consent] {
        assert!(!page.text.contains("<img"), "{}", page.text);
        assert!(page.text.contains("&lt;img src=x onerror=alert(1)&gt;"));
        assert!(!page.text.contains("<App>"));
    }
}

impl Browser {
    async fn consent_or_open(&mut self, url: &str) -> kit::Page {
        let page = self.open(url).await;
        if page.offered().is_empty() { self.consent(url, "ada").await } else { page }
    }
}
