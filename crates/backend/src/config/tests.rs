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
fn two_listeners_that_take_the_same_port_are_refused_by_both_names() {
    let both = |listen: &str, private: &str| {
        let values = with(with(sandbox(), "CONNECT_LISTEN", listen), "CONNECT_PRIVATE_LISTEN", private);
        read(&values).unwrap().check_listeners()
    };
    for (listen, private) in [
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ("0.0.0.0:9000", "127.0.0.1:9000"),
        ("192.0.2.1:9000", "0.0.0.0:9000"),
        ("[::]:9000", "[::1]:9000"),
        ("[::1]:9000", "[::]:9000"),
        ("[::ffff:127.0.0.1]:9000", "127.0.0.1:9000"),
    ] {
        let said = both(listen, private).unwrap_err().to_string();
        assert!(said.contains("CONNECT_LISTEN") && said.contains("CONNECT_PRIVATE_LISTEN") && !said.contains('\n'), "{said}");
    }
    assert_eq!(both("[::]:9000", "127.0.0.1:9000").is_err(), cfg!(not(windows)));
    for (listen, private) in [
        ("127.0.0.1:9000", "127.0.0.1:9001"),
        ("127.0.0.1:9000", "[::1]:9000"),
        ("0.0.0.0:9000", "[::1]:9000"),
        ("127.0.0.1:0", "127.0.0.1:9000"),
    ] {
        assert_eq!(both(listen, private), Ok(()), "{listen} {private}");
    }
    // What isn't set has a default.
    let unset = read(&with(sandbox(), "CONNECT_PRIVATE_LISTEN", "127.0.0.1:43117")).unwrap();
    assert!(unset.check_listeners().is_err());
}

