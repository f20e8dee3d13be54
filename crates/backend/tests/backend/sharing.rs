//! What one caller can't take from the others, measured through HTTP against the sandbox, in the backend's own time: each login and each grant
//! is a caller that does the next step when it was told to.

use std::collections::VecDeque;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::*;

/// Ends of calls to Monei, in seconds of the backend's time: never more than the limit in any minute.
struct Minute(VecDeque<(u64, u64)>);

impl Minute {
    async fn check(&mut self, world: &World, now: u64, most: u64) {
        let calls = world.token_calls().await;
        self.0.push_back((now, calls));
        while self.0.front().is_some_and(|(at, _)| at + 60 <= now) {
            self.0.pop_front();
        }
        let before = self.0.front().map_or(0, |(_, calls)| *calls);
        assert!(calls - before <= most, "{} calls in a minute", calls - before);
    }
}

async fn world(values: &[(&str, &str)]) -> World {
    World::with(&[&[("CONNECT_TRUSTED_PROXIES", "127.0.0.1"), ("CONNECT_PER_ADDRESS_PER_MINUTE", "120")], values].concat()).await
}

fn retry_after(response: &Response) -> u64 {
    header(response, "retry-after").parse().unwrap()
}

/// A login that keeps to what it is told.
struct Login {
    from: String,
    proof: Proof,
    next: u64,
    began: u64,
    asked: u32,
    handoff: Option<String>,
    turned_away: bool,
    done: Option<u64>,
}

impl Login {
    fn new(from: String, began: u64) -> Self {
        Self { from, proof: Proof::new(), next: began, began, asked: 0, handoff: None, turned_away: false, done: None }
    }

    async fn step(&mut self, world: &World, now: u64) {
        if self.done.is_some() || now < self.next {
            return;
        }
        if self.handoff.is_none() {
            let request = world.request(Method::GET, world.start_url(&self.proof.challenge, RETURN, "profile:read"));
            let response = request.header("x-forwarded-for", &self.from).send().await.unwrap();
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                // Before anything was approved.
                self.turned_away = true;
                self.next = now + retry_after(&response);
                return;
            }
            assert_eq!(response.status(), StatusCode::SEE_OTHER);
            let location = header(&response, "location");
            let cookie = header(&response, "set-cookie").split(';').next().unwrap().to_owned();
            let started = Started { state: parameter(&location, "state").unwrap(), location, cookie };
            let url = world.callback_url(&world.code(&started).await, &started.state);
            let request = world.request(Method::GET, url).header("cookie", &started.cookie).header("x-forwarded-for", &self.from);
            self.handoff = Some(handoff_of(&header(&request.send().await.unwrap(), "location")));
        }
        self.asked += 1;
        let body = json!({"handoff": self.handoff, "code_verifier": self.proof.verifier});
        let request = world.request(Method::POST, format!("{}/v1/redeem", world.backend)).json(&body);
        let response = request.header("x-forwarded-for", &self.from).send().await.unwrap();
        match response.status() {
            StatusCode::OK => self.done = Some(now),
            StatusCode::TOO_MANY_REQUESTS => self.next = now + retry_after(&response),
            other => panic!("an approval is lost: {other} {}", response.text().await.unwrap()),
        }
    }
}

/// Walks start, callback with a made-up code, and redeem as fast as it may.
async fn walk(world: &World, from: &str) {
    let proof = Proof::new();
    let request = world.request(Method::GET, world.start_url(&proof.challenge, RETURN, "profile:read"));
    let response = request.header("x-forwarded-for", from).send().await.unwrap();
    if response.status() != StatusCode::SEE_OTHER {
        return;
    }
    let state = parameter(&header(&response, "location"), "state").unwrap();
    let cookie = header(&response, "set-cookie").split(';').next().unwrap().to_owned();
    let url = world.callback_url(&format!("mcc_sim_{}", &proof.verifier[..16]), &state);
    let response = world.request(Method::GET, url).header("cookie", cookie).header("x-forwarded-for", from).send().await.unwrap();
    if response.status() != StatusCode::SEE_OTHER {
        return;
    }
    let body = json!({"handoff": handoff_of(&header(&response, "location")), "code_verifier": proof.verifier});
    let request = world.request(Method::POST, format!("{}/v1/redeem", world.backend)).json(&body);
    request.header("x-forwarded-for", from).send().await.unwrap();
}

/// An honest login waited 47 s.
#[tokio::test]
async fn one_hostile_address_for_100_seconds_keeps_no_honest_login_waiting_for_30() {
    let world = world(&[]).await;
    let mut logins: Vec<_> = (0..4).map(|n| Login::new(format!("198.51.100.{n}"), 15 + n * 22)).collect();
    let mut minute = Minute(VecDeque::new());
    for now in 0..140 {
        if now < 100 {
            for _ in 0..3 {
                walk(&world, "203.0.113.1").await;
            }
        }
        for login in &mut logins {
            login.step(&world, now).await;
        }
        minute.check(&world, now, 10).await;
        world.later(1);
    }
    for login in &logins {
        let waited = login.done.expect("gets through") - login.began;
        assert!(waited <= 30, "{} waited {waited} s", login.from);
    }
}

