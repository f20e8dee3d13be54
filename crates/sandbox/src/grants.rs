//! What people allowed: consents, codes, and the token pairs that came of them. Pure state, hashes only.

use std::collections::{BTreeMap, HashMap, VecDeque};

use monei::ScopeSet;
use serde::{Deserialize, Serialize};

use crate::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use crate::mint::{Hash, hash};

/// Lifetime of a code (Monei: oauth-flow).
pub(crate) const CODE_LIFE: Millis = 10 * MINUTE;
/// Lifetime of an access token (Monei: tokens).
pub(crate) const ACCESS_LIFE: Millis = HOUR;
/// Ended pairs that are still remembered, so that the control page can show them.
const ENDED_KEPT: usize = 200;
/// Rotated refresh tokens of one pair by which a reuse is noticed.
const ROTATED_KEPT: usize = 50;

/// What a person allowed an app: the memory behind incremental authorization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub(crate) user: String,
    pub(crate) client_id: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) since: Millis,
    pub(crate) changed: Millis,
}

/// An authorization code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) user: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) issued: Millis,
    /// It added scopes to an earlier approval.
    pub(crate) upgrade: bool,
    /// The pair it gave, once it was used.
    pub(crate) used: Option<u64>,
}

/// Why a pair ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ended {
    /// The app revoked it.
    ByApp,
    /// The person disconnected the app.
    ByPerson,
    /// Its code was used a second time.
    CodeReuse,
    /// A rotated refresh token was used again.
    RefreshReuse,
    /// A later approval replaced it.
    Replaced,
}

/// One access and refresh token that belong together, through all rotations.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) id: u64,
    pub(crate) user: String,
    pub(crate) client_id: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) created: Millis,
    pub(crate) access: Hash,
    pub(crate) access_expires: Millis,
    pub(crate) refresh: Hash,
    pub(crate) rotated: VecDeque<Hash>,
    pub(crate) ended: Option<Ended>,
}

impl Grant {
    pub(crate) fn alive(&self) -> bool {
        self.ended.is_none()
    }
}

/// A freshly minted pair on its way in; only its hashes stay.
pub(crate) struct Pair<'a> {
    pub(crate) access: &'a str,
    pub(crate) refresh: &'a str,
}

/// Why a code gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeRefused {
    Unknown,
    Expired,
    /// It was used before; what it gave has been ended.
    Used,
    /// It was given for another redirect URI.
    RedirectUri,
}

/// What a refresh token turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// The current token of a live pair.
    Live(u64),
    /// A token that was rotated away from this pair.
    Rotated(u64),
    /// Unknown, or of an ended pair.
    Unknown,
}

/// Everything that people allowed. Serialized as it is into the state file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    pub(crate) consents: Vec<Consent>,
    codes: HashMap<Hash, Code>,
    pairs: BTreeMap<u64, Grant>,
    next: u64,
}

impl Grants {
    /// Every pair, oldest first, the ended ones too.
    pub(crate) fn all(&self) -> impl DoubleEndedIterator<Item = &Grant> {
        self.pairs.values()
    }

