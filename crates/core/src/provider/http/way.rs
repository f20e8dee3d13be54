//! One way out to an address: directly, or through a proxy. Its credentials are in no text that this file gives to others.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use crate::model::ProxySetting;

/// Longest address of a proxy that is read, in bytes.
const MAX_LEN: usize = 2048;
/// Longest scheme that is told.
const MAX_SCHEME: usize = 20;
/// What a SOCKS proxy listens on where nothing is said (RFC 1928 §3).
const SOCKS_PORT: u16 = 1080;

/// How a request leaves the computer.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// Straight to the address.
    Direct,
    /// Through a proxy.
    Proxy(Proxy),
}

/// A proxy that can be used.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Proxy {
    /// With user name and password, if it has them.
    url: Url,
    variable: Option<String>,
}

impl Proxy {
    /// Its address with its credentials, for the client that connects to it.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// What may be told of it.
    pub(super) fn setting(&self) -> ProxySetting {
        ProxySetting { variable: self.variable.clone(), scheme: Some(self.url.scheme().to_owned()) }
    }

    /// Whether it runs on this computer, so that it is reached without any network.
    pub(super) fn is_here(&self) -> bool {
        // The host of a SOCKS address is text to `Url`.
        let host = self.url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether names are looked up on this computer and not by the proxy.
    pub(super) fn looks_up_here(&self) -> bool {
        matches!(self.url.scheme(), "socks4" | "socks5")
    }
}

/// Reads the address of a proxy, as a variable of the environment or the desktop has it: `http`, `https`, `socks5h`, `socks5`, `socks4a`
/// and `socks4`, http where no scheme stands before it. `socks` alone is what GNOME writes, for SOCKS 5 with names looked up by the
/// proxy. `direct` is no proxy.
///
/// # Errors
/// Which setting it is, and its scheme, where it can't be used.
pub(super) fn parse(text: &str, variable: Option<&str>) -> Result<Way, ProxySetting> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let scheme = scheme.to_ascii_lowercase();
    let is_scheme = scheme.len() <= MAX_SCHEME
        && scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let refused = || ProxySetting { variable: variable.map(str::to_owned), scheme: is_scheme.then(|| scheme.clone()) };
    let scheme = match scheme.as_str() {
        "direct" => return Ok(Way::Direct),
        "socks" => "socks5h",
        "http" | "https" | "socks5h" | "socks5" | "socks4a" | "socks4" => scheme.as_str(),
        _ => return Err(refused()),
    };
    if text.len() > MAX_LEN {
        return Err(refused());
    }
    // A host is checked for http alone; a port that is the scheme's own is only kept for others.
    let checked = Url::parse(&format!("http://{rest}")).map_err(|_| refused())?;
    let mut url = Url::parse(&format!("{scheme}://{rest}")).map_err(|_| refused())?;
    // What looks like a path is the rest of a password that isn't written as it must be.
    let stray = checked.path() != "/" || checked.query().is_some() || checked.fragment().is_some();
    if stray || checked.host_str().is_none_or(str::is_empty) || url.port() == Some(0) {
        return Err(refused());
    }
    if scheme.starts_with("socks") && url.port().is_none() {
        url.set_port(Some(SOCKS_PORT)).map_err(|()| refused())?;
    }
    // The client goes straight to the address where it can't read a proxy's. That must not happen to one that was set.
    let understood = Matcher::builder().all(url.as_str().to_owned()).build();
    if understood.intercept(&http::Uri::from_static("https://monei.invalid/")).is_none() {
        return Err(refused());
    }
    Ok(Way::Proxy(Proxy { url, variable: variable.map(str::to_owned) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_not_impl_any!(Way: std::fmt::Debug, std::fmt::Display);

    fn read(text: &str) -> Result<String, Option<String>> {
        match parse(text, Some("ALL_PROXY")) {
            Ok(Way::Direct) => Ok("direct".into()),
            Ok(Way::Proxy(proxy)) => Ok(proxy.url().to_string()),
            Err(setting) => {
                assert_eq!(setting.variable.as_deref(), Some("ALL_PROXY"));
                Err(setting.scheme)
            }
        }
    }

    #[test]
    fn the_usual_ways_to_write_a_proxy_are_read() {
        for (text, expected) in [
            ("http://proxy.example:3128", "http://proxy.example:3128/"),
            (" HTTP://proxy.example:3128/ ", "http://proxy.example:3128/"),
            ("proxy.example:3128", "http://proxy.example:3128/"),
            ("localhost:3128", "http://localhost:3128/"),
            ("10.0.0.1", "http://10.0.0.1/"),
            ("https://proxy.example", "https://proxy.example/"),
            ("socks5h://127.0.0.1:1080", "socks5h://127.0.0.1:1080"),
            ("socks5://127.0.0.1", "socks5://127.0.0.1:1080"),
            ("socks5://[::1]:9050", "socks5://[::1]:9050"),
            ("socks4a://proxy.example:80/", "socks4a://proxy.example:80/"),
            ("socks://proxy.example:1080/", "socks5h://proxy.example:1080/"),
            ("http://ada:p%40ss%3A@proxy.example:3128", "http://ada:p%40ss%3A@proxy.example:3128/"),
            ("http://ada:p@ss@proxy.example:3128", "http://ada:p%40ss@proxy.example:3128/"),
            ("ada:secret@proxy.example:3128", "http://ada:secret@proxy.example:3128/"),
            ("socks5h://ada:secret@proxy.example", "socks5h://ada:secret@proxy.example:1080"),
            ("direct://", "direct"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_by_its_scheme_alone() {
        for (text, scheme) in [
            ("gopher://ada:secret@proxy.example:70", Some("gopher")),
            ("ftp://proxy.example", Some("ftp")),
            ("socks6://proxy.example:1080", Some("socks6")),
            ("quic://proxy.example", Some("quic")),
            ("file:///etc/proxy", Some("file")),
            ("ada:secret://proxy.example", None),
            ("ada secret://proxy.example", None),
            ("http://", Some("http")),
            ("http://:3128", Some("http")),
            ("http://proxy.example:port", Some("http")),
            ("http://proxy.example:99999", Some("http")),
            ("http://proxy.example:0", Some("http")),
            ("http://ada:pa#ss@proxy.example:3128", Some("http")),
            ("http://ada:1/2@proxy.example:3128", Some("http")),
            ("http://ada:1?2@proxy.example:3128", Some("http")),
            ("http://proxy.example:3128/proxy.pac", Some("http")),
            ("socks5://proxy example", Some("socks5")),
            ("socks5://", Some("socks5")),
            ("socks5://:1080", Some("socks5")),
            ("http:/proxy.example:3128", Some("http")),
            ("[::1", Some("http")),
        ] {
            assert_eq!(read(text), Err(scheme.map(str::to_owned)), "{text}");
        }
        assert!(read(&format!("http://{}:1", "a".repeat(MAX_LEN))).is_err());
    }

    #[test]
    fn whether_a_proxy_is_on_this_computer_is_told_for_every_scheme() {
        for (text, expected) in [
            ("http://127.0.0.1:3128", true),
            ("socks5h://127.0.0.1:1080", true),
            ("socks5://[::1]:1080", true),
            ("http://localhost:3128", true),
            ("socks5://10.0.0.1", false),
            ("http://proxy.example", false),
        ] {
            let Ok(Way::Proxy(proxy)) = parse(text, None) else { panic!("{text}") };
            assert_eq!(proxy.is_here(), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_password_is_ever_part_of_what_is_told(scheme in "[a-z0-9+: ]{0,12}", password in "[!-~]{8,30}") {
            if let Err(setting) = parse(&format!("{scheme}://ada:{password}@proxy.example:port"), None) {
                proptest::prop_assert!(!format!("{setting:?}").contains(&password), "{:?}", setting);
            }
        }
    }
}
