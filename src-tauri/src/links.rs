//! Links of this program's scheme that come in from outside: as the argument of a start, from a second start, or from the system. One that
//! comes while the program still starts is kept until the core can take it: macOS hands over the link that starts the program as an event.
//!
//! All of it is hostile input: any program of this user can send it, and others can read it. So it is bounded here, taken once, kept
//! out of every log, and never reaches the web view; whether it means anything is for `connect_core` to say.

use std::sync::{Arc, Mutex, PoisonError};

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

/// Most links kept while the program starts.
const MAX_KEPT: usize = 8;

/// Where links come in, before and after the program can take them.
pub struct Inbox {
    scheme: String,
    /// What came before [`Inbox::open`]; `None` since then.
    kept: Mutex<Option<Vec<SecretString>>>,
}

impl Inbox {
    /// For links of `scheme`. Keeps them until [`Inbox::open`].
    pub fn new(scheme: &str) -> Self {
        Self { scheme: scheme.to_owned(), kept: Mutex::new(Some(Vec::new())) }
    }

    /// Gives back what is to be delivered now: the link, if it is of this program's scheme and the program can take it.
    fn take(&self, link: Option<SecretString>) -> Option<SecretString> {
        let link = link?;
        match &mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Some(link),
            Some(kept) if kept.len() < MAX_KEPT => {
                kept.push(link);
                None
            }
            Some(_) => {
                tracing::warn!("a link was dropped: too many came while the program started");
                None
            }
        }
    }

    /// From now on links are delivered as they come. Gives those that came before, in their order.
    fn open(&self) -> Vec<SecretString> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }
}

/// The system brought a link while the program runs, or as it starts it.
#[cfg(target_os = "macos")]
pub fn arrived(app: &AppHandle, url: &str) {
    let inbox = app.state::<Inbox>();
    let link = inbox.take(from_url(url, &inbox.scheme));
    deliver(app, link);
}

/// The program was started with these arguments, by itself or a second time.
pub fn started_with(app: &AppHandle, arguments: impl IntoIterator<Item = String>) {
    let inbox = app.state::<Inbox>();
    let link = inbox.take(from_arguments(arguments, &inbox.scheme));
    deliver(app, link);
}

/// The program can take links now.
pub fn open(app: &AppHandle) {
    for link in app.state::<Inbox>().open() {
        deliver(app, Some(link));
    }
}

/// Gives the link to the core once it is ready. It drops whatever is no answer to a transaction of this program.
fn deliver(app: &AppHandle, link: Option<SecretString>) {
    let Some(link) = link else { return };
    let host = app.state::<Arc<Host>>().inner().clone();
    tauri::async_runtime::spawn(async move {
        match host.connections().await {
            Ok(connections) => connections.deep_link(link.expose_secret()).await,
            Err(problem) => tracing::warn!(code = ?problem.code, "a link can't be taken"),
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

    fn texts(links: impl IntoIterator<Item = SecretString>) -> Vec<String> {
        links.into_iter().map(|link| link.expose_secret().to_owned()).collect()
    }

    #[test]
    fn links_that_come_before_the_program_can_take_them_are_delivered_in_their_order() {
        let inbox = Inbox::new(SCHEME);
        let link = |n: usize| from_url(&format!("{SCHEME}:/callback?tx={n}"), SCHEME);
        assert!(inbox.take(link(1)).is_none() && inbox.take(link(2)).is_none() && inbox.take(None).is_none());
        assert_eq!(texts(inbox.open()), [format!("{SCHEME}:/callback?tx=1"), format!("{SCHEME}:/callback?tx=2")]);
        // From then on at once, and each once.
        assert_eq!(texts(inbox.take(link(3))), [format!("{SCHEME}:/callback?tx=3")]);
        assert!(inbox.open().is_empty());
    }

    #[test]
    fn only_a_few_links_are_kept() {
        let inbox = Inbox::new(SCHEME);
        for n in 0..100 {
            assert!(inbox.take(from_url(&format!("{SCHEME}:{n}"), SCHEME)).is_none());
        }
        assert_eq!(inbox.open().len(), MAX_KEPT);
    }

    #[test]
    fn a_link_is_not_printed_by_accident() {
        let link = from_url("org.moneiconnections.manager:/callback?handoff=SECRET", SCHEME);
        assert!(!format!("{link:?}").contains("SECRET"));
    }
}
