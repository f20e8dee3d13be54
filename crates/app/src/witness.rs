//! A second process that looks into the keychain: what this program writes there must be there for others too, or it is no keychain
//! but the memory of this process (T-04). The name it looks for is random, of no use to anybody, and passed on standard input.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};

use connect_core::vault::{KeychainVault, PROBE, finds};
use tokio::io::AsyncWriteExt as _;

use crate::settings::Settings;

/// The word that a program starts itself with; each front end answers it with [`run`]. In no help text: it is for nobody else.
pub const WORD: &str = "keychain-witness";

/// Longest name read, in bytes.
const LONGEST: u64 = 100;

/// Exit code of a second process that could not look.
const BLIND: u8 = 2;

/// The second process: exit code 0 if the keychain has the entry of the probe whose name comes on standard input, 1 if not, and
/// [`BLIND`] if the keychain doesn't say.
pub async fn run(settings: &Settings) -> ExitCode {
    let mut name = String::new();
    let read = std::io::stdin().take(LONGEST).read_to_string(&mut name);
    if read.is_err() || !name.starts_with(PROBE) {
        return ExitCode::FAILURE;
    }
    let Ok(vault) = KeychainVault::new(&settings.namespace) else { return ExitCode::from(BLIND) };
    match finds(&vault, &name).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(_) => ExitCode::from(BLIND),
    }
}

/// Whether a second process finds the entry of the probe `name` in the keychain; `None` if none could look.
pub async fn sees(name: &str) -> Option<bool> {
    match ask(name).await {
        Ok(Some(0)) => Some(true),
        Ok(Some(1)) => Some(false),
        Ok(code) => {
            tracing::warn!(code, "a second process could not look into the keychain");
            None
        }
        Err(error) => {
            tracing::warn!(kind = ?error.kind(), "no second process could be asked about the keychain");
            None
        }
    }
}

async fn ask(name: &str) -> std::io::Result<Option<i32>> {
    let mut second = tokio::process::Command::new(this_program()?)
        .arg(WORD)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    if let Some(mut input) = second.stdin.take() {
        input.write_all(name.as_bytes()).await?;
    }
    Ok(second.wait().await?.code())
}

/// This program as it runs. On Linux its file may be gone, when an upgrade has replaced it meanwhile.
fn this_program() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok(PathBuf::from("/proc/self/exe")) } else { std::env::current_exe() }
}
