//! Measures the program beside an empty Tauri window that was built by the same command: time from exec to the second animation frame
//! of the dashboard with one stored account, memory of the whole process tree, and the time from the browser's arrival at the loopback
//! listener to the dashboard with the new grant. `cargo xtask bench` builds what this needs and runs it.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use e2e::{SandboxControl, Session, Window, until};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use serde_json::json;
use url::Url;

/// Runs of each program, one after the other in turn. Odd, so that the median is a run.
const RUNS: usize = 9;
/// Asked for one after the other, each once timed: the feature, its scope, and whether the program asks again first.
const ASKED: [(&str, &str, bool); 6] = [
    ("deposit", "wallet:deposit", false),
    ("send", "wallet:send", true),
    ("withdraw", "wallet:withdraw", true),
    ("bills", "bills:pay", true),
    ("swap", "swap:execute", true),
    ("offramp", "offramp:execute", true),
];

/// What one start came to.
struct Start {
    /// Milliseconds from exec to the second animation frame.
    painted: f64,
    /// Proportional set size of the process tree, in MiB.
    memory: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let release = e2e::target_dir()?.join("release");
    let mut session = Session::start("bench").await?;
    let _servers = start_servers(&mut session, &release).await?;
    let program = launcher(&session, "monei-connect", &release.join("monei-connect"))?;
    let empty = launcher(&session, "empty-window", &release.join("empty-window"))?;

    let arrivals = connect(&session, &program).await?;
    // The first of each pays for cold caches.
    start(&session, &empty).await?;
    start(&session, &program).await?;
    let (mut empties, mut ours) = (Vec::new(), Vec::new());
    for run in 1..=RUNS {
        empties.push(start(&session, &empty).await?);
        ours.push(start(&session, &program).await?);
        eprintln!("run {run} of {RUNS}");
    }

    let size = |path: &str| -> Result<f64> { Ok(fs::metadata(release.join(path))?.len() as f64 / 1e6) };
    println!("\n{:<44}{:>12}{:>12}{:>8}", "", "empty", "program", "ratio");
    row("exec to second frame, median, ms", &empties, &ours, |start| start.painted);
    row("memory of the process tree (PSS), median, MiB", &empties, &ours, |start| start.memory);
    println!("{:<44}{:>12.2}{:>12.2}", "size of the binary, MB", size("empty-window")?, size("monei-connect")?);
    let spread = |list: &[f64]| (list.iter().copied().fold(f64::MAX, f64::min), list.iter().copied().fold(0.0, f64::max));
    let (least, most) = spread(&arrivals);
    println!(
        "\nbrowser's arrival to the dashboard with the grant: median {:.0} ms (from {least:.0} to {most:.0}, {} times)",
        median(&arrivals),
        arrivals.len()
    );
    Ok(())
}

fn row(name: &str, empties: &[Start], ours: &[Start], of: impl Fn(&Start) -> f64) {
    let middle = |list: &[Start]| median(&list.iter().map(&of).collect::<Vec<_>>());
    let (empty, own) = (middle(empties), middle(ours));
    println!("{name:<44}{empty:>12.1}{own:>12.1}{:>8.2}", own / empty);
}

