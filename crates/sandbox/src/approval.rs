//! An authorization request, and what the person's decision makes of it. No HTTP here.

use monei::{Scope, ScopeSet};

use crate::fields::{Fields, Malformed, encode};
use crate::grants::Code;
use crate::mint::Kind;
use crate::options::Client;
use crate::people::Person;
use crate::sandbox::{NotSaved, Sandbox, Store};
use crate::scenario::When;
use crate::script;
use crate::switches::{CustomScheme, DenialDescription, Iss, NoneGranted, UpgradeScopes};

/// A request that may be shown to a person.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) client: Client,
    pub(crate) redirect_uri: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) state: Option<String>,
}

/// Why a request is answered with an error page, and never with a redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Malformed(Malformed),
    Missing(&'static str),
    UnknownClient,
    RedirectUri,
    CustomScheme,
    UnknownScope(String),
    StateTooLong(u32),
}

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow(ScopeSet),
    Deny,
}

/// Why a decision gives no redirect.
#[derive(Debug)]
pub(crate) enum Undecided {
    /// It allows a scope that was not asked for.
    NotAsked,
    NotSaved,
}

impl From<NotSaved> for Undecided {
    fn from(_: NotSaved) -> Self {
        Undecided::NotSaved
    }
}

/// Reads and checks a request (Monei: oauth-flow). Unknown parameters are ignored; any parameter that comes twice is refused.
pub(crate) fn read(query: &str, store: &Store) -> Result<Asked, Refused> {
    let fields = Fields::parse(query.as_bytes()).and_then(|fields| fields.each_once_but(&[])).map_err(Refused::Malformed)?;
    let required = |name: &'static str| fields.get(name).ok_or(Refused::Missing(name));
    let client = store.client(required("client_id")?).ok_or(Refused::UnknownClient)?.clone();
    let redirect_uri = required("redirect_uri")?.to_owned();
    if !client.redirect_uris.contains(&redirect_uri) {
        return Err(Refused::RedirectUri);
    }
    let web = redirect_uri.starts_with("http://") || redirect_uri.starts_with("https://");
    if !web && store.switches.custom_scheme_redirect == CustomScheme::Rejected {
        return Err(Refused::CustomScheme);
    }
    let text = required("scope")?;
    let unknown = || Refused::UnknownScope(text.chars().take(80).collect());
    let scopes = ScopeSet::parse(text).map_err(|_| unknown())?;
    if scopes.is_empty() {
        return Err(Refused::Missing("scope"));
    }
    if !scopes.iter().all(Scope::is_known) {
        return Err(unknown());
    }
    let state = fields.get("state").map(str::to_owned);
    let longest = store.switches.state_max_len;
    if longest > 0 && state.as_ref().is_some_and(|state| state.chars().count() > longest as usize) {
        return Err(Refused::StateTooLong(longest));
    }
    Ok(Asked { client, redirect_uri, scopes, state })
}

impl Asked {
    /// The requested scopes that `user` hasn't allowed this app yet: all that the consent page shows (Monei: partial-grants).
    pub(crate) fn new_for(&self, user: &Person, store: &Store) -> ScopeSet {
        self.scopes.difference(&store.grants.consented(user.id, &self.client.client_id))
    }
}

/// Carries a decision out and says where the browser goes. `issuer` is the sandbox's own address.
pub(crate) fn decide(
    sandbox: &Sandbox,
    store: &mut Store,
    asked: &Asked,
    user: &Person,
    decision: &Decision,
    issuer: &str,
) -> Result<String, Undecided> {
    let location = carry_out(sandbox, store, asked, user, decision, issuer)?;
    store.script.record_round(user, &asked.scopes, decision);
    script::happened(store, When::Round, None);
    Ok(location)
}

fn carry_out(
    sandbox: &Sandbox,
    store: &mut Store,
    asked: &Asked,
    user: &Person,
    decision: &Decision,
    issuer: &str,
) -> Result<String, Undecided> {
    let before = store.grants.consented(user.id, &asked.client.client_id);
    let chosen = match decision {
        Decision::Deny => return Ok(denial(store, asked, issuer)),
        Decision::Allow(chosen) if !chosen.is_subset(&asked.scopes) => return Err(Undecided::NotAsked),
        Decision::Allow(chosen) => chosen,
    };
    let allowed: ScopeSet = asked.scopes.iter().filter(|scope| chosen.contains(scope) || before.contains(scope)).cloned().collect();
    if allowed.is_empty() && store.switches.none_granted == NoneGranted::Error {
        return Ok(denial(store, asked, issuer));
    }
    let upgrade = !before.is_empty() && !allowed.is_subset(&before);
    let scopes = match store.switches.upgrade_scopes {
        UpgradeScopes::Cumulative => before.union(&allowed),
        UpgradeScopes::OnlyNew => allowed.clone(),
    };
    let code = sandbox.mint(Kind::Code, store.switches.token_length);
    let details = Code {
        user: user.id.to_owned(),
        client_id: asked.client.client_id.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        scopes,
        issued: store.now(),
        upgrade,
        used: None,
    };
    store.grants.approve(&code, details, &allowed);
    store.save()?;
    Ok(redirect(store, asked, &[("code", &code)], issuer))
}

fn denial(store: &Store, asked: &Asked, issuer: &str) -> String {
    let mut answer = vec![("error", "access_denied")];
    if store.switches.denial_description == DenialDescription::On {
        answer.push(("error_description", "The user denied the request"));
    }
    redirect(store, asked, &answer, issuer)
}

fn redirect(store: &Store, asked: &Asked, answer: &[(&str, &str)], issuer: &str) -> String {
    let mut pairs = answer.to_vec();
    if let Some(state) = &asked.state {
        pairs.push(("state", state));
    }
    match store.switches.iss {
        Iss::Absent => {}
        Iss::Present => pairs.push(("iss", issuer)),
        Iss::Wrong => pairs.push(("iss", "https://issuer.invalid")),
    }
    let joint = match asked.redirect_uri.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{}{joint}{}", asked.redirect_uri, encode(pairs))
}
