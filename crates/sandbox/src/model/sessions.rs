//! Who is logged in to the sandbox in which browser, and the form token that belongs to it.

use std::collections::{HashMap, VecDeque};

use crate::model::clock::{HOUR, Millis};
use crate::model::mint::{Hash, hash, random_hex, same};
use crate::model::people::Person;

/// What a browser sent of the session cookie, and under which name: one for each port, since cookies don't tell ports apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies {
    pub(crate) name: String,
    /// Values of cookies of this name.
    pub(crate) values: Vec<String>,
}

/// Decisions of one session whose forms may be posted again.
const ANSWERED_KEPT: usize = 20;
/// How long a session lasts.
const LIFE: Millis = HOUR;
/// Most sessions kept; the oldest goes first.
const KEPT: usize = 500;

#[derive(Clone, Debug)]
struct Session {
    user: Option<&'static Person>,
    form_token: String,
    since: Millis,
    /// Forms that were answered, and where each led.
    answered: VecDeque<(String, String)>,
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
    pub(crate) cookie: Option<String>,
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
    pub(crate) fn visit(&mut self, cookies: &Cookies, now: Millis) -> Visit {
        if let Some(session) = self.find(cookies, now) {
            return Visit { user: session.user, form_token: session.form_token.clone(), cookie: None };
        }
        self.open(cookies, None, now)
    }

    /// Who is logged in, without opening a session.
    pub(crate) fn person(&self, cookies: &Cookies, now: Millis) -> Option<&'static Person> {
        self.find(cookies, now).and_then(|session| session.user)
    }

    /// Checks the token of a posted form.
    pub(crate) fn check(&self, cookies: &Cookies, token: &str, now: Millis) -> Result<Option<&'static Person>, FormRefused> {
        let session = self.find(cookies, now).ok_or(FormRefused::NoSession)?;
        if same(&session.form_token, token) { Ok(session.user) } else { Err(FormRefused::WrongToken) }
    }

    /// Logs `user` in under a fresh cookie and form token; the old session ends.
    pub(crate) fn log_in(&mut self, cookies: &Cookies, user: &'static Person, now: Millis) -> Visit {
        self.log_out(cookies);
        self.open(cookies, Some(user), now)
    }

    /// Where a form of this session led when it was posted before.
    pub(crate) fn answered(&self, cookies: &Cookies, form: &str, now: Millis) -> Option<String> {
        let answered = &self.find(cookies, now)?.answered;
        answered.iter().find(|(known, _)| known == form).map(|(_, location)| location.clone())
    }

    /// Remembers where a form led, so that posting it again leads there again and decides nothing anew.
    pub(crate) fn answer(&mut self, cookies: &Cookies, form: &str, location: &str) {
        for value in &cookies.values {
            if let Some(session) = self.open.get_mut(&hash(value)) {
                session.answered.push_back((form.to_owned(), location.to_owned()));
                if session.answered.len() > ANSWERED_KEPT {
                    session.answered.pop_front();
                }
            }
        }
    }

    /// Ends the session of a request.
    pub(crate) fn log_out(&mut self, cookies: &Cookies) {
        for value in &cookies.values {
            self.open.remove(&hash(value));
        }
    }

    /// Ends every session.
    pub(crate) fn clear(&mut self) {
        self.open.clear();
    }

    fn find(&self, cookies: &Cookies, now: Millis) -> Option<&Session> {
        cookies
            .values
            .iter()
            .filter_map(|value| self.open.get(&hash(value)))
            .find(|session| session.since <= now && now - session.since < LIFE)
    }

    fn open(&mut self, cookies: &Cookies, user: Option<&'static Person>, now: Millis) -> Visit {
        self.open.retain(|_, session| session.since <= now && now - session.since < LIFE);
        if self.open.len() >= KEPT {
            let oldest = self.open.iter().min_by_key(|(_, session)| session.since).map(|(key, _)| key.clone());
            if let Some(key) = oldest {
                self.open.remove(&key);
            }
        }
        let (id, form_token) = (random_hex(), random_hex());
        self.open.insert(hash(&id), Session { user, form_token: form_token.clone(), since: now, answered: VecDeque::new() });
        let cookie = format!("{}={id}; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600", cookies.name);
        Visit { user, form_token, cookie: Some(cookie) }
    }
}