fn median(list: &[f64]) -> f64 {
    let mut sorted = list.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Sandbox and backend as programs of their own, with every limit off.
async fn start_servers(session: &mut Session, release: &Path) -> Result<Vec<Ended>> {
    let (backend, sandbox) = (free_address()?, free_address()?);
    let redirect = format!("http://{backend}/v1/callback");
    let secret_file = session.folder().join("client-secret");
    let mut monei = session.command(release.join("monei-sandbox").to_str().context("a path")?);
    monei
        .args(["--listen", &sandbox, "--redirect-uri", &redirect, "--client-id", "mc_sim_bench", "--client-secret-file"])
        .arg(&secret_file);
    let mut running = vec![Ended(monei.spawn().context("monei-sandbox")?)];
    let control = SandboxControl::new(&format!("http://{sandbox}"))?;
    until("the sandbox", async || Ok(Some(control.state().await?))).await?;
    for name in ["token_calls_per_minute", "authorize_per_minute"] {
        post(&format!("http://{sandbox}/sandbox/api/switch"), &json!({"name": name, "value": "0"})).await?;
    }
    let mut service = session.command(release.join("connect-backend").to_str().context("a path")?);
    service
        .env("MONEI_ENVIRONMENT", "sandbox")
        .env("MONEI_SANDBOX_URL", format!("http://{sandbox}"))
        .env("MONEI_CLIENT_ID", "mc_sim_bench")
        .env("MONEI_CLIENT_SECRET_FILE", &secret_file)
        .env("MONEI_REDIRECT_URI", &redirect)
        .env("MONEI_TOKEN_CALLS_PER_MINUTE", "600")
        .env("CONNECT_OPERATOR_NAME", "Bench")
        .env("CONNECT_SEALING_KEY", hex::encode(rand::random::<[u8; 32]>()))
        .env("CONNECT_PER_ADDRESS_PER_MINUTE", "0");
    running.push(Ended(service.spawn().context("connect-backend")?));
    until("the backend", async || Ok(Some(tokio::net::TcpStream::connect(&backend).await?))).await?;
    let opened = session.folder().join("opened");
    let browser = script(session, "browser", &format!("printf '%s\\n' \"$1\" >> '{}'", opened.display()))?;
    fs::write(&opened, "")?;
    session.set("BROWSER", browser.to_str().context("a path")?);
    session.set("MONEI_ENVIRONMENT", "sandbox");
    session.set("CONNECT_BACKEND_URL", &format!("http://{backend}"));
    Ok(running)
}

/// Connects one account and then asks for one scope after another, timing each arrival.
async fn connect(session: &Session, program: &Path) -> Result<Vec<f64>> {
    let window = Window::open(session, program).await?;
    window.click("confirm-backend").await?;
    window.click("connect-account").await?;
    window.click("start-connect").await?;
    arrive(&window, session, 0, &["profile:read", "kyc:read", "wallet:read"]).await?;
    let mut taken = Vec::new();
    for (run, (feature, scope, confirmed)) in ASKED.into_iter().enumerate() {
        window.click(&format!("ask-{feature}")).await?;
        if confirmed {
            window.click("confirm-ask").await?;
        }
        taken.push(arrive(&window, session, run + 1, &[scope]).await?);
    }
    window.quit(session).await?;
    Ok(taken)
}

/// Notes when the outcome has been painted, by the wall clock.
const OBSERVE: &str = r#"
delete window.__shown;
const observer = new MutationObserver(() => {
  if (!document.querySelector('[data-testid="stage-done"], [data-testid="stage-decide"]')) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.__shown = performance.timeOrigin + performance.now(); }));
});
observer.observe(document.body, { childList: true, subtree: true });
"#;

/// Walks from the address that the program opened to its listener, as the browser's `run`-th page. Milliseconds from there to the
/// painted outcome.
async fn arrive(window: &Window, session: &Session, run: usize, allow: &[&str]) -> Result<f64> {
    window.shows("stage-waiting").await?;
    window.script(OBSERVE).await?;
    let opened = session.folder().join("opened");
    let start = until("the browser to be opened", async || Ok(fs::read_to_string(&opened)?.lines().nth(run).map(str::to_owned))).await?;
    let (location, headers) = follow(&start, None).await?;
    let cookie =
        headers.get(SET_COOKIE).and_then(|value| value.to_str().ok()).and_then(|text| text.split(';').next()).context("a cookie")?;
    let sandbox = Url::parse(&location)?.origin().ascii_serialization();
    let approved = post(&format!("{sandbox}/sandbox/api/approve"), &json!({"url": location, "user": "ada", "allow": allow})).await?;
    let callback = approved["location"].as_str().context("the way back")?;
    let (home, _) = follow(callback, Some(cookie)).await?;
    let arrived = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1000.0;
    follow(home.trim_end_matches("#_"), None).await?;
    let shown = until("the painted outcome", async || Ok(window.script("return window.__shown ?? null").await?.as_f64())).await?;
    // The first one is of a new account.
    if window.first_of(&["stage-done", "stage-decide"]).await? == "stage-decide" {
        window.click("decide-add_as_account").await?;
    }
    window.click("dismiss").await?;
    Ok(shown - arrived)
}

