//! The answer of `POST /connect/token` (Monei: tokens), read so that no oddity loses a token.
//!
//! Monei rotates: once it has answered, the earlier pair is dead. So both tokens are kept wherever both can be found, and whatever else is
//! odd gets a safe default and is reported as an [`Oddity`].

mod scan;
#[cfg(test)]
mod tests;

use serde_json::Value;
use zeroize::Zeroizing;

use crate::scope::{Scope, ScopeSet};
use crate::secret::{AccessToken, RefreshToken};

/// What one approval or one refresh gave. `scopes` is the only truth about what was granted.
#[derive(Debug, Clone)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: AccessToken,
    /// The refresh token; it replaces the one it was got with (rotation).
    pub refresh_token: RefreshToken,
    /// Lifetime of the access token in seconds. Monei documents 3600, which is assumed where the answer says nothing usable.
    pub expires_in: u64,
    /// What was granted. `None`: the answer didn't say. On a code exchange that means nothing was granted, on a refresh that nothing changed.
    pub scopes: Option<ScopeSet>,
    /// How the answer differs from the documented one.
    pub oddities: Vec<Oddity>,
}

/// How an answer that holds both tokens differs from the documented one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oddity {
    /// Not JSON as a whole: damaged, cut off, with something around it, or a form.
    Format,
    /// The tokens are not members of the outermost object, or not under their documented names.
    Place,
    /// A token had white space around it, or stood there more than once with different values.
    Token,
    /// `token_type` is missing or isn't `Bearer`.
    TokenType,
    /// `expires_in` is missing, not a whole number, or out of range.
    Lifetime,
    /// `scopes` isn't a list of scopes. What could be read of it was taken.
    Scopes,
}

impl Oddity {
    /// A short name, for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Oddity::Format => "format",
            Oddity::Place => "place",
            Oddity::Token => "token",
            Oddity::TokenType => "token_type",
            Oddity::Lifetime => "lifetime",
            Oddity::Scopes => "scopes",
        }
    }
}

/// An answer without two usable tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token answer does not hold an access token and a refresh token that can be used")]
pub struct NoTokens;

/// Longest token accepted, in bytes.
pub const MAX_TOKEN_LEN: usize = 2048;
/// Longest refresh token accepted, in bytes: a backend's seal makes one longer by a third.
pub const MAX_REFRESH_LEN: usize = 3072;
/// Longest lifetime accepted, in seconds: a day. Monei documents an hour.
pub const MAX_EXPIRES_IN: u64 = 86_400;
/// The lifetime that Monei documents, in seconds.
pub const DOCUMENTED_EXPIRES_IN: u64 = 3_600;
/// Most scopes taken from one answer.
pub const MAX_SCOPES: usize = 64;

