//! A call that moves money, typed in a terminal. A terminal confirms none: the running window does, as for any app. It asks whether `moneictl`
//! may have the permission, and then about the payment itself; afterwards what it gave is taken back.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use connect_app::settings::Settings;
use connect_core::Connections;
use connect_local_api::Place;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use monei::Permission;
use serde_json::{Value, json};
use tokio::net::UnixStream;

use crate::NAME;
use crate::accounts::say_json;
use crate::exit::Exit;
use crate::failure::Failure;

/// What the window shows as the name of who asks.
const CALLED: &str = "moneictl (one payment)";
/// How long the person has for each question.
const PATIENCE: Duration = Duration::from_secs(300);

/// An answer of the window's local API.
struct Answer {
    status: u16,
    reason: String,
    body: Bytes,
}

impl Answer {
    fn field(&self, name: &str) -> Option<String> {
        serde_json::from_slice::<Value>(&self.body).ok()?[name].as_str().map(str::to_owned)
    }

    /// As a failure, with the sentence that came.
    fn failure(&self) -> Failure {
        let sentence = self.field("message").unwrap_or_else(|| "Monei Connections refused the call.".to_owned());
        let exit = match self.reason.as_str() {
            "confirmation_denied" | "confirmation_needed" => Exit::Denied,
            "permission_not_given" | "scope_not_granted" => Exit::PermissionMissing,
            "account_needs_reconnect" => Exit::ReconnectNeeded,
            "keychain_locked" => Exit::Keychain,
            "busy" | "unreachable" | "outcome_unknown" => Exit::Unreachable,
            "request_invalid" => Exit::Usage,
            _ => Exit::Other,
        };
        Failure::said(exit, sentence)
    }
}

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
    let asked =
        send(&socket, "POST", "/connect/pair", None, json!({"name": CALLED, "permissions": [permission]}).to_string().into()).await?;
    let pairing = match asked.field("pairing").filter(|_| asked.status == 202) {
        Some(pairing) => pairing,
        None if asked.reason == "confirmation_needed" => return Err(no_window()),
        None => return Err(asked.failure()),
    };
    anstream::eprintln!("{NAME}: Monei Connections asks you now whether {NAME} may do this. Choose the account there.");
    let given = told(&socket, &pairing).await?;
    let key = given.field("key").ok_or_else(|| given.failure())?;
    let paid = with_key(connections, &socket, account, &key, path, body.into()).await;
    // Whatever came of it: the permission was for this one payment.
    let own = connections.living_apps().await?.into_iter().find(|app| app.name == CALLED);
    if let Some(own) = own {
        connections.take_back_app(&own.id).await?;
    }
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

/// The answer to the question whether this program may; the person has some minutes.
async fn told(socket: &Path, pairing: &str) -> Result<Answer, Failure> {
    loop {
        let answer = send(socket, "GET", &format!("/connect/pair/{pairing}"), None, Bytes::new()).await?;
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
    anstream::eprintln!("{NAME}: Monei Connections asks you now about the payment.");
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = send(socket, "POST", &format!("/api/v1{path}"), Some(key), body.clone()).await?;
        // The question stays open; the same request again is answered by what the person says.
        if answer.reason != "confirmation_needed" || tokio::time::Instant::now() >= until {
            return Ok(answer);
        }
    }
}

async fn send(socket: &Path, method: &str, path: &str, key: Option<&str>, body: Bytes) -> Result<Answer, Failure> {
    let stream = UnixStream::connect(socket).await.map_err(|_| no_window())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost").header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    let request = request.body(Full::new(body)).map_err(|_| Failure::said(Exit::Usage, "That isn't a path."))?;
    let answer = sender.send_request(request).await.map_err(broken)?;
    let status = answer.status().as_u16();
    let reason = answer.headers().get("connect-reason").and_then(|reason| reason.to_str().ok()).unwrap_or_default().to_owned();
    let body = answer.into_body().collect().await.map_err(broken)?.to_bytes();
    Ok(Answer { status, reason, body })
}

fn no_window() -> Failure {
    Failure::said(
        Exit::Denied,
        "This moves money, and a terminal can’t confirm that. Open Monei Connections on this computer and run this again. Nothing was sent.",
    )
}

/// The window has gone while it was asked.
fn broken(_: hyper::Error) -> Failure {
    Failure::said(Exit::Unreachable, "Monei Connections ended before it answered. Open it: its activity says whether anything was sent.")
}
