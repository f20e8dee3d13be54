//! Links of this program's scheme that come in from outside: as the argument of a start, from a second start, or from the system.
//!
//! All of it is hostile input: any program of this user can send it, and others can read it. So it is bounded here, taken once, kept
//! out of every log, and never reaches the web view; whether it means anything is for `connect_core` to say.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tauri::{AppHandle, Manager};

use crate::host::Host;

/// Longest link looked at, in bytes.
const MAX_LEN: usize = 2048;

/// The link among the arguments of a start: only where it is the one argument there is.
pub fn from_arguments(arguments: impl IntoIterator<Item = String>, scheme: &str) -> Option<SecretString> {
    let mut arguments = arguments.into_iter().skip(1);
    let only = arguments.next().filter(|_| arguments.next().is_none())?;
    from_url(&only, scheme)
}

/// The link, if it is of this program's scheme and of a size worth reading.
pub fn from_url(text: &str, scheme: &str) -> Option<SecretString> {
    let ours = text.strip_prefix(scheme).is_some_and(|rest| rest.starts_with(':'));
    (ours && text.len() <= MAX_LEN).then(|| SecretString::from(text))
}

/// Gives the link to the core once it is ready. It drops whatever isn't the pending transaction's.
pub fn deliver(app: &AppHandle, link: Option<SecretString>) {
    let Some(link) = link else { return };
    // Before the window's setup is through there is no host, and no transaction either that a link could belong to.
    let Some(host) = app.try_state::<Arc<Host>>().map(|host| host.inner().clone()) else { return };
    tauri::async_runtime::spawn(async move {
        if let Ok(connections) = host.connections().await {
            connections.deep_link(link.expose_secret()).await;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEME: &str = "org.moneiconnections.manager";

    fn taken(arguments: &[&str]) -> Option<String> {
        from_arguments(arguments.iter().map(|&argument| argument.to_owned()), SCHEME).map(|link| link.expose_secret().to_owned())
    }

    #[test]
    fn the_only_argument_is_taken_when_it_is_a_link_of_ours() {
        let link = "org.moneiconnections.manager:/callback?tx=a&handoff=b";
        assert_eq!(taken(&["monei-connect", link]).as_deref(), Some(link));
    }

    #[test]
    fn anything_else_is_dropped() {
        let link = "org.moneiconnections.manager:/callback?tx=a&handoff=b";
        for arguments in [
            &[][..],
            &["monei-connect"],
            &[link],
            &["monei-connect", link, link],
            &["monei-connect", "--flag", link],
            &["monei-connect", "https://example.test/"],
            &["monei-connect", "org.moneiconnections.manager.evil:/callback"],
            &["monei-connect", "ORG.moneiconnections.manager:/callback"],
            &["monei-connect", " org.moneiconnections.manager:/callback"],
            &["monei-connect", ""],
        ] {
            assert_eq!(taken(arguments), None, "{arguments:?}");
        }
        let long = format!("{link}{}", "a".repeat(MAX_LEN));
        assert_eq!(taken(&["monei-connect", &long]), None);
    }

    #[test]
    fn a_link_is_not_printed_by_accident() {
        let link = from_url("org.moneiconnections.manager:/callback?handoff=SECRET", SCHEME);
        assert!(!format!("{link:?}").contains("SECRET"));
    }
}
