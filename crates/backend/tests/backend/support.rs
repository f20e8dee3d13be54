//! A backend and a sandbox on ports of their own, and the steps of the flow.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use connect_backend::clock::ManualClock;
use connect_backend::{Backend, Config};
use monei_sandbox::{Client, Options, Sandbox};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;

pub const CLIENT_ID: &str = "mc_sim_test";
pub const CLIENT_SECRET: &str = "mcs_sim_CNRYtest_secret";
pub const SEALING_KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
pub const NONCE: &str = "AbCdEfGhIjKlMnOpQrSt_-";
pub const RETURN: &str = "http://127.0.0.1:49152/AbCdEfGhIjKlMnOpQrSt_-";

/// Both servers; they end with the test's runtime.
#[derive(Clone)]
pub struct World {
    pub backend: String,
    pub private: String,
    pub sandbox: String,
    pub clock: Arc<ManualClock>,
    http: reqwest::Client,
}

/// The secret half of a transaction, and its challenge.
pub struct Proof {
    pub verifier: String,
    pub challenge: String,
}

impl Proof {
    pub fn new() -> Self {
        let verifier = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        Self { verifier, challenge }
    }
}

/// What start gave a browser.
pub struct Started {
    /// Where it was sent.
    pub location: String,
    /// `name=value`.
    pub cookie: String,
    pub state: String,
}

impl World {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// A world whose backend has these values on top of the usual ones.
    pub async fn with(values: &[(&str, &str)]) -> Self {
        Self::of_clients(&[(CLIENT_ID, CLIENT_SECRET)], values).await
    }

