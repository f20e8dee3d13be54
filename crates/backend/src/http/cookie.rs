//! The transaction's cookie: it ties the approval to the browser that started. One per transaction, so that two tabs don't hurt each
//! other, and at most eight.

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::domain::transaction::{STATE_LIFETIME, TransactionId};

/// Most cookies of ours that one browser keeps.
const MAX_COOKIES: usize = 8;

/// How cookies are named and marked at this backend's origin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookies {
    https: bool,
}

impl Cookies {
    /// `__Host-` and `Secure` on https; a plain name on loopback http, where a browser wouldn't send the others.
    pub(crate) fn new(https: bool) -> Self {
        Self { https }
    }

    fn prefix(self) -> &'static str {
        if self.https { "__Host-connect-" } else { "connect-" }
    }

    fn header(self, id: TransactionId, value: &str, seconds: i64) -> Option<HeaderValue> {
        let cookie = Cookie::build((format!("{}{}", self.prefix(), id.text()), value.to_owned()))
            .max_age(Duration::seconds(seconds))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.https);
        HeaderValue::try_from(cookie.to_string()).ok()
    }

    /// `Set-Cookie` for a new transaction.
    pub(crate) fn set(self, id: TransactionId, value: &str) -> Option<HeaderValue> {
        self.header(id, value, i64::try_from(STATE_LIFETIME).ok()?)
    }

    /// `Set-Cookie` that takes one back.
    pub(crate) fn clear(self, id: TransactionId) -> Option<HeaderValue> {
        self.header(id, "", 0)
    }

    /// Every `Set-Cookie` for a new transaction: those that take the oldest back where there are too many, and its own.
    pub(crate) fn replace_oldest(self, headers: &HeaderMap, id: TransactionId, value: &str) -> Option<Vec<HeaderValue>> {
        let present = self.present(headers);
        let surplus = (present.len() + 1).saturating_sub(MAX_COOKIES);
        let cleared = present.into_iter().take(surplus).map(|old| self.clear(old));
        cleared.chain([self.set(id, value)]).collect()
    }

    /// The transactions that this browser has cookies of, oldest first.
    pub(crate) fn present(self, headers: &HeaderMap) -> Vec<TransactionId> {
        let mut ids: Vec<_> = self.pairs(headers).map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The one value of the transaction's cookie. Two of the same name are as bad as none.
    pub(crate) fn value(self, headers: &HeaderMap, id: TransactionId) -> Option<String> {
        let mut values = self.pairs(headers).filter(|(other, _)| *other == id).map(|(_, value)| value);
        let value = values.next()?;
        values.next().is_none().then_some(value)
    }

    fn pairs(self, headers: &HeaderMap) -> impl Iterator<Item = (TransactionId, String)> {
        // Each pair on its own: another site's cookie of this host may hold any byte.
        headers.get_all(COOKIE).into_iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';')).filter_map(move |pair| {
            let cookie = Cookie::parse(std::str::from_utf8(pair).ok()?).ok()?;
            Some((TransactionId::parse(cookie.name().strip_prefix(self.prefix())?)?, cookie.value().to_owned()))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn on_https_the_cookie_is_bound_to_the_host() {
        let id = TransactionId::parse("0000000100000002").unwrap();
        let set = Cookies::new(true).set(id, "v").unwrap();
        assert_eq!(set, "__Host-connect-0000000100000002=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=600");
        let plain = Cookies::new(false).set(id, "v").unwrap();
        assert_eq!(plain, "connect-0000000100000002=v; HttpOnly; SameSite=Lax; Path=/; Max-Age=600");
    }

    #[test]
    fn the_oldest_comes_first_and_strangers_are_not_counted() {
        let header = headers("connect-0000000200000000=b; theme=dark; connect-0000000100000000=a; connect-zz=x; connect-=y");
        let ids: Vec<_> = Cookies::new(false).present(&header).into_iter().map(TransactionId::text).collect();
        assert_eq!(ids, ["0000000100000000", "0000000200000000"]);
        assert!(Cookies::new(true).present(&header).is_empty());
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic_or_gives_what_is_not_in_it(
            values in proptest::collection::vec(
                prop_oneof![any::<Vec<u8>>(), "((__Host-)?connect-[0-9a-fA-F]{15,17}=[a-z;= ]{0,5}; ?){0,12}".prop_map(String::into_bytes)],
                0..4,
            ),
            https: bool,
        ) {
            let cookies = Cookies::new(https);
            let headers: HeaderMap = values.iter().filter_map(|bytes| Some((COOKIE, HeaderValue::from_bytes(bytes).ok()?))).collect();
            let present = cookies.present(&headers);
            prop_assert!(present.is_sorted() && present.len() <= values.iter().map(Vec::len).sum::<usize>() / 16);
            for id in present {
                prop_assert!(cookies.set(id, "v").is_some() && cookies.clear(id).is_some());
                if let Some(value) = cookies.value(&headers, id) {
                    // Spaces around a name and a value are no part of it (RFC 6265 §5.2).
                    let name = format!("{}{}", cookies.prefix(), id.text());
                    let is_ours = |pair: &str| pair.split_once('=').is_some_and(|(found, text)| found.trim() == name && text.trim() == value);
                    let sent = values.iter().any(|bytes| String::from_utf8_lossy(bytes).split(';').any(is_ours));
                    prop_assert!(sent, "{name}={value}");
                }
            }
        }
    }

    /// One such cookie in a browser, and its owner could not connect.
    #[test]
    fn a_cookie_of_others_with_any_byte_in_it_hides_none_of_ours() {
        let id = TransactionId::parse("0000000100000002").unwrap();
        for other in [&b"theme=\xff\xfe"[..], b"name=J\xf6rg", "name=Jörg".as_bytes(), b"\x80", b"=", b"a=\"b"] {
            let bytes = [other, b"; connect-0000000100000002=v; ", other].concat();
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_bytes(&bytes).unwrap())]);
            assert_eq!(Cookies::new(false).value(&headers, id), Some("v".to_owned()), "{other:?}");
        }
    }

    #[test]
    fn a_doubled_cookie_counts_as_none() {
        let id = TransactionId::parse("0000000100000000").unwrap();
        let cookies = Cookies::new(false);
        assert_eq!(cookies.value(&headers("connect-0000000100000000=a"), id), Some("a".to_owned()));
        assert_eq!(cookies.value(&headers("connect-0000000100000000=a; connect-0000000100000000=b"), id), None);
    }
}
