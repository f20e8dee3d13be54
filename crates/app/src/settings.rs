//! Where the program's settings come from: the environment, then `/etc/monei-connect/config.toml` (on Windows the policies in the registry), then
//! what the person chooses on the first run. A value that can't be used stops the start with one sentence that names it.

use std::path::{Path, PathBuf};

use connect_core::snapshot::Environment;
use serde::Deserialize;
use url::{Host, Url};

/// Bundle identifier, and how link scheme and keychain namespace begin (RFC 8252 §7.1): outside of production the environment's name
/// follows. A packager sets it in `packaging/settings.toml`.
pub const IDENTIFIER: &str = env!("MONEI_IDENTIFIER");

/// The name that people see; from the same file.
pub const PRODUCT_NAME: &str = env!("MONEI_PRODUCT_NAME");

/// What a packager sets for everybody on a computer.
#[cfg(unix)]
const CONFIG_FILE: &str = "/etc/monei-connect/config.toml";

/// The same on Windows, below `HKEY_LOCAL_MACHINE`: only administrators write there, while any user may make folders in `%ProgramData%`.
#[cfg(windows)]
const POLICY: &str = concat!(r"Software\Policies\", env!("MONEI_PRODUCT_NAME"));

/// `ERROR_FILE_NOT_FOUND` as a HRESULT: there is no such key.
#[cfg(windows)]
const NOT_FOUND: i32 = 0x8007_0002_u32.cast_signed();

/// The backend that a packager built in. Without one there is none until somebody sets it: an address that nobody chose would be
/// whoever answers there. Either way the person sees what it calls itself and agrees first.
const BUILT_IN_BACKEND: Option<&str> = option_env!("CONNECT_DEFAULT_BACKEND");

/// What a front end needs to know before anything starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which Monei.
    pub environment: Environment,
    /// Folder of this environment's index, locks and log.
    pub data_dir: PathBuf,
    /// Service name of keychain entries; the sandbox's are apart from real ones.
    pub namespace: String,
    /// Scheme of links that come back to this program.
    pub link_scheme: String,
    /// The backend to start with, if a packager or the environment set one.
    pub backend: Option<Url>,
    /// It was set by the packager or the environment, and can't be changed from within.
    pub backend_managed: bool,
    /// The backend, and in the sandbox environment the sandbox too, run inside of this program.
    pub embedded: bool,
    /// Nothing was installed that brings links here, so the program sees to it.
    pub registers_links: bool,
}

