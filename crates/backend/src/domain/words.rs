//! What the words of a refusal are about. Monei's words are not documented beyond one example (Monei: errors), so only what is clear counts:
//! whatever else a gateway, a proxy or Monei itself may say ends no connection.

use monei::ErrorBody;

/// What a refusal is about, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Not in Monei's error shape for this status: a page, a text, other JSON, nothing. It may come from anybody on the way.
    Strange,
    /// In Monei's shape, about this backend's own id, secret, app or redirect URI.
    Client,
    /// In Monei's shape, about the token or the grant that was presented.
    Token,
    /// In Monei's shape, about something else.
    Other,
}

/// Words about this backend's registration.
const CLIENT: [&str; 8] = ["client", "client_id", "client_secret", "secret", "credential", "credentials", "app", "redirect_uri"];
/// Words for what was presented.
const PRESENTED: [&str; 7] = ["token", "tokens", "refresh_token", "refresh_tokens", "grant", "grants", "consent"];
/// Words that say that it is no longer, or never was, good.
const ENDED: [&str; 23] = [
    "invalid",
    "expired",
    "revoked",
    "unknown",
    "rotated",
    "used",
    "reuse",
    "reused",
    "inactive",
    "disconnected",
    "removed",
    "deleted",
    "withdrawn",
    "replaced",
    "superseded",
    "blacklisted",
    "canceled",
    "cancelled",
    "terminated",
    "invalidated",
    "consumed",
    "unrecognized",
    "unrecognised",
];
/// Words that say so after a denial.
const DENIED: [&str; 8] = ["found", "exist", "exists", "valid", "active", "known", "recognized", "recognised"];
/// Denials.
const NOT: [&str; 11] = ["not", "no", "never", "cannot", "can't", "couldn't", "doesn't", "didn't", "isn't", "wasn't", "hasn't"];
/// What else may be said with them. With any other word a message isn't taken to be about the presented token: so a "token endpoint", a "grant type",
/// a "database connection" and whatever nobody thought of end nothing.
const BESIDE: [&str; 79] = [
    "a",
    "an",
    "the",
    "this",
    "that",
    "your",
    "its",
    "it",
    "is",
    "was",
    "were",
    "are",
    "has",
    "have",
    "had",
    "been",
    "be",
    "being",
    "or",
    "and",
    "to",
    "of",
    "for",
    "by",
    "with",
    "from",
    "at",
    "on",
    "in",
    "because",
    "due",
    "since",
    "as",
    "so",
    "therefore",
    "already",
    "before",
    "longer",
    "does",
    "did",
    "can",
    "could",
    "must",
    "please",
    "again",
    "any",
    "more",
    "such",
    "you",
    "we",
    "they",
    "refresh",
    "access",
    "connection",
    "connect",
    "user",
    "users",
    "owner",
    "account",
    "accounts",
    "customer",
    "monei",
    "provided",
    "presented",
    "supplied",
    "given",
    "submitted",
    "family",
    "renew",
    "renewed",
    "reconnect",
    "reauthorize",
    "authenticate",
    "log",
    "login",
    "sign",
    "unauthorized",
    "invalid_grant",
    "detected",
];
/// Words before "token" that name another one than was presented.
const OTHER_KINDS: [&str; 8] = ["access", "user", "users", "account", "customer", "owner", "login", "connection"];
/// Words of an aside that names a request, as in "(request id 12)".
const ASIDE: [&str; 10] = ["request", "req", "id", "ref", "reference", "trace", "correlation", "code", "status", "error"];

