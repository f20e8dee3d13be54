//! `cargo xtask bench backend`: connect-backend, in memory and with Redis, beside the provider's documented quickstart, before the same sandbox,
//! on the same computer, in the same run. Prints the tables of `docs/performance-backend.md`, and how they stand to the aims.
//!
//! The sandbox runs in a process of its own, and nothing has limits.

mod measure;

use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use measure::{Fallible, Row, Server, client, print, run};
use monei_sandbox::{Client, Options, Sandbox};
use reqwest::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use url::Url;

const CLIENT_ID: &str = "mc_sim_bench";
const CLIENT_SECRET: &str = "mcs_sim_bench_secret";
/// How many requests of each kind: first one at a time, for how long each takes; then many at once, for how many there can be.
const LOADS: [(usize, usize); 2] = [(1_000, 1), (4_000, 32)];
const STARTS: usize = 10;
const IN_MEMORY: &str = "connect-backend, in memory";
const WITH_REDIS: &str = "connect-backend, with Redis";
const QUICKSTART: &str = "quickstart (Express)";

fn main() -> Fallible<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    // Driver and sandbox have one thread each, so that they take as little as they can of the computer that the server needs.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["sandbox", port, ref redirects @ ..] => sandbox(port, redirects).await,
            _ => bench().await,
        }
    })
}

/// This program as the sandbox's own process.
async fn sandbox(port: &str, redirects: &[&str]) -> Fallible<()> {
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    let client = Client {
        client_id: CLIENT_ID.into(),
        client_secret: CLIENT_SECRET.into(),
        name: "Bench".into(),
        redirect_uris: redirects.iter().map(|uri| (*uri).to_owned()).collect(),
        website: None,
    };
    let sandbox = Sandbox::new(Options { clients: vec![client], ..Options::default() })?;
    Ok(monei_sandbox::serve(listener, sandbox, std::future::pending()).await?)
}

/// The addresses of a run.
#[derive(Clone)]
struct Places {
    sandbox: String,
    backend: String,
    quickstart: String,
    http: reqwest::Client,
}

impl Places {
    async fn new() -> Fallible<Places> {
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(TcpListener::bind("127.0.0.1:0").await?);
        }
        let origins: Vec<String> = held.iter().map(|listener| Ok(format!("http://{}", listener.local_addr()?))).collect::<Fallible<_>>()?;
        let [sandbox, backend, quickstart] = origins.try_into().map_err(|_| "three addresses")?;
        Ok(Places { sandbox, backend, quickstart, http: client()? })
    }

    fn backend_redirect(&self) -> String {
        format!("{}/v1/callback", self.backend)
    }

    fn quickstart_redirect(&self) -> String {
        format!("{}/monei/callback", self.quickstart)
    }

    fn sandbox_command(&self) -> Fallible<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["sandbox", port(&self.sandbox), &self.backend_redirect(), &self.quickstart_redirect()]);
        Ok(command)
    }

    /// `store`: the address of a Redis, or nothing for memory.
    fn backend_command(&self, store: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connect-backend"));
        command.env_clear().envs([
            ("MONEI_ENVIRONMENT", "sandbox"),
            ("MONEI_SANDBOX_URL", &self.sandbox),
            ("MONEI_CLIENT_ID", CLIENT_ID),
            ("MONEI_CLIENT_SECRET", CLIENT_SECRET),
            ("MONEI_REDIRECT_URI", &self.backend_redirect()),
            ("MONEI_TOKEN_CALLS_PER_MINUTE", "1000000000"),
            ("MONEI_AUTHORIZE_CALLS_PER_MINUTE", "0"),
            ("CONNECT_PER_ADDRESS_PER_MINUTE", "0"),
            ("CONNECT_CONNECTIONS_PER_ADDRESS", "0"),
            ("CONNECT_REDIS_URL", store),
            ("CONNECT_SEALING_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
        ]);
        command
    }

    fn quickstart_command(&self) -> Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/backend/quickstart");
        let mut command = Command::new("node");
        command.arg("server.js").current_dir(folder).env("NODE_ENV", "production").envs([
            ("MONEI_ORIGIN", self.sandbox.as_str()),
            ("MONEI_CLIENT_ID", CLIENT_ID),
            ("MONEI_CLIENT_SECRET", CLIENT_SECRET),
            ("MONEI_REDIRECT_URI", &self.quickstart_redirect()),
            ("PORT", port(&self.quickstart)),
        ]);
        command
    }

    async fn control(&self, path: &str, body: Value) -> Fallible<Value> {
        let response = self.http.post(format!("{}/sandbox/api/{path}", self.sandbox)).json(&body).send().await?;
        Ok(expect(response, 200).await?.json().await?)
    }

    /// What earlier loads left in the sandbox would make its answers to the next one slower.
    async fn fresh_sandbox(&self) -> Fallible<()> {
        self.control("reset", json!({})).await?;
        for name in ["token_calls_per_minute", "authorize_per_minute"] {
            self.control("switch", json!({"name": name, "value": 0})).await?;
        }
        Ok(())
    }

    /// Ada approves everything; where her browser goes.
    async fn approve(&self, url: &str) -> Fallible<String> {
        text(&self.control("approve", json!({"url": url, "user": "ada"})).await?["location"])
    }
}

