//! What people allowed: consents, codes, and the token pairs that came of them. Pure state, hashes only.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use monei::{Scope, ScopeSet};
use serde::{Deserialize, Serialize};

use crate::model::clock::{DAY, HOUR, MINUTE, Millis, SECOND, span};
use crate::model::mint::{Hash, hash};
use crate::model::timeline::Party;

/// Lifetime of a code (Monei: oauth-flow).
pub(crate) const CODE_LIFE: Millis = 10 * MINUTE;
/// Lifetime of an access token (Monei: tokens).
pub(crate) const ACCESS_LIFE: Millis = HOUR;
/// Ended pairs that are still remembered, so that the control page can show them.
const ENDED_KEPT: usize = 200;
/// Access tokens that a refresh replaced and that are still told apart from unknown ones.
const REPLACED_KEPT: usize = 10_000;
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

impl Ended {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Ended::ByApp => "the app revoked it",
            Ended::ByPerson => "the person took access away",
            Ended::CodeReuse => "its code was used a second time",
            Ended::RefreshReuse => "a refresh token of it was used again after its rotation",
            Ended::Replaced => "a later approval replaced it",
        }
    }
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

    /// Whom it concerns, for the timeline.
    pub(crate) fn party(&self) -> Party {
        Party { client: Some(self.client_id.clone()), user: Some(self.user.clone()), grant: Some(self.id) }
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

/// Everything that people allowed. Serialized as it is into the state file, but for the index.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Grants {
    pub(crate) consents: Vec<Consent>,
    codes: HashMap<Hash, Code>,
    pairs: BTreeMap<u64, Grant>,
    next: u64,
    #[serde(skip)]
    index: Index,
    #[serde(skip)]
    marks: Marks,
}

/// What is no longer as it was when it was last saved.
#[derive(Clone, Debug, Default)]
struct Marks {
    all: bool,
    consents: bool,
    pairs: BTreeSet<u64>,
    codes: BTreeSet<Hash>,
}

/// What changed since the last time that the grants were saved; `None` stands for what is gone.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pairs: BTreeMap<u64, Option<Grant>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    codes: BTreeMap<Hash, Option<Code>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consents: Option<Vec<Consent>>,
    next: u64,
}

/// Where things are, so that no look-up walks over all of them.
#[derive(Clone, Debug, Default)]
struct Index {
    /// Current access tokens of every pair that is remembered.
    access: HashMap<Hash, u64>,
    /// Current refresh tokens.
    refresh: HashMap<Hash, u64>,
    /// Refresh tokens that were rotated away.
    rotated: HashMap<Hash, u64>,
    /// Access tokens that were replaced, by their pair; and their order.
    replaced: HashMap<Hash, u64>,
    replaced_order: VecDeque<Hash>,
    /// Live pairs by person and app.
    live: HashMap<(String, String), Live>,
    /// Ended pairs, oldest first.
    ended: VecDeque<u64>,
    /// Codes, oldest first.
    codes: VecDeque<(Millis, Hash)>,
}

/// The live pairs of one person with one app, and how many of them carry each scope.
#[derive(Clone, Debug, Default)]
struct Live {
    pairs: BTreeSet<u64>,
    scopes: BTreeMap<String, usize>,
}

impl Index {
    fn add(&mut self, grant: &Grant) {
        self.access.insert(grant.access.clone(), grant.id);
        self.refresh.insert(grant.refresh.clone(), grant.id);
        self.rotated.extend(grant.rotated.iter().map(|token| (token.clone(), grant.id)));
        if !grant.alive() {
            self.ended.push_back(grant.id);
            return;
        }
        let live = self.live.entry((grant.user.clone(), grant.client_id.clone())).or_default();
        live.pairs.insert(grant.id);
        for scope in grant.scopes.iter() {
            *live.scopes.entry(scope.as_str().to_owned()).or_insert(0) += 1;
        }
    }

