//! The control API and page: state, expiry, faults, clock, reset, and who may use them.

use std::time::{Duration, Instant};

use crate::kit::{self, Browser, World, nest_error};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn the_state_tells_of_grants_and_counters_and_holds_no_secret() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    let tokens = kit::Tokens::of(world.refresh(&tokens.refresh).await).await;
    world.get("/wallet/me", &tokens.access).await;
    world.get("/user/me", &tokens.access).await;
    let state = world.state().await;
    assert_eq!((&state["run"], &state["clock_offset_s"]), (&json!("R1"), &json!(0)));
    let grant = &state["grants"][0];
    assert_eq!(
        (&grant["user"], &grant["client_id"], &grant["scopes"], &grant["alive"]),
        (&json!("ada"), &json!(kit::CLIENT_ID), &json!(["profile:read"]), &json!(true))
    );
    assert!((3590..=3600).contains(&grant["access_expires_in_s"].as_i64().unwrap()));
    let counters = &state["counters"];
    for (name, count) in [("token_calls", 2), ("code_exchanges", 1), ("refreshes", 1), ("revokes", 0), ("forbidden", 1)] {
        assert_eq!(counters[name], count, "{name}");
    }
    assert!(
        counters["requests"].as_array().unwrap().contains(&json!({"method": "GET", "path": "/api/v1/user/me", "status": 200, "count": 1}))
    );
    assert!(!state.to_string().contains("CNRY"));
    let page = Browser::new().open(&format!("{}/sandbox", world.base)).await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("CNRY"));
}

#[tokio::test]
async fn expiring_stops_the_access_token_but_not_the_refresh_token() {
    let world = World::new().await;
    let (ada, tunde) = (world.connect("ada", "profile:read").await, world.connect("tunde", "profile:read").await);
    assert_eq!(world.control("expire", json!({"user": "ada"})).await["expired"], 1);
    nest_error(world.get("/user/me", &ada.access).await, 401).await;
    assert_eq!(world.get("/user/me", &tunde.access).await.status(), 200);
    let ada = kit::Tokens::of(world.refresh(&ada.refresh).await).await;
    assert_eq!(world.get("/user/me", &ada.access).await.status(), 200);
}

#[tokio::test]
async fn a_fault_hits_its_target_so_often_and_then_is_gone() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read kyc:read").await;
    world.control("fault", json!({"target": "/user/me", "kind": "status", "status": 503, "times": 2, "retry_after": 7})).await;
    assert_eq!(world.get("/kyc/status", &tokens.access).await.status(), 200);
    for _ in 0..2 {
        let answer = world.get("/user/me", &tokens.access).await;
        assert_eq!(answer.headers()["retry-after"], "7");
        nest_error(answer, 503).await;
    }
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);
    world.control("fault", json!({"target": "api", "kind": "status", "status": 500})).await;
    assert_eq!(world.refresh("mcr_sim_junk").await.status(), 401, "the target api leaves the token endpoint alone");
    nest_error(world.get("/kyc/status", &tokens.access).await, 500).await;
    world
        .control("fault", json!({"target": "user/me", "kind": "status", "status": 429, "retry_after": "Wed, 01 Jan 2031 00:00:00 GMT"}))
        .await;
    assert_eq!(world.get("/user/me", &tokens.access).await.headers()["retry-after"], "Wed, 01 Jan 2031 00:00:00 GMT");
}

