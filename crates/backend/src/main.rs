//! The backend as a program: reads its environment and serves. `connect-backend check` only says whether the configuration does and
//! whether what it names can be reached. A hangup (SIGHUP) has it read its secrets anew.

use std::process::ExitCode;

use connect_backend::{Backend, Config, serve};
use tokio::net::TcpListener;
use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["check"] => true,
        _ => {
            eprintln!("usage: connect-backend [check]    Values come from the environment, never from arguments.");
            return ExitCode::from(2);
        }
    };
    match run(check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("connect-backend: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn run(check: bool) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::from_env()?;
    let (listen, private_listen) = (config.listen(), config.private_listen());
    let backend = Backend::new(config)?;
    if check {
        let unreachable = backend.unreachable().await;
        return match &unreachable[..] {
            [] => {
                println!("The configuration is sound, and everything it names can be reached and used.");
                Ok(())
            }
            sentences => Err(format!("The configuration is sound, but: {}", sentences.join(" ")).into()),
        };
    }
    log();
    let mut inherited = inherited();
    let listener = listener(inherited.next(), listen, "CONNECT_LISTEN").await?;
    let private = match private_listen {
        Some(address) => Some(self::listener(inherited.next(), address, "CONNECT_PRIVATE_LISTEN").await?),
        None => None,
    };
    // Before anybody is told that it listens: a hangup that nobody waits for ends the program.
    #[cfg(unix)]
    let reloading = tokio::spawn(reload(backend.clone(), tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?));
    tracing::info!(event = "listening", address = %listener.local_addr()?);
    serve(listener, private, backend, stop()).await?;
    #[cfg(unix)]
    reloading.abort();
    tracing::info!(event = "stopped");
    Ok(())
}

/// Listening sockets that systemd kept while no backend ran, in the order of the unit: callers, then the private one.
fn inherited() -> impl Iterator<Item = std::net::TcpListener> {
    #[cfg(unix)]
    {
        let mut sockets = listenfd::ListenFd::from_env();
        (0..sockets.len()).filter_map(move |at| sockets.take_tcp_listener(at).ok().flatten())
    }
    #[cfg(not(unix))]
    std::iter::empty()
}

async fn listener(inherited: Option<std::net::TcpListener>, address: std::net::SocketAddr, name: &str) -> Result<TcpListener, String> {
    let listener = match inherited {
        Some(socket) => socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket)),
        None => TcpListener::bind(address).await,
    };
    listener.map_err(|error| format!("{name}: {address} can't be listened on ({error})."))
}

/// On each hangup reads the configuration anew and takes over its secrets. What is wrong is said, and the old ones stay.
#[cfg(unix)]
async fn reload(backend: Backend, mut hangup: tokio::signal::unix::Signal) {
    while hangup.recv().await.is_some() {
        match Config::from_env().and_then(|config| backend.reload(&config)) {
            Ok(changed) => {
                tracing::info!(
                    event = "reloaded",
                    client_secrets_changed = changed.client_secrets,
                    sealing_keys_changed = changed.sealing_keys
                );
            }
            Err(error) => tracing::error!(event = "reload_refused", %error),
        }
    }
}

/// One JSON object a line, on standard output (C-18). Libraries end at info, whatever `RUST_LOG` says of them or of one of their modules: at
/// trace level the HTTP and TLS crates log what they carry.
fn log() {
    let wish = std::env::var_os(EnvFilter::DEFAULT_ENV).filter(|text| !text.is_empty()).unwrap_or_else(|| "info".into());
    let wanted = EnvFilter::try_new(wish.to_string_lossy()).unwrap_or_else(|error| {
        eprintln!("connect-backend: RUST_LOG can't be used ({error}); logging at info.");
        EnvFilter::new("info")
    });
    let ours = filter_fn(|metadata| *metadata.level() <= Level::INFO || metadata.target().starts_with("connect_backend"));
    tracing_subscriber::registry().with(fmt::layer().json().with_filter(wanted.and(ours))).init();
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
    #[cfg(not(unix))]
    interrupt.await;
}
