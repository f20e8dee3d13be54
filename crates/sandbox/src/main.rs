//! `monei-sandbox`: a local Monei for testers.

#[path = "main/leaks.rs"]
mod leaks;

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use monei_sandbox::{Client, Options, Sandbox, Scenario, serve};
use tokio::net::TcpListener;

/// What comes below the options.
const AFTER_HELP: &str = "\
Examples:
  monei-sandbox                                             serve, with the control page at http://127.0.0.1:43118/sandbox
  monei-sandbox --scenario my.toml --auto-approve           for CI: nobody presses a button
  monei-sandbox leaks --run 1f8a90c2 ~/.cache ~/.local      search for secrets of that run";

/// A local Monei for testers: consent page, API, faults, control page. Nothing in it is real.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
struct Arguments {
    /// Address to serve; loopback only.
    #[arg(long, default_value = "127.0.0.1:43118")]
    listen: SocketAddr,
    /// Redirect URI of the registered app: its backend's callback. Can be given more than once.
    #[arg(long, default_value = "http://127.0.0.1:43117/v1/callback")]
    redirect_uri: Vec<String>,
    /// Client id of the registered app.
    #[arg(long, default_value = "mc_sim_local")]
    client_id: String,
    /// File with the app's secret. Made where it doesn't exist, readable by you alone [default: monei-sandbox/client-secret in $XDG_STATE_HOME]
    #[arg(long)]
    client_secret_file: Option<PathBuf>,
    /// Name of the app on the consent page.
    #[arg(long, default_value = "Monei Connections")]
    name: String,
    /// The operator's site on the consent page.
    #[arg(long)]
    website: Option<String>,
    /// Keeps grants in this file across restarts, tokens as hashes only.
    #[arg(long)]
    state_file: Option<PathBuf>,
    /// Plays this scenario from its start.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Answers each authorization at once, as the scenario says, so that no person is needed.
    #[arg(long, requires = "scenario")]
    auto_approve: bool,
    /// Checks scenarios and ends.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    check_scenario: Vec<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Searches files, and this user's processes, for secrets of one run. Exit code: 0 nothing, 1 leaks, 2 not everything was searched.
    Leaks(leaks::Arguments),
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(Command::Leaks(arguments)) = arguments.command {
        // 1 says that something leaked: a search that didn't take place is 2.
        return leaks::run(&arguments).or_else(|error| {
            writeln!(io::stderr(), "Error: {error:#}")?;
            Ok(ExitCode::from(2))
        });
    }
    if !arguments.check_scenario.is_empty() {
        return check(&arguments.check_scenario);
    }
    serve_sandbox(arguments).await.map(|()| ExitCode::SUCCESS)
}

/// Reads scenarios and says what is wrong with each.
fn check(paths: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let (mut out, mut code) = (io::stdout().lock(), ExitCode::SUCCESS);
    for path in paths {
        match scenario(path) {
            Ok(scenario) => writeln!(out, "{}: {:?}, {} rounds", path.display(), scenario.name(), scenario.rounds())?,
            Err(error) => {
                writeln!(io::stderr(), "{error:#}")?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn scenario(path: &Path) -> anyhow::Result<Scenario> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    Scenario::parse(&text).with_context(|| format!("{}", path.display()))
}

async fn serve_sandbox(arguments: Arguments) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "monei_sandbox=info".into()))
        .init();
    if !arguments.listen.ip().is_loopback() {
        bail!("--listen {}: the sandbox serves loopback addresses alone", arguments.listen);
    }
    let scenario = arguments.scenario.as_deref().map(scenario).transpose()?;
    let secret_file = match arguments.client_secret_file {
        Some(path) => path,
        None => default_secret_file()?,
    };
    let secret = secret(&secret_file)?;
    let secret_file = secret_file.canonicalize().with_context(|| format!("{}", secret_file.display()))?;
    let sandbox = Sandbox::new(Options {
        clients: vec![Client {
            client_id: arguments.client_id.clone(),
            client_secret: secret,
            name: arguments.name,
            redirect_uris: arguments.redirect_uri.clone(),
            website: arguments.website,
        }],
        run: None,
        state_file: arguments.state_file,
    })?;
    if let Some(scenario) = &scenario {
        sandbox.play(scenario, arguments.auto_approve)?;
    }
    let listener = TcpListener::bind(arguments.listen).await.with_context(|| format!("--listen {}", arguments.listen))?;
    let address = format!("http://{}", listener.local_addr()?);
    let mut out = io::stdout().lock();
    writeln!(out, "# Monei Sandbox, run {}. Control page: {address}/sandbox\n# For a backend:", sandbox.run())?;
    writeln!(out, "MONEI_ENVIRONMENT=sandbox\nMONEI_SANDBOX_URL={address}\nMONEI_CLIENT_ID={}", arguments.client_id)?;
    writeln!(out, "MONEI_CLIENT_SECRET_FILE={}", secret_file.display())?;
    if let Some(uri) = arguments.redirect_uri.first() {
        writeln!(out, "MONEI_REDIRECT_URI={uri}")?;
    }
    out.flush()?;
    drop(out);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        if let Err(error) = interrupted().await {
            tracing::warn!(%error, "signals can't be waited for; the sandbox runs until it is killed");
            std::future::pending::<()>().await;
        }
        // The receiver is gone only where the server has ended by itself.
        let _ = stop.send(());
    });
    serve(listener, sandbox, async move {
        let _ = stopped.await;
    })
    .await?;
    Ok(())
}

#[cfg(unix)]
async fn interrupted() -> io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn interrupted() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

fn default_secret_file() -> anyhow::Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value: &OsString| Path::new(value).is_absolute()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| set("LOCALAPPDATA")).or_else(|| set("HOME").map(|home| home.join(".local/state")));
    let folder = state.context("no home folder: name a file with --client-secret-file")?.join("monei-sandbox");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    Ok(folder.join("client-secret"))
}

/// Reads the secret, or makes one that is readable by its owner alone.
fn secret(path: &Path) -> anyhow::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let secret = text.trim_end_matches(['\r', '\n']);
            if secret.is_empty() {
                bail!("{} is empty: remove it, and a secret is made", path.display());
            }
            Ok(secret.to_owned())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = format!("mcs_sim_CNRY{}", hex::encode(rand::random::<[u8; 32]>()));
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path).with_context(|| format!("{}", path.display()))?;
            file.write_all(secret.as_bytes()).with_context(|| format!("{}", path.display()))?;
            Ok(secret)
        }
        Err(error) => Err(error).with_context(|| format!("{}", path.display())),
    }
}
