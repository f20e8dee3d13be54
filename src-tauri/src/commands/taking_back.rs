//! Taking permissions of an account back at Monei. Where nothing that is in use would be left, it is confirmed as disconnecting is, in the
//! system's own dialog: what runs in the page can't end a connection by itself.

use connect_app::{catalogue, naming};
use connect_core::feature::FeatureId;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{AccountSnapshot, DisconnectOutcome, FeatureState};
use connect_core::{Caller, Connections};

use crate::asking;
use crate::host::Host;
use crate::view::Problem;

/// Takes back; asks the person first where everything of the account would end. `None` where they say no.
pub async fn run(host: &Host, account: &str, scopes: Vec<String>) -> Result<Option<DisconnectOutcome>, Problem> {
    let connections = host.connections().await?;
    let ending = ending_with(&connections, account, &scopes).await?;
    let view = connections.view();
    let row = view.accounts.iter().find(|row| row.id == account).ok_or(ProblemCode::NoSuchAccount)?;
    if leaves_nothing(row, &ending) {
        let language = host.language();
        let question = catalogue::take_all_back_question(language, &naming::named(&view.accounts, row, language));
        if !asking::agrees(host, question).await? {
            return Ok(None);
        }
    }
    Ok(Some(connections.take_back(&Caller::Window, account, &scopes).await?))
}

/// These, and all that was approved together with them.
async fn ending_with(connections: &Connections, account: &str, scopes: &[String]) -> Result<Vec<String>, Problem> {
    let mut ending = scopes.to_vec();
    for id in FeatureId::all().filter(|id| scopes.iter().any(|scope| scope == id.scope().as_str())) {
        ending.extend(connections.permission(account, id).await?.along);
    }
    Ok(ending)
}

/// Whether no permission that is in use is left once these have ended. Those that the person has switched off here aren't in use.
fn leaves_nothing(account: &AccountSnapshot, ending: &[String]) -> bool {
    let used = account.features.iter().filter(|feature| matches!(feature.state, FeatureState::Enabled { .. }));
    used.map(|feature| feature.id.scope().as_str()).all(|scope| ending.iter().any(|ends| ends == scope))
}
