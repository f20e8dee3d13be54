//! The harness itself: what a test stands on must be what a person has.

use anyhow::{Result, ensure};
use e2e::Session;

#[tokio::test]
async fn a_session_has_an_unlocked_keychain_of_its_own() -> Result<()> {
    let session = Session::start("session").await?;
    let stored = session.run("sh", &["-c", "printf kept | secret-tool store --label=probe service probe username probe"])?;
    ensure!(stored.status.success(), "{}", String::from_utf8_lossy(&stored.stderr));
    let found = session.run("secret-tool", &["lookup", "service", "probe", "username", "probe"])?;
    ensure!(found.stdout == b"kept");
    let keyring = session.folder().join("data/keyrings/login.keyring");
    ensure!(!std::fs::read(keyring)?.windows(4).any(|bytes| bytes == b"kept"), "the keyring is not encrypted");
    Ok(())
}

#[tokio::test]
async fn nothing_of_a_session_outlives_it() -> Result<()> {
    let session = Session::start("session").await?;
    let folder = session.folder().to_owned();
    // A grandchild that the session knows nothing of.
    session.run("sh", &["-c", "sleep 600 > /dev/null 2>&1 & echo $! > stray"])?;
    let stray: u32 = std::fs::read_to_string(folder.join("stray"))?.trim().parse()?;
    ensure!(std::path::Path::new(&format!("/proc/{stray}/cwd")).exists());
    drop(session);
    ensure!(!folder.exists(), "{} is left", folder.display());
    // A zombie, until whoever adopted it looks, has no arguments.
    ensure!(std::fs::read(format!("/proc/{stray}/cmdline")).unwrap_or_default().is_empty(), "process {stray} is left");
    Ok(())
}
