//! What a browser says about where a request comes from (Fetch Metadata). A page can't make it say otherwise; a browser that says nothing is let
//! through, since older ones don't.

use http::HeaderMap;

/// How a browser came to a page of this backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Visit {
    /// The person opened it, or the browser doesn't say.
    Opened,
    /// A page of another site led here.
    FromAnotherSite,
    /// Not a page that anybody sees: an image, a frame, a script's request, or one that is only loaded ahead.
    Unseen,
}

impl Visit {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let all = |name: &str| headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        let ahead = ["sec-purpose", "purpose", "x-purpose", "x-moz"];
        if ahead
            .into_iter()
            .any(|name| all(name).any(|value| value.contains("prefetch") || value.contains("prerender") || value.contains("preview")))
        {
            return Visit::Unseen;
        }
        let seen = all("sec-fetch-dest").all(|dest| dest == "document") && all("sec-fetch-mode").all(|mode| mode == "navigate");
        if !seen {
            Visit::Unseen
        } else if all("sec-fetch-site").all(|site| matches!(site, "none" | "same-origin")) {
            Visit::Opened
        } else {
            Visit::FromAnotherSite
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn only_a_page_that_a_person_opened_counts_as_opened() {
        let of = |headers: &[(&'static str, &'static str)]| {
            Visit::of(&headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect())
        };
        let page = [("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")];
        for (site, expected) in [
            ("none", Visit::Opened),
            ("same-origin", Visit::Opened),
            ("same-site", Visit::FromAnotherSite),
            ("cross-site", Visit::FromAnotherSite),
            ("something-new", Visit::FromAnotherSite),
        ] {
            assert_eq!(of(&[page[0], page[1], ("sec-fetch-site", site)]), expected, "{site}");
        }
        assert_eq!(of(&[]), Visit::Opened, "an older browser");
        for (dest, mode) in
            [("image", "no-cors"), ("iframe", "navigate"), ("object", "navigate"), ("empty", "cors"), ("document", "no-cors")]
        {
            for site in ["none", "same-origin", "cross-site"] {
                assert_eq!(
                    of(&[("sec-fetch-dest", dest), ("sec-fetch-mode", mode), ("sec-fetch-site", site)]),
                    Visit::Unseen,
                    "{dest} {mode}"
                );
            }
        }
        for (name, value) in
            [("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch"), ("x-moz", "prefetch"), ("x-purpose", "preview")]
        {
            assert_eq!(of(&[page[0], page[1], ("sec-fetch-site", "none"), (name, value)]), Visit::Unseen, "{name}");
        }
    }
}
