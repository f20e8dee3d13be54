//! Whatever arrives: no panic, no fault of ours, nothing sent to Monei. A million inputs each with `PROPTEST_CASES=1000000`.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::domain::proof::Challenge;
use crate::domain::return_target::ReturnTarget;
use crate::domain::transaction::{CookieHash, State, TransactionId};
use crate::ports::clock::{Clock as _, ManualClock};
use crate::{Backend, Config};

struct World {
    runtime: Runtime,
    backend: Backend,
    router: axum::Router,
    clock: Arc<ManualClock>,
}

/// A backend whose Monei is a port of discard: a call would fail, and be counted.
static WORLD: LazyLock<World> = LazyLock::new(|| {
    let values = [
        ("MONEI_ENVIRONMENT", "sandbox"),
        ("MONEI_SANDBOX_URL", "http://127.0.0.1:9"),
        ("MONEI_CLIENT_ID", "mc_sim_app"),
        ("MONEI_CLIENT_SECRET", "mcs_sim_secret"),
        ("CONNECT_SEALING_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        ("CONNECT_PER_ADDRESS_PER_MINUTE", "0"),
        ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0"),
    ];
    let find = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let clock = Arc::new(ManualClock::new(1_800_000_000));
    let backend = Backend::with_clock(Config::from_lookup(&find).unwrap(), clock.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    World { runtime, router: backend.router(), backend, clock }
});

/// Answers, and sees to it that nothing went to Monei.
fn answer(request: Request<Body>) -> StatusCode {
    let status = WORLD.runtime.block_on(WORLD.router.clone().oneshot(request)).unwrap().status();
    assert!(!WORLD.backend.service().metrics.text(Default::default()).contains("connect_provider_seconds_count"), "Monei was called");
    status
}

fn get(path: &str, query: &[(&str, String)]) -> StatusCode {
    let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    answer(Request::get(format!("{path}?{query}")).body(Body::empty()).unwrap())
}

fn post(path: &str, body: Vec<u8>) -> StatusCode {
    let request = Request::post(path).header("content-type", "application/json").header("idempotency-key", "0123456789abcdef");
    answer(request.body(Body::from(body)).unwrap())
}

/// Text of any kind, and text that looks like what is expected.
fn near(shape: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![".{0,120}", shape]
}

fn challenge() -> impl Strategy<Value = String> {
    near("[A-Za-z0-9_-]{42,44}")
}

fn sealed() -> impl Strategy<Value = String> {
    near("[A-Za-z0-9_-]{40,240}")
}

proptest! {
    #[test]
    fn any_start_is_refused_or_leads_to_monei(
        challenge in challenge(),
        target in near("http://(127\\.0\\.0\\.1|\\[::1\\]):[0-9]{4,5}/[A-Za-z0-9_-]{22,24}|deep-link"),
        scope in near("(wallet:read|profile:read|wallet:send|x)( (kyc:read|bills:pay))?"),
    ) {
        // Nobody comes back from the consent page: the starts before would soon leave no room for another.
        WORLD.clock.advance(Duration::from_secs(600));
        let status = get("/v1/start", &[("challenge", challenge), ("return", target), ("scope", scope)]);
        prop_assert!([StatusCode::SEE_OTHER, StatusCode::BAD_REQUEST, StatusCode::PAYLOAD_TOO_LARGE].contains(&status), "{status}");
    }

    #[test]
    fn any_callback_without_a_state_of_ours_is_refused(state in sealed(), code in near("mcc_[A-Za-z0-9]{8,40}"), error in proptest::option::of(".{0,30}")) {
        let mut query = vec![("state", state), ("code", code)];
        query.extend(error.map(|error| ("error", error)));
        let status = get("/v1/callback", &query);
        prop_assert!(status.is_client_error(), "{status}");
    }

    #[test]
    fn any_raw_query_is_refused(path in "/v1/(start|callback)", query in "[!-~&&[^#]]{0,200}") {
        // What isn't an address at all doesn't get past the HTTP parser either.
        if let Ok(uri) = format!("{path}?{query}").parse::<http::Uri>() {
            let status = answer(Request::get(uri).body(Body::empty()).unwrap());
            prop_assert!(status.is_client_error(), "{status}");
        }
    }

    #[test]
    fn any_redeem_without_a_handoff_of_ours_is_refused(handoff in sealed(), verifier in near("[A-Za-z0-9._~-]{43,128}")) {
        let body = serde_json::json!({"handoff": handoff, "code_verifier": verifier}).to_string();
        prop_assert_eq!(post("/v1/redeem", body.into()), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn any_token_that_is_not_sealed_by_us_is_refused(token in sealed(), access in near("mct_[A-Za-z0-9_]{8,80}")) {
        let body = serde_json::json!({"refresh_token": token}).to_string();
        prop_assert_eq!(post("/v1/refresh", body.into()), StatusCode::BAD_REQUEST);
        let body = serde_json::json!({"refresh_token": token, "access_token": access}).to_string();
        prop_assert_eq!(post("/v1/revoke", body.into()), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn any_body_is_refused(path in "/v1/(redeem|refresh|revoke)", body: Vec<u8>) {
        prop_assert_eq!(post(&path, body), StatusCode::BAD_REQUEST);
    }

    #[test]
    fn any_idempotency_key_is_read_without_a_fault(key in near("[A-Za-z0-9_-]{15,65}")) {
        if let Ok(key) = http::HeaderValue::from_bytes(key.as_bytes()) {
            let request = Request::post("/v1/refresh").header("content-type", "application/json").header("idempotency-key", key);
            let status = answer(request.body(Body::from("{\"refresh_token\":\"x\"}")).unwrap());
            prop_assert_eq!(status, StatusCode::BAD_REQUEST);
        }
    }
}

/// A callback with these parameters on top of a state and a cookie that are sound: where it leads, if anywhere.
fn approved_callback(others: &[(String, String)]) -> Result<String, StatusCode> {
    // Each leaves marks in the store for eleven minutes; a hundred cases a second keep far below what it holds.
    WORLD.clock.advance(Duration::from_millis(10));
    let service = WORLD.backend.service();
    let (id, now) = (TransactionId::new(WORLD.clock.unix()), WORLD.clock.unix());
    let target = ReturnTarget::parse("http://127.0.0.1:49152/AAAAAAAAAAAAAAAAAAAAAA").unwrap();
    let state = State {
        challenge: Challenge::from_bytes([7; 32]),
        cookie: CookieHash::of("value"),
        id,
        expires: now + 600,
        scopes: monei::ScopeSet::parse("wallet:read").unwrap(),
        target,
        registration: None,
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("state", &state.seal(WORLD.backend.sealer())).extend_pairs(others);
    let cookie = service.cookies.set(id, "value").unwrap();
    let cookie = cookie.to_str().unwrap().split(';').next().unwrap();
    let request = Request::get(format!("/v1/callback?{}", query.finish())).header("cookie", cookie).body(Body::empty()).unwrap();
    let response = WORLD.runtime.block_on(WORLD.router.clone().oneshot(request)).unwrap();
    match response.headers().get("location") {
        Some(location) if response.status() == StatusCode::SEE_OTHER => Ok(location.to_str().unwrap().to_owned()),
        _ => Err(response.status()),
    }
}

proptest! {
    #[test]
    fn a_sound_callback_leads_to_its_target_alone_whatever_comes_with_it(
        // Short enough for an address, however they are encoded.
        code in proptest::option::of(prop_oneof![".{0,40}", "[!-~]{6,60}"]),
        error in proptest::option::weighted(0.3, prop_oneof![".{0,40}", "access_denied|invalid_scope|server_error"]),
        issuer in proptest::option::weighted(0.3, prop_oneof![".{0,40}", "http://127\\.0\\.0\\.1:9/?"]),
        others in proptest::collection::vec(("[a-z_]{0,12}|.{0,12}", ".{0,12}"), 0..5),
    ) {
        let known = [("code", &code), ("error", &error), ("iss", &issuer)];
        let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        // Names that mean something are not among the others.
        let others = others.into_iter().filter(|(name, _)| !["state", "code", "error", "iss"].contains(&name.as_str()));
        let clean = |text: &Option<String>| text.as_ref().is_none_or(|text| !text.chars().any(char::is_control));
        let decides = match (&code, &error) {
            (Some(code), None) => crate::domain::transaction::is_code(code),
            (None, Some(_)) => true,
            _ => false,
        };
        let sound = clean(&error) && clean(&issuer) && issuer.as_deref().is_none_or(|issuer| issuer == "http://127.0.0.1:9");
        // The code or the refusal, sealed: which of them can't be seen from outside.
        let expected = (decides && sound).then_some("handoff=");
        match (approved_callback(&known.chain(others).collect::<Vec<_>>()), expected) {
            (Ok(location), Some(parameter)) => {
                let rest = location.strip_prefix("http://127.0.0.1:49152/AAAAAAAAAAAAAAAAAAAAAA?").and_then(|rest| rest.strip_suffix("#_"));
                let value = rest.and_then(|rest| rest.strip_prefix(parameter));
                let shown = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                prop_assert!(value.is_some_and(|value| value.bytes().all(shown)), "{location}");
            }
            (Err(status), None) => prop_assert_eq!(status, StatusCode::BAD_REQUEST),
            (got, expected) => prop_assert!(false, "{got:?} instead of {expected:?}"),
        }
    }
}
