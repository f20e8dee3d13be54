//! Queries as the log shows them: without secrets.

use leaks::mask;

use crate::model::fields::Fields;

/// Query parameters whose values may be shown.
const SHOWN: [&str; 20] = [
    "client_id",
    "redirect_uri",
    "scope",
    "response_type",
    "page",
    "limit",
    "status",
    "type",
    "chainId",
    "network",
    "sortBy",
    "sortOrder",
    "startDate",
    "endDate",
    "method",
    "token",
    "amount",
    "fiat",
    "tokenAddress",
    "sandbox_switch_user",
];
/// Longest query that is shown, in characters.
const QUERY_KEPT: usize = 300;

/// A query with the values of harmless parameters, and an ellipsis for each other one.
pub(crate) fn query(text: &str) -> String {
    let Ok(fields) = Fields::parse(text.as_bytes()) else { return "(can't be read)".to_owned() };
    let shown = fields.pairs().map(|(name, value)| {
        let value = if SHOWN.contains(&name) { mask(value) } else { "…".to_owned() };
        format!("{}={value}", mask(name))
    });
    shown.collect::<Vec<_>>().join("&").chars().take(QUERY_KEPT).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_harmless_parameters_keep_their_values() {
        assert_eq!(query("client_id=a&state=secret&scope=mct_sim_CNRYr_2"), "client_id=a&state=…&scope=mct_…");
    }

    proptest! {
        #[test]
        fn no_query_shows_a_secret_or_what_is_not_known_to_be_harmless(
            name in "[a-z_]{1,12}", value in "[A-Za-z0-9]{8,40}", secret in "mc[trcs]_[A-Za-z0-9_]{8,40}", tail in ".{0,30}",
        ) {
            let shown = query(&format!("{name}={value}&client_id={secret}&state={secret}&{tail}"));
            prop_assert!(!shown.contains(&secret));
            prop_assert!(SHOWN.contains(&name.as_str()) || !shown.contains(&value) || tail.contains(&value) || secret.contains(&value));
        }
    }
}
