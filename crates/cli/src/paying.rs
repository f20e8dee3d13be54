//! A call that moves money, typed in a terminal. A terminal confirms none: the running window does, as for any app. It asks whether `moneictl`
//! may have the permission, and then about the payment itself; afterwards what it gave is taken back.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use connect_app::ending::asked_to_end;
use connect_app::settings::Settings;
use connect_core::Connections;
use connect_local_api::Place;
use monei::Permission;
use serde_json::json;

use crate::NAME;
use crate::accounts::say_json;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::errln;
use crate::socket::{Answer, Unanswered, send};

/// What the window shows as the name of who asks.
const CALLED: &str = "moneictl (one payment)";
/// How long the person has for each question.
const PATIENCE: Duration = Duration::from_secs(300);

/// Has the window ask the person about one payment from `account`, and prints Monei's answer.
pub async fn pay(
    connections: &Connections,
    settings: &Settings,
    account: &str,
    permission: &'static Permission,
    path: &str,
    body: Vec<u8>,
) -> Result<Exit, Failure> {
    let socket = Place::of(settings).socket.filter(|socket| socket.exists()).ok_or_else(no_window)?;
    let permission = permission.scope.as_str();
    // Left by a run that was killed.
    take_back(connections).await?;
    let paid = tokio::select! {
        paid = ask_and_pay(connections, &socket, account, permission, path, body.into()) => paid,
        Ok(_) = asked_to_end() => Err(Failure::said(
            Exit::Denied,
            "You ended this before there was an answer. Open Monei Connections: its activity says whether anything was sent.",
        )),
    };
    // Whatever came of it: the permission was for this one payment.
    take_back(connections).await?;
    let paid = paid?;
    if !paid.reason.is_empty() {
        return Err(paid.failure());
    }
    say_json(&String::from_utf8_lossy(&paid.body));
    if (200..300).contains(&paid.status) {
        Ok(Exit::Done)
    } else {
        Err(Failure::said(Exit::Other, "Monei refused the payment. Its answer says why."))
    }
}

/// What a payment was allowed for is over.
async fn take_back(connections: &Connections) -> Result<(), Failure> {
    for own in connections.living_apps().await?.into_iter().filter(|app| app.name == CALLED) {
        connections.take_back_app(&own.id).await?;
    }
    Ok(())
}

async fn ask_and_pay(
    connections: &Connections,
    socket: &Path,
    account: &str,
    permission: &str,
    path: &str,
    body: Bytes,
) -> Result<Answer, Failure> {
    let wanted = json!({"name": CALLED, "permissions": [permission]}).to_string();
    let asked = ask(socket, "POST", "/connect/pair", None, wanted.into()).await?;
    let pairing = match asked.field("pairing").filter(|_| asked.status == 202) {
        Some(pairing) => pairing,
        None if asked.reason == "confirmation_needed" => return Err(no_window()),
        None => return Err(asked.failure()),
    };
    errln!("{NAME}: Monei Connections asks you now whether {NAME} may do this. Choose the account there.");
    let given = told(socket, &pairing).await?;
    let key = given.field("key").ok_or_else(|| given.failure())?;
    with_key(connections, socket, account, &key, path, body).await
}

/// The answer to the question whether this program may; the person has some minutes.
async fn told(socket: &Path, pairing: &str) -> Result<Answer, Failure> {
    loop {
        let answer = ask(socket, "GET", &format!("/connect/pair/{pairing}"), None, Bytes::new()).await?;
        match answer.status {
            202 => {}
            200 => return Ok(answer),
            410 => return Err(Failure::said(Exit::Denied, "Nobody answered in Monei Connections. Nothing was sent.")),
            _ => return Err(answer.failure()),
        }
    }
}

async fn with_key(connections: &Connections, socket: &Path, account: &str, key: &str, path: &str, body: Bytes) -> Result<Answer, Failure> {
    if connections.app_of_key(key, false).await?.is_none_or(|app| *app.account != *account) {
        return Err(Failure::said(Exit::Denied, "In Monei Connections another account was chosen than here. Nothing was sent."));
    }
    errln!("{NAME}: Monei Connections asks you now about the payment.");
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = ask(socket, "POST", &format!("/api/v1{path}"), Some(key), body.clone()).await?;
        // The question stays open; the same request again is answered by what the person says.
        if answer.reason != "confirmation_needed" || tokio::time::Instant::now() >= until {
            return Ok(answer);
        }
    }
}

async fn ask(socket: &Path, method: &str, path: &str, key: Option<&str>, body: Bytes) -> Result<Answer, Failure> {
    send(socket, method, path, key, body).await.map_err(|why| match why {
        Unanswered::Nobody => no_window(),
        Unanswered::Request => Failure::said(Exit::Usage, "That isn't a path."),
        // A script that tries again where something can't be reached could pay twice.
        Unanswered::Gone => {
            Failure::said(Exit::Other, "Monei Connections ended before it answered. Open it: its activity says whether anything was sent.")
        }
    })
}

fn no_window() -> Failure {
    Failure::said(
        Exit::Denied,
        "This moves money, and a terminal can’t confirm that. Open Monei Connections on this computer and run this again. Nothing was sent.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_window_that_is_gone_may_have_paid_and_is_not_told_as_one_that_cannot_be_reached() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let goes = async {
            let (stream, _) = listener.accept().await.unwrap();
            stream.readable().await.unwrap();
        };
        let (failure, ()) = tokio::join!(ask(&path, "POST", "/api/v1/wallet/payout/transfer", None, Bytes::new()), goes);
        assert_eq!(failure.err().unwrap().exit(), Exit::Other);
    }
}
