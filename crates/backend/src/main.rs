//! The backend as a program: reads its environment and serves. `connect-backend check` only says whether the configuration can be used and
//! whether what it names can be reached; `health` and `ready` ask an instance that runs. A hangup (SIGHUP) has it read its secrets anew.

mod program;

use std::io::Write as _;
use std::process::ExitCode;
use std::thread::available_parallelism;

use connect_backend::{Backend, Config, Listener};
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// Most threads that serve requests; otherwise half as many as the computer has cores. The other half is for what stands beside: a proxy, Redis. With
/// one thread none wakes another for each step of a request: on two cores that serves more requests than two threads do (`cargo xtask bench backend`).
const MOST_THREADS: usize = 8;
/// Most threads for what blocks: looking up names.
const MOST_BLOCKING_THREADS: usize = 8;

/// What can be typed.
const USAGE: &str = "\
usage: connect-backend [check|health|ready]    Values come from the environment, never from arguments.
  (nothing)  serve
  check      say whether the configuration can be used, and whether what it names can be reached
  health     ask the instance that runs here whether it is alive
  ready      ask it whether it can do its work";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => on_threads(serve()),
        ["check"] => on_threads(check()),
        ["health"] => program::probe::ask("/healthz").map_err(Into::into),
        ["ready"] => program::probe::ask("/readyz").map_err(Into::into),
        ["--help" | "-h"] => {
            say(USAGE);
            Ok(())
        }
        ["--version" | "-V"] => {
            say(concat!("connect-backend ", env!("CARGO_PKG_VERSION")));
            Ok(())
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("connect-backend: {error}");
            ExitCode::FAILURE
        }
    }
}

type Done = Result<(), Box<dyn std::error::Error>>;

fn on_threads(work: impl Future<Output = Done>) -> Done {
    let cores = available_parallelism().map_or(1, usize::from);
    let mut builder = match (cores / 2).min(MOST_THREADS) {
        0 | 1 => Builder::new_current_thread(),
        threads => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
    };
    builder.max_blocking_threads(MOST_BLOCKING_THREADS).enable_all().build()?.block_on(work)
}

/// A line on standard output. Where nobody reads it, there is nobody to tell.
fn say(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}

/// The configuration, and a line about each name that has no effect.
fn config() -> Result<Config, Box<dyn std::error::Error>> {
    for name in unknown_names() {
        say(&format!("{name} is set and has no effect: it is not a name that connect-backend reads."));
    }
    Ok(Config::from_env()?)
}

fn unknown_names() -> Vec<String> {
    program::names::unknown(std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))))
}

async fn check() -> Done {
    let config = config()?;
    config.check_listeners()?;
    let backend = Backend::new(config)?;
    match &backend.unreachable().await[..] {
        [] => {
            say("The configuration is sound, and everything it names can be reached and used.");
            Ok(())
        }
        sentences => Err(format!("The configuration is sound, but: {}", sentences.join(" ")).into()),
    }
}

async fn serve() -> Done {
    let config = Config::from_env()?;
    let (listen, private_listen, apart) = (config.listen(), config.private_listen(), config.check_listeners());
    let backend = Backend::new(config)?;
    let (_log, dropped) = program::log::begin();
    backend.watch_log(dropped);
    for name in unknown_names() {
        tracing::warn!(event = "unknown_name", name);
    }
    let mut inherited = program::sockets::inherited()?;
    if inherited.public.is_empty() && inherited.private.is_empty() {
        apart?;
    }
    if inherited.public.is_empty() {
        inherited.public.push(listener(listen, "CONNECT_LISTEN").await?);
    }
    if let Some(address) = private_listen.filter(|_| inherited.private.is_empty()) {
        inherited.private.push(listener(address, "CONNECT_PRIVATE_LISTEN").await?);
    }
    // Before anybody is told that it listens: a hangup that nobody waits for ends the program.
    #[cfg(unix)]
    let reloading = tokio::spawn(reload(backend.clone(), tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?));
    let public = inherited.public.iter().map(|listener| ("listening", listener));
    // Where the system chose the port, nobody else knows it.
    let private = inherited.private.iter().map(|listener| ("listening_privately", listener));
    for (event, listener) in public.chain(private) {
        match listener {
            Listener::Tcp(listener) => tracing::info!(event, address = %listener.local_addr()?),
            #[cfg(unix)]
            Listener::Unix(listener) => tracing::info!(event, path = ?listener.local_addr()?),
        }
    }
    backend.serve(inherited.public, inherited.private, stop()).await?;
    #[cfg(unix)]
    reloading.abort();
    tracing::info!(event = "stopped");
    Ok(())
}

async fn listener(address: std::net::SocketAddr, name: &str) -> Result<Listener, String> {
    let listener = TcpListener::bind(address).await;
    listener.map(Listener::Tcp).map_err(|error| format!("{name}: {address} can't be listened on ({error})."))
}

/// On each hangup reads the configuration anew and takes over its secrets and certificates. What is wrong is said, and the old ones stay.
#[cfg(unix)]
async fn reload(backend: Backend, mut hangup: tokio::signal::unix::Signal) {
    while hangup.recv().await.is_some() {
        let reloaded = match Config::from_env() {
            Ok(config) => backend.reload(&config).await,
            Err(error) => Err(error),
        };
        match reloaded {
            Ok(changed) => {
                if let Some(reason) = changed.store_link_refused {
                    tracing::error!(event = "store_link_kept", reason);
                }
                tracing::info!(
                    event = "reloaded",
                    client_secrets_changed = changed.client_secrets,
                    sealing_keys_changed = changed.sealing_keys,
                    store_link_changed = changed.store_link
                );
            }
            Err(error) => tracing::error!(event = "reload_refused", %error),
        }
    }
}

/// Until the system or a person says stop.
async fn stop() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    () = interrupt => {}
                    _ = terminate.recv() => {}
                }
            }
            Err(_) => interrupt.await,
        }
    }
    #[cfg(windows)]
    {
        use tokio::signal::windows::{ctrl_break, ctrl_close, ctrl_shutdown};
        // From a supervisor; the console is closed; the computer is shut down.
        match (ctrl_break(), ctrl_close(), ctrl_shutdown()) {
            (Ok(mut told), Ok(mut closed), Ok(mut shut_down)) => {
                tokio::select! {
                    () = interrupt => {}
                    _ = told.recv() => {}
                    _ = closed.recv() => {}
                    _ = shut_down.recv() => {}
                }
            }
            _ => interrupt.await,
        }
    }
}
