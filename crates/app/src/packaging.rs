//! What a packager sets in `packaging/settings.toml`. The build script of this crate builds it in; `cargo xtask bundle` checks it first, and
//! gives it to Tauri's bundler. Both read it with this file.

use serde::Deserialize;
use url::{Host, Url};

/// Longest name of the product, in characters.
const MAX_NAME: usize = 40;
/// Longest identifier.
const MAX_IDENTIFIER: usize = 100;
/// Bytes of a public key of minisign's, in base64.
const KEY_LENGTH: usize = 56;

/// The file's content, with what the environment sets in its place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packaging {
    /// The name that people see.
    pub product_name: String,
    /// How link scheme, folders and keychain entries begin.
    pub identifier: String,
    /// The connection service that a first start proposes, or nothing.
    #[serde(default)]
    pub backend_url: String,
    /// A page for people who have none.
    #[serde(default)]
    pub guide_url: String,
    /// Where new versions are.
    #[serde(default)]
    pub update_url: String,
    /// Who must have signed them.
    #[serde(default)]
    pub update_key: String,
}

impl Packaging {
    /// Reads `text`. What a variable of the environment says counts more than the file.
    ///
    /// # Errors
    /// One sentence that names the line.
    pub fn read(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut read: Self = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        for (name, value) in [
            ("CONNECT_DEFAULT_BACKEND", &mut read.backend_url),
            ("CONNECT_GUIDE_URL", &mut read.guide_url),
            ("CONNECT_UPDATE_URL", &mut read.update_url),
            ("CONNECT_UPDATE_KEY", &mut read.update_key),
        ] {
            if let Some(set) = variable(name).filter(|set| !set.is_empty()) {
                *value = set;
            }
        }
        if !is_name(&read.product_name) {
            return Err(format!("product_name must be at most {MAX_NAME} letters, digits, spaces, dots and hyphens"));
        }
        if !is_identifier(&read.identifier) {
            return Err("identifier must be a reverse domain name in lower case, such as org.example.program".to_owned());
        }
        Ok(read)
    }

    /// Whether what is in a package may be what is set here: a package never has an address of one computer, or without encryption.
    ///
    /// # Errors
    /// One sentence that names the line.
    pub fn check(&self) -> Result<(), String> {
        for (name, address, is_origin) in
            [("backend_url", &self.backend_url, true), ("guide_url", &self.guide_url, false), ("update_url", &self.update_url, false)]
        {
            if !address.is_empty() && !is_public(address, is_origin) {
                let without = if is_origin { "a path" } else { "a user name, a password or what follows # in it" };
                return Err(format!("{name} must be an https address of another computer, without {without}"));
            }
        }
        if self.update_url.contains('?') {
            return Err("update_url must be a folder".to_owned());
        }
        if self.update_url.is_empty() != self.update_key.is_empty() {
            return Err("update_url and update_key belong together: set both or neither".to_owned());
        }
        let is_base64 = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
        // It begins with the two letters of the algorithm.
        let is_key = self.update_key.len() == KEY_LENGTH && self.update_key.starts_with("RW") && is_base64(&self.update_key);
        if !self.update_key.is_empty() && !is_key {
            return Err("update_key must be the second line of minisign's .pub file".to_owned());
        }
        Ok(())
    }

    /// What the compiler is told, by the names under which the program asks for it.
    pub fn variables(&self) -> Vec<(&'static str, &str)> {
        let always = [("MONEI_PRODUCT_NAME", self.product_name.as_str()), ("MONEI_IDENTIFIER", &self.identifier)];
        let where_set = [
            ("CONNECT_DEFAULT_BACKEND", self.backend_url.as_str()),
            ("CONNECT_GUIDE_URL", &self.guide_url),
            ("CONNECT_UPDATE_URL", &self.update_url),
            ("CONNECT_UPDATE_KEY", &self.update_key),
        ];
        always.into_iter().chain(where_set.into_iter().filter(|(_, value)| !value.is_empty())).collect()
    }
}

/// A name that stands as it is in a desktop entry, a page, a script of the installer and the source of a page.
fn is_name(name: &str) -> bool {
    let stands = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '.' | '-');
    name.chars().count() <= MAX_NAME && name.chars().all(stands) && name.starts_with(char::is_alphanumeric) && name.trim() == name
}

/// The scheme of links is this or begins with it (RFC 8252 §7.1).
fn is_identifier(identifier: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    identifier.len() <= MAX_IDENTIFIER
        && identifier.contains('.')
        && identifier.split('.').all(is_label)
        && identifier.starts_with(|first: char| first.is_ascii_lowercase())
}