/// Why the program doesn't start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No such environment.
    #[error("MONEI_ENVIRONMENT must be production, development or sandbox")]
    Environment,
    /// Not an address that tokens may go to.
    #[error("{0} must be an https address without a path, or http on 127.0.0.1 or [::1]")]
    Backend(&'static str),
    /// Nothing of the sandbox leaves this computer.
    #[error("{0} must be on this computer (127.0.0.1 or [::1]) in the sandbox environment")]
    SandboxBackend(&'static str),
    /// Not a reverse-domain scheme.
    #[error("CONNECT_LINK_SCHEME must be a reverse domain name in lower case, such as org.example.program")]
    LinkScheme,
    /// The packager's file can't be read or has something else in it.
    #[error("{path} can't be used: {reason}", path = .0.display(), reason = .1)]
    ConfigFile(PathBuf, String),
    /// There is no home folder.
    #[error("no data folder: set XDG_DATA_HOME or HOME")]
    NoDataFolder,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    backend_url: Option<String>,
}

impl Settings {
    /// Reads the process environment and the packager's file. `embedded`: where the backend inside of this build listens, if it has one; it has
    /// a sandbox too then. No release has either, nor that address.
    ///
    /// # Errors
    /// [`SettingsError`] for the first thing that can't be used.
    pub fn read(embedded: Option<&str>) -> Result<Self, SettingsError> {
        #[cfg(unix)]
        let config = config_file(Path::new(CONFIG_FILE))?;
        #[cfg(windows)]
        let config = policy(windows_registry::LOCAL_MACHINE, POLICY)?;
        // Windows has another one that goes with the person to other computers; the index, locks and log belong to this one (T-06).
        let data_home = dirs::data_local_dir().ok_or(SettingsError::NoDataFolder)?;
        Self::from(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()), config, &data_home, embedded, BUILT_IN_BACKEND)
    }

    /// The environment's name, as `MONEI_ENVIRONMENT` has it.
    pub fn environment_name(&self) -> &'static str {
        self.environment.name()
    }

    /// Where the window's size, place and zoom are kept: apart for each environment, whose windows may be open beside each other.
    pub fn window_state(&self) -> PathBuf {
        let suffix = self.namespace.strip_prefix(IDENTIFIER).unwrap_or_default();
        let folder = dirs::config_dir().map_or_else(|| self.data_dir.clone(), |folder| folder.join(IDENTIFIER));
        folder.join(format!(".window-state{suffix}.json"))
    }

    fn from(
        get: &dyn Fn(&str) -> Option<String>,
        config: ConfigFile,
        data_home: &Path,
        inside: Option<&str>,
        built_in: Option<&str>,
    ) -> Result<Self, SettingsError> {
        let environment = match get("MONEI_ENVIRONMENT").as_deref() {
            None if inside.is_some() => Environment::Sandbox,
            None => Environment::Production,
            Some(name) => name.parse().map_err(|_| SettingsError::Environment)?,
        };
        let chosen = get("CONNECT_BACKEND_URL").map(|address| ("CONNECT_BACKEND_URL", address));
        let inside_used = inside.filter(|_| chosen.is_none());
        let set = if let Some(address) = inside_used {
            let redirect = get("MONEI_REDIRECT_URI").unwrap_or_else(|| address.to_owned());
            Some(("MONEI_REDIRECT_URI", origin(&redirect).unwrap_or(redirect)))
        } else {
            chosen.or(config.backend_url.map(|address| ("backend_url", address)))
        };
        let backend_managed = set.is_some();
        let built_in = built_in.filter(|address| !address.is_empty()).map(|address| ("CONNECT_DEFAULT_BACKEND", address.to_owned()));
        let backend = match set.or(built_in) {
            Some((name, address)) => {
                let url = connect_core::parse_address(&address).map_err(|_| SettingsError::Backend(name))?;
                if environment == Environment::Sandbox && !is_this_computer(&url) {
                    return Err(SettingsError::SandboxBackend(name));
                }
                Some(url)
            }
            None => None,
        };
        let folder = environment.name();
        let namespace = match environment {
            Environment::Production => IDENTIFIER.to_owned(),
            Environment::Development | Environment::Sandbox => format!("{IDENTIFIER}.{folder}"),
        };
        Ok(Self {
            environment,
            data_dir: data_home.join(IDENTIFIER).join(folder),
            // A link must not start a copy of another environment.
            link_scheme: link_scheme(get("CONNECT_LINK_SCHEME"), &namespace)?,
            namespace,
            backend,
            backend_managed,
            embedded: inside_used.is_some(),
            registers_links: inside.is_some() || environment == Environment::Development,
        })
    }
}

#[cfg(unix)]
fn config_file(path: &Path) -> Result<ConfigFile, SettingsError> {
    let failed = |reason: String| SettingsError::ConfigFile(path.to_owned(), reason);
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| failed(error.message().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(ConfigFile::default()),
        Err(error) => Err(failed(error.kind().to_string())),
    }
}

/// The values of a key, as the packager's file has them elsewhere.
#[cfg(windows)]
fn policy(root: &windows_registry::Key, path: &str) -> Result<ConfigFile, SettingsError> {
    let failed = |reason: String| SettingsError::ConfigFile(PathBuf::from(path), reason);
    let key = match root.open(path) {
        Ok(key) => key,
        Err(error) if error.code().0 == NOT_FOUND => return Ok(ConfigFile::default()),
        Err(error) => return Err(failed(error.message())),
    };
    let mut config = ConfigFile::default();
    for (name, value) in key.values().map_err(|error| failed(error.message()))? {
        if name != "backend_url" {
            return Err(failed(format!("unknown value `{name}`, expected `backend_url`")));
        }
        config.backend_url = Some(String::try_from(value).map_err(|_| failed("`backend_url` must be a string (REG_SZ)".to_owned()))?);
    }
    Ok(config)
}

fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    url.has_host().then(|| url.origin().ascii_serialization())
}