impl TokenResponse {
    /// Reads the body of an answer.
    ///
    /// # Errors
    /// [`NoTokens`] where the body doesn't hold both tokens, each of 1 to [`MAX_TOKEN_LEN`] or [`MAX_REFRESH_LEN`] visible ASCII characters.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoTokens> {
        let text = String::from_utf8_lossy(bytes);
        let mut found = scan::objects(&text);
        if found.objects.is_empty() {
            found = scan::Found { objects: vec![form(bytes)], damaged: true, bare: true };
        }
        let mut odd = Vec::new();
        if found.damaged {
            odd.push(Oddity::Format);
        }
        let tokens_of = |object: &scan::Object| (token(object, ACCESS, MAX_TOKEN_LEN), token(object, REFRESH, MAX_REFRESH_LEN));
        let mut pairs: Vec<_> = found.objects.iter().map(tokens_of).collect();
        // The outermost object that holds both; else the first of each; else, of what is missing, the only text with Monei's prefix.
        let at = pairs.iter().position(|(access, refresh)| access.is_some() && refresh.is_some());
        let (access, refresh, fields) = match at {
            Some(at) => (pairs[at].0.take(), pairs[at].1.take(), &found.objects[at]),
            None => {
                let named = pairs.iter().position(|(access, _)| access.is_some());
                let about = |object: &scan::Object| FIELDS.iter().any(|name| value(object, name).is_some());
                let fields = named.or_else(|| found.objects.iter().position(about)).unwrap_or(0);
                let texts = texts(&text, &found.objects);
                let access = pairs.iter_mut().find_map(|(access, _)| access.take()).or_else(|| prefixed(&texts, "mct_", MAX_TOKEN_LEN));
                let refresh =
                    pairs.iter_mut().find_map(|(_, refresh)| refresh.take()).or_else(|| prefixed(&texts, "mcr_", MAX_REFRESH_LEN));
                (access, refresh, &found.objects[fields])
            }
        };
        let (access, refresh) = (access.ok_or(NoTokens)?, refresh.ok_or(NoTokens)?);
        if at != Some(0) || !found.bare || !access.documented || !refresh.documented {
            odd.push(Oddity::Place);
        }
        if !access.clean || !refresh.clean {
            odd.push(Oddity::Token);
        }
        let outer = found.objects.first().filter(|outer| !std::ptr::eq(*outer, fields));
        let member = |name: &str| value(fields, name).or_else(|| outer.and_then(|outer| value(outer, name)));
        if !member("token_type").is_some_and(|kind| kind.as_str().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("bearer"))) {
            odd.push(Oddity::TokenType);
        }
        let expires_in = match member("expires_in").as_ref().and_then(lifetime) {
            Some((seconds, documented)) => {
                odd.extend((!documented).then_some(Oddity::Lifetime));
                seconds
            }
            None => {
                odd.push(Oddity::Lifetime);
                DOCUMENTED_EXPIRES_IN
            }
        };
        let (scopes, sound) = scopes(member("scopes"), member("scope"));
        odd.extend((!sound).then_some(Oddity::Scopes));
        Ok(Self {
            access_token: AccessToken::new(access.text.as_str()),
            refresh_token: RefreshToken::new(refresh.text.as_str()),
            expires_in,
            scopes,
            oddities: odd,
        })
    }
}

const ACCESS: &str = "access_token";
const REFRESH: &str = "refresh_token";
/// What stands beside the tokens.
const FIELDS: [&str; 4] = ["expires_in", "scopes", "scope", "token_type"];

/// A token as it was found.
struct Token {
    text: Zeroizing<String>,
    /// Under its documented name.
    documented: bool,
    /// Without anything around it, and the only one.
    clean: bool,
}

/// The last usable token of an object under its documented name or one like it, as parsers of JSON take the last of several members.
fn token(object: &scan::Object, documented: &str, longest: usize) -> Option<Token> {
    let mut found: Option<Token> = None;
    for (member, raw) in object.iter().filter(|(member, _)| plain(member) == plain(documented)) {
        let Ok(text) = serde_json::from_str::<String>(raw).map(Zeroizing::new) else { continue };
        let trimmed = text.trim();
        if !(1..=longest).contains(&trimmed.len()) || !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
            continue;
        }
        let single = found.is_none_or(|other| *other.text == *trimmed);
        let clean = single && trimmed == text.as_str();
        found = Some(Token { documented: *member == documented, clean, text: Zeroizing::new(trimmed.to_owned()) });
    }
    found
}

/// Every text of an answer, however deep: what stands between two quotation marks and is no name, and the values of a form.
fn texts(text: &str, objects: &[scan::Object]) -> Vec<Zeroizing<String>> {
    let parts: Vec<_> = text.split('"').skip(1).collect();
    // The last part has no mark behind it: it is cut off, or comes after everything.
    let texts = parts.windows(2).filter(|pair| !pair[1].trim_start().starts_with(':')).map(|pair| pair[0]);
    // Inside of a text, the mark at the end has a backslash.
    let quoted = texts.map(|part| Zeroizing::new(format!("\"{}\"", part.trim_end_matches('\\'))));
    let values = objects.iter().flatten().map(|(_, raw)| raw.clone());
    quoted.chain(values).filter_map(|raw| serde_json::from_str::<String>(&raw).ok().map(Zeroizing::new)).collect()
}

/// The only text that is a token with this prefix, which Monei documents. Of several nobody knows which is meant.
fn prefixed(texts: &[Zeroizing<String>], prefix: &str, longest: usize) -> Option<Token> {
    let is_token = |text: &&str| {
        (prefix.len() + 1..=longest).contains(&text.len())
            && text.starts_with(prefix)
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte))
    };
    let mut tokens = texts.iter().map(|text| text.trim()).filter(is_token);
    let one = tokens.next()?;
    tokens.all(|other| other == one).then(|| Token { text: Zeroizing::new(one.to_owned()), documented: false, clean: true })
}

