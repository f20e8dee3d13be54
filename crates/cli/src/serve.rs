//! `serve`: the local API without a window. While a window's program runs, that serves instead, since it can ask the person.

use std::pin::pin;

use connect_app::ending;
use connect_app::resting;
use connect_app::settings::Settings;
use connect_core::Connections;
use connect_local_api::{LocalApi, Place, Reach, Role, Status};

use crate::exit::Exit;
use crate::failure::Failure;

/// `serve`, until the system or the person ends it.
pub async fn serve(connections: &Connections, settings: &Settings) -> Result<Exit, Failure> {
    let place = Place::of(settings);
    let api = LocalApi::start(connections.clone(), place.clone(), Role::Service);
    let mut status = api.status();
    // Who the connection service is has to be known before a token can be refreshed.
    connections.poll().await;
    let mut resting = pin!(resting::keep_alive(connections.clone()));
    let mut said = String::new();
    let ended = loop {
        let line = words(&status.borrow_and_update(), &place);
        if line != said {
            anstream::eprintln!("{line}");
            said = line;
        }
        tokio::select! {
            changed = status.changed() => if changed.is_err() {
                break Err(Failure::said(Exit::Other, "The local API ended by itself."));
            },
            _ = ending::asked_to_end() => break Ok(Exit::Done),
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
