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

/// Clicks at some moment between two frames, and notes when the next one has been drawn: a message comes after it, and so does the frame after it.
/// Whichever is first counts.
const CLICK: &str = r#"
const target = document.querySelector("[data-testid='HOOK']");
delete window.__taken;
setTimeout(() => {
  const began = performance.now();
  target.click();
  const drawn = () => { window.__taken ??= performance.now() - began; };
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = drawn;
    channel.port2.postMessage(null);
    requestAnimationFrame(drawn);
  });
}, 5 + Math.random() * 16);
return target !== null;
"#;

/// Milliseconds of each click, by what was clicked.
///
/// # Errors
/// When the program doesn't start, or a page doesn't come.
pub async fn measure(session: &Session, program: &Path) -> Result<[(&'static str, Vec<f64>); 6]> {
    let window = Window::open(session, program).await?;
    window.shows("account-1").await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let account = |number: usize| (format!("account-{}", number % ACCOUNTS), "account-health");
    let page = |link: &str, page: &'static str| (link.to_owned(), page);
    // The first is not counted: it is no click from an account.
    click(&window, &account(0)).await?;
    let mut taken: [(&str, Vec<f64>); 6] =
        ["another account", "Settings", "Activity", "from Activity to an account", "the overview", "from the overview to an account"]
            .map(|what| (what, Vec::new()));
    for time in 0..TIMES {
        let first = 3 * time;
        let clicked = [
            account(first + 1),
            page("nav-settings", "settings"),
            page("nav-activity", "activity"),
            account(first + 2),
            page("nav-overview", "overview"),
            account(first + 3),
        ];
        for ((_, taken), clicked) in taken.iter_mut().zip(clicked) {
            taken.push(click(&window, &clicked).await?);
        }
    }
    window.quit(session).await?;
    Ok(taken)
}

/// The hook of what is clicked, and of what comes.
async fn click(window: &Window, (hook, page): &(String, &str)) -> Result<f64> {
    let there = window.script(&CLICK.replace("HOOK", hook)).await?;
    anyhow::ensure!(there == true, "{hook} isn't there");
    window.shows(page).await?;
    let taken = until("the next frame", async || Ok(window.script("return window.__taken ?? null").await?.as_f64())).await;
    tokio::time::sleep(PAUSE).await;
    taken.with_context(|| hook.clone())
}
