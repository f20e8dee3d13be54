//! `monei-sandbox`: a local Monei for testers.

#[path = "main/arguments.rs"]
mod arguments;
#[path = "main/health.rs"]
mod health;
#[path = "main/leaks.rs"]
mod leaks;

use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use monei_sandbox::{Access, Client, Options, Sandbox, Scenario, serve};
use tokio::net::TcpListener;

use arguments::{Arguments, Command, ServeArguments, ServiceArguments};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // 1 says that something leaked: a search that didn't take place is 2.
    let failure = if matches!(arguments.command, Some(Command::Leaks(_))) { ExitCode::from(2) } else { ExitCode::FAILURE };
    run(arguments).await.unwrap_or_else(|error| {
        // Where even this can't be written, the exit code says it.
        let _ = writeln!(io::stderr(), "error: {}", in_one_line(&error));
        failure
    })
}

/// What went wrong, and why, each cause once.
fn in_one_line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            text = if text.is_empty() { cause } else { format!("{text}: {cause}") };
        }
    }
    text
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Some(Command::Leaks(arguments)) => return leaks::run(&arguments),
        Some(Command::Serve(arguments)) => return serve_others(*arguments).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Health(arguments)) => return health::ask(arguments.address()).await.map(|()| ExitCode::SUCCESS),
        None => {}
    }
    if !arguments.check_scenario.is_empty() {
        return check(&arguments.check_scenario);
    }
    serve_backend(arguments.serve).await.map(|()| ExitCode::SUCCESS)
}

/// Words on standard output. A reader that has gone, such as `head`, has what it wanted.
fn say(words: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(words.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("standard output didn't take everything"),
        _ => Ok(()),
    }
}