    fn ended(&mut self, grant: &Grant) {
        self.ended.push_back(grant.id);
        let Some(live) = self.live.get_mut(&(grant.user.clone(), grant.client_id.clone())) else { return };
        live.pairs.remove(&grant.id);
        for scope in grant.scopes.iter() {
            if let Some(count) = live.scopes.get_mut(scope.as_str()) {
                *count -= 1;
            }
        }
        live.scopes.retain(|_, count| *count > 0);
    }

    /// Notes that a refresh replaced this access token.
    fn replace(&mut self, access: Hash, id: u64) {
        self.access.remove(&access);
        self.replaced_order.push_back(access.clone());
        self.replaced.insert(access, id);
        if self.replaced_order.len() > REPLACED_KEPT
            && let Some(oldest) = self.replaced_order.pop_front()
        {
            self.replaced.remove(&oldest);
        }
    }

    fn forget(&mut self, grant: &Grant) {
        self.access.remove(&grant.access);
        self.refresh.remove(&grant.refresh);
        for token in &grant.rotated {
            self.rotated.remove(token);
        }
    }
}

impl Grants {
    /// None at all, in the place of others.
    pub(crate) fn emptied() -> Grants {
        Grants { marks: Marks { all: true, ..Marks::default() }, ..Grants::default() }
    }

    /// Whether more changed than [`Grants::changes`] tells.
    pub(crate) fn changed_as_a_whole(&self) -> bool {
        self.marks.all
    }

    /// What changed since [`Grants::saved`].
    pub(crate) fn changes(&self) -> Changes {
        Changes {
            pairs: self.marks.pairs.iter().map(|id| (*id, self.pairs.get(id).cloned())).collect(),
            codes: self.marks.codes.iter().map(|key| (key.clone(), self.codes.get(key).cloned())).collect(),
            consents: self.marks.consents.then(|| self.consents.clone()),
            next: self.next,
        }
    }

    /// Everything is saved as it is now.
    pub(crate) fn saved(&mut self) {
        self.marks = Marks::default();
    }

