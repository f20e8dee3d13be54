//! An authorization request, and what the person's decision makes of it. No HTTP here.

use monei::{Scope, ScopeSet};

use crate::model::fields::{Fields, Malformed, encode};
use crate::model::grants::Code;
use crate::model::mint::Kind;
use crate::model::people::Person;
use crate::model::plan::Decision;
use crate::model::switches::{CustomScheme, DenialDescription, Iss, NoneGranted, UpgradeScopes};
use crate::model::{NotSaved, World};
use crate::options::Client;
use crate::script::Stage;

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

impl std::fmt::Display for Refused {
    /// A sentence for a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Malformed(Malformed::Repeated(name)) => write!(f, "The parameter {name} is there more than once."),
            Refused::Malformed(Malformed::NotText) => f.write_str("A parameter is not valid UTF-8."),
            Refused::Malformed(Malformed::TooMany) => f.write_str("There are too many parameters."),
            Refused::Missing(name) => write!(f, "The parameter {name} is missing."),
            Refused::UnknownClient => f.write_str("No app is registered under this client_id."),
            Refused::RedirectUri => f.write_str("The redirect_uri is not registered for this app. It must match character for character."),
            Refused::CustomScheme => f.write_str("This redirect_uri's scheme is not accepted."),
            Refused::UnknownScope(text) => write!(f, "Not every scope is known: {text}"),
            Refused::StateTooLong(longest) => write!(f, "The state is longer than {longest} characters."),
        }
    }
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
pub(crate) fn read(query: &str, world: &World) -> Result<Asked, Refused> {
    let fields = Fields::parse(query.as_bytes()).and_then(|fields| fields.each_once_but(&[])).map_err(Refused::Malformed)?;
    let required = |name: &'static str| fields.get(name).ok_or(Refused::Missing(name));
    let client = world.client(required("client_id")?).ok_or(Refused::UnknownClient)?.clone();
    let redirect_uri = required("redirect_uri")?.to_owned();
    if !client.redirect_uris.contains(&redirect_uri) {
        return Err(Refused::RedirectUri);
    }
    let web = redirect_uri.starts_with("http://") || redirect_uri.starts_with("https://");
    if !web && world.switches.custom_scheme_redirect == CustomScheme::Rejected {
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
    let longest = world.switches.state_max_len;
    if longest > 0 && state.as_ref().is_some_and(|state| state.chars().count() > longest as usize) {
        return Err(Refused::StateTooLong(longest));
    }
    Ok(Asked { client, redirect_uri, scopes, state })
}

impl Asked {
    /// The requested scopes that `user` hasn't allowed this app yet: all that the consent page shows (Monei: partial-grants).
    pub(crate) fn new_for(&self, user: &Person, world: &World) -> ScopeSet {
        self.scopes.difference(&world.grants.consented(user.id, &self.client.client_id))
    }
}

/// Carries a decision out and says where the browser goes. `issuer` is the sandbox's own address.
pub(crate) fn decide(
    world: &mut Stage,
    asked: &Asked,
    user: &'static Person,
    decision: &Decision,
    issuer: &str,
) -> Result<String, Undecided> {
    let location = carry_out(world, asked, user, decision, issuer)?;
    world.decided(user, &asked.client.client_id, &asked.scopes, decision);
    Ok(location)
}

fn carry_out(world: &mut World, asked: &Asked, user: &Person, decision: &Decision, issuer: &str) -> Result<String, Undecided> {
    let before = world.grants.consented(user.id, &asked.client.client_id);
    let chosen = match decision {
        Decision::Deny => return Ok(denial(world, asked, issuer)),
        Decision::Allow(chosen) if !chosen.is_subset(&asked.scopes) => return Err(Undecided::NotAsked),
        Decision::Allow(chosen) => chosen,
    };
    let allowed: ScopeSet = asked.scopes.iter().filter(|scope| chosen.contains(scope) || before.contains(scope)).cloned().collect();
    if allowed.is_empty() && world.switches.none_granted == NoneGranted::Error {
        return Ok(denial(world, asked, issuer));
    }
    let upgrade = !before.is_empty() && !allowed.is_subset(&before);
    let scopes = match world.switches.upgrade_scopes {
        UpgradeScopes::Cumulative => before.union(&allowed),
        UpgradeScopes::OnlyNew => allowed.clone(),
    };
    let code = world.mint(Kind::Code);
    let details = Code {
        user: user.id.to_owned(),
        client_id: asked.client.client_id.clone(),
        redirect_uri: asked.redirect_uri.clone(),
        scopes,
        issued: world.now(),
        upgrade,
        used: None,
    };
    world.grants.approve(&code, details, &allowed);
    world.save()?;
    Ok(redirect(world, asked, &[("code", &code)], issuer))
}

fn denial(world: &World, asked: &Asked, issuer: &str) -> String {
    let mut answer = vec![("error", "access_denied")];
    if world.switches.denial_description == DenialDescription::On {
        answer.push(("error_description", "The user denied the request"));
    }
    redirect(world, asked, &answer, issuer)
}

fn redirect(world: &World, asked: &Asked, answer: &[(&str, &str)], issuer: &str) -> String {
    let mut pairs = answer.to_vec();
    if let Some(state) = &asked.state {
        pairs.push(("state", state));
    }
    match world.switches.iss {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn world() -> World {
        let client = Client {
            client_id: "mc_x".into(),
            client_secret: "mcs_x".into(),
            name: "X".into(),
            redirect_uris: vec!["http://127.0.0.1:1/cb".into(), "org.x:/cb?a=1".into()],
            website: None,
        };
        World::new(crate::options::Options { clients: vec![client], ..Default::default() }, |_, _| true).unwrap()
    }

    proptest! {
        #[test]
        fn only_a_registered_address_and_known_scopes_get_as_far_as_a_person(
            client in "mc_x|mc_y|.{0,6}", uri in "http://127.0.0.1:1/cb|org.x:/cb\\?a=1|http://127.0.0.1:1/cb/|http://evil/|.{0,10}",
            scope in "(profile:read|wallet:send|kyc:read|none|.{0,3})( (profile:read|kyc:read|.{0,3})){0,3}", state in proptest::option::of(".{0,20}"),
            other in ("[a-z_]{0,10}|scope|state", ".{0,8}"), cut in any::<proptest::sample::Index>(),
        ) {
            thread_local!(static WORLD: World = world());
            let mut pairs = vec![("client_id", client.as_str()), ("redirect_uri", &uri), ("scope", &scope)];
            pairs.extend(state.as_deref().map(|state| ("state", state)));
            pairs.push((&other.0, &other.1));
            let query = encode(pairs.iter().copied());
            WORLD.with(|world| {
                if let Ok(asked) = read(&query, world) {
                    assert_eq!(asked.client.client_id, "mc_x");
                    assert!(asked.client.redirect_uris.contains(&uri) && asked.redirect_uri == uri, "{uri}");
                    assert!(!asked.scopes.is_empty() && asked.scopes.iter().all(Scope::is_known), "{scope}");
                    assert!(!["client_id", "redirect_uri", "scope"].contains(&other.0.as_str()));
                    let answer = redirect(world, &asked, &[("code", "c")], "http://i");
                    let back = answer.strip_prefix(uri.as_str()).unwrap().trim_start_matches(['?', '&']);
                    let back = Fields::parse(back.as_bytes()).unwrap();
                    assert_eq!((back.get("code"), back.get("state")), (Some("c"), asked.state.as_deref()));
                }
                // A query that was cut off in the middle of a character, too.
                drop(read(&String::from_utf8_lossy(&query.as_bytes()[..cut.index(query.len() + 1)]), world));
            });
        }
    }
}
