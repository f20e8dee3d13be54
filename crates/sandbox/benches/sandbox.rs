//! `cargo xtask bench sandbox`: how long the sandbox takes to start, and what it does a second and holds in memory with ten, a thousand and ten
//! thousand grants. Fails where exchanges or refreshes at ten thousand are below 80 % of those at ten, or where it starts too slowly.
#![allow(clippy::unwrap_used, reason = "a measurement: a panic is its way to fail")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Numbers of grants at which is measured.
const GRANTS: [usize; 3] = [10, 1_000, 10_000];
/// Calls of each kind in one measurement.
const CALLS: usize = 1_000;
/// Measurements of each kind, in turn at each number of grants; the fastest counts, so that what else runs on the machine counts least.
const TRIES: usize = 5;
/// Callers at a time.
const CALLERS: usize = 4;
/// Starts that are measured; the fastest counts.
const STARTS: usize = 15;
/// A start may take so long.
const START_WITHIN: Duration = Duration::from_millis(20);
/// Of the calls a second at ten grants, so many percent have to be left at ten thousand.
const LEFT: f64 = 80.0;

const CALLBACK: &str = "http://127.0.0.1:43117/v1/callback";

/// A sandbox that ends with its measurement.
struct Sandbox {
    child: Child,
    base: String,
    secret: String,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sandbox {
    /// Starts one, and gives the time until it says that it is ready.
    fn start(folder: &Path, arguments: &[&str]) -> (Sandbox, Duration) {
        let began = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_monei-sandbox"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("XDG_STATE_HOME", folder)
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let took = began.elapsed();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        let secret = std::fs::read_to_string(text("client_secret_file")).unwrap();
        (Sandbox { child, base: text("address"), secret }, took)
    }

    /// Resident memory in KiB, where the system tells it.
    fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
    }
}

/// One caller on one connection.
#[derive(Clone)]
struct Caller {
    http: reqwest::Client,
    base: String,
    secret: String,
}

impl Caller {
    fn new(sandbox: &Sandbox) -> Caller {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Caller { http, base: sandbox.base.clone(), secret: sandbox.secret.clone() }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.http.post(format!("{}{path}", self.base)).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// A code, as the consent page would give it.
    async fn code(&self, user: &str) -> String {
        let url = format!("?client_id=mc_sim_local&redirect_uri={}&scope=profile:read wallet:read", CALLBACK);
        let location = self.post("/sandbox/api/approve", &json!({"url": url, "user": user})).await["location"].as_str().unwrap().to_owned();
        location.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned()
    }

    async fn exchange(&self, code: &str) -> String {
        let body = json!({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": "mc_sim_local",
                          "client_secret": self.secret});
        self.post("/api/v1/connect/token", &body).await["refresh_token"].as_str().unwrap().to_owned()
    }

    async fn refresh(&self, token: &str) -> String {
        let body = json!({"grant_type": "refresh_token", "refresh_token": token});
        self.post("/api/v1/connect/token", &body).await["refresh_token"].as_str().unwrap().to_owned()
    }
}

/// Runs `each` on every item, some at a time, and gives the results and the calls a second.
async fn timed<F, R>(callers: &[Caller], items: Vec<String>, each: F) -> (Vec<String>, f64)
where
    F: Fn(Caller, String) -> R + Clone + Send + 'static,
    R: Future<Output = String> + Send,
{
    let (count, began) = (items.len(), Instant::now());
    let mut shares: Vec<Vec<String>> = vec![Vec::new(); callers.len()];
    for (place, item) in items.into_iter().enumerate() {
        shares[place % callers.len()].push(item);
    }
    let tasks = callers.iter().cloned().zip(shares).map(|(caller, share)| {
        let each = each.clone();
        tokio::spawn(async move {
            let mut results = Vec::with_capacity(share.len());
            for item in share {
                results.push(each(caller.clone(), item).await);
            }
            results
        })
    });
    let mut results = Vec::with_capacity(count);
    for task in tasks.collect::<Vec<_>>() {
        results.extend(task.await.unwrap());
    }
    (results, f64::from(u32::try_from(count).unwrap()) / began.elapsed().as_secs_f64())
}

/// Refreshes [`CALLS`] times, each caller its share of the tokens in turn, and gives the tokens and the calls a second.
async fn refresh(callers: &[Caller], tokens: Vec<String>) -> (Vec<String>, f64) {
    let mut shares: Vec<Vec<String>> = vec![Vec::new(); callers.len()];
    for (place, token) in tokens.into_iter().enumerate() {
        shares[place % callers.len()].push(token);
    }
    let began = Instant::now();
    let tasks = callers.iter().cloned().zip(shares).map(|(caller, mut share)| {
        tokio::spawn(async move {
            for call in 0..CALLS / CALLERS {
                let place = call % share.len();
                share[place] = caller.refresh(&share[place]).await;
            }
            share
        })
    });
    let mut tokens = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        tokens.extend(task.await.unwrap());
    }
    (tokens, f64::from(u32::try_from(CALLS).unwrap()) / began.elapsed().as_secs_f64())
}