#[tokio::test]
async fn what_is_armed_is_told_as_it_was_ordered_and_can_be_taken_back_one_by_one() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    world.control("fault", json!({"target": "api", "kind": "status", "status": 429, "retry_after": 8, "times": 2})).await;
    world.control("fault", json!({"target": "/user/me", "kind": "delay", "delay_ms": 5})).await;
    world.control("fault", json!({"target": "token", "kind": "redirect", "location": "http://127.0.0.1:9/"})).await;
    let told = json!([
        {"number": 1, "target": "api", "kind": "status", "status": 429, "retry_after": "8", "times": 2},
        {"number": 2, "target": "/user/me", "kind": "delay", "delay_ms": 5, "times": 1},
        {"number": 3, "target": "token", "kind": "redirect", "location": "http://127.0.0.1:9/", "times": 1},
    ]);
    assert_eq!(world.state().await["faults"], told);
    assert_eq!(world.control("disarm", json!({"number": 1})).await["armed"], 2);
    assert_eq!(world.control("disarm", json!({"number": 1})).await["armed"], 2, "gone is gone");
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);

    let mut browser = Browser::new();
    let url = format!("{}/sandbox", world.base);
    let page = browser.open(&url).await;
    assert!(page.text.contains("form=\"disarm-3\"") && !page.text.contains("form=\"disarm-2\""), "{}", page.text);
    assert_eq!(browser.submit(&page, &[("action", "disarm"), ("number", "3")]).await.status, 303);
    assert_eq!(world.state().await["faults"], json!([]));
    assert_eq!(browser.submit(&page, &[("action", "disarm"), ("number", "x")]).await.status, 400);
}

#[tokio::test]
async fn a_drop_before_processes_nothing_and_a_drop_after_everything() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    let refresh = || {
        world
            .http
            .post(format!("{}/api/v1/connect/token", world.base))
            .json(&json!({"grant_type": "refresh_token", "refresh_token": tokens.refresh}))
            .send()
    };
    world.control("fault", json!({"target": "token", "kind": "drop_before"})).await;
    assert!(refresh().await.is_err());
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200, "nothing was rotated");
    world.control("fault", json!({"target": "token", "kind": "drop_after"})).await;
    assert!(refresh().await.is_err());
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
    nest_error(refresh().await.unwrap(), 401).await;
    let counters = world.state().await["counters"].clone();
    assert_eq!((&counters["token_calls"], &counters["refreshes"]), (&json!(4), &json!(2)));
    assert!(
        counters["requests"]
            .as_array()
            .unwrap()
            .contains(&json!({"method": "POST", "path": "/api/v1/connect/token", "status": 0, "count": 2}))
    );
}

#[tokio::test]
async fn a_dropped_connection_closes_without_a_single_byte() {
    let world = World::new().await;
    world.control("fault", json!({"target": "revoke", "kind": "drop_before"})).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(b"POST /api/v1/connect/token/revoke HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Closed, or reset: either way nothing was said.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn the_other_faults_delay_redirect_relabel_and_overwhelm() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    let fault = |order: Value| world.control("fault", order);
    fault(json!({"target": "api", "kind": "delay", "delay_ms": 150})).await;
    let begun = Instant::now();
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(150));
    fault(json!({"target": "api", "kind": "redirect", "location": "http://127.0.0.1:9/elsewhere"})).await;
    let moved = world.get("/user/me", &tokens.access).await;
    assert_eq!((moved.status(), &moved.headers()["location"]), (StatusCode::FOUND, &"http://127.0.0.1:9/elsewhere".parse().unwrap()));
    fault(json!({"target": "api", "kind": "wrong_content_type"})).await;
    assert!(world.get("/user/me", &tokens.access).await.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    fault(json!({"target": "api", "kind": "huge_body"})).await;
    assert!(world.get("/user/me", &tokens.access).await.bytes().await.unwrap().len() >= 10 * 1024 * 1024);
}

#[tokio::test]
async fn orders_that_make_no_sense_are_refused_with_a_reason() {
    let world = World::new().await;
    let cases = [
        ("fault", json!({"target": "", "kind": "status", "status": 500})),
        ("fault", json!({"target": "api", "kind": "status"})),
        ("fault", json!({"target": "api", "kind": "status", "status": 99})),
        ("fault", json!({"target": "api", "kind": "explode"})),
        ("fault", json!({"target": "api", "kind": "delay", "delay_ms": 99_999_999})),
        ("fault", json!({"target": "api", "kind": "redirect"})),
        ("fault", json!({"target": "api", "kind": "redirect", "location": "a\r\nb"})),
        ("fault", json!({"target": "api", "kind": "drop_before", "times": 0})),
        ("fault", json!({"target": "api", "kind": "drop_before", "colour": 1})),
        ("switch", json!({"name": "none_granted", "value": "perhaps"})),
        ("switch", json!({"name": "no_such", "value": "on"})),
        ("clock", json!({"offset_s": i64::MAX})),
        ("clock", json!({})),
        ("expire", json!({"user": "nobody"})),
        ("revoke", json!({"users": "ada"})),
        ("approve", json!({"url": "?client_id=x", "user": "ada"})),
        ("reset", json!({"what": "the world"})),
    ];
    for (path, order) in cases {
        let answer = world.http.post(format!("{}/sandbox/api/{path}", world.base)).json(&order).send().await.unwrap();
        assert!(!nest_error(answer, 400).await.is_empty(), "{path} {order}");
    }
}

#[tokio::test]
async fn the_date_header_follows_the_sandboxs_clock() {
    let world = World::new().await;
    world.control("clock", json!({"offset_s": 400 * 24 * 3600})).await;
    let answer = world.http.get(&world.base).send().await.unwrap();
    let date = answer.headers()["date"].to_str().unwrap();
    let year: i32 = date.split(' ').nth(3).unwrap().parse().unwrap();
    let real = jiff::Timestamp::now().strftime("%Y").to_string().parse::<i32>().unwrap();
    assert!(year > real, "{date}");
    assert_eq!(world.state().await["clock_offset_s"], 400 * 24 * 3600);
}

#[tokio::test]
async fn a_reset_puts_everything_back() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    world.switch("iss", "present").await;
    world.control("fault", json!({"target": "api", "kind": "drop_before"})).await;
    world.control("clock", json!({"offset_s": 5})).await;
    world.control("reset", json!({})).await;
    let state = world.state().await;
    assert_eq!((&state["grants"], &state["clock_offset_s"], &state["switches"]["iss"]), (&json!([]), &json!(0), &json!("absent")));
    assert_eq!(state["counters"]["token_calls"], 0);
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
}

