//! Who may come in: loopback alone, or others where the person who starts the sandbox says so.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::mint::same;
use crate::options::Access;

/// The rules of one sandbox.
pub(crate) struct Gate {
    hosts: Vec<String>,
    remote: bool,
    control_token: Option<String>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("hosts", &self.hosts).field("remote", &self.remote).finish_non_exhaustive()
    }
}

impl Gate {
    pub(crate) fn new(access: Access) -> Gate {
        match access {
            Access::Loopback => Gate { hosts: Vec::new(), remote: false, control_token: None },
            Access::Remote { hosts, control_token } => {
                let hosts = hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect();
                Gate { hosts, remote: true, control_token: Some(control_token) }
            }
        }
    }

    /// Whether a listener beyond loopback is fine.
    pub(crate) fn remote(&self) -> bool {
        self.remote
    }

    /// Whether a request may name this host, without its port. A name that an attacker points here is none of them (DNS rebinding).
    pub(crate) fn admits(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        matches!(host.as_str(), "127.0.0.1" | "[::1]" | "localhost") || self.hosts.contains(&host)
    }

    /// Whether the control page and its API are open to a request with this `Authorization`: the token as a bearer's, or as the password of
    /// anybody, which is what browsers can send.
    pub(crate) fn opens_control(&self, authorization: Option<&str>) -> bool {
        let Some(token) = &self.control_token else { return true };
        let Some((scheme, given)) = authorization.and_then(|text| text.split_once(' ')) else { return false };
        if scheme.eq_ignore_ascii_case("bearer") {
            return same(token, given.trim());
        }
        let decoded = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(given.trim()).ok()).flatten();
        let password = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        password.as_deref().and_then(|text| text.split_once(':')).is_some_and(|(_, password)| same(token, password))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn gate() -> Gate {
        Gate::new(Access::Remote { hosts: vec!["Sandbox".into()], control_token: "a-token-of-the-control-page".into() })
    }

    #[test]
    fn only_loopback_and_the_named_hosts_are_admitted() {
        for (host, admitted) in
            [("sandbox", true), ("SANDBOX", true), ("127.0.0.1", true), ("evil.example", false), ("sandbox.evil.example", false)]
        {
            assert_eq!(gate().admits(host), admitted, "{host}");
        }
        assert!(!Gate::new(Access::Loopback).admits("sandbox"));
    }

    #[test]
    fn the_control_page_opens_with_the_token_in_either_form_and_with_nothing_else() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        for (header, opens) in [
            (Some("Bearer a-token-of-the-control-page".to_owned()), true),
            (Some(basic("me:a-token-of-the-control-page")), true),
            (Some("Bearer another".to_owned()), false),
            (Some(basic("a-token-of-the-control-page:")), false),
            (Some("Basic !!".to_owned()), false),
            (None, false),
        ] {
            assert_eq!(gate().opens_control(header.as_deref()), opens, "{header:?}");
        }
        assert!(Gate::new(Access::Loopback).opens_control(None));
        assert!(!format!("{:?}", gate()).contains("a-token"));
    }

    proptest! {
        #[test]
        fn nothing_but_the_token_opens_the_control_page(
            header in prop_oneof![".{0,60}", "(Bearer|Basic|bearer) [A-Za-z0-9+/=-]{0,60}", "Bearer a-token-of-the-control-pag.{0,2}"],
        ) {
            let opens = gate().opens_control(Some(&header));
            let bearer = header.split_once(' ').is_some_and(|(scheme, rest)| scheme.eq_ignore_ascii_case("bearer") && rest.trim() == "a-token-of-the-control-page");
            let basic = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")).and_then(|(_, rest)| STANDARD.decode(rest.trim()).ok());
            let basic = basic.is_some_and(|bytes| bytes.ends_with(b":a-token-of-the-control-page"));
            prop_assert_eq!(opens, bearer || basic);
        }

        #[test]
        fn no_other_host_is_admitted(host in prop_oneof![".{0,30}", "[a-z0-9.\\[\\]:-]{0,20}", "(sandbox|localhost|127.0.0.1)[.a-z]{0,10}"]) {
            let lower = host.to_ascii_lowercase();
            prop_assert_eq!(gate().admits(&host), ["127.0.0.1", "[::1]", "localhost", "sandbox"].contains(&lower.as_str()));
        }
    }
}
