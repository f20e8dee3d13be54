//! Secrets taken out of what is shown or logged.

use crate::fields::Fields;

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

/// Replaces what follows the prefix of a Monei token, code or secret.
pub(crate) fn secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = ["mct_", "mcr_", "mcc_", "mcs_"].iter().filter_map(|prefix| rest.find(prefix)).min() {
        let (before, secret) = rest.split_at(start);
        let end = secret.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '%'))).unwrap_or(secret.len());
        shown.push_str(before);
        shown.push_str(&secret[..4]);
        shown.push('…');
        rest = &secret[end..];
    }
    shown.push_str(rest);
    shown
}

/// A query with the values of harmless parameters, and an ellipsis for each other one.
pub(crate) fn query(text: &str) -> String {
    let Ok(fields) = Fields::parse(text.as_bytes()) else { return "(can't be read)".to_owned() };
    let shown = fields.pairs().map(|(name, value)| {
        let value = if SHOWN.contains(&name) { secrets(value) } else { "…".to_owned() };
        format!("{}={value}", secrets(name))
    });
    shown.collect::<Vec<_>>().join("&").chars().take(QUERY_KEPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let shown = secrets("/x/mct_sim_CNRYr_1?a=mcs_abc&mcr_x y");
        assert_eq!(shown, "/x/mct_…?a=mcs_…&mcr_… y");
        assert_eq!(query("client_id=a&state=secret&scope=mct_sim_CNRYr_2"), "client_id=a&state=…&scope=mct_…");
    }
}