fn is_this_computer(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn link_scheme(set: Option<String>, default: &str) -> Result<String, SettingsError> {
    let Some(scheme) = set else { return Ok(default.to_owned()) };
    let labels: Vec<&str> = scheme.split('.').collect();
    let label =
        |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let sound = scheme.len() <= 100
        && labels.len() >= 2
        && labels.iter().all(label)
        && scheme.starts_with(|first: char| first.is_ascii_lowercase());
    if sound { Ok(scheme) } else { Err(SettingsError::LinkScheme) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)], config: Option<&str>, can_embed: bool) -> Result<Settings, SettingsError> {
        let get = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let inside = can_embed.then_some("http://127.0.0.1:43117");
        Settings::from(&get, ConfigFile { backend_url: config.map(str::to_owned) }, Path::new("/data"), inside, None)
    }

    #[test]
    fn the_program_has_the_name_and_identifier_of_the_file() {
        let read = crate::packaging::Packaging::read(include_str!("../../../packaging/settings.toml"), &|_| None).unwrap();
        read.check().unwrap();
        assert_eq!(PRODUCT_NAME, read.product_name);
        assert_eq!(IDENTIFIER, read.identifier);
        let tray = crate::catalogue::tray(connect_core::snapshot::Language::English);
        assert_eq!(tray.open, format!("Open {}", read.product_name));
    }

    #[test]
    fn a_release_is_for_production_and_an_embedded_build_for_the_sandbox() {
        let release = settings(&[], None, false).unwrap();
        assert_eq!((release.environment, release.embedded, release.backend_managed), (Environment::Production, false, false));
        // Nobody is asked before somebody has said who.
        assert_eq!(release.backend, None);
        assert_eq!((release.namespace.as_str(), release.link_scheme.as_str()), (IDENTIFIER, IDENTIFIER));
        let embedded = settings(&[], None, true).unwrap();
        assert_eq!((embedded.environment, embedded.embedded, embedded.backend_managed), (Environment::Sandbox, true, true));
        assert_eq!(embedded.backend.unwrap().as_str(), "http://127.0.0.1:43117/");
    }

    #[test]
    fn a_packager_can_build_an_address_in_which_the_person_may_change() {
        let built = |address, variables: &[(&str, &str)]| {
            let get = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            Settings::from(&get, ConfigFile::default(), Path::new("/data"), None, Some(address))
        };
        let settings = built("https://connect.example.test", &[]).unwrap();
        assert_eq!((settings.backend.unwrap().as_str(), settings.backend_managed), ("https://connect.example.test/", false));
        let settings = built("https://connect.example.test", &[("CONNECT_BACKEND_URL", "https://other.example.test")]).unwrap();
        assert_eq!((settings.backend.unwrap().as_str(), settings.backend_managed), ("https://other.example.test/", true));
        assert_eq!(built("", &[]).unwrap().backend, None);
        assert_eq!(built("http://example.test", &[]), Err(SettingsError::Backend("CONNECT_DEFAULT_BACKEND")));
    }

    #[test]
    fn environments_share_neither_folder_nor_keychain_entries_nor_links() {
        let all: Vec<_> =
            ["production", "development", "sandbox"].map(|name| settings(&[("MONEI_ENVIRONMENT", name)], None, true).unwrap()).into();
        assert_eq!(
            all.iter().map(|settings| settings.link_scheme.as_str()).collect::<Vec<_>>(),
            ["org.moneiconnections.manager", "org.moneiconnections.manager.development", "org.moneiconnections.manager.sandbox"]
        );
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            assert_ne!(all[one].data_dir, all[other].data_dir);
            assert_ne!(all[one].namespace, all[other].namespace);
            assert_ne!(all[one].link_scheme, all[other].link_scheme);
        }
    }

    #[test]
    fn the_environment_goes_before_the_packagers_file() {
        let variables = [("CONNECT_BACKEND_URL", "https://one.example.test")];
        let both = settings(&variables, Some("https://two.example.test"), false).unwrap();
        assert_eq!((both.backend.unwrap().as_str(), both.backend_managed), ("https://one.example.test/", true));
        let file = settings(&[], Some("https://two.example.test"), false).unwrap();
        assert_eq!((file.backend.unwrap().as_str(), file.backend_managed), ("https://two.example.test/", true));
    }

    #[test]
    fn a_backend_of_its_own_switches_the_embedded_one_off() {
        let variables = [("CONNECT_BACKEND_URL", "http://127.0.0.1:9000")];
        assert!(!settings(&variables, None, true).unwrap().embedded);
    }

    #[test]
    fn the_embedded_backend_is_where_the_redirect_uri_is() {
        let variables = [("MONEI_REDIRECT_URI", "http://127.0.0.1:5555/v1/callback")];
        assert_eq!(settings(&variables, None, true).unwrap().backend.unwrap().as_str(), "http://127.0.0.1:5555/");
    }

    #[test]
    fn unsafe_addresses_stop_the_start() {
        for address in
            ["http://connect.example.test", "ftp://127.0.0.1", "https://user:pw@host", "https://host/path", "nonsense", "file:///etc"]
        {
            let variables = [("CONNECT_BACKEND_URL", address)];
            assert_eq!(settings(&variables, None, false), Err(SettingsError::Backend("CONNECT_BACKEND_URL")), "{address}");
            assert_eq!(settings(&[], Some(address), false), Err(SettingsError::Backend("backend_url")), "{address}");
        }
    }

    #[test]
    fn the_sandbox_stays_on_this_computer() {
        for address in ["https://sandbox.example.test", "https://10.0.0.1", "https://127.0.0.1.example.test"] {
            let variables = [("MONEI_ENVIRONMENT", "sandbox"), ("CONNECT_BACKEND_URL", address)];
            assert_eq!(settings(&variables, None, false), Err(SettingsError::SandboxBackend("CONNECT_BACKEND_URL")), "{address}");
        }
    }

    #[test]
    fn an_unknown_environment_or_scheme_stops_the_start() {
        assert_eq!(settings(&[("MONEI_ENVIRONMENT", "Production")], None, false), Err(SettingsError::Environment));
        for scheme in ["https", "mailto", "org..x", "Org.example", "org.example:", "1.2", "org.ex ample", ".x"] {
            assert_eq!(settings(&[("CONNECT_LINK_SCHEME", scheme)], None, false), Err(SettingsError::LinkScheme), "{scheme}");
        }
        assert_eq!(settings(&[("CONNECT_LINK_SCHEME", "org.example.try-1")], None, false).unwrap().link_scheme, "org.example.try-1");
    }

    #[cfg(unix)]
    #[test]
    fn the_packagers_file_may_be_missing_but_not_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        assert_eq!(config_file(&path).unwrap().backend_url, None);
        std::fs::write(&path, "backend_url = \"https://one.example.test\"\n").unwrap();
        assert_eq!(config_file(&path).unwrap().backend_url.as_deref(), Some("https://one.example.test"));
        for wrong in ["backend = \"https://one.example.test\"", "backend_url = 7", "backend_url"] {
            std::fs::write(&path, wrong).unwrap();
            assert!(config_file(&path).is_err(), "{wrong}");
        }
    }

    #[cfg(windows)]
    #[test]
    fn the_policies_may_be_missing_but_not_wrong() {
        let root = windows_registry::CURRENT_USER;
        let path = format!(r"Software\org.moneiconnections.test.policy.p{}", std::process::id());
        let read = || policy(root, &path);
        assert_eq!(read().unwrap().backend_url, None);
        let key = root.create(&path).unwrap();
        assert_eq!(read().unwrap().backend_url, None);
        key.set_string("backend_url", "https://one.example.test").unwrap();
        let right = read().unwrap().backend_url;
        key.set_u32("backend_url", 7).unwrap();
        let number = read().is_err();
        key.set_string("backend_url", "https://one.example.test").unwrap();
        key.set_string("backend", "https://two.example.test").unwrap();
        let unknown = read().is_err();
        root.remove_tree(&path).unwrap();
        assert_eq!((right.as_deref(), number, unknown), (Some("https://one.example.test"), true, true));
    }

    #[test]
    fn identifier_and_bundle_are_one() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../../../tauri.conf.json")).unwrap();
        assert_eq!(config["identifier"], IDENTIFIER);
        assert_eq!(config["plugins"]["deep-link"]["desktop"]["schemes"], serde_json::json!([IDENTIFIER]));
    }
}
