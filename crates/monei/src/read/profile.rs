//! `GET /user/me` (scope `profile:read`).

use jiff::Timestamp;

use super::envelope::{Body, flag, id, instant, nested, text};
use super::{MAX_TEXT_CHARS, ReadError};

/// Who a token belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Monei's user id: to compare, never to show.
    pub id: Option<String>,
    /// `firstName`
    pub first_name: Option<String>,
    /// `lastName`
    pub last_name: Option<String>,
    /// `name`, which some answers have instead.
    pub full_name: Option<String>,
    /// Email.
    pub email: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Verified, as told at the root or in `kycInfo`.
    pub verified: Option<bool>,
    /// When the person joined Monei.
    pub created_at: Option<Timestamp>,
}

impl Profile {
    /// Where it is read, below the API base.
    pub const PATH: &str = "/user/me";

    /// Reads an answer of `GET /user/me`.
    ///
    /// # Errors
    /// [`ReadError`] when the body as a whole is something else.
    pub fn parse(body: &[u8]) -> Result<Self, ReadError> {
        let user = Body::parse(body)?.object_with(&["id", "email", "firstName", "lastName", "name", "phone", "phoneNumber"])?;
        let in_kyc = || flag(nested(&user, &["kycInfo"])?, &["verified"]);
        Ok(Self {
            id: id(&user, &["id"]),
            first_name: text(&user, &["firstName"]),
            last_name: text(&user, &["lastName"]),
            full_name: text(&user, &["name"]),
            email: text(&user, &["email"]),
            phone: text(&user, &["phone", "phoneNumber"]),
            verified: flag(&user, &["verified"]).or_else(in_kyc),
            created_at: instant(&user, &["createdAt"]),
        })
    }
    /// First and last name, as far as told, or else the full name. At most [`MAX_TEXT_CHARS`] characters.
    pub fn name(&self) -> Option<String> {
        let parts: Vec<&str> = [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() {
            return self.full_name.clone();
        }
        Some(parts.join(" ").chars().take(MAX_TEXT_CHARS).collect())
    }
}
