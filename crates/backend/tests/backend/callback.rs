//! Where Monei's redirect arrives.

use reqwest::StatusCode;

use crate::support::*;

/// A refusal: a page, nothing to follow.
async fn refused(world: &World, url: &str, cookie: Option<&str>) {
    let response = world.visit(url, cookie).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{url}");
    assert!(response.headers().get("location").is_none());
    let page = response.text().await.unwrap();
    assert!(!page.contains("handoff") && !page.contains("mcc_sim"), "{page}");
}

#[tokio::test]
async fn an_approval_leads_back_to_the_listener() {
    let world = World::new().await;
    let started = world.start(&Proof::new(), RETURN).await;
    let answer = world.decide(&started, None).await;
    let response = world.visit(&answer, Some(&started.cookie)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let location = header(&response, "location");
    assert!(location.starts_with(&format!("{RETURN}?handoff=")) && location.ends_with("#_"), "{location}");
    assert!(!location.contains("mcc_sim"), "the code itself stays here");
    assert!(response.headers().get("set-cookie").is_none(), "the cookie is needed for a reload, and ends by itself");
}

#[tokio::test]
async fn a_deep_link_page_leads_on_by_itself_and_by_a_link() {
    let world = World::new().await;
    let proof = Proof::new();
    let started = world.start(&proof, "deep-link").await;
    let answer = world.decide(&started, None).await;
    let response = world.visit(&answer, Some(&started.cookie)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().get("location").is_none());
    let policy = header(&response, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    let page = response.text().await.unwrap();
    let start = format!("org.moneiconnections.manager.sandbox:/callback?tx={}&amp;handoff=", &proof.challenge[..22]);
    assert_eq!(page.matches(&start).count(), 2, "a refresh and a link: {page}");
    assert!(page.contains(r#"<meta http-equiv="refresh" content="0;url=org.moneiconnections.manager.sandbox:"#));
    assert!(page.contains("history.replaceState"));
    let handoff = page.split(&start).nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(world.redeem(handoff, &proof.verifier).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_hashes_of_the_policy_are_those_of_the_page() {
    use base64::Engine;
    use sha2::Digest;
    let world = World::new().await;
    let response = world.get("/v1/callback").await;
    let policy = header(&response, "content-security-policy");
    let page = response.text().await.unwrap();
    for tag in ["script", "style"] {
        let inner = page.split(&format!("<{tag}>")).nth(1).unwrap().split(&format!("</{tag}>")).next().unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(inner.as_bytes()));
        assert!(policy.contains(&format!("{tag}-src 'sha256-{hash}'")), "{tag}: {policy}");
    }
}

#[tokio::test]
async fn another_scheme_can_be_set() {
    let world = World::with(&[("CONNECT_LINK_SCHEME", "org.example.connect")]).await;
    let proof = Proof::new();
    let started = world.start(&proof, "deep-link").await;
    let answer = world.decide(&started, Some(&[])).await;
    let page = world.visit(&answer, Some(&started.cookie)).await.text().await.unwrap();
    let link = format!("org.example.connect:/callback?tx={}&amp;handoff=", &proof.challenge[..22]);
    let handoff = page.split(&link).nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(told(&world, handoff, &proof).await, "declined");
}

/// What `POST /v1/redeem` says of a sealed refusal.
async fn told(world: &World, handoff: &str, proof: &Proof) -> String {
    let response = world.redeem(handoff, &proof.verifier).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["refused"].as_str().unwrap().to_owned()
}

/// The handoff in the address of the listener, and nothing else with it.
fn handoff_of(location: &str) -> &str {
    location.strip_prefix(&format!("{RETURN}?handoff=")).and_then(|rest| rest.strip_suffix("#_")).unwrap_or_else(|| panic!("{location}"))
}

#[tokio::test]
async fn a_refusal_reaches_the_app_sealed_and_as_one_of_three_words() {
    let world = World::new().await;
    world.switch("denial_description", "on").await;
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let answer = world.decide(&started, Some(&[])).await;
    let response = world.visit(&answer, Some(&started.cookie)).await;
    assert_eq!(told(&world, handoff_of(&header(&response, "location")), &proof).await, "declined");
    let cases = [
        ("access_denied", "declined"),
        ("invalid_scope", "invalid_scope"),
        ("invalid_request", "invalid_scope"),
        ("temporarily_unavailable", "provider_error"),
        ("server_error", "provider_error"),
        ("unauthorized_client", "provider_error"),
        ("<script>alert(1)</script>", "provider_error"),
    ];
    for (error, expected) in cases {
        let proof = Proof::new();
        let started = world.start(&proof, RETURN).await;
        let url = world.callback_url(error, &started.state).replace("code=", "error=");
        let response = world.visit(&url, Some(&started.cookie)).await;
        let location = header(&response, "location");
        let handoff = handoff_of(&location);
        assert_eq!(told(&world, handoff, &proof).await, expected);
        // It opens for whoever began, as often as they ask, and for nobody else.
        assert_eq!(told(&world, handoff, &proof).await, expected);
        assert_eq!(world.redeem(handoff, &Proof::new().verifier).await.status(), StatusCode::BAD_REQUEST);
        world.later(120);
        assert_eq!(world.redeem(handoff, &proof.verifier).await.status(), StatusCode::BAD_REQUEST);
    }
    assert_eq!(world.token_calls().await, 0);
}

#[tokio::test]
async fn an_error_with_a_state_of_somebody_else_tells_the_app_nothing() {
    let world = World::new().await;
    let started = world.start(&Proof::new(), RETURN).await;
    let forged = format!("{}/v1/callback?error=access_denied&state={}x", world.backend, started.state);
    refused(&world, &forged, Some(&started.cookie)).await;
    let no_cookie = format!("{}/v1/callback?error=access_denied&state={}", world.backend, started.state);
    refused(&world, &no_cookie, None).await;
}

#[tokio::test]
async fn without_the_browsers_own_cookie_nothing_happens() {
    let world = World::new().await;
    let (mine, other) = (world.start(&Proof::new(), RETURN).await, world.start(&Proof::new(), RETURN).await);
    let answer = world.decide(&mine, None).await;
    let forged = format!("{}=AAAAAAAAAAAAAAAAAAAAAA", mine.cookie.split('=').next().unwrap());
    let doubled = format!("{0}; {0}", mine.cookie);
    for cookie in [None, Some(other.cookie.as_str()), Some(forged.as_str()), Some(doubled.as_str())] {
        refused(&world, &answer, cookie).await;
    }
    // A stranger's tries must not spoil it for the browser that may.
    assert_eq!(world.visit(&answer, Some(&mine.cookie)).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(world.token_calls().await, 0);
}

#[tokio::test]
async fn a_state_works_for_one_code_and_for_ten_minutes() {
    let world = World::new().await;
    let started = world.start(&Proof::new(), RETURN).await;
    let answer = world.decide(&started, None).await;
    world.later(599);
    assert_eq!(world.visit(&answer, Some(&started.cookie)).await.status(), StatusCode::SEE_OTHER);
    let with_other_code = world.callback_url("mcc_sim_another_code", &started.state);
    refused(&world, &with_other_code, Some(&started.cookie)).await;
    let late = world.start(&Proof::new(), RETURN).await;
    let answer = world.decide(&late, None).await;
    world.later(600);
    refused(&world, &answer, Some(&late.cookie)).await;
}

/// It ended in "nothing was connected".
#[tokio::test]
async fn a_callback_that_is_asked_again_answers_the_same_while_the_handoff_lives() {
    let world = World::new().await;
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let answer = world.decide(&started, None).await;
    let mut last = String::new();
    for _ in 0..3 {
        let response = world.visit(&answer, Some(&started.cookie)).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        last = header(&response, "location");
        world.later(39);
    }
    assert_eq!(world.redeem(handoff_of(&last), &proof.verifier).await.status(), StatusCode::OK, "the last is as good as the first");
    world.later(3);
    refused(&world, &answer, Some(&started.cookie)).await;
    assert_eq!(world.metric("connect_logins_total{stage=\"approved\"}").await, Some(1));
    assert_eq!(world.token_calls().await, 1);
}

/// Three of them, and the state's owner was locked out.
#[tokio::test]
async fn made_up_codes_of_a_stranger_do_not_keep_the_owner_out() {
    let world = World::new().await;
    let started = world.start(&Proof::new(), RETURN).await;
    for round in 0..20 {
        refused(&world, &world.callback_url(&format!("mcc_sim_{round}"), &started.state), None).await;
    }
    let answer = world.decide(&started, None).await;
    assert_eq!(world.visit(&answer, Some(&started.cookie)).await.status(), StatusCode::SEE_OTHER);
}

/// A browser loads ahead, a page embeds the address: nothing changes by it.
#[tokio::test]
async fn what_nobody_sees_changes_nothing() {
    let world = World::new().await;
    let started = world.start(&Proof::new(), RETURN).await;
    let answer = world.decide(&started, None).await;
    let unseen = [
        vec![("sec-purpose", "prefetch")],
        vec![("sec-fetch-dest", "image"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-dest", "iframe"), ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site")],
    ];
    for headers in unseen {
        let start = world.start_url(&Proof::new().challenge, RETURN, "wallet:read");
        for url in [&answer, &start] {
            let request = world.request(reqwest::Method::GET, url.clone()).header("cookie", &started.cookie);
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{headers:?}");
            assert!(response.headers().get("location").is_none() && response.headers().get("set-cookie").is_none());
        }
    }
    assert_eq!(world.metric("connect_logins_total{stage=\"started\"}").await, Some(1));
    let response = world.visit(&answer, Some(&started.cookie)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "Monei's redirect comes from another site, and is seen");
}

#[tokio::test]
async fn a_code_seen_under_one_state_is_refused_under_any_other_even_when_the_cookie_failed() {
    let world = World::new().await;
    let victim = world.start(&Proof::new(), RETURN).await;
    let code = world.code(&victim).await;
    refused(&world, &world.callback_url(&code, &victim.state), None).await;
    let thief = world.start(&Proof::new(), RETURN).await;
    refused(&world, &world.callback_url(&code, &thief.state), Some(&thief.cookie)).await;
}

#[tokio::test]
async fn made_up_codes_under_one_state_are_few_and_do_not_keep_its_owner_out() {
    let world = World::new().await;
    let started = world.start(&Proof::new(), RETURN).await;
    let code = world.code(&started).await;
    for made_up in ["mcc_sim_one", "mcc_sim_two"] {
        refused(&world, &world.callback_url(made_up, &started.state), None).await;
    }
    let response = world.visit(&world.callback_url(&code, &started.state), Some(&started.cookie)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);

    let started = world.start(&Proof::new(), RETURN).await;
    for round in 0..50 {
        refused(&world, &world.callback_url(&format!("mcc_sim_{round}"), &started.state), None).await;
    }
    // A code that left a mark would be refused under another state; the fiftieth left none.
    let other = world.start(&Proof::new(), RETURN).await;
    let response = world.visit(&world.callback_url("mcc_sim_49", &other.state), Some(&other.cookie)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(world.token_calls().await, 0);
}

#[tokio::test]
async fn no_changed_character_of_a_state_opens() {
    let world = World::new().await;
    let started = world.start(&Proof::new(), RETURN).await;
    for at in 0..started.state.len() {
        let mut changed = started.state.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let url = world.callback_url("mcc_sim_code", std::str::from_utf8(&changed).unwrap());
        refused(&world, &url, Some(&started.cookie)).await;
    }
    assert_eq!(world.token_calls().await, 0);
}

#[tokio::test]
async fn the_issuer_is_compared_where_monei_sends_it() {
    let world = World::new().await;
    for (value, fine) in [("absent", true), ("present", true), ("wrong", false)] {
        world.switch("iss", value).await;
        let started = world.start(&Proof::new(), RETURN).await;
        let answer = world.decide(&started, None).await;
        let status = world.visit(&answer, Some(&started.cookie)).await.status();
        assert_eq!(status, if fine { StatusCode::SEE_OTHER } else { StatusCode::BAD_REQUEST }, "{value}");
    }
}

#[tokio::test]
async fn malformed_callbacks_are_refused() {
    let world = World::new().await;
    let started = world.start(&Proof::new(), RETURN).await;
    let state = &started.state;
    let long = "c".repeat(1600);
    let queries = [
        String::new(),
        "code=mcc_sim_code".to_owned(),
        format!("state={state}"),
        format!("code=mcc_sim_code&error=access_denied&state={state}"),
        format!("code=mcc_sim_code&code=mcc_sim_code&state={state}"),
        format!("code=mcc_sim_code&state={state}&state={state}"),
        format!("code=&state={state}"),
        format!("code=short&state={state}"),
        format!("code=mcc%20sim%20code&state={state}"),
        format!("code=mcc_sim%0d%0a_code&state={state}"),
        format!("code={long}&state={state}"),
        "code=mcc_sim_code&state=".to_owned(),
        "code=mcc_sim_code&state=%%%".to_owned(),
    ];
    for query in queries {
        refused(&world, &format!("{}/v1/callback?{query}", world.backend), Some(&started.cookie)).await;
    }
    let huge = format!("{}/v1/callback?code={}&state={state}", world.backend, "c".repeat(5000));
    assert_eq!(world.visit(&huge, None).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(world.token_calls().await, 0);
}

/// RFC 6749 §4.1.2: "The client MUST ignore unrecognized response parameters."
#[tokio::test]
async fn parameters_that_nobody_knows_are_ignored() {
    let world = World::new().await;
    for others in ["a=b", "a=b&a=c", "session_state=1&prompt", "x=%zz&%ff=1", "scope=wallet:read&scope=&error_uri=x"] {
        let started = world.start(&Proof::new(), RETURN).await;
        let answer = format!("{}&{others}", world.decide(&started, None).await);
        assert_eq!(world.visit(&answer, Some(&started.cookie)).await.status(), StatusCode::SEE_OTHER, "{others}");
    }
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let location =
        header(&world.visit(&format!("{}&a=b", world.decide(&started, Some(&[])).await), Some(&started.cookie)).await, "location");
    assert_eq!(told(&world, handoff_of(&location), &proof).await, "declined");
}

#[tokio::test]
async fn a_page_is_in_the_browsers_language() {
    let world = World::new().await;
    for (wanted, tag, words) in [
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr", "Ce lien est inutilisable"),
        ("en-GB,fr;q=0.9", "en", "This link can't be used"),
        ("de", "en", "This link can't be used"),
    ] {
        for path in ["/v1/callback?code=a", "/v1/start?challenge=a"] {
            let request = world.request(reqwest::Method::GET, format!("{}{path}", world.backend)).header("accept-language", wanted);
            let page = request.send().await.unwrap().text().await.unwrap();
            assert!(page.contains(&format!("<html lang=\"{tag}\">")) && page.contains(words), "{wanted}: {page}");
        }
    }
    let proof = Proof::new();
    let started = world.start(&proof, "deep-link").await;
    let answer = world.decide(&started, None).await;
    let request = world.request(reqwest::Method::GET, answer).header("cookie", &started.cookie).header("accept-language", "fr");
    let page = request.send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Presque terminé") && page.contains("Ouvrir Monei Connections"), "{page}");
}

#[tokio::test]
async fn nothing_received_is_shown_on_a_page() {
    let world = World::new().await;
    let started = world.start(&Proof::new(), RETURN).await;
    let probe = "%3Cscript%3Eprobe%3C/script%3E";
    for query in [
        format!("code={probe}&state={probe}"),
        format!("error={probe}&state={}", started.state),
        format!("error=access_denied&error_description={probe}&state={}", started.state),
        format!("{probe}={probe}"),
    ] {
        let page = world.get(&format!("/v1/callback?{query}")).await.text().await.unwrap();
        assert!(!page.contains("probe"), "{page}");
    }
    let page = world.get(&format!("/v1/start?challenge={probe}&return={probe}&scope={probe}")).await.text().await.unwrap();
    assert!(!page.contains("probe"), "{page}");
}
