//! Where a transaction begins.

use reqwest::StatusCode;
use url::Url;

use crate::support::*;

#[tokio::test]
async fn start_leads_to_the_consent_page_with_the_registered_redirect_uri() {
    let world = World::new().await;
    let proof = Proof::new();
    let started = world.start(&proof, RETURN).await;
    let location = Url::parse(&started.location).unwrap();
    assert_eq!(location.origin().ascii_serialization(), world.sandbox);
    assert_eq!(location.path(), "/connect/authorize");
    let names: Vec<_> = location.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["client_id", "redirect_uri", "scope", "state"], "only what Monei documents");
    assert_eq!(parameter(&started.location, "redirect_uri").unwrap(), format!("{}/v1/callback", world.backend));
    assert_eq!(parameter(&started.location, "scope").unwrap(), "profile:read wallet:read");
    assert!(started.state.len() <= 200);
    for secret in [CLIENT_SECRET, &proof.verifier, &proof.challenge] {
        assert!(!started.location.contains(secret));
    }
}

#[tokio::test]
async fn forty_hostile_return_targets_are_refused() {
    let world = World::new().await;
    let challenge = Proof::new().challenge;
    let hostile = [
        "https://evil.example/AbCdEfGhIjKlMnOpQrSt_-".to_owned(),
        format!("http://evil.example:49152/{NONCE}"),
        format!("http://127.0.0.1.evil.example:49152/{NONCE}"),
        format!("http://127.0.0.1@evil.example:49152/{NONCE}"),
        format!("http://evil.example@127.0.0.1:49152/{NONCE}"),
        format!("http://user:pass@127.0.0.1:49152/{NONCE}"),
        format!("http://127.0.0.1:49152@evil.example/{NONCE}"),
        format!("http://127.0.0.1:49152\\@evil.example/{NONCE}"),
        format!("http:\\\\127.0.0.1:49152\\{NONCE}"),
        format!("http://127.0.0.1:49152\\{NONCE}"),
        format!("https://127.0.0.1:49152/{NONCE}"),
        format!("HTTP://127.0.0.1:49152/{NONCE}"),
        format!("//127.0.0.1:49152/{NONCE}"),
        format!("/{NONCE}"),
        format!("http:/127.0.0.1:49152/{NONCE}"),
        format!("http:127.0.0.1:49152/{NONCE}"),
        format!("http://localhost:49152/{NONCE}"),
        format!("http://0.0.0.0:49152/{NONCE}"),
        format!("http://127.0.0.2:49152/{NONCE}"),
        format!("http://127.1:49152/{NONCE}"),
        format!("http://0x7f.1:49152/{NONCE}"),
        format!("http://2130706433:49152/{NONCE}"),
        format!("http://017700000001:49152/{NONCE}"),
        format!("http://127.0.0.1.:49152/{NONCE}"),
        format!("http://[::ffff:127.0.0.1]:49152/{NONCE}"),
        format!("http://[0:0:0:0:0:0:0:1]:49152/{NONCE}"),
        format!("http://[::1%25lo]:49152/{NONCE}"),
        format!("http://[::]:49152/{NONCE}"),
        format!("http://127.0.0.1/{NONCE}"),
        format!("http://127.0.0.1:/{NONCE}"),
        format!("http://127.0.0.1:22/{NONCE}"),
        format!("http://127.0.0.1:1023/{NONCE}"),
        format!("http://127.0.0.1:65536/{NONCE}"),
        format!("http://127.0.0.1:049152/{NONCE}"),
        format!("http://127.0.0.1:+9152/{NONCE}"),
        "http://127.0.0.1:49152/".to_owned(),
        "http://127.0.0.1:49152/short".to_owned(),
        format!("http://127.0.0.1:49152/{NONCE}/more"),
        format!("http://127.0.0.1:49152/{NONCE}?a=b"),
        format!("http://127.0.0.1:49152/{NONCE}#a"),
        format!("http://127.0.0.1:49152/{NONCE}%2f.."),
        format!("http://127.0.0.1:49152/../{NONCE}"),
        format!("http://127.0.0.1:49152/{}", "n".repeat(65)),
        format!("http://127.0.0.1:49152/{NONCE}\r\nSet-Cookie: a=b"),
        format!(" http://127.0.0.1:49152/{NONCE}"),
        format!("http://127.0.0.1:49152/{NONCE} "),
        format!("http://127.0.0.1:49152/{NONCE}\u{0}"),
        format!("http://127。0。0。1:49152/{NONCE}"),
        "deep-link ".to_owned(),
        "Deep-Link".to_owned(),
        "org.moneiconnections.manager:/callback".to_owned(),
        "javascript:alert(1)".to_owned(),
        "data:text/html,x".to_owned(),
        String::new(),
    ];
    for target in hostile {
        let response = world.visit(&world.start_url(&challenge, &target, "wallet:read"), None).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{target:?}");
        assert!(response.headers().get("location").is_none() && response.headers().get("set-cookie").is_none());
        let page = response.text().await.unwrap();
        assert!(page.contains("can't be used") && !page.contains("49152"), "{target:?} is not repeated");
    }
}

