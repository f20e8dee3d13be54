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
        rest = &secret[end..];
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        assert_eq!(mask("/x/mct_sim_CNRYr_1?a=mcs_abc&mcr_x y"), "/x/mct_…?a=mcs_…&mcr_… y");
    }
}