#[tokio::test]
async fn pages_of_other_sites_can_not_drive_the_sandbox() {
    let world = World::new().await;
    let own = world.base.as_str();
    let send = |headers: &[(&str, &str)]| {
        let request = world.http.post(format!("{}/sandbox/api/reset", world.base)).json(&json!({"what": "counters"}));
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send()
    };
    assert_eq!(send(&[("origin", own), ("sec-fetch-site", "same-origin")]).await.unwrap().status(), 200);
    for headers in [
        vec![("origin", "http://evil.example")],
        vec![("origin", "null")],
        vec![("origin", "http://127.0.0.1:1")],
        vec![("origin", own), ("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
    ] {
        nest_error(send(&headers).await.unwrap(), 403).await;
    }
    let read = world.http.get(format!("{}/sandbox/api/state", world.base)).header("sec-fetch-site", "cross-site").send().await.unwrap();
    assert_eq!(read.status(), 403);
    let plain =
        world.http.post(format!("{}/sandbox/api/reset", world.base)).header("content-type", "text/plain").body("{}").send().await.unwrap();
    assert_eq!(plain.status(), 415);
}

#[tokio::test]
async fn only_loopback_names_in_the_host_header_are_answered() {
    let world = World::new().await;
    for (host, answered) in [
        ("127.0.0.1", true),
        ("localhost:43118", true),
        ("[::1]:1", true),
        ("evil.example", false),
        ("127.0.0.1.evil.example", false),
        ("user@127.0.0.1", false),
        ("", false),
    ] {
        let answer = world.http.get(format!("{}/sandbox/api/state", world.base)).header("host", host).send().await.unwrap();
        assert_eq!(answer.status() == 200, answered, "{host} {}", answer.status());
    }
}

#[tokio::test]
async fn the_control_page_does_what_its_buttons_say() {
    let world = World::new().await;
    let tokens = world.connect("ada", "profile:read").await;
    let mut browser = Browser::new();
    let url = format!("{}/sandbox", world.base);
    let page = browser.open(&url).await;
    let posted = browser.submit(&page, &[("action", "expire"), ("user", "all")]).await;
    assert_eq!(posted.status, 303);
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
    browser
        .submit(
            &page,
            &[("action", "fault"), ("target", "token"), ("kind", "status"), ("status", "503"), ("retry_after", ""), ("times", "1")],
        )
        .await;
    assert!(browser.open(&url).await.text.contains("status 503"));
    assert_eq!(world.refresh(&tokens.refresh).await.status(), 503);
    browser.submit(&page, &[("action", "switches"), ("iss", "present"), ("state_max_len", "9")]).await;
    let switches = world.state().await["switches"].clone();
    assert_eq!((&switches["iss"], &switches["state_max_len"]), (&json!("present"), &json!(9)));
    assert_eq!(browser.submit(&page, &[("action", "switches"), ("iss", "no")]).await.status, 400);
    assert_eq!(browser.submit(&page, &[("action", "dance")]).await.status, 400);
    browser.submit(&page, &[("action", "revoke"), ("user", "ada")]).await;
    assert_eq!(world.state().await["grants"][0]["alive"], false);
    assert_eq!(Browser::new().post(&page.url, "form_token=x&action=reset".into()).await.status, 401);
}

#[tokio::test]
async fn the_clock_moves_on_by_steps_and_what_expires_does() {
    // It stands but for the steps, so that a slow computer changes nothing.
    let clock = Some("2026-11-25T12:00:00Z".parse().unwrap());
    let world = World::with(monei_sandbox::Options { clients: vec![kit::client()], clock, ..Default::default() }).await;
    let tokens = world.connect("ada", "profile:read").await;
    let (early, late) = (world.code("ada", "profile:read").await, world.code("ada", "profile:read").await);
    let mut browser = Browser::new();
    let page = browser.consent(&world.authorize_url("kyc:read"), "ada").await;
    let step = async |by: i64| world.control("clock", json!({"by_s": by})).await["clock_offset_s"].clone();
    assert_eq!(step(599).await, 599);
    assert_eq!(world.exchange(&early).await.status(), 200);
    assert_eq!(step(1).await, 600);
    assert!(nest_error(world.exchange(&late).await, 400).await.contains("expired"));
    assert_eq!(world.get("/user/me", &tokens.access).await.status(), 200);
    assert_eq!(step(3_000).await, 3_600);
    nest_error(world.get("/user/me", &tokens.access).await, 401).await;
    assert_eq!(browser.submit(&page, &[("decision", "deny")]).await.status, 401, "the session on the consent page");
    assert_eq!(world.refresh(&tokens.refresh).await.status(), 200);
    step(30 * 86_400).await;
    let control = Browser::new().open(&format!("{}/sandbox", world.base)).await;
    assert!(control.text.contains("7 days"));
    for wrong in [json!({}), json!({"by_s": 1, "offset_s": 1}), json!({"by_s": i64::MAX})] {
        nest_error(world.http.post(format!("{}/sandbox/api/clock", world.base)).json(&wrong).send().await.unwrap(), 400).await;
    }
}

#[tokio::test]
async fn the_control_page_has_every_field_that_a_fault_has_in_the_api() {
    let world = World::new().await;
    let openapi: Value = world.http.get(format!("{}/sandbox/api/openapi.json", world.base)).send().await.unwrap().json().await.unwrap();
    let page = Browser::new().open(&format!("{}/sandbox", world.base)).await.text;
    let fields = openapi["components"]["schemas"]["Fault"]["properties"].as_object().unwrap();
    assert!(fields.len() >= 8, "{fields:?}");
    for field in fields.keys() {
        assert!(page.contains(&format!("name=\"{field}\"")), "{field}");
    }
    let mut browser = Browser::new();
    let page = browser.open(&format!("{}/sandbox", world.base)).await;
    let order = [("action", "fault"), ("target", "/user/me"), ("method", "GET"), ("kind", "delay"), ("delay_ms", "7"), ("status", "")];
    assert_eq!(browser.submit(&page, &order).await.status, 303);
    assert!(browser.open(page.url.as_str()).await.text.contains("answered 7 ms late, GET alone"));
}
