//! Disconnecting one account. It is confirmed in the system's own dialog, which names the account, and tells it from others of the same name:
//! what runs in the page can neither say yes for the person nor have another account disconnected than the one that the person reads of.

use connect_app::{catalogue, naming};
use connect_core::Caller;
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{DisconnectOutcome, Unrevoked};

use crate::asking;
use crate::host::Host;
use crate::view::Problem;

/// Asks the person, and disconnects. `None` where they say no.
pub async fn run(host: &Host, account: &str, unrevoked: Unrevoked) -> Result<Option<DisconnectOutcome>, Problem> {
    let connections = host.connections().await?;
    let view = connections.view();
    let row = view.accounts.iter().find(|row| row.id == account).ok_or(ProblemCode::NoSuchAccount)?;
    let language = host.language();
    let question = catalogue::disconnect_question(language, &naming::named(&view.accounts, row, language), unrevoked);
    if !asking::agrees(host, question).await? {
        return Ok(None);
    }
    Ok(Some(connections.disconnect(&Caller::Window, account, unrevoked).await?))
}
