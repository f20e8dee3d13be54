//! What the app gets: Monei's token answer with the refresh token sealed, so that it is of use only through this backend.

use monei::{AccessToken, RefreshToken, ScopeSet, TokenResponse};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::budget::Id;
use super::digest::id;
use super::problem::Code;
use super::seal::{Purpose, Sealer, Unreadable};

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
pub(crate) fn body(sealer: &Sealer, owner: Owner, response: &TokenResponse) -> Result<Zeroizing<Vec<u8>>, Code> {
    let token = response.refresh_token.expose().as_bytes();
    let plain = Zeroizing::new([&[WITH_OWNER][..], &owner.registration.to_be_bytes(), &owner.grant.to_be_bytes(), token].concat());
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

/// First byte of a sealed refresh token that says whose it is. No token of Monei's begins with it.
const WITH_OWNER: u8 = 2;

/// Whose a refresh token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The registration that it was given to.
    pub(crate) registration: Id,
    /// Minted at the exchange, and the same through all rotations.
    pub(crate) grant: Id,
}

/// A refresh token as the app presented it.
pub(crate) struct Presented {
    pub(crate) token: RefreshToken,
    /// `None`: the first, as in what version 0.1 sealed.
    pub(crate) registration: Option<Id>,
    pub(crate) grant: Id,
}

/// Opens a refresh token that this backend sealed. One that version 0.1 sealed is its own grant.
pub(crate) fn open(sealer: &Sealer, sealed: &str) -> Result<Presented, Unreadable> {
    let plain = sealer.open(Purpose::RefreshToken, sealed)?;
    let (registration, grant, token) = match &plain[..] {
        [WITH_OWNER, rest @ ..] => {
            let (registration, rest) = rest.split_first_chunk::<8>().ok_or(Unreadable)?;
            let (grant, token) = rest.split_first_chunk::<8>().ok_or(Unreadable)?;
            (Some(Id::from_be_bytes(*registration)), Id::from_be_bytes(*grant), token)
        }
        token => (None, id(&[b"grant", token]), token),
    };
    let token = std::str::from_utf8(token).map_err(|_| Unreadable)?;
    Ok(Presented { token: RefreshToken::new(token), registration, grant })
}

/// Whether it can be an access token at all (RFC 6750 §2.1 allows no more).
pub(crate) fn is_access_token(token: &AccessToken) -> bool {
    let text = token.expose();
    !text.is_empty() && text.len() <= monei::token::MAX_TOKEN_LEN && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::seal::MasterKey;
    use crate::domain::settings::Environment;

    fn sealer() -> Sealer {
        Sealer::new(Environment::Sandbox, MasterKey::new([3; 32]), None)
    }

    #[test]
    fn a_token_that_version_0_1_sealed_still_opens() {
        let sealed = sealer().seal(Purpose::RefreshToken, b"mcr_sim_token");
        let presented = open(&sealer(), &sealed).unwrap();
        assert_eq!((presented.token.expose(), presented.registration), ("mcr_sim_token", None));
        assert_eq!(presented.grant, open(&sealer(), &sealed).unwrap().grant, "a grant of its own, always the same");
    }

    proptest! {
        #[test]
        fn a_token_comes_back_with_its_owner(registration: u64, grant: u64, token in "mcr_[a-z]{1,40}") {
            let json = serde_json::json!({"access_token": "mct_a", "refresh_token": token, "token_type": "Bearer", "expires_in": 1});
            let response = TokenResponse::parse(json.to_string().as_bytes()).unwrap();
            let body = body(&sealer(), Owner { registration, grant }, &response).unwrap();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let presented = open(&sealer(), body["refresh_token"].as_str().unwrap()).unwrap();
            prop_assert_eq!((presented.registration, presented.grant), (Some(registration), grant));
            prop_assert_eq!(presented.token.expose(), token);
        }

        #[test]
        fn sealed_nonsense_does_not_panic(plain: Vec<u8>) {
            let _ = open(&sealer(), &sealer().seal(Purpose::RefreshToken, &plain));
        }
    }
}
