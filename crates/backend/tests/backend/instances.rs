//! Several instances before one Redis are one backend.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::fleet::*;
use crate::support::*;

struct Fleet {
    world: World,
    redis: Redis,
    instances: Vec<Instance>,
}

impl Fleet {
    async fn of(count: usize, values: &[(&str, &str)]) -> Fleet {
        let (world, redis) = (World::new().await, Redis::start());
        let url = redis.url();
        let mut all = vec![("CONNECT_REDIS_URL", url.as_str()), ("CONNECT_OPERATOR_NAME", "Fleet")];
        all.extend_from_slice(values);
        let mut instances = Vec::new();
        for _ in 0..count {
            instances.push(Instance::start(&world, &all).await);
        }
        let fleet = Fleet { world, redis, instances };
        fleet.until_the_store_answers().await;
        fleet
    }

    /// The world through one instance.
    fn at(&self, instance: usize) -> World {
        self.world.at(&self.instances[instance].base)
    }

    async fn until_the_store_answers(&self) {
        for instance in 0..self.instances.len() {
            let at = self.at(instance);
            let answers = async {
                let junk = at.callback_url("a-code-of-nobody", "x");
                let start = at.start_url(&Proof::new().challenge, RETURN, "wallet:read");
                assert_eq!(at.visit(&junk, None).await.status(), StatusCode::BAD_REQUEST);
                while at.visit(&start, None).await.status() == StatusCode::SERVICE_UNAVAILABLE {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(15), answers).await.expect("the store answers");
        }
    }
}

/// Start at one, callback at a second: the handoff.
async fn handoff(from: &World, to: &World, proof: &Proof) -> String {
    let started = from.start(proof, RETURN).await;
    let code = from.code(&started).await;
    let response = to.visit(&to.callback_url(&code, &started.state), Some(&started.cookie)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let again = from.visit(&from.callback_url(&code, &started.state), Some(&started.cookie)).await;
    assert_eq!(again.status(), StatusCode::SEE_OTHER, "the same again, wherever");
    let other = from.visit(&from.callback_url("mcc_sim_another_code", &started.state), Some(&started.cookie)).await;
    assert_eq!(other.status(), StatusCode::BAD_REQUEST, "a state works for one code, wherever");
    handoff_of(&header(&response, "location"))
}

#[tokio::test]
async fn a_login_that_starts_at_one_instance_ends_at_another() {
    let fleet = Fleet::of(3, &[]).await;
    let [one, two, three] = [0, 1, 2].map(|instance| fleet.at(instance));
    let proof = Proof::new();
    let handoff = handoff(&one, &two, &proof).await;
    let tokens: Value = three.redeem(&handoff, &proof.verifier).await.json().await.unwrap();
    let again: Value = one.redeem(&handoff, &proof.verifier).await.json().await.unwrap();
    assert!(tokens["access_token"].as_str().unwrap().starts_with("mct_sim_"), "{tokens}");
    assert_eq!(tokens, again, "a lost answer can be had elsewhere");
    let sealed = tokens["refresh_token"].as_str().unwrap();
    let fresh: Value = two.refresh(sealed, "key-of-one-refresh_1").await.json().await.unwrap();
    assert_eq!(three.refresh(sealed, "key-of-one-refresh_1").await.json::<Value>().await.unwrap(), fresh);
    assert_eq!(one.revoke(&fresh).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(fleet.world.token_calls().await, 2, "one exchange, one refresh");

    let written = fleet.redis.written();
    let secrets = ["CNRY", "mct_", "mcr_", &handoff, &proof.verifier, &proof.challenge, "key-of-one-refresh_1", sealed, CLIENT_ID];
    assert!(written.len() > 500, "Redis wrote something");
    for secret in secrets {
        assert!(!written.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} is in Redis");
    }
}

#[tokio::test]
async fn many_requests_at_once_at_three_instances_are_one_exchange() {
    let fleet = Fleet::of(3, &[]).await;
    let proof = Proof::new();
    let handoff = handoff(&fleet.at(0), &fleet.at(1), &proof).await;
    fleet.world.fault(json!({"target": "token", "kind": "delay", "delay_ms": 400})).await;
    let bodies = tokio::task::JoinSet::from_iter((0..30).map(|round| {
        let (at, handoff, verifier) = (fleet.at(round % 3), handoff.clone(), proof.verifier.clone());
        async move { at.redeem(&handoff, &verifier).await.text().await.unwrap() }
    }))
    .join_all()
    .await;
    assert!(bodies[0].contains("mct_sim_") && bodies.iter().all(|body| *body == bodies[0]), "{}", bodies[0]);
    assert_eq!(fleet.world.token_calls().await, 1);
}

#[tokio::test]
async fn a_login_survives_the_instance_that_began_it() {
    let mut fleet = Fleet::of(2, &[]).await;
    let proof = Proof::new();
    let started = fleet.at(0).start(&proof, RETURN).await;
    fleet.instances.remove(0).kill();
    let left = fleet.at(0);
    let code = left.code(&started).await;
    let response = left.visit(&left.callback_url(&code, &started.state), Some(&started.cookie)).await;
    let tokens = left.redeem(&handoff_of(&header(&response, "location")), &proof.verifier).await;
    assert_eq!(tokens.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_an_instance_was_asking_monei_when_it_died_is_not_asked_again() {
    let mut fleet = Fleet::of(2, &[]).await;
    let proof = Proof::new();
    let handoff = handoff(&fleet.at(0), &fleet.at(1), &proof).await;
    fleet.world.fault(json!({"target": "token", "kind": "delay", "delay_ms": 3_000})).await;
    let asking = tokio::spawn({
        let (at, handoff, verifier) = (fleet.at(0), handoff.clone(), proof.verifier.clone());
        let url = format!("{}/v1/redeem", at.backend);
        async move {
            let body = json!({"handoff": handoff, "code_verifier": verifier});
            at.request(reqwest::Method::POST, url).json(&body).send().await.is_err()
        }
    });
    while fleet.world.token_calls().await == 0 {
        tokio::task::yield_now().await;
    }
    fleet.instances.remove(0).kill();
    assert!(asking.await.unwrap(), "its caller got no answer");
    problem(fleet.at(0).redeem(&handoff, &proof.verifier).await, 504, "outcome_unknown").await;
    assert_eq!(fleet.world.token_calls().await, 1);
    fleet.world.handoff(&Proof::new()).await;
}

#[tokio::test]
async fn a_flood_at_three_instances_never_exceeds_the_one_budget() {
    let fleet = Fleet::of(3, &[("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0")]).await;
    fleet.world.switch("token_calls_per_minute", 10).await;
    let logins = (0..30).map(|round| {
        let [one, two, three] = [0, 1, 2].map(|step| fleet.at((round + step) % 3));
        async move {
            let proof = Proof::new();
            let handoff = handoff(&one, &two, &proof).await;
            let response = three.redeem(&handoff, &proof.verifier).await;
            if response.status() == StatusCode::OK {
                return Some(response.json::<Value>().await.unwrap());
            }
            let wait = problem(response, 429, "rate_limited").await.expect("says how long to wait");
            assert!((1..=400).contains(&wait), "{wait}");
            None
        }
    });
    let tokens: Vec<_> = tokio::task::JoinSet::from_iter(logins).join_all().await.into_iter().flatten().collect();
    assert!((1..=8).contains(&tokens.len()), "redeem has eight of ten, and {} went through", tokens.len());
    let mut refreshed = 0;
    for (round, tokens) in tokens.iter().enumerate() {
        let sealed = tokens["refresh_token"].as_str().unwrap();
        let response = fleet.at(round % 3).refresh(sealed, &format!("key-of-refresh-{round}")).await;
        refreshed += u64::from(response.status() == StatusCode::OK);
    }
    // On a busy machine less than two may have been redeemed in time.
    assert!(refreshed >= tokens.len().min(2) as u64, "two are left to refresh; {refreshed} of {} went through", tokens.len());
    let calls = fleet.world.token_calls().await;
    assert_eq!(calls, tokens.len() as u64 + refreshed, "what was not answered was not sent");
    assert!(calls <= 10, "Monei was never asked too often");
}

#[tokio::test]
async fn a_private_port_that_the_system_chose_is_named_in_the_log() {
    let instance = Instance::start(&World::new().await, &[("CONNECT_PRIVATE_LISTEN", "127.0.0.1:0")]).await;
    let address = instance.logged("listening_privately").await["address"].as_str().unwrap().to_owned();
    assert_eq!(reqwest::get(format!("http://{address}/healthz")).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn without_its_store_it_refuses_clearly_and_comes_back_by_itself() {
    let mut fleet = Fleet::of(2, &[("CONNECT_PRIVATE_LISTEN", "127.0.0.1:0")]).await;
    let proof = Proof::new();
    let handoff = handoff(&fleet.at(0), &fleet.at(1), &proof).await;
    let waiting = Proof::new();
    let started = fleet.at(0).start(&waiting, RETURN).await;
    let code = fleet.at(0).code(&started).await;
    fleet.redis.stop();
    for instance in [0, 1] {
        let at = fleet.at(instance);
        let wait = problem(at.redeem(&handoff, &proof.verifier).await, 503, "service_unavailable").await;
        assert!(wait.is_some_and(|wait| (2..=5).contains(&wait)), "an app is told to ask again: {wait:?}");
        for url in [at.start_url(&Proof::new().challenge, RETURN, "wallet:read"), at.callback_url(&code, &started.state)] {
            let page = at.visit(&url, Some(&started.cookie)).await;
            assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(page.headers().get("location").is_none());
        }
        assert_eq!(at.get("/v1/client").await.status(), StatusCode::OK);
    }
    assert_eq!(fleet.world.token_calls().await, 0, "nothing is sent that can't be counted");
    fleet.redis.start_again();
    fleet.until_the_store_answers().await;
    let at = fleet.at(1);
    let response = at.visit(&at.callback_url(&code, &started.state), Some(&started.cookie)).await;
    assert_eq!(at.redeem_when_told(&handoff, &proof.verifier).await.status(), StatusCode::OK, "the refusals spent nothing");
    let later = handoff_of(&header(&response, "location"));
    assert_eq!(at.redeem_when_told(&later, &waiting.verifier).await.status(), StatusCode::OK);
    let used = at.visit(&at.callback_url("mcc_sim_another_code", &started.state), Some(&started.cookie)).await;
    assert_eq!(used.status(), StatusCode::BAD_REQUEST, "marks outlived the restart");
}

/// Redeems in a task, and waits until Monei has the call.
async fn redeeming(at: &World, handoff: &str, proof: &Proof) -> tokio::task::JoinHandle<reqwest::Response> {
    let before = at.token_calls().await;
    let task = tokio::spawn({
        let (at, handoff, verifier) = (at.clone(), handoff.to_owned(), proof.verifier.clone());
        async move { at.redeem(&handoff, &verifier).await }
    });
    while at.token_calls().await == before {
        tokio::task::yield_now().await;
    }
    task
}

#[tokio::test]
async fn an_answer_that_came_while_the_store_was_away_is_kept_when_it_is_back() {
    let mut fleet = Fleet::of(2, &[]).await;
    let proof = Proof::new();
    let handoff = handoff(&fleet.at(0), &fleet.at(1), &proof).await;
    fleet.world.fault(json!({"target": "token", "kind": "delay", "delay_ms": 1_500})).await;
    let asking = redeeming(&fleet.at(0), &handoff, &proof).await;
    fleet.redis.stop();
    let tokens: Value = asking.await.unwrap().json().await.unwrap();
    fleet.redis.start_again();
    fleet.instances[0].logged("replay_kept_later").await;
    fleet.until_the_store_answers().await;
    assert_eq!(fleet.at(1).redeem(&handoff, &proof.verifier).await.json::<Value>().await.unwrap(), tokens);
    assert_eq!(fleet.world.token_calls().await, 1);
}

/// The program ended before the store was back, and nobody had the tokens any more.
#[tokio::test]
async fn an_answer_that_waits_for_the_store_is_kept_before_the_end() {
    let mut fleet = Fleet::of(2, &[]).await;
    let proof = Proof::new();
    let handoff = handoff(&fleet.at(0), &fleet.at(1), &proof).await;
    fleet.world.fault(json!({"target": "token", "kind": "delay", "delay_ms": 1_500})).await;
    let asking = redeeming(&fleet.at(0), &handoff, &proof).await;
    fleet.redis.stop();
    let tokens: Value = asking.await.unwrap().json().await.unwrap();
    let ending = fleet.instances.remove(0);
    ending.logged("replay_not_kept").await;
    ending.process.signal("-TERM");
    let address = ending.base.strip_prefix("http://").unwrap().to_owned();
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    fleet.redis.start_again();
    let lines = ending.stopped().await;
    assert!(lines.iter().any(|line| line["fields"]["event"] == "replay_kept_later"), "{lines:?}");
    fleet.until_the_store_answers().await;
    assert_eq!(fleet.at(0).redeem(&handoff, &proof.verifier).await.json::<Value>().await.unwrap(), tokens);
    assert_eq!(fleet.world.token_calls().await, 1);
}

#[tokio::test]
async fn a_call_under_way_is_finished_before_the_end_though_its_caller_went_away() {
    let mut fleet = Fleet::of(2, &[]).await;
    let proof = Proof::new();
    let handoff = handoff(&fleet.at(0), &fleet.at(1), &proof).await;
    fleet.world.fault(json!({"target": "token", "kind": "delay", "delay_ms": 2_000})).await;
    let asking = redeeming(&fleet.at(0), &handoff, &proof).await;
    asking.abort();
    let lines = fleet.instances.remove(0).stopped().await;
    assert!(lines.iter().any(|line| line["fields"]["event"] == "provider_call" && line["fields"]["result"] == "success"), "{lines:?}");
    assert_eq!(fleet.at(0).redeem(&handoff, &proof.verifier).await.status(), StatusCode::OK);
    assert_eq!(fleet.world.token_calls().await, 1);
}

#[tokio::test]
async fn a_sealing_key_is_rolled_over_instances_in_two_rounds() {
    const NEXT: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let old_only = Fleet::of(1, &[]).await;
    let start = |values: [(&'static str, &'static str); 2]| {
        let url = old_only.redis.url();
        let world = old_only.world.clone();
        async move { Instance::start(&world, &[("CONNECT_REDIS_URL", url.as_str()), values[0], values[1]]).await }
    };
    let knows_next = start([("CONNECT_SEALING_KEY", SEALING_KEY), ("CONNECT_SEALING_KEY_PREVIOUS", NEXT)]).await;
    let swapped = start([("CONNECT_SEALING_KEY", NEXT), ("CONNECT_SEALING_KEY_PREVIOUS", SEALING_KEY)]).await;
    let [first, second] = [&knows_next, &swapped].map(|instance| old_only.world.at(&instance.base));
    // In either round, whatever one seals the other opens.
    for (one, other) in [(&old_only.at(0), &first), (&first, &old_only.at(0)), (&first, &second), (&second, &first)] {
        let proof = Proof::new();
        let handoff = handoff(one, other, &proof).await;
        let tokens: Value = other.redeem(&handoff, &proof.verifier).await.json().await.unwrap();
        let sealed = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(one.refresh(sealed, &hex::encode(rand::random::<[u8; 16]>())).await.status(), StatusCode::OK);
    }
    // In one round it can't be done: this is what the documentation warns of.
    let proof = Proof::new();
    let started = second.start(&proof, RETURN).await;
    let code = second.code(&started).await;
    let old = old_only.at(0);
    assert_eq!(old.visit(&old.callback_url(&code, &started.state), Some(&started.cookie)).await.status(), StatusCode::BAD_REQUEST);
}
