//! From a click to the next frame, in the real web view.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::{Session, Window, until};

use crate::many::ACCOUNTS;

/// Clicks of each kind.
pub const TIMES: usize = 20;
/// The pause between two clicks.
const PAUSE: Duration = Duration::from_millis(400);

/// Clicks at some moment between two frames, and notes when the next one has been drawn: a message comes after it.
const CLICK: &str = r#"
const target = document.querySelector("[data-testid='HOOK']");
delete window.__taken;
setTimeout(() => {
  const began = performance.now();
  target.click();
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { window.__taken = performance.now() - began; };
    channel.port2.postMessage(null);
  });
}, 5 + Math.random() * 16);
return target !== null;
"#;

/// Milliseconds of each click, by what was clicked.
///
/// # Errors
/// When the program doesn't start, or a page doesn't come.
pub async fn measure(session: &Session, program: &Path) -> Result<[(&'static str, Vec<f64>); 4]> {
    let window = Window::open(session, program).await?;
    window.shows("account-1").await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (mut accounts, mut settings, mut activity, mut back) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for time in 0..TIMES {
        let account = |more: usize| format!("account-{}", (2 * time + more) % ACCOUNTS);
        accounts.push(click(&window, &account(1), "account-health").await?);
        settings.push(click(&window, "nav-settings", "settings").await?);
        activity.push(click(&window, "nav-activity", "activity").await?);
        back.push(click(&window, &account(2), "account-health").await?);
    }
    window.quit(session).await?;
    Ok([("another account", accounts), ("Settings", settings), ("Activity", activity), ("from Activity to an account", back)])
}

async fn click(window: &Window, hook: &str, page: &str) -> Result<f64> {
    let there = window.script(&CLICK.replace("HOOK", hook)).await?;
    anyhow::ensure!(there == true, "{hook} isn't there");
    window.shows(page).await?;
    let taken = until("the next frame", async || Ok(window.script("return window.__taken ?? null").await?.as_f64())).await;
    tokio::time::sleep(PAUSE).await;
    taken.with_context(|| hook.to_owned())
}
