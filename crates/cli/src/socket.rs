//! One request to whoever serves the local API on its Unix socket.

use std::path::Path;

use bytes::Bytes;
use connect_local_api::client;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::exit::Exit;
use crate::failure::Failure;

/// Why there is no answer.
pub enum Unanswered {
    /// Nobody of this user serves it.
    Nobody,
    /// Who served it has gone meanwhile.
    Gone,
    /// The request can't be written.
    Request,
}

/// An answer of the local API.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// `Connect-Reason`; empty where there is none.
    pub reason: String,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// A text of its body.
    pub fn field(&self, name: &str) -> Option<String> {
        serde_json::from_slice::<Value>(&self.body).ok()?[name].as_str().map(str::to_owned)
    }

    /// As a failure, with the sentence that came.
    pub fn failure(&self) -> Failure {
        let sentence = self.field("message").unwrap_or_else(|| "Monei Connections refused the call.".to_owned());
        let exit = match self.reason.as_str() {
            "confirmation_denied" | "confirmation_needed" => Exit::Denied,
            "permission_not_given" | "scope_not_granted" => Exit::PermissionMissing,
            "account_needs_reconnect" => Exit::ReconnectNeeded,
            "keychain_locked" => Exit::Keychain,
            "busy" | "unreachable" => Exit::Unreachable,
            "request_invalid" => Exit::Usage,
            // Also where nobody can tell whether it was carried out: a script that tries again could pay twice.
            _ => Exit::Other,
        };
        Failure::said(exit, sentence)
    }
}

/// Sends it, to a process of this user alone, with an app's key where there is one.
pub async fn send(socket: &Path, method: &str, path: &str, key: Option<&str>, body: Bytes) -> Result<Answer, Unanswered> {
    let stream = client::connect(socket).await.map_err(|_| Unanswered::Nobody)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Unanswered::Gone)?;
    tokio::spawn(connection);
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost").header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("x-api-key", key);
    }
    let request = request.body(Full::new(body)).map_err(|_| Unanswered::Request)?;
    let answer = sender.send_request(request).await.map_err(|_| Unanswered::Gone)?;
    let status = answer.status().as_u16();
    let reason = answer.headers().get("connect-reason").and_then(|reason| reason.to_str().ok()).unwrap_or_default().to_owned();
    let body = answer.into_body().collect().await.map_err(|_| Unanswered::Gone)?.to_bytes();
    Ok(Answer { status, reason, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_perhaps_carried_out_is_not_told_as_what_can_be_tried_again() {
        let exit = |reason: &str| Answer { status: 504, reason: reason.to_owned(), body: Bytes::new() }.failure().exit();
        assert_eq!(exit("outcome_unknown"), Exit::Other);
        assert_eq!([exit("busy"), exit("unreachable")], [Exit::Unreachable; 2]);
    }
}
