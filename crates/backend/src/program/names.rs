//! Names of the environment that look like this program's and that it doesn't know: a misspelt one is silent otherwise.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// As Kubernetes writes them.
const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];
/// Every name that is read. A test compares them with the configuration's sources.
const KNOWN: [&str; 27] = [
    "CONNECT_CLIENTS_FILE",
    "CONNECT_CONNECTIONS_PER_ADDRESS",
    "CONNECT_EGRESS_ID",
    "CONNECT_LINK_SCHEME",
    "CONNECT_LISTEN",
    "CONNECT_OPERATOR_NAME",
    "CONNECT_OPERATOR_URL",
    "CONNECT_PER_ADDRESS_PER_MINUTE",
    "CONNECT_PRIVATE_LISTEN",
    "CONNECT_REDIS_CA_FILE",
    "CONNECT_REDIS_CERTIFICATE_FILE",
    "CONNECT_REDIS_KEY",
    "CONNECT_REDIS_URL",
    "CONNECT_REFUSALS",
    "CONNECT_SEALING_KEY",
    "CONNECT_SEALING_KEY_PREVIOUS",
    "CONNECT_TRUSTED_PROXIES",
    "MONEI_AUTHORIZE_CALLS_PER_MINUTE",
    "MONEI_AUTHORIZE_URL",
    "MONEI_BUDGET_SCOPE",
    "MONEI_CLIENT_ID",
    "MONEI_CLIENT_SECRET",
    "MONEI_CLIENT_SECRET_PREVIOUS",
    "MONEI_ENVIRONMENT",
    "MONEI_REDIRECT_URI",
    "MONEI_REFRESH_AUTH",
    "MONEI_TOKEN_CALLS_PER_MINUTE",
];
/// Known in the sandbox environment.
const SANDBOX: &str = "MONEI_SANDBOX_URL";
/// Of these a file may be named instead of the value.
const SECRETS: [&str; 6] = [
    "CONNECT_REDIS_KEY",
    "CONNECT_REDIS_URL",
    "CONNECT_SEALING_KEY",
    "CONNECT_SEALING_KEY_PREVIOUS",
    "MONEI_CLIENT_SECRET",
    "MONEI_CLIENT_SECRET_PREVIOUS",
];

/// Of these names with their values, those that are probably meant for this program and have no effect, in order.
pub fn unknown(values: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let values: BTreeMap<_, _> = values.collect();
    let is_known = |name: &str| {
        let file_of = name.strip_suffix("_FILE").is_some_and(|secret| SECRETS.contains(&secret));
        KNOWN.contains(&name) || name == SANDBOX || file_of
    };
    let ours = |name: &String| name.starts_with("CONNECT_") || name.starts_with("MONEI_");
    values.keys().filter(|name| ours(name) && !is_known(name) && !is_of_kubernetes(name, &values)).cloned().collect()
}

