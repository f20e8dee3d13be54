//! Another program of the person that may use a connection: its name, its key, and what it was given.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use monei::ScopeSet;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::text::{clean, fold};
use super::{AccountId, AppId};
use crate::wiped;

/// Longest name, in characters.
const LONGEST_NAME: usize = 40;

/// How every key begins, so that it can be recognised where it was left by mistake.
const KEY_PREFIX: &str = "mcl_";

/// This program's own name, which no app may have.
const OWN_NAME: &str = "Monei Connections";

/// How the names begin that are for the command line alone.
const COMMAND_LINE: &str = "moneictl";

/// An app: one key, one account, some of its permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Opaque handle.
    pub id: AppId,
    /// What the person calls it.
    pub name: String,
    /// The account that it may use.
    pub account: AccountId,
    /// The permissions that it was given.
    pub scopes: ScopeSet,
    /// When what it was given ends, in milliseconds since the Unix epoch; `None`: when it is taken back.
    pub until: Option<i64>,
    /// When it was allowed, in milliseconds since the Unix epoch.
    pub created_at: i64,
    /// When it was taken back, in milliseconds since the Unix epoch.
    pub taken_back_at: Option<i64>,
    /// Whether its key was ever used over TCP, where the port could come to be somebody else's.
    pub over_tcp: bool,
    /// When it last called, in milliseconds since the Unix epoch.
    pub last_used_at: Option<i64>,
    /// How often it called in the last two years, refused calls included.
    pub uses: u64,
}

impl App {
    /// Whether its key works at `now_ms`.
    pub fn is_allowed(&self, now_ms: i64) -> bool {
        self.taken_back_at.is_none() && self.until.is_none_or(|until| now_ms < until)
    }
}

/// A name that an app may have: 1 to 40 characters that can be seen, among them a letter or a digit; nothing that steers the direction of
/// writing; not this program's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppName(String);

impl AppName {
    /// Takes out what can't be seen. `None` where nothing usable is left, or too much.
    pub fn parse(text: &str) -> Option<Self> {
        let name = clean(text);
        let sound = name.chars().count() <= LONGEST_NAME && name.chars().any(char::is_alphanumeric) && fold(&name) != fold(OWN_NAME);
        sound.then_some(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a person could take one for the other: in any case, spaced or marked, and with letters that only look alike.
    pub fn looks_like(&self, other: &str) -> bool {
        let others = forms(other);
        forms(&self.0).iter().any(|form| others.contains(form))
    }

    /// Whether a person could take the app for the command line itself: its name begins like that one's.
    pub fn is_command_lines(&self) -> bool {
        let own = forms(COMMAND_LINE);
        forms(&self.0).iter().any(|form| own.iter().any(|own| form.starts_with(own)))
    }
}

/// What the eye takes a name for, in any case.
fn forms(text: &str) -> [String; 3] {
    [fold(text), fold(&text.to_lowercase()), fold(&text.to_uppercase())]
}

/// An app's key: `mcl_` and 32 random bytes, base64url. It exists once, on its way to the person; what is kept is its [`KeyHash`].
pub struct AppKey(SecretString);

/// SHA-256 of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyHash([u8; 32]);

impl AppKey {
    /// A fresh one from the system's generator.
    pub(crate) fn generate() -> Self {
        let bytes = Zeroizing::new(rand::random::<[u8; 32]>());
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
        Self(SecretString::from([KEY_PREFIX, &text].concat()))
    }

    /// The text, for the person or the program that it is for.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> KeyHash {
        KeyHash::of(self.expose())
    }
}

impl KeyHash {
    /// Of a text that somebody presents as a key.
    pub fn of(key: &str) -> Self {
        Self(wiped::sha256(key.as_bytes()))
    }

    /// As the index keeps it.
    pub(crate) fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// As the index keeps it; `None` for what isn't one.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// Whether they are the same, in a time that doesn't tell where they differ.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_seen_and_steers_nothing() {
        let cleaned = |text: &str| AppName::parse(text).map(|name| name.0);
        assert_eq!(cleaned("  Budget\u{202e} sheet\n\u{200b}"), Some("Budget sheet".into()));
        assert_eq!(cleaned("Haushaltsbuch 2026"), Some("Haushaltsbuch 2026".into()));
        assert_eq!(cleaned("家計簿"), Some("家計簿".into()));
        assert_eq!(cleaned(&"x".repeat(40)), Some("x".repeat(40)));
        for unusable in
            ["", " \t", "\u{202e}\u{200b}", "…—!?", &"x".repeat(41), "Monei Connections", "MONEI-C0NNECTIONS", "Мonei Connections"]
        {
            assert_eq!(cleaned(unusable), None, "{unusable:?}");
        }
    }

    #[test]
    fn names_that_look_alike_are_one() {
        let name = AppName::parse("Budget sheet").unwrap();
        for other in [
            "budget sheet",
            "BUDGET  SHEET",
            "Budget-Sheet",
            "Вudget sheet",
            "Budgеt shееt",
            "Βudget sheet",
            "B\u{fc}dget sheet",
            "Ｂudget sheet",
        ] {
            assert!(name.looks_like(other), "{other}");
        }
        for other in ["Budget sheets", "Sheet budget", "Budget"] {
            assert!(!name.looks_like(other), "{other}");
        }
    }

    #[test]
    fn a_name_that_begins_like_the_command_lines_is_for_that_alone() {
        let is_reserved = |text: &str| AppName::parse(text).unwrap().is_command_lines();
        for reserved in
            ["moneictl", "moneictl for Ada", "moneictl (one payment)", "MONEICTL", "M0neictl 2", "Monei-CTL: Ada", "мoneictl", "rnoneictl"]
        {
            assert!(is_reserved(reserved), "{reserved}");
        }
        for free in ["Budget sheet", "Monei budget", "My moneictl"] {
            assert!(!is_reserved(free), "{free}");
        }
    }

    #[test]
    fn a_key_is_long_random_and_known_by_its_hash_alone() {
        let (one, two) = (AppKey::generate(), AppKey::generate());
        assert_eq!(one.expose().len(), 4 + 43);
        assert!(one.expose().starts_with("mcl_") && one.expose() != two.expose());
        assert!(one.hash().is(&KeyHash::of(one.expose())) && !one.hash().is(&two.hash()));
        assert!(KeyHash::from_hex(&one.hash().to_hex()).is_some_and(|hash| hash.is(&one.hash())));
        assert!(!one.hash().to_hex().contains(one.expose()));
    }
}
