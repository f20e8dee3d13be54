//! Where new versions come from, and whose they must be: both are built in, or there is no updater.

use minisign_verify::PublicKey;
use url::Url;

/// The folder with `updates.json` and the packages, set by a packager.
const ADDRESS: Option<&str> = option_env!("CONNECT_UPDATE_URL");
/// The publisher's public key, as minisign writes it: the line of base64.
const KEY: Option<&str> = option_env!("CONNECT_UPDATE_KEY");

/// An update server and the key of its publisher.
#[derive(Clone)]
pub struct Source {
    /// Ends with a slash.
    folder: Url,
    pub(super) key: PublicKey,
}

impl Source {
    /// What was built in, if it is whole.
    pub fn built_in() -> Option<Self> {
        let (address, key) = (ADDRESS.filter(|text| !text.is_empty())?, KEY.filter(|text| !text.is_empty())?);
        let source = Self::new(address, key);
        if source.is_none() {
            tracing::error!("the update address or key of this build can't be used");
        }
        source
    }

    pub(super) fn new(address: &str, key: &str) -> Option<Self> {
        let mut folder = Url::parse(address).ok()?;
        let plain = folder.username().is_empty() && folder.password().is_none() && folder.query().is_none() && folder.fragment().is_none();
        if !plain || !may_be_asked(&folder) {
            return None;
        }
        if !folder.path().ends_with('/') {
            folder.set_path(&format!("{}/", folder.path()));
        }
        Some(Self { folder, key: PublicKey::from_base64(key.trim()).ok()? })
    }

    /// The address of a file there.
    pub(super) fn file(&self, name: &str) -> Option<Url> {
        self.folder.join(name).ok()
    }
}

/// Whether anything is fetched from `url`: https alone, without a name or password in it. The tests' own servers are on this computer; no
/// program but a test has that exception.
pub(super) fn may_be_asked(url: &Url) -> bool {
    let for_tests = cfg!(test) && url.scheme() == "http" && url.host_str() == Some("127.0.0.1");
    url.username().is_empty() && url.password().is_none() && (url.scheme() == "https" || for_tests)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn an_address_without_encryption_or_with_more_than_a_folder_in_it_is_no_source() {
        let folder = |address: &str| Source::new(address, GOOD).map(|source| source.file("updates.json").unwrap().to_string());
        assert_eq!(folder("https://example.org/monei").as_deref(), Some("https://example.org/monei/updates.json"));
        assert_eq!(folder("https://example.org/monei/").as_deref(), Some("https://example.org/monei/updates.json"));
        for address in [
            "http://example.org/monei/",
            "http://10.0.0.1/",
            "file:///tmp/",
            "https://name:word@example.org/",
            "https://example.org/?a=b",
            "https://example.org/#a",
            "example.org",
            "",
        ] {
            assert_eq!(folder(address), None, "{address}");
        }
        for key in ["", "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO", "not a key"] {
            assert!(Source::new("https://example.org/", key).is_none(), "{key}");
        }
    }
}
