//! The sandbox's control interface: what it has seen, and what it should do next.

use std::sync::Once;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

/// Speaks to `/sandbox/api` of the sandbox that runs inside the program.
pub struct SandboxControl {
    address: String,
    http: reqwest::Client,
}

/// What `GET /sandbox/api/state` tells.
#[derive(Debug, Deserialize)]
pub struct ControlState {
    /// The run's marker; every secret that the sandbox mints carries `CNRY` and this.
    pub run: String,
    /// What it counted.
    pub counters: Counters,
    /// The grants there are.
    pub grants: Vec<Grant>,
}

/// What the sandbox counted.
#[derive(Debug, Deserialize)]
pub struct Counters {
    /// Exchanged codes.
    pub code_exchanges: u64,
    /// Refreshes that went through.
    pub refreshes: u64,
    /// Revocations.
    pub revokes: u64,
    /// Answers 403: calls without their scope.
    pub forbidden: u64,
    /// Calls by method, path and status.
    pub requests: Vec<Request>,
}

/// One line of the request counter.
#[derive(Debug, Deserialize)]
pub struct Request {
    /// Path without query.
    pub path: String,
    /// HTTP status.
    pub status: u16,
    /// How often.
    pub count: u64,
}

/// One grant at the sandbox.
#[derive(Debug, Deserialize)]
pub struct Grant {
    /// Whose.
    pub user: String,
    /// What it allows.
    pub scopes: Vec<String>,
    /// Whether it still does.
    pub alive: bool,
    /// How long its access token lives, in seconds; 0 where it has expired.
    pub access_expires_in_s: u64,
}

impl SandboxControl {
    /// For the sandbox at this address.
    pub fn new(address: &str) -> Result<Self> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Fails only when one is installed already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        Ok(Self { address: address.to_owned(), http: reqwest::Client::builder().no_proxy().build()? })
    }

    /// What it has seen so far.
    pub async fn state(&self) -> Result<ControlState> {
        let answer = self.http.get(format!("{}/sandbox/api/state", self.address)).send().await?.error_for_status()?;
        answer.json().await.context("the sandbox's state")
    }

    async fn post(&self, verb: &str, body: Value) -> Result<()> {
        let answer = self.http.post(format!("{}/sandbox/api/{verb}", self.address)).json(&body).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "{verb} answered {status}: {}", answer.text().await?);
        Ok(())
    }

    /// Lets every access token of `user` expire now.
    pub async fn expire(&self, user: &str) -> Result<()> {
        self.post("expire", json!({"user": user})).await
    }

    /// Ends the access as `user` would in Monei's settings.
    pub async fn revoke(&self, user: &str) -> Result<()> {
        self.post("revoke", json!({"user": user})).await
    }

    /// Sets a point that Monei's documentation leaves open.
    pub async fn switch(&self, name: &str, value: &str) -> Result<()> {
        self.post("switch", json!({"name": name, "value": value})).await
    }

    /// Makes the next `times` answers of `target` this status.
    pub async fn fail(&self, target: &str, status: u16, times: u32) -> Result<()> {
        self.post("fault", json!({"target": target, "kind": "status", "status": status, "times": times})).await
    }

    /// Makes the next answer of `target` come so much later.
    pub async fn delay(&self, target: &str, milliseconds: u32) -> Result<()> {
        self.post("fault", json!({"target": target, "kind": "delay", "delay_ms": milliseconds, "times": 1})).await
    }

    /// Ends what [`SandboxControl::fail`] began.
    pub async fn mend(&self) -> Result<()> {
        self.post("reset", json!({"what": "faults"})).await
    }
}

impl ControlState {
    /// How often a path ending in `path` was answered with this status.
    pub fn answers(&self, path: &str, status: u16) -> u64 {
        let such = self.counters.requests.iter().filter(|request| request.path.ends_with(path) && request.status == status);
        such.map(|request| request.count).sum()
    }

    /// The scopes that `user` has granted and not taken back.
    pub fn granted_by(&self, user: &str) -> Vec<String> {
        let mut scopes: Vec<String> =
            self.grants.iter().filter(|grant| grant.alive && grant.user == user).flat_map(|grant| grant.scopes.clone()).collect();
        scopes.sort();
        scopes.dedup();
        scopes
    }

    /// How often the API path ending in `path` was answered with 200.
    pub fn answered(&self, path: &str) -> u64 {
        self.count(|request| request.path.ends_with(path) && request.status == 200)
    }

    /// How often the API path ending in `path` was asked, whatever came of it.
    pub fn asked(&self, path: &str) -> u64 {
        self.count(|request| request.path.ends_with(path))
    }

    fn count(&self, counts: impl Fn(&Request) -> bool) -> u64 {
        self.counters.requests.iter().filter(|request| counts(request)).map(|request| request.count).sum()
    }
}
