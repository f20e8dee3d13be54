//! In which language the few pages are: the one that the browser likes best among those that they are written in (RFC 9110 §12.5.4).

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

/// A language of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// English, also where the browser asks for neither.
    #[default]
    English,
    /// French.
    French,
}

impl Language {
    /// Of whom sent these headers.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut best = (0.0, Self::default());
        let ranges = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        for (language, weight) in ranges.filter_map(range) {
            // Of equal ones the first counts.
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// Its BCP 47 tag.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }
}

/// A language range and its weight; `None` for a language that no page is written in, and for what can't be read.
fn range(text: &str) -> Option<(Language, f32)> {
    let mut parts = text.split(';');
    let language = match parts.next()?.trim().split('-').next()?.to_ascii_lowercase().as_str() {
        "en" => Language::English,
        "fr" => Language::French,
        _ => return None,
    };
    let weight = match parts.next() {
        Some(weight) => weight.trim().strip_prefix("q=")?.parse().ok()?,
        None => 1.0,
    };
    Some((language, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_favourite_among_the_pages_languages_counts() {
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, value.parse().unwrap());
            Language::of(&headers)
        };
        for value in ["fr", "fr-FR,fr;q=0.9,en;q=0.8", "FR-ca", "de, fr;q=0.5, en;q=0.4", "en;q=0.1,fr", " fr ; q=0.3", "en;q=0, fr;q=0.1"]
        {
            assert_eq!(of(value), Language::French, "{value}");
        }
        for value in ["en", "en-GB,fr", "de", "*", "", "fr;q=0", "frr", "fr;q=x", "fr;q=NaN", "fr;level=1", "en,fr", ";;,,=", "fr;q=-1"] {
            assert_eq!(of(value), Language::English, "{value}");
        }
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
