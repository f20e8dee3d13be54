//! The first minutes of somebody who has installed the package: nothing is set, or what is set leads to somebody else.

use anyhow::{Result, ensure};
use atspi::{Role, State};
use e2e::until;

use crate::cases::seen_again;
use crate::desk::Desk;
use crate::services::renamed_program;
use crate::table::FirstMinutes;
use crate::ways::{Kind, Way};
use crate::words;

/// Tries one case.
pub async fn try_first_minutes(desk: &mut Desk, case: FirstMinutes) -> Result<()> {
    let way = match case {
        FirstMinutes::AnotherName => return another_name(desk).await,
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

/// What `xtask/src/renamed.rs` sets: another program, which takes its own links alone and leaves what is this project's to it.
async fn another_name(desk: &mut Desk) -> Result<()> {
    const NAME: &str = "Bourse à moi 2";
    const IDENTIFIER: &str = "org.example.bourse";
    desk.file = renamed_program()?;
    desk.session.unset("MONEI_ENVIRONMENT");
    desk.session.unset("CONNECT_BACKEND_URL");
    desk.start()?;
    let heading = words::WELCOME.replace("Monei Connections", NAME);
    desk.sees(&heading).await?;
    desk.reads("connect.example.test").await?;
    lacks(desk, &["Monei Connections"]).await?;
    desk.leave_picture("")?;
    let titled = desk.session.run("xdotool", &["search", "--onlyvisible", "--name", &format!("^{NAME}$")])?;
    ensure!(!titled.stdout.is_empty(), "no window has the name {NAME}");

    let start = |word: &str| desk.session.run(&desk.file, &[word]);
    let own = start(&format!("{IDENTIFIER}:/callback?tx={}&handoff={}", "A".repeat(22), "A".repeat(43)))?;
    ensure!(own.status.success(), "its own link is refused: {}", String::from_utf8_lossy(&own.stderr));
    let foreign = start("org.moneiconnections.manager:/callback?tx=a&handoff=b")?;
    ensure!(foreign.status.code() == Some(2), "this project's link is taken");
    let help = String::from_utf8(start("--help")?.stdout)?;
    ensure!(help.starts_with(&format!("{NAME}: ")), "{help}");
    let told = String::from_utf8(start("diagnose")?.stdout)?;
    ensure!(told.starts_with(NAME) && told.contains("https://connect.example.test") && !told.contains("Monei Connections"), "{told}");

    let data = desk.session.folder().join("data");
    ensure!(data.join(IDENTIFIER).join("production").is_dir(), "no folder of its own");
    ensure!(!data.join("org.moneiconnections.manager").exists(), "it has this project's folder");
    desk.quit().await?;
    desk.check_log()
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