#[test]
fn what_is_wrong_is_told_with_what_to_write() {
    for (name, value, told) in [
        ("CONNECT_LISTEN", "8080", "like 127.0.0.1:8080 or [::1]:8080"),
        ("CONNECT_LISTEN", "127.0.0.1:99999", "a port up to 65535"),
        ("CONNECT_PER_ADDRESS_PER_MINUTE", "10/min", "without a unit"),
        ("MONEI_TOKEN_CALLS_PER_MINUTE", "99999999999999999999", "up to 4294967295"),
        ("MONEI_REDIRECT_URI", "connect.example.org", "like https://connect.example.org/v1/callback"),
        ("MONEI_REDIRECT_URI", "https://connect.example.org", "its path must be /v1/callback"),
        ("MONEI_REDIRECT_URI", "http://127.0.0.1:0/v1/callback", "port 0"),
        ("MONEI_REDIRECT_URI", "https://connect.example.org:0/v1/callback", "port 0"),
        ("MONEI_SANDBOX_URL", "http://127.0.0.1:0", "like http://127.0.0.1:43118"),
        ("MONEI_CLIENT_SECRET", "\"mcs_sim_8d4e\"", "without quotes"),
        ("CONNECT_SEALING_KEY", "0x8d4e", "openssl rand -hex 32"),
        ("CONNECT_OPERATOR_URL", "example.org", "like https://example.org"),
        ("CONNECT_REDIS_URL", "127.0.0.1:6379", "like rediss://user:password@host:6379"),
        ("CONNECT_REDIS_URL", "redis://:8d4e#8d4e@127.0.0.1", "%23"),
        ("CONNECT_REDIS_URL", "rediss://:8d4e@store.example/#insecure", "%23"),
        ("CONNECT_REDIS_URL", "redis://127.0.0.1/cache", "rediss://host:6379/2"),
        ("CONNECT_REDIS_URL", "redis+unix:///", "redis+unix:///run/redis/redis-server.sock"),
        ("CONNECT_REDIS_KEY", "8d4e", "it has no effect without CONNECT_REDIS_URL"),
    ] {
        let said = refused(&with(sandbox(), name, value), name);
        assert!(said.contains(told) && !said.contains("8d4e"), "{value}: {said}");
    }
    // As many characters as are allowed, of more than one byte each.
    let egress = with(with(sandbox(), "MONEI_BUDGET_SCOPE", "egress"), "CONNECT_EGRESS_ID", &"é".repeat(64));
    assert!(read(&egress).is_ok());
    refused(&with(egress, "CONNECT_EGRESS_ID", &"é".repeat(65)), "CONNECT_EGRESS_ID");
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

    const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";

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
        let pem = |name: &str| format!("{name}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        for name in ["ca.pem", "own.pem"] {
            file(folder.path(), name, &pem(name), 0o440);
        }
        let of_store = [
            ("CONNECT_REDIS_URL", "rediss://x"),
            ("CONNECT_REDIS_CA_FILE", "ca.pem"),
            ("CONNECT_REDIS_CERTIFICATE_FILE", "own.pem"),
            ("CONNECT_REDIS_KEY", PRIVATE_KEY),
        ];
        let all = of_store
            .into_iter()
            .fold(with(values.clone(), "CONNECT_CLIENTS_FILE", "clients.toml"), |all, (name, value)| with(all, name, value));
        let store = read(&all).unwrap_or_else(|error| panic!("{error}")).store.unwrap();
        assert_eq!((store.ca.unwrap(), store.client.unwrap().certificate), (pem("ca.pem").into_bytes(), pem("own.pem").into_bytes()));
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
            // By chance the folder's name may have anything in it.
            let sentence = sentence.replace(&folder.path().display().to_string(), "");
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

    #[test]
    fn what_an_editor_adds_to_a_secret_is_no_part_of_it_and_what_is_no_text_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("crlf", "mcs_sim_from_file\r\n"), ("mark", "\u{feff}mcs_sim_from_file\r\n")] {
            let path = file(folder.path(), name, text, 0o400);
            assert_eq!(read(&from_file(&path)).unwrap().secrets[0].present.expose(), "mcs_sim_from_file", "{name}");
        }
        let path = folder.path().join("utf-16");
        std::fs::write(&path, "\u{feff}mcs_sim_8d4e".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()).unwrap();
        set_mode(&path, 0o400);
        let said = refused(&from_file(path.to_str().unwrap()), "MONEI_CLIENT_SECRET_FILE");
        assert!(said.contains("not text in UTF-8") && !said.contains("8d4e"), "{said}");
        let list = tempfile::tempdir().unwrap();
        assert!(read(&clients(list.path(), &format!("\u{feff}{TWO}"))).is_ok());
    }

    #[test]
    fn a_previous_secret_of_nothing_but_a_line_end_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let blank = file(folder.path(), "blank", "\n", 0o400);
        for name in ["MONEI_CLIENT_SECRET_PREVIOUS_FILE", "CONNECT_SEALING_KEY_PREVIOUS_FILE"] {
            let config = read(&with(sandbox(), name, &blank)).unwrap();
            assert!(config.secrets[0].previous.is_none() && config.sealing_key_previous.is_none());
        }
        let list = TWO.replace("'two'", "'two'\nprevious_secret_file = 'blank'");
        let values = clients(folder.path(), &list);
        assert!(read(&values).unwrap().secrets[1].previous.is_none());
    }

    /// The sentence goes to a terminal and to the journal.
    #[test]
    fn a_secret_where_its_file_should_be_named_is_not_shown() {
        for (name, value) in [
            ("MONEI_CLIENT_SECRET_FILE", "mcs_8d4e7f2a9b"),
            ("MONEI_CLIENT_SECRET_FILE", "/run/mcs_8d4e7f2a9b"),
            ("CONNECT_SEALING_KEY_FILE", "8d4e30405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0001"),
            ("CONNECT_REDIS_URL_FILE", "rediss://:8d4e@store.example"),
            ("CONNECT_REDIS_KEY_FILE", "-----BEGIN PRIVATE KEY-----\n8d4e\n-----END PRIVATE KEY-----"),
        ] {
            let mut values = sandbox();
            values.remove(name.trim_end_matches("_FILE"));
            let said = refused(&with(values, name, value), name);
            assert!(!said.contains("8d4e") && !said.contains('\n') && said.contains("write the file's whole path"), "{said}");
        }
        // A path is shown.
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert!(refused(&from_file(missing.to_str().unwrap()), "MONEI_CLIENT_SECRET_FILE").contains("missing ("));
        let said = refused(&clients(folder.path(), &TWO.replace("'one'", "'mcs_sim_8d4e'")), "CONNECT_CLIENTS_FILE");
        assert!(!said.contains("8d4e") && said.contains("secret_file holds a secret itself"), "{said}");
    }

    #[test]
    fn certificates_that_are_none_are_told_by_their_own_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str, text: &str| file(folder.path(), name, text, 0o400);
        let (none, pem) = (path("none", "8d4e"), path("own.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
        let store = with(sandbox(), "CONNECT_REDIS_URL", "rediss://store.example");
        refused(&with(store.clone(), "CONNECT_REDIS_CA_FILE", &none), "CONNECT_REDIS_CA_FILE");
        let keyed = with(store, "CONNECT_REDIS_KEY", "8d4e");
        assert!(!refused(&with(keyed.clone(), "CONNECT_REDIS_CERTIFICATE_FILE", &pem), "CONNECT_REDIS_KEY").contains("8d4e"));
        let keyed = with(keyed, "CONNECT_REDIS_KEY", PRIVATE_KEY);
        assert!(read(&with(keyed.clone(), "CONNECT_REDIS_CERTIFICATE_FILE", &pem)).is_ok());
        refused(&with(keyed, "CONNECT_REDIS_CERTIFICATE_FILE", &none), "CONNECT_REDIS_CERTIFICATE_FILE");
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
    let config = read(&with(sandbox(), "CONNECT_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8 2001:db8::/32,\n")).unwrap();
    assert_eq!(config.trusted_proxies.len(), 3);
    assert!(read(&sandbox()).unwrap().trusted_proxies.is_empty());
    // Callers are compared by IPv4 addresses, so that a list of these believed nobody.
    let mapped = read(&with(sandbox(), "CONNECT_TRUSTED_PROXIES", "::ffff:192.0.2.7, ::ffff:10.0.0.0/104")).unwrap().trusted_proxies;
    assert_eq!(mapped.iter().map(ToString::to_string).collect::<Vec<_>>(), ["192.0.2.7/32", "10.0.0.0/8"]);
    for text in ["proxy.example", "10.0.0.0/33", "0.0.0.0/0", "::/0", "::ffff:0:0/96", "127.0.0.1;10.0.0.1", "10.0.0.1:80"] {
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
