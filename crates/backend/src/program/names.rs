//! Names of the environment that look like this program's and that it doesn't know: a misspelt one is silent otherwise.

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

/// Those of `names` that are probably meant for this program and have no effect, in order.
pub fn unknown(names: impl Iterator<Item = String>) -> Vec<String> {
    let is_known = |name: &str| {
        let file_of = name.strip_suffix("_FILE").is_some_and(|secret| SECRETS.contains(&secret));
        KNOWN.contains(&name) || name == SANDBOX || file_of
    };
    let ours = |name: &String| name.starts_with("CONNECT_") || name.starts_with("MONEI_");
    // Kubernetes sets such names for every service that is called connect-… or monei-….
    let of_kubernetes = |name: &String| name.contains("_SERVICE_") || name.contains("_PORT_") || name.ends_with("_PORT");
    let mut unknown: Vec<_> = names.filter(ours).filter(|name| !is_known(name) && !of_kubernetes(name)).collect();
    unknown.sort_unstable();
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_is_told_and_a_known_one_is_not() {
        let told = |names: &[&str]| unknown(names.iter().map(|name| (*name).to_owned()));
        assert_eq!(told(&["MONEI_CLIENTID", "CONNECT_REDIS", "PATH", "HOME"]), ["CONNECT_REDIS", "MONEI_CLIENTID"]);
        assert!(told(&["MONEI_CLIENT_ID", "MONEI_CLIENT_SECRET_FILE", "MONEI_SANDBOX_URL"]).is_empty());
        assert!(told(&["CONNECT_BACKEND_SERVICE_HOST", "CONNECT_BACKEND_PORT", "CONNECT_BACKEND_PORT_8080_TCP"]).is_empty());
        assert_eq!(told(&["CONNECT_LISTEN_FILE"]), ["CONNECT_LISTEN_FILE"], "not a secret, so there is no file of it");
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
        assert_eq!(unknown(read.into_iter()), [""; 0]);
    }
}