async fn follow(url: &str, cookie: Option<&str>) -> Result<(String, HeaderMap)> {
    let mut request = http()?.get(url);
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, cookie);
    }
    let response = request.send().await?;
    ensure!(response.status().is_redirection(), "no redirect, but {}", response.status());
    let location = response.headers().get(LOCATION).context("a redirect without a target")?.to_str()?.to_owned();
    Ok((location, response.headers().clone()))
}

async fn post(url: &str, body: &serde_json::Value) -> Result<serde_json::Value> {
    let response = http()?.post(url).json(body).send().await?;
    ensure!(response.status().is_success(), "{url}: {}", response.status());
    Ok(serde_json::from_slice(&response.bytes().await?).unwrap_or_default())
}

fn http() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(Duration::from_secs(20)).build()?)
}

/// Starts `program` once and measures it.
async fn start(session: &Session, program: &Path) -> Result<Start> {
    let window = Window::open(session, program).await?;
    let painted = window.script("return performance.timeOrigin + performance.getEntriesByName('painted')[0].startTime").await?;
    let launched: f64 = fs::read_to_string(stamp(program))?.trim().parse::<f64>()? / 1e6;
    let painted = painted.as_f64().context("no second frame")? - launched;
    let pid: u32 = fs::read_to_string(program.with_extension("pid"))?.trim().parse()?;
    // Memory settles when the last of the page's work is done: two readings alike.
    let mut memory = tree_memory(pid)?;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let again = tree_memory(pid)?;
        let settled = (again - memory).abs() < memory * 0.005;
        memory = again;
        if settled || Instant::now() > deadline {
            break;
        }
    }
    window.quit(session).await?;
    Ok(Start { painted, memory })
}

/// A script that notes the time, and then becomes the program.
fn launcher(session: &Session, name: &str, program: &Path) -> Result<PathBuf> {
    ensure!(program.exists(), "{} is missing: use cargo xtask bench", program.display());
    let path = session.folder().join(name);
    let (stamp, pid) = (stamp(&path), path.with_extension("pid"));
    script(
        session,
        name,
        &format!("echo $$ > '{}'\ndate +%s%N > '{}'\nexec '{}' \"$@\"", pid.display(), stamp.display(), program.display()),
    )
}

fn stamp(launcher: &Path) -> PathBuf {
    launcher.with_extension("launched")
}

fn script(session: &Session, name: &str, body: &str) -> Result<PathBuf> {
    let path = session.folder().join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n"))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// Proportional set size of a process and all its descendants, in MiB.
fn tree_memory(root: u32) -> Result<f64> {
    let mut tree = HashSet::from([root]);
    loop {
        let before = tree.len();
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
            // pid (name, which may hold anything) state parent …
            let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
            if parent.is_some_and(|parent| tree.contains(&parent)) {
                tree.insert(pid);
            }
        }
        if tree.len() == before {
            break;
        }
    }
    let mut kib = 0.0;
    for pid in tree {
        let Ok(rollup) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
        let pss =
            rollup.lines().find_map(|line| line.strip_prefix("Pss:")).and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kib += pss.unwrap_or(0.0);
    }
    if kib == 0.0 {
        bail!("the process is gone");
    }
    Ok(kib / 1024.0)
}

fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// A process that ends with this value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