/// Reads scenarios and says what is wrong with each.
fn check(paths: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for path in paths {
        match scenario(path) {
            Ok(scenario) => {
                say(&format!("{}: {:?}, {} rounds\n", path.display(), scenario.name(), scenario.rounds()))?;
                for remark in monei_sandbox::remarks(&scenario)? {
                    writeln!(io::stderr(), "{}: {remark}", path.display())?;
                    code = ExitCode::FAILURE;
                }
            }
            Err(error) => {
                writeln!(io::stderr(), "{}", in_one_line(&error))?;
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

/// A sandbox that is ready to be served.
struct Ready {
    sandbox: Sandbox,
    listener: TcpListener,
    address: SocketAddr,
    secret_file: PathBuf,
    client_ids: Vec<String>,
    redirect_uris: Vec<String>,
}

async fn prepare(arguments: ServeArguments, access: Access) -> anyhow::Result<Ready> {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "monei_sandbox=info".into()))
        .init();
    for name in arguments::unknown_settings() {
        tracing::warn!("{name} is set in the environment, and the sandbox has no such setting");
    }
    if !arguments.listen.ip().is_loopback() && matches!(access, Access::Loopback) {
        bail!("--listen {}: the sandbox serves loopback addresses alone; `serve --allow-remote` serves others", arguments.listen);
    }
    let scenario = arguments.scenario.as_deref().map(scenario).transpose().context("--scenario")?;
    let secret_file = match arguments.client_secret_file {
        Some(path) => path,
        None => state_folder()?.join("client-secret"),
    };
    let secret = secret(&secret_file, "mcs_sim_CNRY").context("--client-secret-file")?;
    let secret_file = absolute(&secret_file)?;
    let client = |client_id: String, name: String| Client {
        client_id,
        client_secret: secret.clone(),
        name,
        redirect_uris: arguments.redirect_uri.clone(),
        website: arguments.website.clone(),
    };
    let mut clients = vec![client(arguments.client_id, arguments.name)];
    clients.extend(arguments.second_client.map(|id| client(id, "Another app".to_owned())));
    let client_ids = clients.iter().map(|client| client.client_id.clone()).collect();
    let sandbox = Sandbox::new(Options {
        clients,
        run: None,
        state_file: arguments.state_file,
        seed: arguments.seed,
        clock: arguments.clock,
        access,
    })?;
    if let Some(scenario) = &scenario {
        sandbox.play(scenario, arguments.auto_approve)?;
    }
    let listener = TcpListener::bind(arguments.listen).await.with_context(|| format!("--listen {}", arguments.listen))?;
    let address = listener.local_addr()?;
    Ok(Ready { sandbox, listener, address, secret_file, client_ids, redirect_uris: arguments.redirect_uri })
}

/// For a backend on this computer: the lines that it needs in its environment.
async fn serve_backend(arguments: ServeArguments) -> anyhow::Result<()> {
    let ready = prepare(arguments, Access::Loopback).await?;
    let address = format!("http://{}", ready.address);
    let mut lines = vec![
        format!("# Monei Sandbox, run {}. Control page: {address}/sandbox\n# For a backend:", ready.sandbox.run()),
        format!("MONEI_ENVIRONMENT=sandbox\nMONEI_SANDBOX_URL={address}"),
    ];
    lines.extend(ready.client_ids.first().map(|client_id| format!("MONEI_CLIENT_ID={client_id}")));
    lines.push(format!("MONEI_CLIENT_SECRET_FILE={}", ready.secret_file.display()));
    lines.extend(ready.redirect_uris.first().map(|uri| format!("MONEI_REDIRECT_URI={uri}")));
    say(&format!("{}\n", lines.join("\n")))?;
    until_interrupted(ready).await
}

/// For tests of others: one line of JSON that says where everything is, and no secret.
async fn serve_others(arguments: ServiceArguments) -> anyhow::Result<()> {
    let (access, token_file) = if arguments.allow_remote {
        let path = match arguments.control_token_file {
            Some(path) => path,
            None => state_folder()?.join("control-token"),
        };
        let token = secret(&path, "control_").context("--control-token-file")?;
        let path = absolute(&path)?;
        (Access::Remote { hosts: arguments.allow_host, control_token: token }, Some(path))
    } else {
        (Access::Loopback, None)
    };
    let remote = arguments.allow_remote;
    let ready = prepare(arguments.serve, access).await?;
    if remote {
        tracing::warn!(address = %ready.address, "whoever reaches this address can use the sandbox; nothing in it is real, and it is no place for real data");
    }
    let address = format!("http://{}", arguments::reached_at(ready.address));
    let line = serde_json::json!({
        "ready": true, "run": ready.sandbox.run(), "address": address, "authorize_url": format!("{address}/connect/authorize"),
        "api_url": format!("{address}/api/v1"), "control_url": format!("{address}/sandbox/api"), "health_url": format!("{address}/healthz"),
        "client_ids": ready.client_ids, "redirect_uris": ready.redirect_uris, "client_secret_file": ready.secret_file,
        "control_token_file": token_file,
    });
    say(&format!("{line}\n"))?;
    until_interrupted(ready).await
}

async fn until_interrupted(ready: Ready) -> anyhow::Result<()> {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        if let Err(error) = interrupted().await {
            tracing::warn!(%error, "signals can't be waited for; the sandbox runs until it is killed");
            std::future::pending::<()>().await;
        }
        // The receiver is gone only where the server has ended by itself.
        let _ = stop.send(());
    });
    serve(ready.listener, ready.sandbox, async move {
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

fn state_folder() -> anyhow::Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value: &OsString| Path::new(value).is_absolute()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| set("LOCALAPPDATA")).or_else(|| set("HOME").map(|home| home.join(".local/state")));
    let folder = state.context("no home folder: name the files with --client-secret-file and --control-token-file")?.join("monei-sandbox");
    fs::create_dir_all(&folder).with_context(|| format!("{}", folder.display()))?;
    Ok(folder)
}

/// For whoever reads it in another folder. Not `canonicalize`, which on Windows gives `\\?\C:\…`: shells and many programs don't know that form.
fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("{}", path.display()))
}

/// Reads a secret, or makes one that begins with `prefix` and is readable by its owner alone.
fn secret(path: &Path, prefix: &str) -> anyhow::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let secret = text.trim_end_matches(['\r', '\n']);
            if secret.is_empty() {
                bail!("{} is empty: remove it, and a secret is made", path.display());
            }
            Ok(secret.to_owned())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = format!("{prefix}{}", hex::encode(rand::random::<[u8; 32]>()));
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
