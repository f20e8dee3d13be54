//! `page` and `limit`, as the list endpoints take them.

use crate::model::fields::Fields;
use crate::web::nest::NestError;

/// Longest page.
const MAX_LIMIT: usize = 100;

/// Which part of a list was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// From 1.
    pub(crate) page: usize,
    /// Items a page.
    pub(crate) limit: usize,
}

/// Where a page lies in the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) total: usize,
    pub(crate) pages: usize,
    pub(crate) next: bool,
    pub(crate) previous: bool,
}

impl Page {
    /// Reads `page` (1) and `limit` (10, at most 100).
    pub(crate) fn read(query: &Fields) -> Result<Self, NestError> {
        let number = |name: &str, default: usize, most: usize| match query.get(name) {
            None => Ok(default),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if (1..=most).contains(&number) => Ok(number),
                _ => Err(NestError::bad_request(format!("{name} must be a number from 1 to {most}"))),
            },
        };
        Ok(Self { page: number("page", 1, 1_000_000)?, limit: number("limit", 10, MAX_LIMIT)? })
    }

    /// Cuts the page out of `items`.
    pub(crate) fn cut<T>(self, items: Vec<T>) -> (Vec<T>, Place) {
        let total = items.len();
        let pages = total.div_ceil(self.limit);
        let place = Place { total, pages, next: self.page < pages, previous: self.page > 1 && pages > 0 };
        (items.into_iter().skip((self.page - 1) * self.limit).take(self.limit).collect(), place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pages_are_cut_and_placed() {
        let (items, place) = Page { page: 3, limit: 4 }.cut((0..10).collect());
        assert_eq!(items, [8, 9]);
        assert_eq!(place, Place { total: 10, pages: 3, next: false, previous: true });
        let (items, place) = Page { page: 9, limit: 4 }.cut((0..10).collect());
        assert!(items.is_empty());
        assert!(!place.next);
    }

    #[test]
    fn nonsense_is_refused() {
        for query in ["page=0", "page=-1", "limit=101", "limit=x", "page=99999999999999999999"] {
            assert!(Page::read(&Fields::parse(query.as_bytes()).unwrap()).is_err(), "{query}");
        }
    }

    proptest! {
        #[test]
        fn every_item_is_on_exactly_one_page(total in 0_usize..300, limit in 1_usize..=MAX_LIMIT) {
            let pages = total.div_ceil(limit);
            let mut seen = Vec::new();
            for page in 1..=pages.max(1) {
                let (items, place) = Page { page, limit }.cut((0..total).collect());
                prop_assert_eq!((place.next, place.total), (page < pages, total));
                seen.extend(items);
            }
            prop_assert_eq!(seen, (0..total).collect::<Vec<_>>());
        }

        #[test]
        fn whatever_is_read_as_a_page_is_within_bounds(page in "[0-9]{0,22}|.{0,5}", limit in "[0-9]{0,4}|.{0,4}") {
            let query = crate::model::fields::encode([("page", page.as_str()), ("limit", limit.as_str())]);
            if let Ok(page) = Fields::parse(query.as_bytes()).map_err(|_| ()).and_then(|fields| Page::read(&fields).map_err(|_| ())) {
                prop_assert!(page.page >= 1 && (1..=MAX_LIMIT).contains(&page.limit));
            }
        }
    }
}
