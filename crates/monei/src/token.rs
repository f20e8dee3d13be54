//! The answer of `POST /connect/token` (Monei: tokens), read tolerantly where Monei leaves a point open.

use serde::Deserialize;

use crate::scope::{Scope, ScopeSet};
use crate::secret::{AccessToken, RefreshToken};

/// What one approval or one refresh gave. `scopes` is the only truth about what was granted.
#[derive(Debug, Clone)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token; it replaces the one it was got with (rotation).
    pub refresh_token: RefreshToken,
    /// Lifetime of the access token in seconds. Monei documents 3600.
    pub expires_in: u64,
    /// What was granted. `None`: the answer didn't say. On a code exchange that means nothing was granted, on a refresh that nothing changed.
    pub scopes: Option<ScopeSet>,
}

/// Why an answer isn't a token response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTokenResponse {
    /// Not JSON, or not of the documented shape.
    #[error("the token answer is not of the documented shape")]
    Shape,
    /// `token_type` isn't `Bearer`.
    #[error("the token answer is not for a bearer token")]
    TokenType,
    /// A token is empty, longer than [`MAX_TOKEN_LEN`] or [`MAX_REFRESH_LEN`], or holds a character that a header can't carry.
    #[error("a token in the answer is empty, too long or malformed")]
    Token,
    /// `expires_in` is zero or longer than [`MAX_EXPIRES_IN`].
    #[error("the lifetime in the token answer is out of range")]
    Lifetime,
    /// A scope holds characters that no scope may have, or there are more than [`MAX_SCOPES`].
    #[error("the scopes in the token answer are malformed")]
    Scopes,
}

/// Longest token accepted, in bytes.
pub const MAX_TOKEN_LEN: usize = 2048;
/// Longest refresh token accepted, in bytes: a backend's seal makes one longer by a third.
pub const MAX_REFRESH_LEN: usize = 3072;
/// Longest lifetime accepted, in seconds: a day. Monei documents an hour.
pub const MAX_EXPIRES_IN: u64 = 86_400;
/// Most scopes accepted in one answer.
pub const MAX_SCOPES: usize = 64;

impl TokenResponse {
    /// Reads the body of a 2xx answer.
    ///
    /// # Errors
    /// [`InvalidTokenResponse`] where a field is missing, of another type or out of range.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidTokenResponse> {
        #[derive(Deserialize)]
        struct Raw {
            access_token: AccessToken,
            refresh_token: RefreshToken,
            token_type: String,
            expires_in: u64,
            scopes: Option<Vec<String>>,
            // RFC 6749 §5.1; Monei documents the array only.
            scope: Option<String>,
        }
        let raw: Raw = serde_json::from_slice(bytes).map_err(|_| InvalidTokenResponse::Shape)?;
        if !raw.token_type.eq_ignore_ascii_case("bearer") {
            return Err(InvalidTokenResponse::TokenType);
        }
        let sound = |token: &str, longest: usize| (1..=longest).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !sound(raw.access_token.expose(), MAX_TOKEN_LEN) || !sound(raw.refresh_token.expose(), MAX_REFRESH_LEN) {
            return Err(InvalidTokenResponse::Token);
        }
        if raw.expires_in == 0 || raw.expires_in > MAX_EXPIRES_IN {
            return Err(InvalidTokenResponse::Lifetime);
        }
        let listed = raw.scopes.or_else(|| raw.scope.map(|text| text.split_whitespace().map(str::to_owned).collect()));
        let scopes = match listed {
            None => None,
            Some(list) if list.len() > MAX_SCOPES => return Err(InvalidTokenResponse::Scopes),
            Some(list) => Some(
                list.iter().map(|text| text.parse::<Scope>()).collect::<Result<ScopeSet, _>>().map_err(|_| InvalidTokenResponse::Scopes)?,
            ),
        };
        Ok(Self { access_token: raw.access_token, refresh_token: raw.refresh_token, expires_in: raw.expires_in, scopes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(change: impl FnOnce(&mut serde_json::Value)) -> Vec<u8> {
        let mut value = serde_json::json!({
            "access_token": "mct_a", "refresh_token": "mcr_b", "token_type": "Bearer", "expires_in": 3600,
            "scopes": ["wallet:read", "profile:read"],
        });
        change(&mut value);
        serde_json::to_vec(&value).unwrap()
    }

    #[test]
    fn reads_the_documented_answer() {
        let response = TokenResponse::parse(&body(|_| {})).unwrap();
        assert_eq!(response.expires_in, 3600);
        assert_eq!(response.scopes.unwrap().to_string(), "profile:read wallet:read");
    }

    #[test]
    fn missing_scopes_are_told_apart_from_none() {
        let absent = TokenResponse::parse(&body(|v| drop(v.as_object_mut().unwrap().remove("scopes")))).unwrap();
        assert!(absent.scopes.is_none());
        let empty = TokenResponse::parse(&body(|v| v["scopes"] = serde_json::json!([]))).unwrap();
        assert!(empty.scopes.unwrap().is_empty());
    }

    #[test]
    fn a_scope_string_is_tolerated() {
        let response = TokenResponse::parse(&body(|v| {
            v.as_object_mut().unwrap().remove("scopes");
            v["scope"] = "wallet:read kyc:read".into();
        }));
        assert_eq!(response.unwrap().scopes.unwrap().to_string(), "kyc:read wallet:read");
    }

    #[test]
    fn hostile_answers_are_refused() {
        use InvalidTokenResponse as E;
        let cases: [(&str, serde_json::Value, E); 8] = [
            ("scopes", serde_json::json!("wallet:read"), E::Shape),
            ("scopes", serde_json::json!(["wallet read"]), E::Scopes),
            ("expires_in", serde_json::json!(0), E::Lifetime),
            ("expires_in", serde_json::json!(-5), E::Shape),
            ("expires_in", serde_json::json!(u64::MAX), E::Lifetime),
            ("token_type", serde_json::json!("mac"), E::TokenType),
            ("access_token", serde_json::json!("a\r\nX-Evil: 1"), E::Token),
            ("refresh_token", serde_json::json!("x".repeat(5000)), E::Token),
        ];
        for (field, value, expected) in cases {
            let got = TokenResponse::parse(&body(|v| v[field] = value.clone())).unwrap_err();
            assert_eq!(got, expected, "{field} = {value}");
        }
    }
}
