//! Leaving this computer. It is confirmed in the system's own dialog: what runs in the page can't say yes for the person.

use connect_app::catalogue;
use connect_core::snapshot::{Leaving, Unrevoked};

use crate::asking;
use crate::host::Host;
use crate::view::Problem;

/// Asks the person, and leaves. `None` where they say no.
pub async fn run(host: &Host, unrevoked: Unrevoked) -> Result<Option<Leaving>, Problem> {
    let words = catalogue::dialogs(host.language());
    let question = match unrevoked {
        Unrevoked::Keep => &words.leave,
        Unrevoked::Remove => &words.leave_anyway,
    };
    if !asking::agrees(host, question.clone()).await? {
        return Ok(None);
    }
    Ok(Some(host.leave(unrevoked).await?))
}
