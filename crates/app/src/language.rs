//! The language that the desktop speaks, as far as this program speaks it.

use connect_core::snapshot::Language;

/// The first of the desktop's languages that this program speaks, else English. On Linux these are `LANGUAGE`, `LC_ALL`, `LC_MESSAGES` and
/// `LANG`.
pub fn of_desktop() -> Language {
    if is_plain() { Language::English } else { first_of(sys_locale::get_locales()) }
}

/// Whether the session is in the C locale. `LANGUAGE` doesn't count then, as in gettext.
#[cfg(unix)]
fn is_plain() -> bool {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|locale| is_c(&locale))
}

#[cfg(not(unix))]
fn is_plain() -> bool {
    false
}

#[cfg(unix)]
fn is_c(locale: &str) -> bool {
    matches!(locale.split('.').next(), Some("C" | "POSIX"))
}

/// The first of these that is spoken here; each is a BCP 47 tag, such as `fr-CA`.
fn first_of(tags: impl IntoIterator<Item = String>) -> Language {
    tags.into_iter().find_map(|tag| spoken(&tag)).unwrap_or_default()
}

fn spoken(tag: &str) -> Option<Language> {
    tag.split(['-', '_']).next()?.to_ascii_lowercase().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_is_spoken_here_counts_whatever_its_region() {
        let first = |tags: &[&str]| first_of(tags.iter().map(|&tag| tag.to_owned()));
        for tags in [&["fr-FR"][..], &["fr"], &["FR_CA"], &["de-DE", "fr-BE", "en-GB"], &["yo", "fr-BJ"], &["fr-Latn-CH"]] {
            assert_eq!(first(tags), Language::French, "{tags:?}");
        }
        for tags in [&["en-NG"][..], &["en-GB", "fr-FR"], &["de"], &[], &[""], &["frr-DE"], &["fro"], &["ha-NG", "en"]] {
            assert_eq!(first(tags), Language::English, "{tags:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_c_locale_has_no_other_languages() {
        for locale in ["C", "C.UTF-8", "POSIX"] {
            assert!(is_c(locale), "{locale}");
        }
        for locale in ["Cy", "cs_CZ", "fr_FR.UTF-8", ""] {
            assert!(!is_c(locale), "{locale}");
        }
    }
}
