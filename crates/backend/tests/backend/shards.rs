//! Several registrations at Monei: each with a budget of its own.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::*;
use crate::truth::connected;

const OTHER_ID: &str = "mc_sim_other";
const OTHER_SECRET: &str = "mcs_sim_CNRYother_secret";

/// A world with two registrations; the folder holds their list.
async fn two(values: &[(&str, &str)]) -> (World, tempfile::TempDir) {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        let mut options = std::fs::OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o400);
        let mut file = options.open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    };
    write("one", CLIENT_SECRET);
    write("two", OTHER_SECRET);
    let list = format!("[[client]]\nid = '{CLIENT_ID}'\nsecret_file = 'one'\n[[client]]\nid = '{OTHER_ID}'\nsecret_file = 'two'\n");
    let list = write("clients.toml", &list);
    let usual = [("MONEI_CLIENT_ID", ""), ("MONEI_CLIENT_SECRET", ""), ("CONNECT_CLIENTS_FILE", list.to_str().unwrap())];
    let world = World::of_clients(&[(CLIENT_ID, CLIENT_SECRET), (OTHER_ID, OTHER_SECRET)], &[&usual[..], values].concat()).await;
    (world, folder)
}

/// The client id that a start led to Monei with.
fn client_of(started: &Started) -> String {
    parameter(&started.location, "client_id").unwrap()
}

async fn finish(world: &World, proof: &Proof, started: &Started) -> reqwest::Response {
    let url = world.callback_url(&world.code(started).await, &started.state);
    let response = world.visit(&url, Some(&started.cookie)).await;
    world.redeem(&handoff_of(&header(&response, "location")), &proof.verifier).await
}

#[tokio::test]
async fn each_registration_has_a_budget_of_its_own() {
    // One call a minute each: with one budget for both, the second login would have to wait.
    let (world, _folder) = two(&[("MONEI_TOKEN_CALLS_PER_MINUTE", "1")]).await;
    let mut clients = BTreeSet::new();
    for _ in 0..2 {
        let proof = Proof::new();
        let started = world.start(&proof, RETURN).await;
        clients.insert(client_of(&started));
        assert_eq!(finish(&world, &proof, &started).await.status(), StatusCode::OK);
    }
    assert_eq!(clients.len(), 2, "the second start took the one with most room");
    assert_eq!(world.token_calls().await, 2);
}

#[tokio::test]
async fn a_pair_is_refreshed_and_revoked_as_the_registration_that_it_was_given_to() {
    let (world, _folder) = two(&[("MONEI_REFRESH_AUTH", "secret"), ("MONEI_TOKEN_CALLS_PER_MINUTE", "1000")]).await;
    world.switch("refresh_secret", "required").await;
    let mut clients = BTreeSet::new();
    for round in 0..20 {
        let proof = Proof::new();
        let started = world.start(&proof, RETURN).await;
        clients.insert(client_of(&started));
        let tokens: Value = finish(&world, &proof, &started).await.json().await.unwrap();
        let sealed = tokens["refresh_token"].as_str().unwrap();
        let response = world.refresh(sealed, &format!("key-of-refresh-{round:04}")).await;
        assert_eq!(response.status(), StatusCode::OK, "as {}", client_of(&started));
        assert_eq!(world.revoke(&response.json().await.unwrap()).await.status(), StatusCode::NO_CONTENT);
        if clients.len() == 2 && round > 3 {
            return;
        }
    }
    panic!("only {clients:?} was used");
}

#[tokio::test]
async fn a_429_pauses_its_grant_then_its_registration_then_all() {
    let stub = Stub::new(Answer::tokens()).await;
    let (world, _folder) = two(&[("MONEI_SANDBOX_URL", &stub.origin), ("MONEI_TOKEN_CALLS_PER_MINUTE", "1000")]).await;
    let mut of: [Vec<String>; 2] = Default::default();
    for number in 0..60 {
        if of.iter().all(|all| all.len() >= 3) {
            break;
        }
        let mut answer = Answer::tokens();
        answer.body = String::from_utf8(answer.body).unwrap().replace("mcr_sim_b", &format!("mcr_sim_{number}")).into_bytes();
        stub.answers(answer);
        let proof = Proof::new();
        let started = world.start(&proof, RETURN).await;
        let url = world.callback_url(&format!("mcc_sim_{}", &proof.verifier[..16]), &started.state);
        let handoff = handoff_of(&header(&world.visit(&url, Some(&started.cookie)).await, "location"));
        let tokens: Value = world.redeem(&handoff, &proof.verifier).await.json().await.unwrap();
        of[usize::from(client_of(&started) == OTHER_ID)].push(tokens["refresh_token"].as_str().unwrap().to_owned());
    }
    let [one, two] = of;
    assert!(one.len() >= 3 && two.len() >= 3, "{} {}", one.len(), two.len());
    stub.answers(Answer::refusal(429, "Too many requests"));
    let before = stub.calls();
    // Each asks Monei unless its grant, its registration or all are paused.
    let mut key = 0;
    let mut ask = async |sealed: &str| {
        key += 1;
        problem(world.refresh(sealed, &format!("key-of-refresh-{key:04}")).await, 429, "provider_busy").await;
        stub.calls() - before
    };
    assert_eq!(ask(&one[0]).await, 1);
    assert_eq!(ask(&one[0]).await, 1, "its grant is paused");
    assert_eq!(ask(&one[1]).await, 2, "another grant isn't");
    assert_eq!(ask(&one[2]).await, 2, "now its registration is");
    assert_eq!(ask(&two[0]).await, 3, "the other registration isn't");
    assert_eq!(ask(&two[1]).await, 4);
    assert_eq!(ask(&two[2]).await, 4, "now all are");
}

/// Whether Monei's limit counts what the configuration says.
#[tokio::test]
async fn a_429_that_contradicts_the_configured_scope_raises_an_alert_and_no_other_does() {
    const ALERT: &str = "connect_budget_scope_contradicted_total";
    let busy = || Answer::refusal(429, "Too many requests");
    // The scope, calls a minute, and what the alert's counter says after the 429 of each grant. With three a minute, the limit is reached.
    for (scope, per_minute, expected) in [("client", "10", &[1, 2][..]), ("client", "3", &[0]), ("grant", "10", &[0, 1])] {
        let stub = Stub::new(Answer::tokens()).await;
        let (world, sealed) = connected(&stub, 2, &[("MONEI_BUDGET_SCOPE", scope), ("MONEI_TOKEN_CALLS_PER_MINUTE", per_minute)]).await;
        stub.answers(busy());
        let mut counted = Vec::new();
        for (grant, sealed) in sealed.iter().take(expected.len()).enumerate() {
            let response = world.refresh(sealed, &format!("key-of-refresh-of-{grant}")).await;
            problem(response, 429, "provider_busy").await;
            counted.push(world.metric(ALERT).await.unwrap());
        }
        assert_eq!(counted, expected, "{scope}, {per_minute} a minute");
    }
}
