//! The first minutes of somebody who has installed the package: nothing is set, or what is set leads to somebody else.

use anyhow::{Result, ensure};
use atspi::{Role, State};
use e2e::until;

use crate::cases::seen_again;
use crate::desk::Desk;
use crate::table::FirstMinutes;
use crate::ways::{Kind, Way};
use crate::words;

/// Tries one case.
pub async fn try_first_minutes(desk: &mut Desk, case: FirstMinutes) -> Result<()> {
    let way = match case {
        FirstMinutes::NothingSet => {
            desk.session.unset("MONEI_ENVIRONMENT");
            desk.session.unset("CONNECT_BACKEND_URL");
            None
        }
        FirstMinutes::PosesAsMonei => {
            let way = Way::open(Kind::PosesAsMonei).await?;
            desk.session.set("MONEI_ENVIRONMENT", "production");
            desk.session.set("CONNECT_BACKEND_URL", &format!("http://{}", way.address));
            Some(way)
        }
    };
    desk.start()?;
    desk.sees(words::WELCOME).await?;
    match &way {
        Some(way) => {
            way.was_asked("GET /v1/client").await?;
            desk.reads(words::LIKE_MONEI).await?;
            desk.reads(words::ON_THIS_COMPUTER).await?;
            desk.reads(&way.address.to_string()).await?;
            lacks(desk, &["monei.cc", "“Monei”"]).await?;
        }
        None => {
            desk.reads(words::ADDRESS_MISSING).await?;
            lacks(desk, &["127.0.0.1", "localhost", words::NO_ANSWER]).await?;
            until("the address field to have the focus", async || {
                let elements = desk.elements().await?;
                Ok(elements.iter().any(|element| element.role == Role::Entry && element.is(State::Focused)).then_some(()))
            })
            .await?;
        }
    }
    seen_again(desk, words::WELCOME).await
}

/// The window says none of these.
async fn lacks(desk: &Desk, texts: &[&str]) -> Result<()> {
    let elements = desk.elements().await?;
    for text in texts {
        let said = elements.iter().find(|element| element.name.contains(text) || element.text.contains(text));
        ensure!(said.is_none(), "the window says {text:?}: {:?}", said.map(|element| (&element.name, &element.text)));
    }
    Ok(())
}