#[tokio::test]
async fn the_allowed_return_targets_are_accepted() {
    let world = World::new().await;
    let long = format!("http://[::1]:65535/{}", "n".repeat(64));
    for target in ["deep-link", "http://127.0.0.1:1024/AbCdEfGhIjKlMnOpQrSt_-", &long] {
        world.start(&Proof::new(), target).await;
    }
}

#[tokio::test]
async fn every_parameter_is_needed_once_and_nothing_else_is_taken() {
    let world = World::new().await;
    let good = world.start_url(&Proof::new().challenge, RETURN, "wallet:read");
    assert_eq!(world.visit(&good, None).await.status(), StatusCode::SEE_OTHER);
    let (base, query) = good.split_once('?').unwrap();
    let pairs: Vec<_> = query.split('&').collect();
    for (at, pair) in pairs.iter().enumerate() {
        let doubled = format!("{good}&{pair}");
        let mut without = pairs.clone();
        without.remove(at);
        let missing = format!("{base}?{}", without.join("&"));
        for url in [doubled, missing] {
            assert_eq!(world.visit(&url, None).await.status(), StatusCode::BAD_REQUEST, "{url}");
        }
    }
    let scopes = ["", "wallet:read%00", "cards:freeze", "wallet:read%20cards:freeze", "wallet:read,profile:read"];
    let scopes = scopes.map(|scope| world.start_url(&Proof::new().challenge, RETURN, "SCOPE").replace("SCOPE", scope));
    let more = ["&a=b", "&", "&redirect_uri=https://evil.example", "&state=x"].map(|tail| format!("{good}{tail}"));
    for url in scopes.iter().chain(&more) {
        assert_eq!(world.visit(url, None).await.status(), StatusCode::BAD_REQUEST, "{url}");
    }
}

#[tokio::test]
async fn a_challenge_of_another_shape_is_refused() {
    let world = World::new().await;
    for challenge in ["", "short", &"A".repeat(44), &"=".repeat(43), &format!("{}!", "A".repeat(42))] {
        let response = world.visit(&world.start_url(challenge, RETURN, "wallet:read"), None).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{challenge}");
    }
}

#[tokio::test]
async fn a_browser_keeps_at_most_eight_transactions_and_loses_the_oldest() {
    let world = World::new().await;
    let mut jar = Vec::new();
    for _ in 0..8 {
        jar.push(world.start(&Proof::new(), RETURN).await.cookie);
        world.later(1);
    }
    let response = world.visit(&world.start_url(&Proof::new().challenge, RETURN, "wallet:read"), Some(&jar.join("; "))).await;
    let set: Vec<_> = response.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    let oldest = jar[0].split('=').next().unwrap();
    assert_eq!(set.len(), 2);
    assert!(set[0].starts_with(&format!("{oldest}=;")) && set[0].contains("Max-Age=0"), "{set:?}");
    assert!(set[1].contains("Max-Age=600"));
}

#[tokio::test]
async fn on_https_the_cookie_is_host_bound_and_secure() {
    let world = World::with(&[("MONEI_REDIRECT_URI", "https://connect.example.org/v1/callback")]).await;
    let response = world.visit(&world.start_url(&Proof::new().challenge, RETURN, "wallet:read"), None).await;
    let cookie = header(&response, "set-cookie");
    assert!(cookie.starts_with("__Host-connect-"), "{cookie}");
    assert!(cookie.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600"), "{cookie}");
    let world = World::new().await;
    let response = world.visit(&world.start_url(&Proof::new().challenge, RETURN, "wallet:read"), None).await;
    let cookie = header(&response, "set-cookie");
    assert!(cookie.starts_with("connect-") && cookie.ends_with("; HttpOnly; SameSite=Lax; Path=/; Max-Age=600"), "{cookie}");
}

#[tokio::test]
async fn too_many_starts_of_one_address_are_put_off() {
    let world = World::with(&[("CONNECT_PER_ADDRESS_PER_MINUTE", "3")]).await;
    let url = world.start_url(&Proof::new().challenge, RETURN, "wallet:read");
    for _ in 0..3 {
        assert_eq!(world.visit(&url, None).await.status(), StatusCode::SEE_OTHER);
    }
    let response = world.request(reqwest::Method::GET, url).header("x-forwarded-for", "203.0.113.9").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(header(&response, "retry-after").parse::<u64>().unwrap() >= 1);
    assert!(header(&response, "content-type").starts_with("text/html"));
    assert_eq!(world.get("/v1/client").await.status(), StatusCode::TOO_MANY_REQUESTS, "whatever is asked for counts");
}
