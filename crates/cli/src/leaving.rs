//! `leave`: every access ends at Monei, and then nothing of Monei Connections stays on this computer.

use connect_app::catalogue;
use connect_app::leaving::erase;
use connect_app::settings::Settings;
use connect_core::snapshot::{Language, LeaveOutcome, Unrevoked};
use connect_core::{Caller, Connections};
use connect_local_api::Place;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::outln;
use crate::text::foreign;
use crate::{ask, out};

/// `leave`, but for the files: they go when the core has ended ([`clean_up`]).
pub async fn leave(connections: &Connections, yes: bool, remove: bool) -> Result<Exit, Failure> {
    let words = catalogue::dialogs(Language::English);
    let question = if remove { &words.leave_anyway } else { &words.leave };
    if !yes && !ask::agrees(&format!("{}\n{}", question.text, question.title)).await? {
        return Err(Failure::said(Exit::Denied, "Nothing was changed."));
    }
    // For the backend, which revokes.
    connections.poll().await;
    let left = connections.leave(&Caller::CommandLine, if remove { Unrevoked::Remove } else { Unrevoked::Keep }).await?;
    for (number, account) in left.accounts.iter().enumerate() {
        let name = account.name.as_deref().map_or_else(|| format!("Account {}", number + 1), foreign);
        let words = match &account.outcome {
            LeaveOutcome::Ended => {
                outln!("{name}: Monei confirmed that its access has ended.");
                continue;
            }
            LeaveOutcome::Removed => {
                "Monei didn’t confirm that the access has ended. End it in Monei’s settings, under “Connected apps”.".to_owned()
            }
            LeaveOutcome::Unconfirmed { problem } => {
                let why = Failure::from(problem.clone()).sentence();
                format!("Monei hasn’t confirmed that the access has ended, and it is still here. {why}")
            }
            LeaveOutcome::Unrevocable => {
                "What would be needed to end the access at Monei isn’t in this keychain any more, or can’t be read. It is still here."
                    .to_owned()
            }
            LeaveOutcome::Failed { problem } => catalogue::sentence_in_a_terminal(problem.code),
        };
        complain(&format!("{name}: {words}"));
    }
    if left.unassigned > 0 {
        complain("An approval that you didn’t keep isn’t confirmed as ended. Look at “Connected apps” in Monei’s settings.");
    }
    if left.complete {
        let all = left.unassigned == 0 && left.accounts.iter().all(|account| account.outcome == LeaveOutcome::Ended);
        return Ok(if all { Exit::Done } else { Exit::Denied });
    }
    complain("You have not left yet. Try again, or use --remove and end the rest in Monei’s settings.");
    Ok(Exit::Denied)
}

/// Removes the files, and says so.
pub fn clean_up(connections: &Connections, settings: &Settings) -> Exit {
    let left = erase(settings, Place::of(settings).folder(), || connections.release_index());
    for path in &left {
        complain(&format!("{} can’t be deleted: delete it by hand.", path.display()));
    }
    if left.is_empty() {
        outln!("Nothing of Monei Connections is left on this computer but the program itself.");
        Exit::Done
    } else {
        Exit::Other
    }
}

fn complain(sentence: &str) {
    out::complain(sentence);
}
