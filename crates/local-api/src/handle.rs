//! One request: who asks, what for, and what it comes to.

use std::sync::Arc;

use connect_core::problem::{Problem, ProblemCode};
use connect_core::snapshot::Language;
use connect_core::{App, Caller, PassThrough};
use http::{Method, Request};
use hyper::body::Incoming;
use monei::Payment;
use monei::payment::NotAPayment;

use crate::answer::{self, Answer, Refusal};
use crate::confirming::Unpaid;
use crate::pairing::Peer;
use crate::{Inner, Reason, body, command, guard, limit, not_listed, pairing, reach};

/// Monei's own prefix; what stands before it is left out.
const BASE: &str = "/api/v1";
/// Longest query, in bytes.
const LONGEST_QUERY: usize = 8 * 1024;

/// Where a request came in.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// 127.0.0.1.
    Tcp,
    /// The Unix socket, with the program at its other end.
    #[cfg_attr(not(unix), expect(dead_code, reason = "other systems have no such socket"))]
    Socket(Peer),
    /// The Unix socket of the person's command line.
    #[cfg_attr(not(unix), expect(dead_code, reason = "other systems have no such socket"))]
    Commands,
}

/// Answers one request.
pub(crate) async fn handle(inner: Arc<Inner>, way: Way, request: Request<Incoming>) -> Answer {
    match answer(&inner, &way, request).await {
        Ok(answer) => answer,
        Err(refusal) => {
            tracing::debug!(reason = %refusal.reason, "a call to the local API was refused");
            refusal.into()
        }
    }
}

async fn answer(inner: &Inner, way: &Way, request: Request<Incoming>) -> Result<Answer, Refusal> {
    let (parts, body) = request.into_parts();
    guard::is_of_a_program(&parts)?;
    guard::has_a_short_head(&parts)?;
    let path = parts.uri.path();
    match way {
        Way::Commands => return command::answer(inner, &parts, body).await,
        Way::Socket(_) if path == command::PATH => return Err(command::not_here()),
        Way::Socket(_) if path == reach::PATH && parts.method == Method::GET => return Ok(reach::answer(inner)),
        Way::Socket(_) | Way::Tcp => {}
    }
    if path == pairing::PATH || path.starts_with(pairing::PATH_OF_ONE) {
        let Way::Socket(peer) = way else {
            return Err(Refusal::new(
                Reason::NotListed,
                "A program asks to be allowed on the Unix socket alone. Over TCP, the person allows it in Monei Connections.",
            ));
        };
        return inner.pairings.answer(peer, &parts, body).await;
    }
    let app = app(inner, way, &parts).await?;
    let call = path.find("/api/v1/").and_then(|at| path.get(at + BASE.len()..));
    let Some(path) = call else {
        return Err(Refusal::new(Reason::NotListed, "Call Monei's own paths, below /api/v1."));
    };
    if path.contains('%') {
        return Err(Refusal::invalid("A path may hold letters, digits, and _ : . - between its slashes; nothing written with %."));
    }
    let method = match parts.method {
        Method::GET => monei::Method::Get,
        Method::POST => monei::Method::Post,
        _ => return Err(Refusal::new(Reason::NotListed, not_listed::sentence(path))),
    };
    let Some((_, endpoint)) = monei::permission::find(method, path) else {
        return Err(Refusal::new(Reason::NotListed, not_listed::sentence(path)));
    };
    let query = parts.uri.query().unwrap_or_default();
    if query.len() > LONGEST_QUERY {
        return Err(Refusal::new(Reason::TooLarge, "The request is too long: a query may have 8 KiB."));
    }
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let body = body::read(body).await?;
    let body = match method {
        // Some clients send a body with what reads nothing of it.
        monei::Method::Get => None,
        monei::Method::Post if body.is_empty() => None,
        monei::Method::Post if body::is_plain_object(&body) => Some(body),
        monei::Method::Post => return Err(Refusal::invalid("The body must be a JSON object in which no key stands twice.")),
    };
    if endpoint.effect == monei::permission::Effect::Spends {
        return spend(inner, &app, path, parts.uri.query().is_some(), body.as_deref().unwrap_or(b"{}")).await;
    }
    // To its end, also where the program goes away: what became of the call is written down.
    let passed = tokio::spawn({
        let (connections, app) = (inner.connections.clone(), app.clone());
        let (path, query) = (path.to_owned(), query);
        async move {
            let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (&**name, &**value)).collect();
            let call = PassThrough { method, path: &path, query: &query, body };
            connections.pass_through(&Caller::App(app.id.clone()), &app.account, call).await
        }
    });
    let passed = passed.await.unwrap_or(Err(ProblemCode::ProgramEnding.into()));
    passed.map(answer::passed).map_err(|problem| refusal(&app, method, path, &problem))
}

