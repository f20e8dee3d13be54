//! A dialog of the Secret Service: opened, waited for as long as the person takes, and closed when nobody waits any more.
//!
//! One kind is left open instead: GNOME Keyring ends with a failed assertion when the dialog that unlocks a keyring is dismissed while it is
//! shown (42.1, and its source since: `mark_as_complete` takes the prompt itself for the next one of its queue). With it every keyring would
//! be locked again, for all programs. The person closes that dialog where it is; answering it is fine, too.

use futures_util::StreamExt as _;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::OwnedObjectPath;

use super::bus::of_bus;
use super::interfaces::PromptProxy;
use super::{bus, limited};
use crate::grants::vault::VaultError;
use crate::grants::vault::asked::Ask;

/// Runs the prompt at `path`, if it is one. `closable`: whether it may be dismissed while it is shown.
///
/// # Errors
/// [`VaultError::Dismissed`] if it was cancelled, [`VaultError::Stopped`] if `owner` ended meanwhile.
pub async fn run(
    connection: &zbus::Connection,
    owner: &OwnedUniqueName,
    path: &OwnedObjectPath,
    closable: bool,
    ask: &Ask,
) -> Result<(), VaultError> {
    if path.as_str() == "/" {
        return Ok(());
    }
    let prompt = prompt(connection, path).await?;
    let mut answers = prompt.receive_completed().await.map_err(|error| of_bus(&error))?;
    let mut closes = CloseOnDrop(Some(prompt.clone()));
    ask.open(async {
        if !closable {
            closes.forget();
        }
        limited(prompt.prompt("")).await?.map_err(|error| of_bus(&error))?;
        let answer = tokio::select! {
            answer = answers.next() => answer.ok_or(VaultError::Stopped)?,
            ended = bus::ends(connection, owner) => return Err(ended),
        };
        // It is closed already.
        closes.forget();
        let dismissed = answer.args().map_err(|error| of_bus(&error))?.dismissed;
        if dismissed { Err(VaultError::Dismissed) } else { Ok(()) }
    })
    .await
}

/// Takes back a prompt that isn't to be shown.
pub async fn refuse(connection: &zbus::Connection, path: &OwnedObjectPath) {
    if let Ok(prompt) = prompt(connection, path).await {
        close(&prompt).await;
    }
}

async fn prompt(connection: &zbus::Connection, path: &OwnedObjectPath) -> Result<PromptProxy<'static>, VaultError> {
    let built =
        async { PromptProxy::builder(connection).path(path.clone())?.cache_properties(zbus::proxy::CacheProperties::No).build().await };
    built.await.map_err(|error| of_bus(&error))
}

async fn close(prompt: &PromptProxy<'_>) {
    match limited(prompt.dismiss()).await {
        Ok(Ok(())) => {}
        outcome => tracing::info!(?outcome, "the keychain's dialog could not be closed"),
    }
}

/// The dialog is closed when nobody waits for it any more.
struct CloseOnDrop(Option<PromptProxy<'static>>);

impl CloseOnDrop {
    fn forget(&mut self) {
        self.0 = None;
    }
}

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        if let (Some(prompt), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { close(&prompt).await });
        }
    }
}
