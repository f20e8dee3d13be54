//! `set-aside`: one permission is switched off here, and ends at Monei where it was approved alone.

use connect_core::feature::FeatureId;
use connect_core::problem::Problem;
use connect_core::snapshot::{DisconnectOutcome, SetAsideOutcome};
use connect_core::{Caller, Connections};
use monei::Scope;

use crate::accounts::{find, name};
use crate::ask;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::out::outln;
use crate::text::foreign;

/// Which permission, and what to do with it.
pub struct Wanted {
    /// Of which account.
    pub account: String,
    /// The scope.
    pub scope: String,
    /// Switch it on again.
    pub undo: bool,
    /// End it at Monei with what was approved together with it.
    pub end: bool,
    /// Don't ask.
    pub yes: bool,
}

/// `set-aside`.
pub async fn set_aside(connections: &Connections, wanted: Wanted) -> Result<Exit, Failure> {
    let Wanted { account: word, scope, undo, end, yes } = wanted;
    let view = connections.view();
    let account = find(&view, &word)?;
    let called = name(&view, account);
    let feature = scope.parse::<Scope>().ok().and_then(|scope| FeatureId::of(&scope));
    let feature = feature.ok_or_else(|| Failure::said(Exit::Usage, "That is no permission of Monei’s. `moneictl status` lists them."))?;
    let caller = Caller::CommandLine;
    if undo {
        connections.switch_on(&caller, &account.id, feature).await?;
        outln!("{scope} of {called} is switched on again.");
        return Ok(Exit::Done);
    }
    // Also what was set aside before.
    let together = connections.permission(&account.id, feature).await?.along;
    let names = |scopes: &[String]| scopes.iter().map(|scope| foreign(scope)).collect::<Vec<_>>().join(", ");
    if end && !yes && !together.is_empty() {
        // Before anything is done: where nobody can be asked, nothing is.
        let question = format!("End {scope} of {called} at Monei, and with it {}? You can ask for all of it again.", names(&together));
        if !ask::agrees(&question).await? {
            return Err(Failure::said(Exit::Denied, "Nothing was changed."));
        }
    }
    // A backend that says nothing is waited for once.
    let ((), set_aside) = tokio::join!(connections.poll(), connections.set_aside(&caller, &account.id, feature));
    let along = match set_aside? {
        SetAsideOutcome::Ended => {
            outln!("{}", taken_back(&scope, &called, &names(&together)));
            return Ok(Exit::Done);
        }
        SetAsideOutcome::Unconfirmed { problem } => return Err(unconfirmed(&scope, problem)),
        SetAsideOutcome::Unrevocable => return Err(unrevocable(&scope)),
        SetAsideOutcome::Here { along } => along,
    };
    if !end {
        outln!(
            "{scope} of {called} is switched off here: no app and no window uses it. At Monei it goes on, since it was approved together with {}, and \
             Monei documents no way to end a part of an approval. To end all of it: moneictl set-aside {} {scope} --end",
            names(&together),
            account.id
        );
        return Ok(Exit::Done);
    }
    match connections.take_back(&caller, &account.id, std::slice::from_ref(&scope)).await? {
        DisconnectOutcome::Revoked | DisconnectOutcome::Removed => {
            outln!("{}", taken_back(&scope, &called, &names(&together)));
            outln!("Ask for the rest again with: moneictl reconnect {} --scopes {}", account.id, names(&along).replace(' ', ""));
            Ok(Exit::Done)
        }
        DisconnectOutcome::Unconfirmed { problem } => Err(unconfirmed(&scope, problem)),
        DisconnectOutcome::Unrevocable => Err(unrevocable(&scope)),
    }
}

/// `together`: what was approved together with it.
fn taken_back(scope: &str, called: &str, together: &str) -> String {
    if together.is_empty() {
        return format!("{scope} of {called} is taken back. Monei confirmed that it has ended.");
    }
    format!("{scope} of {called} is taken back, with {together}. Monei confirmed that they have ended.")
}

/// Why Monei hasn't confirmed it, and what can be done about that.
fn unconfirmed(scope: &str, problem: Problem) -> Failure {
    let why = Failure::from(problem).sentence();
    let sentence = format!(
        "{scope} is switched off here: no app and no window uses it. Monei hasn’t confirmed that it has ended. {why} \
         You can also end it in Monei’s settings, under “Connected apps”."
    );
    Failure::said(Exit::Denied, sentence)
}

fn unrevocable(scope: &str) -> Failure {
    let sentence = format!(
        "{scope} is switched off here: no app and no window uses it. What would be needed to end it at Monei isn’t in this keychain any more, \
         or can’t be read. End it in Monei’s settings, under “Connected apps”."
    );
    Failure::said(Exit::Denied, sentence)
}

#[cfg(test)]
mod tests {
    use connect_core::problem::ProblemCode;

    use super::*;

    #[test]
    fn what_is_not_confirmed_is_told_with_why_and_what_to_do() {
        let told = unconfirmed("kyc:read", ProblemCode::BackendUnreachable.into());
        let said = told.sentence();
        for part in ["kyc:read is switched off here", "The connection service didn’t answer.", "Try again in a moment", "Connected apps"]
        {
            assert!(said.contains(part), "{said}");
        }
        assert_eq!(told.exit(), Exit::Denied);
        assert!(unconfirmed("kyc:read", Problem::busy(7)).sentence().contains("Try again in 7 s."));
        // Trying again doesn't bring back what is gone.
        assert!(!unrevocable("kyc:read").sentence().contains("ry again"));
    }
}
