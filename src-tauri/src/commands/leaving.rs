//! Leaving this computer. It is confirmed in the system's own dialog: what runs in the page can't say yes for the person.

use connect_app::leaving::{ANYWAY, QUESTION, WHAT, WHAT_ANYWAY};
use connect_core::problem::ProblemCode;
use connect_core::snapshot::{Leaving, Unrevoked};

use crate::host::Host;
use crate::view::Problem;
use crate::window::{self, Question};

/// Asks the person, and leaves. `None` where they say no.
pub async fn run(host: &Host, unrevoked: Unrevoked) -> Result<Option<Leaving>, Problem> {
    let question = match unrevoked {
        Unrevoked::Keep => Question { title: QUESTION, text: WHAT, agree: "Leave this computer" },
        Unrevoked::Remove => Question { title: ANYWAY, text: WHAT_ANYWAY, agree: "Leave anyway" },
    };
    let agrees = window::agrees(host.app(), question).await.map_err(|error| {
        tracing::warn!(%error, "nobody could be asked");
        ProblemCode::InvalidInput
    })?;
    if !agrees {
        return Ok(None);
    }
    Ok(Some(host.leave(unrevoked).await?))
}
