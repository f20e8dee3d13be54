//! `connect` and `reconnect`: an approval in the browser, from the question who runs the service to what was granted.

use connect_core::problem::ProblemCode;
use connect_core::snapshot::{BackendStatus, Conflict, Decision, FeatureState, Snapshot, Stage};
use connect_core::{Caller, Connections};
use monei::permission::{Group, PERMISSIONS};

use crate::accounts::{find, name};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::{errln, outln};
use crate::text::foreign;
use crate::words::Way;
use crate::{ask, signals};

/// `connect`.
pub async fn connect(connections: &Connections, scopes: Vec<String>, way: &Way) -> Result<Exit, Failure> {
    // A new account is stored only once the person has said that it is theirs.
    ask::check_that_somebody_is_there()?;
    ask_about_service(connections).await?;
    let scopes = if scopes.is_empty() { reading(&connections.view()) } else { scopes };
    connections.connect(&Caller::CommandLine, scopes).await?;
    follow(connections, way).await
}

/// `reconnect`.
pub async fn reconnect(connections: &Connections, account: &str, scopes: Vec<String>, way: &Way) -> Result<Exit, Failure> {
    let view = connections.view();
    let account = find(&view, account)?;
    let lost = account.features.iter().filter(|feature| matches!(feature.state, FeatureState::Lost { .. }));
    let scopes = if scopes.is_empty() { lost.map(|feature| feature.id.scope().to_string()).collect() } else { scopes };
    if scopes.is_empty() {
        return Err(Failure::said(Exit::Usage, "This account has lost nothing. Say what else to ask for, with --scopes."));
    }
    ask_about_service(connections).await?;
    connections.reconnect(&Caller::CommandLine, &account.id, scopes).await?;
    follow(connections, way).await
}

/// What only reads, of what the service lets be asked for.
fn reading(view: &Snapshot) -> Vec<String> {
    let scopes = PERMISSIONS.iter().filter(|permission| permission.group == Group::See).map(|permission| permission.scope.to_string());
    scopes.filter(|scope| view.backend.scopes.contains(scope)).collect()
}

/// Nobody's approval passes through a service that the person hasn't agreed to.
async fn ask_about_service(connections: &Connections) -> Result<(), Failure> {
    connections.poll().await;
    let view = connections.view();
    let backend = &view.backend;
    if let BackendStatus::Problem { problem } = &backend.status
        && problem.code != ProblemCode::BackendUnconfirmed
    {
        return Err(problem.clone().into());
    }
    let Some(address) = &backend.address else {
        let sentence = "No connection service is set. Set CONNECT_BACKEND_URL to its address, which whoever gave you this program knows.";
        return Err(Failure::said(Exit::Usage, sentence));
    };
    if backend.confirmed {
        return Ok(());
    }
    let operator = backend.operator.as_ref().and_then(|operator| operator.name.clone());
    let who =
        operator.as_deref().map_or_else(|| "doesn’t say who runs it".to_owned(), |name| format!("says that “{}” runs it", foreign(name)));
    let question = format!("Approvals pass through the connection service at {address}, which {who}. Use it?");
    if !ask::agrees(&question).await? {
        return Err(Failure::said(Exit::Denied, "Nothing was asked for."));
    }
    Ok(connections.confirm_backend(address, operator.as_deref()).await?)
}