/// Whether Kubernetes sets this name for a service that is called connect-… or monei-…, and to such a value.
fn is_of_kubernetes(name: &str, values: &BTreeMap<String, String>) -> bool {
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    let is_url = |text: &str| {
        text.split_once("://").is_some_and(|(kind, rest)| PROTOCOLS.contains(&kind) && rest.parse::<std::net::SocketAddr>().is_ok())
    };
    let fits = |rest: &str, value: &str| match rest {
        "SERVICE_HOST" => is_address(value),
        "SERVICE_PORT" => is_port(value),
        "PORT" => is_url(value),
        _ if rest.starts_with("SERVICE_PORT_") => is_port(value),
        _ => {
            let parts: Vec<_> = rest.split('_').collect();
            let is_of_port =
                matches!(parts[..], ["PORT", port, kind, ..] if is_port(port) && PROTOCOLS.contains(&kind.to_ascii_lowercase().as_str()));
            is_of_port
                && match parts[3..] {
                    [] => is_url(value),
                    ["PROTO"] => PROTOCOLS.contains(&value),
                    ["PORT"] => is_port(value),
                    ["ADDR"] => is_address(value),
                    _ => false,
                }
        }
    };
    let is_service = |service: &str| {
        let of = |rest: &str| values.get(&format!("{service}_{rest}")).map_or("", String::as_str);
        is_address(of("SERVICE_HOST")) && is_port(of("SERVICE_PORT"))
    };
    let value = values.get(name).map_or("", String::as_str);
    name.match_indices('_').any(|(at, _)| fits(&name[at + 1..], value) && is_service(&name[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(values: &[(&str, &str)]) -> Vec<String> {
        unknown(values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn a_misspelt_name_is_told_and_a_known_one_is_not() {
        let names = |names: &[&str]| told(&names.iter().map(|name| (*name, "x")).collect::<Vec<_>>());
        assert_eq!(names(&["MONEI_CLIENTID", "CONNECT_REDIS", "PATH", "HOME"]), ["CONNECT_REDIS", "MONEI_CLIENTID"]);
        assert!(names(&["MONEI_CLIENT_ID", "MONEI_CLIENT_SECRET_FILE", "MONEI_SANDBOX_URL"]).is_empty());
        assert_eq!(names(&["CONNECT_LISTEN_FILE"]), ["CONNECT_LISTEN_FILE"], "not a secret, so there is no file of it");
    }

    /// Names that end in `_PORT` were never told.
    #[test]
    fn only_what_kubernetes_sets_for_a_service_is_passed_over() {
        let of_a_service = [
            ("CONNECT_BACKEND_SERVICE_HOST", "10.96.7.1"),
            ("CONNECT_BACKEND_SERVICE_PORT", "8080"),
            ("CONNECT_BACKEND_SERVICE_PORT_HTTP_ALT", "8080"),
            ("CONNECT_BACKEND_PORT", "tcp://10.96.7.1:8080"),
            ("CONNECT_BACKEND_PORT_8080_TCP", "tcp://10.96.7.1:8080"),
            ("CONNECT_BACKEND_PORT_8080_TCP_PROTO", "tcp"),
            ("CONNECT_BACKEND_PORT_8080_TCP_PORT", "8080"),
            ("CONNECT_BACKEND_PORT_8080_TCP_ADDR", "10.96.7.1"),
            ("MONEI_SERVICE_HOST", "fd00::7"),
            ("MONEI_SERVICE_PORT", "53"),
            ("MONEI_PORT", "udp://[fd00::7]:53"),
            ("MONEI_PORT_53_UDP", "udp://[fd00::7]:53"),
            ("MONEI_PORT_53_UDP_ADDR", "fd00::7"),
        ];
        assert_eq!(told(&of_a_service), [""; 0]);
        let others = [
            ("CONNECT_BACKEND_PORT_LISTEN", "8080"),
            ("CONNECT_LISTEN_PORT", "8080"),
            ("CONNECT_PORT", "8080"),
            ("MONEI_PORT_53_UDP_MODE", "x"),
            ("MONEI_SERVICE_NAME", "monei"),
            ("MONEI_SERVICE_URL", "https://api.monei.cc"),
        ];
        assert_eq!(told(&[&of_a_service[..], &others].concat()), others.map(|(name, _)| name.to_owned()));
        for value in ["8080", "http://10.96.7.1:8080", ""] {
            let values = [("CONNECT_SERVICE_HOST", "10.96.7.1"), ("CONNECT_SERVICE_PORT", "8080"), ("CONNECT_PORT", value)];
            assert_eq!(told(&values), ["CONNECT_PORT"], "{value}");
        }
        // Without the address there is no service.
        assert_eq!(told(&[("CONNECT_SERVICE_PORT", "8080"), ("MONEI_SERVICE_HOST", "api.monei.cc")]).len(), 2);
    }

    #[test]
    fn every_name_that_the_configuration_reads_is_known() {
        let sources = [
            include_str!("../config.rs"),
            include_str!("../config/address.rs"),
            include_str!("../config/clients.rs"),
            include_str!("../config/store.rs"),
        ]
        .concat();
        let names = sources.split('"').filter(|part| {
            // The beginnings alone are no names.
            (part.starts_with("MONEI_") || part.starts_with("CONNECT_"))
                && !part.ends_with('_')
                && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        });
        let read: std::collections::BTreeSet<_> = names.map(str::to_owned).collect();
        assert!(read.len() > 20);
        assert_eq!(unknown(read.into_iter().map(|name| (name, "x".to_owned()))), [""; 0]);
    }

    #[test]
    fn the_manual_page_has_every_name_and_no_other() {
        let page = include_str!("../../../../packaging/connect-backend/connect-backend.8");
        let words: std::collections::BTreeSet<&str> =
            page.split(|letter: char| !letter.is_ascii_uppercase() && letter != '_').filter(|word| !word.is_empty()).collect();
        for name in KNOWN.iter().chain([&SANDBOX]) {
            assert!(words.contains(name), "{name} is not in the manual page");
        }
        let named = words.into_iter().filter(|word| word.starts_with("MONEI_") || word.starts_with("CONNECT_"));
        assert_eq!(unknown(named.map(|name| (name.to_owned(), "x".to_owned()))), [""; 0]);
    }
}