fn port(origin: &str) -> &str {
    origin.rsplit(':').next().unwrap_or_default()
}

fn text(value: &Value) -> Fallible<String> {
    Ok(value.as_str().ok_or_else(|| format!("no text: {value}"))?.to_owned())
}

fn location(response: &Response) -> Fallible<String> {
    Ok(response.headers().get("location").ok_or("no location")?.to_str()?.to_owned())
}

fn parameter(url: &str, name: &str) -> Fallible<String> {
    let url = Url::parse(url)?;
    Ok(url.query_pairs().find(|(known, _)| known == name).ok_or("no such parameter")?.1.into_owned())
}

/// Only answers that are right are counted.
async fn expect(response: Response, status: u16) -> Fallible<Response> {
    match response.status().as_u16() {
        got if got == status => Ok(response),
        got => Err(format!("{got} instead of {status}: {}", response.text().await?).into()),
    }
}

async fn bench() -> Fallible<()> {
    let places = Places::new().await?;
    let sandbox = Server::start(places.sandbox_command()?, &places.sandbox).await?;
    let mut rows = Vec::new();
    let mut footprint = Vec::new();

    let redis = redis()?;
    let url = format!("{}/v1/client", places.backend);
    for (name, store) in [(IN_MEMORY, String::new()), (WITH_REDIS, redis.address.clone())] {
        let (server, start) = started(|| places.backend_command(&store), &url).await?;
        let idle = server.memory()?;
        for load in LOADS {
            places.fresh_sandbox().await?;
            backend(&places, [&server, &sandbox], load, name, &mut rows).await?;
        }
        footprint.push((name, start, idle, server.memory()?));
    }
    drop(redis);

    let (url, command) = (format!("{}/nothing", places.quickstart), || places.quickstart_command());
    let (server, start) = started(command, &url).await?;
    let idle = server.memory()?;
    for load in LOADS {
        places.fresh_sandbox().await?;
        quickstart(&places, [&server, &sandbox], load, &mut rows).await?;
    }
    footprint.push((QUICKSTART, start, idle, server.memory()?));
    drop(server);

    for load in LOADS {
        places.fresh_sandbox().await?;
        sandbox_alone(&places, &sandbox, load, &mut rows).await?;
    }
    print(&rows);
    println!("\n| server | start ms (median of {STARTS}) | idle RSS / PSS MiB | after load RSS / PSS MiB |\n|---|--:|--:|--:|");
    for (name, start, idle, loaded) in &footprint {
        let mib = |kib: u64| kib as f64 / 1_024.0;
        let both = |(rss, pss)| format!("{:.1} / {:.1}", mib(rss), mib(pss));
        println!("| {name} | {:.1} | {} | {} |", start.as_secs_f64() * 1_000.0, both(*idle), both(*loaded));
    }
    let loaded: Vec<_> = footprint.iter().map(|(name, start, _, loaded)| (*name, *start, loaded.0)).collect();
    compare(&rows, &loaded);
    Ok(())
}

