//! The sandbox and the backend, as the programs that testers and operators run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use e2e::process::{Process, target_dir};
use e2e::{SandboxControl, Session, free_port, until};

/// Where the services of a session are.
pub struct Services {
    /// The backend's address.
    pub backend: String,
    /// The sandbox's control interface.
    pub sandbox: SandboxControl,
}

impl Services {
    /// Starts both in the session; they end with it.
    pub async fn start(session: &mut Session) -> Result<Self> {
        let (sandbox_port, backend_port) = (free_port()?, free_port()?);
        let (sandbox, backend) = (format!("http://127.0.0.1:{sandbox_port}"), format!("http://127.0.0.1:{backend_port}"));
        let redirect = format!("{backend}/v1/callback");
        let secret = session.folder().join("client-secret");
        let logs = session.logs();

        let mut command = session.command(&service_program("monei-sandbox")?);
        command.args(["--listen", &format!("127.0.0.1:{sandbox_port}"), "--redirect-uri", &redirect, "--client-secret-file"]).arg(&secret);
        let process = Process::spawn("sandbox", &mut command, &logs)?;
        session.keep(process);
        until("the sandbox", async || Ok(Some(tokio::net::TcpStream::connect(("127.0.0.1", sandbox_port)).await?))).await?;

        let mut command = session.command(&service_program("connect-backend")?);
        command
            .env("MONEI_ENVIRONMENT", "sandbox")
            .env("MONEI_SANDBOX_URL", &sandbox)
            .env("MONEI_CLIENT_ID", "mc_sim_local")
            .env("MONEI_CLIENT_SECRET_FILE", &secret)
            .env("MONEI_REDIRECT_URI", &redirect)
            .env("CONNECT_OPERATOR_NAME", "Places")
            .env("CONNECT_SEALING_KEY", hex::encode(rand::random::<[u8; 32]>()))
            .env("CONNECT_LISTEN", format!("127.0.0.1:{backend_port}"));
        let process = Process::spawn("backend", &mut command, &logs)?;
        session.keep(process);
        until("the backend", async || Ok(Some(tokio::net::TcpStream::connect(("127.0.0.1", backend_port)).await?))).await?;
        Ok(Self { sandbox: SandboxControl::new(&sandbox)?, backend })
    }
}

impl Services {
    /// How many calls of Monei's API were answered well so far.
    pub async fn api_calls(&self) -> Result<u64> {
        let state = self.sandbox.state().await?;
        let calls = state.counters.requests.iter().filter(|request| request.path.contains("/api/v1/") && request.status == 200);
        Ok(calls.map(|request| request.count).sum())
    }
}

/// The desktop program with the package's features and code paths, or the one that `PLACES_PROGRAM` names.
pub fn desktop_program() -> Result<String> {
    existing(match std::env::var_os("PLACES_PROGRAM") {
        Some(path) => PathBuf::from(path),
        None => target_dir()?.join("places/monei-connect"),
    })
}

/// The program under the name, identifier and connection service of another packager, as `cargo xtask test --all` builds it.
pub fn renamed_program() -> Result<String> {
    existing(target_dir()?.join("renamed/monei-connect"))
}

fn service_program(name: &str) -> Result<String> {
    existing(target_dir()?.join("debug").join(name))
}

fn existing(program: PathBuf) -> Result<String> {
    ensure!(program.is_file(), "{} is missing: cargo xtask test --places builds it", program.display());
    Ok(program.display().to_string())
}

/// Where pictures of the places are left: `target/places`.
pub fn pictures() -> Result<PathBuf> {
    let folder = target_dir()?.join("places");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Everything that the desktop program wrote down about itself in a session, its output included.
pub fn log_of(session: &Session) -> Result<String> {
    let mut text = read(&session.logs().join("desktop.log"))?;
    text += &read(&session.folder().join("data/org.moneiconnections.manager/sandbox/desktop.log"))?;
    Ok(text)
}

fn read(path: &Path) -> Result<String> {
    if path.exists() { fs::read_to_string(path).with_context(|| path.display().to_string()) } else { Ok(String::new()) }
}
