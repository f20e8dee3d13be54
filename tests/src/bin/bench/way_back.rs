//! From the browser's arrival at the loopback listener to the outcome on the screen.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::{Session, Window, until};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use serde_json::json;
use url::Url;

use crate::servers::{http, post};

/// Asked for one after the other, each once timed: the feature, its scope, and whether the program asks again first.
const ASKED: [(&str, &str, bool); 6] = [
    ("deposit", "wallet:deposit", false),
    ("send", "wallet:send", true),
    ("withdraw", "wallet:withdraw", true),
    ("bills", "bills:pay", true),
    ("swap", "swap:execute", true),
    ("offramp", "offramp:execute", true),
];

/// Connects one account and then asks for one scope after another, timing each arrival.
pub async fn connect(session: &Session, program: &Path) -> Result<Vec<f64>> {
    let window = Window::open(session, program).await?;
    window.click("confirm-backend").await?;
    window.click("connect-account").await?;
    window.click("start-connect").await?;
    arrive(&window, session, 0, &["profile:read", "kyc:read", "wallet:read"]).await?;
    let mut taken = Vec::new();
    for (run, (feature, scope, confirmed)) in ASKED.into_iter().enumerate() {
        window.click(&format!("ask-{feature}")).await?;
        if confirmed {
            window.click("confirm-ask").await?;
        }
        taken.push(arrive(&window, session, run + 1, &[scope]).await?);
    }
    window.quit(session).await?;
    Ok(taken)
}

/// Notes when the outcome has been painted, by the wall clock.
const OBSERVE: &str = r#"
delete window.__shown;
const observer = new MutationObserver(() => {
  if (!document.querySelector('[data-testid="stage-done"], [data-testid="stage-decide"]')) return;
  observer.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => { window.__shown = performance.timeOrigin + performance.now(); }));
});
observer.observe(document.body, { childList: true, subtree: true });
"#;

/// Walks from the address that the program opened to its listener, as the browser's `run`-th page. Milliseconds from there to the
/// painted outcome.
async fn arrive(window: &Window, session: &Session, run: usize, allow: &[&str]) -> Result<f64> {
    window.shows("stage-waiting").await?;
    window.script(OBSERVE).await?;
    let opened = session.folder().join("opened");
    let start = until("the browser to be opened", async || Ok(fs::read_to_string(&opened)?.lines().nth(run).map(str::to_owned))).await?;
    let arrived = walk(&start, allow).await?;
    let shown = until("the painted outcome", async || Ok(window.script("return window.__shown ?? null").await?.as_f64())).await?;
    // The first one is of a new account.
    if window.first_of(&["stage-done", "stage-decide"]).await? == "stage-decide" {
        window.click("decide-add_as_account").await?;
    }
    window.click("dismiss").await?;
    Ok(shown - arrived)
}

/// Approves at the sandbox what the address `start` asks for, and walks back to the listener. Milliseconds since the Unix epoch when it arrives.
pub async fn walk(start: &str, allow: &[&str]) -> Result<f64> {
    let (location, headers) = follow(start, None).await?;
    let cookie =
        headers.get(SET_COOKIE).and_then(|value| value.to_str().ok()).and_then(|text| text.split(';').next()).context("a cookie")?;
    let sandbox = Url::parse(&location)?.origin().ascii_serialization();
    let approved = post(&format!("{sandbox}/sandbox/api/approve"), &json!({"url": location, "user": "ada", "allow": allow})).await?;
    let callback = approved["location"].as_str().context("the way back")?;
    let (home, _) = follow(callback, Some(cookie)).await?;
    let arrived = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1000.0;
    follow(home.trim_end_matches("#_"), None).await?;
    Ok(arrived)
}

async fn follow(url: &str, cookie: Option<&str>) -> Result<(String, HeaderMap)> {
    let mut request = http()?.get(url);
    if let Some(cookie) = cookie {
        request = request.header(COOKIE, cookie);
    }
    let response = request.send().await?;
    ensure!(response.status().is_redirection(), "no redirect, but {}", response.status());
    let location = response.headers().get(LOCATION).context("a redirect without a target")?.to_str()?.to_owned();
    Ok((location, response.headers().clone()))
}
