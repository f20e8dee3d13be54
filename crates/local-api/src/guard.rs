//! What every request must be before anything is done for it: from a program of this computer, not from a web page, with one key.

use http::header::{AUTHORIZATION, COOKIE, HOST, HeaderMap, HeaderName, ORIGIN};
use http::request::Parts;
use http::uri::Authority;

use crate::Reason;
use crate::answer::Refusal;
use crate::listen::LONGEST_HEAD;

const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Sent by browsers alone. `Sec-Fetch-Mode` is not among them: Node's `fetch` sends it.
const OF_BROWSERS: [HeaderName; 4] = [ORIGIN, HeaderName::from_static("sec-fetch-site"), HeaderName::from_static("sec-fetch-dest"), COOKIE];
/// Longest key looked at, in bytes.
const LONGEST_KEY: usize = 256;

/// Refuses what a web page sends, whatever name it has for this computer (DNS rebinding).
pub(crate) fn is_of_a_program(parts: &Parts) -> Result<(), Refusal> {
    if OF_BROWSERS.iter().any(|name| parts.headers.contains_key(name)) {
        return Err(Refusal::new(
            Reason::BrowserRefused,
            "Web pages can't use Monei Connections. Call it from a program of your own, without a browser's headers.",
        ));
    }
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).and_then(|host| host.parse::<Authority>().ok());
    let named = parts.uri.authority();
    let loopback = host.as_ref().is_some_and(is_loopback) && hosts.next().is_none() && named.is_none_or(is_loopback);
    if loopback {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::BrowserRefused,
        "Call Monei Connections by the address 127.0.0.1 or by its socket: the Host header must name this computer.",
    ))
}

/// Refuses a head that is too long: what arrives in one piece is read whole, whatever the buffer's bound.
pub(crate) fn has_a_short_head(parts: &Parts) -> Result<(), Refusal> {
    // Between and after each name and value: a colon, a space and the line's end.
    let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if headers + target <= LONGEST_HEAD {
        Ok(())
    } else {
        Err(Refusal::new(Reason::TooLarge, "The request is too long: its head may have 32 KiB."))
    }
}

fn is_loopback(authority: &Authority) -> bool {
    !authority.as_str().contains('@') && matches!(authority.host().to_ascii_lowercase().as_str(), "127.0.0.1" | "localhost" | "[::1]")
}

/// The key that the request carries.
pub(crate) fn key(headers: &HeaderMap) -> Result<&str, Refusal> {
    let missing = || {
        Refusal::new(
            Reason::KeyUnknown,
            "Send your app key in the header X-API-KEY, or as Authorization: Bearer. You get one in Monei Connections, on the Apps page.",
        )
    };
    let mut keys = Vec::new();
    for value in headers.get_all(X_API_KEY) {
        keys.push(value.to_str().map_err(|_| missing())?.trim());
    }
    for value in headers.get_all(AUTHORIZATION) {
        let value = value.to_str().map_err(|_| missing())?;
        let (scheme, key) = value.split_once(' ').ok_or_else(missing)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(missing());
        }
        keys.push(key.trim());
    }
    let Some((first, rest)) = keys.split_first() else { return Err(missing()) };
    if first.is_empty() || first.len() > LONGEST_KEY {
        return Err(missing());
    }
    if rest.iter().any(|other| other != first) {
        return Err(Refusal::invalid("The request carries two different keys. Send one, in X-API-KEY or as Authorization: Bearer."));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a step of a test that fails is a failed test")]
    use http::Request;

    use super::*;

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_a_program_that_names_this_computer_gets_in() {
        for host in ["127.0.0.1", "127.0.0.1:20000", "localhost", "LOCALHOST:1", "[::1]:2"] {
            assert!(is_of_a_program(&parts("/", &[("host", host), ("sec-fetch-mode", "cors")])).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:20000",
            "127.0.0.1@evil.example",
            "user@127.0.0.1",
            "127.0.0.2",
            "",
            "0.0.0.0",
        ] {
            assert!(is_of_a_program(&parts("/", &[("host", host)])).is_err(), "{host}");
        }
        assert!(is_of_a_program(&parts("/", &[])).is_err());
        assert!(is_of_a_program(&parts("/", &[("host", "localhost"), ("host", "localhost")])).is_err());
        assert!(is_of_a_program(&parts("http://evil.example/", &[("host", "localhost")])).is_err());
        for (name, value) in
            [("origin", "null"), ("origin", "http://127.0.0.1"), ("sec-fetch-site", "none"), ("sec-fetch-dest", "empty"), ("cookie", "a=b")]
        {
            assert!(is_of_a_program(&parts("/", &[("host", "localhost"), (name, value)])).is_err(), "{name}");
        }
    }

    #[test]
    fn a_request_carries_one_key_in_one_header_or_in_both() {
        let of = |headers: &[(&str, &str)]| key(&parts("/", headers).headers).map(str::to_owned).map_err(|refusal| refusal.reason);
        assert_eq!(of(&[("x-api-key", "mcl_a")]), Ok("mcl_a".into()));
        assert_eq!(of(&[("authorization", "bearer mcl_a")]), Ok("mcl_a".into()));
        assert_eq!(of(&[("authorization", "Bearer mcl_a"), ("x-api-key", "mcl_a")]), Ok("mcl_a".into()));
        assert_eq!(of(&[("authorization", "Bearer mcl_a"), ("x-api-key", "mcl_b")]), Err(Reason::RequestInvalid));
        assert_eq!(of(&[("x-api-key", "mcl_a"), ("x-api-key", "mcl_b")]), Err(Reason::RequestInvalid));
        for headers in [&[][..], &[("x-api-key", "")], &[("authorization", "Basic bWNs")], &[("authorization", "mcl_a")]] {
            assert_eq!(of(headers), Err(Reason::KeyUnknown), "{headers:?}");
        }
    }
}
