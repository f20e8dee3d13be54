//! Secrets taken out of a text that is shown or logged.

/// Replaces what follows the prefix of a Monei token (`mct_`, `mcr_`), code (`mcc_`) or client secret (`mcs_`) by an ellipsis.
pub fn mask(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = ["mct_", "mcr_", "mcc_", "mcs_"].iter().filter_map(|prefix| rest.find(prefix)).min() {
        let (before, secret) = rest.split_at(start);
        let end = secret.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '%'))).unwrap_or(secret.len());
        shown.push_str(before);
        shown.push_str(&secret[..4]);
        shown.push('…');
        // What was masked before stays as it is.
        rest = secret[end..].strip_prefix('…').unwrap_or(&secret[end..]);
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        assert_eq!(mask("/x/mct_sim_CNRYr_1?a=mcs_abc&mcr_x y"), "/x/mct_…?a=mcs_…&mcr_… y");
    }

    proptest! {
        #[test]
        fn no_text_keeps_what_follows_the_prefix_of_a_secret(
            before in ".{0,20}", prefix in "mc[trcs]_", secret in "[A-Za-z0-9_.%-]{1,40}", after in "[ &\"/?]{0,2}.{0,20}",
        ) {
            let masked = mask(&format!("{before}{prefix}{secret}{after}"));
            let ended = format!("{prefix}…");
            prop_assert!(masked.contains(&ended) || !masked.contains(&secret));
            // Nothing that is left looks like a secret, and masking again changes nothing.
            for rest in ["mct_", "mcr_", "mcc_", "mcs_"].iter().flat_map(|prefix| masked.split(prefix).skip(1)) {
                prop_assert!(rest.starts_with('…'), "{}", masked);
            }
            prop_assert_eq!(mask(&masked), masked);
        }
    }
}
