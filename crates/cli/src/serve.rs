//! `serve`: the local API without a window. While a window's program runs, that serves instead, since it can ask the person. With `--memory`,
//! an account is connected first and kept in this process's memory alone.

use std::pin::pin;

use connect_app::resting;
use connect_app::settings::Settings;
use connect_core::Connections;
#[cfg(unix)]
use connect_local_api::client;
use connect_local_api::{LocalApi, Place, Reach, Role, Status};

#[cfg(unix)]
use crate::connecting;
use crate::exit::Exit;
use crate::failure::Failure;
#[cfg(unix)]
use crate::memory::CommandServer;
use crate::out::errln;
use crate::signals;
use crate::words::Way;

/// `serve`, until the system or the person ends it.
pub async fn serve(connections: &Connections, settings: &Settings) -> Result<Exit, Failure> {
    let signals = signals::follow();
    let place = Place::of(settings);
    let api = LocalApi::start(connections.clone(), place.clone(), Role::Service);
    until_asked_to_end(connections, api, &place, signals.ever()).await
}

/// `serve --memory`, until the system or the person ends it. The caller revokes what is in memory then.
#[cfg(unix)]
pub async fn serve_memory(connections: &Connections, settings: &Settings, scopes: Vec<String>, way: &Way) -> Result<Exit, Failure> {
    let place = Place::in_memory(settings)
        .map_err(|error| Failure::said(Exit::Other, format!("The folder of the local API’s socket can’t be made: {error}.")))?
        .ok_or_else(|| {
            Failure::said(
                Exit::Usage,
                "Other commands reach the accounts by a socket in the session’s folder, and XDG_RUNTIME_DIR isn’t set. Set it to a folder of yours alone.",
            )
        })?;
    for socket in [place.socket.clone(), place.commands()].into_iter().flatten() {
        if client::is_served(&socket).await {
            return Err(Failure::said(
                Exit::Usage,
                "Monei Connections or `moneictl serve` runs already, and other commands and programs would reach its accounts, not this one. \
                 Quit it first, or connect there.",
            ));
        }
    }
    connecting::connect(connections, scopes, way).await?;
    // Also one that came too late to cancel.
    let signals = signals::follow();
    errln!("What you connected is in this process’s memory alone. Ctrl-C ends it, and the access at Monei with it.");
    let commands = CommandServer::new(connections.clone(), settings.clone());
    let api = LocalApi::start_answering(connections.clone(), place.clone(), commands);
    until_asked_to_end(connections, api, &place, signals.ever()).await
}

/// There is no socket to reach the accounts by, and there is always a keychain.
#[cfg(not(unix))]
#[expect(clippy::unused_async, reason = "as where there is a socket")]
pub async fn serve_memory(_: &Connections, _: &Settings, _: Vec<String>, _: &Way) -> Result<Exit, Failure> {
    Err(Failure::said(Exit::Usage, "--memory is for systems with Unix sockets. Use the keychain here."))
}

async fn until_asked_to_end(
    connections: &Connections,
    api: LocalApi,
    place: &Place,
    asked_to_end: impl Future<Output = ()>,
) -> Result<Exit, Failure> {
    let mut asked_to_end = pin!(asked_to_end);
    let mut status = api.status();
    // Who the connection service is has to be known before a token can be refreshed.
    connections.poll().await;
    let mut resting = pin!(resting::keep_alive(connections.clone()));
    let mut said = String::new();
    let ended = loop {
        let line = words(&status.borrow_and_update(), place);
        if line != said {
            errln!("{line}");
            said = line;
        }
        tokio::select! {
            changed = status.changed() => if changed.is_err() {
                break Err(Failure::said(Exit::Other, "The local API ended by itself."));
            },
            () = &mut asked_to_end => break Ok(Exit::Done),
            () = &mut resting => {}
        }
    };
    api.shutdown().await;
    ended
}

fn words(status: &Status, place: &Place) -> String {
    if !status.serving {
        return "Waiting: another program serves the local API.".to_owned();
    }
    let socket = match (status.socket, &place.socket) {
        (Reach::Open, Some(path)) => format!("the socket {}", path.display()),
        (Reach::Taken, Some(path)) => format!("no socket (something else is at {})", path.display()),
        (Reach::Failed, _) => "no socket (the system refuses it)".to_owned(),
        _ => "no socket".to_owned(),
    };
    let tcp = match (status.tcp, status.port) {
        (Reach::Open, Some(port)) => format!("http://127.0.0.1:{port}"),
        (Reach::Taken, Some(port)) => format!("not over TCP (another program holds port {port})"),
        (Reach::Failed, _) => "not over TCP (the system refuses it)".to_owned(),
        _ => "not over TCP, since no app is allowed yet".to_owned(),
    };
    format!("Serving the local API: {socket}, {tcp}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_where_it_serves_and_why_not() {
        let place = Place { socket: Some("/run/user/1/api.sock".into()), locks: "/data".into() };
        assert!(words(&Status::default(), &place).starts_with("Waiting"));
        let open = Status { serving: true, socket: Reach::Open, tcp: Reach::Open, port: Some(20123) };
        assert_eq!(words(&open, &place), "Serving the local API: the socket /run/user/1/api.sock, http://127.0.0.1:20123.");
        let taken = Status { tcp: Reach::Taken, ..open };
        assert!(words(&taken, &place).contains("another program holds port 20123"));
    }
}
