//! The sandbox and the backend that the measured program talks to, and the browser that it opens.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::{SandboxControl, Session, until};
use serde_json::json;

use crate::starts::script;

/// Sandbox and backend, while this value lives.
pub struct Servers {
    /// The sandbox's address.
    pub sandbox: String,
    #[expect(dead_code, reason = "they run as long as this is held")]
    running: Vec<Ended>,
}

/// Sandbox and backend as programs of their own, with every limit off.
pub async fn start(session: &mut Session, release: &Path) -> Result<Servers> {
    let (backend, sandbox) = (free_address()?, free_address()?);
    let redirect = format!("http://{backend}/v1/callback");
    let secret_file = session.folder().join("client-secret");
    let mut monei = session.command(release.join("monei-sandbox").to_str().context("a path")?);
    monei
        .args(["--listen", &sandbox, "--redirect-uri", &redirect, "--client-id", "mc_sim_bench", "--client-secret-file"])
        .arg(&secret_file);
    let mut running = vec![Ended(monei.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("monei-sandbox")?)];
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
    running.push(Ended(service.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("connect-backend")?));
    until("the backend", async || Ok(Some(tokio::net::TcpStream::connect(&backend).await?))).await?;
    let opened = session.folder().join("opened");
    let browser = script(session, "browser", &format!("printf '%s\\n' \"$1\" >> '{}'", opened.display()))?;
    fs::write(&opened, "")?;
    session.set("BROWSER", browser.to_str().context("a path")?);
    session.set("MONEI_ENVIRONMENT", "sandbox");
    session.set("CONNECT_BACKEND_URL", &format!("http://{backend}"));
    Ok(Servers { sandbox: format!("http://{sandbox}"), running })
}

/// Posts JSON, and gives what is answered.
pub async fn post(url: &str, body: &serde_json::Value) -> Result<serde_json::Value> {
    let response = http()?.post(url).json(body).send().await?;
    ensure!(response.status().is_success(), "{url}: {}", response.status());
    Ok(serde_json::from_slice(&response.bytes().await?).unwrap_or_default())
}

/// A client that follows no redirect.
pub fn http() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().timeout(Duration::from_secs(20)).build()?)
}

fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// A process that ends with this value.
pub struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
