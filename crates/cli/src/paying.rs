//! A call that moves money, typed in a terminal. A terminal confirms none: the running window does, as for any app. It asks whether `moneictl`
//! may have the permission, and then about the payment itself; afterwards what it gave is taken back.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use connect_app::settings::Settings;
use connect_core::problem::ProblemCode;
use connect_core::{App, Connections};
use connect_local_api::{ONE_PAYMENT, Place};
use monei::Permission;
use serde_json::json;

use crate::accounts::say_json;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::errln;
use crate::socket::{Answer, Unanswered, send};
use crate::{NAME, signals};

/// Most payments that are asked about at the same time, each in a terminal of its own.
const MOST_AT_ONCE: u32 = 9;
/// What was given longer ago was left by a run that was killed: longer than a payment is asked about, in milliseconds.
const LEFT_BEHIND_MS: i64 = 600_000;
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
    let now = connections.clock().now_ms();
    for left in connections.command_line_apps().await?.iter().filter(|app| is_left_behind(app, now)) {
        take_back(connections, left).await?;
    }
    let (signals, key) = (signals::follow(), OnceLock::new());
    let paid = tokio::select! {
        paid = ask_and_pay(connections, &socket, account, permission, path, body.into(), &key) => paid,
        _ = signals.next() => Err(Failure::said(
            Exit::Denied,
            "You ended this before there was an answer. Open Monei Connections: its activity says whether anything was sent.",
        )),
    };
    // Whatever came of it: the permission was for this one payment. Another terminal's is that one's.
    if let Some(key) = key.get()
        && let Some(own) = connections.app_of_key(key, false).await?
    {
        take_back(connections, &own).await?;
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

/// What a payment was allowed for is over.
async fn take_back(connections: &Connections, app: &App) -> Result<(), Failure> {
    match connections.take_back_app(&app.id).await {
        // The person, or another terminal, was quicker.
        Err(problem) if problem.code == ProblemCode::NoSuchApp => Ok(()),
        done => Ok(done?),
    }
}

/// Whether one of the command line's own apps was for a payment that nobody waits for any more.
fn is_left_behind(app: &App, now_ms: i64) -> bool {
    app.name.starts_with(ONE_PAYMENT) && now_ms.saturating_sub(app.created_at) > LEFT_BEHIND_MS
}

/// What the window shows as the name of who asks: one that no payment in another terminal has.
fn free_name(apps: &[App]) -> String {
    let names = std::iter::once(ONE_PAYMENT.to_owned()).chain((2..=MOST_AT_ONCE).map(|number| format!("{ONE_PAYMENT} {number}")));
    // Where all are taken, the window says so.
    names.into_iter().find(|name| apps.iter().all(|app| app.name != *name)).unwrap_or_else(|| ONE_PAYMENT.to_owned())
}

async fn ask_and_pay(
    connections: &Connections,
    socket: &Path,
    account: &str,
    permission: &str,
    path: &str,
    body: Bytes,
    given: &OnceLock<String>,
) -> Result<Answer, Failure> {
    let name = free_name(&connections.living_apps().await?);
    let wanted = json!({"name": name, "permissions": [permission]}).to_string();
    let asked = ask(socket, "POST", "/connect/pair", None, wanted.into()).await?;
    let pairing = match asked.field("pairing").filter(|_| asked.status == 202) {
        Some(pairing) => pairing,
        None if asked.reason == "confirmation_needed" => return Err(no_window()),
        None => return Err(asked.failure()),
    };
    errln!("{NAME}: Monei Connections asks you now whether {NAME} may do this. Choose the account there.");
    let answer = told(socket, &pairing).await?;
    let key = answer.field("key").ok_or_else(|| answer.failure())?;
    let key = given.get_or_init(|| key);
    with_key(connections, socket, account, key, path, body).await
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
    use monei::ScopeSet;

    use super::*;

    const NOW: i64 = 1_768_467_600_000;

    fn app(name: &str, created_at: i64) -> App {
        App {
            id: "a".into(),
            name: name.to_owned(),
            account: "one".into(),
            scopes: ScopeSet::new(),
            until: None,
            created_at,
            taken_back_at: None,
            over_tcp: false,
            last_used_at: None,
            uses: 0,
        }
    }

    #[test]
    fn a_payment_in_another_terminal_is_left_alone_until_nobody_waits_for_it() {
        assert!(!is_left_behind(&app(ONE_PAYMENT, NOW - 599_000), NOW));
        assert!(is_left_behind(&app(ONE_PAYMENT, NOW - 601_000), NOW));
        assert!(is_left_behind(&app("moneictl (one payment) 2", NOW - 601_000), NOW));
        assert!(!is_left_behind(&app("moneictl for Ada", NOW - 601_000), NOW));
    }

    #[test]
    fn two_payments_at_the_same_time_have_a_name_each() {
        assert_eq!(free_name(&[app("Budget sheet", NOW)]), ONE_PAYMENT);
        assert_eq!(free_name(&[app(ONE_PAYMENT, NOW)]), "moneictl (one payment) 2");
        assert_eq!(free_name(&[app("moneictl (one payment) 2", NOW)]), ONE_PAYMENT);
    }

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