/// Of 40, four approved and lost it, and 20 were turned away for good.
#[tokio::test]
async fn of_forty_logins_in_forty_seconds_none_loses_its_approval() {
    let world = world(&[]).await;
    let mut logins: Vec<_> = (0..40).map(|n| Login::new(format!("198.51.100.{n}"), n)).collect();
    let mut minute = Minute(VecDeque::new());
    for now in 0..600 {
        for login in &mut logins {
            login.step(&world, now).await;
        }
        minute.check(&world, now, 10).await;
        world.later(1);
        if logins.iter().all(|login| login.done.is_some()) {
            break;
        }
    }
    assert!(
        logins.iter().all(|login| login.done.is_some() && login.asked <= 3),
        "{:?}",
        logins.iter().map(|l| (l.done, l.asked)).collect::<Vec<_>>()
    );
    assert!(logins.iter().any(|login| login.turned_away), "Monei's twenty starts a minute are kept to");
}

/// A handoff died after two minutes, so all that were approved were lost.
#[tokio::test]
async fn a_pause_of_monei_longer_than_two_minutes_loses_no_approval() {
    let world = world(&[]).await;
    let mut logins: Vec<_> = (0..3).map(|n| Login::new(format!("198.51.100.{n}"), 0)).collect();
    // The first two meet Monei's 429, which pauses all.
    world.fault(json!({"target": "token", "kind": "status", "status": 429, "retry_after": 280, "times": 2})).await;
    let mut minute = Minute(VecDeque::new());
    for now in 0..400 {
        for login in &mut logins {
            login.step(&world, now).await;
        }
        minute.check(&world, now, 10).await;
        world.later(1);
    }
    for login in &logins {
        assert!(login.done.is_some_and(|done| done >= 280) && login.asked <= 3, "{:?} after {} requests", login.done, login.asked);
        assert!(!login.turned_away);
    }
}

/// All waiting callers were told the same instant.
#[tokio::test]
async fn twenty_four_grants_at_once_are_refreshed_within_150_seconds_in_three_requests_each() {
    for networks in [1, 24] {
        let values = [("MONEI_TOKEN_CALLS_PER_MINUTE", "20"), ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0")];
        let world = world(&values).await;
        let mut grants = Vec::new();
        for at in 0..24 {
            if at % 12 == 0 {
                world.later(61);
            }
            let tokens = world.connect().await;
            grants.push((tokens["refresh_token"].as_str().unwrap().to_owned(), 0_u64, 0_u32, false));
        }
        world.later(61);
        for now in 0..=150 {
            for (at, (sealed, next, asked, done)) in grants.iter_mut().enumerate() {
                if *done || now < *next {
                    continue;
                }
                *asked += 1;
                let request = world.request(Method::POST, format!("{}/v1/refresh", world.backend)).json(&json!({"refresh_token": sealed}));
                let request = request.header("idempotency-key", format!("key-of-one-refresh-{at}"));
                let response = request.header("x-forwarded-for", format!("198.51.100.{}", at % networks)).send().await.unwrap();
                match response.status() {
                    StatusCode::OK => *done = true,
                    _ => *next = now + retry_after(&response),
                }
            }
            world.later(1);
        }
        let asked: Vec<_> = grants.iter().map(|(_, _, asked, done)| (*asked, *done)).collect();
        assert!(asked.iter().all(|(asked, done)| *asked <= 3 && *done), "from {networks} networks: {asked:?}");
    }
}

/// It cost six calls in 45 s, and somebody else's refresh was refused.
#[tokio::test]
async fn a_revoked_token_under_ever_new_keys_costs_two_calls_and_keeps_nobody_out() {
    let world = world(&[]).await;
    let (revoked, other) = (world.connect().await, Proof::new());
    world.person_revokes().await;
    let mine: Value = {
        let handoff = world.handoff(&other).await;
        world.redeem(&handoff, &other.verifier).await.json().await.unwrap()
    };
    let before = world.counter("refreshes").await;
    for second in 0..45 {
        world.refresh(revoked["refresh_token"].as_str().unwrap(), &format!("key-of-one-refresh-{second}")).await;
        world.later(1);
    }
    assert!(world.counter("refreshes").await - before <= 2);
    assert_eq!(world.refresh(mine["refresh_token"].as_str().unwrap(), "key-of-somebody-else").await.status(), StatusCode::OK);
}

/// 20 of 25 spent a start.
#[tokio::test]
async fn images_and_links_on_foreign_pages_spend_no_start() {
    let world = world(&[]).await;
    let visit = async |headers: &[(&str, &str)]| {
        let request = world.request(Method::GET, world.start_url(&Proof::new().challenge, RETURN, "wallet:read"));
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send().await.unwrap()
    };
    for _ in 0..25 {
        let image = visit(&[("sec-fetch-dest", "image"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-site", "cross-site")]).await;
        assert_eq!(image.status(), StatusCode::FORBIDDEN);
        let link = visit(&[("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "cross-site")]).await;
        assert_eq!(link.status(), StatusCode::FORBIDDEN);
        assert!(link.headers().get("set-cookie").is_none());
        let page = link.text().await.unwrap();
        assert!(page.contains("only if you started this") && !page.contains("replaceState"), "{page}");
    }
    assert_eq!(world.metric("connect_logins_total{stage=\"started\"}").await, Some(0));
    assert_eq!(world.metric("connect_budget_left{lane=\"authorize\"}").await, Some(20));
    assert_eq!(
        visit(&[("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "none")]).await.status(),
        StatusCode::SEE_OTHER
    );
}
