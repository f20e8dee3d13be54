//! Parsers for what the browser brings back: the loopback request's query, and the deep link. Both are hostile input (B-08).

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::TransactionId;

/// Longest query or link read, in bytes.
pub const MAX_LEN: usize = 2048;

/// What Monei answered, sealed by the backend: a code or a refusal. Worth nothing without the verifier, and only for 120 seconds.
///
/// Nothing else is believed: anybody who can reach the listener, or have the system open a link, can write `error=` into it.
pub struct Handoff(SecretString);

impl Handoff {
    /// One that was kept ([`Handoff::expose`]).
    pub fn restore(text: SecretString) -> Self {
        Self(text)
    }

    /// The text, for the one request that redeems it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Handoff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handoff([redacted])")
    }
}

/// Not an answer of ours: dropped without effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an answer to anything this program asked")]
pub struct NotAnAnswer;

/// Reads the query of the loopback request: `handoff`, once, and nothing else.
///
/// # Errors
/// [`NotAnAnswer`] for anything else.
pub fn parse_query(query: &str) -> Result<Handoff, NotAnAnswer> {
    let (handoff, transaction) = parse_parameters(query, false)?;
    debug_assert!(transaction.is_none());
    Ok(handoff)
}

/// A deep link and the transaction that it names.
#[derive(Debug)]
pub struct DeepLink {
    /// First 22 characters of the challenge.
    pub transaction: TransactionId,
    /// What it brings.
    pub handoff: Handoff,
}

/// Reads `{scheme}:/callback?tx=…&handoff=…`: exact scheme and path, each parameter once, no host, user or fragment.
///
/// # Errors
/// [`NotAnAnswer`] for anything else.
pub fn parse_deep_link(text: &str, scheme: &str) -> Result<DeepLink, NotAnAnswer> {
    if text.len() > MAX_LEN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(NotAnAnswer);
    }
    let url = Url::parse(text).map_err(|_| NotAnAnswer)?;
    let plain = url.scheme() == scheme && !url.has_host() && url.username().is_empty() && url.password().is_none() && url.port().is_none();
    if !plain || url.path() != "/callback" || url.fragment().is_some_and(|fragment| fragment != "_") {
        return Err(NotAnAnswer);
    }
    let (handoff, transaction) = parse_parameters(url.query().ok_or(NotAnAnswer)?, true)?;
    Ok(DeepLink { transaction: transaction.ok_or(NotAnAnswer)?.into(), handoff })
}

fn parse_parameters(query: &str, with_transaction: bool) -> Result<(Handoff, Option<String>), NotAnAnswer> {
    if query.len() > MAX_LEN {
        return Err(NotAnAnswer);
    }
    let (mut handoff, mut transaction) = (None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let slot = match name.as_ref() {
            "handoff" => &mut handoff,
            "tx" if with_transaction => &mut transaction,
            _ => return Err(NotAnAnswer),
        };
        if slot.is_some() || value.is_empty() || !value.bytes().all(is_token_byte) {
            return Err(NotAnAnswer);
        }
        *slot = Some(value.into_owned());
    }
    if transaction.as_ref().is_some_and(|text: &String| text.len() != 22) {
        return Err(NotAnAnswer);
    }
    let handoff = handoff.ok_or(NotAnAnswer)?;
    Ok((Handoff(SecretString::from(handoff)), transaction))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SCHEME: &str = "org.moneiconnections.manager";
    const TX: &str = "E9Melhoa2OwvFrEMTJguCH";

    fn link(rest: &str) -> Result<DeepLink, NotAnAnswer> {
        parse_deep_link(&format!("{SCHEME}:{rest}"), SCHEME)
    }

    #[test]
    fn a_handoff_is_read_from_either_channel() {
        assert!(matches!(parse_query("handoff=abc-_1"), Ok(handoff) if handoff.expose() == "abc-_1"));
        let read = link(&format!("/callback?tx={TX}&handoff=abc")).unwrap();
        assert_eq!((&*read.transaction, read.handoff.expose()), (TX, "abc"));
    }

    #[test]
    fn a_refusal_in_the_clear_is_no_answer() {
        for error in ["access_denied", "invalid_scope", "server_error", "x"] {
            assert!(parse_query(&format!("error={error}")).is_err());
            assert!(link(&format!("/callback?tx={TX}&error={error}")).is_err());
        }
    }

    #[test]
    fn hostile_queries_are_dropped() {
        let long = format!("handoff={}", "a".repeat(MAX_LEN));
        for query in [
            "",
            "handoff=",
            "handoff=a&handoff=b",
            "handoff=a&error=access_denied",
            "error=a&error=b",
            "code=abc",
            "handoff=a&state=b",
            "handoff=a%00b",
            "handoff=a b",
            "handoff=%3Cscript%3E",
            "HANDOFF=a",
            "tx=abc&handoff=a",
            long.as_str(),
        ] {
            assert!(parse_query(query).is_err(), "{query:.60}");
        }
    }

    #[test]
    fn hostile_links_are_dropped() {
        for rest in [
            "//callback?tx=E9Melhoa2OwvFrEMTJguCH&handoff=a".to_owned(),
            format!("//user@host/callback?tx={TX}&handoff=a"),
            format!("/callback/?tx={TX}&handoff=a"),
            format!("/Callback?tx={TX}&handoff=a"),
            format!("/callback?tx={TX}&tx={TX}&handoff=a"),
            format!("/callback?tx={TX}"),
            "/callback?handoff=a".to_owned(),
            "/callback?tx=short&handoff=a".to_owned(),
            format!("/callback?tx={TX}&handoff=a#fragment"),
            format!("/callback?tx={TX}&handoff=a\n"),
            format!("/callback?tx={TX}&handoff={}", "a".repeat(MAX_LEN)),
        ] {
            assert!(link(&rest).is_err(), "{rest:.80}");
        }
        assert!(parse_deep_link(&format!("other.scheme:/callback?tx={TX}&handoff=a"), SCHEME).is_err());
    }

    proptest! {
        #[test]
        fn no_query_panics(query in ".{0,300}") {
            let _ = parse_query(&query);
        }

        #[test]
        fn no_link_panics_and_only_exact_ones_pass(rest in ".{0,300}") {
            if let Ok(read) = link(&rest) {
                prop_assert!(rest.starts_with("/callback?"), "{rest}");
                prop_assert_eq!(read.transaction.len(), 22);
            }
        }

        #[test]
        fn every_well_formed_query_gives_back_its_handoff(text in "[A-Za-z0-9_-]{1,600}") {
            match parse_query(&format!("handoff={text}")) {
                Ok(handoff) => prop_assert_eq!(handoff.expose(), text.as_str()),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }
}
