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
const PRESENTED: [&str; 5] = ["token", "refresh_token", "grant", "connection", "consent"];
/// Words that say that it is no longer, or never was, good.
const ENDED: [&str; 17] = [
    "invalid",
    "expired",
    "revoked",
    "unknown",
    "rotated",
    "used",
    "inactive",
    "disconnected",
    "removed",
    "withdrawn",
    "reused",
    "replaced",
    "found",
    "exist",
    "valid",
    "active",
    "recognized",
];
/// Of those, the words that say so only after a denial.
const DENIED: [&str; 5] = ["found", "exist", "valid", "active", "recognized"];
/// Words that show that a token of another kind is meant, or a malformed request.
const ELSEWHERE: [&str; 31] = [
    "unexpected",
    "json",
    "position",
    "csrf",
    "xsrf",
    "api",
    "key",
    "authentication",
    "authorization",
    "security",
    "bearer",
    "session",
    "jwt",
    "header",
    "missing",
    "should",
    "must",
    "property",
    "parameter",
    "cannot",
    "route",
    "upstream",
    "gateway",
    "proxy",
    "rate",
    "captcha",
    "request",
    "identity",
    "id_token",
    "service",
    "host",
];

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
    let message = message.to_ascii_lowercase();
    // "Cannot POST /api/v1/connect/token" speaks of an address.
    let words: Vec<&str> = message
        .split_whitespace()
        .filter(|word| !word.contains('/'))
        .flat_map(|word| word.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '\'')))
        .filter(|word| !word.is_empty())
        .collect();
    let any = |list: &[&str]| words.iter().any(|word| list.contains(word) || word.strip_suffix('s').is_some_and(|one| list.contains(&one)));
    if any(&CLIENT) {
        return Words::Client;
    }
    let denied = any(&["not", "no", "doesn't", "isn't"]);
    let ended = words.iter().any(|word| ENDED.contains(word) && (denied || !DENIED.contains(word)));
    let presented = any(&PRESENTED) || message.contains("revoked access") || message.contains("access revoked");
    if presented && ended && !any(&ELSEWHERE) { Words::Token } else { Words::Other }
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