/// Waits for the end of the run under way, and says what came of it.
async fn follow(connections: &Connections, way: &Way) -> Result<Exit, Failure> {
    let mut views = connections.subscribe();
    let (mut link_printed, mut browser_named) = (false, false);
    loop {
        let view = views.borrow_and_update().clone();
        match view.transaction.as_ref().map(|run| &run.stage) {
            Some(Stage::Waiting { browser_failed, .. }) => {
                let by_hand = way.no_browser || *browser_failed;
                if by_hand && !link_printed {
                    let link = connections.start_link().map(String::from).unwrap_or_default();
                    errln!("Open this link in a browser and approve there within ten minutes. It is for you alone:\n\n{link}\n");
                    link_printed = true;
                } else if !by_hand && !browser_named {
                    errln!("Approve in your browser within ten minutes. Ctrl-C ends the wait.");
                    browser_named = true;
                }
            }
            Some(Stage::Decide { conflict }) => decide(connections, &view, conflict).await?,
            Some(Stage::Done { account, granted, declined, extra }) => return Ok(done(&view, account, granted, declined, extra)),
            Some(Stage::Failed { problem }) => return Err(problem.clone().into()),
            None | Some(Stage::Checking | Stage::Finishing { .. }) => {}
        }
        let signals = signals::follow();
        tokio::select! {
            changed = views.changed() => {
                if changed.is_err() {
                    return Err(ProblemCode::ProgramEnding.into());
                }
            }
            _ = signals.next() => {
                let was_finishing = is_finishing(&connections.view());
                connections.cancel().await;
                if is_finishing(&connections.view()) {
                    errln!("Too late to cancel: what you approved is being stored.");
                    continue;
                }
                let sentence = if was_finishing {
                    "Cancelled. Nothing was stored. If Monei has granted anything meanwhile, it is taken back."
                } else {
                    "Ended before it was approved. Nothing was stored."
                };
                return Err(Failure::said(Exit::Denied, sentence));
            }
        }
    }
}

fn is_finishing(view: &Snapshot) -> bool {
    matches!(view.transaction.as_ref().map(|run| &run.stage), Some(Stage::Finishing { .. }))
}

/// Asks the person where an approval belongs. Where nobody can be asked it is taken back.
async fn decide(connections: &Connections, view: &Snapshot, conflict: &Conflict) -> Result<(), Failure> {
    let account = |id: &str| view.accounts.iter().find(|account| account.id == id).map_or_else(String::new, |account| name(view, account));
    let who = |name: &Option<String>| name.as_deref().map_or_else(|| "somebody whom Monei doesn’t name".to_owned(), foreign);
    let (question, yes) = match conflict {
        Conflict::NewUser { approved_by, email } => {
            let email = email.as_deref().map(|email| format!(" ({})", foreign(email))).unwrap_or_default();
            (format!("It was approved by {}{email}. Is that you?", who(approved_by)), Decision::AddAsAccount)
        }
        Conflict::AlreadyConnected { existing, .. } => {
            (format!("Whoever approved is connected already, as {}. Add what was granted to it?", account(existing)), Decision::Merge)
        }
        Conflict::UnknownUser { expected, approved_by: None } => {
            (format!("Monei doesn’t tell who approved. Was it {}?", who(expected)), Decision::Merge)
        }
        Conflict::UnknownUser { expected, approved_by } => (
            format!("It was approved by {}. Monei doesn’t tell whether that is {}. Is it?", who(approved_by), who(expected)),
            Decision::Merge,
        ),
        Conflict::OtherUser { approved_by, expected, existing: Some(existing) } => {
            let existing = account(existing);
            (
                format!("It was approved by {}, not by {}. Add what was granted to {existing}?", who(approved_by), who(expected)),
                Decision::Merge,
            )
        }
        Conflict::OtherUser { approved_by, expected, existing: None } => {
            let question = format!("It was approved by {}, not by {}. Keep it as an account of its own?", who(approved_by), who(expected));
            (question, Decision::AddAsAccount)
        }
    };
    let agreed = ask::agrees(&question).await;
    let decision = if matches!(agreed, Ok(true)) { yes } else { Decision::Discard };
    connections.decide(decision).await?;
    // Also where it is refused: Monei may not have confirmed that it has ended.
    if let Some(Stage::Failed { problem }) = connections.view().transaction.as_ref().map(|run| &run.stage) {
        return Err(problem.clone().into());
    }
    match agreed {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::said(Exit::Denied, "What was approved was taken back at Monei. Nothing was stored.")),
        Err(failure) => Err(failure),
    }
}

fn done(view: &Snapshot, account: &str, granted: &[String], declined: &[String], extra: &[String]) -> Exit {
    let name = view.accounts.iter().find(|row| row.id == account).map_or_else(String::new, |row| name(view, row));
    outln!("{name} is connected.");
    for (word, scopes) in [("Granted", granted), ("Declined", declined), ("Granted without being asked for", extra)] {
        if !scopes.is_empty() {
            outln!("{word}: {}", scopes.iter().map(|scope| foreign(scope)).collect::<Vec<_>>().join(", "));
        }
    }
    Exit::Done
}