/// The last value of an object under `name`.
fn value(object: &scan::Object, name: &str) -> Option<Value> {
    let (_, raw) = object.iter().rev().find(|(member, _)| plain(member) == plain(name))?;
    Some(serde_json::from_str(raw).unwrap_or(Value::Null))
}

/// A member's name without case and separators.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '_' | '-' | ' ')).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The pairs of a form, as an object.
fn form(bytes: &[u8]) -> scan::Object {
    let pairs = form_urlencoded::parse(bytes.trim_ascii());
    pairs.map(|(name, value)| (name.into_owned(), Zeroizing::new(Value::from(value.into_owned()).to_string()))).collect()
}

/// Seconds within range, and whether they stood there as documented.
fn lifetime(value: &Value) -> Option<(u64, bool)> {
    let seconds = match value {
        Value::Number(number) => number.as_u64().map(|seconds| (seconds, true)).or_else(|| whole(number.as_f64()?)),
        Value::String(text) => whole(text.trim().parse().ok()?),
        _ => None,
    };
    seconds.filter(|(seconds, _)| (1..=MAX_EXPIRES_IN).contains(seconds))
}

/// Rounded down.
fn whole(seconds: f64) -> Option<(u64, bool)> {
    (seconds >= 1.0 && seconds <= MAX_EXPIRES_IN as f64).then_some((seconds as u64, false))
}

/// The scopes that could be read, and whether all could be. `scope` is RFC 6749 §5.1's; Monei documents `scopes` alone. `None`: nothing could
/// be read, which is as if nothing had been said.
fn scopes(listed: Option<Value>, text: Option<Value>) -> (Option<ScopeSet>, bool) {
    let names = |value: &Value| -> Option<(Vec<String>, bool)> {
        match value {
            Value::Array(all) => {
                let texts: Vec<_> = all.iter().filter_map(Value::as_str).collect();
                let names: Vec<_> = texts.iter().flat_map(|text| several(text)).map(str::to_owned).collect();
                let sound = texts.len() == all.len() && names == texts;
                Some((names, sound))
            }
            Value::String(text) => Some((
                several(text)
                    .flat_map(|name| name.split([' ', ',', '\t', '\n', '\r']))
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect(),
                false,
            )),
            _ => None,
        }
    };
    let from_list = listed.as_ref().and_then(names);
    let from_text = text.as_ref().and_then(names).map(|(names, _)| (names, listed.as_ref().is_none_or(Value::is_null)));
    let absent = |value: &Option<Value>| value.as_ref().is_none_or(Value::is_null);
    let Some((names, mut sound)) = from_list.or(from_text) else { return (None, absent(&listed) && absent(&text)) };
    let mut set = ScopeSet::default();
    for name in names.iter().take(MAX_SCOPES) {
        match scope(name) {
            Some((scope, as_documented)) => {
                set.insert(scope);
                sound &= as_documented;
            }
            None => sound = false,
        }
    }
    sound &= names.len() <= MAX_SCOPES;
    (Some(set).filter(|set| sound || !set.is_empty()), sound)
}

/// The names in one text. Monei's have a colon each, which tells where several stand in it.
fn several(text: &str) -> impl Iterator<Item = &str> {
    let parts = || text.split([' ', ',', ';', '|', '+', '\t', '\n', '\r']).filter(|part| !part.is_empty());
    let whole = (!parts().all(|part| part.contains(':'))).then_some(text);
    let parts = parts().take(if whole.is_some() { 0 } else { usize::MAX });
    whole.into_iter().chain(parts)
}

/// The scope of that name, and whether it is written as documented: case tells no two of Monei's apart.
fn scope(name: &str) -> Option<(Scope, bool)> {
    let scope: Scope = name.parse().ok()?;
    if scope.is_known() {
        return Some((scope, true));
    }
    let known = name.to_ascii_lowercase().parse::<Scope>().ok().filter(Scope::is_known);
    Some(known.map_or((scope, true), |known| (known, false)))
}
