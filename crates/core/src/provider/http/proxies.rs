//! Which ways lead to an address: the environment's variables first, then what the desktop or the system is set up with.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use tokio::task::JoinHandle;
use url::Url;

use super::way::{self, Way};
use crate::model::ProxySetting;

/// How long the desktop may take to tell its ways: it may have to fetch a script from the network first (PAC).
const DESKTOP_LIMIT: Duration = Duration::from_secs(5);
/// Most ways that are tried. A script may tell any number.
const MOST_WAYS: usize = 5;
/// Variables for https in the order in which they count. Other addresses than https are on this computer, and need none.
const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// Variables that list what needs no proxy.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// The proxies that a person has set in the desktop's or system's own settings.
pub trait DesktopProxies: Send + Sync {
    /// The ways to `url`, best first, as addresses: `direct://`, `http://host:port`, `socks5://host:port`. Empty where nothing is set.
    /// Asked before each request, so that a change counts at once. May take a while; called off the async runtime.
    fn ways_to(&self, url: &Url) -> Vec<String>;
}

/// What the operating system itself is set up with: macOS and Windows. Linux has no such settings apart from its desktops'.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemProxies;

impl DesktopProxies for SystemProxies {
    #[cfg(any(target_os = "macos", windows))]
    fn ways_to(&self, url: &Url) -> Vec<String> {
        let Ok(uri) = url.as_str().parse::<http::Uri>() else { return Vec::new() };
        Matcher::from_system().intercept(&uri).map(|proxy| proxy.uri().to_string()).into_iter().collect()
    }

    #[cfg(not(any(target_os = "macos", windows)))]
    fn ways_to(&self, _: &Url) -> Vec<String> {
        Vec::new()
    }
}

/// Finds the ways to addresses.
pub(super) struct Ways {
    desktop: Arc<dyn DesktopProxies>,
    /// How long the desktop may take.
    limit: Duration,
    /// A question that took the desktop too long.
    late: Mutex<Option<JoinHandle<Vec<String>>>>,
}

impl Ways {
    pub(super) fn new(desktop: Arc<dyn DesktopProxies>) -> Self {
        Self { desktop, limit: DESKTOP_LIMIT, late: Mutex::default() }
    }

    /// The ways to `url`, best first, at least one. Addresses of this computer never need a proxy.
    ///
    /// # Errors
    /// The setting that can't be used, where no other way was told.
    pub(super) async fn to(&self, url: &Url) -> Result<Vec<Way>, ProxySetting> {
        if super::names_this_computer(url) {
            return Ok(vec![Way::Direct]);
        }
        let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        if is_excepted(url, &environment) {
            return Ok(vec![Way::Direct]);
        }
        match from_environment(&environment) {
            Some(way) => way.map(|way| vec![way]),
            None => usable(&self.ask_desktop(url).await),
        }
    }

    async fn ask_desktop(&self, url: &Url) -> Vec<String> {
        if self.late().as_ref().is_some_and(|late| !late.is_finished()) {
            return Vec::new();
        }
        // A script has no business with paths.
        let mut url = url.clone();
        url.set_path("/");
        url.set_query(None);
        let desktop = Arc::clone(&self.desktop);
        let mut asked = tokio::task::spawn_blocking(move || desktop.ways_to(&url));
        match tokio::time::timeout(self.limit, &mut asked).await {
            Ok(told) => told.unwrap_or_default(),
            Err(_) => {
                // Like a browser whose proxy script can't be fetched: without a proxy.
                tracing::warn!("the desktop doesn't tell its proxy; it is asked again once it has answered");
                *self.late() = Some(asked);
                Vec::new()
            }
        }
    }

    fn late(&self) -> std::sync::MutexGuard<'_, Option<JoinHandle<Vec<String>>>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn from_environment(environment: &dyn Fn(&str) -> Option<String>) -> Option<Result<Way, ProxySetting>> {
    VARIABLES.into_iter().find_map(|name| environment(name).map(|value| way::parse(&value, Some(name))))
}

/// Whether a variable says that `url` needs no proxy: names with their subdomains, addresses, networks, or `*`.
fn is_excepted(url: &Url, environment: &dyn Fn(&str) -> Option<String>) -> bool {
    let Some(list) = EXCEPTIONS.into_iter().find_map(environment) else { return false };
    let any = Matcher::builder().all("http://proxy.invalid").no(list).build();
    url.as_str().parse::<http::Uri>().is_ok_and(|uri| any.intercept(&uri).is_none())
}

/// Those of the desktop's ways that can be used, in its order.
fn usable(told: &[String]) -> Result<Vec<Way>, ProxySetting> {
    let (mut ways, mut refused) = (Vec::new(), None);
    for text in told.iter().take(MOST_WAYS) {
        match way::parse(&looked_up_by_the_proxy(text), None) {
            Ok(way) if !ways.contains(&way) => ways.push(way),
            Ok(_) => {}
            Err(setting) => refused = refused.or(Some(setting)),
        }
    }
    match refused {
        Some(setting) if ways.is_empty() => Err(setting),
        _ if ways.is_empty() => Ok(vec![Way::Direct]),
        _ => Ok(ways),
    }
}