fn is_public(address: &str, is_origin: bool) -> bool {
    let Ok(url) = Url::parse(address) else { return false };
    let elsewhere = match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name.contains('.') && name != "localhost" && !name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => !address.is_loopback() && !address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            let address = address.to_canonical();
            !address.is_loopback() && !address.is_unspecified()
        }
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    url.scheme() == "https" && elsewhere && plain && (!is_origin || (url.path() == "/" && url.query().is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "RWTv8zcgSi/ONI/ZOrnmogJTndk8WLQ3TiUytgTRDqMcmvh4gwm+hSAv";

    fn with(lines: &str) -> Result<Packaging, String> {
        let text = format!("product_name = \"Purse\"\nidentifier = \"org.example.purse\"\n{lines}");
        Packaging::read(&text, &|_| None).and_then(|read| read.check().map(|()| read))
    }

    #[test]
    fn a_changed_name_and_identifier_are_what_the_program_is_built_with() {
        let read = with("backend_url = \"https://connect.example.org\"").unwrap();
        assert_eq!(
            read.variables(),
            [
                ("MONEI_PRODUCT_NAME", "Purse"),
                ("MONEI_IDENTIFIER", "org.example.purse"),
                ("CONNECT_DEFAULT_BACKEND", "https://connect.example.org")
            ]
        );
    }

    #[test]
    fn the_environment_counts_more_than_the_file_and_nothing_in_it_not_at_all() {
        let text = "product_name = \"A\"\nidentifier = \"a.b\"\nbackend_url = \"https://one.example.org\"";
        let set = |value: &'static str| Packaging::read(text, &move |name| (name == "CONNECT_DEFAULT_BACKEND").then(|| value.to_owned()));
        assert_eq!(set("https://two.example.org").unwrap().backend_url, "https://two.example.org");
        assert_eq!(set("").unwrap().backend_url, "https://one.example.org");
    }

    #[test]
    fn an_address_that_no_package_may_have_is_refused_by_its_name() {
        for address in [
            "http://connect.example.org",
            "https://localhost",
            "https://127.0.0.1",
            "https://[::1]",
            "https://[::ffff:127.0.0.1]",
            "https://0.0.0.0",
            "https://a.localhost",
            "https://connect",
            "https://name:word@connect.example.org",
            "https://name@connect.example.org",
            "connect.example.org",
        ] {
            for line in ["backend_url", "guide_url"] {
                let error = with(&format!("{line} = \"{address}\"")).unwrap_err();
                assert!(error.starts_with(line), "{address}: {error}");
            }
            let error = with(&format!("update_url = \"{address}\"\nupdate_key = \"{KEY}\"")).unwrap_err();
            assert!(error.starts_with("update_url"), "{address}: {error}");
        }
        assert!(with("backend_url = \"https://connect.example.org/path\"").is_err());
        assert!(with("guide_url = \"https://example.org/guide?lang=en\"").is_ok());
        assert!(with(&format!("update_url = \"https://example.org/monei?a=b\"\nupdate_key = \"{KEY}\"")).is_err());
        assert!(with(&format!("update_url = \"https://example.org/monei/\"\nupdate_key = \"{KEY}\"")).is_ok());
    }

    #[test]
    fn an_update_address_without_its_key_and_a_key_that_is_none_are_refused() {
        assert!(with("update_url = \"https://example.org/\"").is_err());
        assert!(with(&format!("update_key = \"{KEY}\"")).is_err());
        for key in ["RW", "untrusted comment: minisign public key", &KEY[1..], &KEY.replace('/', "-")] {
            assert!(with(&format!("update_url = \"https://example.org/\"\nupdate_key = \"{key}\"")).is_err(), "{key}");
        }
    }

    #[test]
    fn a_name_or_identifier_that_would_mean_something_else_somewhere_is_refused() {
        let read =
            |name: &str, identifier: &str| Packaging::read(&format!("product_name = '{name}'\nidentifier = '{identifier}'"), &|_| None);
        assert!(read("Bourse à moi 2.0", "org.example.purse-2").is_ok());
        for name in ["", " a", "a ", "a\"b", "a<b", "a\\b", "$a", "%u", "a;b", "a&b", "a`b", &"a".repeat(41)] {
            assert!(read(name, "org.example.a").is_err(), "{name}");
        }
        for identifier in ["", "a", "Org.example", "org..a", ".org", "org.", "1a.b", "org.example/a", "org.a b", "org.é"] {
            assert!(read("A", identifier).is_err(), "{identifier}");
        }
        assert!(with("scheme = \"a\"").is_err());
    }
}
