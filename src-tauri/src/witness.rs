//! A second process that looks into the keychain: what this program writes there must be there for others too, or it is no keychain
//! but the memory of this process (T-04). The value it looks for is random, of no use to anybody, and passed on standard input.

use std::io::Read as _;
use std::process::{ExitCode, Stdio};

use connect_core::vault::{KeychainVault, finds};
use tokio::io::AsyncWriteExt as _;

use crate::settings::Settings;

/// The word that this program starts itself with. In no help text: it is for nobody else.
pub const WORD: &str = "keychain-witness";

/// Longest value read, in bytes.
const LONGEST: u64 = 100;

/// The second process: exit code 0 if the keychain's entry of a probe holds what comes on standard input.
pub fn run(settings: &Settings) -> ExitCode {
    let mut value = String::new();
    let read = std::io::stdin().take(LONGEST).read_to_string(&mut value);
    let found = read.is_ok()
        && KeychainVault::new(&settings.namespace)
            .is_ok_and(|vault| tauri::async_runtime::block_on(finds(&vault, &value)).is_ok_and(|found| found));
    if found { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether a second process finds `value` in the keychain.
pub async fn sees(value: &str) -> bool {
    match ask(value).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(kind = ?error.kind(), "no second process could look into the keychain");
            false
        }
    }
}

async fn ask(value: &str) -> std::io::Result<bool> {
    let mut second = tokio::process::Command::new(std::env::current_exe()?)
        .arg(WORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = second.stdin.take() {
        input.write_all(value.as_bytes()).await?;
    }
    Ok(second.wait().await?.success())
}