/// A call that moves money: it was given and granted, what it pays is wholly understood, and the person confirms it.
async fn spend(inner: &Inner, app: &App, path: &str, has_query: bool, body: &[u8]) -> Result<Answer, Refusal> {
    let told = |problem: &Problem| refusal(app, monei::Method::Post, path, problem);
    inner.connections.may_pay(app, path).await.map_err(|problem| told(&problem))?;
    if has_query {
        return Err(Refusal::invalid("A call that moves money takes no query. Nothing was sent."));
    }
    let payment = Payment::read(path, body).map_err(|why| match why {
        NotAPayment::Unknown => Refusal::invalid(not_listed::older(path)),
        why => Refusal::invalid(format!(
            "A call that moves money is passed on only if all of it can be shown to the person, and {why}. Nothing was sent."
        )),
    })?;
    match inner.confirmations.confirm(inner.role, app, &payment).await {
        Ok(answer) => Ok(answer),
        Err(Unpaid::Problem(problem)) => Err(told(&problem)),
        Err(Unpaid::Refusal(refusal)) => {
            let code = match refusal.reason {
                Reason::ConfirmationDenied => ProblemCode::Declined,
                Reason::Busy => ProblemCode::Busy,
                _ => ProblemCode::ConfirmationNeeded,
            };
            inner.connections.record_unpaid(app, &payment, code).await;
            Err(refusal)
        }
    }
}

/// The app whose key the request carries, within its limit.
async fn app(inner: &Inner, way: &Way, parts: &http::request::Parts) -> Result<App, Refusal> {
    let key = guard::key(&parts.headers)?;
    let found = inner.connections.app_of_key(key, matches!(way, Way::Tcp)).await;
    let app = found.map_err(|_| {
        Refusal::new(Reason::Unreachable, "Monei Connections can't read its own data just now. Open it on this computer: it says why.")
    })?;
    let who = app.as_ref().map_or(limit::UNKNOWN, |app| &*app.id);
    if let Err(seconds) = inner.calls.count(who) {
        let message = format!("That is more than 60 calls in a minute. Try again in {seconds} s.");
        return Err(Refusal { retry_after_s: Some(seconds), ..Refusal::new(Reason::Busy, message) });
    }
    app.ok_or_else(|| {
        Refusal::new(
            Reason::KeyUnknown,
            "Monei Connections doesn't know this app key, or what it was for has ended. Allow the app again in Monei Connections, on the Apps page.",
        )
    })
}

/// What a program is told, in a full sentence: it is all that most of them show.
fn refusal(app: &App, method: monei::Method, path: &str, problem: &Problem) -> Refusal {
    let reason = Reason::of(problem.code);
    let scope = monei::permission::find(method, path).map_or("", |(permission, _)| permission.scope.as_str());
    let message = match reason {
        Reason::PermissionNotGiven if problem.code == ProblemCode::PermissionSetAside => format!("The person has set the permission {scope} of this account aside: no app may use it. They can switch it on again in Monei Connections, on the permission's page."),
        Reason::PermissionNotGiven => format!("The app {:?} wasn't given the permission {scope}. Give it to the app in Monei Connections, on the Apps page.", app.name),
        Reason::ScopeNotGranted => format!("The account doesn't have the permission {scope}. Grant it in Monei Connections, on the account's page."),
        Reason::AccountNeedsReconnect => "Monei doesn't accept this connection any more. Open Monei Connections and connect the account again.".to_owned(),
        Reason::ConfirmationNeeded => "A deposit that charges a card isn't passed on: Monei Connections takes no card numbers. Use method=BANK_TRANSFER or method=USSD. Nothing was sent.".to_owned(),
        Reason::KeychainLocked => "The keychain on this computer can't be read just now. Open Monei Connections and unlock it.".to_owned(),
        Reason::KeyUnknown => "What this app key was for has ended. Allow the app again in Monei Connections, on the Apps page.".to_owned(),
        Reason::AnswerUnusable => "Monei's answer can't be passed on: it isn't JSON, is longer than 1 MiB, or leads elsewhere.".to_owned(),
        Reason::OutcomeUnknown => "The call was sent and its answer didn't arrive, so nobody can tell whether Monei carried it out. Look at the account's transactions before you call again.".to_owned(),
        Reason::Busy => format!("Monei asks to wait. Try again in {} s.", problem.retry_after_s.unwrap_or(5)),
        Reason::Unreachable if problem.code == ProblemCode::ProgramEnding => "Monei Connections is closing. Start it again.".to_owned(),
        Reason::Unreachable if problem.code == ProblemCode::AccountInUse => connect_app::catalogue::sentence(Language::English, problem.code),
        Reason::Unreachable => "Monei can't be reached just now. Nothing was changed. Try again later.".to_owned(),
        Reason::RequestInvalid
        | Reason::BrowserRefused
        | Reason::ConfirmationDenied
        | Reason::NotListed
        | Reason::TooLarge => connect_app::catalogue::sentence(Language::English, problem.code),
    };
    Refusal { retry_after_s: problem.retry_after_s, ..Refusal::new(reason, message) }
}
