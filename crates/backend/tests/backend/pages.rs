//! The pages in a real browser.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::fleet::Running;
use crate::support::*;

#[tokio::test]
async fn the_browser_keeps_no_query_in_its_history() {
    let (world, folder) = (World::new().await, tempfile::tempdir().unwrap());
    let callback = format!("{}/v1/callback", world.backend);
    let mut command = Command::new("chromium");
    command
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0"])
        .arg(format!("--user-data-dir={}", folder.path().display()))
        .arg(format!("{callback}?code=mcc_sim_CNRY&state=a-state-of-nobody"));
    let _browser = Running(
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromium is needed for this test: install Debian's package chromium"),
    );
    let cleaned = async {
        loop {
            let port = std::fs::read_to_string(folder.path().join("DevToolsActivePort")).unwrap_or_default();
            if let Some(port) = port.lines().next() {
                let request = world.request(reqwest::Method::GET, format!("http://127.0.0.1:{port}/json/list"));
                let tabs: Value = request.send().await.unwrap().json().await.unwrap();
                if tabs.as_array().unwrap().iter().any(|tab| tab["url"] == callback.as_str()) {
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), cleaned).await.expect("the address loses its query");
}
