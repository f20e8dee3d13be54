//! `disconnect`: the access ends at Monei first, and then the account goes from this computer.

use connect_core::problem::Problem;
use connect_core::snapshot::{DisconnectOutcome, Unrevoked};
use connect_core::{Caller, Connections};

use crate::accounts::{find, told_apart};
use crate::at_once::at_once;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::outln;
use crate::words::Which;
use crate::{ask, out};

/// `disconnect`. What fails for one account doesn't keep the others.
pub async fn disconnect(connections: &Connections, which: &Which, yes: bool, remove: bool) -> Result<Exit, Failure> {
    let view = connections.view();
    let chosen: Vec<(String, String)> = match &which.account {
        Some(word) => {
            let account = find(&view, word)?;
            vec![(account.id.clone(), told_apart(&view, account))]
        }
        None => view.accounts.iter().map(|account| (account.id.clone(), told_apart(&view, account))).collect(),
    };
    if chosen.is_empty() {
        outln!("No account is connected.");
        return Ok(Exit::Done);
    }
    if !yes {
        let names: Vec<&str> = chosen.iter().map(|(_, name)| name.as_str()).collect();
        let question = format!("Disconnect {}? Every permission ends at Monei, and what is stored here is deleted.", names.join(", "));
        if !ask::agrees(&question).await? {
            return Err(Failure::said(Exit::Denied, "Nothing was changed."));
        }
    }
    let unrevoked = if remove { Unrevoked::Remove } else { Unrevoked::Keep };
    let end = |(id, _): &(String, String)| {
        let (connections, id) = (connections.clone(), id.clone());
        async move { connections.disconnect(&Caller::CommandLine, &id, unrevoked).await }
    };
    let ends = at_once(chosen.iter().map(end).collect());
    // A backend that says nothing is waited for once.
    let ((), ends) = tokio::join!(connections.poll(), ends);
    let mut outcome = Exit::Done;
    for ((_, name), end) in chosen.iter().zip(ends) {
        let exit = match end {
            Ok(DisconnectOutcome::Revoked) => {
                outln!("{name} is disconnected. Monei confirmed that its access has ended.");
                Exit::Done
            }
            Ok(DisconnectOutcome::Removed) => {
                outln!("{name} is removed from this computer.");
                complain(name, "Monei didn’t confirm that the access has ended. End it in Monei’s settings, under “Connected apps”.");
                Exit::Denied
            }
            Ok(DisconnectOutcome::Unconfirmed { problem }) => {
                complain(name, &not_confirmed(problem));
                Exit::Denied
            }
            Ok(DisconnectOutcome::Unrevocable) => {
                let why = "What would be needed to end the access at Monei isn’t in this keychain any more, or can’t be read. \
                           With --remove it is removed here alone; then end it in Monei’s settings, under “Connected apps”.";
                complain(name, why);
                Exit::Denied
            }
            Err(problem) => {
                let failure = Failure::from(problem);
                complain(name, &failure.sentence());
                failure.exit()
            }
        };
        if outcome == Exit::Done {
            outcome = exit;
        }
    }
    Ok(outcome)
}

/// Why it isn't confirmed, and what can be done about that.
fn not_confirmed(problem: Problem) -> String {
    let why = Failure::from(problem).sentence();
    format!(
        "Monei hasn’t confirmed that the access has ended, and everything is still here. {why} \
         With --remove it is removed here alone; then end it in Monei’s settings, under “Connected apps”."
    )
}

fn complain(name: &str, sentence: &str) {
    out::complain(&format!("{name}: {sentence}"));
}

#[cfg(test)]
mod tests {
    use connect_core::problem::ProblemCode;

    use super::*;

    #[test]
    fn what_is_not_confirmed_is_told_with_why_and_what_to_do() {
        let told = not_confirmed(ProblemCode::BackendUnreachable.into());
        for part in ["everything is still here", "The connection service didn’t answer.", "Try again in a moment", "--remove"] {
            assert!(told.contains(part), "{told}");
        }
        assert!(not_confirmed(Problem::busy(7)).contains("Try again in 7 s."));
    }
}
