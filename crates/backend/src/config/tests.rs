use std::collections::BTreeMap;

use super::*;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

type Values = BTreeMap<&'static str, String>;

fn sandbox() -> Values {
    [
        ("MONEI_ENVIRONMENT", "sandbox"),
        ("MONEI_CLIENT_ID", "mc_sim_app"),
        ("MONEI_CLIENT_SECRET", "mcs_sim_secret"),
        ("CONNECT_SEALING_KEY", KEY),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn live(environment: &str) -> Values {
    [
        ("MONEI_ENVIRONMENT", environment),
        ("MONEI_CLIENT_ID", "mc_a3f9"),
        ("MONEI_CLIENT_SECRET", "mcs_8d4e7f2a9b"),
        ("MONEI_REDIRECT_URI", "https://connect.example.org/v1/callback"),
        ("CONNECT_OPERATOR_NAME", "Example"),
        ("CONNECT_SEALING_KEY", KEY),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn read(values: &Values) -> Result<Config, ConfigError> {
    Config::from_lookup(&|name| values.get(name).cloned())
}

fn with(mut values: Values, name: &'static str, value: &str) -> Values {
    values.insert(name, value.to_owned());
    values
}

#[track_caller]
fn refused(values: &Values, name: &str) -> String {
    let sentence = read(values).expect_err("must be refused").to_string();
    assert!(sentence.contains(name), "{sentence:?} must name {name}");
    assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence:?} must be one sentence");
    sentence
}

#[test]
fn the_sandbox_needs_little_and_stays_on_this_computer() {
    let config = read(&sandbox()).unwrap();
    assert_eq!(config.registrations.first().redirect_uri, "http://127.0.0.1:43117/v1/callback");
    assert_eq!(config.listen().to_string(), "127.0.0.1:43117");
    assert_eq!(config.authorize_url.as_str(), "http://127.0.0.1:43118/connect/authorize");
    assert_eq!(config.api_base, "http://127.0.0.1:43118/api/v1");
    assert_eq!(config.token_calls_per_minute.get(), 10);
    assert!(!config.https && config.private_listen().is_none());
}

#[test]
fn production_and_development_have_their_own_hosts() {
    let production = read(&live("production")).unwrap();
    assert_eq!(production.api_base, "https://api.monei.cc/api/v1");
    assert_eq!(production.authorize_url.as_str(), "https://monei.cc/connect/authorize");
    let development = read(&with(live("development"), "MONEI_AUTHORIZE_URL", "https://dev.monei.cc/connect/authorize")).unwrap();
    assert_eq!(development.api_base, "https://api.dev.monei.cc/api/v1");
    assert_eq!(development.authorize_url.as_str(), "https://dev.monei.cc/connect/authorize");
}

#[test]
fn every_missing_value_is_named() {
    for name in [
        "MONEI_ENVIRONMENT",
        "MONEI_CLIENT_ID",
        "MONEI_CLIENT_SECRET",
        "MONEI_REDIRECT_URI",
        "CONNECT_OPERATOR_NAME",
        "CONNECT_SEALING_KEY",
    ] {
        for blank in [None, Some("  ")] {
            let mut values = live("production");
            values.remove(name);
            if let Some(blank) = blank {
                values.insert(name, blank.to_owned());
            }
            assert!(refused(&values, name).contains("is missing"));
        }
    }
}

#[test]
fn values_that_do_not_fit_together_are_refused() {
    let cases = [
        (with(live("production"), "MONEI_CLIENT_SECRET", "mcs_sim_secret"), "MONEI_CLIENT_SECRET"),
        (with(live("development"), "MONEI_CLIENT_SECRET", "mcs_sim_secret"), "MONEI_CLIENT_SECRET"),
        (with(live("production"), "MONEI_CLIENT_SECRET_PREVIOUS", "mcs_sim_secret"), "MONEI_CLIENT_SECRET_PREVIOUS"),
        (with(sandbox(), "MONEI_CLIENT_SECRET", "mcs_8d4e7f2a9b"), "MONEI_CLIENT_SECRET"),
        (with(live("production"), "MONEI_CLIENT_ID", "mc_sim_app"), "MONEI_CLIENT_ID"),
        (with(live("production"), "MONEI_CLIENT_ID", "mcs_8d4e7f2a9b"), "MONEI_CLIENT_ID"),
        (with(live("production"), "MONEI_SANDBOX_URL", "http://127.0.0.1:43118"), "MONEI_SANDBOX_URL"),
        (with(live("production"), "MONEI_AUTHORIZE_URL", "https://monei.cc/connect/authorize"), "MONEI_AUTHORIZE_URL"),
        (with(sandbox(), "MONEI_AUTHORIZE_URL", "https://monei.cc/connect/authorize"), "MONEI_AUTHORIZE_URL"),
        (with(live("production"), "MONEI_REDIRECT_URI", "http://127.0.0.1:43117/v1/callback"), "MONEI_REDIRECT_URI"),
        (with(live("production"), "MONEI_REDIRECT_URI", "https://localhost/v1/callback"), "MONEI_REDIRECT_URI"),
        (with(sandbox(), "CONNECT_SEALING_KEY_PREVIOUS", KEY), "CONNECT_SEALING_KEY_PREVIOUS"),
    ];
    for (values, name) in cases {
        refused(&values, name);
    }
}

#[test]
fn wrong_values_are_named_and_never_shown() {
    let cases = [
        ("MONEI_ENVIRONMENT", "staging-x9"),
        ("MONEI_CLIENT_ID", "app-x9"),
        ("MONEI_CLIENT_ID", "mc_sim_x9 y"),
        ("MONEI_CLIENT_SECRET", "secret-x9"),
        ("MONEI_CLIENT_SECRET", "mcs_sim_x9 y\u{7}"),
        ("MONEI_SANDBOX_URL", "http://x9.example.org"),
        ("MONEI_SANDBOX_URL", "http://127.0.0.1.x9.example.org"),
        ("MONEI_SANDBOX_URL", "http://127.0.0.1:1/x9"),
        ("MONEI_SANDBOX_URL", "http://x9@127.0.0.1:1"),
        ("MONEI_SANDBOX_URL", "x9"),
        ("MONEI_REDIRECT_URI", "x9"),
        ("MONEI_REDIRECT_URI", "http://x9.example.org/v1/callback"),
        ("MONEI_REDIRECT_URI", "http://127.0.0.1/v1/callback"),
        ("MONEI_REDIRECT_URI", "https://X9.example.org/v1/callback"),
        ("MONEI_REDIRECT_URI", "https://x9.example.org:443/v1/callback"),
        ("MONEI_REDIRECT_URI", "https://x9.example.org/callback"),
        ("MONEI_REDIRECT_URI", "https://x9.example.org/v1/callback/"),
        ("MONEI_REDIRECT_URI", "https://x9.example.org/v1/callback?a=b"),
        ("MONEI_REDIRECT_URI", "https://x9.example.org/v1/callback#"),
        ("MONEI_REDIRECT_URI", "https://x9@example.org/v1/callback"),
        ("MONEI_REDIRECT_URI", "ftp://127.0.0.1:1/v1/callback"),
        ("MONEI_REFRESH_AUTH", "x9"),
        ("MONEI_TOKEN_CALLS_PER_MINUTE", "0"),
        ("MONEI_TOKEN_CALLS_PER_MINUTE", "-1"),
        ("MONEI_TOKEN_CALLS_PER_MINUTE", "x9"),
        ("CONNECT_PER_ADDRESS_PER_MINUTE", "x9"),
        ("CONNECT_CONNECTIONS_PER_ADDRESS", "1.5"),
        ("CONNECT_LISTEN", "x9"),
        ("CONNECT_PRIVATE_LISTEN", "127.0.0.1"),
        ("CONNECT_OPERATOR_NAME", "a\nx9"),
        ("CONNECT_OPERATOR_URL", "javascript:x9"),
        ("CONNECT_OPERATOR_URL", "http://x9.example.org"),
        ("CONNECT_LINK_SCHEME", "x9"),
        ("CONNECT_LINK_SCHEME", "javascript"),
        ("CONNECT_LINK_SCHEME", "org.x9:"),
        ("CONNECT_SEALING_KEY", "x9"),
        ("CONNECT_SEALING_KEY", "0000000000000000000000000000000000000000000000000000000000000000"),
        ("CONNECT_SEALING_KEY_PREVIOUS", "x9"),
    ];
    for (name, value) in cases {
        let sentence = refused(&with(sandbox(), name, value), name);
        assert!(!sentence.contains("x9"), "{sentence:?} shows the value");
    }
}

#[test]
fn a_consent_page_outside_of_monei_is_refused() {
    for url in [
        "http://monei.cc/connect/authorize",
        "https://monei.cc.evil.example/connect/authorize",
        "https://evilmonei.cc/connect/authorize",
        "https://monei.cc:8443/connect/authorize",
        "https://user@monei.cc/connect/authorize",
        "https://monei.cc/connect/authorize?a=b",
    ] {
        refused(&with(live("development"), "MONEI_AUTHORIZE_URL", url), "MONEI_AUTHORIZE_URL");
    }
}

#[test]
fn loopback_redirects_are_allowed_for_development() {
    for (uri, listen) in [
        ("http://127.0.0.1:43117/v1/callback", "127.0.0.1:43117"),
        ("http://localhost:43117/v1/callback", "127.0.0.1:43117"),
        ("http://[::1]:43117/v1/callback", "[::1]:43117"),
    ] {
        let config = read(&with(live("development"), "MONEI_REDIRECT_URI", uri)).unwrap();
        assert_eq!(
            (config.registrations.first().redirect_uri.as_str(), config.https, config.listen().to_string().as_str()),
            (uri, false, listen)
        );
    }
}

mod files {
    use super::*;

    /// A file; of this mode where there are modes.
    fn file(folder: &std::path::Path, name: &str, text: &str, mode: u32) -> String {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        set_mode(&path, mode);
        path.to_str().unwrap().to_owned()
    }

    #[cfg(unix)]
    fn set_mode(path: &std::path::Path, mode: u32) {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    }

    #[cfg(not(unix))]
    fn set_mode(_: &std::path::Path, _: u32) {}

    fn from_file(path: &str) -> Values {
        let mut values = sandbox();
        values.remove("MONEI_CLIENT_SECRET");
        with(values, "MONEI_CLIENT_SECRET_FILE", path)
    }

    #[test]
    fn a_secret_is_read_from_a_file_that_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o400, 0o600] {
            let path = file(folder.path(), &format!("{mode:o}"), "mcs_sim_from_file\n", mode);
            assert_eq!(read(&from_file(&path)).unwrap().secrets[0].present.expose(), "mcs_sim_from_file");
        }
        #[cfg(unix)]
        for mode in [0o644, 0o640, 0o604, 0o660, 0o620, 0o601] {
            let path = file(folder.path(), &format!("{mode:o}"), "mcs_sim_from_file\n", mode);
            let sentence = refused(&from_file(&path), "MONEI_CLIENT_SECRET_FILE");
            assert!(sentence.contains("open to other users"), "{mode:o}: {sentence}");
        }
    }

    /// Kubernetes mounts secrets like this, and they were refused.
    #[cfg(unix)]
    #[test]
    fn a_secret_may_be_readable_by_a_group_of_this_program_and_by_no_other() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), "secret", "mcs_sim_from_file\n", 0o440);
        let own = rustix::process::getegid().as_raw();
        assert_eq!(std::fs::metadata(&path).unwrap().gid(), own);
        assert_eq!(read(&from_file(&path)).unwrap().secrets[0].present.expose(), "mcs_sim_from_file");
        if std::os::unix::fs::chown(&path, None, Some(own + 54_321)).is_ok() {
            assert!(refused(&from_file(&path), "MONEI_CLIENT_SECRET_FILE").contains("open to other users"));
        }
    }

    /// Two registrations in a file, with secrets beside it.
    fn clients(folder: &std::path::Path, list: &str) -> Values {
        for (name, secret) in [("one", "mcs_sim_secret_one"), ("two", "mcs_sim_secret_two")] {
            file(folder, name, secret, 0o400);
        }
        let mut values = sandbox();
        values.remove("MONEI_CLIENT_ID");
        values.remove("MONEI_CLIENT_SECRET");
        with(values, "CONNECT_CLIENTS_FILE", &file(folder, "clients.toml", list, 0o644))
    }

    const TWO: &str = "[[client]]\nid = 'mc_sim_one'\nsecret_file = 'one'\n[[client]]\nid = 'mc_sim_two'\nsecret_file = 'two'\n";

    #[test]
    fn a_file_lists_several_registrations() {
        let folder = tempfile::tempdir().unwrap();
        let config = read(&clients(folder.path(), TWO)).unwrap();
        let ids: Vec<_> = config.registrations.shards().map(|shard| config.registrations.get(shard).client_id.as_str()).collect();
        assert_eq!(ids, ["mc_sim_one", "mc_sim_two"]);
        assert_eq!(config.secrets[1].present.expose(), "mcs_sim_secret_two");
        assert_eq!(config.registrations.first().redirect_uri, "http://127.0.0.1:43117/v1/callback");
    }

    /// systemd shows credentials with mode 0440 and a group that isn't the service's, and their folder differs with each version.
    #[test]
    fn the_list_and_its_secrets_may_be_systemd_credentials() {
        let folder = tempfile::tempdir().unwrap();
        let list = TWO.replace("'two'", "'two'\nprevious_secret_file = 'two-previous'");
        for (name, text) in
            [("one", "mcs_sim_secret_one"), ("two", "mcs_sim_secret_two"), ("two-previous", "mcs_sim_secret_old"), ("clients.toml", &list)]
        {
            file(folder.path(), name, text, 0o440);
            // Not allowed for a person who isn't root; then the group is this program's own.
            #[cfg(unix)]
            let _ = std::os::unix::fs::chown(folder.path().join(name), None, Some(rustix::process::getegid().as_raw() + 54_321));
        }
        let mut values = with(sandbox(), "CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap());
        values.retain(|name, _| !name.starts_with("MONEI_CLIENT"));
        let absolute = folder.path().join("clients.toml");
        for path in ["clients.toml", absolute.to_str().unwrap()] {
            let config = read(&with(values.clone(), "CONNECT_CLIENTS_FILE", path)).unwrap_or_else(|error| panic!("{path}: {error}"));
            let secrets: Vec<_> = config.secrets.iter().map(|pair| pair.present.expose()).collect();
            assert_eq!(secrets, ["mcs_sim_secret_one", "mcs_sim_secret_two"]);
            assert_eq!(config.secrets[1].previous.as_ref().map(|secret| secret.expose()), Some("mcs_sim_secret_old"));
        }
        for name in ["ca.pem", "own.pem"] {
            file(folder.path(), name, name, 0o440);
        }
        let of_store = [
            ("CONNECT_REDIS_URL", "rediss://x"),
            ("CONNECT_REDIS_CA_FILE", "ca.pem"),
            ("CONNECT_REDIS_CERTIFICATE_FILE", "own.pem"),
            ("CONNECT_REDIS_KEY", "x"),
        ];
        let all = of_store
            .into_iter()
            .fold(with(values.clone(), "CONNECT_CLIENTS_FILE", "clients.toml"), |all, (name, value)| with(all, name, value));
        let store = read(&all).unwrap_or_else(|error| panic!("{error}")).store.unwrap();
        assert_eq!((store.ca.unwrap(), store.client.unwrap().certificate), (b"ca.pem".to_vec(), b"own.pem".to_vec()));
        #[cfg(unix)]
        for mode in [0o444, 0o460, 0o640 | 0o004] {
            set_mode(&folder.path().join("two"), mode);
            let sentence = refused(&with(values.clone(), "CONNECT_CLIENTS_FILE", "clients.toml"), "CONNECT_CLIENTS_FILE");
            assert!(sentence.contains("open to other users"), "{mode:o}: {sentence}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_used_stops_the_start_and_shows_nothing_of_itself() {
        let elsewhere = format!("{TWO}redirect_uri = 'http://127.0.0.1:1/v1/callback'\n");
        for list in [
            "",
            "client = []",
            "x9",
            "[[client]]\nid = 'mc_sim_x9'\n",
            "[[client]]\nid = 'mc_sim_x9'\nsecret = 'mcs_sim_x9x9x9'\nsecret_file = 'one'\n",
            "[[client]]\nid = 'x9'\nsecret_file = 'one'\n",
            "[[client]]\nid = 'mc_sim_x9'\nsecret_file = 'clients.toml'\n",
            "[[client]]\nid = 'mc_sim_x9'\nsecret_file = 'missing'\n",
            &TWO.replace("mc_sim_two", "mc_sim_one"),
            &elsewhere,
        ] {
            let folder = tempfile::tempdir().unwrap();
            let sentence = refused(&clients(folder.path(), list), "CONNECT_CLIENTS_FILE");
            assert!(!sentence.contains("x9"), "{list}: {sentence}");
        }
        let folder = tempfile::tempdir().unwrap();
        let listed = clients(folder.path(), TWO);
        refused(&with(listed.clone(), "MONEI_CLIENT_ID", "mc_sim_app"), "MONEI_CLIENT_ID");
        refused(&with(listed, "MONEI_CLIENT_SECRET", "mcs_sim_secret"), "MONEI_CLIENT_SECRET");
    }

    #[test]
    fn a_reload_takes_new_secrets_of_a_list_and_no_new_registration() {
        let folder = tempfile::tempdir().unwrap();
        let config = read(&clients(folder.path(), TWO)).unwrap();
        let other = tempfile::tempdir().unwrap();
        let renamed = read(&clients(other.path(), &TWO.replace("mc_sim_two", "mc_sim_three"))).unwrap();
        assert_eq!(config.differs_in_more_than_secrets(&renamed), Some("CONNECT_CLIENTS_FILE"));
        let other = tempfile::tempdir().unwrap();
        let same = read(&clients(other.path(), &TWO.replace("'two'", "'one'"))).unwrap();
        assert_eq!(config.differs_in_more_than_secrets(&same), None);
    }

    #[test]
    fn files_that_hold_no_secret_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let empty = file(folder.path(), "empty", "\n", 0o400);
        let long = file(folder.path(), "long", &"x".repeat(5000), 0o400);
        for path in [&empty, &long, folder.path().to_str().unwrap(), "/no/such/file"] {
            refused(&from_file(path), "MONEI_CLIENT_SECRET_FILE");
        }
    }

    /// The program hung at its start without a word, or read until memory was full.
    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_refused_at_once_whoever_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").args(["-m", "400"]).arg(&pipe).status().unwrap().success());
        let redis = with(sandbox(), "CONNECT_REDIS_URL", "rediss://127.0.0.1:1");
        let mut listed = sandbox();
        listed.retain(|name, _| !name.starts_with("MONEI_CLIENT"));
        for path in [pipe.to_str().unwrap(), "/dev/zero", folder.path().to_str().unwrap()] {
            for (values, name) in [
                (from_file(path), "MONEI_CLIENT_SECRET_FILE"),
                (with(sandbox(), "MONEI_CLIENT_SECRET_PREVIOUS_FILE", path), "MONEI_CLIENT_SECRET_PREVIOUS_FILE"),
                (with(listed.clone(), "CONNECT_CLIENTS_FILE", path), "CONNECT_CLIENTS_FILE"),
                (with(redis.clone(), "CONNECT_REDIS_CA_FILE", path), "CONNECT_REDIS_CA_FILE"),
            ] {
                let (tell, told) = std::sync::mpsc::channel();
                std::thread::spawn(move || tell.send(refused(&values, name)));
                let sentence = told.recv_timeout(std::time::Duration::from_secs(10)).unwrap_or_else(|_| panic!("{name}: {path} hangs"));
                assert!(sentence.contains("not a regular file"), "{sentence}");
            }
        }
    }

    #[test]
    fn only_one_of_value_and_file_may_be_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(folder.path(), "secret", "mcs_sim_from_file", 0o400);
        refused(&with(sandbox(), "MONEI_CLIENT_SECRET_FILE", &path), "MONEI_CLIENT_SECRET");
    }

    #[test]
    fn a_systemd_credential_comes_first() {
        for name in ["MONEI_CLIENT_SECRET", "monei_client_secret", "monei-client-secret"] {
            let folder = tempfile::tempdir().unwrap();
            file(folder.path(), name, "mcs_sim_credential\n", 0o440);
            let values = with(sandbox(), "CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap());
            assert_eq!(read(&values).unwrap().secrets[0].present.expose(), "mcs_sim_credential");
        }
        #[cfg(unix)]
        {
            let folder = tempfile::tempdir().unwrap();
            file(folder.path(), "monei-client-secret", "mcs_sim_credential\n", 0o444);
            refused(&with(sandbox(), "CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap()), "monei-client-secret");
        }
    }
}

#[test]
fn the_configuration_prints_no_secret() {
    let printed = format!("{:?}", read(&sandbox()).unwrap());
    assert!(!printed.contains("mcs_") && !printed.contains("0001"), "{printed}");
}

#[test]
fn a_store_on_another_computer_is_reached_over_tls_alone() {
    for address in ["redis://127.0.0.1:6379", "redis://:password@[::1]:6379/2", "redis://localhost", "rediss://store.example:6380"] {
        assert!(read(&with(sandbox(), "CONNECT_REDIS_URL", address)).unwrap().store.is_some(), "{address}");
    }
    let socket = with(sandbox(), "CONNECT_REDIS_URL", "redis+unix:///run/redis/socket");
    if cfg!(unix) {
        assert!(read(&socket).unwrap().store.is_some());
    } else {
        assert!(refused(&socket, "CONNECT_REDIS_URL").contains("Unix"));
    }
    for address in
        ["redis://store.example:6379", "redis://127.0.0.1.example", "http://127.0.0.1", "store", "rediss://", "redis://localhost.example/"]
    {
        refused(&with(sandbox(), "CONNECT_REDIS_URL", address), "CONNECT_REDIS_URL");
    }
}

#[test]
fn trusted_proxies_are_addresses_and_networks_but_never_everybody() {
    let config = read(&with(sandbox(), "CONNECT_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8 2001:db8::/32,")).unwrap();
    assert_eq!(config.trusted_proxies.len(), 3);
    assert!(read(&sandbox()).unwrap().trusted_proxies.is_empty());
    for text in ["proxy.example", "10.0.0.0/33", "0.0.0.0/0", "::/0", "127.0.0.1;10.0.0.1", "10.0.0.1:80"] {
        refused(&with(sandbox(), "CONNECT_TRUSTED_PROXIES", text), "CONNECT_TRUSTED_PROXIES");
    }
}

#[test]
fn a_budget_has_no_upper_bound_and_a_scope() {
    for name in ["MONEI_TOKEN_CALLS_PER_MINUTE", "MONEI_AUTHORIZE_CALLS_PER_MINUTE"] {
        assert!(read(&with(live("production"), name, "1000000")).is_ok());
        refused(&with(live("production"), name, "ten"), name);
        refused(&with(live("production"), name, "-1"), name);
    }
    assert_eq!(read(&live("production")).unwrap().budget_scope, BudgetScope::Client);
    let scope = |scope: &str| with(live("production"), "MONEI_BUDGET_SCOPE", scope);
    assert_eq!(read(&scope("grant")).unwrap().budget_scope, BudgetScope::Grant);
    refused(&scope("address"), "MONEI_BUDGET_SCOPE");
    refused(&scope("egress"), "CONNECT_EGRESS_ID");
    let [one, two] = ["eu-1", "eu-2"].map(|id| read(&with(scope("egress"), "CONNECT_EGRESS_ID", id)).unwrap().budget_scope);
    assert!(one != two && matches!(one, BudgetScope::Egress(_)));
    refused(&with(live("production"), "CONNECT_EGRESS_ID", "eu-1"), "CONNECT_EGRESS_ID");
}

#[test]
fn a_refusal_is_confirmed_except_in_the_sandbox() {
    assert_eq!(read(&live("production")).unwrap().refusals, Policy::Confirmed);
    assert_eq!(read(&live("development")).unwrap().refusals, Policy::Confirmed);
    assert_eq!(read(&sandbox()).unwrap().refusals, Policy::AtOnce);
    assert_eq!(read(&with(sandbox(), "CONNECT_REFUSALS", "confirmed")).unwrap().refusals, Policy::Confirmed);
    refused(&with(sandbox(), "CONNECT_REFUSALS", "never"), "CONNECT_REFUSALS");
}

#[test]
fn a_reload_takes_secrets_and_nothing_else() {
    let config = read(&sandbox()).unwrap();
    for (name, value) in [
        ("MONEI_CLIENT_SECRET", "mcs_sim_other"),
        ("MONEI_CLIENT_SECRET_PREVIOUS", "mcs_sim_secret"),
        ("CONNECT_SEALING_KEY", &KEY.replace("00", "ff")),
    ] {
        assert_eq!(config.differs_in_more_than_secrets(&read(&with(sandbox(), name, value)).unwrap()), None);
    }
    for (name, value) in [
        ("MONEI_CLIENT_ID", "mc_sim_other"),
        ("MONEI_REFRESH_AUTH", "secret"),
        ("CONNECT_REDIS_URL", "redis://127.0.0.1"),
        ("CONNECT_LISTEN", "127.0.0.1:1"),
    ] {
        assert_eq!(config.differs_in_more_than_secrets(&read(&with(sandbox(), name, value)).unwrap()), Some(name));
    }
}