/// Desktops mean by SOCKS that the proxy looks names up: inside of a company nobody else may know them.
fn looked_up_by_the_proxy(text: &str) -> String {
    match text.split_once("://") {
        Some(("socks5", rest)) => format!("socks5h://{rest}"),
        Some(("socks4", rest)) => format!("socks4a://{rest}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(ways: Result<Vec<Way>, ProxySetting>) -> Vec<String> {
        let one = |way| match way {
            Way::Direct => "direct".to_owned(),
            Way::Proxy(proxy) => proxy.url().to_string(),
        };
        match ways {
            Ok(ways) => ways.into_iter().map(one).collect(),
            Err(setting) => vec![format!("not {}", setting.scheme.unwrap_or_default())],
        }
    }

    fn set<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[test]
    fn a_variable_for_https_counts_more_than_one_for_all() {
        let told = |pairs: &[(&str, &str)]| from_environment(&set(pairs)).map(|way| shown(way.map(|way| vec![way])));
        assert_eq!(told(&[("ALL_PROXY", "socks5h://a"), ("https_proxy", "b:1")]), Some(vec!["http://b:1/".to_owned()]));
        assert_eq!(told(&[("all_proxy", "socks5h://a"), ("HTTP_PROXY", "b:1")]), Some(vec!["socks5h://a:1080".to_owned()]));
        assert_eq!(told(&[("HTTP_PROXY", "b:1"), ("http_proxy", "b:1")]), None);
        // One that can't be used isn't passed over: who set it wants a proxy.
        assert_eq!(told(&[("HTTPS_PROXY", "ftp://a"), ("ALL_PROXY", "b:1")]), Some(vec!["not ftp".to_owned()]));
    }

    #[test]
    fn exceptions_are_names_with_their_subdomains_and_networks() {
        let url = |text: &str| Url::parse(text).unwrap();
        for (list, address, expected) in [
            ("corporate.test", "https://connect.corporate.test", true),
            (".corporate.test", "https://connect.corporate.test", true),
            ("a.test, corporate.test", "https://corporate.test", true),
            ("corporate.test", "https://notcorporate.test", false),
            ("10.0.0.0/8", "https://10.1.2.3", true),
            ("*", "https://anything.test", true),
        ] {
            assert_eq!(is_excepted(&url(address), &set(&[("no_proxy", list)])), expected, "{list} {address}");
        }
        assert!(!is_excepted(&url("https://a.test"), &set(&[])));
    }

    #[test]
    fn the_desktops_ways_keep_their_order_and_those_that_cannot_be_used_are_left_out() {
        let ways = |told: &[&str]| shown(usable(&told.iter().map(|&text| text.to_owned()).collect::<Vec<_>>()));
        assert_eq!(ways(&[]), ["direct"]);
        assert_eq!(ways(&["http://a:1", "direct://"]), ["http://a:1/", "direct"]);
        assert_eq!(ways(&["socks://a:1", "socks5://a:1", "socks4://b:1"]), ["socks5h://a:1", "socks4a://b:1"]);
        assert_eq!(ways(&["quic://a:1", "http://b:1"]), ["http://b:1/"]);
        assert_eq!(ways(&["quic://a:1"]), ["not quic"]);
        assert_eq!(ways(&["http://a:1"; 9]).len(), 1);
    }

    /// A desktop that answers when it is told to.
    struct Slow(Mutex<std::sync::mpsc::Receiver<()>>);

    impl DesktopProxies for Slow {
        fn ways_to(&self, _: &Url) -> Vec<String> {
            self.0.lock().unwrap().recv().unwrap();
            vec!["http://a:1".into()]
        }
    }

    #[tokio::test]
    async fn a_desktop_that_does_not_answer_holds_up_one_request_and_no_other() {
        let (answer, wait) = std::sync::mpsc::channel();
        let ways = Ways { limit: Duration::from_millis(50), ..Ways::new(Arc::new(Slow(Mutex::new(wait)))) };
        let url = Url::parse("https://connect.example.org").unwrap();
        assert!(ways.ask_desktop(&url).await.is_empty());
        // Not even asked: two questions would wait for two answers.
        assert!(ways.ask_desktop(&url).await.is_empty());
        // Once it has answered, it is asked again.
        answer.send(()).unwrap();
        let late = ways.late().take().unwrap();
        assert_eq!(tokio::time::timeout(Duration::from_secs(20), late).await.unwrap().unwrap(), ["http://a:1"]);
        answer.send(()).unwrap();
        let ways = Ways { limit: Duration::from_secs(20), ..ways };
        assert_eq!(ways.ask_desktop(&url).await, ["http://a:1"]);
    }
}