    /// Every code that is still remembered.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &Code> {
        self.codes.values()
    }

    /// A code that is still remembered.
    pub(crate) fn by_code(&self, code: &str) -> Option<&Code> {
        self.codes.get(&hash(code))
    }

    /// What `user` has allowed `client_id` so far.
    pub(crate) fn consented(&self, user: &str, client_id: &str) -> ScopeSet {
        self.consents
            .iter()
            .find(|consent| consent.user == user && consent.client_id == client_id)
            .map(|consent| consent.scopes.clone())
            .unwrap_or_default()
    }

    /// Remembers an approval and its code.
    pub(crate) fn approve(&mut self, code: &str, details: Code, allowed: &ScopeSet) {
        let now = details.issued;
        if !allowed.is_empty() {
            match self.consents.iter_mut().find(|consent| consent.user == details.user && consent.client_id == details.client_id) {
                Some(consent) => {
                    consent.scopes = consent.scopes.union(allowed);
                    consent.changed = now;
                }
                None => self.consents.push(Consent {
                    user: details.user.clone(),
                    client_id: details.client_id.clone(),
                    scopes: allowed.clone(),
                    since: now,
                    changed: now,
                }),
            }
        }
        self.codes.retain(|_, code| now - code.issued < DAY);
        self.codes.insert(hash(code), details);
    }

    /// Checks a code and marks it as used. A second use ends what the first gave (RFC 6749 §4.1.2), for whichever client it comes.
    ///
    /// # Errors
    /// [`CodeRefused`]; only [`CodeRefused::Used`] changes anything.
    pub(crate) fn take_code(&mut self, code: &str, client_id: &str, redirect_uri: &str, now: Millis) -> Result<(Hash, Code), CodeRefused> {
        let key = hash(code);
        let found = self.codes.get(&key).cloned().ok_or(CodeRefused::Unknown)?;
        if let Some(grant) = found.used {
            self.end(grant, Ended::CodeReuse);
            return Err(CodeRefused::Used);
        }
        if found.client_id != client_id {
            return Err(CodeRefused::Unknown);
        }
        if now - found.issued >= CODE_LIFE {
            return Err(CodeRefused::Expired);
        }
        if found.redirect_uri != redirect_uri {
            return Err(CodeRefused::RedirectUri);
        }
        Ok((key, found))
    }

    /// Stores the pair that a code gave.
    pub(crate) fn open(&mut self, code_key: &Hash, code: &Code, pair: &Pair<'_>, now: Millis) -> u64 {
        self.next += 1;
        let id = self.next;
        self.pairs.insert(
            id,
            Grant {
                id,
                user: code.user.clone(),
                client_id: code.client_id.clone(),
                scopes: code.scopes.clone(),
                created: now,
                access: hash(pair.access),
                access_expires: now + ACCESS_LIFE,
                refresh: hash(pair.refresh),
                rotated: VecDeque::new(),
                ended: None,
            },
        );
        if let Some(code) = self.codes.get_mut(code_key) {
            code.used = Some(id);
        }
        self.forget_oldest_ended();
        id
    }

    /// The pair whose current access token this is; live or not.
    pub(crate) fn by_access(&self, token: &str) -> Option<&Grant> {
        let key = hash(token);
        self.pairs.values().find(|grant| grant.access == key)
    }

    /// What a refresh token is.
    pub(crate) fn by_refresh(&self, token: &str) -> Found {
        let key = hash(token);
        let alive = || self.pairs.values().filter(|grant| grant.alive());
        if let Some(grant) = alive().find(|grant| grant.refresh == key) {
            return Found::Live(grant.id);
        }
        alive().find(|grant| grant.rotated.contains(&key)).map_or(Found::Unknown, |grant| Found::Rotated(grant.id))
    }

    /// Replaces a pair's tokens: the old ones are invalid from now on (Monei: tokens). The scopes stay.
    pub(crate) fn rotate(&mut self, id: u64, pair: &Pair<'_>, now: Millis) -> Option<&Grant> {
        let grant = self.pairs.get_mut(&id).filter(|grant| grant.alive())?;
        let old = std::mem::replace(&mut grant.refresh, hash(pair.refresh));
        grant.rotated.push_back(old);
        if grant.rotated.len() > ROTATED_KEPT {
            grant.rotated.pop_front();
        }
        grant.access = hash(pair.access);
        grant.access_expires = now + ACCESS_LIFE;
        Some(grant)
    }

    /// Looks a pair up by its id.
    pub(crate) fn get(&self, id: u64) -> Option<&Grant> {
        self.pairs.get(&id)
    }

    /// Ends a pair; false where it had ended before or never was.
    pub(crate) fn end(&mut self, id: u64, why: Ended) -> bool {
        match self.pairs.get_mut(&id).filter(|grant| grant.alive()) {
            Some(grant) => {
                grant.ended = Some(why);
                true
            }
            None => false,
        }
    }

    /// Ends every live pair of `user` with `client_id` but `kept`.
    pub(crate) fn end_others(&mut self, user: &str, client_id: &str, kept: u64) {
        for grant in self.pairs.values_mut().filter(|grant| grant.alive() && grant.id != kept) {
            if grant.user == user && grant.client_id == client_id {
                grant.ended = Some(Ended::Replaced);
            }
        }
    }

    /// Reduces the consent to what the live pairs still carry.
    pub(crate) fn shrink_consent(&mut self, user: &str, client_id: &str, now: Millis) {
        let left = self
            .pairs
            .values()
            .filter(|grant| grant.alive() && grant.user == user && grant.client_id == client_id)
            .fold(ScopeSet::new(), |scopes, grant| scopes.union(&grant.scopes));
        for consent in &mut self.consents {
            if consent.user == user && consent.client_id == client_id && consent.scopes != left {
                consent.scopes = left.clone();
                consent.changed = now;
            }
        }
        self.consents.retain(|consent| !consent.scopes.is_empty());
    }

    /// A person disconnects an app (or every app): consent, codes and pairs go. How many pairs ended.
    pub(crate) fn disconnect(&mut self, user: Option<&str>, client_id: Option<&str>) -> usize {
        let hit = |of: &str, by: &str| user.is_none_or(|user| user == of) && client_id.is_none_or(|client| client == by);
        self.consents.retain(|consent| !hit(&consent.user, &consent.client_id));
        self.codes.retain(|_, code| code.used.is_some() || !hit(&code.user, &code.client_id));
        let mut ended = 0;
        for grant in self.pairs.values_mut().filter(|grant| grant.alive()) {
            if hit(&grant.user, &grant.client_id) {
                grant.ended = Some(Ended::ByPerson);
                ended += 1;
            }
        }
        ended
    }

    /// Lets the access tokens expire now. How many did.
    pub(crate) fn expire(&mut self, user: Option<&str>, now: Millis) -> usize {
        let mut expired = 0;
        for grant in self.pairs.values_mut().filter(|grant| grant.alive() && grant.access_expires > now) {
            if user.is_none_or(|user| user == grant.user) {
                grant.access_expires = now - SECOND;
                expired += 1;
            }
        }
        expired
    }

    /// Drops what belongs to apps that are no longer registered.
    pub(crate) fn keep_clients(&mut self, known: &dyn Fn(&str) -> bool) {
        self.consents.retain(|consent| known(&consent.client_id));
        self.codes.retain(|_, code| known(&code.client_id));
        self.pairs.retain(|_, grant| known(&grant.client_id));
    }

    fn forget_oldest_ended(&mut self) {
        let ended: Vec<u64> = self.pairs.values().filter(|grant| !grant.alive()).map(|grant| grant.id).collect();
        for id in ended.iter().take(ended.len().saturating_sub(ENDED_KEPT)) {
            self.pairs.remove(id);
        }
    }
}