/// A Redis of this run's own, set up as the operators' page recommends.
struct Redis {
    folder: tempfile::TempDir,
    address: String,
    process: std::process::Child,
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn redis() -> Fallible<Redis> {
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("socket");
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--save", "", "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--unixsocket"]).arg(&socket);
    let process = command.current_dir(folder.path()).stdout(std::process::Stdio::null()).spawn()?;
    let redis = Redis { address: format!("redis+unix://{}", socket.display()), folder, process };
    let began = std::time::Instant::now();
    while !redis.folder.path().join("socket").exists() {
        if began.elapsed() > std::time::Duration::from_secs(20) {
            return Err("redis-server does not listen".into());
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok(redis)
}

/// How the tables stand to the aims. `footprint`: start, and resident memory after the load in KiB.
fn compare(rows: &[Row], footprint: &[(&str, std::time::Duration, u64)]) {
    let find = |name: &str, at_once: usize| rows.iter().find(|row| row.name.starts_with(name) && row.at_once == at_once);
    println!(
        "\n| against the quickstart | redeem, 32 at once | refresh | redeem, one at a time | refresh | memory | start ms |\n|---|--:|--:|--:|--:|--:|--:|"
    );
    let Some((.., theirs)) = footprint.iter().find(|(name, ..)| *name == QUICKSTART) else { return };
    for name in [IN_MEMORY, WITH_REDIS] {
        let mut cells = Vec::new();
        for at_once in [32, 1] {
            for what in ["redeem", "refresh"] {
                if let (Some(ours), Some(quickstart)) = (find(&format!("{name}: {what}"), at_once), find("quickstart", at_once)) {
                    cells.push(format!("{:.1} ×", ours.per_second / quickstart.per_second));
                }
            }
        }
        if let Some((_, start, ours)) = footprint.iter().find(|(other, ..)| *other == name) {
            cells.push(format!("1/{:.1}", *theirs as f64 / *ours as f64));
            cells.push(format!("{:.1}", start.as_secs_f64() * 1_000.0));
        }
        println!("| {name} | {} |", cells.join(" | "));
    }
    for at_once in [32, 1] {
        for name in [IN_MEMORY, WITH_REDIS] {
            for what in ["redeem", "refresh"] {
                if let (Some(ours), Some(alone)) = (find(&format!("{name}: {what}"), at_once), find("sandbox alone", at_once)) {
                    let above = (ours.p99.as_secs_f64() - alone.p99.as_secs_f64()) * 1_000.0;
                    println!("p99 of {name}: {what}, {at_once} at once: {above:.2} ms above the sandbox's own");
                }
            }
        }
    }
}

/// The last of several starts, and the median of how long they took.
async fn started(command: impl Fn() -> Command, url: &str) -> Fallible<(Server, std::time::Duration)> {
    let mut times = Vec::new();
    loop {
        let server = Server::start(command(), url).await?;
        times.push(server.started_in);
        if times.len() == STARTS {
            times.sort_unstable();
            return Ok((server, times[STARTS / 2]));
        }
    }
}

/// Callback, redeem and refresh, each on its own; start and approval before them aren't measured.
async fn backend(
    places: &Places,
    servers: [&Server; 2],
    (count, at_once): (usize, usize),
    name: &str,
    rows: &mut Vec<Row>,
) -> Fallible<()> {
    let mut approved = Vec::new();
    for _ in 0..count {
        let verifier = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let target = "http://127.0.0.1:49152/AbCdEfGhIjKlMnOpQrSt_-";
        let query = [("challenge", challenge.as_str()), ("return", target), ("scope", "profile:read wallet:read")];
        let response = places.http.get(Url::parse_with_params(&format!("{}/v1/start", places.backend), query)?).send().await?;
        let response = expect(response, 303).await?;
        let cookie = response.headers().get("set-cookie").ok_or("no cookie")?.to_str()?.split(';').next().unwrap_or_default().to_owned();
        approved.push((places.approve(&location(&response)?).await?, cookie, verifier));
    }
    let http = places.http.clone();
    let (row, handoffs) = run(&format!("{name}: callback"), at_once, approved, servers, move |(url, cookie, verifier)| {
        let request = http.get(url).header("cookie", cookie);
        async move {
            let response = expect(request.send().await?, 303).await?;
            Ok((parameter(&location(&response)?, "handoff")?, verifier))
        }
    })
    .await?;
    rows.push(row);
    let (http, url) = (places.http.clone(), format!("{}/v1/redeem", places.backend));
    let (row, tokens) = run(&format!("{name}: redeem (one exchange)"), at_once, handoffs, servers, move |(handoff, verifier)| {
        let request = http.post(&url).json(&json!({"handoff": handoff, "code_verifier": verifier}));
        async move { text(&expect(request.send().await?, 200).await?.json::<Value>().await?["refresh_token"]) }
    })
    .await?;
    rows.push(row);
    let (http, url) = (places.http.clone(), format!("{}/v1/refresh", places.backend));
    let (row, _) = run(&format!("{name}: refresh (one exchange)"), at_once, tokens, servers, move |token| {
        let key = hex::encode(rand::random::<[u8; 16]>());
        let request = http.post(&url).header("idempotency-key", key).json(&json!({"refresh_token": token}));
        async move { Ok(expect(request.send().await?, 200).await?.bytes().await?) }
    })
    .await?;
    rows.push(row);
    Ok(())
}

async fn quickstart(places: &Places, servers: [&Server; 2], (count, at_once): (usize, usize), rows: &mut Vec<Row>) -> Fallible<()> {
    let mut approved = Vec::new();
    for _ in 0..count {
        let response = expect(places.http.get(format!("{}/connect", places.quickstart)).send().await?, 302).await?;
        approved.push(places.approve(&location(&response)?).await?);
    }
    let http = places.http.clone();
    let (row, _) = run("quickstart: callback (one exchange)", at_once, approved, servers, move |url| {
        let request = http.get(url);
        async move { Ok(expect(request.send().await?, 200).await?.bytes().await?) }
    })
    .await?;
    rows.push(row);
    Ok(())
}

/// What every exchange costs at the sandbox itself.
async fn sandbox_alone(places: &Places, sandbox: &Server, (count, at_once): (usize, usize), rows: &mut Vec<Row>) -> Fallible<()> {
    let redirect = places.backend_redirect();
    let query = [("client_id", CLIENT_ID), ("redirect_uri", &redirect), ("scope", "profile:read wallet:read"), ("state", "bench")];
    let url = Url::parse_with_params(&format!("{}/connect/authorize", places.sandbox), query)?;
    let mut codes = Vec::new();
    for _ in 0..count {
        codes.push(parameter(&places.approve(url.as_str()).await?, "code")?);
    }
    let (http, url) = (places.http.clone(), format!("{}/api/v1/connect/token", places.sandbox));
    let (row, _) = run("sandbox alone: exchange", at_once, codes, [sandbox, sandbox], move |code| {
        let body = json!({
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect,
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        });
        let request = http.post(&url).json(&body);
        async move { Ok(expect(request.send().await?, 200).await?.bytes().await?) }
    })
    .await?;
    rows.push(row);
    Ok(())
}
