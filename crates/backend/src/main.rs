//! The backend as a program: reads its environment and serves. `connect-backend check` only says whether the configuration does.

use std::process::ExitCode;

use connect_backend::{Backend, Config, serve};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// Never below these, whatever `RUST_LOG` says: at trace level the HTTP and TLS crates log what they carry.
const CAPPED: [&str; 6] = ["hyper=info", "hyper_util=info", "reqwest=info", "rustls=info", "h2=info", "axum=info"];

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
        println!("The configuration is sound.");
        return Ok(());
    }
    log();
    let listener = TcpListener::bind(listen).await.map_err(|error| format!("CONNECT_LISTEN: {listen} can't be listened on ({error})."))?;
    let private = match private_listen {
        Some(address) => Some(
            TcpListener::bind(address)
                .await
                .map_err(|error| format!("CONNECT_PRIVATE_LISTEN: {address} can't be listened on ({error})."))?,
        ),
        None => None,
    };
    tracing::info!(event = "listening", address = %listener.local_addr()?);
    serve(listener, private, backend, stop()).await?;
    tracing::info!(event = "stopped");
    Ok(())
}

/// One JSON object a line, on standard output (C-18).
fn log() {
    let mut filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    for directive in CAPPED.iter().filter_map(|text| text.parse().ok()) {
        filter = filter.add_directive(directive);
    }
    tracing_subscriber::fmt().json().with_env_filter(filter).init();
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
