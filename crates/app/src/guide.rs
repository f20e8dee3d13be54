//! Where somebody without a connection service reads how to run one: the operator's guide that the package installs, or a page that a
//! packager names.

use std::path::Path;

use url::Url;

/// A packager's own page about the service, https.
const PAGE: Option<&str> = option_env!("CONNECT_GUIDE_URL");

/// Where the deb and rpm packages put the guide; the same as in `tauri.linux.conf.json`.
const INSTALLED: &str = "/usr/share/doc/monei-connections/operating-the-backend.md";

/// The guide's address, if there is one here.
pub fn url() -> Option<Url> {
    at(PAGE, Path::new(INSTALLED))
}

fn at(page: Option<&str>, installed: &Path) -> Option<Url> {
    let page = page.and_then(|page| Url::parse(page).ok()).filter(|page| page.scheme() == "https");
    page.or_else(|| installed.is_file().then(|| Url::from_file_path(installed).ok())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packagers_page_goes_before_the_installed_file_and_nothing_is_made_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("guide.md");
        assert_eq!(at(None, &file), None);
        std::fs::write(&file, "# Guide\n").unwrap();
        assert_eq!(at(None, &file).unwrap().scheme(), "file");
        assert_eq!(at(Some("https://docs.example.org/"), &file).unwrap().as_str(), "https://docs.example.org/");
        assert_eq!(at(Some("http://docs.example.org/"), &file).unwrap().scheme(), "file");
    }

    #[test]
    fn the_packages_install_it_where_it_is_looked_for() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../../../tauri.linux.conf.json")).unwrap();
        for package in ["deb", "rpm"] {
            assert_eq!(config["bundle"]["linux"][package]["files"][INSTALLED], "docs/operating-the-backend.md", "{package}");
        }
    }
}
