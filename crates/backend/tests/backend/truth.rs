//! A connection ends only on Monei's own words, and a rotated pair is kept whatever else its answer says.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::*;

fn sealed(tokens: &Value) -> String {
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

/// A backend before `stub`, and as many grants as asked for.
pub async fn connected(stub: &Stub, grants: usize, values: &[(&str, &str)]) -> (World, Vec<String>) {
    let usual = [
        ("MONEI_SANDBOX_URL", stub.origin.as_str()),
        ("MONEI_TOKEN_CALLS_PER_MINUTE", "100000"),
        ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0"),
    ];
    let world = World::with(&[&usual[..], values].concat()).await;
    let mut all = Vec::new();
    for number in 0..grants {
        let mut answer = Answer::tokens();
        answer.body = String::from_utf8(answer.body).unwrap().replace("mcr_sim_b", &format!("mcr_sim_{number}")).into_bytes();
        stub.answers(answer);
        let proof = Proof::new();
        let response = world.redeem(&world.made_up_handoff(&proof).await, &proof.verifier).await;
        assert_eq!(response.status(), StatusCode::OK);
        all.push(sealed(&response.json().await.unwrap()));
    }
    (world, all)
}

/// A gateway's 404 page on a refresh gave `grant_refused`, and the app wiped its tokens.
#[tokio::test]
async fn what_is_not_moneis_word_about_a_token_ends_no_connection() {
    let stub = Stub::new(Answer::tokens()).await;
    let (world, all) = connected(&stub, 1, &[]).await;
    let said = |message: &str, status: u16| json!({"statusCode": status, "message": message}).to_string();
    let mut key = 0;
    for status in [301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 406, 407, 408, 409, 410, 413, 418, 421, 422, 451, 499] {
        let token = said("Invalid or expired refresh token", status);
        let cases = [
            ("text/html", "<html><body>Not found: invalid token</body></html>".to_owned()),
            ("application/json", "<html><body>Not found: invalid token</body></html>".to_owned()),
            ("text/plain", "Token not found".to_owned()),
            ("text/html", token.clone()),
            ("application/json", said("Invalid or expired refresh token", status + 100)),
            ("application/json", json!({"message": "Token not found"}).to_string()),
            ("application/json", json!({"error": "invalid_grant"}).to_string()),
            ("application/json", said("Cannot POST /api/v1/connect/token", status)),
            ("application/json", said("Unexpected token } in JSON at position 7", status)),
            ("application/json", String::new()),
        ];
        for (content_type, body) in cases {
            stub.answers(Answer { status, content_type, body: body.clone().into_bytes() });
            key += 1;
            let response = world.refresh(&all[0], &format!("key-of-refresh-number-{key}")).await;
            let (got, body_got) = (response.status(), response.text().await.unwrap());
            assert!(
                got == StatusCode::SERVICE_UNAVAILABLE && body_got.contains("\"service_unavailable\""),
                "{status} {content_type} {body}: {got} {body_got}"
            );
        }
        if !matches!(status, 400 | 401 | 404) {
            stub.answers(Answer { status, content_type: "application/json", body: token.into_bytes() });
            key += 1;
            problem(world.refresh(&all[0], &format!("key-of-refresh-number-{key}")).await, 503, "service_unavailable").await;
        }
    }
    // The token was good all the time.
    stub.answers(Answer::tokens());
    assert_eq!(world.refresh(&all[0], "key-of-the-last-refresh").await.status(), StatusCode::OK);
}

/// Each of these was `outcome_unknown`, and both good tokens were dropped.
#[tokio::test]
async fn both_tokens_are_kept_however_odd_the_answer_is_at_exchange_and_refresh() {
    let stub = Stub::new(Answer::tokens()).await;
    let (world, all) = connected(&stub, 1, &[]).await;
    let plain = json!({"access_token": "mct_sim_odd", "refresh_token": "mcr_sim_odd", "token_type": "Bearer", "expires_in": 3600, "scopes": ["wallet:read"]});
    let with = |name: &str, value: Value| {
        let mut changed = plain.clone();
        changed[name] = value;
        changed.to_string()
    };
    let mut answers: Vec<(u16, &'static str, String)> = vec![
        (200, "application/json", json!({"statusCode": 200, "message": "ok", "data": plain}).to_string()),
        (200, "application/json", json!([plain]).to_string()),
        (200, "text/html", plain.to_string()),
        (200, "application/json", format!("{plain} trailing")),
        (200, "application/json", plain.to_string().replace("3600", "NaN")),
        (200, "application/json", plain.to_string().replace("\"expires_in\":3600,", "")),
        (200, "application/x-www-form-urlencoded", "access_token=mct_sim_odd&refresh_token=mcr_sim_odd".to_owned()),
        (201, "application/json", plain.to_string()),
        (203, "application/json", plain.to_string()),
        (302, "application/json", plain.to_string()),
        (400, "application/json", plain.to_string()),
        (500, "application/json", plain.to_string()),
    ];
    for value in [
        json!(null),
        json!("wallet:read"),
        json!({}),
        json!(7),
        json!([1, null]),
        json!([["wallet:read"]]),
        json!(["a b"]),
        json!(vec!["x"; 500]),
    ] {
        answers.push((200, "application/json", with("scopes", value)));
    }
    for value in [json!(null), json!("3600"), json!(0), json!(-1), json!(1e300), json!("soon"), json!([3600]), json!({"s": 1})] {
        answers.push((200, "application/json", with("expires_in", value)));
    }
    for value in [json!(null), json!("mac"), json!(7), json!(["Bearer"]), json!("")] {
        answers.push((200, "application/json", with("token_type", value)));
    }
    let most = answers.len() as u64;
    for (at, (status, content_type, body)) in answers.into_iter().enumerate() {
        stub.answers(Answer { status, content_type, body: body.clone().into_bytes() });
        let proof = Proof::new();
        let exchanged = world.redeem(&world.made_up_handoff(&proof).await, &proof.verifier).await;
        let refreshed = world.refresh(&all[0], &format!("key-of-refresh-number-{at}")).await;
        for response in [exchanged, refreshed] {
            assert_eq!(response.status(), StatusCode::OK, "{status} {body}");
            let tokens: Value = response.json().await.unwrap();
            assert_eq!(tokens["access_token"], "mct_sim_odd", "{body}");
            assert!(tokens["refresh_token"].as_str().unwrap().len() > 40, "{body}");
            assert_eq!(tokens["token_type"], "Bearer");
            assert!((1..=86_400).contains(&tokens["expires_in"].as_u64().unwrap()), "{body}: {tokens}");
        }
    }
    let odd = world.metric("connect_odd_token_answers_total{call=\"refresh\"}").await.unwrap();
    assert!(odd > most / 2, "an operator is told: {odd} of {most}");
}

/// Monei refuses everything in the words that it uses for a revoked token. An outage of 8 h signed out 80 of 82.
#[tokio::test]
async fn an_outage_of_eight_hours_signs_out_nobody_however_few_they_are() {
    for grants in [1, 3, 24] {
        let stub = Stub::new(Answer::tokens()).await;
        let (world, all) = connected(&stub, grants, &[("CONNECT_REFUSALS", "confirmed")]).await;
        for hour in 0..8 {
            for (at, token) in all.iter().enumerate() {
                stub.answers(Answer::refusal([400, 401, 404][(hour + at) % 3], "Invalid or expired refresh token"));
                for attempt in 0..2 {
                    let response = world.refresh(token, &format!("key-of-refresh-{hour}-{at}-{attempt}")).await;
                    assert_eq!(
                        response.status(),
                        StatusCode::SERVICE_UNAVAILABLE,
                        "hour {hour}, grant {at}: {}",
                        response.text().await.unwrap()
                    );
                }
                world.later(3_600 / grants as u64);
            }
        }
        stub.answers(Answer::tokens());
        for (at, token) in all.iter().enumerate() {
            world.later(601);
            assert_eq!(world.refresh(token, &format!("key-of-the-end-{at:0>6}")).await.status(), StatusCode::OK, "grant {at}");
        }
    }
}

/// Under ever new keys it cost a call each.
#[tokio::test]
async fn a_refused_token_costs_two_calls_at_most_and_is_believed_after_a_success() {
    for policy in ["confirmed", "at_once"] {
        let stub = Stub::new(Answer::tokens()).await;
        let (world, all) = connected(&stub, 2, &[("CONNECT_REFUSALS", policy)]).await;
        let before = stub.calls();
        stub.answers(Answer::refusal(401, "Invalid or expired refresh token"));
        for attempt in 0..30 {
            world.refresh(&all[0], &format!("key-of-refresh-number-{attempt}")).await;
            world.later(1);
        }
        assert_eq!(stub.calls() - before, 1, "{policy}");
        stub.answers(Answer::tokens());
        assert_eq!(world.refresh(&all[1], "key-of-somebody-else").await.status(), StatusCode::OK);
        world.later(1);
        stub.answers(Answer::refusal(401, "Invalid or expired refresh token"));
        for attempt in 0..30 {
            problem(world.refresh(&all[0], &format!("key-of-a-later-refresh-{attempt}")).await, 400, "grant_refused").await;
            world.later(1);
        }
        let confirmed = u64::from(policy == "confirmed");
        assert_eq!(stub.calls() - before, 2 + confirmed, "{policy}: with the other's one");
    }
}

/// A maintenance page under 200 between two refusals signed people out.
#[tokio::test]
async fn an_answer_without_tokens_proves_nothing_whatever_its_status() {
    for (status, body) in
        [(200, "<html>We are back soon</html>"), (200, r#"{"statusCode":401,"message":"Invalid or expired token"}"#), (204, "")]
    {
        let stub = Stub::new(Answer { status, content_type: "application/json", body: body.as_bytes().to_vec() }).await;
        let nothing = stub.answer();
        let (world, _) = connected(&stub, 0, &[]).await;
        let proof = Proof::new();
        problem(world.redeem(&world.made_up_handoff(&proof).await, &proof.verifier).await, 504, "outcome_unknown").await;
        assert!(world.private("/readyz").await.text().await.unwrap().contains("not used yet"), "{status} {body}");

        let (world, all) = connected(&stub, 2, &[("CONNECT_REFUSALS", "confirmed")]).await;
        let refusal = Answer::refusal(401, "Invalid or expired refresh token");
        stub.answers(refusal.clone());
        problem(world.refresh(&all[0], "key-of-the-first-refusal").await, 503, "service_unavailable").await;
        world.later(1);
        stub.answers(nothing);
        problem(world.refresh(&all[1], "key-of-somebody-else").await, 504, "outcome_unknown").await;
        world.later(601);
        stub.answers(refusal);
        problem(world.refresh(&all[0], "key-of-the-next-refusal").await, 503, "service_unavailable").await;
    }
}

#[tokio::test]
async fn a_page_in_moneis_place_confirms_no_revocation() {
    let stub = Stub::new(Answer::tokens()).await;
    let (world, all) = connected(&stub, 1, &[]).await;
    let tokens = json!({"access_token": "mct_sim_a", "refresh_token": all[0]});
    stub.answers(Answer { status: 200, content_type: "text/html", body: b"<html>Sign in to the network</html>".to_vec() });
    problem(world.revoke(&tokens).await, 502, "revoke_unconfirmed").await;
    stub.answers(Answer { status: 200, content_type: "application/json", body: b"{\"message\":\"Token revoked\"}".to_vec() });
    assert_eq!(world.revoke(&tokens).await.status(), StatusCode::NO_CONTENT);
}