/// A sandbox with a number of grants, and what was measured at it.
struct Filled {
    sandbox: Sandbox,
    callers: Vec<Caller>,
    grants: usize,
    tokens: Vec<String>,
    memory: Option<u64>,
    exchanges: f64,
    refreshes: f64,
}

async fn codes(callers: &[Caller], count: usize) -> Vec<String> {
    let people = (0..count).map(|number| ["ada", "tunde", "markup", "blocked"][number % 4].to_owned()).collect();
    timed(callers, people, |caller, user| async move { caller.code(&user).await }).await.0
}

impl Filled {
    /// Fills a fresh sandbox with `grants`.
    async fn new(folder: &Path, grants: usize, arguments: &[&str]) -> Filled {
        let (sandbox, _) = Sandbox::start(folder, arguments);
        let callers: Vec<Caller> = (0..CALLERS).map(|_| Caller::new(&sandbox)).collect();
        for switch in ["token_calls_per_minute", "authorize_per_minute"] {
            callers[0].post("/sandbox/api/switch", &json!({"name": switch, "value": 0})).await;
        }
        let fill = codes(&callers, grants).await;
        let (tokens, _) = timed(&callers, fill, |caller, code| async move { caller.exchange(&code).await }).await;
        let memory = sandbox.memory();
        Filled { sandbox, callers, grants, tokens, memory, exchanges: 0.0, refreshes: 0.0 }
    }

    /// Measures exchanges and refreshes on top of the grants once.
    async fn measure(&mut self) {
        let (tokens, rate) = refresh(&self.callers, std::mem::take(&mut self.tokens)).await;
        self.tokens = tokens;
        self.refreshes = self.refreshes.max(rate);
        let fresh = codes(&self.callers, CALLS).await;
        let (opened, rate) = timed(&self.callers, fresh, |caller, code| async move { caller.exchange(&code).await }).await;
        self.exchanges = self.exchanges.max(rate);
        // Back to the number that is measured.
        timed(&self.callers, opened, |caller, token| async move {
            caller.post("/api/v1/connect/token/revoke", &json!({"token": token})).await;
            String::new()
        })
        .await;
        assert!(self.sandbox.memory().is_some() || !cfg!(target_os = "linux"), "it still runs");
    }
}

/// How long starts take: the fastest, and the one in the middle.
fn starts(folder: &Path) -> (Duration, Duration) {
    let mut taken: Vec<Duration> = (0..STARTS).map(|_| Sandbox::start(folder, &[]).1).collect();
    taken.sort();
    (taken[0], taken[STARTS / 2])
}

#[tokio::main]
async fn main() {
    rustls::crypto::ring::default_provider().install_default().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (start, middle) = starts(folder.path());
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!("Start until it is ready: {:.1} ms, the median of {STARTS} is {:.1} ms", ms(start), ms(middle));
    let mut failed = start > START_WITHIN;
    for (name, keeps) in [("in memory", false), ("with --state-file", true)] {
        println!("\n{name}\n{:>8} {:>14} {:>14} {:>12}", "grants", "exchanges/s", "refreshes/s", "memory");
        let mut filled = Vec::new();
        for grants in GRANTS {
            let state = folder.path().join(format!("state-{grants}"));
            let arguments = if keeps { vec!["--state-file", state.to_str().unwrap()] } else { Vec::new() };
            filled.push(Filled::new(folder.path(), grants, &arguments).await);
        }
        for _ in 0..TRIES {
            for one in &mut filled {
                one.measure().await;
            }
        }
        for one in &filled {
            let memory = one.memory.map_or("–".to_owned(), |memory| format!("{:.1} MiB", memory as f64 / 1_024.0));
            println!("{:>8} {:>14.0} {:>14.0} {memory:>12}", one.grants, one.exchanges, one.refreshes);
        }
        let left = |of: fn(&Filled) -> f64| 100.0 * of(&filled[2]) / of(&filled[0]);
        let (exchanges, refreshes) = (left(|one| one.exchanges), left(|one| one.refreshes));
        println!("At 10,000 grants {exchanges:.0} % of the exchanges and {refreshes:.0} % of the refreshes at 10.");
        failed |= exchanges < LEFT || refreshes < LEFT;
    }
    if failed {
        println!("\nToo slow: a start has to take at most {} ms, and {LEFT} % have to be left.", START_WITHIN.as_millis());
        std::process::exit(1);
    }
}
