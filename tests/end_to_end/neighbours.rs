//! What another program of the same desktop session may try.

use std::fs;

use anyhow::{Result, ensure};
use e2e::{Setup, World};

/// What this program's links begin with, and its name at the session bus.
const NAMESPACE: &str = "org.moneiconnections.manager.sandbox";

/// The longest argument that Linux lets a program have, with the rest of the command line.
const LONGEST: usize = 120_000;

/// Says over the session bus what a second start would say, as any program can. Tells whether the running program took the call.
fn says_over_the_bus(world: &World, words: &[String], folder: &str) -> Result<bool> {
    let words: Vec<_> = words.iter().map(|word| serde_json::Value::from(word.as_str()).to_string()).collect();
    let name = format!("{NAMESPACE}.SingleInstance");
    let path = format!("/{}", name.replace('.', "/"));
    let call = ["call", "--session", "--timeout", "20", "--dest", &name, "--object-path", &path, "--method"];
    let said = ["org.SingleInstance.DBus.ExecuteCallback", &format!("[{}]", words.join(", ")), folder];
    Ok(world.session.run("gdbus", &[call.as_slice(), said.as_slice()].concat())?.status.success())
}

#[tokio::test]
async fn what_another_program_says_over_the_session_bus_changes_nothing_and_is_in_no_log() -> Result<()> {
    World::with("bus", Setup { trace: true, ..Setup::default() }, async |world| {
        world.ask(&["profile"]).await?;
        world.browser.next_tab().await?;
        world.browser.reach_consent("ada").await?;
        let mark = hex::encode(rand::random::<[u8; 12]>());
        let link = |rest: &str| format!("{NAMESPACE}:{rest}");
        let program = || "monei-connect".to_owned();
        let answer = format!("/callback?tx={mark}&handoff={mark}");
        let calls = [
            vec![],
            vec![program()],
            vec![link(&answer)],
            vec![program(), link(&answer)],
            vec![program(), link(&answer), link(&answer)],
            vec![program(), link(&format!("/callback?tx={mark}&error=access_denied"))],
            vec![program(), link(&format!("/callback?error=access_denied&error_description={mark}"))],
            vec![program(), link(&format!("//{mark}@evil.test{answer}"))],
            vec![program(), link(&format!("/callback?tx={}", mark.repeat(LONGEST / mark.len())))],
            vec![program(), link(&format!("/callback?tx=%00{mark}%0d%0a&handoff=\u{202e}<script>"))],
            vec![program(), format!("https://evil.test/?{mark}")],
            vec![program(), format!("file:///etc/{mark}")],
            vec![program(), "diagnose".to_owned(), mark.clone()],
            vec![program(), format!("--activation-token={mark} {mark}")],
            vec![program(), format!("--activation-token={}", mark.repeat(100))],
            vec![mark.clone(); 2_000],
        ];
        for words in &calls {
            for folder in ["", "/etc", "../../nowhere"] {
                ensure!(says_over_the_bus(world, words, folder)?, "the program didn't take {} words", words.len());
            }
        }
        // It waits on, for the true answer.
        ensure!(world.window()?.has("stage-waiting").await?, "the program doesn't wait any more");
        world.browser.allow(&["profile:read"]).await?;
        world.finish().await?;
        world.features(&[("profile", "enabled"), ("wallet", "not_asked")]).await?;
        ensure!(world.sandbox.state().await?.counters.code_exchanges == 1);
        ensure!(world.keychain()?.len() == 1);

        let log = world.session.folder().join("data/org.moneiconnections.manager/sandbox/desktop.log");
        let log = fs::read_to_string(log)?;
        ensure!(log.contains("/v1/redeem"), "the program did not log");
        ensure!(!log.contains(&mark), "what another program said is in the log");
        Ok(())
    })
    .await
}
