//! Who is logged in to the sandbox in which browser, and the form token that belongs to it.

use std::collections::HashMap;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

use crate::clock::{HOUR, Millis};
use crate::mint::{Hash, hash, random_hex, same};
use crate::people::Person;

/// Cookie of the sandbox's own session.
const COOKIE_NAME: &str = "monei_sandbox_session";
/// How long a session lasts.
const LIFE: Millis = HOUR;
/// Most sessions kept; the oldest goes first.
const KEPT: usize = 500;

#[derive(Clone, Debug)]
struct Session {
    user: Option<&'static Person>,
    form_token: String,
    since: Millis,
}

/// The sessions, by the hash of their cookie.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: HashMap<Hash, Session>,
}

/// What a page needs to know of the session it is shown in.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) user: Option<&'static Person>,
    pub(crate) form_token: String,
    /// To be set where the session is new.
    pub(crate) cookie: Option<HeaderValue>,
}

/// Why a form is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FormRefused {
    /// No session, or it has expired: 401 (Monei: errors).
    NoSession,
    /// The form token is another session's.
    WrongToken,
}

impl Sessions {
    /// The session of a request, or a fresh one without a person.
    pub(crate) fn visit(&mut self, headers: &HeaderMap, now: Millis) -> Visit {
        if let Some(session) = self.find(headers, now) {
            return Visit { user: session.user, form_token: session.form_token.clone(), cookie: None };
        }
        self.open(None, now)
    }

    /// Who is logged in, without opening a session.
    pub(crate) fn person(&self, headers: &HeaderMap, now: Millis) -> Option<&'static Person> {
        self.find(headers, now).and_then(|session| session.user)
    }

    /// Checks the token of a posted form.
    pub(crate) fn check(&self, headers: &HeaderMap, token: &str, now: Millis) -> Result<Option<&'static Person>, FormRefused> {
        let session = self.find(headers, now).ok_or(FormRefused::NoSession)?;
        if same(&session.form_token, token) { Ok(session.user) } else { Err(FormRefused::WrongToken) }
    }

    /// Logs `user` in under a fresh cookie and form token; the old session ends.
    pub(crate) fn log_in(&mut self, headers: &HeaderMap, user: &'static Person, now: Millis) -> Visit {
        self.log_out(headers);
        self.open(Some(user), now)
    }

    /// Ends the session of a request.
    pub(crate) fn log_out(&mut self, headers: &HeaderMap) {
        for value in cookies(headers) {
            self.open.remove(&hash(value));
        }
    }

    /// Ends every session.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }

    fn find(&self, headers: &HeaderMap, now: Millis) -> Option<&Session> {
        cookies(headers).filter_map(|value| self.open.get(&hash(value))).find(|session| session.since <= now && now - session.since < LIFE)
    }

    fn open(&mut self, user: Option<&'static Person>, now: Millis) -> Visit {
        self.open.retain(|_, session| session.since <= now && now - session.since < LIFE);
        if self.open.len() >= KEPT {
            let oldest = self.open.iter().min_by_key(|(_, session)| session.since).map(|(key, _)| key.clone());
            if let Some(key) = oldest {
                self.open.remove(&key);
            }
        }
        let (id, form_token) = (random_hex(), random_hex());
        self.open.insert(hash(&id), Session { user, form_token: form_token.clone(), since: now });
        let cookie = HeaderValue::from_str(&format!("{COOKIE_NAME}={id}; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600")).ok();
        Visit { user, form_token, cookie }
    }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, value)| value)
}
