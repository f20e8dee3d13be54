//! The sandbox and the backend, as they are developed, on loopback: for a trial that connects an account.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::step::{command, output, succeed};

/// Where their state and their logs are.
const FOLDER: &str = "target/tmp/service";
/// How long one may take until it answers.
const START: Duration = Duration::from_secs(60);

/// Both, until this is dropped.
pub struct Service {
    running: Vec<Child>,
    sandbox: String,
    backend: String,
}

impl Service {
    /// Builds both for this computer.
    pub fn build() -> Result<()> {
        succeed(&mut command("cargo", &["build", "--locked", "--package", "monei-sandbox", "--package", "connect-backend"]))
    }

    /// Starts what was built.
    pub fn start() -> Result<Self> {
        let folder = std::env::current_dir()?.join(FOLDER);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        // Both are bound before one is let go, so that they differ.
        let ports = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
        let [sandbox, backend] = ports.each_ref().map(|port| port.local_addr().map(|address| address.to_string()));
        let (sandbox, backend) = (sandbox?, backend?);
        drop(ports);
        let secret = folder.join("client-secret");
        let mut service = Self { running: Vec::new(), sandbox: format!("http://{sandbox}"), backend: format!("http://{backend}") };
        let callback = format!("{}/v1/callback", service.backend);

        let mut start = command("target/debug/monei-sandbox", &["--listen", &sandbox, "--redirect-uri", &callback, "--client-secret-file"]);
        start.arg(&secret).arg("--state-file").arg(folder.join("state.json"));
        service.run(&mut start, &folder.join("sandbox.log"))?;
        service.wait_for(&format!("{}/healthz", service.sandbox))?;
        let mut start = command("target/debug/connect-backend", &[]);
        start.env("MONEI_ENVIRONMENT", "sandbox").env("MONEI_SANDBOX_URL", &service.sandbox).env("MONEI_CLIENT_ID", "mc_sim_local");
        start.env("MONEI_CLIENT_SECRET_FILE", secret).env("MONEI_REDIRECT_URI", callback).env("CONNECT_LISTEN", backend);
        start.env("CONNECT_SEALING_KEY", sealing_key()?).env("CONNECT_OPERATOR_NAME", "Operator of a trial");
        service.run(&mut start, &folder.join("backend.log"))?;
        service.wait_for(&format!("{}/v1/client", service.backend))?;
        Ok(service)
    }

    /// What a program is to have in its environment so that it uses them.
    pub fn environment(&self) -> [(&str, &str); 2] {
        [("CONNECT_BACKEND_URL", &self.backend), ("MONEI_ENVIRONMENT", "sandbox")]
    }

    /// Has the next consent page approve at once, as `user`, no more than `allow`.
    pub fn plan(&self, user: &str, allow: &[&str]) -> Result<()> {
        let plan = json!({"user": user, "allow": allow, "auto": true}).to_string();
        let header = "Content-Type: application/json";
        let mut post = web(&["--header", header, "--data", &plan, &format!("{}/sandbox/api/next", self.sandbox)]);
        output(&mut post).map(drop)
    }

    /// The link to approve in a browser, once `shown` has the whole of it.
    pub fn link<'t>(&self, shown: &'t str) -> Option<&'t str> {
        let link = &shown[shown.find(&format!("{}/v1/start?", self.backend))?..];
        Some(&link[..link.find(|letter: char| letter.is_whitespace() || letter.is_control())?])
    }

    /// Follows the link as a browser does, up to the page that says that it can be closed.
    pub fn follow(&self, link: &str) -> Result<()> {
        output(&mut web(&["--location", "--cookie", "", link])).map(drop)
    }

    /// How many accesses the sandbox has given that haven't ended.
    pub fn grants(&self) -> Result<usize> {
        let state: Value = serde_json::from_str(&output(&mut web(&[&format!("{}/sandbox/api/state", self.sandbox)]))?)?;
        Ok(state["grants"].as_array().context("no grants")?.iter().filter(|grant| grant["alive"] == true).count())
    }

    fn run(&mut self, start: &mut Command, log: &Path) -> Result<()> {
        let log = File::create(log)?;
        self.running.push(start.stdout(log.try_clone()?).stderr(log).spawn().with_context(|| format!("{start:?}"))?);
        Ok(())
    }

    fn wait_for(&mut self, address: &str) -> Result<()> {
        let began = Instant::now();
        while let Err(error) = output(&mut web(&[address])) {
            for child in &mut self.running {
                ensure!(child.try_wait()?.is_none(), "the sandbox or the backend has ended: look into {FOLDER}");
            }
            ensure!(began.elapsed() < START, "no answer from {address}: {error:#}");
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        for child in self.running.iter_mut().rev() {
            // It may have ended by itself: both calls may fail then, and nothing is left to do.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Random, as the backend wants it to be.
fn sealing_key() -> Result<String> {
    let mut key = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut key)?;
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A request on this computer.
fn web(words: &[&str]) -> Command {
    let mut curl = command("curl", &["--silent", "--show-error", "--fail", "--noproxy", "*", "--max-time", "60"]);
    curl.args(words);
    curl
}