    /// Carries saved changes out. [`Grants::keep_clients`] has to be called afterwards.
    pub(crate) fn replay(&mut self, changes: Changes) {
        let Changes { pairs, codes, consents, next } = changes;
        for (id, grant) in pairs {
            match grant {
                Some(grant) => drop(self.pairs.insert(id, grant)),
                None => drop(self.pairs.remove(&id)),
            }
        }
        for (key, code) in codes {
            match code {
                Some(code) => drop(self.codes.insert(key, code)),
                None => drop(self.codes.remove(&key)),
            }
        }
        if let Some(consents) = consents {
            self.consents = consents;
        }
        self.next = next;
    }

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
            self.marks.consents = true;
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
        while self.index.codes.front().is_some_and(|(issued, _)| now - issued >= DAY) {
            if let Some((_, old)) = self.index.codes.pop_front() {
                self.codes.remove(&old);
                self.marks.codes.insert(old);
            }
        }
        let key = hash(code);
        self.index.codes.push_back((now, key.clone()));
        self.marks.codes.insert(key.clone());
        self.codes.insert(key, details);
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
        let grant = Grant {
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
        };
        self.index.add(&grant);
        self.pairs.insert(id, grant);
        self.marks.pairs.insert(id);
        self.marks.codes.insert(code_key.clone());
        if let Some(code) = self.codes.get_mut(code_key) {
            code.used = Some(id);
        }
        id
    }

    /// The pair whose current access token this is; live or not.
    pub(crate) fn by_access(&self, token: &str) -> Option<&Grant> {
        self.pairs.get(self.index.access.get(&hash(token))?)
    }

    /// Whose an access token is or was: also where it has expired, ended, or was replaced by a refresh.
    pub(crate) fn owner_of_access(&self, token: &str) -> Option<&Grant> {
        let key = hash(token);
        self.pairs.get(self.index.access.get(&key).or_else(|| self.index.replaced.get(&key))?)
    }

    /// What a refresh token is.
    pub(crate) fn by_refresh(&self, token: &str) -> Found {
        let key = hash(token);
        let alive = |id: &&u64| self.pairs.get(id).is_some_and(Grant::alive);
        match (self.index.refresh.get(&key).filter(alive), self.index.rotated.get(&key).filter(alive)) {
            (Some(id), _) => Found::Live(*id),
            (None, Some(id)) => Found::Rotated(*id),
            (None, None) => Found::Unknown,
        }
    }

    /// Replaces a pair's tokens: the old ones are invalid from now on (Monei: tokens). The scopes stay.
    pub(crate) fn rotate(&mut self, id: u64, pair: &Pair<'_>, now: Millis) -> Option<&Grant> {
        let grant = self.pairs.get_mut(&id).filter(|grant| grant.alive())?;
        self.marks.pairs.insert(id);
        self.index.replace(grant.access.clone(), id);
        self.index.refresh.remove(&grant.refresh);
        let old = std::mem::replace(&mut grant.refresh, hash(pair.refresh));
        self.index.rotated.insert(old.clone(), id);
        grant.rotated.push_back(old);
        if grant.rotated.len() > ROTATED_KEPT
            && let Some(oldest) = grant.rotated.pop_front()
        {
            self.index.rotated.remove(&oldest);
        }
        grant.access = hash(pair.access);
        grant.access_expires = now + ACCESS_LIFE;
        self.index.access.insert(grant.access.clone(), id);
        self.index.refresh.insert(grant.refresh.clone(), id);
        Some(grant)
    }

    /// Why an access token opens nothing, in words for the log.
    pub(crate) fn about_access(&self, token: &str, now: Millis) -> String {
        let key = hash(token);
        if let Some(grant) = self.index.access.get(&key).and_then(|id| self.pairs.get(id)) {
            return match grant.ended {
                Some(why) => format!("grant-{} has ended: {}", grant.id, why.words()),
                None => format!("the access token of grant-{} expired {} ago", grant.id, span(now - grant.access_expires)),
            };
        }
        if let Some(id) = self.index.replaced.get(&key) {
            return format!("a refresh of grant-{id} replaced this access token");
        }
        if self.index.refresh.contains_key(&key) || self.index.rotated.contains_key(&key) {
            return "this is a refresh token, not an access token".to_owned();
        }
        if self.codes.contains_key(&key) {
            return "this is a code, not an access token".to_owned();
        }
        "no such access token is known: it was never issued here, or everything was reset since".to_owned()
    }

    /// Why a refresh token gives nothing, in words for the log.
    pub(crate) fn about_refresh(&self, token: &str) -> String {
        let key = hash(token);
        let ended = |id: &u64| self.pairs.get(id).and_then(|grant| grant.ended.map(|why| (grant.id, why)));
        match (self.index.refresh.get(&key), self.index.rotated.get(&key)) {
            (Some(id), _) | (None, Some(id)) if ended(id).is_some() => {
                ended(id).map(|(id, why)| format!("grant-{id} has ended: {}", why.words())).unwrap_or_default()
            }
            (_, Some(id)) => format!("a later refresh of grant-{id} replaced this refresh token"),
            _ if self.index.access.contains_key(&key) => "this is an access token, not a refresh token".to_owned(),
            _ => "no such refresh token is known: it was never issued here, or everything was reset since".to_owned(),
        }
    }

    /// Why a code gives nothing to this app, in words for the log. To be asked before the code is taken.
    pub(crate) fn about_code(&self, code: &str, client_id: &str, redirect_uri: &str, now: Millis) -> String {
        let Some(code) = self.codes.get(&hash(code)) else {
            return "no such code is known: it was never issued here, or it is older than a day".to_owned();
        };
        if let Some(id) = code.used {
            return format!("it was used before; grant-{id}, which it gave, has been ended");
        }
        if code.client_id != client_id {
            return format!("it was issued to {}", code.client_id);
        }
        if now - code.issued >= CODE_LIFE {
            return format!("it was issued {} ago, and a code lives for {}", span(now - code.issued), span(CODE_LIFE));
        }
        format!("it was issued for {}, not for {redirect_uri}", code.redirect_uri)
    }

    /// Looks a pair up by its id.
    pub(crate) fn get(&self, id: u64) -> Option<&Grant> {
        self.pairs.get(&id)
    }

    /// Ends a pair; false where it had ended before or never was.
    pub(crate) fn end(&mut self, id: u64, why: Ended) -> bool {
        let Some(grant) = self.pairs.get_mut(&id).filter(|grant| grant.alive()) else { return false };
        grant.ended = Some(why);
        self.marks.pairs.insert(id);
        self.index.ended(grant);
        while self.index.ended.len() > ENDED_KEPT {
            let oldest = self.index.ended.pop_front().and_then(|id| self.pairs.remove(&id));
            if let Some(grant) = oldest {
                self.marks.pairs.insert(grant.id);
                self.index.forget(&grant);
            }
        }
        true
    }

    /// Ends every live pair of `user` with `client_id` but `kept`.
    pub(crate) fn end_others(&mut self, user: &str, client_id: &str, kept: u64) {
        let live = self.index.live.get(&(user.to_owned(), client_id.to_owned()));
        let others: Vec<u64> = live.into_iter().flat_map(|live| live.pairs.iter().copied()).filter(|id| *id != kept).collect();
        for id in others {
            self.end(id, Ended::Replaced);
        }
    }

    /// Reduces the consent to what the live pairs still carry.
    pub(crate) fn shrink_consent(&mut self, user: &str, client_id: &str, now: Millis) {
        let live = self.index.live.get(&(user.to_owned(), client_id.to_owned()));
        let carried = |scope: &Scope| live.is_some_and(|live| live.scopes.contains_key(scope.as_str()));
        for consent in &mut self.consents {
            if consent.user == user && consent.client_id == client_id {
                let left: ScopeSet = consent.scopes.iter().filter(|scope| carried(scope)).cloned().collect();
                if left != consent.scopes {
                    self.marks.consents = true;
                    consent.scopes = left;
                    consent.changed = now;
                }
            }
        }
        self.consents.retain(|consent| !consent.scopes.is_empty());
    }

    /// A person disconnects an app (or every app): consent, codes and pairs go. How many pairs ended.
    pub(crate) fn disconnect(&mut self, user: Option<&str>, client_id: Option<&str>) -> usize {
        let hit = |of: &str, by: &str| user.is_none_or(|user| user == of) && client_id.is_none_or(|client| client == by);
        self.consents.retain(|consent| !hit(&consent.user, &consent.client_id));
        self.marks.consents = true;
        let unused = self.codes.iter().filter(|(_, code)| code.used.is_none() && hit(&code.user, &code.client_id));
        for key in unused.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            self.codes.remove(&key);
            self.marks.codes.insert(key);
        }
        let alive = self.pairs.values().filter(|grant| grant.alive() && hit(&grant.user, &grant.client_id));
        let ending: Vec<u64> = alive.map(|grant| grant.id).collect();
        for id in &ending {
            self.end(*id, Ended::ByPerson);
        }
        ending.len()
    }

    /// Lets the access tokens expire now. How many did.
    pub(crate) fn expire(&mut self, user: Option<&str>, now: Millis) -> usize {
        let mut expired = 0;
        for grant in self.pairs.values_mut().filter(|grant| grant.alive() && grant.access_expires > now) {
            if user.is_none_or(|user| user == grant.user) {
                grant.access_expires = now - SECOND;
                self.marks.pairs.insert(grant.id);
                expired += 1;
            }
        }
        expired
    }

    /// Drops what belongs to apps that are no longer registered. To be called once after reading a state file.
    pub(crate) fn keep_clients(&mut self, known: &dyn Fn(&str) -> bool) {
        self.consents.retain(|consent| known(&consent.client_id));
        self.codes.retain(|_, code| known(&code.client_id));
        self.pairs.retain(|_, grant| known(&grant.client_id));
        self.marks.all = true;
        self.index = Index::default();
        for grant in self.pairs.values() {
            self.index.add(grant);
        }
        let mut codes: Vec<(Millis, Hash)> = self.codes.iter().map(|(key, code)| (code.issued, key.clone())).collect();
        codes.sort();
        self.index.codes = codes.into();
    }
}