    /// A world whose Monei knows these registrations.
    pub async fn of_clients(clients: &[(&str, &str)], values: &[(&str, &str)]) -> Self {
        // For the test's own client; set already where another test came first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listen = || async { TcpListener::bind("127.0.0.1:0").await.unwrap() };
        let (backend, private, sandbox) = (listen().await, listen().await, listen().await);
        let origin = |listener: &TcpListener| format!("http://{}", listener.local_addr().unwrap());
        let clock = Arc::new(ManualClock::new(1_800_000_000));
        let redirect_uri = format!("{}/v1/callback", origin(&backend));
        let options = Options {
            clients: clients
                .iter()
                .map(|(id, secret)| Client {
                    client_id: (*id).into(),
                    client_secret: (*secret).into(),
                    name: "Monei Connections".into(),
                    redirect_uris: vec![redirect_uri.clone()],
                    website: None,
                })
                .collect(),
            run: Some("test".into()),
            ..Options::default()
        };
        let world = Self {
            backend: origin(&backend),
            private: origin(&private),
            sandbox: origin(&sandbox),
            clock: clock.clone(),
            http: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap(),
        };
        let mut all = vec![
            ("MONEI_ENVIRONMENT", "sandbox"),
            ("MONEI_SANDBOX_URL", &world.sandbox),
            ("MONEI_CLIENT_ID", CLIENT_ID),
            ("MONEI_CLIENT_SECRET", CLIENT_SECRET),
            ("MONEI_REDIRECT_URI", &redirect_uri),
            ("CONNECT_OPERATOR_NAME", "Test operator"),
            ("CONNECT_SEALING_KEY", SEALING_KEY),
            ("CONNECT_PER_ADDRESS_PER_MINUTE", "0"),
        ];
        all.extend_from_slice(values);
        // The last of a name counts.
        let config =
            Config::from_lookup(&|name| all.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())).unwrap();
        let service = Backend::with_clock(config, clock).unwrap();
        tokio::spawn(monei_sandbox::serve(sandbox, Sandbox::new(options).unwrap(), std::future::pending()));
        tokio::spawn(connect_backend::serve(backend, Some(private), service, std::future::pending()));
        // The sandbox counts by the computer's clock; quotas are the business of single tests.
        world.switch("token_calls_per_minute", 0).await;
        world.switch("authorize_per_minute", 0).await;
        world
    }

    /// The same world as seen through another instance.
    pub fn at(&self, backend: &str) -> World {
        World { backend: backend.to_owned(), ..self.clone() }
    }

    pub fn request(&self, method: Method, url: String) -> reqwest::RequestBuilder {
        self.http.request(method, url)
    }

    pub async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.backend)).send().await.unwrap()
    }

    /// Of the private listener.
    pub async fn private(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.private)).send().await.unwrap()
    }

    /// The value of one line of the metrics.
    pub async fn metric(&self, name: &str) -> Option<u64> {
        let text = self.private("/metrics").await.text().await.unwrap();
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.http.post(format!("{}{path}", self.backend)).json(body).send().await.unwrap()
    }

    async fn control(&self, path: &str, body: Value) -> Value {
        let response = self.http.post(format!("{}/sandbox/api/{path}", self.sandbox)).json(&body).send().await.unwrap();
        let (status, body) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    pub async fn switch(&self, name: &str, value: impl Into<Value>) {
        self.control("switch", json!({"name": name, "value": value.into()})).await;
    }

    pub async fn fault(&self, fault: Value) {
        self.control("fault", fault).await;
    }

    pub async fn change_secret(&self, secret: &str) {
        self.control("secret", json!({"client_id": CLIENT_ID, "client_secret": secret})).await;
    }

    pub async fn expire(&self) {
        self.control("expire", json!({})).await;
    }

    pub async fn person_revokes(&self) {
        self.control("revoke", json!({})).await;
    }

    /// A counter of the sandbox.
    pub async fn counter(&self, name: &str) -> u64 {
        self.state().await["counters"][name].as_u64().unwrap()
    }

    pub async fn token_calls(&self) -> u64 {
        self.counter("token_calls").await
    }

    pub async fn state(&self) -> Value {
        self.http.get(format!("{}/sandbox/api/state", self.sandbox)).send().await.unwrap().json().await.unwrap()
    }

    pub fn start_url(&self, challenge: &str, target: &str, scope: &str) -> String {
        let mut url = Url::parse(&format!("{}/v1/start", self.backend)).unwrap();
        url.query_pairs_mut().append_pair("challenge", challenge).append_pair("return", target).append_pair("scope", scope);
        url.into()
    }

    pub async fn start(&self, proof: &Proof, target: &str) -> Started {
        self.start_with(&proof.challenge, target, "profile:read wallet:read").await
    }

    pub async fn start_with(&self, challenge: &str, target: &str, scope: &str) -> Started {
        let response = self.http.get(self.start_url(challenge, target, scope)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        let location = header(&response, "location");
        let set = header(&response, "set-cookie");
        let cookie = set.split(';').next().unwrap().to_owned();
        let state = parameter(&location, "state").unwrap();
        Started { location, cookie, state }
    }

    /// Ada decides on the consent page; where her browser is sent. `None` allows all, an empty list denies.
    pub async fn decide(&self, started: &Started, allow: Option<&[&str]>) -> String {
        let answer = self.control("approve", json!({"url": started.location, "user": "ada", "allow": allow})).await;
        answer["location"].as_str().unwrap().to_owned()
    }

    /// A code that Ada's approval gave.
    pub async fn code(&self, started: &Started) -> String {
        parameter(&self.decide(started, None).await, "code").unwrap()
    }

    pub async fn visit(&self, url: &str, cookie: Option<&str>) -> Response {
        let mut request = self.http.get(url);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        request.send().await.unwrap()
    }

    pub fn callback_url(&self, code: &str, state: &str) -> String {
        let mut url = Url::parse(&format!("{}/v1/callback", self.backend)).unwrap();
        url.query_pairs_mut().append_pair("code", code).append_pair("state", state);
        url.into()
    }

    /// Start, approval and callback: the handoff as the app gets it.
    pub async fn handoff(&self, proof: &Proof) -> String {
        let started = self.start(proof, RETURN).await;
        // The registered address stands for all instances; the one meant here is ours.
        let answer = self.callback_url(&self.code(&started).await, &started.state);
        let response = self.visit(&answer, Some(&started.cookie)).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        handoff_of(&header(&response, "location"))
    }

    /// The handoff of a transaction with a made-up code, for a Monei that has no consent page.
    pub async fn made_up_handoff(&self, proof: &Proof) -> String {
        let started = self.start(proof, RETURN).await;
        let url = self.callback_url(&format!("mcc_sim_{}", &proof.verifier[..16]), &started.state);
        handoff_of(&header(&self.visit(&url, Some(&started.cookie)).await, "location"))
    }

    pub async fn redeem(&self, handoff: &str, verifier: &str) -> Response {
        self.post("/v1/redeem", &json!({"handoff": handoff, "code_verifier": verifier})).await
    }

    /// Redeems, and comes back as often as it is told to: where the store was restarted, token calls wait for a minute.
    #[cfg(unix)]
    pub async fn redeem_when_told(&self, handoff: &str, verifier: &str) -> Response {
        loop {
            let response = self.redeem(handoff, verifier).await;
            if response.status() != StatusCode::TOO_MANY_REQUESTS {
                return response;
            }
            let wait = problem(response, 429, "rate_limited").await.expect("says how long");
            assert!((1..=61).contains(&wait), "{wait}");
            tokio::time::sleep(Duration::from_secs(wait)).await;
        }
    }

    /// The whole flow.
    pub async fn connect(&self) -> Value {
        let proof = Proof::new();
        let handoff = self.handoff(&proof).await;
        let response = self.redeem(&handoff, &proof.verifier).await;
        assert_eq!(response.status(), StatusCode::OK);
        response.json().await.unwrap()
    }

    pub async fn refresh(&self, sealed: &str, key: &str) -> Response {
        self.http
            .post(format!("{}/v1/refresh", self.backend))
            .header("idempotency-key", key)
            .json(&json!({"refresh_token": sealed}))
            .send()
            .await
            .unwrap()
    }

    pub async fn revoke(&self, tokens: &Value) -> Response {
        self.post("/v1/revoke", &json!({"access_token": tokens["access_token"], "refresh_token": tokens["refresh_token"]})).await
    }

    /// Moves the backend's clock.
    pub fn later(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// What a [`Stub`] answers.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

impl Answer {
    /// As Monei words a refusal.
    pub fn refusal(status: u16, message: &str) -> Self {
        let body = json!({"statusCode": status, "message": message}).to_string().into_bytes();
        Self { status, content_type: "application/json", body }
    }

    pub fn tokens() -> Self {
        let body =
            json!({"access_token": "mct_sim_a", "refresh_token": "mcr_sim_b", "token_type": "Bearer", "expires_in": 3600, "scopes": []});
        Self { status: 200, content_type: "application/json", body: body.to_string().into_bytes() }
    }
}

/// Something in Monei's place that gives one answer to whatever it is asked. Ends with the test's runtime.
pub struct Stub {
    pub origin: String,
    answer: Arc<Mutex<Answer>>,
    calls: Arc<AtomicU64>,
}

impl Stub {
    pub async fn new(answer: Answer) -> Self {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let stub = Self { origin, answer: Arc::new(Mutex::new(answer)), calls: Arc::default() };
        let (answer, calls) = (stub.answer.clone(), stub.calls.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                // The whole request is read first, or closing would cut the answer off.
                let (mut request, mut part) = (Vec::new(), [0; 4096]);
                while !request.ends_with(b"}") {
                    match stream.read(&mut part).await {
                        Ok(0) | Err(_) => break,
                        Ok(length) => request.extend_from_slice(&part[..length]),
                    }
                }
                calls.fetch_add(1, Ordering::SeqCst);
                let Answer { status, content_type, body } = answer.lock().unwrap().clone();
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(&[head.as_bytes(), &body].concat()).await.ok();
            }
        });
        stub
    }

    pub fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    pub fn answer(&self) -> Answer {
        self.answer.lock().unwrap().clone()
    }

    /// How often it was asked.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A Monei that gives this one answer to whatever it is asked; its origin.
pub async fn monei_that_says(status: u16, message: &str) -> String {
    Stub::new(Answer::refusal(status, message)).await.origin
}

pub fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap().to_owned()
}

pub fn parameter(url: &str, name: &str) -> Option<String> {
    Url::parse(url).unwrap().query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

pub fn handoff_of(location: &str) -> String {
    let rest = location.strip_prefix(&format!("{RETURN}?handoff=")).unwrap_or_else(|| panic!("{location}"));
    rest.strip_suffix("#_").unwrap().to_owned()
}

/// Asserts a problem of this code and status, and gives its `Retry-After`.
#[track_caller]
pub fn problem(response: Response, status: u16, code: &'static str) -> impl Future<Output = Option<u64>> {
    let place = std::panic::Location::caller();
    async move {
        let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
        let (got, kind) = (response.status().as_u16(), header(&response, "content-type"));
        let body: Value = response.json().await.unwrap();
        assert_eq!((got, kind.as_str(), body["code"].as_str()), (status, "application/problem+json", Some(code)), "{place}: {body}");
        assert_eq!(body["status"], status);
        retry_after
    }
}
