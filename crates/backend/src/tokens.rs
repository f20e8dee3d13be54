//! What the app gets: Monei's token answer with the refresh token sealed, so that it is of use only through this backend.

use monei::{AccessToken, RefreshToken, ScopeSet, TokenResponse};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::domain::budget::Id;
use crate::problem::Code;
use crate::seal::{Purpose, Sealer, Unreadable};

/// The answer.
#[derive(Serialize, ToSchema)]
#[schema(as = Tokens)]
pub(crate) struct Body<'a> {
    /// Monei's access token.
    access_token: &'a str,
    /// Monei's refresh token, sealed: of use at this backend alone.
    refresh_token: &'a str,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    /// What was granted; missing on a refresh where nothing changed.
    // T-14.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    scopes: Option<&'a ScopeSet>,
}

/// The answer's body.
pub(crate) fn body(sealer: &Sealer, grant: Id, response: &TokenResponse) -> Result<Zeroizing<Vec<u8>>, Code> {
    let token = response.refresh_token.expose().as_bytes();
    let plain = Zeroizing::new([&[WITH_GRANT][..], &grant.to_be_bytes(), token].concat());
    let sealed = sealer.seal(Purpose::RefreshToken, &plain);
    let body = Body {
        access_token: response.access_token.expose(),
        refresh_token: &sealed,
        token_type: "Bearer",
        expires_in: response.expires_in,
        scopes: response.scopes.as_ref(),
    };
    serde_json::to_vec(&body).map(Zeroizing::new).map_err(|_| Code::Internal)
}

/// First byte of a sealed refresh token that carries its grant. No token of Monei's begins with it.
const WITH_GRANT: u8 = 1;

/// A refresh token as the app presented it.
pub(crate) struct Presented {
    pub(crate) token: RefreshToken,
    /// Minted at the exchange, and the same through all rotations.
    pub(crate) grant: Id,
}

/// Opens a refresh token that this backend sealed. One of before grants were named is its own grant.
pub(crate) fn open(sealer: &Sealer, sealed: &str) -> Result<Presented, Unreadable> {
    let plain = sealer.open(Purpose::RefreshToken, sealed)?;
    let (grant, token) = match plain.split_first_chunk::<9>() {
        Some(([WITH_GRANT, grant @ ..], token)) => (Id::from_be_bytes(*grant), token),
        _ => (crate::once::id(&[b"grant", &plain]), &plain[..]),
    };
    std::str::from_utf8(token).map(|token| Presented { token: RefreshToken::new(token), grant }).map_err(|_| Unreadable)
}

/// Whether it can be an access token at all (RFC 6750 §2.1 allows no more).
pub(crate) fn is_access_token(token: &AccessToken) -> bool {
    let text = token.expose();
    !text.is_empty() && text.len() <= monei::token::MAX_TOKEN_LEN && text.bytes().all(|byte| byte.is_ascii_graphic())
}