impl Words {
    /// Of an answer with this status, `Content-Type` and body.
    pub(crate) fn of(status: http::StatusCode, content_type: Option<&str>, body: &[u8]) -> Words {
        if !content_type.is_some_and(is_json) {
            return Words::Strange;
        }
        let said = ErrorBody::parse(body);
        match said.message {
            Some(message) if said.status_code == Some(status.as_u16()) => about(&message),
            _ => Words::Strange,
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn about(message: &str) -> Words {
    let message = without_asides(&message.to_ascii_lowercase().replace('\u{2019}', "'"));
    // What has a slash in it may be an address, as in "Cannot POST /api/v1/connect/token".
    let (addresses, texts): (Vec<&str>, Vec<&str>) = message.split_whitespace().partition(|text| {
        let parts = text.trim_matches(|letter: char| letter.is_ascii_punctuation() && letter != '/');
        text.contains('/') && !parts.split('/').all(|part| ENDED.contains(&part))
    });
    let words: Vec<&str> = texts
        .iter()
        .flat_map(|text| text.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '\'')))
        .map(|word| word.strip_suffix("'s").unwrap_or(word))
        .filter(|word| !word.is_empty())
        .collect();
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    if words.iter().any(|word| CLIENT.contains(word) || word.strip_suffix('s').is_some_and(|one| CLIENT.contains(&one))) {
        return Words::Client;
    }
    let is_plain = |word: &&str| {
        [&PRESENTED[..], &ENDED, &DENIED, &NOT, &BESIDE].iter().any(|list| list.contains(word))
            || *word == "mismatch"
            || word.starts_with("mcr_")
            || word.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_denied = |at: usize| {
        let before =
            words[..at].iter().rev().find(|word| !matches!(**word, "a" | "an" | "any" | "be" | "been" | "already" | "or" | "longer"));
        before.is_some_and(|word| NOT.contains(word))
    };
    let says = |list: &[&str]| words.iter().enumerate().any(|(at, word)| list.contains(word) && !is_denied(at));
    let pair = |one: &str, two: &str| words.windows(2).any(|pair| pair == [one, two]);
    let ended = says(&ENDED) || (has(&NOT) && has(&DENIED)) || pair("no", "longer") || (pair("token", "mismatch") && has(&["refresh"]));
    // A token of another kind, and "refresh_token" as the name of a grant's type.
    let kind = words.windows(2).any(|pair| OTHER_KINDS.contains(&pair[0]) && matches!(pair[1], "token" | "tokens"));
    let other = kind || (has(&["grant"]) && has(&["refresh_token"]));
    let taken_away = pair("revoked", "access") || pair("access", "revoked") || has(&["connection"]);
    let about_presented = (has(&PRESENTED) && ended && !other) || (taken_away && says(&["revoked", "withdrawn"]));
    if about_presented && addresses.is_empty() && words.iter().all(is_plain) { Words::Token } else { Words::Other }
}

/// The message without what names a request in brackets.
fn without_asides(message: &str) -> String {
    let (mut kept, mut rest) = (String::new(), message);
    while let Some((before, after)) = rest.split_once(['(', '[']) {
        let Some((aside, later)) = after.split_once([')', ']']) else { break };
        let mut words = aside.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let names_request = words.all(|word| ASIDE.contains(&word) || word.bytes().any(|byte| byte.is_ascii_digit()));
        kept.extend([before, " ", if names_request { "" } else { aside }, " "]);
        rest = later;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn said(message: &str) -> Words {
        Words::of(
            StatusCode::UNAUTHORIZED,
            Some("application/json; charset=utf-8"),
            json!({"statusCode": 401, "message": message}).to_string().as_bytes(),
        )
    }

    #[test]
    fn only_words_about_the_presented_token_count_as_such() {
        for message in [
            "Invalid or expired token",
            "Invalid or expired refresh token",
            "Invalid refresh token",
            "Token not found",
            "Token has been revoked",
            "Refresh token expired.",
            "refresh_token is invalid",
            "The grant was revoked by the user",
            "Grant not found",
            "User revoked access",
            "This token is no longer valid",
            "Token doesn't exist",
            "Refresh token already used",
            "Refresh token is blacklisted",
            "Refresh token mismatch",
            "Invalid refresh token (request id 12)",
            "Refresh token must be renewed; it has expired",
            "The provided refresh token is invalid, expired, or has been revoked.",
            "Your refresh token has expired. Please reconnect your account.",
            "Invalid/expired refresh token",
            "Refresh token can no longer be used",
            "Token does not exist or has expired",
            "This refresh token was already rotated",
            "Refresh token reuse: it was used before and has been revoked",
            "The user's consent was withdrawn",
            "Connection was revoked by the user",
            "Refresh token is not valid",
            "[401] Refresh token deleted",
            "Token is inactive",
        ] {
            assert_eq!(said(message), Words::Token, "{message}");
        }
        for message in
            ["Invalid client credentials", "client_secret should not be empty", "App not found", "redirect_uri mismatch", "Unknown client"]
        {
            assert_eq!(said(message), Words::Client, "{message}");
        }
        for message in [
            "",
            "Unauthorized",
            "Not Found",
            "Cannot POST /api/v1/connect/token",
            "Unexpected token < in JSON at position 0",
            "Missing Authentication Token",
            "The security token included in the request is invalid",
            "Invalid CSRF token",
            "Invalid API token",
            "Invalid bearer token",
            "refresh_token should not be empty",
            "refresh_token must be a string",
            "property refresh_token should not exist",
            "Token is valid",
            "Token bucket exhausted",
            "No route found for token endpoint",
            "Token endpoint not found",
            "Invalid grant type",
            "Unknown grant type: refresh_token",
            "Database connection not found",
            "No active connection to the database",
            "Connection not found",
            "Connection is not active",
            "Invalid connection",
            "Unknown token type",
            "Invalid grant_type",
            "Token service not found",
            "Invalid access token",
            "Access token expired",
            "Token has not expired yet",
            "Token is not yet valid",
            "Refresh token must not be used",
            "Unknown error while refreshing token",
            "Unable to check whether token is revoked",
            "Invalid token (CSRF)",
            "Token signing key expired",
            "Too many invalid tokens",
            "Refresh token not found in body",
            "Refresh token grant not found for this tenant",
            "/connect/token not found",
            "connect/token not found",
            "Token mismatch",
            "Token store connection expired",
            "Access expired",
            "Invalid user token",
            "Login tokens expired",
            "A fault that was switched on in the sandbox",
        ] {
            assert_eq!(said(message), Words::Other, "{message}");
        }
    }

    /// A gateway's page in Monei's place ended a connection.
    #[test]
    fn what_is_not_in_moneis_shape_is_strange() {
        let good = json!({"statusCode": 404, "message": "Token not found", "error": "Not Found"}).to_string();
        let of = |kind: Option<&str>, body: &str| Words::of(StatusCode::NOT_FOUND, kind, body.as_bytes());
        assert_eq!(of(Some("application/json"), &good), Words::Token);
        assert_eq!(of(Some("application/problem+json"), &good), Words::Token);
        for kind in [None, Some("text/html"), Some("text/plain"), Some("application/jsonp"), Some("")] {
            assert_eq!(of(kind, &good), Words::Strange, "{kind:?}");
        }
        for body in [
            "",
            "<html><body>404 Not Found: invalid token</body></html>",
            "Token not found",
            r#""Token not found""#,
            r#"["Token not found"]"#,
            r#"{"message":"Token not found"}"#,
            r#"{"statusCode":401,"message":"Token not found"}"#,
            r#"{"statusCode":404,"error":"Token not found"}"#,
            r#"{"statusCode":404,"message":{"text":"Token not found"}}"#,
            r#"{"statusCode":404,"message":null}"#,
            r#"{"error":"invalid_grant","error_description":"Token not found"}"#,
            r#"{"statusCode":404,"message":"Token not found""#,
            "null",
        ] {
            assert_eq!(of(Some("application/json"), body), Words::Strange, "{body}");
        }
    }

    proptest! {
        #[test]
        fn without_the_status_in_the_body_nothing_is_moneis(status in 400_u16..500, body: Vec<u8>, told in 0_u16..600) {
            let status = StatusCode::from_u16(status).unwrap();
            prop_assert_eq!(Words::of(status, Some("application/json"), &body), Words::Strange);
            let other = json!({"statusCode": told, "message": "Token not found"}).to_string();
            prop_assert_eq!(Words::of(status, Some("application/json"), other.as_bytes()) == Words::Token, told == status.as_u16());
        }
    }
}
